"""Request validators. docs: API_CreateRequestValidator, API_UpdateRequestValidator; GetRequestValidators, DeleteRequestValidator"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.api_runtime.rest_api import records
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import store
from atoll.services.apigateway.access import access
from atoll.services.apigateway.errors import BadRequestException, ConflictException
from atoll.services.apigateway.pages import page
from atoll.services.apigateway.patches import Rules, apply, flag, patches, put

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        CreateRequestValidatorRequestTypeDef,
        DeleteRequestValidatorRequestTypeDef,
        GetRequestValidatorRequestTypeDef,
        GetRequestValidatorsRequestTypeDef,
        UpdateRequestValidatorRequestTypeDef,
    )

VALIDATORS = "/restapis/{restApiId}/requestvalidators"
VALIDATOR = f"{VALIDATORS}/{{requestValidatorId}}"


@operation("CreateRequestValidator", access=access("POST", VALIDATORS))
async def create_request_validator(ctx: Context, request: CreateRequestValidatorRequestTypeDef) -> dict[str, Any]:
    """Adds a validator."""
    validator = records.Validator(
        ctx.ids.lower(6),
        request.get("name", ""),
        request.get("validateRequestBody", False),
        request.get("validateRequestParameters", False),
    )

    def write(tx: Transaction) -> None:
        if tx.get(store.key(ctx, "v1.apis", request["restApiId"])) is None:
            raise BadRequestException("Invalid REST API identifier specified")
        store.put(tx, ctx, request["restApiId"], validator)

    await ctx.store.transact(write)
    return members(validator)


@operation("GetRequestValidator", access=access("GET", VALIDATOR))
async def get_request_validator(ctx: Context, request: GetRequestValidatorRequestTypeDef) -> dict[str, Any]:
    """One validator. Raises NotFoundException."""
    return members(await ctx.store.read(lambda tx: _found(tx, ctx, request)))


@operation("GetRequestValidators", access=access("GET", VALIDATORS))
async def get_request_validators(ctx: Context, request: GetRequestValidatorsRequestTypeDef) -> dict[str, Any]:
    """A page of an API's validators, by id."""
    api_id = request["restApiId"]

    def read(tx: Reader) -> dict[str, Any]:
        store.api(tx, ctx, api_id)
        span, prefix = store.parts(ctx, "v1.validators", api_id), store.key(ctx, "v1.validators", api_id)
        return page(tx, request, span, prefix, store.VALIDATORS, members)

    return await ctx.store.read(read)


@operation("UpdateRequestValidator", access=access("PATCH", VALIDATOR))
async def update_request_validator(ctx: Context, request: UpdateRequestValidatorRequestTypeDef) -> dict[str, Any]:
    """Changes what the patches name."""
    operations = patches(request)

    def write(tx: Transaction) -> records.Validator:
        validator = apply(_found(tx, ctx, request), operations, RULES)
        store.put(tx, ctx, request["restApiId"], validator)
        return validator

    return members(await ctx.store.transact(write))


@operation("DeleteRequestValidator", access=access("DELETE", VALIDATOR))
async def delete_request_validator(ctx: Context, request: DeleteRequestValidatorRequestTypeDef) -> None:
    """Removes a validator. Raises ConflictException while a method names it."""
    api_id = request["restApiId"]

    def write(tx: Transaction) -> None:
        validator = _found(tx, ctx, request)
        for resource in store.each(tx, ctx, "v1.resources", records.RESOURCES, api_id):
            for method in resource.methods.values():
                if method.validator == validator.id:
                    raise ConflictException(
                        f"Cannot delete request validator '{validator.id}', is referenced in method {resource.path}/{method.name}"
                    )
        tx.delete(store.key(ctx, "v1.validators", api_id, validator.id))

    await ctx.store.transact(write)


def _found(tx: Reader, ctx: Context, request: Any) -> records.Validator:
    return store.validator(tx, ctx, request["restApiId"], request["requestValidatorId"])


RULES: Rules[records.Validator] = {
    "replace": {
        "/name": put("name", lambda value: value or ""),
        "/validateRequestBody": put("body", flag),
        "/validateRequestParameters": put("parameters", flag),
    }
}


def members(validator: records.Validator) -> dict[str, Any]:
    """A validator under AWS's member names."""
    return {
        "id": validator.id,
        "name": validator.name,
        "validateRequestBody": validator.body,
        "validateRequestParameters": validator.parameters,
    }
