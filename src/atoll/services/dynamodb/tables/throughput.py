"""Throughput of tables and indexes as CreateTable and UpdateTable give it: AWS's checks, and what they change. Pure.

Docs: API_ProvisionedThroughput, API_OnDemandThroughput, API_WarmThroughput; Developer Guide, "Service, account, and table quotas".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.errors import LimitExceededException, invalid
from atoll.services.dynamodb.limits import TABLE_UNITS
from atoll.services.dynamodb.store import DAY, PAY_PER_REQUEST, Capacity, Throughput

MAX_UNITS = 1_000_000_000_000
FREE_DECREASES = 4
BETWEEN_DECREASES = 3600.0
"""Seconds after the last one at which a further decrease is possible once the day's four are used up."""
ON_DEMAND_WARM = Throughput(12_000, 4_000)
"""What a new on-demand table can take at once. docs: "DynamoDB warm throughput"."""
NO_MAXIMUM = Throughput(-1, -1)

_INITIAL = (
    "initial throughput for OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
    "on-demand-capacity-mode.html#on-demand-capacity-mode-initial"
)
_GUIDE = "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."

Given = Mapping[str, Any]


def provisioned(ctx: Context, request: Given) -> Throughput:
    """ProvisionedThroughput of a CreateTable; none where billing is per request. Raises ValidationFailed, LimitExceededException."""
    given = request.get("ProvisionedThroughput")
    if request.get("BillingMode") == PAY_PER_REQUEST:
        if given:
            raise invalid(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
            )
        return Throughput()
    if not given:
        raise invalid("ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
    return units(ctx, given)


def units(ctx: Context, given: Given, index: str = "") -> Throughput:
    """A ProvisionedThroughput, of the table or of the index with this name. Raises ValidationFailed, LimitExceededException."""
    for member in ("ReadCapacityUnits", "WriteCapacityUnits"):
        if given[member] > MAX_UNITS:
            where = f" for index {index}" if index else ""
            raise ValidationFailed(f"Given value {given[member]} for {member} is out of bounds{where}")
    for member in ("ReadCapacityUnits", "WriteCapacityUnits"):
        if given[member] > TABLE_UNITS:
            where, which = (f" for index {index}", "index") if index else ("", "table")
            raise LimitExceededException(
                f"The requested {member}{where}, {given[member]}, is above the per {which} maximum for the account in "
                f"{ctx.region}. Per table maximum: {TABLE_UNITS}. {_GUIDE}"
            )
    return Throughput(given["ReadCapacityUnits"], given["WriteCapacityUnits"])


def reprovisioned(capacity: Capacity, wanted: Throughput, now: float, index: str = "") -> dict[str, Any]:
    """The changes of a table or index that gets other units. Raises ValidationFailed where they are the same, and
    LimitExceededException for a decrease too many."""
    before = capacity.provisioned
    if wanted == before:
        table, where = (f"the index {index}", f"index {index}") if index else ("the table", "the table")
        raise ValidationFailed(
            f"The provisioned throughput for {table} will not change. The requested value equals the current value. "
            f"Current ReadCapacityUnits provisioned for {where}: {before.read}. "
            f"Requested ReadCapacityUnits: {wanted.read}. "
            f"Current WriteCapacityUnits provisioned for {where}: {before.write}. "
            f"Requested WriteCapacityUnits: {wanted.write}. {_GUIDE}"
        )
    change: dict[str, Any] = {"provisioned": wanted}
    if wanted.read > before.read or wanted.write > before.write:
        change["last_increase"] = now
    if wanted.read < before.read or wanted.write < before.write:
        _check_decrease(capacity, now)
        change |= {"last_decrease": now, "decreases": capacity.decreases_on(now) + 1}
    return change


def switched(capacity: Capacity, billing_mode: str) -> dict[str, Any]:
    """The changes of a table or index whose billing mode was this one: units and maxima go, what it can take at once stays."""
    return {"provisioned": Throughput(), "on_demand": None, "warm": warm_now(capacity, billing_mode)}


def on_demand(
    ctx: Context, given: Given | None, billing_mode: str, before: Throughput | None = None, index: str = "",
    *, creating: bool = False,
) -> Throughput | None:  # fmt: skip
    """OnDemandThroughput: the most units per second, -1 where a half has no limit; what is not given stays as `before`.

    Raises ValidationFailed for one out of range or on a provisioned table, LimitExceededException past the account's quota.
    """
    if given is None:
        return before
    before = before or NO_MAXIMUM
    where = f"index : {index}" if index else "table"
    for member in ("MaxReadRequestUnits", "MaxWriteRequestUnits"):
        value = given.get(member)
        if value is None:
            continue
        if billing_mode != PAY_PER_REQUEST:
            raise _provisioned_has_no_maximum(member, index, creating=creating)
        if value < 1 and (creating or value != -1):
            raise invalid(f"Requested {member} for OnDemandThroughput for {where} is outside of valid range")
        _check_quota(ctx, member, value, f"OnDemandThroughput for {where}")
    after = Throughput(given.get("MaxReadRequestUnits", before.read), given.get("MaxWriteRequestUnits", before.write))
    return None if after == NO_MAXIMUM else after


def initially_warm(
    ctx: Context, given: Given | None, billing_mode: str, units: Throughput, index: str = ""
) -> Throughput | None:
    """WarmThroughput of what is being created with these provisioned units. Raises ValidationFailed where it is less than that
    has anyway, LimitExceededException."""
    too_low = _INITIAL if billing_mode == PAY_PER_REQUEST else "{}CapacityUnits of ProvisionedThroughput"
    return _warm(ctx, given, least_warm(billing_mode, units), index, too_low) if given else None


def warmed(ctx: Context, given: Given, billing_mode: str, before: Capacity, index: str = "") -> Throughput:
    """WarmThroughput as UpdateTable gives it: it only ever grows. Raises ValidationFailed, LimitExceededException."""
    too_low = "current WarmThroughput, decreasing WarmThroughput is not supported"
    return _warm(ctx, given, warm_now(before, billing_mode), index, too_low)


def least_warm(billing_mode: str, units: Throughput) -> Throughput:
    """The warm throughput that comes with the billing mode and provisioned units."""
    return ON_DEMAND_WARM if billing_mode == PAY_PER_REQUEST else units


def warm_now(capacity: Capacity, billing_mode: str) -> Throughput:
    """What a table or index can take at once: the most that it was ever given."""
    least, asked = least_warm(billing_mode, capacity.provisioned), capacity.warm or Throughput()
    return Throughput(max(least.read, asked.read), max(least.write, asked.write))


def _warm(ctx: Context, given: Given, least: Throughput, index: str, too_low: str) -> Throughput:
    where = f"index {index}" if index else "table"
    values = []
    for kind, floor in (("Read", least.read), ("Write", least.write)):
        member = f"{kind}UnitsPerSecond"
        value = given.get(member, floor)
        if value < floor:
            raise invalid(f"Requested {member} for WarmThroughput for {where} is lower than {too_low.format(kind)}")
        _check_quota(ctx, member, value, f"WarmThroughput for {where}")
        values.append(value)
    return Throughput(*values)


def _provisioned_has_no_maximum(member: str, index: str, *, creating: bool) -> ValidationFailed:
    if creating:
        where = f" for index: {index}" if index else ""
        return invalid(
            f"{member} for OnDemandThroughput{where} cannot be specified when table BillingMode is PROVISIONED."
        )
    where = f" for index : {index}" if index else ""
    return invalid(
        f"{member} for OnDemandThroughput{where} cannot be specified when the table BillingMode is PROVISIONED"
    )


def _check_quota(ctx: Context, member: str, value: int, what: str) -> None:
    if value > TABLE_UNITS:
        kind = "Read" if "Read" in member else "Write"
        raise LimitExceededException(
            f"Subscriber limit exceeded: Requested {member} for {what} exceeds TableMax{kind}CapacityUnits of the account "
            f"in region {ctx.region}"
        )


def _check_decrease(capacity: Capacity, now: float) -> None:
    """Four decreases a day, then one an hour, of a table and each index by itself. docs: "Service, account, and table quotas"."""
    today, last = capacity.decreases_on(now), capacity.last_decrease
    following = min(last + BETWEEN_DECREASES, (last // DAY + 1) * DAY)
    if today >= FREE_DECREASES and now < following:
        raise LimitExceededException(
            "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. "
            f"After the first {FREE_DECREASES} decreases, each subsequent decrease in the same UTC day can be performed "
            f"at most once every {BETWEEN_DECREASES:.0f} seconds. Number of decreases today: {today}. "
            f"Last decrease at {_written(last)}. Next decrease can be made at {_written(following)}"
        )


def _written(moment: float) -> str:
    """A moment as AWS spells it out: Friday, October 9, 2026 at 12:21:34 AM Coordinated Universal Time."""
    at = datetime.fromtimestamp(moment, UTC)
    return f"{at:%A, %B} {at.day}, {at.year} at {at.hour % 12 or 12}:{at:%M:%S %p} Coordinated Universal Time"
