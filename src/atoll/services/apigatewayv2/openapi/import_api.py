"""ImportApi, ReimportApi and ExportApi: HTTP APIs as OpenAPI 3 documents.

docs: "Working with OpenAPI definitions for HTTP APIs", https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import msgspec

from atoll.api_runtime import openapi, serving
from atoll.kernel.context import Context
from atoll.kernel.errors import CommonError, ServiceError
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.turns import in_turns
from atoll.services.apigatewayv2 import (
    api_rules,
    apis,
    authorizer_rules,
    authorizers,
    deploy,
    integration_rules,
    integrations,
    route_rules,
    routes,
    store,
)
from atoll.services.apigatewayv2.access import access, pass_roles
from atoll.services.apigatewayv2.errors import BadRequestException
from atoll.services.apigatewayv2.openapi.definition import Definition, Route, defining
from atoll.services.apigatewayv2.openapi.deployed import Parts, parts
from atoll.services.apigatewayv2.openapi.export import export
from atoll.services.apigatewayv2.rules import cors_of

if TYPE_CHECKING:
    from types_boto3_apigatewayv2.type_defs import (
        ExportApiRequestTypeDef,
        ImportApiRequestTypeDef,
        ReimportApiRequestTypeDef,
    )

INVALID = "Invalid OpenAPI input"
_PASS_ROLES = pass_roles(lambda request: openapi.roles(str(request.get("Body") or "").encode()))
_REPLACED = ("v2.authorizers", "v2.integrations", "v2.routes", "v2.route-keys")


@operation("ImportApi", access=[*access("PUT", "/apis"), _PASS_ROLES])
async def import_api(ctx: Context, request: ImportApiRequestTypeDef) -> dict[str, Any]:
    """Makes an HTTP API of a document. Raises BadRequestException where it is none, or where a part of it is not valid."""
    found = await _read(ctx, request)
    drawn = deploy.draw(ctx)
    api = _settings(store.Api(ctx.ids.lower(10), "", drawn.now), found)
    ids = _draw(ctx, found)

    def write(tx: Transaction) -> None:
        store.put_api(tx, ctx, api)
        _store(tx, ctx, api, found, ids)
        deploy.after_change(tx, ctx, api.id, drawn)

    await ctx.store.transact(write)
    return _members(ctx, api, found)


@operation("ReimportApi", access=[*access("PUT", "/apis/{ApiId}"), _PASS_ROLES])
async def reimport_api(ctx: Context, request: ReimportApiRequestTypeDef) -> dict[str, Any]:
    """Puts a document in the place of an HTTP API's routes, integrations and authorizers; its id, stages and deployments stay."""
    found, drawn = await _read(ctx, request), deploy.draw(ctx)
    ids = _draw(ctx, found)

    def write(tx: Transaction) -> store.Api:
        before = store.api(tx, ctx, request["ApiId"])
        if before.kind != "HTTP":
            raise BadRequestException("Only HTTP APIs can be imported")
        for kind in _REPLACED:
            tx.clear_range(store.parts(ctx, kind, before.id))
        api = _settings(before, found)
        store.put_api(tx, ctx, api)
        _store(tx, ctx, api, found, ids)
        deploy.after_change(tx, ctx, api.id, drawn)
        return api

    return _members(ctx, await ctx.store.transact(write), found)


@operation("ExportApi", access=access("GET", "/apis/{ApiId}/exports/{Specification}"))
async def export_api(ctx: Context, request: ExportApiRequestTypeDef) -> dict[str, Any]:
    """An HTTP API as it is, or as it is deployed to a stage, as a file in JSON or YAML."""
    if request["Specification"] != "OAS30":
        raise BadRequestException("Invalid specification. Only OAS30 is supported")
    if request.get("ExportVersion", "1.0") != "1.0":
        raise BadRequestException("Invalid export version. Only 1.0 is supported")
    kind = request["OutputType"]
    if kind not in ("JSON", "YAML"):
        raise BadRequestException("Invalid output type. Valid values are JSON and YAML")
    stage = request.get("StageName")

    def read(tx: Reader) -> dict[str, Any]:
        api_id = request["ApiId"]
        api = store.api(tx, ctx, api_id)
        if api.kind != "HTTP":
            raise BadRequestException("Only HTTP APIs can be exported")
        found = _current(tx, ctx, api) if stage is None else _deployed(tx, ctx, api, stage)
        return export(apis.members(ctx, api), stage, *found, extensions=request.get("IncludeExtensions", True))

    return {"body": _written(await ctx.store.read(read), kind)}


def _current(tx: Reader, ctx: Context, api: store.Api) -> Parts:
    return Parts(
        [routes.members(route) for route in store.routes(tx, ctx, api.id)],
        {one.id: integrations.members(api, one) for one in store.every(tx, ctx, store.Integration, api.id)},
        {one.id: authorizers.members(one) for one in store.every(tx, ctx, store.Authorizer, api.id)},
    )


def _deployed(tx: Reader, ctx: Context, api: store.Api, stage: str) -> Parts:
    deployment = store.stage(tx, ctx, api.id, stage).deployment
    if not deployment:
        raise BadRequestException(f"Stage {stage} has no deployment")
    snapshot = store.deployment(tx, ctx, api.id, deployment).snapshot
    raw = tx.get(serving.snapshot_key(ctx.account, ctx.region, api.id, snapshot))
    return parts(serving.SNAPSHOTS.decode(raw or b""), ctx.region)


def _written(document: dict[str, Any], kind: str) -> bytes:
    whole = msgspec.json.encode(document)
    if kind == "JSON":
        return msgspec.json.format(whole, indent=2)
    import yaml  # few exports are YAML

    text: str = yaml.safe_dump(msgspec.json.decode(whole), sort_keys=False, explicit_start=True)
    return text.encode()


async def _read(ctx: Context, request: Mapping[str, Any]) -> Definition:
    """What the request's document says. Raises BadRequestException, also for warnings where the request says so."""
    basepath = request.get("Basepath", "ignore")
    if basepath not in ("ignore", "prepend", "split"):
        raise BadRequestException("Invalid basepath mode. Valid values are ignore, prepend and split")
    try:
        document = await in_turns(ctx.clock, openapi.reading(request["Body"].encode()))
        found = await in_turns(ctx.clock, defining(document, cast(openapi.BasePath, basepath)))
    except openapi.InvalidDocument as error:
        raise BadRequestException(f"{INVALID}: {error}") from None
    if found.warnings and request.get("FailOnWarnings"):
        raise BadRequestException("Warnings found during import: " + "; ".join(found.warnings))
    return found


def _draw(ctx: Context, found: Definition) -> list[str]:
    return [ctx.ids.lower(7) for _ in range(len(found.authorizers) + 2 * len(found.routes))]


def _settings(api: store.Api, found: Definition) -> store.Api:
    given = found.api
    return msgspec.structs.replace(
        api,
        name=api_rules.check_name(given["Name"]),
        description=given.get("Description"),
        version=given.get("Version"),
        cors=cors_of(given.get("CorsConfiguration", {})),
        endpoint_disabled=given.get("DisableExecuteApiEndpoint", False),
        tags=given.get("Tags", api.tags),
    )


def _store(tx: Transaction, ctx: Context, api: store.Api, found: Definition, drawn: list[str]) -> None:
    """Stores authorizers, integrations and routes. Equal integrations are one."""
    ids = iter(drawn)
    by_name: dict[str, str] = {}
    for name, members in found.authorizers.items():
        with _where(f"authorizer {name}"):
            authorizer = authorizer_rules.asked(
                "HTTP", store.Authorizer(next(ids), "", members["AuthorizerType"]), members
            )
        store.put(tx, ctx, api.id, authorizer)
        by_name[name] = authorizer.id
    made: dict[bytes, str] = {}
    for route in found.routes:
        key = route.members["RouteKey"]
        with _where(f"integration of route {key}"):
            target = _integration(tx, ctx, api, route, made, next(ids))
        asked: dict[str, Any] = {**route.members, "Target": target}
        if route.authorizer is not None:
            asked["AuthorizerId"] = by_name[route.authorizer]
        with _where(f"route {key}"):
            routes.put(tx, ctx, api.id, route_rules.asked("HTTP", store.Route(next(ids), ""), asked))


def _integration(
    tx: Transaction, ctx: Context, api: store.Api, route: Route, made: dict[bytes, str], integration_id: str
) -> str | None:
    """The target of a route."""
    members = route.integration
    if members is None:
        return None
    what = msgspec.json.encode(members, order="sorted")
    if what not in made:
        if members["IntegrationType"] == "AWS_PROXY" and "PayloadFormatVersion" not in members:
            raise BadRequestException("PayloadFormatVersion is a required parameter for integration")
        new = store.Integration(
            integration_id,
            payload_format="1.0",
            timeout=integration_rules.TIMEOUTS["HTTP"],
            kind=cast(Any, members["IntegrationType"]),
        )
        store.put(tx, ctx, api.id, integration_rules.asked(ctx, "HTTP", new, members))
        made[what] = integration_id
    return f"integrations/{made[what]}"


@contextmanager
def _where(place: str) -> Iterator[None]:
    """Says of an error where in the document it is. What Atoll cannot do is said in its own words."""
    try:
        yield
    except ServiceError as error:
        if isinstance(error, CommonError):
            raise
        raise BadRequestException(f"Unable to import {place}: {error.message}") from error


def _members(ctx: Context, api: store.Api, found: Definition) -> dict[str, Any]:
    return apis.members(ctx, api) | {"Warnings": found.warnings or None, "ImportInfo": None}
