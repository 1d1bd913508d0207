"""Security schemes of a document: API keys, SigV4, and authorizers (`x-amazon-apigateway-authorizer`). Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.openapi import Document, InvalidDocument, mapping

AUTHORIZER, AUTH_TYPE = "x-amazon-apigateway-authorizer", "x-amazon-apigateway-authtype"
_KINDS: Mapping[str, serving.AuthorizationType] = {
    "token": "CUSTOM",
    "request": "CUSTOM",
    "cognito_user_pools": "COGNITO_USER_POOLS",
}


class Extension(msgspec.Struct, frozen=True, rename="camel"):
    """`x-amazon-apigateway-authorizer`."""

    type: str = "token"
    authorizer_uri: str | None = None
    authorizer_credentials: str | None = None
    authorizer_result_ttl_in_seconds: int | None = None
    identity_source: str | None = None
    identity_validation_expression: str | None = None
    provider_arns: tuple[str, ...] = msgspec.field(default=(), name="providerARNs")


class Scheme(NamedTuple):
    """A security scheme: its name, where the key or token stands (`in`, `name`), what AWS calls its type, and its authorizer."""

    name: str
    place: str
    header: str
    auth_type: str
    authorizer: Extension | None


def schemes(document: Document) -> dict[str, Scheme]:
    """All schemes by name. Raises InvalidDocument."""
    section = document.section("securityDefinitions", "securitySchemes")
    return {
        name: Scheme(
            name,
            str(mapping(one).get("in") or "header"),
            str(mapping(one).get("name") or ""),
            str(mapping(one).get(AUTH_TYPE) or ""),
            _extension(document.resolve(mapping(one).get(AUTHORIZER))),
        )
        for name, one in section.items()
    }


def _extension(given: Any) -> Extension | None:
    try:
        return None if given is None else msgspec.convert(given, Extension, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidDocument(f"{AUTHORIZER}: {error}") from error


def guard_of(members: Mapping[str, Any], found: Mapping[str, Scheme], security: Any) -> serving.Guard:
    """What a method asks of its caller: the first of its requirements that is an authorizer's or SigV4's; `security` is the document's.

    `authorizer` is the scheme's name."""
    auth = mapping(members.get("x-amazon-apigateway-auth")).get("type")
    if auth == "AWS_IAM":
        return serving.Guard("AWS_IAM")
    for name, scopes in _requirements(members, security):
        scheme = found.get(name)
        if scheme is None:
            continue
        if scheme.auth_type.lower() == "awssigv4":
            return serving.Guard("AWS_IAM")
        if scheme.authorizer is not None:
            kind = _KINDS.get(scheme.authorizer.type.lower(), "CUSTOM")
            return serving.Guard(kind, name, tuple(map(str, scopes)))
    return serving.Guard()


def needs_key(members: Mapping[str, Any], found: Mapping[str, Scheme], security: Any) -> bool:
    """Whether one of the method's requirements is an API key in x-api-key."""
    for name, _ in _requirements(members, security):
        scheme = found.get(name)
        if scheme and not scheme.auth_type and scheme.place == "header" and scheme.header.lower() == "x-api-key":
            return True
    return False


def _requirements(members: Mapping[str, Any], security: Any) -> list[tuple[str, list[Any]]]:
    given = members.get("security", security)
    if not isinstance(given, list):
        return []
    return [
        (name, scopes if isinstance(scopes, list) else []) for one in given for name, scopes in mapping(one).items()
    ]
