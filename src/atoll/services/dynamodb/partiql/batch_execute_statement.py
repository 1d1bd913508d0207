"""BatchExecuteStatement: up to 25 statements, all reads or all writes, each with a result of its own. docs: API_BatchExecuteStatement.

Two differences from AWS: what IAM refuses of one statement refuses the batch, where AWS answers AccessDenied for that statement alone; and
ConsumedCapacity leaves out what statements used that failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ServiceError, ValidationFailed
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader
from atoll.services.dynamodb.access import own_table
from atoll.services.dynamodb.items.capacity import Cost, added, consumed
from atoll.services.dynamodb.items.get_item import Get, read_alone
from atoll.services.dynamodb.items.together import TWICE, places
from atoll.services.dynamodb.items.writes import ItemWrite, write_alone
from atoll.services.dynamodb.partiql.binding import Bound, bind_alone
from atoll.services.dynamodb.partiql.permissions import statement_access
from atoll.services.dynamodb.partiql.single_reads import get_of, shown_item
from atoll.services.dynamodb.partiql.writes import returned_items, write_of
from atoll.services.dynamodb.store import table_of_items
from atoll.services.dynamodb.turns import Turns

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import BatchExecuteStatementInputTypeDef

_CODES = {"ValidationException": "ValidationError", "ThrottlingException": "ThrottlingError"}


@dataclass(slots=True)
class _Member:
    """A statement of the batch, and how far it came: bound, made a read or write, done or failed."""

    request: Mapping[str, Any]
    bound: Bound | None = None
    part: Get | ItemWrite | None = None
    cost: Cost | None = None
    item: dict[str, Any] | None = None
    error: ServiceError | None = None

    def response(self) -> dict[str, Any]:
        """What the answer says of it. The table is named once the statement has reached it."""
        answer: dict[str, Any] = {}
        if self.bound is not None and self.part is not None:
            answer["TableName"] = self.bound.table
        if self.error is not None:
            code = _CODES.get(self.error.code, self.error.code.removesuffix("Exception"))
            answer["Error"] = {"Code": code, "Message": self.error.message, **self.error.members}
        elif self.item is not None:
            answer["Item"] = self.item
        return answer


@operation("BatchExecuteStatement", access=statement_access(lambda request: request.get("Statements") or ()))
async def batch_execute_statement(ctx: Context, request: BatchExecuteStatementInputTypeDef) -> dict[str, Any]:
    """Raises ValidationFailed where the statements do not go together; else each has its result or error."""
    members = [_Member(part) for part in request["Statements"]]
    turns = Turns()
    for member in members:
        _bind(member)
        await turns.take(len(member.request["Statement"]))
    if len({member.bound.reads for member in members if member.bound is not None}) > 1:
        raise ValidationFailed("Read and write requests together in the same batch is not supported.")
    await ctx.store.read(lambda tx: _prepare(tx, ctx, members))
    await asyncio.gather(*(_run(member) for member in members if member.part is not None))
    return {
        "Responses": [member.response() for member in members],
        "ConsumedCapacity": _consumed(members, request.get("ReturnConsumedCapacity")),
    }


def _bind(member: _Member) -> None:
    try:
        member.bound = bind_alone(member.request)
    except ServiceError as error:
        member.error = error


def _prepare(tx: Reader, ctx: Context, members: Sequence[_Member]) -> None:
    """Makes reads and writes of the statements. Raises ValidationFailed where two are about one item."""
    for member in members:
        if member.bound is None:
            continue
        try:
            table = table_of_items(tx, ctx, own_table(ctx, member.bound.table))
            if member.bound.reads:
                member.part = get_of(ctx, member.bound, table, "BatchExecuteStatement")
            else:
                wanted = member.request.get("ReturnValuesOnConditionCheckFailure")
                member.part = write_of(ctx, member.bound, {"ReturnValuesOnConditionCheckFailure": wanted}, table)
        except ServiceError as error:
            member.error = error
    places(tx, [member.part for member in members if member.part is not None], TWICE)


async def _run(member: _Member) -> None:
    part, bound = member.part, member.bound
    assert part is not None
    assert bound is not None
    try:
        if isinstance(part, Get):
            raw, member.cost = await read_alone(part, consistent=bool(member.request.get("ConsistentRead")))
            member.item = shown_item(bound, raw)
            return
        done, _ = await write_alone(part)
        member.cost = done.cost
        member.item = next(iter(returned_items(bound, done)), None)
    except ServiceError as error:
        member.error = error


def _consumed(members: Sequence[_Member], wanted: str | None) -> list[dict[str, Any]] | None:
    """ConsumedCapacity by table, in the order of the statements."""
    costs: dict[str, list[Cost]] = {}
    for member in members:
        if member.bound is not None and member.cost is not None and member.error is None:
            costs.setdefault(member.bound.table, []).append(member.cost)
    lines = [consumed(wanted, name, added(given)) for name, given in costs.items()]
    return [line for line in lines if line is not None] or None
