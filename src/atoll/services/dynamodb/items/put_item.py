"""PutItem: creates an item, or replaces the one with the same key. docs: API_PutItem; limits: item_rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.keys import Key
from atoll.kernel.service import operation
from atoll.services.dynamodb.conditions import WRITES_ITEM
from atoll.services.dynamodb.items import requested
from atoll.services.dynamodb.items.item_rules import check_item_keys, check_size, check_values
from atoll.services.dynamodb.items.keys import item_key
from atoll.services.dynamodb.items.storage import Stored, decode_item, encode_item
from atoll.services.dynamodb.items.writes import ItemWrite, write_alone
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import Item, Table

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import PutItemInputTypeDef


class Put(ItemWrite):
    """Puts `Item` in the place of what has its key."""

    __slots__ = ("_new", "returns_old")

    def __init__(self, ctx: Context, request: Mapping[str, Any]) -> None:
        super().__init__(ctx, request)
        item, size = check_values(request["Item"])
        self.returns_old = requested.check_return_values(request)
        check_size(size)
        self.condition = requested.condition(request)
        self._new = Stored(item, encode_item(item, size))

    @property
    def key_item(self) -> Item:
        return self._new.item

    def key(self, table: Table) -> Key:
        check_item_keys(table, self._new.item)
        return item_key(table, self._new.item)

    def made(self, table: Table, old: bytes | None) -> Stored:
        return self._new


@operation("PutItem", access=[on_table("PutItem", conditions=WRITES_ITEM)])
async def put_item(ctx: Context, request: PutItemInputTypeDef) -> dict[str, Any]:
    """Raises ConditionalCheckFailedException, ResourceNotFoundException, ItemCollectionSizeLimitExceededException."""
    put = Put(ctx, request)
    done, answer = await write_alone(put)
    if put.returns_old and done.old is not None:
        answer["Attributes"] = decode_item(done.old)
    return answer
