"""What API Gateway accepts as an authorizer of a kind of API. Pure; raises AWS's errors.

docs: "Control access to HTTP APIs with JWT authorizers", "… with AWS Lambda authorizers"; "Control access to WebSocket APIs with AWS
Lambda REQUEST authorizers".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from atoll.api_runtime.serving import Kind
from atoll.services.apigatewayv2 import store
from atoll.services.apigatewayv2.errors import BadRequestException
from atoll.services.apigatewayv2.rules import invoked, one_of, role

_KIND = one_of("authorizer type", "JWT", "REQUEST")
DEFAULT_TTL = 300
"""Seconds for which an HTTP API remembers what a Lambda authorizer answered, where nothing is said."""
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
_SOURCES = {
    "HTTP": (
        re.compile(r"\$request\.(header|querystring)\.[^\s]+|\$(context|stageVariables)\.[^\s]+"),
        "Invalid identity source expression: {}",
    ),
    "WEBSOCKET": (
        re.compile(r"route\.request\.(header|querystring)\.[^\s]+|(context|stageVariables)\.[^\s]+"),
        "Invalid request identity source expression: {}",
    ),
}


def asked(kind: Kind, before: store.Authorizer, request: Mapping[str, Any]) -> store.Authorizer:
    """The authorizer with the members that the request names. Raises BadRequestException."""
    _KIND(before.kind)
    if kind == "WEBSOCKET" and before.kind != "REQUEST":
        raise BadRequestException("Only REQUEST authorizer type is supported on WEBSOCKET protocol Apis.")
    authorizer = store.changed(
        before,
        request,
        {
            "Name": ("name", str),
            "IdentitySource": ("identity", tuple),
            "IdentityValidationExpression": ("validation", lambda given: given or None),
        },
    )
    if not 1 <= len(authorizer.name) <= 128:
        raise BadRequestException("Invalid authorizer name specified")
    for source in authorizer.identity:
        pattern, message = _SOURCES[kind]
        if not pattern.fullmatch(source):
            raise BadRequestException(message.format(source))
    if authorizer.kind == "JWT":
        return _jwt(authorizer, request)
    return _lambda(kind, authorizer, request)


def _jwt(authorizer: store.Authorizer, request: Mapping[str, Any]) -> store.Authorizer:
    for member in ("AuthorizerUri", "AuthorizerCredentialsArn", "AuthorizerPayloadFormatVersion"):
        if request.get(member):
            raise BadRequestException(f"{member} is not supported for JWT Authorizer")
    if request.get("AuthorizerResultTtlInSeconds") or request.get("EnableSimpleResponses"):
        raise BadRequestException("AuthorizerResultTtlInSeconds and EnableSimpleResponses are for REQUEST authorizers")
    given = request.get("JwtConfiguration")
    if given is None and authorizer.issuer is None:
        raise BadRequestException("JwtConfiguration must not be null for JWT Authorizer")
    if given is not None:
        authorizer = store.changed(authorizer, given, {"Issuer": ("issuer", str), "Audience": ("audience", tuple)})
    if not authorizer.audience:
        raise BadRequestException("Audience list must have at least 1 item for JWT Authorizer")
    if not authorizer.issuer or not _is_url(authorizer.issuer):
        raise BadRequestException("Invalid issuer: Issuer is not a valid URL for JWT Authorizer")
    if len(authorizer.identity) != 1:
        raise BadRequestException("IdentitySource must have exactly 1 item for JWT Authorizer")
    return authorizer


def _is_url(issuer: str) -> bool:
    """HTTPS, as AWS wants it; plain HTTP on this machine, where nobody has a certificate."""
    try:
        url = urlsplit(issuer)
        return bool(url.hostname) and (url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK))
    except ValueError:
        return False


def _lambda(kind: Kind, authorizer: store.Authorizer, request: Mapping[str, Any]) -> store.Authorizer:
    if request.get("JwtConfiguration"):
        raise BadRequestException("JwtConfiguration is only supported for JWT Authorizer")
    authorizer = store.changed(
        authorizer,
        request,
        {
            "AuthorizerUri": ("uri", _uri),
            "AuthorizerCredentialsArn": ("credentials", role),
        },
    )
    if authorizer.uri is None:
        raise BadRequestException("AuthorizerUri is a required field in an Authorizer")
    if kind == "WEBSOCKET":
        return _of_websocket(authorizer, request)
    return _of_http(authorizer, request)


def _of_http(authorizer: store.Authorizer, request: Mapping[str, Any]) -> store.Authorizer:
    authorizer = store.changed(
        authorizer,
        request,
        {
            "AuthorizerPayloadFormatVersion": ("payload_format", _payload_format),
            "AuthorizerResultTtlInSeconds": ("ttl", _ttl),
            "EnableSimpleResponses": ("simple", bool),
        },
    )
    if authorizer.payload_format is None:
        raise BadRequestException("AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer")
    if authorizer.simple and authorizer.payload_format != "2.0":
        raise BadRequestException('EnableSimpleResponses can only be set for AuthorizerPayloadFormatVersion "2.0".')
    ttl = authorizer.ttl if authorizer.ttl is not None else DEFAULT_TTL if authorizer.identity else 0
    if ttl and not authorizer.identity:
        raise BadRequestException(
            "Identity source must be set if authorizer caching is enabled (TTL is greater than 0)"
        )
    return msgspec.structs.replace(authorizer, ttl=ttl, simple=bool(authorizer.simple))


def _of_websocket(authorizer: store.Authorizer, request: Mapping[str, Any]) -> store.Authorizer:
    """docs: "AuthorizerResultTtlInSeconds … Supported only for HTTP API Lambda authorizers"; likewise the other two."""
    members: Sequence[str] = (
        "AuthorizerPayloadFormatVersion",
        "AuthorizerResultTtlInSeconds",
        "EnableSimpleResponses",
    )
    for member in members:
        if request.get(member):
            raise BadRequestException(f"{member} is not supported on WEBSOCKET protocol Apis.")
    return authorizer


def _uri(uri: str) -> str:
    if invoked(uri) is None:
        raise BadRequestException(
            f"Invalid Authorizer URI: {uri}. Authorizer URI should be a valid API Gateway ARN that represents a Lambda "
            "function invocation."
        )
    return uri


def _payload_format(version: str) -> Literal["1.0", "2.0"]:
    if version == "1.0":
        return "1.0"
    if version == "2.0":
        return "2.0"
    raise BadRequestException(f"Unsupported AuthorizerPayloadFormatVersion: {version}")


def _ttl(seconds: int) -> int:
    if not 0 <= seconds <= 3600:
        raise BadRequestException(
            "Authorizer result TTL outside allowable range. TTL must be between 0 and 3600 seconds."
        )
    return seconds
