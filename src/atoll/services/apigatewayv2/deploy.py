"""Deployments' effect: taking a snapshot of an API and telling the data plane what each stage runs.

Every change of an API ends in `after_change`, in the same transaction: stages with automatic deployment run it at once, the others
keep what was last deployed to them.
docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-stages.html
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from atoll.api_runtime import serving
from atoll.kernel.context import Context
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigatewayv2 import store
from atoll.services.apigatewayv2.rules import function_of

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
    tx.set(place, serving.SNAPSHOTS.encode(_snapshot(tx, ctx, api_id)))
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
    """Writes what the data plane reads: what each stage runs now."""
    stages = {
        stage.name: serving.Stage(_snapshot_id(tx, ctx, api_id, stage.deployment), stage.variables)
        for stage in store.stages(tx, ctx, api_id)
    }
    tx.set(serving.api_key(api_id), serving.APIS.encode(serving.Api(ctx.account, ctx.region, stages)))


def forget(tx: Transaction, ctx: Context, api_id: str, deployments: set[str]) -> None:
    """Drops those of the deployments that were automatic and that no stage runs."""
    for deployment_id in deployments - {stage.deployment for stage in store.stages(tx, ctx, api_id)}:
        deployment = store.deployment(tx, ctx, api_id, deployment_id)
        if deployment.automatic:
            drop(tx, ctx, api_id, deployment)


def _snapshot_id(tx: Reader, ctx: Context, api_id: str, deployment_id: str) -> str:
    return store.deployment(tx, ctx, api_id, deployment_id).snapshot if deployment_id else ""


def _snapshot(tx: Reader, ctx: Context, api_id: str) -> serving.Snapshot:
    """The API as it is now. A route without an integration answers nothing, so it is left out."""
    api = store.api(tx, ctx, api_id)
    places: dict[str, int] = {}
    integrations: list[serving.Integration] = []
    for _, raw in tx.scan(store.parts(ctx, "v2.integrations", api_id)):
        integration = store.INTEGRATIONS.decode(raw)
        places[f"integrations/{integration.id}"] = len(integrations)
        integrations.append(
            serving.Integration(function_of(integration.uri), integration.payload_format, integration.timeout / 1000)
        )
    routes = [
        serving.Route(route.key, places[route.target])
        for route in store.routes(tx, ctx, api_id)
        if route.target in places
    ]
    return serving.Snapshot(tuple(routes), tuple(integrations), api.cors, api.endpoint_disabled)
