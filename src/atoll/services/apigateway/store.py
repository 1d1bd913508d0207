"""Records of REST APIs and their keys, and reading them with AWS's not-found errors.

What the data plane reads too is `api_runtime/rest_api/records.py`'s; what it alone reads is written by `deploy.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.rest_api import records
from atoll.kernel.context import Context
from atoll.kernel.keys import Key, Range, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway.errors import NotFoundException

R = TypeVar("R", bound=msgspec.Struct)


class RestApi(msgspec.Struct, frozen=True, omit_defaults=True):
    """A REST API; `root` is the id of its root resource, `created` in seconds since the epoch."""

    id: str
    name: str
    created: float
    root: str
    description: str | None = None
    version: str | None = None
    api_key_source: str = "HEADER"
    binary_media_types: tuple[str, ...] = ()
    minimum_compression: int | None = None
    endpoint_type: str = "EDGE"
    ip_address_type: str = "ipv4"
    vpc_endpoints: tuple[str, ...] = ()
    policy: str | None = None
    endpoint_disabled: bool = False
    security_policy: str | None = None
    endpoint_access_mode: str | None = None
    tags: dict[str, str] = {}


class Authorizer(msgspec.Struct, frozen=True, omit_defaults=True):
    """An authorizer: what the data plane makes of it (`runs`), and what its owner wrote."""

    id: str
    runs: serving.Authorizer
    uri: str | None = None
    auth_type: str = "custom"
    identity_source: str | None = None
    ttl: int | None = None


class Deployment(msgspec.Struct, frozen=True, omit_defaults=True):
    """A deployment; its snapshot lies where the data plane finds it. `summary` is apiSummary: by path, then method."""

    id: str
    snapshot: str
    created: float
    description: str | None = None
    summary: dict[str, dict[str, dict[str, Any]]] = {}


class Canary(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stage's canary: `percent` is 0 to 100."""

    deployment: str
    percent: float = 0.0
    variables: dict[str, str] | None = None
    use_cache: bool = False


class Stage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stage. `settings` are methodSettings by their key (`*/*`, `~1pets/GET`); `access_log` has its members by AWS's names."""

    name: str
    created: float
    updated: float
    deployment: str
    description: str | None = None
    variables: dict[str, str] = {}
    settings: dict[str, dict[str, Any]] = {}
    access_log: dict[str, str] | None = None
    canary: Canary | None = None
    tracing: bool = False
    cache_cluster: bool = False
    cache_size: str | None = None
    client_certificate: str | None = None
    documentation_version: str | None = None
    tags: dict[str, str] = {}
    authorizers_epoch: int = 0
    """How often its authorizers' cache was flushed."""
    cache: str = ""
    """What its cache is called: another name is an empty cache."""


APIS = Codec(RestApi)
MODELS = Codec(records.Model)
VALIDATORS = Codec(records.Validator)
GATEWAY_RESPONSES = Codec(records.GatewayResponse)
AUTHORIZERS = Codec(Authorizer)
DEPLOYMENTS = Codec(Deployment)
STAGES = Codec(Stage)

PARTS = (
    "v1.resources",
    "v1.children",
    "v1.models",
    "v1.validators",
    "v1.gateway-responses",
    "v1.authorizers",
    "v1.deployments",
    "v1.stages",
    "v1.documentation-parts",
    "v1.documentation-versions",
)
"""Kinds of records that go with their API."""


def key(ctx: Context, kind: str, *path: str) -> Key:
    """Where a record of this account and region lies: `kind` is `v1.apis`, `v1.resources`, …; `path` an API, then what is below it."""
    return (ctx.account, ctx.region, "apigateway", kind, *path)


def parts(ctx: Context, kind: str, *path: str) -> Range:
    """All records of a kind below `path`."""
    return under(key(ctx, kind, *path))


def each(tx: Reader, ctx: Context, kind: str, codec: Codec[R], *path: str) -> Iterator[R]:
    """All records of a kind below `path`, by key."""
    return (codec.decode(raw) for _, raw in tx.scan(parts(ctx, kind, *path).values()))


def no_api(ctx: Context, api_id: str) -> NotFoundException:
    """The error for an API that is not there."""
    return NotFoundException(f"Invalid API identifier specified {ctx.account}:{api_id}")


def api(tx: Reader, ctx: Context, api_id: str) -> RestApi:
    """The API. Raises NotFoundException."""
    raw = tx.get(key(ctx, "v1.apis", api_id))
    if raw is None:
        raise no_api(ctx, api_id)
    return APIS.decode(raw)


def resource(tx: Reader, ctx: Context, api_id: str, resource_id: str) -> records.Resource:
    """A resource of an API. Raises NotFoundException, which AWS words alike where the API is not there."""
    return _part(
        tx, ctx, "v1.resources", records.RESOURCES, api_id, resource_id, "Invalid Resource identifier specified"
    )


def method(tx: Reader, ctx: Context, request: Any) -> tuple[records.Resource, records.Method]:
    """The method that a request names by restApiId, resourceId and httpMethod, with its resource. Raises NotFoundException."""
    found = resource(tx, ctx, request["restApiId"], request["resourceId"])
    if request["httpMethod"] not in found.methods:
        raise NotFoundException("Invalid Method identifier specified")
    return found, found.methods[request["httpMethod"]]


def stage(tx: Reader, ctx: Context, api_id: str, name: str) -> Stage:
    """A stage of an API. Raises NotFoundException."""
    return _part(tx, ctx, "v1.stages", STAGES, api_id, name, "Invalid stage identifier specified")


def deployment(tx: Reader, ctx: Context, api_id: str, deployment_id: str) -> Deployment:
    """A deployment of an API. Raises NotFoundException."""
    missing = "Invalid Deployment identifier specified"
    return _part(tx, ctx, "v1.deployments", DEPLOYMENTS, api_id, deployment_id, missing)


def model(tx: Reader, ctx: Context, api_id: str, name: str) -> records.Model:
    """A model of an API, by its name. Raises NotFoundException."""
    return _part(tx, ctx, "v1.models", MODELS, api_id, name, f"Invalid model name specified: {name}")


def validator(tx: Reader, ctx: Context, api_id: str, validator_id: str) -> records.Validator:
    """A request validator of an API. Raises NotFoundException."""
    missing = "Invalid Request Validator identifier specified"
    return _part(tx, ctx, "v1.validators", VALIDATORS, api_id, validator_id, missing)


def authorizer(tx: Reader, ctx: Context, api_id: str, authorizer_id: str) -> Authorizer:
    """An authorizer of an API. Raises NotFoundException."""
    missing = "Invalid Authorizer identifier specified"
    return _part(tx, ctx, "v1.authorizers", AUTHORIZERS, api_id, authorizer_id, missing)


def _part(tx: Reader, ctx: Context, kind: str, codec: Codec[R], api_id: str, part_id: str, missing: str) -> R:
    raw = tx.get(key(ctx, kind, api_id, part_id))
    if raw is None:
        raise NotFoundException(missing)
    return codec.decode(raw)


def put_api(tx: Transaction, ctx: Context, record: RestApi) -> None:
    """Stores an API's own record."""
    tx.set(key(ctx, "v1.apis", record.id), APIS.encode(record))


def put_resource(tx: Transaction, ctx: Context, api_id: str, record: records.Resource) -> None:
    """Stores a resource, and that it is its parent's child."""
    tx.set(key(ctx, "v1.resources", api_id, record.id), records.RESOURCES.encode(record))
    if record.parent is not None:
        tx.set(key(ctx, "v1.children", api_id, record.parent, record.part or ""), record.id.encode())


def put_method(tx: Transaction, ctx: Context, api_id: str, resource: records.Resource, method: records.Method) -> None:
    """Stores a method of a resource."""
    methods = {**resource.methods, method.name: method}
    put_resource(tx, ctx, api_id, msgspec.structs.replace(resource, methods=methods))


def put(tx: Transaction, ctx: Context, api_id: str, record: msgspec.Struct) -> None:
    """Stores a part of an API: a model or stage under its name, a gateway response under its type, another under its id."""
    kind, codec, field = _KINDS[type(record)]
    tx.set(key(ctx, kind, api_id, getattr(record, field)), codec.encode(record))


_KINDS: dict[type, tuple[str, Codec[Any], str]] = {
    records.Model: ("v1.models", MODELS, "name"),
    records.Validator: ("v1.validators", VALIDATORS, "id"),
    records.GatewayResponse: ("v1.gateway-responses", GATEWAY_RESPONSES, "kind"),
    Authorizer: ("v1.authorizers", AUTHORIZERS, "id"),
    Deployment: ("v1.deployments", DEPLOYMENTS, "id"),
    Stage: ("v1.stages", STAGES, "name"),
}
