"""CreateAlias, GetAlias, ListAliases, UpdateAlias, DeleteAlias.

docs: API_CreateAlias, API_UpdateAlias; Lambda developer guide, "Implement Lambda canary deployments using a weighted alias".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.lambda_.belongings import forget_qualifier
from atoll.services.lambda_.concurrency.provisioning import UNPUBLISHED, find_provisioned, refuse_provisioned_version
from atoll.services.lambda_.errors import (
    InvalidParameterValueException,
    ResourceConflictException,
    ResourceNotFoundException,
    stale_revision,
    without_type,
)
from atoll.services.lambda_.names import LATEST, Target, function_arn, latest
from atoll.services.lambda_.paging import next_marker, page_of
from atoll.services.lambda_.policy import permission
from atoll.services.lambda_.running import Running
from atoll.services.lambda_.store import get, get_version
from atoll.services.lambda_.versions import resolve
from atoll.services.lambda_.versions.resolve import Alias, alias_key, aliases, find_alias, put_alias

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        CreateAliasRequestTypeDef,
        DeleteAliasRequestTypeDef,
        GetAliasRequestTypeDef,
        ListAliasesRequestTypeDef,
        UpdateAliasRequestTypeDef,
    )


@operation("CreateAlias", access=[permission("CreateAlias", resource=function_arn)])
async def create_alias(ctx: Context, request: CreateAliasRequestTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, ResourceConflictException, InvalidParameterValueException."""
    place = _named(ctx, request)
    alias = Alias(
        request["Name"], request["FunctionVersion"], ctx.ids.uuid(), request.get("Description", ""), _weights(request) or {}
    )  # fmt: skip

    def create(tx: Transaction) -> None:
        get_version(tx, place.at(alias.version))
        if find_alias(tx, place):
            raise ResourceConflictException(f"Alias already exists: {place.qualified_arn}")
        _check(tx, place, alias)
        put_alias(tx, place, alias)

    await ctx.store.transact(create)
    return _described(place, alias)


@operation("GetAlias", access=[permission("GetAlias", resource=function_arn)])
async def get_alias(ctx: Context, request: GetAliasRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetAlias. Raises ResourceNotFoundException."""
    place = _named(ctx, request)

    def read(tx: Reader) -> Alias:
        get(tx, place)
        return resolve.get_alias(tx, place)

    return _described(place, await ctx.store.read(read))


@operation("ListAliases", access=[permission("ListAliases", resource=function_arn)])
async def list_aliases(ctx: Context, request: ListAliasesRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListAliases. By name, at most 50 per page; with FunctionVersion those that invoke it, if only sometimes."""
    place = latest(ctx, request)
    (limit, after), version = page_of(request), request.get("FunctionVersion")

    def read(tx: Reader) -> list[Alias]:
        get(tx, place)
        found = [alias for alias in aliases(tx, place, after) if version in (None, alias.version, *alias.weights)]
        return found[: limit + 1]

    page = await ctx.store.read(read)
    return {
        "Aliases": [_described(place.at(alias.name), alias) for alias in page[:limit]],
        "NextMarker": next_marker(page, limit, lambda one: one.name),
    }


@operation("UpdateAlias", access=[permission("UpdateAlias", resource=function_arn)])
async def update_alias(ctx: Context, request: UpdateAliasRequestTypeDef) -> dict[str, Any]:
    """What the request does not mention stays. Raises ResourceNotFoundException, PreconditionFailedException,
    InvalidParameterValueException."""
    place = _named(ctx, request)
    revision, weights = ctx.ids.uuid(), _weights(request)

    def update(tx: Transaction) -> Alias:
        get(tx, place)
        before = find_alias(tx, place)
        if before is None:
            raise ResourceNotFoundException(f"Alias not found: {place.qualified_arn}")
        if request.get("RevisionId", before.revision) != before.revision:
            raise stale_revision()
        after = Alias(
            before.name,
            request.get("FunctionVersion", before.version),
            revision,
            request.get("Description", before.description),
            before.weights if weights is None else weights,
        )
        _check(tx, place, after)
        if find_provisioned(tx, place):
            if after.version == LATEST:
                raise InvalidParameterValueException(UNPUBLISHED)
            refuse_provisioned_version(tx, place, after)
        put_alias(tx, place, after)
        return after

    after = await ctx.store.transact(update)
    running: Running = ctx.runtime
    running.provision(place)
    return _described(place, after)


@operation("DeleteAlias", access=[permission("DeleteAlias", resource=function_arn)])
async def delete_alias(ctx: Context, request: DeleteAliasRequestTypeDef) -> None:
    """docs: API_DeleteAlias. Its policy goes with it; nothing happens where it is not there. Raises ResourceNotFoundException."""
    place = _named(ctx, request)

    def delete(tx: Transaction) -> None:
        get(tx, place)
        forget_qualifier(tx, place)
        tx.delete(alias_key(place))

    await ctx.store.transact(delete)
    running: Running = ctx.runtime
    running.provision(place)


def _named(ctx: Context, request: Mapping[str, Any]) -> Target:
    """The alias that `Name` means."""
    if "$LATEST.PUBLISHED" in (request.get("FunctionVersion"), request.get("Name")):
        raise NotImplementedByAtoll("lambda: $LATEST.PUBLISHED, a version of functions on capacity providers.")
    return latest(ctx, request).at(request["Name"])


def _weights(request: Mapping[str, Any]) -> dict[str, float] | None:
    """The weights that a request sets, None where it leaves them. Raises InvalidParameterValueException."""
    if "RoutingConfig" not in request:
        return None
    weights = {
        other: float(weight) for other, weight in request["RoutingConfig"].get("AdditionalVersionWeights", {}).items()
    }
    if len(weights) > 1:
        raise InvalidParameterValueException("Number of items in AdditionalVersionWeights cannot be greater than 1")
    return weights


def _check(tx: Reader, place: Target, alias: Alias) -> None:
    """Raises where the alias's versions are not there, or not two that may share invocations."""
    version = get_version(tx, place.at(alias.version))
    for number in alias.weights:
        if number == alias.version:
            raise InvalidParameterValueException(
                f"Invalid function version {number}. Function version {number} is already included in routing configuration."
            )
        if alias.version == LATEST:
            raise without_type(
                InvalidParameterValueException("$LATEST is not supported for an alias pointing to more than 1 version")
            )
        other = get_version(tx, place.at(number))
        if other.role != version.role:
            raise InvalidParameterValueException("Specified versions must be associated with the same execution role")
        if other.dead_letter != version.dead_letter:
            raise InvalidParameterValueException(
                "Specified versions must be associated with the same dead letter configuration"
            )


def _described(place: Target, alias: Alias) -> dict[str, Any]:
    return {
        "AliasArn": place.qualified_arn,
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RoutingConfig": {"AdditionalVersionWeights": alias.weights} if alias.weights else None,
        "RevisionId": alias.revision,
    }
