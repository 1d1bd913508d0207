"""AddPermission, RemovePermission, GetPolicy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.lambda_.errors import (
    InvalidParameterValueException,
    ResourceNotFoundException,
    stale_revision,
)
from atoll.services.lambda_.names import LATEST, Target, target
from atoll.services.lambda_.policy import (
    PERMITS,
    document,
    permission,
    pinned,
    statement,
    with_statement,
    without_statement,
)
from atoll.services.lambda_.store import (
    POLICIES,
    Policy,
    find,
    get,
    get_version,
    policy_key,
    put_version,
    statements,
)
from atoll.services.lambda_.versions.resolve import get_alias, names_alias, put_alias

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        AddPermissionRequestTypeDef,
        GetPolicyRequestTypeDef,
        RemovePermissionRequestTypeDef,
    )


@operation("AddPermission", access=[permission("AddPermission", PERMITS)])
async def add_permission(ctx: Context, request: AddPermissionRequestTypeDef) -> dict[str, Any]:
    """docs: API_AddPermission. Returns the statement as JSON text. Raises ResourceConflictException, ResourceNotFoundException,
    InvalidParameterValueException, PreconditionFailedException, PolicyLengthExceededException."""
    place = target(ctx, request)
    if place.qualifier == LATEST:
        raise InvalidParameterValueException("We currently do not support adding policies for $LATEST.")
    added = statement(place, request)
    revision = ctx.ids.uuid()

    def add(tx: Transaction) -> None:
        get(tx, place)
        if request.get("RevisionId", current := _revision(tx, place)) != current:
            raise stale_revision("GetPolicy")
        _save(tx, place, with_statement(statements(tx, place), pinned(tx, ctx, added)), revision)

    await ctx.store.transact(add)
    return {"Statement": msgspec.json.encode(added).decode()}


@operation("RemovePermission", access=[permission("RemovePermission", PERMITS)])
async def remove_permission(ctx: Context, request: RemovePermissionRequestTypeDef) -> None:
    """docs: API_RemovePermission. Raises ResourceNotFoundException, PreconditionFailedException."""
    place = target(ctx, request)
    revision = ctx.ids.uuid()

    def remove(tx: Transaction) -> None:
        if find(tx, place) is None:
            raise ResourceNotFoundException(f"No policy found for: {place.arn}")
        current = _revision(tx, place)
        found = statements(tx, place)
        if not found:
            raise ResourceNotFoundException("No policy is associated with the given resource.")
        left = without_statement(found, request["StatementId"])
        if request.get("RevisionId", current) != current:
            raise stale_revision()
        _save(tx, place, left, revision)

    await ctx.store.transact(remove)


@operation("GetPolicy", access=[permission("GetPolicy")])
async def get_policy(ctx: Context, request: GetPolicyRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetPolicy. Raises ResourceNotFoundException."""
    place = target(ctx, request)

    def read(tx: Reader) -> dict[str, Any]:
        get(tx, place)
        found = statements(tx, place)
        if not found:  # nor, perhaps, such a version
            raise ResourceNotFoundException("The resource you requested does not exist.")
        return {"Policy": ctx.shown(tx, document(found)), "RevisionId": _revision(tx, place)}

    return await ctx.store.read(read)


def _revision(tx: Reader, place: Target) -> str:
    """The RevisionId of the version or alias that the policy is of. Raises ResourceNotFoundException."""
    if not names_alias(place.qualifier):
        return get_version(tx, place).revision
    return get_alias(tx, place).revision


def _save(tx: Transaction, place: Target, found: list[dict[str, Any]], revision: str) -> None:
    """A policy's change is one of what it is of: that has another RevisionId then."""
    if found:
        tx.set(policy_key(place), POLICIES.encode(Policy(found)))
    else:
        tx.delete(policy_key(place))
    if names_alias(place.qualifier):
        put_alias(tx, place, msgspec.structs.replace(get_alias(tx, place), revision=revision))
    else:
        put_version(tx, place, msgspec.structs.replace(get_version(tx, place), revision=revision))
