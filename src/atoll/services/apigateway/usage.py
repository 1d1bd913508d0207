"""What keys used of a usage plan. docs: API_GetUsage, API_UpdateUsage"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from atoll.api_runtime.usage_plans import UsagePlan, day_of, remaining
from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction, counter
from atoll.services.apigateway import key_records
from atoll.services.apigateway.access import access
from atoll.services.apigateway.errors import BadRequestException, NotFoundException
from atoll.services.apigateway.pages import names_page
from atoll.services.apigateway.patches import LARGEST, patches, whole
from atoll.services.apigateway.resource_tags import OF_USAGE_PLAN

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import GetUsageRequestTypeDef, UpdateUsageRequestTypeDef

LONGEST = 366
"""Days that one request may ask for."""
EPOCH = 1970


@operation("GetUsage", access=access("GET", "/usageplans/{usagePlanId}/usage", OF_USAGE_PLAN))
async def get_usage(ctx: Context, request: GetUsageRequestTypeDef) -> dict[str, Any]:
    """Of a plan's keys, or of one: for each day what was used, and what remained of the quota (0 without one)."""
    plan_id, key_id = request["usagePlanId"], request.get("keyId")
    days = list(_days(request["startDate"], request["endDate"]))

    def read(tx: Reader) -> dict[str, Any]:
        plan = key_records.plan(tx, ctx, plan_id)
        prefix = key_records.place(ctx).members(plan_id)
        if key_id and not key_records.is_member(tx, ctx, plan_id, key_id):
            raise NotFoundException(key_records.NO_KEY)
        names, position = names_page(tx, request, under(prefix), prefix, lambda name: key_id in (None, name))
        items = {name: [_used(tx, ctx, plan, name, day) for day in days] for name in names}
        return _members(plan_id, days[0], days[-1], items) | {"position": position}

    return await ctx.store.read(read)


@operation("UpdateUsage", access=access("PATCH", "/usageplans/{usagePlanId}/keys/{keyId}/usage", OF_USAGE_PLAN))
async def update_usage(ctx: Context, request: UpdateUsageRequestTypeDef) -> dict[str, Any]:
    """Says how much of its quota a key may still use in the period that runs."""
    plan_id, key_id = request["usagePlanId"], request["keyId"]
    wanted, today = _remaining(request), day_of(ctx.clock.now())

    def write(tx: Transaction) -> dict[str, Any]:
        plan = key_records.plan(tx, ctx, plan_id)
        if not key_records.is_member(tx, ctx, plan_id, key_id):
            raise NotFoundException(key_records.NO_KEY)
        left = remaining(tx, key_records.place(ctx), plan, key_id, today)
        if plan.quota is None or left is None:
            raise BadRequestException(f"Usage Plan {plan_id} has no quota")
        granted = key_records.place(ctx).granted(plan_id, key_id, str(plan.quota.start(today)))
        if wanted is not None:
            tx.set(granted, str(counter(tx.get(granted)) + wanted - left).encode())
        return _members(plan_id, today, today, {key_id: [_used(tx, ctx, plan, key_id, today)]})

    return await ctx.store.transact(write)


def _remaining(request: UpdateUsageRequestTypeDef) -> int | None:
    """What the last patch says. Raises BadRequestException for any that is for something else."""
    found = None
    for patch in patches(request):
        if (patch.op, patch.text) != ("replace", "/remaining"):
            raise BadRequestException(
                f"Invalid patch path  '{patch.text}' specified for op '{patch.op}'. Must be one of: [/remaining]"
            )
        found = whole(patch.value)
        if not 0 <= found <= LARGEST:
            raise BadRequestException(f"The remaining quota must be between 0 and {LARGEST}")
    return found


def _days(start: str, end: str) -> Iterator[date]:
    """The days from one to another. Raises BadRequestException for what are no dates, in order, a year apart at most."""
    try:
        first, last = date.fromisoformat(start), date.fromisoformat(end)
    except ValueError as error:
        raise BadRequestException(
            "Invalid date specified: startDate and endDate must be in the form YYYY-MM-DD"
        ) from error
    if not 0 <= (last - first).days < LONGEST or first.year < EPOCH:
        raise BadRequestException(f"Invalid date range specified: it must have 1 to {LONGEST} days")
    return (first + timedelta(day) for day in range((last - first).days + 1))


def _used(tx: Reader, ctx: Context, plan: UsagePlan, key_id: str, day: date) -> list[int]:
    place = key_records.place(ctx)
    left = remaining(tx, place, plan, key_id, day)
    return [counter(tx.get(place.used(plan.id, key_id, str(day)))), max(left or 0, 0)]


def _members(plan_id: str, start: date, end: date, items: dict[str, list[list[int]]]) -> dict[str, Any]:
    return {"usagePlanId": plan_id, "startDate": str(start), "endDate": str(end), "items": items}
