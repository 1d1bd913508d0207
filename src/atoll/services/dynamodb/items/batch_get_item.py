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
from atoll.services.dynamodb.errors import THROTTLED
from atoll.services.dynamodb.items import requested
from atoll.services.dynamodb.items.capacity import Cost, read_units
from atoll.services.dynamodb.items.get_item import Get
from atoll.services.dynamodb.items.item_rules import check_item
from atoll.services.dynamodb.items.storage import read, stored_size
from atoll.services.dynamodb.items.together import TWICE, Bill, Place, check_tables, fitting_places
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import Item

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import BatchGetItemInputTypeDef

MOST = 100
MAX_SIZE = 16 << 20
_PROJECTIONS = ("ProjectionExpression", "AttributesToGet")


def _tables(request: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The part on each table, for IAM to judge."""
    shared = {"ReturnConsumedCapacity": request.get("ReturnConsumedCapacity")}
    return [{**shared, **(part or {}), "TableName": name} for name, part in (request.get("RequestItems") or {}).items()]


@operation("BatchGetItem", access=[on_table("BatchGetItem", conditions=READS_BATCH, each=_tables)])
async def batch_get_item(ctx: Context, request: BatchGetItemInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, one of THROTTLED where nothing at all could be read."""
    parts: Mapping[str, Mapping[str, Any]] = request["RequestItems"]
    _check_lengths(parts)
    check_tables(parts)
    gets = _gets(ctx, parts)

    def run(tx: Reader) -> list[tuple[Place, bytes | None]]:
        """The first that fit into one answer."""
        found: list[tuple[Place, bytes | None]] = []
        size = 0
        for (get, _), place in zip(gets, fitting_places(tx, [get for get, _ in gets], TWICE), strict=True):
            raw = read(tx, get.ctx, *place)
            size += stored_size(raw)
            if size > MAX_SIZE:
                break
            found.append((place, raw))
        return found

    found = await ctx.store.read(run)
    bill = Bill("Read", ctx.clock.now())
    throttled: ServiceError | None = None
    items: dict[str, list[Item]] = {name: [] for name in parts}
    unread = gets[len(found) :]
    for (get, key), (place, raw) in zip(gets, found, strict=False):
        consistent = bool(parts[get.given].get("ConsistentRead"))
        try:
            bill.add(get.given, get.ctx, place, Cost(read_units(stored_size(raw), consistent=consistent)))
        except THROTTLED as error:
            throttled = error
            unread.append((get, key))
            continue
        if (item := get.shown(raw)) is not None:
            items[get.given].append(item)
    if throttled is not None and len(unread) == len(gets):
        raise throttled
    bill.spend()
    left: dict[str, dict[str, Any]] = {}
    for get, key in unread:
        left.setdefault(get.given, {**parts[get.given], "Keys": []})["Keys"].append(key)
    return {
        "Responses": items,
        "UnprocessedKeys": left,
        "ConsumedCapacity": bill.consumed(request.get("ReturnConsumedCapacity")),
    }


def _check_lengths(parts: Mapping[str, Mapping[str, Any]]) -> None:
    """AWS names what is too short or too long as the API does, without its value: unlike other operations."""
    lengths = {"": len(parts), **{f".{name}.member.Keys": len(part["Keys"]) for name, part in parts.items()}}
    for member, length in lengths.items():
        if not 1 <= length <= MOST:
            bound = f"less than or equal to {MOST}" if length else "greater than or equal to 1"
            raise ValidationFailed(
                f"1 validation error detected: Value at 'RequestItems{member}' failed to satisfy constraint: "
                f"Member must have length {bound}"
            )


def _gets(ctx: Context, parts: Mapping[str, Mapping[str, Any]]) -> list[tuple[Get, Mapping[str, Any]]]:
    """A read for each key, and the key as it was given. Raises ValidationFailed."""
    projected = {member: part[member] for part in parts.values() for member in _PROJECTIONS if member in part}
    requested.check_parameters(projected, _PROJECTIONS[:1], _PROJECTIONS[1:])  # of all tables together
    gets: list[tuple[Get, Mapping[str, Any]]] = []
    for name, part in parts.items():
        seen: set[bytes] = set()
        checked: list[Item] = []
        for key in part["Keys"]:
            checked.append(check_item(key)[0])
            shown = records.encode(sorted(checked[-1].items()))
            if shown in seen:
                raise ValidationFailed(TWICE)
            seen.add(shown)
            if len(gets) + len(seen) > MOST:
                raise ValidationFailed("Too many items requested for the BatchGetItem call")
        first = Get(ctx, {**part, "TableName": name, "Key": part["Keys"][0]})
        gets += [(first.at(item), key) for item, key in zip(checked, part["Keys"], strict=True)]
    return gets
