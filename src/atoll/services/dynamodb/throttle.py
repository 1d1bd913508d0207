"""Throughput: whether a table or index may be used once more. docs: Developer Guide, "Provisioned capacity mode", "Burst and adaptive
capacity", "DynamoDB maximum throughput for on-demand tables", "Diagnosing throttling".

What is provisioned fills a bucket by the region's clock, up to what was left unused in the last 300 seconds; whoever finds something in
it is admitted, also for more than there is: the debt is paid before the next. A bucket begins full (decision 0014). An OnDemandThroughput
is kept second by second. Under `--strict`, so is what one partition can take. All of it is in memory: a restart fills every bucket.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from atoll.kernel.context import Context
from atoll.kernel.keys import Key
from atoll.kernel.service import Runtime
from atoll.services.dynamodb.errors import ProvisionedThroughputExceededException, ThrottlingException
from atoll.services.dynamodb.items.capacity import NOTHING, Cost, Kind
from atoll.services.dynamodb.store import PAY_PER_REQUEST, Capacity, Table

BURST = 300.0
"""Seconds of unused provisioned capacity that are kept."""
OF_A_PARTITION = {"Read": 3000, "Write": 1000}
"""Units per second that one partition key can take. docs: "Partition quotas"."""

_TABLE = (
    "The level of configured provisioned throughput for the table was exceeded. "
    "Consider increasing your provisioning level with the UpdateTable API."
)
_INDEX = (
    "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. "
    "Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API"
)
_MAXIMUM = "Throughput exceeds the maximum OnDemandThroughput configured on table or index"
_HOT = (
    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index so please "
    "try again shortly. If exceptions persist, check if you have a hot key: "
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
)

THROTTLED = (ProvisionedThroughputExceededException, ThrottlingException)

Place = tuple[str, ...]
"""Account, region, incarnation, index id or "", kind."""


class Draw(NamedTuple):
    """Units that something draws on a limit: that of the table, or of the index named. `rate` more come each second, up to `most`."""

    place: Place
    units: float
    rate: float
    most: float
    name: str


class Meters(Runtime):
    """What the service keeps running: how much of each limit is used."""

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self._levels: dict[Place, tuple[float, float]] = {}
        """What a bucket held, and when."""
        self._second = 0
        self._partitions: dict[tuple[Place, Key], float] = {}
        """Units of each partition key that were used in `_second`."""

    def level(self, draw: Draw, now: float) -> float:
        """What is left of a limit."""
        level, at = self._levels.get(draw.place, (draw.most, now))
        return min(draw.most, level + (now - at) * draw.rate)

    def take(self, draw: Draw, now: float) -> None:
        """Takes what is drawn."""
        self._levels[draw.place] = self.level(draw, now) - draw.units, now

    def used(self, place: Place, partition: Key, now: float) -> float:
        """Units of a partition key used in this second."""
        return self._partitions.get((place, partition), 0.0) if int(now) <= self._second else 0.0

    def use(self, place: Place, partition: Key, units: float, now: float) -> None:
        """Counts units of a partition key."""
        if int(now) > self._second:
            self._second = int(now)
            self._partitions.clear()
        self._partitions[place, partition] = self.used(place, partition, now) + units

    def forget(self, *begin: str) -> None:
        """Drops the buckets whose place begins so."""
        self._levels = {place: level for place, level in self._levels.items() if place[: len(begin)] != begin}

    def reset(self, account: str | None) -> None:
        """An account that begins anew begins with full buckets."""
        self.forget(*([] if account is None else [account]))


def admit(
    ctx: Context,
    table: Table,
    kind: Kind,
    cost: Cost,
    key: Key | None = None,
    now: float | None = None,
    before: Cost = NOTHING,
) -> None:
    """Raises ProvisionedThroughputExceededException or ThrottlingException where the table or an index that the cost draws on has
    nothing left, once what the same request draws `before` is taken. `key` is that of an item, or begins like it; `now` is given
    where the clock may not be read: in transactions.

    It changes nothing, so that transactions may ask; `spend` takes the units once the work is done.
    """
    meters: Meters = ctx.runtime
    if _unlimited(table, cost, meters):
        return
    now = ctx.clock.now() if now is None else now
    taken = {draw.name: draw.units for draw in _draws(ctx, table, kind, before)}
    spent = [draw.name for draw in _draws(ctx, table, kind, cost) if meters.level(draw, now) <= taken.get(draw.name, 0)]
    if spent:
        raise _throttled(ctx, table, kind, spent)
    if meters.strict and key is not None and cost.table:
        used = meters.used(_place(ctx, table, "", kind), key[:2], now)
        if used >= OF_A_PARTITION[kind]:
            raise _hot(ctx, table, kind)


def spend(ctx: Context, table: Table, kind: Kind, cost: Cost, key: Key | None = None) -> None:
    """Takes units from the table and the indexes that the cost names."""
    meters: Meters = ctx.runtime
    if _unlimited(table, cost, meters):
        return
    now = ctx.clock.now()
    for draw in _draws(ctx, table, kind, cost):
        meters.take(draw, now)
    if meters.strict and key is not None and cost.table:
        meters.use(_place(ctx, table, "", kind), key[:2], cost.table, now)


def forget(ctx: Context, table: Table) -> None:
    """Drops what is kept of a table that goes."""
    ctx.runtime.forget(ctx.account, ctx.region, table.incarnation)


def _unlimited(table: Table, cost: Cost, meters: Meters) -> bool:
    """What most requests are about, at the price of a glance."""
    return table.billing_mode == PAY_PER_REQUEST and table.on_demand is None and not cost.indexes and not meters.strict


def _draws(ctx: Context, table: Table, kind: Kind, cost: Cost) -> Iterator[Draw]:
    """What the cost draws on that has a limit. Local indexes draw on their table's."""
    own, parts = cost.table, list[tuple[Capacity, str, str, float]]()
    for index, units in cost.indexes:
        if index.local:
            own += units
        else:
            parts.append((index, index.id, index.name, units))
    on_demand = table.billing_mode == PAY_PER_REQUEST
    for part, part_id, name, units in [(table, "", "", own), *parts]:
        limit = part.on_demand if on_demand else part.provisioned
        rate = 0 if limit is None else limit.read if kind == "Read" else limit.write
        if units and rate > 0:
            yield Draw(_place(ctx, table, part_id, kind), units, rate, rate if on_demand else rate * BURST, name)


def _place(ctx: Context, table: Table, index_id: str, kind: Kind) -> Place:
    return (ctx.account, ctx.region, table.incarnation, index_id, kind)


def _throttled(
    ctx: Context, table: Table, kind: Kind, spent: list[str]
) -> ProvisionedThroughputExceededException | ThrottlingException:
    on_demand = table.billing_mode == PAY_PER_REQUEST
    limit = "MaxOnDemandThroughputExceeded" if on_demand else "ProvisionedThroughputExceeded"
    reasons = [_reason(ctx, table, kind, limit, index) for index in spent]
    if on_demand:
        return ThrottlingException(_MAXIMUM, throttlingReasons=reasons)
    return ProvisionedThroughputExceededException(_INDEX if spent[0] else _TABLE, ThrottlingReasons=reasons)


def _hot(ctx: Context, table: Table, kind: Kind) -> ProvisionedThroughputExceededException | ThrottlingException:
    reasons = [_reason(ctx, table, kind, "KeyRangeThroughputExceeded")]
    if table.billing_mode == PAY_PER_REQUEST:
        return ThrottlingException(_HOT, throttlingReasons=reasons)
    return ProvisionedThroughputExceededException(_TABLE, ThrottlingReasons=reasons)


def _reason(ctx: Context, table: Table, kind: Kind, limit: str, index: str = "") -> dict[str, Any]:
    resource = f"table/{table.name}/index/{index}" if index else f"table/{table.name}"
    return {"reason": f"{'Index' if index else 'Table'}{kind}{limit}", "resource": ctx.arn(resource)}
