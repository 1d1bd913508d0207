"""What operations on several items share: whether one is named twice, and what each table is charged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import Key
from atoll.kernel.store.api import Reader
from atoll.services.dynamodb import throttle
from atoll.services.dynamodb.items.capacity import Cost, Kind, added, consumed
from atoll.services.dynamodb.store import Table, table_of_items


class Part(Protocol):
    """One of the reads or writes. `ctx` is that of the table's account."""

    ctx: Context
    name: str

    def key(self, table: Table) -> Key:
        """The key of its item. Raises ValidationFailed where what was given does not fit the table."""


class Place(NamedTuple):
    """Where an item is, or is to be."""

    table: Table
    key: Key


def places(tx: Reader, parts: Iterable[Part], twice: str) -> list[Place | ValidationFailed]:
    """Where their items are; for a part whose key does not fit its table, what is wrong with it.

    Raises ResourceNotFoundException, and ValidationFailed with the message `twice` where two are about one item, however they call
    its table.
    """
    found: list[Place | ValidationFailed] = []
    tables: dict[tuple[str, str], Table] = {}
    for part in parts:
        table = tables.get((part.ctx.account, part.name))
        if table is None:
            table = tables[part.ctx.account, part.name] = table_of_items(tx, part.ctx, part.name)
        try:
            found.append(Place(table, part.key(table)))
        except ValidationFailed as error:
            found.append(error)
    fitting = [(place.table.incarnation, place.key) for place in found if isinstance(place, Place)]
    if len(set(fitting)) < len(fitting):
        raise ValidationFailed(twice)
    return found


def fitting_places(tx: Reader, parts: Iterable[Part], twice: str) -> list[Place]:
    """The same of parts that must all fit. Raises ValidationFailed where one does not."""
    found = []
    for place in places(tx, parts, twice):
        if isinstance(place, ValidationFailed):
            raise place
        found.append(place)
    return found


def require_items(request: Mapping[str, Any], operation: str) -> Mapping[str, Any]:
    """The RequestItems of a batch. Raises ValidationFailed for none."""
    items: Mapping[str, Any] = request["RequestItems"]
    if not items:
        raise ValidationFailed(f"The requestItems parameter is required for {operation}")
    return items


class _Line(NamedTuple):
    given: str
    ctx: Context
    table: Table
    cost: Cost


@dataclass(slots=True)
class Bill:
    """What a request used of each table, `times` over. A table goes by what the request called it first: its name or ARN."""

    kind: Kind
    times: int = 1
    lines: dict[tuple[str, str], _Line] = field(default_factory=dict)

    def add(self, given: str, ctx: Context, place: Place, cost: Cost) -> None:
        """Charges one of the reads or writes. Raises one of THROTTLED, and charges nothing, where the table has not that much left
        beside what was charged before."""
        table = place.table
        line = self.lines.get((ctx.account, table.name))
        total = added((cost,), self.times) if self.times != 1 else cost
        if line is not None:
            given, total = line.given, added((line.cost, total))
        throttle.admit(ctx, table, self.kind, total)
        self.lines[ctx.account, table.name] = _Line(given, ctx, table, total)

    def spend(self) -> None:
        """Takes it all from the tables."""
        for line in self.lines.values():
            throttle.spend(line.ctx, line.table, self.kind, line.cost)

    def consumed(self, wanted: str | None, *, of_transaction: bool = False) -> list[dict[str, Any]] | None:
        """ConsumedCapacity, where ReturnConsumedCapacity (`wanted`) asks for it."""
        kind = self.kind if of_transaction else None
        shown = [consumed(wanted, line.given, line.cost, kind) for line in self.lines.values()]
        return [entry for entry in shown if entry is not None] or None
