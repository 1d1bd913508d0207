"""Responses of methods. docs: API_PutMethodResponse, API_GetMethodResponse, API_UpdateMethodResponse, API_DeleteMethodResponse"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.api_runtime.rest_api import records
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import mapping, methods, shapes, store
from atoll.services.apigateway.access import access
from atoll.services.apigateway.errors import BadRequestException, ConflictException, NotFoundException
from atoll.services.apigateway.patches import Rules, apply, drop_entry, flag, patches, put_entry

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        DeleteMethodResponseRequestTypeDef,
        GetMethodResponseRequestTypeDef,
        PutMethodResponseRequestTypeDef,
        UpdateMethodResponseRequestTypeDef,
    )

RESPONSE = f"{methods.METHOD}/responses/{{statusCode}}"
MISSING = "Invalid Response status code specified"
_STATUS = re.compile(r"[1-5]\d\d", re.ASCII)


@operation("PutMethodResponse", access=access("PUT", RESPONSE))
async def put_method_response(ctx: Context, request: PutMethodResponseRequestTypeDef) -> dict[str, Any]:
    """Adds an answer that the method may give. Raises ConflictException where it is there."""
    response = records.MethodResponse(
        check_status(request["statusCode"]),
        dict(request.get("responseParameters", {})),
        dict(request.get("responseModels", {})),
        shapes.empty(request),
    )

    def write(tx: Transaction) -> None:
        resource, method = store.method(tx, ctx, request)
        if response.status in method.responses:
            raise ConflictException("Response already exists for this resource")
        _store(tx, ctx, request["restApiId"], resource, method, response)

    await ctx.store.transact(write)
    return shapes.method_response(response)


@operation("GetMethodResponse", access=access("GET", RESPONSE))
async def get_method_response(ctx: Context, request: GetMethodResponseRequestTypeDef) -> dict[str, Any]:
    """One of them. Raises NotFoundException."""
    return shapes.method_response(await ctx.store.read(lambda tx: _found(tx, ctx, request)[2]))


@operation("UpdateMethodResponse", access=access("PATCH", RESPONSE))
async def update_method_response(ctx: Context, request: UpdateMethodResponseRequestTypeDef) -> dict[str, Any]:
    """Changes what the patches name."""
    operations = patches(request)

    def write(tx: Transaction) -> records.MethodResponse:
        resource, method, before = _found(tx, ctx, request)
        response = apply(before, operations, RULES)
        _store(tx, ctx, request["restApiId"], resource, method, response)
        return response

    return shapes.method_response(await ctx.store.transact(write))


@operation("DeleteMethodResponse", access=access("DELETE", RESPONSE))
async def delete_method_response(ctx: Context, request: DeleteMethodResponseRequestTypeDef) -> None:
    """Removes one of them."""

    def write(tx: Transaction) -> None:
        resource, method, response = _found(tx, ctx, request)
        kept = {status: one for status, one in method.responses.items() if status != response.status}
        store.put_method(tx, ctx, request["restApiId"], resource, msgspec.structs.replace(method, responses=kept))

    await ctx.store.transact(write)


def check_status(status: str) -> str:
    """A status code. Raises BadRequestException."""
    if not _STATUS.fullmatch(status):
        raise BadRequestException("Invalid status code specified")
    return status


def _found(tx: Reader, ctx: Context, request: Any) -> tuple[records.Resource, records.Method, records.MethodResponse]:
    resource, method = store.method(tx, ctx, request)
    if request["statusCode"] not in method.responses:
        raise NotFoundException(MISSING)
    return resource, method, method.responses[request["statusCode"]]


def _store(
    tx: Transaction,
    ctx: Context,
    api_id: str,
    resource: records.Resource,
    method: records.Method,
    response: records.MethodResponse,
) -> None:
    mapping.check_response_parameters(response.parameters)
    methods.check_models(tx, ctx, api_id, response.models)
    responses = {**method.responses, response.status: response}
    store.put_method(tx, ctx, api_id, resource, msgspec.structs.replace(method, responses=responses))


_PUT = {
    "/responseParameters/{name}": put_entry("parameters", flag),
    "/responseModels/{contentType}": put_entry("models"),
}
RULES: Rules[records.MethodResponse] = {
    "add": _PUT,
    "remove": {
        "/responseParameters/{name}": drop_entry("parameters"),
        "/responseModels/{contentType}": drop_entry("models", "Invalid model identifier specified"),
    },
    "replace": _PUT,
}
