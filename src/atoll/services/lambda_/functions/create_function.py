"""CreateFunction.

docs: API_CreateFunction. The function can be invoked at once; the answer says Pending, as AWS's does, and the first GetFunction Active.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.kernel.tag_conditions import adds_tags
from atoll.lambda_runtime.errors import RuntimeUnavailable
from atoll.services.lambda_ import roles
from atoll.services.lambda_.errors import InvalidParameterValueException, ResourceConflictException, violated
from atoll.services.lambda_.functions import code_signing_configs, code_storage, configuration, dead_letter, source
from atoll.services.lambda_.layers import use
from atoll.services.lambda_.layers.policy import USES_LAYERS
from atoll.services.lambda_.names import LATEST, Target, function_arn, target
from atoll.services.lambda_.policy import CODE_SIGNING, CONFIGURES, permission
from atoll.services.lambda_.running import Running
from atoll.services.lambda_.store import Function, Version, find, key, put, put_version, version_key
from atoll.services.lambda_.tags import check_tags
from atoll.services.lambda_.versions.publish import publish

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import CreateFunctionRequestTypeDef

MAX_NAME = 64


def _tagged(ctx: Context, request: Mapping[str, Any]) -> Sequence[str]:
    """Whoever makes a function with tags must be allowed to tag it."""
    return [function_arn(ctx, request)] if request.get("Tags") else []


@operation(
    "CreateFunction",
    access=[
        permission("CreateFunction", {**CONFIGURES, **CODE_SIGNING, **adds_tags()}, resource=function_arn),
        permission("TagResource", adds_tags(), resource=_tagged),
        roles.PASS_ROLE,
        USES_LAYERS,
    ],
    not_honoured={**configuration.NOT_HONOURED, "Code.SourceKMSKeyArn": configuration.UNENCRYPTED},
)
async def create_function(ctx: Context, request: CreateFunctionRequestTypeDef) -> dict[str, Any]:
    """Raises InvalidParameterValueException, ResourceConflictException, NotImplementedByAtoll."""
    place = target(ctx, request)
    _check(request, place)
    if await ctx.store.read(lambda tx: find(tx, place)):
        raise exists(place)
    configuration.report(ctx, request)
    dead_letter.report(ctx, request)
    await find_runtime(ctx, request["Runtime"])
    await roles.check(ctx, place, request["Role"])
    await dead_letter.check(ctx, place, request["Role"], request)
    arns = request.get("Layers", [])
    layers, overlay = await use.chosen(ctx, place, arns)
    package = await source.stored(ctx, request["Code"])
    version = configuration.changed(
        Version(
            version=LATEST, role=request["Role"], runtime=request["Runtime"], handler=request["Handler"],
            code=package.digest, code_size=package.size, unzipped=package.unzipped, layers=layers, overlay=overlay,
            modified=ctx.clock.now(), revision=ctx.ids.uuid(), build=ctx.ids.uuid(),
        ),
        request,
    )  # fmt: skip
    use.check_size(version)
    signing = request.get("CodeSigningConfigArn", "")
    function = Function(place.name, tags=dict(request.get("Tags", {})), signing=signing)
    revisions = (ctx.ids.uuid(), ctx.ids.uuid())

    def create(tx: Transaction) -> Version:
        if find(tx, place):
            raise exists(place)
        use.found(tx, ctx, place, arns)
        code_signing_configs.verify(tx, signing, place.name)
        put(tx, place, function)
        put_version(tx, place, version)
        code_storage.own(tx, version_key(place), code_storage.digests(version))
        tx.add(key(place, "usage", "count"), 1)
        code_storage.charge(tx, key(place, "usage", "bytes"), version.code_size)
        return publish(tx, place, revisions) if request.get("Publish") else version

    shown = configuration.described(place, await ctx.store.transact(create), state=configuration.CREATING)
    return {**shown, "RevisionId": ctx.ids.uuid()}  # becoming Active changes it, on AWS too


def _check(request: CreateFunctionRequestTypeDef, place: Target) -> None:
    if request.get("PackageType") == "Image" or "ImageUri" in request["Code"]:
        raise NotImplementedByAtoll(
            "lambda: container images (PackageType Image). Atoll runs functions from zip packages."
        )
    configuration.refuse(request)
    if not request.get("Runtime") or not request.get("Handler"):
        raise InvalidParameterValueException(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    if place.qualifier is not None:
        raise InvalidParameterValueException("A function's name must not have a qualifier when it is created.")
    if len(place.name) > MAX_NAME:
        raise violated("functionName", place.name, f"have length less than or equal to {MAX_NAME}")
    configuration.check(request)
    check_tags(request.get("Tags", {}))


def exists(place: Target) -> ResourceConflictException:
    """The name is taken."""
    return ResourceConflictException(f"Function already exist: {place.name}")


async def find_runtime(ctx: Context, runtime: str) -> None:
    """Makes the runtime ready, and tells the caller if another stands in for it. Raises NotImplementedByAtoll if none can."""
    running: Running = ctx.runtime
    try:
        warning = await running.pool.prepare(runtime)
    except RuntimeUnavailable as error:
        raise NotImplementedByAtoll(f"lambda: {error}") from error
    if warning:
        ctx.warn("Runtime", warning)
