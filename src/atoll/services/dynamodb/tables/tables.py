"""DescribeTable, ListTables and DeleteTable, and the task that clears what a deleted table leaves.

Docs: API_DescribeTable, API_ListTables, API_DeleteTable. Item counts and sizes are those of the moment, where AWS's are up to six
hours old: whoever looks at a table that they have just filled sees it filled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import Key, under
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.dynamodb import throttle
from atoll.services.dynamodb.access import any_table_arn, named_table
from atoll.services.dynamodb.backups.copies import postpone_reaping
from atoll.services.dynamodb.backups.store import find_restoring, restoring_names
from atoll.services.dynamodb.backups.system import discard
from atoll.services.dynamodb.errors import ResourceInUseException
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import (
    DATA,
    Table,
    Totals,
    clear_slice,
    data_prefixes,
    policy_key,
    space,
    table_described,
    table_key,
    tags_key,
    totals,
)
from atoll.services.dynamodb.streams import lifecycle
from atoll.services.dynamodb.tables.description import describe, describe_restoring
from atoll.services.dynamodb.tables.index_updates import IN_USE
from atoll.services.dynamodb.ttl import entries

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import (
        DeleteTableInputTypeDef,
        DescribeTableInputTypeDef,
        ListTablesInputTypeDef,
    )

MOST_LISTED = 100
REAP_SLICE = 250
"""Entries that one step of the reaper clears: about a millisecond of the event loop."""


@operation("DescribeTable", access=[on_table("DescribeTable")])
async def describe_table(ctx: Context, request: DescribeTableInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException."""
    ctx, name = named_table(ctx, request["TableName"])

    def find(tx: Reader) -> dict[str, Any]:
        if (made := find_restoring(tx, ctx, name)) is not None:
            return describe_restoring(ctx, made)
        table = table_described(tx, ctx, name)
        return describe(ctx, table, table.status, all_totals(tx, ctx, table))

    return {"Table": await ctx.store.read(find)}


@operation("ListTables", access=[Access("dynamodb:ListTables", resource=any_table_arn)])
async def list_tables(ctx: Context, request: ListTablesInputTypeDef) -> dict[str, Any]:
    """Table names in order, a page of at most `Limit` (100)."""
    limit = request.get("Limit") or MOST_LISTED
    start = request.get("ExclusiveStartTableName")
    prefix: Key = (*space(ctx), "table")

    def find(tx: Reader) -> list[str]:
        span = under(prefix)
        if start is not None:
            span = span.past((*prefix, start))
        made = [name for name in restoring_names(tx, ctx) if start is None or name > start]
        return sorted([*(str(key[-1]) for key, _ in tx.scan(span, limit=limit + 1)), *made])

    names = await ctx.store.read(find)
    more = len(names) > limit
    return {"TableNames": names[:limit], "LastEvaluatedTableName": names[limit - 1] if more else None}


@operation("DeleteTable", access=[on_table("DeleteTable")])
async def delete_table(ctx: Context, request: DeleteTableInputTypeDef) -> dict[str, Any]:
    """Unlinks the table at once; a task clears its items. Raises ResourceNotFoundException, ValidationFailed if protected, and
    ResourceInUseException while an index comes or goes."""
    ctx, name = named_table(ctx, request["TableName"])
    now, task_ids = ctx.clock.now(), (ctx.ids.uuid(), ctx.ids.uuid())

    def delete(tx: Transaction) -> tuple[Table, dict[str, Totals]]:
        if find_restoring(tx, ctx, name) is not None:
            raise ResourceInUseException(f"{IN_USE}Table is being created: {name}")
        table = table_described(tx, ctx, name)
        if table.deletion_protection:
            raise ValidationFailed(
                "Resource cannot be deleted as it is currently protected against deletion. "
                "Disable deletion protection first."
            )
        if any(index.state != "ACTIVE" for index in table.indexes):
            raise ResourceInUseException(
                f"{IN_USE}Cannot delete table while indexes are being created, updated, or deleted."
            )
        figures = all_totals(tx, ctx, table)
        tx.delete(table_key(ctx, name))
        tx.delete(tags_key(ctx, name))
        lifecycle.end(tx, ctx, table, now)
        entries.unlist(tx, ctx, table)
        tx.delete(policy_key(ctx, name))
        discard(tx, ctx, table, task_ids, now)
        return table, figures

    table, figures = await ctx.store.transact(delete)
    throttle.forget(ctx, table)
    deleting = describe(ctx, table, "DELETING", figures)
    # AWS leaves these out of a table that goes away.
    return {"TableDescription": deleting | {"AttributeDefinitions": None, "KeySchema": None, "WarmThroughput": None}}


async def reap(ctx: Context, state: dict[str, Any]) -> dict[str, Any] | None:
    """One step of clearing a deleted table, or `parts` of it: the next slice of its entries. Done when there is none left."""
    prefixes = data_prefixes(ctx.account, ctx.region, state["incarnation"], state.get("parts", DATA))
    spans = [under(prefix) for prefix in prefixes]

    def clear(tx: Transaction) -> bool:
        if postpone_reaping(tx, ctx, state):
            return False
        left = REAP_SLICE
        for span in spans:
            left -= clear_slice(tx, span, left)
            if left <= 0:
                return True
        return False

    return state if await ctx.store.transact(clear) else None


def all_totals(tx: Reader, ctx: Context, table: Table) -> dict[str, Totals]:
    """Items and bytes of the table (under "") and of each index (under its id)."""
    return {part: totals(tx, ctx, table.incarnation, part) for part in ("", *(index.id for index in table.indexes))}
