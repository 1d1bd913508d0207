"""Consumed capacity: what an operation costs in read or write units, and how the API says so.

docs: Developer Guide, "DynamoDB throughput capacity": a write unit is 1 KB, a strongly consistent read unit 4 KB, an eventually
consistent read half as much; API_ConsumedCapacity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.services.dynamodb.items.storage import Written

READ_UNIT = 4096


def read_units(size: int, *, consistent: bool) -> float:
    """Units for reading `size` bytes of one item; looking for one that is not there costs as much as the smallest."""
    units = max(1, -(-size // READ_UNIT))
    return float(units) if consistent else units / 2


def consumed_by_read(request: Mapping[str, Any], units: float) -> dict[str, Any] | None:
    """ConsumedCapacity of a read of a table, where the request asks for it."""
    return _consumed(request, units, {"Table": {"CapacityUnits": units}})


def consumed_by_write(request: Mapping[str, Any], written: Written) -> dict[str, Any] | None:
    """ConsumedCapacity of a write, where the request asks for it."""
    wanted = request.get("ReturnConsumedCapacity")
    if wanted is None or wanted == "NONE":
        return None
    detail: dict[str, Any] = {"Table": {"CapacityUnits": float(written.table)}}
    for member, local in (("LocalSecondaryIndexes", True), ("GlobalSecondaryIndexes", False)):
        units = {index.name: {"CapacityUnits": float(n)} for index, n in written.indexes if index.local is local}
        if units:
            detail[member] = units
    return _consumed(request, float(written.table + sum(n for _, n in written.indexes)), detail)


def _consumed(request: Mapping[str, Any], units: float, detail: Mapping[str, Any]) -> dict[str, Any] | None:
    wanted = request.get("ReturnConsumedCapacity")
    if wanted is None or wanted == "NONE":
        return None
    answer: dict[str, Any] = {"TableName": request["TableName"], "CapacityUnits": units}
    if wanted == "INDEXES":
        answer.update(detail)
    return answer
