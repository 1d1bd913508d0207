"""UpdateFunctionCode, UpdateFunctionConfiguration: change $LATEST. The next invocation runs what was changed.

docs: API_UpdateFunctionCode, API_UpdateFunctionConfiguration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.lambda_ import roles
from atoll.services.lambda_.errors import InvalidParameterValueException, stale_revision
from atoll.services.lambda_.functions import code_signing_configs, code_storage, configuration, dead_letter, source
from atoll.services.lambda_.functions.create_function import find_runtime
from atoll.services.lambda_.layers import use
from atoll.services.lambda_.layers.policy import USES_LAYERS
from atoll.services.lambda_.names import LATEST, Target, function_arn, latest
from atoll.services.lambda_.policy import CONFIGURES, permission
from atoll.services.lambda_.running import Running
from atoll.services.lambda_.store import Version, get, get_version, key, put_version, version_key
from atoll.services.lambda_.versions.publish import publish

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        UpdateFunctionCodeRequestTypeDef,
        UpdateFunctionConfigurationRequestTypeDef,
    )


@operation(
    "UpdateFunctionCode",
    access=[permission("UpdateFunctionCode", resource=function_arn)],
    not_honoured={"SourceKMSKeyArn": configuration.UNENCRYPTED},
)
async def update_function_code(ctx: Context, request: UpdateFunctionCodeRequestTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, InvalidParameterValueException, PreconditionFailedException."""
    place = latest(ctx, request)
    configuration.refuse(request)
    if request.get("ImageUri"):
        raise InvalidParameterValueException(
            "Please don't provide ImageUri when updating a function with packageType Zip."
        )
    current = await ctx.store.read(lambda tx: (get(tx, place), get_version(tx, place))[1])
    configuration.report(ctx, request)
    package = await source.stored(ctx, request)

    def with_code(tx: Reader, version: Version) -> Version:
        code_signing_configs.verify(tx, get(tx, place).signing, place.name)
        version = configuration.changed(
            version, {"Architectures": request["Architectures"]} if "Architectures" in request else {}
        )
        return msgspec.structs.replace(version, code=package.digest, code_size=package.size, unzipped=package.unzipped)

    if request.get("DryRun"):
        if request.get("RevisionId", current.revision) != current.revision:
            raise stale_revision()
        tried = await ctx.store.read(lambda tx: with_code(tx, current))
        use.check_size(tried)
        return configuration.described(place, tried, state=configuration.SETTLED)
    return await _change(ctx, place, with_code, request.get("RevisionId"), to_publish=request.get("Publish", False))


@operation(
    "UpdateFunctionConfiguration",
    access=[
        permission("UpdateFunctionConfiguration", CONFIGURES, resource=function_arn),
        roles.PASS_ROLE,
        USES_LAYERS,
    ],
    not_honoured=configuration.NOT_HONOURED,
)
async def update_function_configuration(
    ctx: Context, request: UpdateFunctionConfigurationRequestTypeDef
) -> dict[str, Any]:
    """Raises ResourceNotFoundException, InvalidParameterValueException, PreconditionFailedException."""
    place = latest(ctx, request)
    configuration.refuse(request)
    configuration.check(request)
    current = await ctx.store.read(lambda tx: (get(tx, place), get_version(tx, place))[1])
    configuration.report(ctx, request)
    dead_letter.report(ctx, request)
    if "Runtime" in request:
        await find_runtime(ctx, request["Runtime"])
    if "Role" in request:
        await roles.check(ctx, place, request["Role"])
    await dead_letter.check(ctx, place, request.get("Role", current.role), request)
    arns = request.get("Layers", [])
    layers = await use.chosen(ctx, place, arns)

    def reconfigured(tx: Reader, version: Version) -> Version:
        version = configuration.changed(version, request)
        if "Layers" not in request:
            return version
        use.found(tx, ctx, place, arns)
        code_signing_configs.verify(tx, get(tx, place).signing, *arns)
        return use.with_layers(version, *layers)

    return await _change(ctx, place, reconfigured, request.get("RevisionId"))


async def _change(
    ctx: Context,
    place: Target,
    change: Callable[[Reader, Version], Version],
    expected: str | None,
    *,
    to_publish: bool = False,
) -> dict[str, Any]:
    """Changes $LATEST, retires its environments and shows it as being updated, or the version that is published as being made."""
    now, revision, build, shown_revision = ctx.clock.now(), ctx.ids.uuid(), ctx.ids.uuid(), ctx.ids.uuid()
    revisions = (ctx.ids.uuid(), ctx.ids.uuid())

    def update(tx: Transaction) -> Version:
        get(tx, place)
        before = get_version(tx, place)
        if expected is not None and expected != before.revision:
            raise stale_revision()
        after = msgspec.structs.replace(change(tx, before), modified=now, revision=revision, build=build)
        use.check_size(after)
        put_version(tx, place, after)
        code_storage.own(tx, version_key(place), code_storage.digests(after), code_storage.digests(before))
        code_storage.charge(tx, key(place, "usage", "bytes"), after.code_size - before.code_size)
        return publish(tx, place, revisions) if to_publish else after

    after = await ctx.store.transact(update)
    running: Running = ctx.runtime
    running.pool.drain(place.arn, LATEST)
    if to_publish:
        shown = configuration.described(place.at(after.version), after, state=configuration.CREATING)
    else:
        shown = configuration.described(place, after, state=configuration.UPDATING)
    return {**shown, "RevisionId": shown_revision}  # becoming Successful changes it, on AWS too
