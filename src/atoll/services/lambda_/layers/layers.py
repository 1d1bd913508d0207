"""GetLayerVersion, GetLayerVersionByArn, ListLayers, ListLayerVersions, DeleteLayerVersion.

docs: API_GetLayerVersion and the like; shapes and messages as AWS answered (recorded by the LocalStack project).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.lambda_.errors import InvalidParameterValueException, ResourceNotFoundException, violated
from atoll.services.lambda_.functions import code_storage, runtimes
from atoll.services.lambda_.functions.configuration import base64_digest
from atoll.services.lambda_.layers.names import Layer, layer, layer_version, layer_version_arn
from atoll.services.lambda_.layers.policy import permission
from atoll.services.lambda_.layers.store import LAYER_VERSIONS, LayerVersion, find, layer_key, version_key
from atoll.services.lambda_.moments import moment
from atoll.services.lambda_.paging import next_marker, page_of
from atoll.services.lambda_.running import Running

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        DeleteLayerVersionRequestTypeDef,
        GetLayerVersionByArnRequestTypeDef,
        GetLayerVersionRequestTypeDef,
        ListLayersRequestTypeDef,
        ListLayerVersionsRequestTypeDef,
    )

MOST_DIGITS = 18


@operation("GetLayerVersion", access=[permission("GetLayerVersion")])
async def get_layer_version(ctx: Context, request: GetLayerVersionRequestTypeDef) -> dict[str, Any]:
    """Raises InvalidParameterValueException, ResourceNotFoundException."""
    return await _got(ctx, request)


@operation("GetLayerVersionByArn", access=[permission("GetLayerVersion")])
async def get_layer_version_by_arn(ctx: Context, request: GetLayerVersionByArnRequestTypeDef) -> dict[str, Any]:
    """Raises InvalidParameterValueException, ResourceNotFoundException."""
    return await _got(ctx, request)


@operation("ListLayers", access=[Access("lambda:ListLayers")])
async def list_layers(ctx: Context, request: ListLayersRequestTypeDef) -> dict[str, Any]:
    """The account's layers by name, each with its latest version that fits the filters; at most 50 per page."""
    _check(request)
    limit, after = page_of(request)
    anywhere = Layer(ctx.account, ctx.region, "")

    def read(tx: Reader) -> list[tuple[Layer, LayerVersion]]:
        span = under(layer_key(anywhere, "layer"))
        if after is not None:
            span = span.past(layer_key(anywhere, "layer", after))
        names = (Layer(ctx.account, ctx.region, str(at[-1])) for at, _ in tx.scan(span))
        latest = ((named, next(_fitting(tx, named, request), None)) for named in names)
        return list(islice(((named, version) for named, version in latest if version), limit + 1))

    page = await ctx.store.read(read)
    return {
        "Layers": [
            {"LayerName": named.name, "LayerArn": named.arn, "LatestMatchingVersion": _listed(named, version)}
            for named, version in page[:limit]
        ],
        "NextMarker": next_marker(page, limit, lambda one: one[0].name),
    }


@operation("ListLayerVersions", access=[Access("lambda:ListLayerVersions")])
async def list_layer_versions(ctx: Context, request: ListLayerVersionsRequestTypeDef) -> dict[str, Any]:
    """The latest version first, at most 50 per page; none of a layer that is not there, or is another account's."""
    _check(request)
    named, (limit, after) = layer(ctx, request), page_of(request)
    before = _number(after)

    def read(tx: Reader) -> list[LayerVersion]:
        found = _fitting(tx, named, request)
        return list(islice((one for one in found if before is None or one.version < before), limit + 1))

    own = named.account == ctx.account and named.region == ctx.region
    page = await ctx.store.read(read) if own else []
    return {
        "LayerVersions": [_listed(named, version) for version in page[:limit]],
        "NextMarker": next_marker(page, limit, lambda one: str(one.version)),
    }


@operation("DeleteLayerVersion", access=[Access("lambda:DeleteLayerVersion", resource=layer_version_arn)])
async def delete_layer_version(ctx: Context, request: DeleteLayerVersionRequestTypeDef) -> None:
    """Functions that use it keep its content. Nothing where it is not there. Raises InvalidParameterValueException."""
    named = layer_version(ctx, request)

    def delete(tx: Transaction) -> None:
        if found := find(tx, named):
            code_storage.own(tx, version_key(named), (), {found.code})
            code_storage.charge(tx, layer_key(named, "usage", "bytes"), -found.size)
            tx.delete(version_key(named))

    await ctx.store.transact(delete)


def described(ctx: Context, named: Layer, version: LayerVersion) -> dict[str, Any]:
    """GetLayerVersionResponse, which PublishLayerVersion answers, too."""
    running: Running = ctx.runtime
    return _listed(named, version) | {
        "LayerArn": named.arn,
        "Content": {
            "Location": running.package_url(version.code),
            "CodeSha256": base64_digest(version.code),
            "CodeSize": version.size,
        },
    }


async def _got(ctx: Context, request: Mapping[str, Any]) -> dict[str, Any]:
    named = layer_version(ctx, request)
    found = await ctx.store.read(lambda tx: find(tx, named)) if named.region == ctx.region else None
    if found is None:
        raise ResourceNotFoundException("The resource you requested does not exist.")
    return described(ctx, named, found)


def _check(request: Mapping[str, Any]) -> None:
    """Raises ValidationFailed for a filter on a runtime that never was."""
    runtime = request.get("CompatibleRuntime")
    if runtime is not None and runtime not in runtimes.EVER:
        raise violated("compatibleRuntime", runtime, f"satisfy enum value set: [{', '.join(runtimes.EVER)}]")


def _number(after: str | None) -> int | None:
    """The version number that a marker says. Raises InvalidParameterValueException."""
    if after is not None and (not after.isdecimal() or len(after) > MOST_DIGITS):
        raise InvalidParameterValueException("Invalid marker.")
    return int(after) if after else None


def _fitting(tx: Reader, named: Layer, request: Mapping[str, Any]) -> Iterator[LayerVersion]:
    """The layer's versions that the request's filters let through, the latest first."""
    runtime, architecture = request.get("CompatibleRuntime"), request.get("CompatibleArchitecture")
    for _, raw in tx.scan(under(layer_key(named, "layer-version", named.name)), reverse=True):
        version = LAYER_VERSIONS.decode(raw)
        if (runtime is None or runtime in (version.runtimes or ())) and (
            architecture is None or architecture in (version.architectures or ())
        ):
            yield version


def _listed(named: Layer, version: LayerVersion) -> dict[str, Any]:
    return {
        "LayerVersionArn": f"{named.arn}:{version.version}",
        "Version": version.version,
        "Description": version.description,
        "CreatedDate": moment(version.created),
        "CompatibleRuntimes": version.runtimes,
        "CompatibleArchitectures": version.architectures,
        "LicenseInfo": version.license,
    }
