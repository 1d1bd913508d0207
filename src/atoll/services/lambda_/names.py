"""How requests name functions: by name, partial ARN or ARN, with a qualifier in the name or beside it.

docs: the parameter FunctionName of every operation, "Name formats".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from atoll.kernel.context import Context
from atoll.services.lambda_.errors import InvalidParameterValueException, ResourceNotFoundException

LATEST = "$LATEST"
_FORMAT = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?(?:(?P<region>[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?(?:(?P<account>\d{12}):)?"
    r"(?:function:)?(?P<name>[a-zA-Z0-9_.-]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?"
)


class Target(msgspec.Struct, frozen=True):
    """The function that a request means. `qualifier` is None where it names none."""

    account: str
    region: str
    name: str
    qualifier: str | None = None

    @property
    def arn(self) -> str:
        """The function's ARN, without a qualifier."""
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"

    @property
    def qualified_arn(self) -> str:
        """The ARN with the qualifier that the request named, if it did."""
        return f"{self.arn}:{self.qualifier}" if self.qualifier else self.arn

    @property
    def exact_arn(self) -> str:
        """The ARN with a qualifier in any case: $LATEST where the request named none."""
        return f"{self.arn}:{self.qualifier or LATEST}"

    def at(self, qualifier: str | None) -> Target:
        """The same function, at another version or alias; None for the function itself."""
        return msgspec.structs.replace(self, qualifier=qualifier)


def target(ctx: Context, request: Mapping[str, Any]) -> Target:
    """What `FunctionName` (or `Resource`, an ARN) and `Qualifier` mean. A name of no format is taken as it stands: validation
    refuses it.

    Raises InvalidParameterValueException where two qualifiers differ, ResourceNotFoundException for another region.
    """
    text, given = str(request.get("FunctionName") or request.get("Resource", "")), request.get("Qualifier")
    match = _FORMAT.fullmatch(text)
    if match is None:
        return Target(ctx.account, ctx.region, text, given)
    inside = match["qualifier"]
    if inside and given and inside != given:
        raise InvalidParameterValueException(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    if match["region"] and match["region"] != ctx.region:
        raise ResourceNotFoundException(
            f"Functions from '{match['region']}' are not reachable in this region ('{ctx.region}')"
        )
    return Target(match["account"] or ctx.account, ctx.region, match["name"], inside or given)


def latest(ctx: Context, request: Mapping[str, Any]) -> Target:
    """The function as a whole, which a request may only name without a version. Raises InvalidParameterValueException."""
    named = target(ctx, request)
    if named.qualifier not in (None, LATEST):
        raise InvalidParameterValueException("Current operation does not support versions other than $LATEST")
    return named.at(None)


def function_arn(ctx: Context, request: Mapping[str, Any]) -> str:
    """What IAM compares for operations on the function as a whole."""
    return target(ctx, request).arn


def qualified_arn(ctx: Context, request: Mapping[str, Any]) -> str:
    """What IAM compares for operations on a version or alias."""
    return target(ctx, request).qualified_arn
