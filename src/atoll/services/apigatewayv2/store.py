"""Keys and records of APIs, routes, integrations, stages and deployments, and reading them with AWS's not-found errors.

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


class Api(msgspec.Struct, frozen=True):
    """An HTTP API. Times are seconds since the epoch."""

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


class Integration(msgspec.Struct, frozen=True):
    """A Lambda proxy integration. `uri` is as it was given: an invoke ARN or a function's ARN; `timeout` in milliseconds."""

    id: str
    uri: str
    payload_format: Literal["1.0", "2.0"] = "2.0"
    method: str | None = None
    description: str | None = None
    timeout: int = 30_000
    connection_type: str = "INTERNET"
    managed: bool = False


class Route(msgspec.Struct, frozen=True):
    """A route. `target` is `integrations/ID` or None."""

    id: str
    key: str
    target: str | None = None
    operation_name: str | None = None
    managed: bool = False


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


class Deployment(msgspec.Struct, frozen=True):
    """A deployment; its snapshot lies where the data plane finds it."""

    id: str
    snapshot: str
    created: float
    automatic: bool = False
    description: str | None = None


APIS = Codec(Api)
INTEGRATIONS = Codec(Integration)
ROUTES = Codec(Route)
STAGES = Codec(Stage)
DEPLOYMENTS = Codec(Deployment)


def key(ctx: Context, kind: str, *path: str) -> Key:
    """Where a record of this account and region lies; `path` is the API's id and what is below it."""
    return (ctx.account, ctx.region, "apigateway", kind, *path)


def apis(ctx: Context) -> Range:
    """All APIs of the account and region."""
    return under(key(ctx, "v2.apis"))


def parts(ctx: Context, kind: str, api_id: str) -> Range:
    """All records of a kind (`v2.routes`, …) of one API."""
    return under(key(ctx, kind, api_id))


def api(tx: Reader, ctx: Context, api_id: str) -> Api:
    """The API. Raises NotFoundException."""
    raw = tx.get(key(ctx, "v2.apis", api_id))
    if raw is None:
        raise NotFoundException(f"Invalid API identifier specified {ctx.account}:{api_id}")
    return APIS.decode(raw)


def integration(tx: Reader, ctx: Context, api_id: str, integration_id: str) -> Integration:
    """The integration of an API. Raises NotFoundException for either."""
    return _part(tx, ctx, INTEGRATIONS, "Integration", api_id, integration_id)


def route(tx: Reader, ctx: Context, api_id: str, route_id: str) -> Route:
    """The route of an API. Raises NotFoundException for either."""
    return _part(tx, ctx, ROUTES, "Route", api_id, route_id)


def stage(tx: Reader, ctx: Context, api_id: str, name: str) -> Stage:
    """The stage of an API. Raises NotFoundException for either."""
    return _part(tx, ctx, STAGES, "Stage", api_id, name)


def deployment(tx: Reader, ctx: Context, api_id: str, deployment_id: str) -> Deployment:
    """The deployment of an API. Raises NotFoundException for either."""
    return _part(tx, ctx, DEPLOYMENTS, "Deployment", api_id, deployment_id)


def _part(tx: Reader, ctx: Context, codec: Codec[R], noun: str, api_id: str, part_id: str) -> R:
    api(tx, ctx, api_id)
    raw = tx.get(key(ctx, f"v2.{noun.lower()}s", api_id, part_id))
    if raw is None:
        raise NotFoundException(f"Invalid {'stage' if noun == 'Stage' else noun} identifier specified")
    return codec.decode(raw)


def stages(tx: Reader, ctx: Context, api_id: str) -> Iterator[Stage]:
    """The stages of an API, by name."""
    return (STAGES.decode(raw) for _, raw in tx.scan(parts(ctx, "v2.stages", api_id)))


def routes(tx: Reader, ctx: Context, api_id: str) -> Iterator[Route]:
    """The routes of an API, by id."""
    return (ROUTES.decode(raw) for _, raw in tx.scan(parts(ctx, "v2.routes", api_id)))


def put(tx: Transaction, ctx: Context, api_id: str, record: Integration | Route | Stage | Deployment) -> None:
    """Stores a part of an API under its id (a stage under its name)."""
    kind = f"v2.{type(record).__name__.lower()}s"
    part_id = record.name if isinstance(record, Stage) else record.id
    tx.set(key(ctx, kind, api_id, part_id), _codec(record).encode(record))


def _codec(record: Integration | Route | Stage | Deployment) -> Codec[Any]:
    codecs: dict[type, Codec[Any]] = {
        Integration: INTEGRATIONS,
        Route: ROUTES,
        Stage: STAGES,
        Deployment: DEPLOYMENTS,
    }
    return codecs[type(record)]


def put_api(tx: Transaction, ctx: Context, record: Api) -> None:
    """Stores an API's own record."""
    tx.set(key(ctx, "v2.apis", record.id), APIS.encode(record))


def changed(record: R, request: Any, members: dict[str, tuple[str, Callable[[Any], Any]]]) -> R:
    """The record with the members that an update names. `members`: request member → (field, conversion)."""
    changes = {field: convert(request[name]) for name, (field, convert) in members.items() if name in request}
    return msgspec.structs.replace(record, **changes)
