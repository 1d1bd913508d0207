"""Gateway responses: what an API answers where it refuses a request, in its owner's words or AWS's own.

docs: API_PutGatewayResponse, API_GetGatewayResponses; "Gateway response types"
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from atoll.api_runtime.rest_api import records
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import mapping, store
from atoll.services.apigateway.access import access
from atoll.services.apigateway.errors import BadRequestException, NotFoundException
from atoll.services.apigateway.method_responses import check_status
from atoll.services.apigateway.patches import Rules, apply, drop_entry, patches, put, put_entry

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        DeleteGatewayResponseRequestTypeDef,
        GetGatewayResponseRequestTypeDef,
        GetGatewayResponsesRequestTypeDef,
        PutGatewayResponseRequestTypeDef,
        UpdateGatewayResponseRequestTypeDef,
    )

RESPONSES = "/restapis/{restApiId}/gatewayresponses"
RESPONSE = f"{RESPONSES}/{{responseType}}"
STATUSES: dict[str, str | None] = {
    "ACCESS_DENIED": "403",
    "API_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_FAILURE": "500",
    "BAD_REQUEST_BODY": "400",
    "BAD_REQUEST_PARAMETERS": "400",
    "DEFAULT_4XX": None,
    "DEFAULT_5XX": None,
    "EXPIRED_TOKEN": "403",
    "INTEGRATION_FAILURE": "504",
    "INTEGRATION_TIMEOUT": "504",
    "INVALID_API_KEY": "403",
    "INVALID_SIGNATURE": "403",
    "MISSING_AUTHENTICATION_TOKEN": "403",
    "QUOTA_EXCEEDED": "429",
    "REQUEST_TOO_LARGE": "413",
    "RESOURCE_NOT_FOUND": "404",
    "THROTTLED": "429",
    "UNAUTHORIZED": "401",
    "UNSUPPORTED_MEDIA_TYPE": "415",
    "WAF_FILTERED": "403",
}
"""The status of each type where its owner says none."""
_TEMPLATE = {"application/json": '{"message":$context.error.messageString}'}
_PARAMETER = re.compile(r"gatewayresponse\.header\.[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_SOURCE = re.compile(
    r"'[^']*'|(?:context|stageVariables)\.[\w.\-]+|method\.request\.(?:multivalue)?(?:header|querystring|path)\..+"
    r"|method\.request\.body.*",
    re.DOTALL,
)


@operation("PutGatewayResponse", access=access("PUT", RESPONSE))
async def put_gateway_response(ctx: Context, request: PutGatewayResponseRequestTypeDef) -> dict[str, Any]:
    """Says how a type is answered, in the place of what was said. Live with the next deployment."""
    response = records.GatewayResponse(
        request["responseType"],
        request.get("statusCode"),
        dict(request.get("responseParameters", {})),
        dict(request.get("responseTemplates", {})),
    )
    check(response)

    def write(tx: Transaction) -> None:
        store.api(tx, ctx, request["restApiId"])
        store.put(tx, ctx, request["restApiId"], response)

    await ctx.store.transact(write)
    return members(response)


@operation("GetGatewayResponse", access=access("GET", RESPONSE))
async def get_gateway_response(ctx: Context, request: GetGatewayResponseRequestTypeDef) -> dict[str, Any]:
    """How a type is answered, AWS's own way where its owner said nothing."""
    kind = request["responseType"]
    found = await ctx.store.read(lambda tx: _found(tx, ctx, request["restApiId"], kind))
    return members(found) if found else default(kind)


@operation("GetGatewayResponses", access=access("GET", RESPONSES))
async def get_gateway_responses(ctx: Context, request: GetGatewayResponsesRequestTypeDef) -> dict[str, Any]:
    """All types, each as it is answered; AWS gives them on one page."""

    def read(tx: Reader) -> list[records.GatewayResponse | None]:
        store.api(tx, ctx, request["restApiId"])
        return [_found(tx, ctx, request["restApiId"], kind) for kind in STATUSES]

    found = await ctx.store.read(read)
    return {"items": [members(one) if one else default(kind) for kind, one in zip(STATUSES, found, strict=True)]}


@operation("UpdateGatewayResponse", access=access("PATCH", RESPONSE))
async def update_gateway_response(ctx: Context, request: UpdateGatewayResponseRequestTypeDef) -> dict[str, Any]:
    """Changes what the patches name, of AWS's own response too."""
    operations = patches(request)

    def write(tx: Transaction) -> records.GatewayResponse:
        kind = request["responseType"]
        before = _found(tx, ctx, request["restApiId"], kind) or records.GatewayResponse(kind, templates=_TEMPLATE)
        response = apply(before, operations, RULES)
        check(response)
        store.put(tx, ctx, request["restApiId"], response)
        return response

    return members(await ctx.store.transact(write))


@operation("DeleteGatewayResponse", access=access("DELETE", RESPONSE))
async def delete_gateway_response(ctx: Context, request: DeleteGatewayResponseRequestTypeDef) -> None:
    """Goes back to AWS's own. Raises NotFoundException where it is that."""

    def write(tx: Transaction) -> None:
        if _found(tx, ctx, request["restApiId"], request["responseType"]) is None:
            raise NotFoundException("Gateway response type not defined on api")
        tx.delete(store.key(ctx, "v1.gateway-responses", request["restApiId"], request["responseType"]))

    await ctx.store.transact(write)


def _found(tx: Reader, ctx: Context, api_id: str, kind: str) -> records.GatewayResponse | None:
    store.api(tx, ctx, api_id)
    raw = tx.get(store.key(ctx, "v1.gateway-responses", api_id, kind))
    return None if raw is None else store.GATEWAY_RESPONSES.decode(raw)


def check(response: records.GatewayResponse) -> None:
    """Raises BadRequestException for what AWS does not accept."""
    if response.status is not None:
        check_status(response.status)
    for name, source in response.parameters.items():
        if not _PARAMETER.fullmatch(name):
            raise BadRequestException(f"Invalid mapping expression specified: {name}")
        if not _SOURCE.fullmatch(source):
            raise BadRequestException(f"Invalid mapping expression specified: {source}")
    mapping.check_content_types(response.templates)


_PUT = {
    "/statusCode": put("status", lambda value: value or None),
    "/responseParameters/{name}": put_entry("parameters"),
    "/responseTemplates/{contentType}": put_entry("templates"),
}
RULES: Rules[records.GatewayResponse] = {
    "add": _PUT,
    "remove": {
        "/statusCode": put("status", lambda _value: None),
        "/responseParameters/{name}": drop_entry("parameters"),
        "/responseTemplates/{contentType}": drop_entry("templates", "Invalid content type specified"),
    },
    "replace": _PUT,
}


def default(kind: str) -> dict[str, Any]:
    """AWS's own response of a type."""
    return {
        "responseType": kind,
        "statusCode": STATUSES[kind],
        "responseParameters": {},
        "responseTemplates": _TEMPLATE,
        "defaultResponse": True,
    }


def members(response: records.GatewayResponse) -> dict[str, Any]:
    """A response that its owner defined, under AWS's member names."""
    return {
        "responseType": response.kind,
        "statusCode": response.status or STATUSES[response.kind],
        "responseParameters": response.parameters,
        "responseTemplates": response.templates,
        "defaultResponse": False,
    }
