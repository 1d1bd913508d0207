"""Deployments' effect: taking a snapshot of an API and telling the data plane what each stage runs.

Every change of an API ends in `after_change`, in the same transaction: stages with automatic deployment run it at once, the others
keep what was last deployed to them.
docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-stages.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from atoll.api_runtime import serving
from atoll.kernel.context import Context
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigatewayv2 import store
from atoll.services.apigatewayv2.snapshot import snapshot

NO_ROUTES = "Unable to deploy API because no routes exist in this API"
AUTOMATIC = "Automatic deployment triggered by changes to the Api configuration"


class Drawn(NamedTuple):
    """What a transaction that may deploy needs from outside: ids for a deployment and its snapshot, and the time."""

    deployment: str
    snapshot: str
    now: float


def draw(ctx: Context) -> Drawn:
    """Fresh ids and the region's time, to be drawn before the transaction."""
    return Drawn(ctx.ids.lower(6), ctx.ids.uuid(), ctx.clock.now())


def deployable(tx: Reader, ctx: Context, api_id: str) -> bool:
    """Whether the API has a route at all; AWS deploys none without."""
    return next(store.routes(tx, ctx, api_id), None) is not None


def take(
    tx: Transaction, ctx: Context, api_id: str, drawn: Drawn, *, automatic: bool, description: str | None
) -> store.Deployment:
    """Stores a deployment of the API as it is now."""
    deployment = store.Deployment(drawn.deployment, drawn.snapshot, drawn.now, automatic, description)
    place = serving.snapshot_key(ctx.account, ctx.region, api_id, drawn.snapshot)
    tx.set(place, snapshot(tx, ctx, api_id))
    store.put(tx, ctx, api_id, deployment)
    return deployment


def drop(tx: Transaction, ctx: Context, api_id: str, deployment: store.Deployment) -> None:
    """Removes a deployment and its snapshot."""
    tx.delete(store.key(ctx, "v2.deployments", api_id, deployment.id))
    tx.delete(serving.snapshot_key(ctx.account, ctx.region, api_id, deployment.snapshot))


def after_change(tx: Transaction, ctx: Context, api_id: str, drawn: Drawn) -> None:
    """Deploys the API to its stages with automatic deployment, and makes the data plane see them.

    One deployment serves all such stages; the automatic one that it replaces goes, unless a stage still runs it.
    """
    automatic = [stage for stage in store.stages(tx, ctx, api_id) if stage.auto_deploy]
    if automatic:
        replaced = {stage.deployment for stage in automatic} - {""}
        if deployable(tx, ctx, api_id):
            take(tx, ctx, api_id, drawn, automatic=True, description=AUTOMATIC)
            deployed, message = drawn.deployment, f"Successfully deployed stage with deployment ID '{drawn.deployment}'"
        else:
            deployed, message = "", f"Deployment attempt failed: {NO_ROUTES}"
        for stage in automatic:
            store.put(
                tx,
                ctx,
                api_id,
                msgspec.structs.replace(stage, deployment=deployed, deployment_message=message, updated=drawn.now),
            )
        forget(tx, ctx, api_id, replaced)
    publish(tx, ctx, api_id)


def publish(tx: Transaction, ctx: Context, api_id: str) -> None:
    """Writes what the data plane reads: what each stage runs now, and how."""
    api = store.api(tx, ctx, api_id)
    stages = {stage.name: _stage(tx, ctx, api_id, stage) for stage in store.stages(tx, ctx, api_id)}
    tx.set(serving.api_key(api_id), serving.APIS.encode(serving.Api(ctx.account, ctx.region, stages, api.kind)))


def forget(tx: Transaction, ctx: Context, api_id: str, deployments: set[str]) -> None:
    """Drops those of the deployments that were automatic and that no stage runs."""
    for deployment_id in deployments - {stage.deployment for stage in store.stages(tx, ctx, api_id)}:
        deployment = store.deployment(tx, ctx, api_id, deployment_id)
        if deployment.automatic:
            drop(tx, ctx, api_id, deployment)


def _stage(tx: Reader, ctx: Context, api_id: str, stage: store.Stage) -> serving.Stage:
    log = stage.access_log
    return serving.Stage(
        snapshot=store.deployment(tx, ctx, api_id, stage.deployment).snapshot if stage.deployment else "",
        variables=stage.variables,
        default=_settings(stage.default_settings),
        routes={key: _settings(settings) for key, settings in stage.route_settings.items()},
        access_log=serving.AccessLog(log["DestinationArn"], log["Format"]) if log else None,
        deployment=stage.deployment,
        client_certificate=stage.client_certificate,
        authorizers_epoch=stage.authorizers_epoch,
    )


def _settings(settings: Mapping[str, Any]) -> serving.RouteSettings:
    return serving.RouteSettings(
        burst=settings.get("ThrottlingBurstLimit"),
        rate=settings.get("ThrottlingRateLimit"),
        metrics=settings.get("DetailedMetricsEnabled"),
        logging_level=settings.get("LoggingLevel"),
        data_trace=settings.get("DataTraceEnabled"),
    )
