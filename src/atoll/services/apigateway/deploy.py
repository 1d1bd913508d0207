"""Deployments' effect: taking a snapshot of a REST API and telling the data plane what each stage runs.

`publish` runs in the transaction of every change of stages, so that the data plane never sees less or more than its owner.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, NamedTuple, cast

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.rest_api import records
from atoll.kernel.context import Context
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.turns import at_once, in_turns
from atoll.services.apigateway import store
from atoll.services.apigateway.errors import BadRequestException

_FIELDS = {
    "throttlingBurstLimit": "burst",
    "throttlingRateLimit": "rate",
    "metricsEnabled": "metrics",
    "loggingLevel": "logging_level",
    "dataTraceEnabled": "data_trace",
    "cachingEnabled": "caching",
    "cacheTtlInSeconds": "cache_ttl",
    "cacheDataEncrypted": "cache_encrypted",
    "unauthorizedCacheControlHeaderStrategy": "unauthorized_cache_control",
    "requireAuthorizationForCacheControl": "require_authorization_for_cache_control",
}
"""Method settings that the data plane reads, by AWS's names."""


class Drawn(NamedTuple):
    """What a transaction that deploys needs from outside."""

    deployment: str
    snapshot: str
    now: float


def draw(ctx: Context) -> Drawn:
    """Fresh ids and the region's time, to be drawn before the transaction."""
    return Drawn(ctx.ids.lower(6), ctx.ids.uuid(), ctx.clock.now())


class Taken(NamedTuple):
    """The resources that a deployment takes: their records as they are stored, what is told of their methods by path and name
    (apiSummary), and why they cannot be deployed, "" if they can."""

    records: list[bytes]
    summary: dict[str, dict[str, dict[str, Any]]]
    wrong: str


async def look(ctx: Context, api_id: str) -> Taken:
    """The API's resources before the transaction that deploys them, which then need not look through all of them."""
    found = await ctx.store.read(lambda tx: _resources(tx, ctx, api_id))
    return await in_turns(ctx.clock, _taken(found))


def take(
    tx: Transaction, ctx: Context, api_id: str, drawn: Drawn, looked: Taken, description: str | None
) -> store.Deployment:
    """Stores a deployment of the API as it is now: `looked` is how it was. Raises BadRequestException for one that has nothing to answer
    with."""
    found = _resources(tx, ctx, api_id)
    taken = looked if looked.records == found else at_once(_taken(found))
    if taken.wrong:
        raise BadRequestException(taken.wrong)
    deployment = store.Deployment(drawn.deployment, drawn.snapshot, drawn.now, description, taken.summary)
    place = serving.snapshot_key(ctx.account, ctx.region, api_id, drawn.snapshot)
    # A record in a record has the same bytes as one alone.
    stored = cast(tuple[records.Resource, ...], tuple(map(msgspec.Raw, found)))
    tx.set(place, records.SNAPSHOTS.encode(_snapshot(tx, ctx, api_id, stored)))
    store.put(tx, ctx, api_id, deployment)
    return deployment


def _resources(tx: Reader, ctx: Context, api_id: str) -> list[bytes]:
    return [raw for _, raw in tx.scan(store.parts(ctx, "v1.resources", api_id).values())]


def _taken(found: list[bytes]) -> Generator[None, None, Taken]:
    summary: dict[str, dict[str, dict[str, Any]]] = {}
    whole = True
    for raw in found:
        resource = records.RESOURCES.decode(raw)
        if resource.methods:
            summary[resource.path] = {name: _summary(method) for name, method in resource.methods.items()}
            whole = whole and all(method.integration for method in resource.methods.values())
        yield
    if not summary:
        return Taken(found, summary, "The REST API doesn't contain any methods")
    return Taken(found, summary, "" if whole else "No integration defined for method")


def drop(tx: Transaction, ctx: Context, api_id: str, deployment: store.Deployment) -> None:
    """Removes a deployment and its snapshot."""
    tx.delete(store.key(ctx, "v1.deployments", api_id, deployment.id))
    tx.delete(serving.snapshot_key(ctx.account, ctx.region, api_id, deployment.snapshot))


def publish(tx: Transaction, ctx: Context, api_id: str) -> None:
    """Writes what the data plane reads: what each stage runs now."""
    stages = {
        stage.name: _serving_stage(tx, ctx, api_id, stage)
        for stage in store.each(tx, ctx, "v1.stages", store.STAGES, api_id)
    }
    tx.set(serving.api_key(api_id), serving.APIS.encode(serving.Api(ctx.account, ctx.region, stages, "REST")))


def _serving_stage(tx: Reader, ctx: Context, api_id: str, stage: store.Stage) -> serving.Stage:
    settings = {key: _settings(value) for key, value in stage.settings.items()}
    log, canary = stage.access_log, stage.canary
    return serving.Stage(
        snapshot=store.deployment(tx, ctx, api_id, stage.deployment).snapshot,
        variables=stage.variables,
        default=settings.pop("*/*", serving.RouteSettings()),
        routes={route_of(key): value for key, value in settings.items()},
        access_log=serving.AccessLog(log.get("destinationArn", ""), log.get("format", "")) if log else None,
        canary=serving.Canary(
            canary.percent,
            store.deployment(tx, ctx, api_id, canary.deployment).snapshot,
            canary.variables or {},
            canary.deployment,
            canary.use_cache,
        )
        if canary
        else None,
        deployment=stage.deployment,
        tracing=stage.tracing,
        client_certificate=stage.client_certificate,
        authorizers_epoch=stage.authorizers_epoch,
        cache=(stage.cache or stage.name) if stage.cache_cluster else "",
    )


def route_of(setting: str) -> str:
    """The route (`GET /pets/{id}`) that method settings are for: their key is the path, escaped or not, a slash, and the method."""
    path, _, method = setting.rpartition("/")
    return f"{method} /{path.replace('~1', '/').replace('~0', '~').lstrip('/')}"


def _settings(given: Mapping[str, Any]) -> serving.RouteSettings:
    return serving.RouteSettings(**{_FIELDS[name]: value for name, value in given.items() if name in _FIELDS})


def _summary(method: records.Method) -> dict[str, Any]:
    return {"authorizationType": method.guard.kind, "apiKeyRequired": method.api_key_required}


def as_it_is(tx: Reader, ctx: Context, api_id: str) -> records.Snapshot:
    """What a deployment would take of the API now. Raises NotFoundException."""
    return _snapshot(tx, ctx, api_id, tuple(store.each(tx, ctx, "v1.resources", records.RESOURCES, api_id)))


def _snapshot(tx: Reader, ctx: Context, api_id: str, resources: tuple[records.Resource, ...]) -> records.Snapshot:
    api = store.api(tx, ctx, api_id)
    models = store.each(tx, ctx, "v1.models", store.MODELS, api_id)
    validators = store.each(tx, ctx, "v1.validators", store.VALIDATORS, api_id)
    authorizers = store.each(tx, ctx, "v1.authorizers", store.AUTHORIZERS, api_id)
    responses = store.each(tx, ctx, "v1.gateway-responses", store.GATEWAY_RESPONSES, api_id)
    return records.Snapshot(
        name=api.name,
        resources=resources,
        models={model.name: model for model in models},
        validators={validator.id: validator for validator in validators},
        authorizers={authorizer.id: authorizer.runs for authorizer in authorizers},
        gateway_responses={response.kind: response for response in responses},
        binary_media_types=api.binary_media_types,
        minimum_compression=api.minimum_compression,
        api_key_source="AUTHORIZER" if api.api_key_source == "AUTHORIZER" else "HEADER",
        policy=api.policy,
        endpoint_disabled=api.endpoint_disabled,
    )
