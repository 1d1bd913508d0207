"""Deployments of a REST API: stored snapshots of it that stages run.

docs: API_CreateDeployment, API_GetDeployment, API_GetDeployments, API_UpdateDeployment, API_DeleteDeployment
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import deploy, stages, store
from atoll.services.apigateway.access import access
from atoll.services.apigateway.errors import BadRequestException
from atoll.services.apigateway.pages import page
from atoll.services.apigateway.patches import Rules, apply, patches, put
from atoll.services.apigateway.stage_rules import canary_of, check_stage_name, check_variables, recached

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        CreateDeploymentRequestTypeDef,
        DeleteDeploymentRequestTypeDef,
        GetDeploymentRequestTypeDef,
        GetDeploymentsRequestTypeDef,
        UpdateDeploymentRequestTypeDef,
    )

DEPLOYMENTS = "/restapis/{restApiId}/deployments"
DEPLOYMENT = f"{DEPLOYMENTS}/{{deploymentId}}"
_CANARY = "Invalid deployment content specified."


@operation("CreateDeployment", access=access("POST", DEPLOYMENTS), not_honoured=stages.NOT_HONOURED)
async def create_deployment(ctx: Context, request: CreateDeploymentRequestTypeDef) -> dict[str, Any]:
    """Takes a snapshot of the API as it is now. `stageName` makes that stage run it, or with `canarySettings` its canary; the stage is
    made where it is not there."""
    api_id, name = request["restApiId"], request.get("stageName")
    drawn = deploy.draw(ctx)
    check_variables(request.get("variables", {}))
    if name:
        check_stage_name(name)
    looked = await deploy.look(ctx, api_id)

    def write(tx: Transaction) -> store.Deployment:
        store.api(tx, ctx, api_id)
        if "canarySettings" in request:
            _check_canary(tx, ctx, api_id, name)
        taken = deploy.take(tx, ctx, api_id, drawn, looked, request.get("description"))
        if name:
            store.put(tx, ctx, api_id, _stage(tx, ctx, request, taken))
            deploy.publish(tx, ctx, api_id)
        return taken

    return members(await ctx.store.transact(write))


@operation("GetDeployment", access=access("GET", DEPLOYMENT))
async def get_deployment(ctx: Context, request: GetDeploymentRequestTypeDef) -> dict[str, Any]:
    """One deployment; with `embed=apisummary` also which methods it took. Raises NotFoundException."""

    def read(tx: Reader) -> store.Deployment:
        return store.deployment(tx, ctx, request["restApiId"], request["deploymentId"])

    return members(await ctx.store.read(read), embed="apisummary" in request.get("embed", ()))


@operation("GetDeployments", access=access("GET", DEPLOYMENTS))
async def get_deployments(ctx: Context, request: GetDeploymentsRequestTypeDef) -> dict[str, Any]:
    """A page of an API's deployments, by id."""
    api_id = request["restApiId"]

    def read(tx: Reader) -> dict[str, Any]:
        store.api(tx, ctx, api_id)
        span, prefix = store.parts(ctx, "v1.deployments", api_id), store.key(ctx, "v1.deployments", api_id)
        return page(tx, request, span, prefix, store.DEPLOYMENTS, members)

    return await ctx.store.read(read)


@operation("UpdateDeployment", access=access("PATCH", DEPLOYMENT))
async def update_deployment(ctx: Context, request: UpdateDeploymentRequestTypeDef) -> dict[str, Any]:
    """Changes the description; what was taken never changes."""
    operations = patches(request)

    def write(tx: Transaction) -> store.Deployment:
        before = store.deployment(tx, ctx, request["restApiId"], request["deploymentId"])
        deployment = apply(before, operations, RULES)
        store.put(tx, ctx, request["restApiId"], deployment)
        return deployment

    return members(await ctx.store.transact(write))


@operation("DeleteDeployment", access=access("DELETE", DEPLOYMENT))
async def delete_deployment(ctx: Context, request: DeleteDeploymentRequestTypeDef) -> None:
    """Removes a deployment. Raises BadRequestException while a stage or its canary runs it."""
    api_id = request["restApiId"]

    def write(tx: Transaction) -> None:
        deployment = store.deployment(tx, ctx, api_id, request["deploymentId"])
        for stage in store.each(tx, ctx, "v1.stages", store.STAGES, api_id):
            if deployment.id in (stage.deployment, stage.canary.deployment if stage.canary else None):
                raise BadRequestException("Active stages pointing to this deployment must be moved or deleted")
        deploy.drop(tx, ctx, api_id, deployment)

    await ctx.store.transact(write)


def _check_canary(tx: Reader, ctx: Context, api_id: str, name: str | None) -> None:
    if not name:
        given = "null" if name is None else name
        raise BadRequestException(
            f"{_CANARY}Non null and non empty stageName must be provided for canary deployment. Provided value is {given}"
        )
    if tx.get(store.key(ctx, "v1.stages", api_id, name)) is None:
        raise BadRequestException(
            f"{_CANARY}Stage {name} must already be created before making a canary release deployment"
        )


def _stage(tx: Reader, ctx: Context, request: Mapping[str, Any], taken: store.Deployment) -> store.Stage:
    """The stage that the request names, with the deployment and what else the request says of it."""
    api_id, name = request["restApiId"], request["stageName"]
    if tx.get(store.key(ctx, "v1.stages", api_id, name)) is None:
        stage = store.Stage(name, taken.created, taken.created, taken.id)
    else:
        stage = store.stage(tx, ctx, api_id, name)
    given = {
        "description": request.get("stageDescription"),
        "variables": request.get("variables"),
        "cache_cluster": request.get("cacheClusterEnabled"),
        "cache_size": request.get("cacheClusterSize"),
        "tracing": request.get("tracingEnabled"),
    }
    changes = {field: value for field, value in given.items() if value is not None}
    if "canarySettings" in request:
        changes["canary"] = canary_of(request["canarySettings"], taken.id)
    else:
        changes["deployment"] = taken.id
    deployed = msgspec.structs.replace(stage, updated=taken.created, **changes)
    return recached(deployed, stage, taken.snapshot)


RULES: Rules[store.Deployment] = {"replace": {"/description": put("description")}}


def members(deployment: store.Deployment, *, embed: bool = False) -> dict[str, Any]:
    """A deployment under AWS's member names."""
    return {
        "id": deployment.id,
        "description": deployment.description,
        "createdDate": int(deployment.created),
        "apiSummary": deployment.summary if embed else None,
    }
