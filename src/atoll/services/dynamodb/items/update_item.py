"""UpdateItem: changes attributes of an item, or creates it. docs: API_UpdateItem; what the actions do: expressions/update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import Key
from atoll.kernel.service import operation
from atoll.services.dynamodb.conditions import WRITES_ITEM
from atoll.services.dynamodb.errors import invalid
from atoll.services.dynamodb.expressions.legacy import MISMATCH
from atoll.services.dynamodb.expressions.nodes import Action, paths_in
from atoll.services.dynamodb.expressions.operand_rules import operand_type
from atoll.services.dynamodb.expressions.projection import project
from atoll.services.dynamodb.expressions.update import INCORRECT_TYPE, updated
from atoll.services.dynamodb.items import requested
from atoll.services.dynamodb.items.item_rules import (
    MAX_ITEM,
    UPDATE_TOO_LARGE,
    attribute_size,
    check_scalar_keys,
    check_updated_keys,
    index_type_mismatch,
    item_size,
)
from atoll.services.dynamodb.items.keys import key_attributes
from atoll.services.dynamodb.items.storage import Stored, decode_item, encode_item, stored_size
from atoll.services.dynamodb.items.writes import KeyedWrite, Outcome, write_alone
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import Item, Table

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import UpdateItemInputTypeDef


class Update(KeyedWrite):
    """Applies `actions` to the item at `Key`, or to a new one."""

    __slots__ = ("actions", "mismatch")
    expressions: ClassVar = ("UpdateExpression", "ConditionExpression")
    legacy: ClassVar = ("AttributeUpdates", "Expected", "ConditionalOperator")

    def __init__(self, ctx: Context, request: Mapping[str, Any]) -> None:
        super().__init__(ctx, request)
        self.actions, self.condition = requested.update(request)
        self.mismatch = MISMATCH if request.get("AttributeUpdates") else INCORRECT_TYPE

    def key(self, table: Table) -> Key:
        key = super().key(table)
        check_targets(table, self.actions)
        return key

    def made(self, table: Table, old: bytes | None) -> Stored | None:
        if old is None and self.actions and all(action.verb in ("REMOVE", "DELETE") for action in self.actions):
            return None  # there is nothing to take from, and no item comes of it
        item = self.key_item if old is None else decode_item(old)
        new = updated(item, self.actions, self.mismatch)
        check_updated_keys(table, new)
        size = stored_size(old) or item_size(item)
        for name in {str(action.path.parts[0]) for action in self.actions}:
            size += attribute_size(name, new.get(name)) - attribute_size(name, item.get(name))
        if size > MAX_ITEM:
            raise ValidationFailed(UPDATE_TOO_LARGE)
        return Stored(new, encode_item(new, size))


def check_targets(table: Table, actions: tuple[Action, ...]) -> None:
    """Refuses actions on key attributes, and on keys of indexes those whose value can be no such key. Raises ValidationFailed."""
    heads = {action.path.parts[0] for action in actions}
    for attribute in key_attributes(table):
        if attribute.name in heads:
            raise invalid(f"Cannot update attribute {attribute.name}. This attribute is part of the key")
    kinds = {
        action.path.parts[0]: operand_type(action.value)
        for action in actions
        if len(action.path.parts) == 1 and action.verb in ("SET", "ADD")
    }
    for index in table.active_indexes:
        for attribute in (*index.partition, *index.sort):
            kind = kinds.get(attribute.name)
            if kind is not None and kind != attribute.type:
                raise index_type_mismatch(index, attribute, kind)
    check_scalar_keys(table, paths_in(*actions))


def returned(wanted: str | None, done: Outcome, actions: tuple[Action, ...]) -> Item:
    """The attributes that ReturnValues asks for: all of the item, or no more than what the actions' paths lead to."""
    if wanted in ("ALL_OLD", "UPDATED_OLD"):
        item = {} if done.old is None else decode_item(done.old)
    elif wanted in ("ALL_NEW", "UPDATED_NEW"):
        item = {} if done.new is None else done.new.item
    else:
        return {}
    return item if wanted.startswith("ALL") else project(item, [action.path for action in actions])


@operation("UpdateItem", access=[on_table("UpdateItem", conditions=WRITES_ITEM)])
async def update_item(ctx: Context, request: UpdateItemInputTypeDef) -> dict[str, Any]:
    """Raises ConditionalCheckFailedException, ResourceNotFoundException, ItemCollectionSizeLimitExceededException."""
    update = Update(ctx, request)
    done, answer = await write_alone(update)
    if attributes := returned(request.get("ReturnValues"), done, update.actions):
        answer["Attributes"] = attributes
    return answer
