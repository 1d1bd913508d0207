"""Keys and records of APIs and their parts, and reading them with AWS's not-found errors.

What the data plane reads is not here but in `api_runtime/serving.py`; `deploy.py` writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeVar

import msgspec

from atoll.api_runtime import serving
from atoll.kernel.context import Context
from atoll.kernel.keys import Key, Range, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigatewayv2.errors import NotFoundException

R = TypeVar("R", bound=msgspec.Struct)
IntegrationKind = Literal["AWS_PROXY", "HTTP_PROXY", "AWS", "HTTP", "MOCK"]


class Api(msgspec.Struct, frozen=True):
    """An HTTP or WebSocket API. Times are seconds since the epoch."""

    id: str
    name: str
    created: float
    description: str | None = None
    version: str | None = None
    cors: serving.Cors | None = None
    endpoint_disabled: bool = False
    ip_address_type: str = "ipv4"
    api_key_selection: str = "$request.header.x-api-key"
    route_selection: str = "$request.method $request.path"
    tags: dict[str, str] = {}
    kind: Literal["HTTP", "WEBSOCKET"] = "HTTP"
    schema_validation_disabled: bool | None = None


class Authorizer(msgspec.Struct, frozen=True):
    """A JWT or Lambda (REQUEST) authorizer. `uri` is an invoke ARN; `ttl` is in seconds; None where the kind has no such member.
    `validation` is kept and shown, and like AWS nobody uses it."""

    id: str
    name: str
    kind: Literal["JWT", "REQUEST"]
    identity: tuple[str, ...] = ()
    uri: str | None = None
    credentials: str | None = None
    payload_format: Literal["1.0", "2.0"] | None = None
    ttl: int | None = None
    simple: bool | None = None
    issuer: str | None = None
    audience: tuple[str, ...] = ()
    validation: str | None = None


class Integration(msgspec.Struct, frozen=True):
    """What stands behind routes. `uri` is as it was given: of a function its invoke ARN or its ARN; `timeout` in milliseconds.

    `response_parameters` are by status code; the members after it are of WebSocket APIs.
    """

    id: str
    uri: str | None = None
    payload_format: Literal["1.0", "2.0"] = "2.0"
    method: str | None = None
    description: str | None = None
    timeout: int = 30_000
    connection_type: str = "INTERNET"
    managed: bool = False
    kind: IntegrationKind = "AWS_PROXY"
    subtype: str | None = None
    credentials: str | None = None
    tls_server_name: str | None = None
    request_parameters: dict[str, str] = {}
    response_parameters: dict[str, dict[str, str]] = {}
    passthrough: str | None = None
    request_templates: dict[str, str] = {}
    template_selection: str | None = None
    content_handling: str | None = None


class IntegrationResponse(msgspec.Struct, frozen=True):
    """What a WebSocket API makes of an integration's answer. `key` is `$default` or a pattern between slashes."""

    id: str
    key: str
    parameters: dict[str, str] = {}
    templates: dict[str, str] = {}
    template_selection: str | None = None
    content_handling: str | None = None


class Route(msgspec.Struct, frozen=True):
    """A route. `target` is `integrations/ID` or None; `request_parameters` say of each whether it is required."""

    id: str
    key: str
    target: str | None = None
    operation_name: str | None = None
    managed: bool = False
    authorization: Literal["NONE", "AWS_IAM", "CUSTOM", "JWT"] = "NONE"
    authorizer: str | None = None
    scopes: tuple[str, ...] = ()
    api_key_required: bool = False
    request_models: dict[str, str] = {}
    request_parameters: dict[str, bool] = {}
    model_selection: str | None = None
    response_selection: str | None = None


class RouteResponse(msgspec.Struct, frozen=True):
    """An answer that a WebSocket API's route gives."""

    id: str
    key: str
    models: dict[str, str] = {}
    parameters: dict[str, bool] = {}
    model_selection: str | None = None


class Model(msgspec.Struct, frozen=True):
    """A model: a JSON schema, as text."""

    id: str
    name: str
    schema: str
    content_type: str = "application/json"
    description: str | None = None


class Stage(msgspec.Struct, frozen=True):
    """A stage. `deployment` is the id of what it runs ("" for nothing)."""

    name: str
    created: float
    updated: float
    auto_deploy: bool = False
    deployment: str = ""
    deployment_message: str | None = None
    description: str | None = None
    variables: dict[str, str] = {}
    default_settings: dict[str, Any] = {}
    route_settings: dict[str, dict[str, Any]] = {}
    access_log: dict[str, str] | None = None
    client_certificate: str | None = None
    managed: bool = False
    tags: dict[str, str] = {}
    authorizers_epoch: int = 0


class Deployment(msgspec.Struct, frozen=True):
    """A deployment; its snapshot lies where the data plane finds it."""

    id: str
    snapshot: str
    created: float
    automatic: bool = False
    description: str | None = None


APIS = Codec(Api)
AUTHORIZERS = Codec(Authorizer)
INTEGRATIONS = Codec(Integration)
INTEGRATION_RESPONSES = Codec(IntegrationResponse)
ROUTES = Codec(Route)
ROUTE_RESPONSES = Codec(RouteResponse)
MODELS = Codec(Model)
STAGES = Codec(Stage)
DEPLOYMENTS = Codec(Deployment)
_CODECS: dict[type, Codec[Any]] = {
    Authorizer: AUTHORIZERS,
    Integration: INTEGRATIONS,
    IntegrationResponse: INTEGRATION_RESPONSES,
    Route: ROUTES,
    RouteResponse: ROUTE_RESPONSES,
    Model: MODELS,
    Stage: STAGES,
    Deployment: DEPLOYMENTS,
}
Part = Authorizer | Integration | IntegrationResponse | Route | RouteResponse | Model | Stage | Deployment


def key(ctx: Context, kind: str, *path: str) -> Key:
    """Where a record of this account and region lies; `path` is the API's id and what is below it."""
    return (ctx.account, ctx.region, "apigateway", kind, *path)


def apis(ctx: Context) -> Range:
    """All APIs of the account and region."""
    return under(key(ctx, "v2.apis"))


def parts(ctx: Context, kind: str, *path: str) -> Range:
    """All records of a kind (`v2.routes`, …) of one API, or of what `path` names below it."""
    return under(key(ctx, kind, *path))


def kind_of(record: type[Part]) -> str:
    """Under which kind such records lie."""
    return f"v2.{record.__name__.lower()}s"


def api(tx: Reader, ctx: Context, api_id: str) -> Api:
    """The API. Raises NotFoundException."""
    raw = tx.get(key(ctx, "v2.apis", api_id))
    if raw is None:
        raise NotFoundException(f"Invalid API identifier specified {ctx.account}:{api_id}")
    return APIS.decode(raw)


def authorizer(tx: Reader, ctx: Context, api_id: str, authorizer_id: str) -> Authorizer:
    """The authorizer of an API. Raises NotFoundException for either."""
    return _part(tx, ctx, Authorizer, api_id, authorizer_id)


def integration(tx: Reader, ctx: Context, api_id: str, integration_id: str) -> Integration:
    """The integration of an API. Raises NotFoundException for either."""
    return _part(tx, ctx, Integration, api_id, integration_id)


def integration_response(tx: Reader, ctx: Context, api_id: str, integration_id: str, one: str) -> IntegrationResponse:
    """The response of an integration. Raises NotFoundException for any of the three."""
    integration(tx, ctx, api_id, integration_id)
    return _part(tx, ctx, IntegrationResponse, api_id, integration_id, one)


def route(tx: Reader, ctx: Context, api_id: str, route_id: str) -> Route:
    """The route of an API. Raises NotFoundException for either."""
    return _part(tx, ctx, Route, api_id, route_id)


def route_response(tx: Reader, ctx: Context, api_id: str, route_id: str, response_id: str) -> RouteResponse:
    """The response of a route. Raises NotFoundException for any of the three."""
    route(tx, ctx, api_id, route_id)
    return _part(tx, ctx, RouteResponse, api_id, route_id, response_id)


def model(tx: Reader, ctx: Context, api_id: str, model_id: str) -> Model:
    """The model of an API. Raises NotFoundException for either."""
    return _part(tx, ctx, Model, api_id, model_id)


def stage(tx: Reader, ctx: Context, api_id: str, name: str) -> Stage:
    """The stage of an API. Raises NotFoundException for either."""
    return _part(tx, ctx, Stage, api_id, name)


def deployment(tx: Reader, ctx: Context, api_id: str, deployment_id: str) -> Deployment:
    """The deployment of an API. Raises NotFoundException for either."""
    return _part(tx, ctx, Deployment, api_id, deployment_id)


def _part(tx: Reader, ctx: Context, record: type[R], api_id: str, *path: str) -> R:
    api(tx, ctx, api_id)
    raw = tx.get(key(ctx, kind_of(record), api_id, *path))  # type: ignore[arg-type]
    if raw is None:
        noun = record.__name__
        raise NotFoundException(f"Invalid {'stage' if noun == 'Stage' else noun} identifier specified")
    found: R = _CODECS[record].decode(raw)
    return found


def every(tx: Reader, ctx: Context, record: type[R], *path: str) -> Iterator[R]:
    """All records of a kind of an API (or of what `path` names below it), by id."""
    return (found for found, _ in stored(tx, ctx, record, *path))


def stored(tx: Reader, ctx: Context, record: type[R], *path: str) -> Iterator[tuple[R, bytes]]:
    """As `every`, each beside its stored bytes."""
    found = tx.scan(parts(ctx, kind_of(record), *path).values())  # type: ignore[arg-type]
    return ((_CODECS[record].decode(raw), raw) for _, raw in found)


def by_owner(tx: Reader, ctx: Context, record: type[R], api_id: str) -> dict[str, list[R]]:
    """All responses of an API's routes or integrations, by the id of what they belong to."""
    found: dict[str, list[R]] = {}
    for place, raw in tx.scan(parts(ctx, kind_of(record), api_id)):  # type: ignore[arg-type]
        found.setdefault(str(place[-2]), []).append(_CODECS[record].decode(raw))
    return found


def stages(tx: Reader, ctx: Context, api_id: str) -> Iterator[Stage]:
    """The stages of an API, by name."""
    return every(tx, ctx, Stage, api_id)


def routes(tx: Reader, ctx: Context, api_id: str) -> Iterator[Route]:
    """The routes of an API, by id."""
    return every(tx, ctx, Route, api_id)


def put(tx: Transaction, ctx: Context, api_id: str, record: Part, *above: str) -> None:
    """Stores a part of an API under its id (a stage under its name); `above` is what it belongs to within the API."""
    part_id = record.name if isinstance(record, Stage) else record.id
    tx.set(key(ctx, kind_of(type(record)), api_id, *above, part_id), _CODECS[type(record)].encode(record))


def put_api(tx: Transaction, ctx: Context, record: Api) -> None:
    """Stores an API's own record."""
    tx.set(key(ctx, "v2.apis", record.id), APIS.encode(record))


def delete(tx: Transaction, ctx: Context, record: type[Part], *path: str) -> None:
    """Removes a part."""
    tx.delete(key(ctx, kind_of(record), *path))


Members = dict[str, tuple[str, Callable[[Any], Any]]]
"""Of an update: request member → (field, conversion)."""


def changed(record: R, request: Any, members: Members) -> R:
    """The record with the members that an update names."""
    changes = {field: convert(request[name]) for name, (field, convert) in members.items() if name in request}
    return msgspec.structs.replace(record, **changes)
