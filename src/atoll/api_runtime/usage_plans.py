"""API keys and usage plans: what `services/apigateway` writes of them, and what they let through.

A method that asks for an API key is served to keys that are enabled and in a plan of the API's stage, as fast as the plan says and as
often as its quota says. What each key used is a counter per day in the store: a crash loses what was not answered yet, no more.
docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

from atoll.api_runtime.refused import Refused
from atoll.api_runtime.throttle import Buckets
from atoll.api_runtime.visit import Visit
from atoll.kernel.keys import Key, Range, between, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction, counter

BY_AUTHORIZER = "$context.authorizer.usageIdentifierKey"
"""The API key selection expression of WebSocket APIs whose authorizers name the keys; elsewhere clients do, in `x-api-key`."""
Period = Literal["DAY", "WEEK", "MONTH"]


class ApiKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """An API key: `value` is what clients send; `stage_keys` (`API/STAGE`) are of the time before usage plans and have no effect."""

    id: str
    value: str
    created: float
    updated: float
    enabled: bool = False
    name: str | None = None
    description: str | None = None
    customer: str | None = None
    stage_keys: tuple[str, ...] = ()
    tags: dict[str, str] = {}


class Throttle(msgspec.Struct, frozen=True, omit_defaults=True):
    """`rate` in requests per second, and how many at once; None where nothing is set."""

    rate: float | None = None
    burst: int | None = None


class Quota(msgspec.Struct, frozen=True, omit_defaults=True):
    """At most `limit` requests per period. `offset` is the day on which periods begin: 0 is Sunday, or the first of the month."""

    limit: int
    period: Period
    offset: int = 0

    def start(self, day: date) -> date:
        """The first day of the period in which `day` lies."""
        if self.period == "DAY":
            return day
        if self.period == "WEEK":
            return day - timedelta((day.isoweekday() - self.offset) % 7)
        first = day.replace(day=self.offset + 1)
        return first if first <= day else (day.replace(day=1) - timedelta(1)).replace(day=self.offset + 1)


class PlanStage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stage that a plan is for; `throttle` holds for single methods, by `/pets/{id}/GET`."""

    api: str
    stage: str
    throttle: dict[str, Throttle] = {}


class UsagePlan(msgspec.Struct, frozen=True, omit_defaults=True):
    """A usage plan."""

    id: str
    name: str
    description: str | None = None
    stages: tuple[PlanStage, ...] = ()
    throttle: Throttle | None = None
    quota: Quota | None = None
    product_code: str | None = None
    tags: dict[str, str] = {}

    def stage(self, api: str, stage: str) -> PlanStage | None:
        """What the plan says of a stage, None where it is not for it."""
        return next((one for one in self.stages if (one.api, one.stage) == (api, stage)), None)


KEYS = Codec(ApiKey)
PLANS = Codec(UsagePlan)


class Place(NamedTuple):
    """Where the API keys and usage plans of an account and region lie."""

    account: str
    region: str

    def _at(self, *rest: str) -> Key:
        return (self.account, self.region, "apigateway", *rest)

    def keys(self, *key_id: str) -> Key:
        """An API key, by its id."""
        return self._at("v1.api-keys", *key_id)

    def value(self, value: str) -> Key:
        """The id of the API key with a value."""
        return self._at("v1.api-key-values", value)

    def plans(self, *plan_id: str) -> Key:
        """A usage plan, by its id."""
        return self._at("v1.usage-plans", *plan_id)

    def members(self, *plan_and_key: str) -> Key:
        """That a plan has a key."""
        return self._at("v1.usage-plan-keys", *plan_and_key)

    def memberships(self, *key_and_plan: str) -> Key:
        """The same, from the key's side."""
        return self._at("v1.plans-of-keys", *key_and_plan)

    def used(self, plan: str, *key_and_day: str) -> Key:
        """The counter of what a key used of a plan on a day (`2027-01-31`, UTC)."""
        return self._at("v1.usage", plan, *key_and_day)

    def days(self, plan: str, key: str, start: date, end: date) -> Range:
        """The counters from one day to another, both included."""
        return between(self.used(plan, key, str(start)), self.used(plan, key, f"{end}~"))

    def granted(self, plan: str, *key_and_start: str) -> Key:
        """How much more than the limit a key may use in the period that begins on a day; negative for less."""
        return self._at("v1.usage-granted", plan, *key_and_start)


def leave_plans(tx: Transaction, place: Place, api: str, stage: str | None = None) -> None:
    """Takes a stage that is deleted, or all of an API, out of the usage plans: one that is made anew under its name is in none."""
    for key, raw in list(tx.scan(under(place.plans()))):
        plan = PLANS.decode(raw)
        kept = tuple(one for one in plan.stages if one.api != api or stage not in (None, one.stage))
        if kept != plan.stages:
            tx.set(key, PLANS.encode(msgspec.structs.replace(plan, stages=kept)))


def plans_of(tx: Reader, place: Place, key_id: str) -> Iterator[UsagePlan]:
    """The plans that have a key, by id."""
    for path, _ in tx.scan(under(place.memberships(key_id))):
        if (raw := tx.get(place.plans(str(path[-1])))) is not None:
            yield PLANS.decode(raw)


def remaining(tx: Reader, place: Place, plan: UsagePlan, key_id: str, day: date) -> int | None:
    """How often a key may still call on `day` in its period, None where there is no quota."""
    if plan.quota is None:
        return None
    start = plan.quota.start(day)
    used = sum(counter(raw) for _, raw in tx.scan(place.days(plan.id, key_id, start, day)))
    return plan.quota.limit + counter(tx.get(place.granted(plan.id, key_id, str(start)))) - used


def day_of(now: float) -> date:
    """The day, in UTC, of a time in seconds since the epoch."""
    return datetime.fromtimestamp(now, UTC).date()


class UsagePlans:
    """Judges the API keys of requests to every kind of API."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets

    async def admit(self, visit: Visit, value: str | None) -> None:
        """Lets a request pass whose route (`visit.route_key`) asks for an API key, counts it, and sets `visit.api_key`.

        `value` is what the client sent, or its authorizer named. Raises Refused: INVALID_API_KEY, THROTTLED, QUOTA_EXCEEDED.
        """
        store, place = visit.ctx.store, Place(visit.api.account, visit.api.region)
        found = await store.read(lambda tx: _find(tx, place, visit, value)) if value else None
        if found is None:
            raise Refused("INVALID_API_KEY", detail="no enabled API key of a usage plan for this stage")
        key, plan, stage = found
        visit.api_key, visit.api_key_id = key.value, key.id
        self._throttle(visit, key, plan, stage)
        day = day_of(visit.time)

        def count(tx: Transaction) -> bool:
            left = remaining(tx, place, plan, key.id, day)
            if left is not None and left <= 0:
                return False
            tx.add(place.used(plan.id, key.id, str(day)), 1)
            return True

        if not await store.transact(count):
            raise Refused("QUOTA_EXCEEDED", detail=f"the quota of usage plan {plan.id} is used up")

    def _throttle(self, visit: Visit, key: ApiKey, plan: UsagePlan, stage: PlanStage) -> None:
        """Takes a token for the method where the plan says something of it, else for the plan as a whole."""
        method, _, path = visit.route_key.partition(" ")
        of_method = stage.throttle.get(f"{path}/{visit.request.method}") or stage.throttle.get(f"{path}/{method}")
        name = (
            ("usage-plan", plan.id, key.id) if of_method is None else ("usage-plan", plan.id, key.id, visit.route_key)
        )
        limit = of_method or plan.throttle
        if limit is None or (limit.rate is None and limit.burst is None):
            return
        rate = limit.rate if limit.rate is not None else float(limit.burst or 0)
        burst = limit.burst if limit.burst is not None else rate
        if not self._buckets.take(name, rate, burst):
            raise Refused("THROTTLED", detail=f"faster than usage plan {plan.id} allows")


def _find(tx: Reader, place: Place, visit: Visit, value: str) -> tuple[ApiKey, UsagePlan, PlanStage] | None:
    """The enabled key with a value, and the plan that lets it call the visit's stage."""
    named = tx.get(place.value(value))
    raw = None if named is None else tx.get(place.keys(named.decode()))
    if raw is None or not (key := KEYS.decode(raw)).enabled:
        return None
    for plan in plans_of(tx, place, key.id):
        if stage := plan.stage(visit.api_id, visit.stage):
            return key, plan, stage
    return None
