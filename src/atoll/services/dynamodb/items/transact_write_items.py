"""TransactWriteItems: up to 100 writes and checks of items, all or none. docs: API_TransactWriteItems; how they run: transactions.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import Key
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.dynamodb.conditions import WRITES_ITEM
from atoll.services.dynamodb.items import requested
from atoll.services.dynamodb.items.capacity import Cost, write_units
from atoll.services.dynamodb.items.delete_item import Delete
from atoll.services.dynamodb.items.put_item import Put
from atoll.services.dynamodb.items.storage import Stored, stored_size
from atoll.services.dynamodb.items.transactions import actions, run_transaction
from atoll.services.dynamodb.items.update_item import Update
from atoll.services.dynamodb.items.writes import ItemWrite, KeyedWrite, Outcome
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import Table
from atoll.services.dynamodb.turns import Turns

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import TransactWriteItemsInputTypeDef


class ConditionCheck(KeyedWrite):
    """Leaves the item as it is. It costs what writing the item would."""

    __slots__ = ()

    def __init__(self, ctx: Context, request: Mapping[str, Any]) -> None:
        super().__init__(ctx, request)
        self.condition = requested.condition(request)

    def made(self, table: Table, old: bytes | None) -> Stored | None:
        raise NotImplementedError("a check makes nothing")

    def change(self, tx: Transaction, table: Table, key: Key, old: bytes | None) -> Outcome:
        return Outcome(table, key, old, None, Cost(write_units(stored_size(old))))


_WRITES: Mapping[str, Callable[[Context, Mapping[str, Any]], ItemWrite]] = {
    "ConditionCheck": ConditionCheck,
    "Put": Put,
    "Update": Update,
    "Delete": Delete,
}


_EXPRESSIONS = ("UpdateExpression", "ConditionExpression")


@operation(
    "TransactWriteItems",
    access=[
        on_table("ConditionCheckItem", conditions=WRITES_ITEM, each=actions("ConditionCheck")),
        on_table("PutItem", conditions=WRITES_ITEM, each=actions("Put")),
        on_table("UpdateItem", conditions=WRITES_ITEM, each=actions("Update")),
        on_table("DeleteItem", conditions=WRITES_ITEM, each=actions("Delete")),
    ],
)
async def transact_write_items(ctx: Context, request: TransactWriteItemsInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, TransactionCanceledException, IdempotentParameterMismatchException."""
    writes, turns = list[ItemWrite](), Turns()
    for action in request["TransactItems"]:
        writes.append(_write(ctx, action))
        await turns.take(sum(len(writes[-1].request.get(name) or "") for name in _EXPRESSIONS))
    return await run_transaction(ctx, writes, request)


def _write(ctx: Context, action: Mapping[str, Any]) -> ItemWrite:
    if len(action) != 1:
        raise ValidationFailed("TransactItems can only contain one of Check, Put, Update or Delete")
    ((name, part),) = action.items()
    return _WRITES[name](ctx, part)
