"""The layers of a function: which it may have, and what becomes of them in its version.

docs: API_CreateFunction, "Layers"; messages as AWS answered (recorded by the LocalStack project).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.store.api import Reader
from atoll.services.lambda_.errors import InvalidParameterValueException
from atoll.services.lambda_.functions.unzip import MAX_UNZIPPED
from atoll.services.lambda_.layers.names import layer
from atoll.services.lambda_.layers.store import find
from atoll.services.lambda_.names import Target
from atoll.services.lambda_.running import Running
from atoll.services.lambda_.store import LayerUse, Version

MOST = 5


async def chosen(ctx: Context, place: Target, arns: Sequence[str]) -> tuple[list[LayerUse], str]:
    """The layer versions that a function at `place` shall have, and the digest of their list ("" for none), laid over each other
    already. Raises InvalidParameterValueException."""
    used = await ctx.store.read(lambda tx: found(tx, ctx, place, arns))
    running: Running = ctx.runtime
    return used, await running.overlays.store([one.code for one in used]) if used else ""


def found(tx: Reader, ctx: Context, place: Target, arns: Sequence[str]) -> list[LayerUse]:
    """The layer versions of these ARNs, which must be there. Raises InvalidParameterValueException."""
    if len(arns) > MOST:
        raise InvalidParameterValueException(f"Cannot reference more than {MOST} layers.")
    used: dict[str, LayerUse] = {}
    for arn in arns:
        named = layer(ctx, {"Arn": arn})
        if named.region != place.region:
            raise InvalidParameterValueException(
                "Layers are not in the same region as the function. "
                f"Layers are expected to be in region {place.region}."
            )
        version = find(tx, named)
        if version is None:
            raise InvalidParameterValueException(f"Layer version {arn} does not exist.")
        if named.arn in used:
            raise InvalidParameterValueException(
                "Two different versions of the same layer are not allowed to be referenced in the same function. "
                f"{used[named.arn].arn} and {arn} are versions of the same layer."
            )
        used[named.arn] = LayerUse(arn, version.code, version.size, version.unzipped)
    return list(used.values())


def check_size(version: Version) -> None:
    """Raises InvalidParameterValueException if a version's package and layers are too large together."""
    size = version.unzipped + sum(one.unzipped for one in version.layers)
    if version.layers and size > MAX_UNZIPPED:
        raise InvalidParameterValueException(
            f"Function code combined with layers exceeds the maximum allowed size of {MAX_UNZIPPED} bytes. "
            f"The actual size is {size} bytes."
        )


def with_layers(version: Version, used: list[LayerUse], overlay: str) -> Version:
    """The version with these layers instead of its own."""
    return msgspec.structs.replace(version, layers=used, overlay=overlay)
