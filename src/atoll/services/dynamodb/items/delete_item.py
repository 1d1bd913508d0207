"""DeleteItem: removes an item, if it is there. docs: API_DeleteItem."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.services.dynamodb.conditions import WRITES_ITEM
from atoll.services.dynamodb.items import requested
from atoll.services.dynamodb.items.storage import decode_item
from atoll.services.dynamodb.items.writes import KeyedWrite, write_alone
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import Table

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import DeleteItemInputTypeDef


class Delete(KeyedWrite):
    """Leaves nothing at `Key`."""

    __slots__ = ("returns_old",)

    def __init__(self, ctx: Context, request: Mapping[str, Any]) -> None:
        super().__init__(ctx, request)
        self.returns_old = requested.check_return_values(request)
        self.condition = requested.condition(request)

    def made(self, table: Table, old: bytes | None) -> None:
        return None


@operation("DeleteItem", access=[on_table("DeleteItem", conditions=WRITES_ITEM)])
async def delete_item(ctx: Context, request: DeleteItemInputTypeDef) -> dict[str, Any]:
    """Raises ConditionalCheckFailedException, ResourceNotFoundException."""
    delete = Delete(ctx, request)
    done, answer = await write_alone(delete)
    if delete.returns_old and done.old is not None:
        answer["Attributes"] = decode_item(done.old)
    return answer
