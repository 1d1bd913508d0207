"""BatchGetItem: up to 100 items of any tables, up to 16 MB at once. docs: API_BatchGetItem.

What does not fit, or finds no capacity left, comes back as UnprocessedKeys, in the request's own shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from atoll.kernel import records
from atoll.kernel.context import Context
from atoll.kernel.errors import ServiceError, ValidationFailed
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader
from atoll.services.dynamodb.conditions import READS_BATCH
from atoll.services.dynamodb.items.capacity import Cost, read_units
from atoll.services.dynamodb.items.get_item import Get
from atoll.services.dynamodb.items.item_rules import check_item
from atoll.services.dynamodb.items.storage import stored_size
from atoll.services.dynamodb.items.together import Bill, name_an_item_twice, require_items
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import Item, Table
from atoll.services.dynamodb.throttle import THROTTLED

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import BatchGetItemInputTypeDef

MOST = 100
MAX_SIZE = 16 << 20
TWICE = "Provided list of item keys contains duplicates"


def _tables(request: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The part on each table, for IAM to judge."""
    shared = {"ReturnConsumedCapacity": request.get("ReturnConsumedCapacity")}
    return [{**shared, **(part or {}), "TableName": name} for name, part in (request.get("RequestItems") or {}).items()]


@operation("BatchGetItem", access=[on_table("BatchGetItem", conditions=READS_BATCH, each=_tables)])
async def batch_get_item(ctx: Context, request: BatchGetItemInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, ProvisionedThroughputExceededException where nothing at all could be read."""
    parts: Mapping[str, Mapping[str, Any]] = require_items(request, "BatchGetItem")
    gets = _gets(ctx, parts)

    def run(tx: Reader) -> list[tuple[Table, bytes | None]]:
        if name_an_item_twice(tx, [get for get, _ in gets]):
            raise ValidationFailed(TWICE)
        return [get.find(tx) for get, _ in gets]

    found = await ctx.store.read(run)
    bill = Bill("Read", ctx.clock.now())
    size = 0
    throttled: ServiceError | None = None
    items: dict[str, list[Item]] = {name: [] for name in parts}
    left: dict[str, dict[str, Any]] = {}
    for (get, key), (table, raw) in zip(gets, found, strict=True):
        consistent = bool(parts[get.given].get("ConsistentRead"))
        try:
            if size + stored_size(raw) <= MAX_SIZE:
                cost = Cost(read_units(stored_size(raw), consistent=consistent))
                bill.add(get.given, get.ctx, table, cost, get.key(table))
                size += stored_size(raw)
                if (item := get.shown(raw)) is not None:
                    items[get.given].append(item)
                continue
        except THROTTLED as error:
            throttled = error
        left.setdefault(get.given, {**parts[get.given], "Keys": []})["Keys"].append(key)
    if throttled is not None and sum(len(part["Keys"]) for part in left.values()) == len(gets):
        raise throttled
    bill.spend()
    return {
        "Responses": items,
        "UnprocessedKeys": left,
        "ConsumedCapacity": bill.consumed(request.get("ReturnConsumedCapacity")),
    }


def _gets(ctx: Context, parts: Mapping[str, Mapping[str, Any]]) -> list[tuple[Get, Mapping[str, Any]]]:
    """A read for each key, and the key as it was given. Raises ValidationFailed."""
    gets: list[tuple[Get, Mapping[str, Any]]] = []
    for name, part in parts.items():
        seen: set[bytes] = set()
        for key in part["Keys"]:
            shown = records.encode(sorted(check_item(key)[0].items()))
            if shown in seen:
                raise ValidationFailed(TWICE)
            seen.add(shown)
            if len(gets) + len(seen) > MOST:
                raise ValidationFailed("Too many items requested for the BatchGetItem call")
        first = Get(ctx, {**part, "TableName": name, "Key": part["Keys"][0]})
        gets += [(first.at(key), key) for key in part["Keys"]]
    return gets
