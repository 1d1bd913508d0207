"""What operations on several items share: whether one is named twice, and what each table is charged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import Key
from atoll.kernel.store.api import Reader
from atoll.services.dynamodb import throttle
from atoll.services.dynamodb.access import NAME_PATTERN, is_table
from atoll.services.dynamodb.items.capacity import NOTHING, Cost, Kind, added, consumed
from atoll.services.dynamodb.store import Table, table_of_items

TWICE = "Provided list of item keys contains duplicates"
"""What batches say where two are about one item."""


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


def check_tables(parts: Mapping[str, Any]) -> None:
    """Refuses RequestItems with a key that is no table's name. AWS names all constraints then, and shows the map (a BatchWriteItem's as
    Java does)."""
    if all(map(is_table, parts)):
        return
    raise ValidationFailed(
        f"1 validation error detected: Value '{msgspec.json.encode(parts).decode()}' at 'requestItems' failed to satisfy constraint: "
        "Map keys must satisfy constraint: [Member must have length less than or equal to 255, Member must have length greater than "
        f"or equal to 3, Member must satisfy regular expression pattern: {NAME_PATTERN}]"
    )


class _Charge(NamedTuple):
    ctx: Context
    table: Table
    cost: Cost
    key: Key


@dataclass(slots=True)
class Bill:
    """What a request used of each table at region time `now`, each part `times` over. A table goes by what the request called it
    first: its name or ARN."""

    kind: Kind
    now: float
    times: int = 1
    charges: list[_Charge] = field(default_factory=list)
    totals: dict[tuple[str, str], tuple[str, Cost]] = field(default_factory=dict)

    def add(self, given: str, ctx: Context, place: Place, cost: Cost) -> None:
        """Charges one of the reads or writes. Raises one of THROTTLED, and charges nothing, where what was charged before has left
        the table nothing."""
        table, key = place
        if self.times != 1:
            cost = added((cost,), self.times)
        given, before = self.totals.get((ctx.account, table.name), (given, NOTHING))
        throttle.admit(ctx, table, self.kind, cost, key, self.now, before)
        self.charges.append(_Charge(ctx, table, cost, key))
        self.totals[ctx.account, table.name] = given, added((before, cost)) if before is not NOTHING else cost

    def spend(self) -> None:
        """Takes it all from the tables."""
        for ctx, table, cost, key in self.charges:
            throttle.spend(ctx, table, self.kind, cost, key)

    def consumed(self, wanted: str | None, *, of_transaction: bool = False) -> list[dict[str, Any]] | None:
        """ConsumedCapacity, where ReturnConsumedCapacity (`wanted`) asks for it."""
        kind = self.kind if of_transaction else None
        shown = [consumed(wanted, given, cost, kind) for given, cost in self.totals.values()]
        return [entry for entry in shown if entry is not None] or None
