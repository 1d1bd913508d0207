"""Stages of a REST API: names under which a deployment answers, and how. What patches may do to one: `stage_rules.py`.

docs: API_CreateStage, API_GetStage, API_GetStages, API_UpdateStage, API_DeleteStage, API_FlushStageAuthorizersCache, API_FlushStageCache
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.api_runtime.usage_plans import Place, leave_plans
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import account, certificate_records, deploy, documentation_records, store
from atoll.services.apigateway.access import access
from atoll.services.apigateway.errors import BadRequestException, ConflictException
from atoll.services.apigateway.patches import Patch, patches
from atoll.services.apigateway.stage_rules import (
    canary_of,
    check_stage_name,
    check_variables,
    enables_logs,
    members,
    patched,
    recached,
)
from atoll.services.apigateway.tag_rules import checked

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        CreateStageRequestTypeDef,
        DeleteStageRequestTypeDef,
        FlushStageAuthorizersCacheRequestTypeDef,
        FlushStageCacheRequestTypeDef,
        GetStageRequestTypeDef,
        GetStagesRequestTypeDef,
        UpdateStageRequestTypeDef,
    )

STAGES = "/restapis/{restApiId}/stages"
STAGE = f"{STAGES}/{{stageName}}"
_NO_TRACES = "there is no X-Ray to take traces; trace headers are passed on"
NOT_HONOURED = {"tracingEnabled": _NO_TRACES}
"""What a new stage may ask for without effect here."""


@operation("CreateStage", access=access("POST", STAGES), not_honoured=NOT_HONOURED)
async def create_stage(ctx: Context, request: CreateStageRequestTypeDef) -> dict[str, Any]:
    """Adds a stage that runs a deployment. Raises ConflictException where it is there."""
    api_id, name, now = request["restApiId"], check_stage_name(request["stageName"]), ctx.clock.now()
    check_variables(request.get("variables", {}))
    stage = store.Stage(
        name,
        now,
        now,
        request["deploymentId"],
        request.get("description"),
        dict(request.get("variables", {})),
        canary=canary_of(request["canarySettings"], request["deploymentId"]) if "canarySettings" in request else None,
        tracing=request.get("tracingEnabled", False),
        cache_cluster=request.get("cacheClusterEnabled", False),
        cache_size=request.get("cacheClusterSize"),
        documentation_version=request.get("documentationVersion"),
        tags=checked(request.get("tags", {})),
        cache=ctx.ids.uuid(),
    )

    def write(tx: Transaction) -> None:
        store.api(tx, ctx, api_id)
        if tx.get(store.key(ctx, "v1.stages", api_id, name)) is not None:
            raise ConflictException("Stage already exists")
        _store(tx, ctx, api_id, stage)

    await ctx.store.transact(write)
    return members(stage)


@operation("GetStage", access=access("GET", STAGE))
async def get_stage(ctx: Context, request: GetStageRequestTypeDef) -> dict[str, Any]:
    """One stage. Raises NotFoundException."""
    return members(await ctx.store.read(lambda tx: store.stage(tx, ctx, request["restApiId"], request["stageName"])))


@operation("GetStages", access=access("GET", STAGES))
async def get_stages(ctx: Context, request: GetStagesRequestTypeDef) -> dict[str, Any]:
    """All stages of an API, or those that run a deployment."""
    api_id, deployment = request["restApiId"], request.get("deploymentId")

    def read(tx: Reader) -> list[store.Stage]:
        store.api(tx, ctx, api_id)
        return list(store.each(tx, ctx, "v1.stages", store.STAGES, api_id))

    found = await ctx.store.read(read)
    return {"item": [members(stage) for stage in found if deployment in (None, stage.deployment)]}


@operation("UpdateStage", access=access("PATCH", STAGE))
async def update_stage(ctx: Context, request: UpdateStageRequestTypeDef) -> dict[str, Any]:
    """Changes what the patches name; requests see it at once."""
    operations, now, cache = patches(request), ctx.clock.now(), ctx.ids.uuid()
    for patch in operations:
        if (patch.value or "").lower() not in ("", "false"):
            _warn_patch(ctx, patch)

    def write(tx: Transaction) -> store.Stage:
        before = store.stage(tx, ctx, request["restApiId"], request["stageName"])
        stage = msgspec.structs.replace(recached(patched(before, operations), before, cache), updated=now)
        check_variables(stage.variables)
        if any(map(enables_logs, operations)) and not account.settings(tx, ctx).role:
            raise BadRequestException("CloudWatch Logs role ARN must be set in account settings to enable logging")
        _store(tx, ctx, request["restApiId"], stage, before)
        return stage

    return members(await ctx.store.transact(write))


@operation("DeleteStage", access=access("DELETE", STAGE))
async def delete_stage(ctx: Context, request: DeleteStageRequestTypeDef) -> None:
    """Removes a stage; its address answers no more."""
    api_id, name = request["restApiId"], request["stageName"]

    def write(tx: Transaction) -> None:
        store.stage(tx, ctx, api_id, name)
        tx.delete(store.key(ctx, "v1.stages", api_id, name))
        leave_plans(tx, Place(ctx.account, ctx.region), api_id, name)
        deploy.publish(tx, ctx, api_id)

    await ctx.store.transact(write)


@operation("FlushStageAuthorizersCache", access=access("DELETE", f"{STAGE}/cache/authorizers"))
async def flush_stage_authorizers_cache(ctx: Context, request: FlushStageAuthorizersCacheRequestTypeDef) -> None:
    """Makes the stage ask its authorizers anew."""
    api_id = request["restApiId"]

    def write(tx: Transaction) -> None:
        stage = store.stage(tx, ctx, api_id, request["stageName"])
        store.put(tx, ctx, api_id, msgspec.structs.replace(stage, authorizers_epoch=stage.authorizers_epoch + 1))
        deploy.publish(tx, ctx, api_id)

    await ctx.store.transact(write)


@operation("FlushStageCache", access=access("DELETE", f"{STAGE}/cache/data"))
async def flush_stage_cache(ctx: Context, request: FlushStageCacheRequestTypeDef) -> None:
    """Empties the stage's cache. A stage without one has nothing to lose."""
    api_id, cache = request["restApiId"], ctx.ids.uuid()

    def write(tx: Transaction) -> None:
        stage = store.stage(tx, ctx, api_id, request["stageName"])
        store.put(tx, ctx, api_id, msgspec.structs.replace(stage, cache=cache))
        deploy.publish(tx, ctx, api_id)

    await ctx.store.transact(write)


def _warn_patch(ctx: Context, patch: Patch) -> None:
    if patch.path[-2:] == ("metrics", "enabled"):
        ctx.warn("metrics/enabled", "there is no CloudWatch to take metrics")
    if patch.path[0] == "tracingEnabled":
        ctx.warn("tracingEnabled", _NO_TRACES)


def _store(tx: Transaction, ctx: Context, api_id: str, stage: store.Stage, before: store.Stage | None = None) -> None:
    """Stores a stage, and tells the data plane. Its deployments must be there, and the documentation and certificate that it had not
    `before`."""
    for deployment in {stage.deployment, stage.canary.deployment if stage.canary else stage.deployment}:
        if tx.get(store.key(ctx, "v1.deployments", api_id, deployment)) is None:
            raise BadRequestException("Deployment id does not exist")
    version, certificate = stage.documentation_version, stage.client_certificate
    if version and (before is None or before.documentation_version != version):
        documentation_records.version(tx, ctx, api_id, version)
    if certificate and (before is None or before.client_certificate != certificate):
        certificate_records.certificate(tx, ctx, certificate)
    store.put(tx, ctx, api_id, stage)
    deploy.publish(tx, ctx, api_id)
