"""Which API keys are in a usage plan. docs: API_CreateUsagePlanKey and its kin"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.api_runtime.usage_plans import ApiKey
from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import key_records
from atoll.services.apigateway.access import access
from atoll.services.apigateway.api_keys import plan_key_members
from atoll.services.apigateway.errors import BadRequestException, ConflictException, NotFoundException
from atoll.services.apigateway.pages import names_page
from atoll.services.apigateway.resource_tags import OF_USAGE_PLAN

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        CreateUsagePlanKeyRequestTypeDef,
        DeleteUsagePlanKeyRequestTypeDef,
        GetUsagePlanKeyRequestTypeDef,
        GetUsagePlanKeysRequestTypeDef,
    )

_ALL = "/usageplans/{usagePlanId}/keys"
_ONE = _ALL + "/{keyId}"


@operation("CreateUsagePlanKey", access=access("POST", _ALL, OF_USAGE_PLAN))
async def create_usage_plan_key(ctx: Context, request: CreateUsagePlanKeyRequestTypeDef) -> Any:
    """Puts a key into a plan. Raises ConflictException where it has a plan for one of the stages already."""
    if request["keyType"] != "API_KEY":
        raise BadRequestException("Invalid key type specified: must be API_KEY")
    plan_id, key_id = request["usagePlanId"], request["keyId"]

    def write(tx: Transaction) -> ApiKey:
        plan, key = key_records.plan(tx, ctx, plan_id), key_records.key(tx, ctx, key_id)
        if key_records.is_member(tx, ctx, plan_id, key_id):
            raise ConflictException("Usage Plan Key already exists")
        key_records.check_one_plan(tx, ctx, plan, key_id)
        key_records.join(tx, ctx, plan_id, key_id)
        return key

    return plan_key_members(await ctx.store.transact(write))


@operation("GetUsagePlanKey", access=access("GET", _ONE, OF_USAGE_PLAN))
async def get_usage_plan_key(ctx: Context, request: GetUsagePlanKeyRequestTypeDef) -> Any:
    """A key of a plan."""
    return plan_key_members(await ctx.store.read(lambda tx: _member(tx, ctx, request["usagePlanId"], request["keyId"])))


@operation("GetUsagePlanKeys", access=access("GET", _ALL, OF_USAGE_PLAN))
async def get_usage_plan_keys(ctx: Context, request: GetUsagePlanKeysRequestTypeDef) -> dict[str, Any]:
    """A page of a plan's keys whose name begins with `nameQuery`, by id; of a plan that is not there none, as AWS has it."""
    prefix = key_records.place(ctx).members(request["usagePlanId"])

    def wanted(tx: Reader, key_id: str) -> bool:
        return (key_records.key(tx, ctx, key_id).name or "").startswith(request.get("nameQuery") or "")

    def read(tx: Reader) -> dict[str, Any]:
        names, position = names_page(tx, request, under(prefix), prefix, lambda key_id: wanted(tx, key_id))
        items = [plan_key_members(key_records.key(tx, ctx, key_id)) for key_id in names]
        return {"items": items, "position": position}

    return await ctx.store.read(read)


@operation("DeleteUsagePlanKey", access=access("DELETE", _ONE, OF_USAGE_PLAN))
async def delete_usage_plan_key(ctx: Context, request: DeleteUsagePlanKeyRequestTypeDef) -> None:
    """Takes a key out of a plan."""
    plan_id, key_id = request["usagePlanId"], request["keyId"]

    def write(tx: Transaction) -> None:
        _member(tx, ctx, plan_id, key_id)
        key_records.leave(tx, ctx, plan_id, key_id)

    await ctx.store.transact(write)


def _member(tx: Reader, ctx: Context, plan_id: str, key_id: str) -> ApiKey:
    key_records.plan(tx, ctx, plan_id)
    if not key_records.is_member(tx, ctx, plan_id, key_id):
        raise NotFoundException(key_records.NO_KEY)
    return key_records.key(tx, ctx, key_id)
