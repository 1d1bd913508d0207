"""INSERT, UPDATE, DELETE and EXISTS as writes of one item (`items/writes.py`).

docs: Developer Guide, "PartiQL insert / update / delete statements for DynamoDB". The WHERE clause names the item by an equality on each
key attribute; what else it says must hold. An UPDATE creates no item, a DELETE of none is no failure, an INSERT replaces none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import Key
from atoll.kernel.store.api import Transaction
from atoll.services.dynamodb.errors import DuplicateItemException
from atoll.services.dynamodb.expressions.nodes import Condition, Function, Logical, Path
from atoll.services.dynamodb.items.delete_item import Delete as DeleteWrite
from atoll.services.dynamodb.items.keys import key_attributes
from atoll.services.dynamodb.items.put_item import Put
from atoll.services.dynamodb.items.storage import decode_item
from atoll.services.dynamodb.items.transact_write_items import ConditionCheck
from atoll.services.dynamodb.items.update_item import Update as UpdateWrite
from atoll.services.dynamodb.items.update_item import returned
from atoll.services.dynamodb.items.writes import ItemWrite, Outcome
from atoll.services.dynamodb.partiql.binding import Bound
from atoll.services.dynamodb.partiql.plan import KeySchema, check_key_type, equalities
from atoll.services.dynamodb.partiql.tree import Delete, Exists, Insert, Update
from atoll.services.dynamodb.store import Item, Table


class Inserted(Put):
    """Puts an item where none is."""

    __slots__ = ()

    def change(self, tx: Transaction, table: Table, key: Key, old: bytes | None) -> Outcome:
        if old is not None:
            raise DuplicateItemException("Duplicate primary key exists in table")
        return super().change(tx, table, key, old)


def write_of(
    ctx: Context, bound: Bound, request: Mapping[str, Any], table: Table, *, checked: bool = True
) -> ItemWrite:
    """The write that a statement is on this table. `request` is what was asked beside it: ReturnConsumedCapacity and the like.

    Raises ValidationFailed where it does not name one item, if that is `checked`: a transaction says it of each of its writes.
    """
    statement, own = bound.statement, {"TableName": bound.table, **request}
    partition = Path((table.partition.name,))
    exists, absent = Function("attribute_exists", (partition,)), Function("attribute_not_exists", (partition,))
    write: ItemWrite
    if isinstance(statement, Insert):
        if checked:
            _check_item(table, bound.item)
        return Inserted(ctx, {**own, "Item": bound.item})
    key, rest = _key(bound.condition, table, checked=checked, first=isinstance(statement, Exists))
    own["Key"] = key
    if isinstance(statement, Update):
        write = update = UpdateWrite(ctx, own)
        update.actions = bound.actions
        write.condition = _all(exists, *rest)
    elif isinstance(statement, Delete):
        write = DeleteWrite(ctx, own)
        write.condition = Logical("OR", (absent, _all(*rest))) if rest else None
    else:
        if len(key) < len(key_attributes(table)) or not rest:
            raise ValidationFailed("EXISTS() must contain a single item read with additional condition")
        write = ConditionCheck(ctx, own)
        write.condition = _all(exists, *rest)
    return write


def returned_items(bound: Bound, done: Outcome) -> list[Item]:
    """What the RETURNING clause asks for: one item at most."""
    statement = bound.statement
    if isinstance(statement, Delete):
        return [decode_item(done.old)] if statement.returning and done.old is not None else []
    if isinstance(statement, Update):
        item = returned(statement.returning, done, bound.actions)
        return [item] if item else []
    return []


def _all(*conditions: Condition) -> Condition:
    return conditions[0] if len(conditions) == 1 else Logical("AND", conditions)


def _key(
    condition: Condition | None, table: Table, *, checked: bool, first: bool
) -> tuple[dict[str, Any], Sequence[Condition]]:
    """The key that a WHERE clause names, and what else it asks. Of two values for one attribute, EXISTS takes the `first` for the key and
    checks both, others take none."""
    schema = KeySchema(table.partition, table.sort)
    values, rest = equalities(condition, schema)
    key: dict[str, Any] = {}
    for name, given in values.items():
        if first or all(value == given[0] for value in given):
            key[name] = given[0]
        elif checked:
            raise ValidationFailed(
                f"Multiple conditions on same key {name}. Only single item Update/Insert/Delete are supported"
            )
    if checked and len(key) < len(key_attributes(table)):
        raise ValidationFailed("Where clause does not contain a mandatory equality on all key attributes")
    if checked:
        _check_types(table, key)
    if first and condition is not None and any(value != given[0] for given in values.values() for value in given):
        return key, (condition,)
    return key, rest


def _check_item(table: Table, item: Item) -> None:
    for attribute in key_attributes(table):
        if attribute.name not in item:
            raise ValidationFailed(f"Key attribute should be present in the item: Key {attribute.name}")
    _check_types(table, item)


def _check_types(table: Table, key: Mapping[str, Any]) -> None:
    for attribute in key_attributes(table):
        check_key_type(attribute, key[attribute.name])
