"""Throughput: whether a table or index may be used once more this second. docs: Developer Guide, "Provisioned capacity mode"."""

from __future__ import annotations

from atoll.kernel.context import Context
from atoll.services.dynamodb.items.capacity import Cost, Kind
from atoll.services.dynamodb.store import Table


def admit(ctx: Context, table: Table, kind: Kind, cost: Cost) -> None:
    """Raises ProvisionedThroughputExceededException where the table or an index that the cost draws on has nothing left.

    It changes nothing, so that transactions may ask; `spend` takes the units once the work is done.
    """


def spend(ctx: Context, table: Table, kind: Kind, cost: Cost) -> None:
    """Takes units from the table and the indexes that the cost names."""
