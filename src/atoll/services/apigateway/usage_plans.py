"""Usage plans. docs: API_CreateUsagePlan and its kin; what they let through: `api_runtime/usage_plans.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atoll.api_runtime.usage_plans import PLANS, PlanStage, Quota, Throttle, UsagePlan, plans_of
from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.tag_conditions import adds_tags
from atoll.services.apigateway import key_records
from atoll.services.apigateway.access import access
from atoll.services.apigateway.errors import BadRequestException, NotFoundException
from atoll.services.apigateway.pages import page
from atoll.services.apigateway.patches import patches
from atoll.services.apigateway.resource_tags import OF_USAGE_PLAN
from atoll.services.apigateway.tag_rules import checked
from atoll.services.apigateway.usage_plan_patches import changed, check_quota, check_throttle

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        CreateUsagePlanRequestTypeDef,
        DeleteUsagePlanRequestTypeDef,
        GetUsagePlanRequestTypeDef,
        GetUsagePlansRequestTypeDef,
        UpdateUsagePlanRequestTypeDef,
    )

_ONE = "/usageplans/{usagePlanId}"


@operation("CreateUsagePlan", access=access("POST", "/usageplans", adds_tags("tags")))
async def create_usage_plan(ctx: Context, request: CreateUsagePlanRequestTypeDef) -> dict[str, Any]:
    """Makes a usage plan. Raises NotFoundException for a stage that is not there."""
    if not request["name"]:
        raise BadRequestException("Usage Plan name cannot be empty")
    plan = UsagePlan(
        id=ctx.ids.lower(6),
        name=request["name"],
        description=request.get("description"),
        stages=tuple(_stage(one) for one in request.get("apiStages", ())),
        throttle=_throttle(request.get("throttle")),
        quota=check_quota(request["quota"]) if request.get("quota") else None,
        tags=checked(request.get("tags", {})),
    )

    def write(tx: Transaction) -> dict[str, Any]:
        _check_stages(tx, ctx, plan, plan.stages)
        key_records.put_plan(tx, ctx, plan)
        return members(tx, ctx, plan) | {"tags": plan.tags or None}  # the later answers show that there are none

    return await ctx.store.transact(write)


@operation("GetUsagePlan", access=access("GET", _ONE, OF_USAGE_PLAN))
async def get_usage_plan(ctx: Context, request: GetUsagePlanRequestTypeDef) -> dict[str, Any]:
    """A usage plan."""
    return await ctx.store.read(lambda tx: members(tx, ctx, key_records.plan(tx, ctx, request["usagePlanId"])))


@operation("GetUsagePlans", access=access("GET", "/usageplans"))
async def get_usage_plans(ctx: Context, request: GetUsagePlansRequestTypeDef) -> dict[str, Any]:
    """A page of the usage plans, by id; with `keyId` those that have this key."""

    def read(tx: Reader) -> dict[str, Any]:
        prefix = key_records.place(ctx).plans()
        having = {plan.id for plan in plans_of(tx, key_records.place(ctx), request.get("keyId", ""))}

        def item(plan: UsagePlan) -> dict[str, Any]:
            return members(tx, ctx, plan) | {"tags": plan.tags or None}

        return page(
            tx, request, under(prefix), prefix, PLANS, item, lambda plan: not request.get("keyId") or plan.id in having
        )

    return await ctx.store.read(read)


@operation("UpdateUsagePlan", access=access("PATCH", _ONE, OF_USAGE_PLAN))
async def update_usage_plan(ctx: Context, request: UpdateUsagePlanRequestTypeDef) -> dict[str, Any]:
    """Changes a usage plan. What its keys used stays counted."""
    changes = patches(request)

    def write(tx: Transaction) -> dict[str, Any]:
        before = key_records.plan(tx, ctx, request["usagePlanId"])
        plan = changed(before, changes)
        new = tuple(one for one in plan.stages if before.stage(one.api, one.stage) is None)
        _check_stages(tx, ctx, plan, new)
        for path, _ in tx.scan(under(key_records.place(ctx).members(plan.id))) if new else ():
            key_records.check_one_plan(tx, ctx, plan, str(path[-1]))
        key_records.put_plan(tx, ctx, plan)
        return members(tx, ctx, plan)

    return await ctx.store.transact(write)


@operation("DeleteUsagePlan", access=access("DELETE", _ONE, OF_USAGE_PLAN))
async def delete_usage_plan(ctx: Context, request: DeleteUsagePlanRequestTypeDef) -> None:
    """Removes a usage plan that is for no stage any more. Its keys stay."""

    def write(tx: Transaction) -> None:
        plan = key_records.plan(tx, ctx, request["usagePlanId"])
        for stage in plan.stages:
            if key_records.is_there(tx, ctx, stage):
                raise BadRequestException(
                    f"Cannot delete Usage Plan {plan.id} because there are API Stages associated with it, "
                    f"including {stage.api}:{stage.stage}"
                )
        key_records.delete_plan(tx, ctx, plan)

    await ctx.store.transact(write)


def _stage(given: Mapping[str, Any]) -> PlanStage:
    if not given.get("apiId") or not given.get("stage"):
        raise BadRequestException("Invalid API Stage specified")
    throttle = {path: _throttle(limits) or Throttle() for path, limits in (given.get("throttle") or {}).items()}
    return PlanStage(given["apiId"], given["stage"], throttle)


def _throttle(given: Mapping[str, Any] | None) -> Throttle | None:
    return check_throttle(Throttle(given.get("rateLimit"), given.get("burstLimit"))) if given else None


def _check_stages(tx: Reader, ctx: Context, plan: UsagePlan, stages: tuple[PlanStage, ...]) -> None:
    for stage in stages:
        if not key_records.is_there(tx, ctx, stage):
            raise NotFoundException(
                f"Invalid API Stage {{api: {stage.api}, stage: {stage.stage}}} specified for usageplan {plan.id}"
            )


def members(tx: Reader, ctx: Context, plan: UsagePlan) -> dict[str, Any]:
    """A usage plan under the API's member names, without stages that are gone."""
    return {
        "id": plan.id,
        "name": plan.name,
        "description": plan.description,
        "apiStages": [_stage_members(stage) for stage in plan.stages if key_records.is_there(tx, ctx, stage)],
        "throttle": _throttle_members(plan.throttle),
        "quota": _quota_members(plan.quota),
        "productCode": plan.product_code,
        "tags": plan.tags,
    }


def _stage_members(stage: PlanStage) -> dict[str, Any]:
    throttle = {path: _throttle_members(limits) for path, limits in stage.throttle.items()}
    return {"apiId": stage.api, "stage": stage.stage, "throttle": throttle or None}


def _throttle_members(throttle: Throttle | None) -> dict[str, Any] | None:
    return None if throttle is None else {"burstLimit": throttle.burst, "rateLimit": throttle.rate}


def _quota_members(quota: Quota | None) -> dict[str, Any] | None:
    return None if quota is None else {"limit": quota.limit, "offset": quota.offset, "period": quota.period}
