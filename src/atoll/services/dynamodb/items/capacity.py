"""Consumed capacity: what an operation costs in read or write units, and how the API says so.

docs: Developer Guide, "DynamoDB throughput capacity": a write unit is 1 KB, a strongly consistent read unit 4 KB, an eventually
consistent read half as much; API_ConsumedCapacity.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from atoll.services.dynamodb.store import Index

READ_UNIT, WRITE_UNIT = 4096, 1024
Kind = Literal["Read", "Write"]


class Cost(NamedTuple):
    """Capacity units that something used, of the table itself and of each index that it touched."""

    table: float
    indexes: tuple[tuple[Index, float], ...] = ()

    @property
    def total(self) -> float:
        """All units together."""
        return self.table + sum(units for _, units in self.indexes)


NOTHING = Cost(0.0)


def read_units(size: int, *, consistent: bool) -> float:
    """Units for reading `size` bytes; looking for what is not there costs as much as the smallest."""
    units = max(1, -(-size // READ_UNIT))
    return float(units) if consistent else units / 2


def write_units(size: int) -> int:
    """Units for writing `size` bytes of one item."""
    return max(1, -(-size // WRITE_UNIT))


def added(costs: Iterable[Cost], times: int = 1) -> Cost:
    """The sum of costs of one table, `times` over (2 in transactions)."""
    table, indexes = 0.0, dict[str, tuple[Index, float]]()
    for cost in costs:
        table += cost.table * times
        for index, units in cost.indexes:
            indexes[index.name] = (index, indexes.get(index.name, (index, 0.0))[1] + units * times)
    return Cost(table, tuple(indexes.values()))


def consumed(wanted: str | None, table_name: str, cost: Cost, kind: Kind | None = None) -> dict[str, Any] | None:
    """ConsumedCapacity, where ReturnConsumedCapacity (`wanted`) asks for it; `table_name` is the name or ARN that the request gave.

    `kind` is given where the units are also shown as what they are: in transactions.
    """
    if wanted is None or wanted == "NONE":
        return None
    answer: dict[str, Any] = {"TableName": table_name, **_units(cost.total, kind)}
    if wanted == "INDEXES":
        answer["Table"] = _units(cost.table, kind)
        for member, local in (("LocalSecondaryIndexes", True), ("GlobalSecondaryIndexes", False)):
            units = {index.name: _units(n, kind) for index, n in cost.indexes if index.local is local}
            if units:
                answer[member] = units
    return answer


def _units(units: float, kind: Kind | None) -> dict[str, float]:
    shown = {"CapacityUnits": float(units)}
    if kind is not None:
        shown[f"{kind}CapacityUnits"] = float(units)
    return shown
