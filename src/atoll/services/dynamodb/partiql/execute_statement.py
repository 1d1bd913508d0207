"""ExecuteStatement: one statement. docs: API_ExecuteStatement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.services.dynamodb import throttle
from atoll.services.dynamodb.access import own_table
from atoll.services.dynamodb.items.capacity import consumed
from atoll.services.dynamodb.items.writes import write_alone
from atoll.services.dynamodb.partiql.binding import Bound, bind_alone
from atoll.services.dynamodb.partiql.permissions import statement_access
from atoll.services.dynamodb.partiql.select import reads, shown_page
from atoll.services.dynamodb.partiql.tree import Select
from atoll.services.dynamodb.partiql.writes import returned_items, write_of
from atoll.services.dynamodb.store import Table, table_of_items

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import ExecuteStatementInputTypeDef

_OF_WRITES = ("ReturnConsumedCapacity", "ReturnValuesOnConditionCheckFailure")


@operation("ExecuteStatement", access=statement_access(lambda request: [request]))
async def execute_statement(ctx: Context, request: ExecuteStatementInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, ConditionalCheckFailedException, DuplicateItemException."""
    bound = bind_alone(request)
    name = own_table(ctx, bound.table)
    table = await ctx.store.read(lambda tx: table_of_items(tx, ctx, name))
    if isinstance(bound.statement, Select):
        return await _select(ctx, bound, bound.statement, table, request)
    given = {member: request.get(member) for member in _OF_WRITES}
    done, answer = await write_alone(write_of(ctx, bound, given, table))
    return {"Items": returned_items(bound, done), "ConsumedCapacity": answer["ConsumedCapacity"]}


async def _select(
    ctx: Context, bound: Bound, select: Select, table: Table, request: Mapping[str, Any]
) -> dict[str, Any]:
    wanted = reads(ctx, bound, select, table, consistent=bool(request.get("ConsistentRead")))
    found = await shown_page(ctx, wanted, request, select)
    throttle.admit(ctx, table, "Read", found.cost)
    throttle.spend(ctx, table, "Read", found.cost)
    return {
        "Items": found.items,
        "NextToken": found.token,
        "LastEvaluatedKey": found.last,
        "ConsumedCapacity": consumed(request.get("ReturnConsumedCapacity"), bound.table, found.cost),
    }
