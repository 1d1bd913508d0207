"""PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy. docs: API_PutResourcePolicy; Developer Guide, "Resource-based policies".

A policy counts with the answer: the seconds (for enforcement, minutes) that AWS takes, and the fifteen in which it refuses another
change, do not exist here. A table and each of its streams have policies of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from atoll.auth.policy.parse import PolicySyntaxError
from atoll.kernel.context import Context
from atoll.kernel.errors import AccessDenied, ValidationFailed
from atoll.kernel.keys import Key
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.dynamodb.access import NAME_PATTERN, resource_arn
from atoll.services.dynamodb.errors import PolicyNotFoundException, ResourceNotFoundException, invalid
from atoll.services.dynamodb.permissions import on_table, policy_but_for_root
from atoll.services.dynamodb.policy_document import checked, unknown_principal
from atoll.services.dynamodb.store import POLICIES, ResourcePolicy, policy_key, table_described
from atoll.services.dynamodb.streams.store import stream_key

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import (
        DeleteResourcePolicyInputTypeDef,
        GetResourcePolicyInputTypeDef,
        PutResourcePolicyInputTypeDef,
    )

NO_POLICY = "NO_POLICY"
"""As ExpectedRevisionId: there must be none yet."""
_RESOURCE = re.compile(rf"table/({NAME_PATTERN})(?:/stream/([^/]+))?")


class Place(NamedTuple):
    """What a policy hangs on: a table, or its stream with the label."""

    arn: str
    table: str
    label: str

    def key(self, ctx: Context) -> Key:
        """Where the policy lies."""
        return policy_key(ctx, self.table, self.label)


_PUTS = on_table("PutResourcePolicy", resource=resource_arn)


@operation("PutResourcePolicy", access=[_PUTS])
async def put_resource_policy(ctx: Context, request: PutResourcePolicyInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, PolicyNotFoundException where another revision was expected, ValidationFailed, and
    AccessDenied where the caller could not change the policy any more, unless it confirms that it wants this."""
    place = _place(ctx, request["ResourceArn"])
    text = await kept(ctx, request["Policy"], of_stream=bool(place.label))
    now, expected = ctx.clock.now(), request.get("ExpectedRevisionId")
    if not request.get("ConfirmRemoveSelfResourceAccess"):
        await _check_not_locked_out(ctx, request, text)

    def put(tx: Transaction) -> str:
        before = _expect(tx, ctx, place, expected)
        if before is not None and before.text == text:
            return before.revision
        return write_policy(tx, place.key(ctx), text, now)

    return {"RevisionId": await ctx.store.transact(put)}


@operation("GetResourcePolicy", access=[on_table("GetResourcePolicy", resource=resource_arn)])
async def get_resource_policy(ctx: Context, request: GetResourcePolicyInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, PolicyNotFoundException."""
    place = _place(ctx, request["ResourceArn"])
    found = await ctx.store.read(lambda tx: _expect(tx, ctx, place, None))
    if found is None:
        raise _not_found(place.arn)
    shown = await ctx.store.read(lambda tx: ctx.shown(tx, found.text))
    return {"Policy": shown, "RevisionId": found.revision}


@operation(
    "DeleteResourcePolicy",
    access=[on_table("DeleteResourcePolicy", resource=resource_arn, policy=policy_but_for_root(resource_arn))],
)
async def delete_resource_policy(ctx: Context, request: DeleteResourcePolicyInputTypeDef) -> dict[str, Any]:
    """Removes the policy; without one it does nothing. Raises ResourceNotFoundException, PolicyNotFoundException."""
    place = _place(ctx, request["ResourceArn"])

    def delete(tx: Transaction) -> ResourcePolicy | None:
        before = _expect(tx, ctx, place, request.get("ExpectedRevisionId"))
        tx.delete(place.key(ctx))
        return before

    before = await ctx.store.transact(delete)
    return {"RevisionId": before.revision if before is not None else None}


async def kept(ctx: Context, policy: str, *, of_stream: bool) -> str:
    """A policy as it is kept. Raises ValidationFailed."""
    text = checked(policy, of_stream=of_stream)
    try:
        return await ctx.store.read(lambda tx: ctx.pinned(tx, text))
    except PolicySyntaxError:
        raise unknown_principal() from None


def write_policy(tx: Transaction, key: Key, text: str, now: float) -> str:
    """Puts a checked policy at `key`, and returns its revision: the milliseconds of its time, later than any before."""
    raw = tx.get(key)
    before = 0 if raw is None else int(POLICIES.decode(raw).revision)
    revision = str(max(int(now * 1000), before + 1))
    tx.set(key, POLICIES.encode(ResourcePolicy(text, revision)))
    return revision


def _expect(tx: Reader, ctx: Context, place: Place, expected: str | None) -> ResourcePolicy | None:
    """The policy there is. Raises ResourceNotFoundException, PolicyNotFoundException for another revision than `expected`."""
    if not place.label:
        table_described(tx, ctx, place.table)
    elif tx.get(stream_key(ctx, place.table, place.label)) is None:
        raise ResourceNotFoundException(
            f"Requested resource not found: Stream: {place.label} not found for Table: {place.table}"
        )
    raw = tx.get(place.key(ctx))
    found = None if raw is None else POLICIES.decode(raw)
    if expected is None or (expected == NO_POLICY and found is None):
        return found
    if found is None:
        raise _not_found(
            f"Requested update for policy with revision id {expected}, but table {place.table} has no associated policy."
        )
    if expected == NO_POLICY:
        raise _not_found(
            f"Requested policy update expecting none to be present for table {place.table}, but a policy exists with "
            f"revision id {found.revision}."
        )
    if expected != found.revision:
        raise _not_found(
            f"Requested update for policy with revision id {expected}, but the policy associated to target table "
            f"{place.table} has revision id {found.revision}."
        )
    return found


def _not_found(detail: str) -> PolicyNotFoundException:
    return PolicyNotFoundException(f"Resource-based policy not found for the provided ResourceArn: {detail}")


def _place(ctx: Context, arn: str) -> Place:
    """What the ARN names. Raises ValidationFailed."""
    if not arn.startswith("arn:"):
        raise invalid(f"ARNs must start with 'arn:': {arn}")
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[2] != "dynamodb" or "/backup/" in parts[5]:
        raise invalid(f"Provided Arn is not a DynamoDB resource arn: {arn}")
    _, partition, _, region, account, resource = parts
    if account != ctx.account:
        raise ValidationFailed(
            "This action is only supported by accounts that match the resource owner\u2019s account."
        )
    if (partition, region) != ("aws", ctx.region):
        raise invalid(f"Invalid resource Arn: {arn}")
    match = _RESOURCE.fullmatch(resource)
    if match is None:
        raise invalid(f"Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {arn}")
    return Place(arn, match[1], match[2] or "")


async def _check_not_locked_out(ctx: Context, request: Mapping[str, Any], policy: str) -> None:
    """Whoever changes a policy must be able to change it back. What the new one says of that is told by `atoll why`, too."""
    if await ctx.denies(policy, _PUTS, request):
        raise AccessDenied("The new resource policy will not allow you to update the resource policy in the future.")
