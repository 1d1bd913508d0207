"""UpdateFunctionCode, UpdateFunctionConfiguration: change $LATEST. The next invocation runs what was changed.

docs: API_UpdateFunctionCode, API_UpdateFunctionConfiguration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel import blobs
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.lambda_ import roles
from atoll.services.lambda_.errors import InvalidParameterValueException, stale_revision
from atoll.services.lambda_.functions import configuration
from atoll.services.lambda_.functions.create_function import find_runtime, zip_of
from atoll.services.lambda_.names import LATEST, Target, function_arn, target
from atoll.services.lambda_.policy import CONFIGURES, permission
from atoll.services.lambda_.running import Running
from atoll.services.lambda_.store import Version, get, get_version, key, put_version, version_key
from atoll.services.lambda_.versions.publish import publish
from atoll.services.lambda_.versions.resolve import at

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        UpdateFunctionCodeRequestTypeDef,
        UpdateFunctionConfigurationRequestTypeDef,
    )


@operation("UpdateFunctionCode", access=[permission("UpdateFunctionCode", resource=function_arn)])
async def update_function_code(ctx: Context, request: UpdateFunctionCodeRequestTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, InvalidParameterValueException, PreconditionFailedException."""
    place = latest(ctx, request)
    running: Running = ctx.runtime
    configuration.refuse(request)
    current = await ctx.store.read(lambda tx: (get(tx, place), get_version(tx, place))[1])
    configuration.report(ctx, request)
    content = zip_of(request, ctx.operation)
    digest = await running.packages.store(content)

    def with_code(version: Version) -> Version:
        version = configuration.changed(
            version, {"Architectures": request["Architectures"]} if "Architectures" in request else {}
        )
        return msgspec.structs.replace(version, code=digest, code_size=len(content))

    if request.get("DryRun"):
        if request.get("RevisionId", current.revision) != current.revision:
            raise stale_revision()
        return configuration.described(place, with_code(current), state=configuration.SETTLED)
    return await _change(ctx, place, with_code, request.get("RevisionId"), to_publish=request.get("Publish", False))


@operation(
    "UpdateFunctionConfiguration",
    access=[permission("UpdateFunctionConfiguration", CONFIGURES, resource=function_arn), roles.PASS_ROLE],
    not_honoured=configuration.NOT_HONOURED,
)
async def update_function_configuration(
    ctx: Context, request: UpdateFunctionConfigurationRequestTypeDef
) -> dict[str, Any]:
    """Raises ResourceNotFoundException, InvalidParameterValueException, PreconditionFailedException."""
    place = latest(ctx, request)
    configuration.refuse(request)
    configuration.check(request)
    await ctx.store.read(lambda tx: get(tx, place))
    configuration.report(ctx, request)
    if "Runtime" in request:
        await find_runtime(ctx, request["Runtime"])
    if "Role" in request:
        await roles.check(ctx, place, request["Role"])
    return await _change(ctx, place, lambda version: configuration.changed(version, request), request.get("RevisionId"))


def latest(ctx: Context, request: Any) -> Target:
    """The function as a whole, which a request may only name without a version. Raises InvalidParameterValueException."""
    named = target(ctx, request)
    if named.qualifier not in (None, LATEST):
        raise InvalidParameterValueException("Current operation does not support versions other than $LATEST")
    return Target(named.account, named.region, named.name, None)


async def _change(
    ctx: Context, place: Target, change: Callable[[Version], Version], expected: str | None, *, to_publish: bool = False
) -> dict[str, Any]:
    """Changes $LATEST, retires its environments and shows it as being updated, or the version that is published as being made."""
    now, revision, build, shown_revision = ctx.clock.now(), ctx.ids.uuid(), ctx.ids.uuid(), ctx.ids.uuid()
    revisions = (ctx.ids.uuid(), ctx.ids.uuid())

    def update(tx: Transaction) -> Version:
        get(tx, place)
        before = get_version(tx, place)
        if expected is not None and expected != before.revision:
            raise stale_revision()
        after = msgspec.structs.replace(change(before), modified=now, revision=revision, build=build)
        put_version(tx, place, after)
        if after.code != before.code:
            blobs.unlink(tx, before.code, version_key(place))
            blobs.link(tx, after.code, version_key(place))
            tx.add(key(place, "usage", "bytes"), after.code_size - before.code_size)
        return publish(tx, place, revisions) if to_publish else after

    after = await ctx.store.transact(update)
    running: Running = ctx.runtime
    running.pool.drain(place.arn, LATEST)
    if to_publish:
        shown = configuration.described(at(place, after.version), after, state=configuration.CREATING)
    else:
        shown = configuration.described(place, after, state=configuration.UPDATING)
    return {**shown, "RevisionId": shown_revision}  # becoming Successful changes it, on AWS too
