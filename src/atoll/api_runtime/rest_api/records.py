"""What a REST API is made of, and what a deployment takes of it. `services/apigateway` stores these records and snapshots of them.

Member values are as their owner wrote them: mapping expressions, templates, patterns. docs: the API reference of Amazon API Gateway.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from atoll.api_runtime import serving
from atoll.kernel.records import Codec

IntegrationKind = Literal["AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK"]
ContentHandling = Literal["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"]


class IntegrationResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one kind of answer of the backend becomes one of the method. `selection` is a regular expression, None for the default;
    `parameters` map `method.response.header.X` to `integration.response.header.Y`, a literal in quotes or a context variable;
    `templates` are by content type, None for passing the body on."""

    status: str
    selection: str | None = None
    parameters: dict[str, str] = {}
    templates: dict[str, str | None] = {}
    content_handling: ContentHandling | None = None
    empty: tuple[str, ...] = ()
    """Which maps their owner gave without entries: AWS shows them."""


class Integration(msgspec.Struct, frozen=True, omit_defaults=True):
    """What stands behind a method. `timeout` is in milliseconds; `responses` are by status code."""

    kind: IntegrationKind
    method: str | None = None
    uri: str | None = None
    connection_type: str | None = None
    connection_id: str | None = None
    credentials: str | None = None
    parameters: dict[str, str] = {}
    templates: dict[str, str] = {}
    passthrough: Literal["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"] = "WHEN_NO_MATCH"
    content_handling: ContentHandling | None = None
    timeout: int = 29_000
    cache_namespace: str = ""
    cache_keys: tuple[str, ...] = ()
    responses: dict[str, IntegrationResponse] = {}
    tls_insecure: bool | None = None


class MethodResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """An answer that a method may give: `parameters` are `method.response.header.X` and whether they are required, `models` names by
    content type."""

    status: str
    parameters: dict[str, bool] = {}
    models: dict[str, str] = {}
    empty: tuple[str, ...] = ()
    """Which of them their owner gave without entries: AWS shows them."""


class Method(msgspec.Struct, frozen=True, omit_defaults=True):
    """A method of a resource (`ANY` for all that are not there by name). `parameters` are `method.request.querystring.X` (header, path)
    and whether they are required; `models` are names by content type; `validator` and `guard.authorizer` are ids."""

    name: str
    guard: serving.Guard = serving.Guard()
    api_key_required: bool = False
    operation_name: str | None = None
    parameters: dict[str, bool] = {}
    models: dict[str, str] = {}
    validator: str | None = None
    responses: dict[str, MethodResponse] = {}
    integration: Integration | None = None


class Resource(msgspec.Struct, frozen=True, omit_defaults=True):
    """A resource: `path` is whole (`/pets/{id}`), `part` its last segment; the root has neither parent nor part."""

    id: str
    path: str
    parent: str | None = None
    part: str | None = None
    methods: dict[str, Method] = {}
    cors: serving.Cors | None = None


class Model(msgspec.Struct, frozen=True, omit_defaults=True):
    """A JSON schema (draft 4) as text, under a name."""

    id: str
    name: str
    content_type: str
    schema: str | None = None
    description: str | None = None


class Validator(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request validator: what of a request is checked."""

    id: str
    name: str
    body: bool = False
    parameters: bool = False


class GatewayResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the API answers where it refuses a request for a reason (`kind`, as in `refused.py`, or DEFAULT_4XX, DEFAULT_5XX).
    `parameters` map `gatewayresponse.header.X` to a literal in quotes or a context variable; None where nothing else than AWS's own."""

    kind: str
    status: str | None = None
    parameters: dict[str, str] = {}
    templates: dict[str, str] = {}


class Snapshot(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a deployment took. `models` are by name, `validators` and `authorizers` by id, `gateway_responses` by kind."""

    name: str
    resources: tuple[Resource, ...]
    models: dict[str, Model] = {}
    validators: dict[str, Validator] = {}
    authorizers: dict[str, serving.Authorizer] = {}
    gateway_responses: dict[str, GatewayResponse] = {}
    binary_media_types: tuple[str, ...] = ()
    minimum_compression: int | None = None
    api_key_source: Literal["HEADER", "AUTHORIZER"] = "HEADER"
    policy: str | None = None
    endpoint_disabled: bool = False


RESOURCES = Codec(Resource)
SNAPSHOTS = Codec(Snapshot, memo=16)
