"""What API Gateway accepts as an integration of a kind of API. Raises AWS's errors, and refuses by name what Atoll cannot do.

docs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from atoll.api_runtime.http_api.services import ACTIONS
from atoll.api_runtime.serving import Kind
from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.services.apigatewayv2 import mappings, store
from atoll.services.apigatewayv2.errors import BadRequestException
from atoll.services.apigatewayv2.rules import METHODS, function_of, invoked, one_of, role

TIMEOUTS: Mapping[Kind, int] = {"HTTP": 30_000, "WEBSOCKET": 29_000}
"""Milliseconds: the longest, and what holds where nothing is said."""
_KIND = one_of("integration type", "AWS_PROXY", "HTTP_PROXY", "AWS", "HTTP", "MOCK")
_CONNECTION = one_of("connection type", "INTERNET", "VPC_LINK")
_PASSTHROUGH = one_of("passthrough behavior", "WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER")
_CONTENT_HANDLING = one_of("content handling strategy", "CONVERT_TO_BINARY", "CONVERT_TO_TEXT")
_SERVICE_URI = re.compile(r"arn:aws[a-z-]*:apigateway:[a-z0-9-]+:[a-z0-9.-]+:(?:action|path)/.+")
_OF_WEBSOCKETS = (
    "ContentHandlingStrategy",
    "PassthroughBehavior",
    "RequestTemplates",
    "TemplateSelectionExpression",
)
_OF_TEMPLATES = ("ContentHandlingStrategy", "RequestTemplates", "TemplateSelectionExpression")
_NO_LINKS = "apigatewayv2: VPC links (ConnectionType VPC_LINK) are not implemented: Atoll has no VPCs"


def warn(ctx: Context, kind: Kind, request: Mapping[str, Any]) -> None:
    """Reports what has no effect: on this kind of API, or before functions, which get messages as they are."""
    why = "AWS has it for WebSocket APIs only"
    members: tuple[str, ...] = _OF_WEBSOCKETS if kind == "HTTP" else ()
    if kind == "WEBSOCKET" and request.get("IntegrationType") == "AWS_PROXY":
        why, members = "a proxied function gets and answers messages as they are", _OF_TEMPLATES
    for member in members:
        if request.get(member):
            ctx.warn(member, why)


def asked(ctx: Context, kind: Kind, before: store.Integration, request: Mapping[str, Any]) -> store.Integration:
    """The integration with the members that the request names. Raises BadRequestException, NotImplementedByAtoll."""
    _KIND(before.kind)
    _check_connection(request)
    integration = store.changed(
        before,
        request,
        {
            "Description": ("description", str),
            "IntegrationMethod": ("method", lambda given: given or None),
            "IntegrationSubtype": ("subtype", lambda given: given or None),
            "IntegrationUri": ("uri", lambda given: given or None),
            "TimeoutInMillis": ("timeout", int),
            "CredentialsArn": ("credentials", role),
            "TlsConfig": ("tls_server_name", lambda given: given.get("ServerNameToVerify") or None),
            "PayloadFormatVersion": ("payload_format", _payload_format),
        },
    )
    longest = TIMEOUTS[kind]
    if not 50 <= integration.timeout <= longest:
        raise BadRequestException(f"Timeout should be between 50 ms and {longest} ms")
    if integration.method is not None and integration.method not in METHODS:
        raise BadRequestException(f"Invalid HTTP method specified: {integration.method}")
    return _of_http(ctx, integration, request) if kind == "HTTP" else _of_websocket(integration, request)


def _check_connection(request: Mapping[str, Any]) -> None:
    if _CONNECTION(request.get("ConnectionType", "INTERNET")) == "INTERNET" and not request.get("ConnectionId"):
        return
    if not request.get("ConnectionId"):
        raise BadRequestException("ConnectionId must be set to vpcLinkId for ConnectionType VPC_LINK")
    raise NotImplementedByAtoll(_NO_LINKS)


def _of_http(ctx: Context, integration: store.Integration, request: Mapping[str, Any]) -> store.Integration:
    if integration.kind not in ("AWS_PROXY", "HTTP_PROXY"):
        raise BadRequestException(
            "Currently, an API with a protocol type of HTTP may only be associated with proxy integrations "
            "(AWS_PROXY, HTTP_PROXY)"
        )
    integration = msgspec.structs.replace(
        integration,
        request_parameters=_merged(integration.request_parameters, request.get("RequestParameters", {})),
        response_parameters=_merged_responses(integration.response_parameters, request.get("ResponseParameters", {})),
    )
    if integration.kind == "HTTP_PROXY":
        _check_http_proxy(integration)
    elif integration.subtype is not None:
        _check_action(ctx, integration)
    else:
        _check_function(integration)
    if integration.subtype is None:
        mappings.check_request(integration.request_parameters)
    mappings.check_response(integration.response_parameters)
    return integration


def _check_http_proxy(integration: store.Integration) -> None:
    if integration.subtype is not None:
        raise BadRequestException("IntegrationSubtype is only supported for integration of type AWS_PROXY")
    if integration.method is None:
        raise BadRequestException("HttpMethod parameter method must be specified for integrationType HTTPPROXY")
    if integration.payload_format != "1.0":
        raise BadRequestException(
            f"PayloadFormatVersion {integration.payload_format} is not supported for integration of type HTTP_PROXY"
        )
    _check_url(integration.uri)


def _check_url(uri: str | None) -> None:
    """Its host may be a stage variable, its path hold path variables."""
    try:
        url = urlsplit(uri or "")
        valid = url.scheme in ("http", "https") and bool(url.netloc) and not re.search(r"\s", uri or "")
    except ValueError:
        valid = False
    if not valid:
        raise BadRequestException("Invalid HTTP endpoint specified for URI")


def _check_function(integration: store.Integration) -> None:
    if integration.method not in (None, "POST"):
        raise BadRequestException("HttpMethod must be POST for AWS_PROXY IntegrationType")
    if integration.uri is None:
        raise BadRequestException("IntegrationUri is a required parameter for integration")
    function_of(integration.uri)


def _check_action(ctx: Context, integration: store.Integration) -> None:
    subtype = integration.subtype or ""
    action = ACTIONS.get(subtype)
    if action is None or integration.payload_format != "1.0":
        raise BadRequestException(f"Operation: {subtype} is not supported.")
    if integration.uri is not None:
        raise BadRequestException("Invalid integration URI specified")
    if integration.credentials is None:
        raise BadRequestException(
            f"Role ARN must be specified for AWS integration configuration with Subtype: {subtype}"
        )
    if not all(name in integration.request_parameters for name in action.required):
        raise BadRequestException(
            f"Operation: {subtype} requires enabling passthrough, or defining all of the following parameters in the "
            f"parameter mapping: [{', '.join(action.required)}]"
        )
    mappings.check_service(integration.request_parameters)
    if action.service == "stepfunctions":
        raise NotImplementedByAtoll(f"apigatewayv2: {subtype}: Atoll has no Step Functions")
    if not ctx.offers(action.service, action.operation):
        raise NotImplementedByAtoll(
            f"apigatewayv2: {subtype} needs {action.operation} of {action.service}, which Atoll does not have yet"
        )


def _of_websocket(integration: store.Integration, request: Mapping[str, Any]) -> store.Integration:
    for member in ("IntegrationSubtype", "ResponseParameters", "TlsConfig"):
        if request.get(member):
            raise BadRequestException(f"{member} is not supported for WEBSOCKET protocolType")
    if integration.payload_format != "1.0":
        raise BadRequestException(f"Unsupported PayloadFormatVersion: {integration.payload_format}")
    integration = store.changed(
        integration,
        request,
        {
            "ContentHandlingStrategy": ("content_handling", content_handling),
            "PassthroughBehavior": ("passthrough", _PASSTHROUGH),
            "TemplateSelectionExpression": ("template_selection", lambda given: given or None),
            "RequestTemplates": ("request_templates", dict),
            "RequestParameters": ("request_parameters", lambda given: _merged(integration.request_parameters, given)),
        },
    )
    mappings.check_websocket_request(integration.request_parameters)
    if integration.kind == "MOCK":
        return integration
    if integration.method is None and integration.kind != "AWS_PROXY":
        kind = integration.kind.replace("_", "")
        raise BadRequestException(f"HttpMethod parameter method must be specified for integrationType {kind}")
    if integration.kind in ("HTTP", "HTTP_PROXY"):
        _check_url(integration.uri)
    elif integration.kind == "AWS_PROXY":
        _check_function(integration)
    elif not _SERVICE_URI.fullmatch(integration.uri or ""):
        raise BadRequestException("AWS ARN for integration must contain path or action")
    return integration


def content_handling(given: str) -> str | None:
    """A content handling strategy, None for "". Raises BadRequestException."""
    return _CONTENT_HANDLING(given) if given else None


def is_function(integration: store.Integration) -> bool:
    """Whether it calls a function."""
    if integration.kind == "AWS":
        return invoked(integration.uri or "") is not None
    return integration.kind == "AWS_PROXY" and integration.subtype is None


def _merged(before: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Of an update: a parameter that is given as "" goes."""
    return {name: value for name, value in {**before, **given}.items() if value}


def _merged_responses(
    before: Mapping[str, Mapping[str, str]], given: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    """Of an update: the mappings of a status code take the place of its former ones; none at all take them away."""
    return {status: dict(one) for status, one in {**before, **given}.items() if one}


def _payload_format(version: str) -> Literal["1.0", "2.0"]:
    if version == "1.0":
        return "1.0"
    if version == "2.0":
        return "2.0"
    raise BadRequestException(f"Unsupported PayloadFormatVersion: {version}")
