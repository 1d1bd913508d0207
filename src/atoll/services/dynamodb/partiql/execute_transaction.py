"""ExecuteTransaction: up to 100 statements, all reads or all writes and checks, all or none.

docs: API_ExecuteTransaction; Developer Guide, "Performing transactions with PartiQL for DynamoDB". How they run: items/transactions.py.
What is wrong with a statement as such refuses the request; what is wrong with its item or table cancels the transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader
from atoll.services.dynamodb.access import own_table
from atoll.services.dynamodb.errors import ITEM_TABLE_NOT_FOUND
from atoll.services.dynamodb.items.get_item import Get
from atoll.services.dynamodb.items.transactions import require_all, run_reads, run_transaction
from atoll.services.dynamodb.items.writes import ItemWrite
from atoll.services.dynamodb.partiql.binding import Bound, bind_values
from atoll.services.dynamodb.partiql.permissions import statement_access
from atoll.services.dynamodb.partiql.single_reads import get_of, shown_item
from atoll.services.dynamodb.partiql.tree import Delete, Exists, Update
from atoll.services.dynamodb.partiql.values import parameters
from atoll.services.dynamodb.partiql.writes import write_of
from atoll.services.dynamodb.store import Table, find_table
from atoll.services.dynamodb.turns import Turns

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import ExecuteTransactionInputTypeDef


@operation(
    "ExecuteTransaction",
    access=statement_access(lambda request: request.get("TransactStatements") or ()),
)
async def execute_transaction(ctx: Context, request: ExecuteTransactionInputTypeDef) -> dict[str, Any]:
    """Raises TransactionCanceledException, IdempotentParameterMismatchException."""
    statements = await _bound(request["TransactStatements"])
    if len({bound.reads for bound in statements}) > 1:
        raise ValidationFailed(
            "ExecuteTransaction API does not support both read and write operations in the same request."
        )
    tables = await ctx.store.read(lambda tx: [_table(tx, ctx, bound) for bound in statements])
    if statements[0].reads:
        gets = []
        for at, (bound, table) in enumerate(zip(statements, tables, strict=True)):
            with _statement(at):
                if table is not None:
                    gets.append(_get(ctx, bound, table))
        _require_tables(tables)
        found = await run_reads(ctx, gets, request)
        shown = [shown_item(bound, raw) for bound, raw in zip(statements, found.raws, strict=True)]
        return {"Responses": [{"Item": item} for item in shown], "ConsumedCapacity": found.consumed}
    writes = []
    for at, (bound, table, given) in enumerate(zip(statements, tables, request["TransactStatements"], strict=True)):
        with _statement(at):
            if table is not None:
                writes.append(_write(ctx, bound, table, given))
    _require_tables(tables)
    done = await run_transaction(ctx, writes, request)
    return {"Responses": [], "ConsumedCapacity": done["ConsumedCapacity"]}


async def _bound(given: Sequence[Mapping[str, Any]]) -> list[Bound]:
    """The statements, bound. All parameters are checked before any statement is read. Raises ValidationFailed."""
    values = [parameters(part.get("Parameters")) for part in given]
    found, turns = list[Bound](), Turns()
    for at, part in enumerate(given):
        with _statement(at):
            found.append(bind_values(part["Statement"], values[at]))
        await turns.take(len(part["Statement"]))
    return found


@contextmanager
def _statement(at: int) -> Iterator[None]:
    """Names the statement in a ValidationFailed that is about it."""
    try:
        yield
    except ValidationFailed as error:
        raise ValidationFailed(f"Validation failed in TransactStatements[{at}]: {error.message}") from error


def _table(tx: Reader, ctx: Context, bound: Bound) -> Table | None:
    return find_table(tx, ctx, own_table(ctx, bound.table))


def _get(ctx: Context, bound: Bound, table: Table) -> Get:
    if bound.statement.source.index is not None:
        raise ValidationFailed("Reads on indices are not supported within transactions.")
    return get_of(ctx, bound, table, "ExecuteTransaction")


def _write(ctx: Context, bound: Bound, table: Table, given: Mapping[str, Any]) -> ItemWrite:
    statement = bound.statement
    if isinstance(statement, (Update, Delete)) and statement.returning:
        raise ValidationFailed("RETURNING clause is not supported in ExecuteTransaction.")
    if isinstance(statement, Exists) and statement.source.index is not None:
        raise ValidationFailed("Operations on indices are not supported in transactions")
    wanted = given.get("ReturnValuesOnConditionCheckFailure")
    return write_of(ctx, bound, {"ReturnValuesOnConditionCheckFailure": wanted}, table, checked=False)


def _require_tables(tables: Sequence[Table | None]) -> None:
    """Raises TransactionCanceledException where a statement names a table that is not there: once all else is seen to be good."""
    missing = {"Code": "ResourceNotFound", "Message": ITEM_TABLE_NOT_FOUND}
    require_all([missing if table is None else {"Code": "None"} for table in tables])
