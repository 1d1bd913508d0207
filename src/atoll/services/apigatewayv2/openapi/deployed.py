"""What a stage runs, under the members that exports are made of: a snapshot may be older than the API that its owner sees. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from atoll.api_runtime import serving
from atoll.api_runtime.invoke_arns import invoke_arn


class Parts(NamedTuple):
    """Routes; integrations and authorizers by id."""

    routes: list[dict[str, Any]]
    integrations: dict[str, dict[str, Any]]
    authorizers: dict[str, dict[str, Any]]


def parts(snapshot: serving.Snapshot, region: str) -> Parts:
    """The parts of an HTTP API as they were deployed."""
    return Parts(
        [_route(route) for route in snapshot.routes],
        {str(place): _integration(one) for place, one in enumerate(snapshot.integrations)},
        {one.id: _authorizer(one, region) for one in snapshot.authorizers.values()},
    )


def _route(route: serving.Route) -> dict[str, Any]:
    return {
        "AuthorizationScopes": route.guard.scopes,
        "AuthorizationType": route.guard.kind,
        "AuthorizerId": route.guard.authorizer,
        "OperationName": route.operation_name,
        "RouteKey": route.key,
        "Target": None if route.integration is None else f"integrations/{route.integration}",
    }


def _integration(one: serving.Integration) -> dict[str, Any]:
    return {
        "ConnectionType": "INTERNET",
        "CredentialsArn": one.credentials,
        "IntegrationMethod": one.method or ("POST" if one.function else None),
        "IntegrationSubtype": one.subtype,
        "IntegrationType": one.kind,
        "IntegrationUri": one.uri,
        "PayloadFormatVersion": one.payload_format,
        "RequestParameters": one.request_parameters or None,
        "ResponseParameters": one.response_parameters or None,
        "TimeoutInMillis": round(one.timeout * 1000),
        "TlsConfig": {"ServerNameToVerify": one.tls_server_name} if one.tls_server_name else None,
    }


def _authorizer(one: serving.Authorizer, region: str) -> dict[str, Any]:
    uri = invoke_arn(region, one.function)
    is_jwt = one.kind == "JWT"
    return {
        "AuthorizerCredentialsArn": one.credentials,
        "AuthorizerPayloadFormatVersion": None if is_jwt else one.payload_format,
        "AuthorizerResultTtlInSeconds": None if is_jwt else one.ttl,
        "AuthorizerType": one.kind,
        "AuthorizerUri": None if is_jwt else uri,
        "EnableSimpleResponses": None if is_jwt else one.simple,
        "IdentitySource": one.identity,
        "JwtConfiguration": {"Audience": one.audience, "Issuer": one.issuer} if is_jwt else None,
        "Name": one.name,
    }
