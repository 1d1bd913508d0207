"""Deployments of an API: stored snapshots of its routes and integrations that stages run.

Those that stages with automatic deployment took are kept as long as a stage runs them.
docs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-deployments.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.apigatewayv2 import deploy, store
from atoll.services.apigatewayv2.access import access
from atoll.services.apigatewayv2.errors import BadRequestException
from atoll.services.apigatewayv2.pages import listed

if TYPE_CHECKING:
    from types_boto3_apigatewayv2.type_defs import (
        CreateDeploymentRequestTypeDef,
        DeleteDeploymentRequestTypeDef,
        GetDeploymentRequestTypeDef,
        GetDeploymentsRequestTypeDef,
        UpdateDeploymentRequestTypeDef,
    )


@operation("CreateDeployment", access=access("POST", "/apis/{ApiId}/deployments"))
async def create_deployment(ctx: Context, request: CreateDeploymentRequestTypeDef) -> dict[str, Any]:
    """Takes a snapshot of the API as it is now; StageName makes that stage run it."""
    api_id = request["ApiId"]
    drawn = deploy.draw(ctx)

    def write(tx: Transaction) -> store.Deployment:
        store.api(tx, ctx, api_id)
        stage = store.stage(tx, ctx, api_id, request["StageName"]) if request.get("StageName") else None
        if stage is not None and stage.auto_deploy:
            raise BadRequestException("Deployments cannot be created for a stage with auto-deploy enabled")
        if not deploy.deployable(tx, ctx, api_id):
            raise BadRequestException(deploy.NO_ROUTES)
        taken = deploy.take(tx, ctx, api_id, drawn, automatic=False, description=request.get("Description"))
        if stage is not None:
            store.put(tx, ctx, api_id, msgspec.structs.replace(stage, deployment=taken.id, updated=drawn.now))
            deploy.forget(tx, ctx, api_id, {stage.deployment} - {""})
            deploy.publish(tx, ctx, api_id)
        return taken

    return members(await ctx.store.transact(write))


@operation("GetDeployment", access=access("GET", "/apis/{ApiId}/deployments/{DeploymentId}"))
async def get_deployment(ctx: Context, request: GetDeploymentRequestTypeDef) -> dict[str, Any]:
    """One deployment. Raises NotFoundException."""
    found = await ctx.store.read(lambda tx: store.deployment(tx, ctx, request["ApiId"], request["DeploymentId"]))
    return members(found)


@operation("GetDeployments", access=access("GET", "/apis/{ApiId}/deployments"))
async def get_deployments(ctx: Context, request: GetDeploymentsRequestTypeDef) -> dict[str, Any]:
    """A page of an API's deployments, by id."""
    return await listed(ctx, request, store.DEPLOYMENTS, "v2.deployments", members)


@operation("UpdateDeployment", access=access("PATCH", "/apis/{ApiId}/deployments/{DeploymentId}"))
async def update_deployment(ctx: Context, request: UpdateDeploymentRequestTypeDef) -> dict[str, Any]:
    """Changes the description; what was taken never changes."""

    def write(tx: Transaction) -> store.Deployment:
        deployment = store.changed(
            store.deployment(tx, ctx, request["ApiId"], request["DeploymentId"]),
            request,
            {"Description": ("description", str)},
        )
        store.put(tx, ctx, request["ApiId"], deployment)
        return deployment

    return members(await ctx.store.transact(write))


@operation("DeleteDeployment", access=access("DELETE", "/apis/{ApiId}/deployments/{DeploymentId}"))
async def delete_deployment(ctx: Context, request: DeleteDeploymentRequestTypeDef) -> None:
    """Removes a deployment. Raises BadRequestException while a stage runs it."""
    api_id = request["ApiId"]

    def write(tx: Transaction) -> None:
        deployment = store.deployment(tx, ctx, api_id, request["DeploymentId"])
        if any(stage.deployment == deployment.id for stage in store.stages(tx, ctx, api_id)):
            raise BadRequestException("Active stages pointing to this deployment must be moved or deleted")
        deploy.drop(tx, ctx, api_id, deployment)

    await ctx.store.transact(write)


def members(deployment: store.Deployment) -> dict[str, Any]:
    """A deployment under the API's member names. Here it is done as soon as it is there."""
    return {
        "AutoDeployed": deployment.automatic,
        "CreatedDate": int(deployment.created),
        "DeploymentId": deployment.id,
        "DeploymentStatus": "DEPLOYED",
        "Description": deployment.description,
    }
