"""How requests name layers and their versions: by name or ARN, with the version's number beside it or in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from atoll.kernel.context import Context
from atoll.services.lambda_.errors import InvalidParameterValueException

_ARN = re.compile(
    r"arn:[a-zA-Z0-9-]+:lambda:(?P<region>[a-zA-Z0-9-]+):(?P<account>\d{12}):layer:(?P<name>[a-zA-Z0-9_-]+)"
    r"(?::(?P<version>[0-9]+))?"
)


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer, or a version of it."""

    account: str
    region: str
    name: str
    version: int = 0

    @property
    def arn(self) -> str:
        """The layer's ARN."""
        return f"arn:aws:lambda:{self.region}:{self.account}:layer:{self.name}"

    @property
    def version_arn(self) -> str:
        """The version's ARN."""
        return f"{self.arn}:{self.version}"


def layer(ctx: Context, request: Mapping[str, Any]) -> Layer:
    """What `Arn`, or `LayerName` and `VersionNumber`, mean. A name of no format is taken as it stands: validation refuses it."""
    text = str(request.get("Arn") or request.get("LayerName", ""))
    number = request.get("VersionNumber", 0)
    match = _ARN.fullmatch(text)
    if match is None:
        return Layer(ctx.account, ctx.region, text, number)
    return Layer(match["account"], match["region"], match["name"], int(match["version"] or number))


def layer_version(ctx: Context, request: Mapping[str, Any]) -> Layer:
    """The layer version that a request means. Raises InvalidParameterValueException for a number below 1."""
    named = layer(ctx, request)
    if named.version < 1:
        raise InvalidParameterValueException("Layer Version Cannot be less than 1")
    return named


def layer_arn(ctx: Context, request: Mapping[str, Any]) -> str:
    """What IAM compares for operations on the layer as a whole."""
    return layer(ctx, request).arn


def layer_version_arn(ctx: Context, request: Mapping[str, Any]) -> str:
    """What IAM compares for operations on a version."""
    return layer(ctx, request).version_arn
