"""What the data plane reads: the records that say how an API is served, written by the services that define APIs.

Per API there is one small record, found by its id alone: whose it is and what each stage runs. What a stage runs is a *snapshot*, taken
by a deployment and never changed afterwards; its id is drawn anew each time, so that compiled snapshots can be kept by it without ever
being stale. Snapshots of HTTP and WebSocket APIs are here, those of REST APIs in `rest_api/records.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from atoll.kernel.context import GLOBAL_ACCOUNT
from atoll.kernel.keys import Key, Range, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader

SERVICE_HOST = "apigateway.amazonaws.com"
"""API Gateway as a principal."""
Kind = Literal["HTTP", "WEBSOCKET", "REST"]
AuthorizationType = Literal["NONE", "AWS_IAM", "CUSTOM", "JWT", "COGNITO_USER_POOLS"]
_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")


class Cors(msgspec.Struct, frozen=True, omit_defaults=True):
    """The CORS configuration of an HTTP API; None where a member is not configured. `max_age` is in seconds.

    docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
    """

    allow_credentials: bool | None = None
    allow_headers: tuple[str, ...] | None = None
    allow_methods: tuple[str, ...] | None = None
    allow_origins: tuple[str, ...] | None = None
    expose_headers: tuple[str, ...] | None = None
    max_age: int | None = None


class Authorizer(msgspec.Struct, frozen=True, omit_defaults=True):
    """An authorizer of any kind of API. `identity` are its identity sources as its owner wrote them (`$request.header.X`,
    `method.request.header.X`, `route.request.…`); `function` is the Lambda function's ARN, which may hold stage variables, and
    `credentials` the role that calls it; `ttl` is in seconds, 0 for no cache; `validation` the regular expression that a TOKEN
    authorizer's token must match; `pools` the ARNs of user pools.
    """

    id: str
    name: str
    kind: Literal["JWT", "REQUEST", "TOKEN", "COGNITO_USER_POOLS"]
    identity: tuple[str, ...] = ()
    ttl: int = 0
    function: str = ""
    credentials: str | None = None
    payload_format: Literal["1.0", "2.0"] = "1.0"
    simple: bool = False
    issuer: str = ""
    audience: tuple[str, ...] = ()
    validation: str | None = None
    pools: tuple[str, ...] = ()


class Guard(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a route or method asks of its caller. `authorizer` is an id, None where the kind needs none."""

    kind: AuthorizationType = "NONE"
    authorizer: str | None = None
    scopes: tuple[str, ...] = ()


class IntegrationResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a WebSocket API makes of an integration's answer."""

    parameters: dict[str, str] = {}
    templates: dict[str, str] = {}
    template_selection: str | None = None
    content_handling: str | None = None


class Integration(msgspec.Struct, frozen=True, omit_defaults=True):
    """What stands behind routes of an HTTP or WebSocket API; how long it may take is in seconds.

    AWS_PROXY: `function` is the function's ARN, which may hold `${stageVariables.NAME}`; or `subtype` names a service's action
    (`SQS-SendMessage`). HTTP_PROXY, HTTP: `uri` and `method`. `credentials` is the role that calls, None for API Gateway itself.
    `request_parameters` and `response_parameters` (by status code, or response key) are as their owner wrote them. The rest is of
    WebSocket APIs; `responses` is by response key.
    """

    function: str
    payload_format: Literal["1.0", "2.0"]
    timeout: float
    kind: Literal["AWS_PROXY", "HTTP_PROXY", "AWS", "HTTP", "MOCK"] = "AWS_PROXY"
    subtype: str | None = None
    uri: str | None = None
    method: str | None = None
    credentials: str | None = None
    request_parameters: dict[str, str] = {}
    response_parameters: dict[str, dict[str, str]] = {}
    tls_server_name: str | None = None
    passthrough: str | None = None
    request_templates: dict[str, str] = {}
    template_selection: str | None = None
    content_handling: str | None = None
    responses: dict[str, IntegrationResponse] = {}


class Route(msgspec.Struct, frozen=True, omit_defaults=True):
    """A route: its key (`GET /pets/{id}`, `ANY /{proxy+}`, `$default`, a WebSocket API's `join`), the place of its integration in the
    snapshot, and what it asks of its caller. The rest is of WebSocket APIs: `responses` are the keys of its route responses."""

    key: str
    integration: int | None
    guard: Guard = Guard()
    id: str = ""
    operation_name: str | None = None
    api_key_required: bool = False
    request_models: dict[str, str] = {}
    request_parameters: dict[str, bool] = {}
    model_selection: str | None = None
    response_selection: str | None = None
    responses: tuple[str, ...] = ()


class Snapshot(msgspec.Struct, frozen=True):
    """What a deployment of an HTTP or WebSocket API took: everything that answers requests, apart from the stage's own settings.

    `authorizers` are by id, `models` (JSON schemas as text) by name.
    """

    routes: tuple[Route, ...]
    integrations: tuple[Integration, ...]
    cors: Cors | None = None
    endpoint_disabled: bool = False
    authorizers: dict[str, Authorizer] = {}
    models: dict[str, str] = {}
    route_selection: str = "$request.method $request.path"
    api_key_selection: str = "$request.header.x-api-key"


class RouteSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a stage serves a route or method; None where nothing is set. `rate` is in requests per second; `cache_ttl` in seconds."""

    burst: int | None = None
    rate: float | None = None
    metrics: bool | None = None
    logging_level: str | None = None
    data_trace: bool | None = None
    caching: bool | None = None
    cache_ttl: int | None = None
    cache_encrypted: bool | None = None
    unauthorized_cache_control: str | None = None
    require_authorization_for_cache_control: bool | None = None


class AccessLog(msgspec.Struct, frozen=True):
    """Where a stage's access log goes (a log group's ARN), and its format with `$context.…` variables."""

    destination: str
    format: str


class Canary(msgspec.Struct, frozen=True):
    """A REST API's canary: `percent` (0 to 100) of the requests run `snapshot`, under the stage's variables with these over them."""

    percent: float
    snapshot: str
    variables: dict[str, str] = {}
    deployment: str = ""
    use_cache: bool = False


class Stage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a stage runs: a snapshot's id ("" before the first deployment), the stage variables, and how.

    `default` holds for routes that `routes` (by route key; of REST APIs `GET /pets/{id}`) say nothing of.
    """

    snapshot: str = ""
    variables: dict[str, str] = {}
    default: RouteSettings = RouteSettings()
    routes: dict[str, RouteSettings] = {}
    access_log: AccessLog | None = None
    canary: Canary | None = None
    deployment: str = ""
    tracing: bool = False
    client_certificate: str | None = None
    authorizers_epoch: int = 0
    """Grows with each ResetAuthorizersCache: what an authorizer answered in another epoch counts no more."""
    cache: str = ""
    """The stage's cache, "" for none. Another id is an empty cache."""


class Api(msgspec.Struct, frozen=True):
    """Whose API this is, of which kind, and its stages by name."""

    account: str
    region: str
    stages: dict[str, Stage]
    kind: Kind = "HTTP"


APIS = Codec(Api)
SNAPSHOTS = Codec(Snapshot, memo=16)


PREFIX: Key = (GLOBAL_ACCOUNT, "", "apigateway", "apis")


def api_key(api_id: str) -> Key:
    """Where an API's record lies, whoever owns it."""
    return (*PREFIX, api_id)


def owner(_tx: Reader, _key: Key, raw: bytes) -> str:
    """The account that owns an API."""
    return APIS.decode(raw).account


def snapshot_key(account: str, region: str, api_id: str, snapshot: str) -> Key:
    """Where a snapshot lies."""
    return (account, region, "apigateway", "snapshots", api_id, snapshot)


def snapshots(account: str, region: str, api_id: str) -> Range:
    """All snapshots of an API."""
    return under((account, region, "apigateway", "snapshots", api_id))


def with_variables(text: str, variables: Mapping[str, str]) -> str:
    """A text with the stage variables put in (`${stageVariables.NAME}`); an undefined one is empty."""
    return _VARIABLE.sub(lambda found: variables.get(found[1], ""), text) if "${" in text else text


def settings_of(stage: Stage, route: str) -> RouteSettings:
    """How a stage serves a route: what is set for the route itself, over what is set for all."""
    own = stage.routes.get(route)
    return stage.default if own is None else _over(stage.default, own)


def _over(default: RouteSettings, own: RouteSettings) -> RouteSettings:
    set_: dict[str, Any] = {
        name: value for name in RouteSettings.__struct_fields__ if (value := getattr(own, name)) is not None
    }
    return msgspec.structs.replace(default, **set_)
