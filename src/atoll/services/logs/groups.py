"""CreateLogGroup, DeleteLogGroup, DescribeLogGroups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from atoll.kernel import tasks
from atoll.kernel.context import Context
from atoll.kernel.keys import between, under
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction, counter
from atoll.kernel.tag_conditions import adds_tags
from atoll.services.logs.access import on_group
from atoll.services.logs.errors import InvalidParameterException, ResourceAlreadyExistsException
from atoll.services.logs.names import any_group_resource, group_arn, group_resource, name_in_arn
from atoll.services.logs.paging import read_token, token
from atoll.services.logs.store import GROUPS, Group, get_group, key, put_group

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import (
        CreateLogGroupRequestTypeDef,
        DeleteLogGroupRequestTypeDef,
        DescribeLogGroupsRequestTypeDef,
    )

HIGHEST = "\U0010ffff"
"""Sorts behind every character of a name."""
SCANNED = 2000
"""Groups looked at for one page of a pattern search; the token carries on from there."""


def _tagged(ctx: Context, request: Mapping[str, Any]) -> Sequence[str]:
    """Whoever makes a group with tags must be allowed to tag it."""
    return [group_resource(ctx, request)] if request.get("tags") else []


@operation(
    "CreateLogGroup",
    access=[
        Access("logs:CreateLogGroup", resource=group_resource, conditions=adds_tags("tags")),
        Access("logs:TagResource", resource=_tagged, conditions=adds_tags("tags")),
    ],
    not_honoured={
        "kmsKeyId": "Atoll does not encrypt logs",
        "deletionProtectionEnabled": "Atoll lets protected log groups be deleted",
    },
)
async def create_log_group(ctx: Context, request: CreateLogGroupRequestTypeDef) -> None:
    """docs: API_CreateLogGroup. Raises ResourceAlreadyExistsException, InvalidParameterException."""
    if request["logGroupName"].lower().startswith("aws/"):
        raise InvalidParameterException("Log groups starting with AWS/ are reserved for AWS.")
    log_class = request.get("logGroupClass", "STANDARD")
    if log_class != "STANDARD":
        ctx.warn("logGroupClass", f"{log_class} groups behave like STANDARD ones")
    group = Group(
        id=ctx.ids.hex(16), name=request["logGroupName"], created=int(ctx.clock.now() * 1000), log_class=log_class,
        kms_key=request.get("kmsKeyId", ""), tags=dict(request.get("tags", {})),
    )  # fmt: skip

    def create(tx: Transaction) -> None:
        if tx.get(key(ctx, "group", group.name)) is not None:
            raise ResourceAlreadyExistsException("The specified log group already exists")
        put_group(tx, ctx, group)

    await ctx.store.transact(create)


@operation("DeleteLogGroup", access=[on_group("DeleteLogGroup")])
async def delete_log_group(ctx: Context, request: DeleteLogGroupRequestTypeDef) -> None:
    """docs: API_DeleteLogGroup. The group is gone at once; its lines are removed by a task."""
    task_id = ctx.ids.uuid()

    def delete(tx: Transaction) -> None:
        group = get_group(tx, ctx, request["logGroupName"])
        tx.delete(key(ctx, "group", group.name))
        tasks.start(tx, task_id, "logs.reap", ctx.account, ctx.region, {"group": group.id})

    await ctx.store.transact(delete)


@operation(
    "DescribeLogGroups",
    access=[Access("logs:DescribeLogGroups", resource=any_group_resource)],
    not_honoured={
        "includeLinkedAccounts": "accounts cannot be linked",
        "accountIdentifiers": "accounts cannot be linked",
    },
)
async def describe_log_groups(ctx: Context, request: DescribeLogGroupsRequestTypeDef) -> dict[str, Any]:
    """docs: API_DescribeLogGroups. Sorted by name; `logGroupNamePattern` finds any part of a name, whatever its case."""
    prefix, pattern = request.get("logGroupNamePrefix", ""), request.get("logGroupNamePattern", "").lower()
    if prefix and pattern:
        raise InvalidParameterException(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
        )
    limit = request.get("limit", 50)
    after = read_token(request.get("nextToken"), str)
    wanted = {name_in_arn(ctx, identifier) for identifier in request.get("logGroupIdentifiers", [])}
    log_class = request.get("logGroupClass")

    def matches(group: Group) -> bool:
        return (
            pattern in group.name.lower()
            and (not wanted or group.name in wanted)
            and (log_class is None or group.log_class == log_class)
        )

    def read(tx: Reader) -> tuple[list[tuple[Group, int]], str | None]:
        span = (
            between(key(ctx, "group", prefix), key(ctx, "group", prefix + HIGHEST))
            if prefix
            else under(key(ctx, "group"))
        )
        if after is not None:
            span = span.past(key(ctx, "group", after))
        found: list[Group] = []
        last = None
        for scanned, (_, raw) in enumerate(tx.scan(span, limit=SCANNED + 1)):
            if len(found) == limit or scanned == SCANNED:
                break
            group = GROUPS.decode(raw)
            last = group.name
            if matches(group):
                found.append(group)
        else:
            last = None
        return [(group, counter(tx.get(key(ctx, "bytes", group.id)))) for group in found], last

    page, last = await ctx.store.read(read)
    described = [_described(ctx, *item) for item in page]
    if pattern:  # AWS searches an index of names that does not know these
        described = [{**group, "storedBytes": None, "deletionProtectionEnabled": None} for group in described]
    return {"logGroups": described, "nextToken": token(last) if last else None}


def _described(ctx: Context, group: Group, stored: int) -> dict[str, Any]:
    """A LogGroup. None is protected against deletion, whatever was asked for (and reported as without effect)."""
    arn = group_arn(ctx, group.name)
    return {
        "logGroupName": group.name,
        "creationTime": group.created,
        "retentionInDays": group.retention,
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "storedBytes": stored,
        "kmsKeyId": group.kms_key or None,
        "logGroupClass": group.log_class,
        "logGroupArn": arn,
        "deletionProtectionEnabled": False,
    }
