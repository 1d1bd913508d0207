"""Stages of an API: names under which a deployment answers, with its variables.

docs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.api_runtime.usage_plans import Place, leave_plans
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.apigatewayv2 import deploy, routes, store
from atoll.services.apigatewayv2.access import access
from atoll.services.apigatewayv2.errors import BadRequestException, ConflictException, NotFoundException
from atoll.services.apigatewayv2.pages import listed
from atoll.services.apigatewayv2.rules import check_stage_name
from atoll.services.apigatewayv2.stage_rules import check, merged_log, merged_settings, merged_variables
from atoll.services.apigatewayv2.tag_rules import checked

if TYPE_CHECKING:
    from types_boto3_apigatewayv2.type_defs import (
        CreateStageRequestTypeDef,
        DeleteAccessLogSettingsRequestTypeDef,
        DeleteRouteSettingsRequestTypeDef,
        DeleteStageRequestTypeDef,
        GetStageRequestTypeDef,
        GetStagesRequestTypeDef,
        UpdateStageRequestTypeDef,
    )

_AUTO_DEPLOYED = "Deployment ID cannot be specified for a stage with auto-deploy enabled"


@operation("CreateStage", access=access("POST", "/apis/{ApiId}/stages"))
async def create_stage(ctx: Context, request: CreateStageRequestTypeDef) -> dict[str, Any]:
    """Adds a stage; one with AutoDeploy runs the API as it is now, one with a DeploymentId that deployment, another nothing."""
    api_id, name = request["ApiId"], check_stage_name(request["StageName"])
    drawn = deploy.draw(ctx)
    new = store.Stage(name, drawn.now, drawn.now, tags=checked(request.get("Tags", {})))
    await _check(ctx, request)

    def write(tx: Transaction) -> store.Stage:
        store.api(tx, ctx, api_id)
        if tx.get(store.key(ctx, "v2.stages", api_id, name)) is not None:
            raise ConflictException("Stage already exists")
        return _write(tx, ctx, new, request, drawn, deploys=request.get("AutoDeploy", False))

    return members(await ctx.store.transact(write))


@operation("GetStage", access=access("GET", "/apis/{ApiId}/stages/{StageName}"))
async def get_stage(ctx: Context, request: GetStageRequestTypeDef) -> dict[str, Any]:
    """One stage. Raises NotFoundException."""
    return members(await ctx.store.read(lambda tx: store.stage(tx, ctx, request["ApiId"], request["StageName"])))


@operation("GetStages", access=access("GET", "/apis/{ApiId}/stages"))
async def get_stages(ctx: Context, request: GetStagesRequestTypeDef) -> dict[str, Any]:
    """A page of an API's stages, by name."""
    return await listed(ctx, request, store.STAGES, "v2.stages", members)


@operation("UpdateStage", access=access("PATCH", "/apis/{ApiId}/stages/{StageName}"))
async def update_stage(ctx: Context, request: UpdateStageRequestTypeDef) -> dict[str, Any]:
    """Changes the members that the request names. Stage variables and settings are merged; a variable set to "" goes."""
    drawn = deploy.draw(ctx)
    await _check(ctx, request)

    def write(tx: Transaction) -> store.Stage:
        stage = store.stage(tx, ctx, request["ApiId"], request["StageName"])
        begins = request.get("AutoDeploy", False) and not stage.auto_deploy
        return _write(tx, ctx, msgspec.structs.replace(stage, updated=drawn.now), request, drawn, deploys=begins)

    return members(await ctx.store.transact(write))


@operation("DeleteStage", access=access("DELETE", "/apis/{ApiId}/stages/{StageName}"))
async def delete_stage(ctx: Context, request: DeleteStageRequestTypeDef) -> None:
    """Removes a stage; its address answers no more."""
    api_id, name = request["ApiId"], request["StageName"]

    def write(tx: Transaction) -> None:
        stage = store.stage(tx, ctx, api_id, name)
        tx.delete(store.key(ctx, "v2.stages", api_id, name))
        leave_plans(tx, Place(ctx.account, ctx.region), api_id, name)
        deploy.forget(tx, ctx, api_id, {stage.deployment} - {""})
        deploy.publish(tx, ctx, api_id)

    await ctx.store.transact(write)


@operation("DeleteRouteSettings", access=access("DELETE", "/apis/{ApiId}/stages/{StageName}/routesettings/{RouteKey}"))
async def delete_route_settings(ctx: Context, request: DeleteRouteSettingsRequestTypeDef) -> None:
    """Takes the settings of one route out of a stage."""
    now = ctx.clock.now()

    def write(tx: Transaction) -> None:
        stage = store.stage(tx, ctx, request["ApiId"], request["StageName"])
        if request["RouteKey"] not in stage.route_settings:
            raise NotFoundException("Invalid RouteSettings identifier specified")
        kept = {key: value for key, value in stage.route_settings.items() if key != request["RouteKey"]}
        store.put(tx, ctx, request["ApiId"], msgspec.structs.replace(stage, route_settings=kept, updated=now))
        deploy.publish(tx, ctx, request["ApiId"])

    await ctx.store.transact(write)


@operation("DeleteAccessLogSettings", access=access("DELETE", "/apis/{ApiId}/stages/{StageName}/accesslogsettings"))
async def delete_access_log_settings(ctx: Context, request: DeleteAccessLogSettingsRequestTypeDef) -> None:
    """Takes the access log settings out of a stage."""
    now = ctx.clock.now()

    def write(tx: Transaction) -> None:
        stage = store.stage(tx, ctx, request["ApiId"], request["StageName"])
        store.put(tx, ctx, request["ApiId"], msgspec.structs.replace(stage, access_log=None, updated=now))
        deploy.publish(tx, ctx, request["ApiId"])

    await ctx.store.transact(write)


def _write(
    tx: Transaction,
    ctx: Context,
    stage: store.Stage,
    request: Mapping[str, Any],
    drawn: deploy.Drawn,
    *,
    deploys: bool,
) -> store.Stage:
    """Stores the stage with the request's members, and makes it effective; `deploys` takes an automatic deployment now."""
    api_id = request["ApiId"]
    conversions: store.Members = {
        "AutoDeploy": ("auto_deploy", bool),
        "Description": ("description", str),
        "DeploymentId": ("deployment", str),
        "StageVariables": ("variables", lambda given: merged_variables(stage.variables, given)),
        "DefaultRouteSettings": ("default_settings", lambda given: {**stage.default_settings, **given}),
        "RouteSettings": ("route_settings", lambda given: merged_settings(stage.route_settings, given)),
        "AccessLogSettings": ("access_log", lambda given: merged_log(stage.access_log, given)),
        "ClientCertificateId": ("client_certificate", lambda given: given or None),
    }
    changed = store.changed(stage, request, conversions)
    if request.get("DeploymentId"):
        if changed.auto_deploy:
            raise BadRequestException(_AUTO_DEPLOYED)
        store.deployment(tx, ctx, api_id, request["DeploymentId"])
    for route_key in request.get("RouteSettings", {}):
        if not routes.exists(tx, ctx, api_id, route_key):
            raise NotFoundException(f"Unable to find Route by key {route_key} within the provided RouteSettings")
    store.put(tx, ctx, api_id, changed)
    if deploys:
        deploy.after_change(tx, ctx, api_id, drawn)
    else:
        deploy.forget(tx, ctx, api_id, {stage.deployment} - {"", changed.deployment})
        deploy.publish(tx, ctx, api_id)
    return store.stage(tx, ctx, api_id, stage.name)


async def _check(ctx: Context, request: Mapping[str, Any]) -> None:
    api = await ctx.store.read(lambda tx: store.api(tx, ctx, request["ApiId"]))
    await check(ctx, api.kind, request)


def members(stage: store.Stage) -> dict[str, Any]:
    """A stage under the API's member names."""
    return {
        "AccessLogSettings": stage.access_log,
        "ApiGatewayManaged": stage.managed or None,
        "AutoDeploy": stage.auto_deploy or None,
        "ClientCertificateId": stage.client_certificate,
        "CreatedDate": int(stage.created),
        "DefaultRouteSettings": {"DetailedMetricsEnabled": False, **stage.default_settings},
        "DeploymentId": stage.deployment or None,
        "Description": stage.description,
        "LastDeploymentStatusMessage": stage.deployment_message,
        "LastUpdatedDate": int(stage.updated),
        "RouteSettings": stage.route_settings,
        "StageName": stage.name,
        "StageVariables": stage.variables,
        "Tags": stage.tags,
    }
