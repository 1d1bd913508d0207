"""Methods of resources. docs: API_PutMethod, API_GetMethod, API_UpdateMethod, API_DeleteMethod"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.rest_api import records
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import mapping, shapes, store
from atoll.services.apigateway.access import access
from atoll.services.apigateway.errors import BadRequestException, ConflictException, NotFoundException
from atoll.services.apigateway.patches import (
    Patch,
    Rules,
    apply,
    clear,
    drop_entry,
    flag,
    patches,
    put,
    put_entry,
)

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        DeleteMethodRequestTypeDef,
        GetMethodRequestTypeDef,
        PutMethodRequestTypeDef,
        UpdateMethodRequestTypeDef,
    )

METHOD = "/restapis/{restApiId}/resources/{resourceId}/methods/{httpMethod}"
NAMES = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_KINDS: tuple[serving.AuthorizationType, ...] = ("NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS")


@operation("PutMethod", access=access("PUT", METHOD))
async def put_method(ctx: Context, request: PutMethodRequestTypeDef) -> dict[str, Any]:
    """Adds a method to a resource. Raises ConflictException where it is there."""
    name = request["httpMethod"]
    if name not in (*NAMES, "ANY"):
        raise BadRequestException(f"Invalid HttpMethod specified. Valid options are {','.join(NAMES)}")
    method = records.Method(
        name,
        serving.Guard(
            kind_of(request["authorizationType"]),
            request.get("authorizerId"),
            tuple(request.get("authorizationScopes", ())),
        ),
        request.get("apiKeyRequired", False),
        request.get("operationName"),
        dict(request.get("requestParameters", {})),
        dict(request.get("requestModels", {})),
        request.get("requestValidatorId"),
    )

    def write(tx: Transaction) -> None:
        resource = store.resource(tx, ctx, request["restApiId"], request["resourceId"])
        if name in resource.methods:
            raise ConflictException("Method already exists for this resource")
        check(tx, ctx, request["restApiId"], method)
        store.put_method(tx, ctx, request["restApiId"], resource, method)

    await ctx.store.transact(write)
    return members(method)


@operation("GetMethod", access=access("GET", METHOD))
async def get_method(ctx: Context, request: GetMethodRequestTypeDef) -> dict[str, Any]:
    """One method, with its responses and its integration. Raises NotFoundException."""
    _, method = await ctx.store.read(lambda tx: store.method(tx, ctx, request))
    return members(method)


@operation("UpdateMethod", access=access("PATCH", METHOD))
async def update_method(ctx: Context, request: UpdateMethodRequestTypeDef) -> dict[str, Any]:
    """Changes what the patches name."""
    operations = patches(request)

    def write(tx: Transaction) -> records.Method:
        resource, before = store.method(tx, ctx, request)
        method = apply(before, operations, RULES)
        check(tx, ctx, request["restApiId"], method)
        store.put_method(tx, ctx, request["restApiId"], resource, method)
        return method

    return members(await ctx.store.transact(write))


@operation("DeleteMethod", access=access("DELETE", METHOD))
async def delete_method(ctx: Context, request: DeleteMethodRequestTypeDef) -> None:
    """Removes a method with its integration and responses."""

    def write(tx: Transaction) -> None:
        resource, method = store.method(tx, ctx, request)
        kept = {name: one for name, one in resource.methods.items() if name != method.name}
        store.put_resource(tx, ctx, request["restApiId"], msgspec.structs.replace(resource, methods=kept))

    await ctx.store.transact(write)


def kind_of(given: str | None) -> serving.AuthorizationType:
    """An authorization type. Raises BadRequestException."""
    for kind in _KINDS:
        if kind == given:
            return kind
    raise BadRequestException(f"Invalid authorization type specified. Must be one of: [{', '.join(_KINDS)}]")


def check(tx: Reader, ctx: Context, api_id: str, method: records.Method) -> None:
    """Whether all that a method names is there. Raises BadRequestException."""
    mapping.check_request_parameters(method.parameters)
    check_models(tx, ctx, api_id, method.models)
    if method.validator is not None:
        _referred(store.validator, tx, ctx, api_id, method.validator, "Invalid Request Validator identifier specified")
    if method.guard.kind in ("CUSTOM", "COGNITO_USER_POOLS"):
        _check_authorizer(tx, ctx, api_id, method.guard)


def _check_authorizer(tx: Reader, ctx: Context, api_id: str, guard: serving.Guard) -> None:
    missing = (
        "Invalid authorizer ID specified. "
        "Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer."
    )
    found: store.Authorizer = _referred(store.authorizer, tx, ctx, api_id, guard.authorizer or "", missing)
    if (found.runs.kind == "COGNITO_USER_POOLS") != (guard.kind == "COGNITO_USER_POOLS"):
        raise BadRequestException(missing)


def check_models(tx: Reader, ctx: Context, api_id: str, models: dict[str, str]) -> None:
    """Whether the models that are named by content type are there. Raises BadRequestException."""
    mapping.check_content_types(models)
    for name in models.values():
        _referred(store.model, tx, ctx, api_id, name, f"Invalid model identifier specified: {name}")


def _referred(read: Any, tx: Reader, ctx: Context, api_id: str, name: str, missing: str) -> Any:
    """What a request refers to: that it is not there is the request's fault."""
    try:
        return read(tx, ctx, api_id, name)
    except NotFoundException:
        raise BadRequestException(missing) from None


def _guard(field: str, convert: Any = lambda value: value) -> Any:
    """Sets a field of the method's guard."""

    def change(method: records.Method, patch: Patch) -> records.Method:
        guard = msgspec.structs.replace(method.guard, **{field: convert(patch.value)})
        return msgspec.structs.replace(method, guard=guard)

    return change


def _scopes(method: records.Method, patch: Patch) -> records.Method:
    kept = [scope for scope in method.guard.scopes if scope != patch.value]
    scopes = (*kept, patch.value or "") if patch.op == "add" else tuple(kept)
    return msgspec.structs.replace(method, guard=msgspec.structs.replace(method.guard, scopes=scopes))


RULES: Rules[records.Method] = {
    "add": {
        "/requestParameters/{name}": put_entry("parameters", flag),
        "/requestModels/{contentType}": put_entry("models"),
        "/authorizationScopes": _scopes,
    },
    "remove": {
        "/requestParameters/{name}": drop_entry("parameters"),
        "/requestModels/{contentType}": drop_entry("models", "Invalid model identifier specified"),
        "/authorizationScopes": _scopes,
        "/requestValidatorId": clear("validator"),
        "/authorizerId": _guard("authorizer", lambda _value: None),
        "/operationName": clear("operation_name"),
    },
    "replace": {
        "/authorizationType": _guard("kind", kind_of),
        "/authorizerId": _guard("authorizer", lambda value: value or None),
        "/apiKeyRequired": put("api_key_required", flag),
        "/operationName": put("operation_name"),
        "/requestValidatorId": put("validator", lambda value: value or None),
        "/requestParameters/{name}": put_entry("parameters", flag),
        "/requestModels/{contentType}": put_entry("models"),
    },
}


def members(method: records.Method) -> dict[str, Any]:
    """A method under AWS's member names."""
    return shapes.method(method)
