"""PutRuntimeManagementConfig, GetRuntimeManagementConfig: when a function's runtime is updated.

docs: API_PutRuntimeManagementConfig; Lambda developer guide, "Understanding how Lambda manages runtime version updates". Atoll runs the
interpreters that are installed, each of them one version of its runtime.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.lambda_.errors import InvalidParameterValueException
from atoll.services.lambda_.functions import configuration
from atoll.services.lambda_.names import Target, target
from atoll.services.lambda_.policy import permission
from atoll.services.lambda_.store import Version, get, get_version, put_version

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        GetRuntimeManagementConfigRequestTypeDef,
        PutRuntimeManagementConfigRequestTypeDef,
    )


@operation("PutRuntimeManagementConfig", access=[permission("PutRuntimeManagementConfig")])
async def put_runtime_management_config(
    ctx: Context, request: PutRuntimeManagementConfigRequestTypeDef
) -> dict[str, Any]:
    """Raises ResourceNotFoundException, InvalidParameterValueException."""
    place = target(ctx, request)
    _check(request)
    revision = ctx.ids.uuid()

    def put(tx: Transaction) -> Version:
        get(tx, place)
        after = msgspec.structs.replace(
            get_version(tx, place), runtime_updates=request["UpdateRuntimeOn"],
            runtime_version=request.get("RuntimeVersionArn", ""), revision=revision,
        )  # fmt: skip
        put_version(tx, place, after)
        return after

    version = await ctx.store.transact(put)
    if version.runtime_version not in ("", configuration.runtime_version(place, version)):
        ctx.warn("RuntimeVersionArn", "functions run on the interpreter that is installed")
    return _described(place, version)


@operation("GetRuntimeManagementConfig", access=[permission("GetRuntimeManagementConfig")])
async def get_runtime_management_config(
    ctx: Context, request: GetRuntimeManagementConfigRequestTypeDef
) -> dict[str, Any]:
    """Raises ResourceNotFoundException."""
    place = target(ctx, request)
    return _described(place, await ctx.store.read(lambda tx: get_version(tx, place)))


def _check(request: Mapping[str, Any]) -> None:
    """A runtime version is for Manual, and only for that. AWS's words for it are not known."""
    manual, given = request["UpdateRuntimeOn"] == "Manual", bool(request.get("RuntimeVersionArn"))
    if manual and not given:
        raise InvalidParameterValueException("You must specify RuntimeVersionArn when UpdateRuntimeOn is Manual.")
    if given and not manual:
        raise InvalidParameterValueException("RuntimeVersionArn is only supported when UpdateRuntimeOn is Manual.")


def _described(place: Target, version: Version) -> dict[str, Any]:
    return {
        "UpdateRuntimeOn": version.runtime_updates,
        "FunctionArn": place.qualified_arn,
        "RuntimeVersionArn": version.runtime_version or None,
    }
