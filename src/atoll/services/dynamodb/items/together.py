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
from atoll.services.dynamodb.items.capacity import NOTHING, Cost, Kind, added, consumed
from atoll.services.dynamodb.store import Table, table_of_items


class Part(Protocol):
    """One of the reads or writes. `ctx` is that of the table's account."""

    ctx: Context
    name: str

    def key(self, table: Table) -> Key:
        """The key of its item. Raises ValidationFailed where what was given does not fit the table."""


def name_an_item_twice(tx: Reader, parts: Iterable[Part]) -> bool:
    """Whether two of them are about one item, however they call its table. Raises ResourceNotFoundException.

    A key that does not fit its table is passed over: whoever reads or writes there refuses it.
    """
    seen: set[tuple[str, str, Key]] = set()
    for part in parts:
        table = table_of_items(tx, part.ctx, part.name)
        try:
            place = (part.ctx.account, table.incarnation, part.key(table))
        except ValidationFailed:
            continue
        if place in seen:
            return True
        seen.add(place)
    return False


def require_items(request: Mapping[str, Any], operation: str) -> Mapping[str, Any]:
    """The RequestItems of a batch. Raises ValidationFailed for none."""
    items: Mapping[str, Any] = request["RequestItems"]
    if not items:
        raise ValidationFailed(f"The requestItems parameter is required for {operation}")
    return items


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

    def add(self, given: str, ctx: Context, table: Table, cost: Cost, key: Key) -> None:
        """Charges one of the reads or writes. Raises ProvisionedThroughputExceededException or ThrottlingException, and charges
        nothing, where what was charged before has left the table nothing."""
        cost = added((cost,), self.times)
        given, before = self.totals.get((ctx.account, table.name), (given, NOTHING))
        throttle.admit(ctx, table, self.kind, cost, key, self.now, before)
        self.charges.append(_Charge(ctx, table, cost, key))
        self.totals[ctx.account, table.name] = given, added((before, cost))

    def spend(self) -> None:
        """Takes it all from the tables."""
        for ctx, table, cost, key in self.charges:
            throttle.spend(ctx, table, self.kind, cost, key)

    def consumed(self, wanted: str | None, *, of_transaction: bool = False) -> list[dict[str, Any]] | None:
        """ConsumedCapacity, where ReturnConsumedCapacity (`wanted`) asks for it."""
        kind = self.kind if of_transaction else None
        shown = [consumed(wanted, given, cost, kind) for given, cost in self.totals.values()]
        return [entry for entry in shown if entry is not None] or None
