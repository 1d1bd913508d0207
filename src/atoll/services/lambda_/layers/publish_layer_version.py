"""PublishLayerVersion. docs: API_PublishLayerVersion; shapes as AWS answered (recorded by the LocalStack project)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Transaction, counter
from atoll.services.lambda_.errors import violated
from atoll.services.lambda_.functions import code_storage, runtimes, source
from atoll.services.lambda_.layers.layers import described
from atoll.services.lambda_.layers.names import Layer, layer, layer_arn
from atoll.services.lambda_.layers.store import LAYER_VERSIONS, LayerVersion, layer_key, version_key

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import PublishLayerVersionRequestTypeDef


@operation("PublishLayerVersion", access=[Access("lambda:PublishLayerVersion", resource=layer_arn)])
async def publish_layer_version(ctx: Context, request: PublishLayerVersionRequestTypeDef) -> dict[str, Any]:
    """Raises InvalidParameterValueException, RequestTooLarge, CodeStorageExceededException, NotImplementedByAtoll."""
    named = layer(ctx, request)
    _check(request)
    package = await source.stored(ctx, request["Content"])
    draft = LayerVersion(
        version=0, code=package.digest, size=package.size, unzipped=package.unzipped, created=ctx.clock.now(),
        description=request.get("Description", ""), license=request.get("LicenseInfo"),
        runtimes=request.get("CompatibleRuntimes"), architectures=request.get("CompatibleArchitectures"),
    )  # fmt: skip

    def publish(tx: Transaction) -> tuple[Layer, LayerVersion]:
        last = layer_key(named, "layer", named.name)
        number = counter(tx.get(last)) + 1
        made = Layer(named.account, named.region, named.name, number)
        published = msgspec.structs.replace(draft, version=number)
        code_storage.charge(tx, layer_key(named, "usage", "bytes"), published.size)
        code_storage.own(tx, version_key(made), {published.code})
        tx.add(last, 1)
        tx.set(version_key(made), LAYER_VERSIONS.encode(published))
        return made, published

    made, published = await ctx.store.transact(publish)
    return described(ctx, made, published)


def _check(request: Mapping[str, Any]) -> None:
    """Raises ValidationFailed for a runtime that never was."""
    given = request.get("CompatibleRuntimes", [])
    if not all(map(runtimes.known, given)):
        supported = ", ".join(runtimes.SUPPORTED)
        raise violated("compatibleRuntimes", f"[{', '.join(given)}]", f"satisfy enum value set: [{supported}]")
