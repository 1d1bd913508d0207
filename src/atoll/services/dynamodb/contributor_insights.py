"""UpdateContributorInsights, DescribeContributorInsights, ListContributorInsights. docs: "CloudWatch Contributor Insights for DynamoDB".

A setting of a table and of each of its global indexes. Its rules have the names that they have on AWS; there is no CloudWatch here that
would make reports by them, which is reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.dynamodb.access import own_table
from atoll.services.dynamodb.errors import ResourceNotFoundException
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import Index, Table, find_table, space, table_described

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import (
        DescribeContributorInsightsInputTypeDef,
        ListContributorInsightsInputTypeDef,
        UpdateContributorInsightsInputTypeDef,
    )

ALL_KEYS = "ACCESSED_AND_THROTTLED_KEYS"
MOST_LISTED = 100


class Insights(msgspec.Struct, frozen=True):
    """What was last asked for, for the table with this name, or for its index."""

    table: str
    enabled: bool
    mode: str
    updated: float


INSIGHTS = Codec(Insights)


@operation("UpdateContributorInsights", access=[on_table("UpdateContributorInsights")])
async def update_contributor_insights(ctx: Context, request: UpdateContributorInsightsInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException. What is as asked for stays; the answer says what AWS's does while it changes."""
    enable = request["ContributorInsightsAction"] == "ENABLE"
    if enable:
        ctx.warn("ContributorInsightsAction", "Atoll has no CloudWatch yet: nothing is reported of a table's keys")
    name = own_table(ctx, request["TableName"])
    now = ctx.clock.now()

    def write(tx: Transaction) -> tuple[str, str | None]:
        table = table_described(tx, ctx, name)
        index = _index(table, request.get("IndexName"))
        before = _find(tx, ctx, table, index)
        mode = request.get("ContributorInsightsMode") or (before.mode if before else ALL_KEYS)
        if (before is not None and before.enabled) == enable and (not enable or (before and before.mode == mode)):
            return _status(before), before.mode if before else None
        tx.set(_key(ctx, table, index), INSIGHTS.encode(Insights(name, enable, mode, now)))
        return "ENABLING" if enable else "DISABLING", mode

    status, mode = await ctx.store.transact(write)
    return {
        "TableName": name,
        "IndexName": request.get("IndexName"),
        "ContributorInsightsStatus": status,
        "ContributorInsightsMode": mode,
    }


@operation("DescribeContributorInsights", access=[on_table("DescribeContributorInsights")])
async def describe_contributor_insights(
    ctx: Context, request: DescribeContributorInsightsInputTypeDef
) -> dict[str, Any]:
    """Raises ResourceNotFoundException."""
    name = own_table(ctx, request["TableName"])

    def find(tx: Reader) -> dict[str, Any]:
        table = table_described(tx, ctx, name)
        index = _index(table, request.get("IndexName"))
        found = _find(tx, ctx, table, index)
        return {
            "ContributorInsightsStatus": _status(found),
            "ContributorInsightsRuleList": _rules(table, index, found) if found and found.enabled else None,
            "LastUpdateDateTime": found.updated if found else None,
            "ContributorInsightsMode": found.mode if found else None,
        }

    return {"TableName": name, "IndexName": request.get("IndexName"), **await ctx.store.read(find)}


@operation("ListContributorInsights", access=[Access("dynamodb:ListContributorInsights")])
async def list_contributor_insights(ctx: Context, request: ListContributorInsightsInputTypeDef) -> dict[str, Any]:
    """The tables and indexes for which they are on: of one table, or of all. Raises ResourceNotFoundException."""
    limit = max(request.get("MaxResults") or 0, 0) or MOST_LISTED  # the model knows no least value
    wanted = own_table(ctx, request["TableName"]) if "TableName" in request else None

    def find(tx: Reader) -> list[tuple[str, dict[str, Any]]]:
        return list(islice(_enabled(tx, ctx, wanted, request.get("NextToken")), limit + 1))

    found = await ctx.store.read(find)
    return {
        "ContributorInsightsSummaries": [summary for _, summary in found[:limit]],
        "NextToken": found[limit - 1][0] if len(found) > limit else None,
    }


def _enabled(tx: Reader, ctx: Context, wanted: str | None, after: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is on, in the order of its keys, each with the token of what follows. Clearing what a deleted table left is not awaited."""
    prefix: Key = (*space(ctx), "insights")
    span = under(prefix)
    if wanted is not None:
        span = under((*prefix, table_described(tx, ctx, wanted).incarnation))
    if after is not None:
        span = span.past((*prefix, *after.split("/", 1)))
    for place, raw in tx.scan(span):
        incarnation, index_id = str(place[-2]), str(place[-1])
        found = INSIGHTS.decode(raw)
        table = find_table(tx, ctx, found.table)
        if not found.enabled or table is None or table.incarnation != incarnation:
            continue
        names = {index.id: index.name for index in table.indexes}
        if index_id and index_id not in names:
            continue
        yield (
            f"{incarnation}/{index_id}",
            {
                "TableName": found.table,
                "IndexName": names.get(index_id),
                "ContributorInsightsStatus": "ENABLED",
                "ContributorInsightsMode": found.mode,
            },
        )


def _index(table: Table, name: str | None) -> Index | None:
    """The global index that a request names, None where it is about the table. Raises ResourceNotFoundException."""
    if name is None:
        return None
    for index in table.indexes:
        if index.name == name and not index.local:
            return index
    raise ResourceNotFoundException(f"Requested resource not found: Index: {name} not found for table: {table.name}")


def _find(tx: Reader, ctx: Context, table: Table, index: Index | None) -> Insights | None:
    raw = tx.get(_key(ctx, table, index))
    return None if raw is None else INSIGHTS.decode(raw)


def _key(ctx: Context, table: Table, index: Index | None) -> Key:
    return (*space(ctx), "insights", table.incarnation, "" if index is None else index.id)


def _status(found: Insights | None) -> str:
    return "ENABLED" if found and found.enabled else "DISABLED"


def _rules(table: Table, index: Index | None, found: Insights) -> list[str]:
    """The rules' names: partition keys and sort keys (P, S), by how often they are accessed (C) and throttled (T)."""
    keys = "PS" if (table.sort if index is None else index.sort) else "P"
    counted = "CT" if found.mode == ALL_KEYS else "T"
    name = table.name if index is None else f"{table.name}-{index.name}"
    at = int(found.updated * 1000)
    return [f"DynamoDBContributorInsights-{key}K{what}-{name}-{at}" for what in counted for key in keys]
