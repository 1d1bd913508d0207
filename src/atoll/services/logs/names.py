"""What requests call groups and streams, and what ARNs call them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.services.logs.errors import InvalidParameterException


def group_name(request: Mapping[str, Any]) -> str:
    """The group that `logGroupName` or `logGroupIdentifier` (a name or an ARN) names. Raises InvalidParameterException."""
    name, identifier = request.get("logGroupName"), request.get("logGroupIdentifier")
    if name and identifier:
        raise InvalidParameterException("LogGroup name and LogGroup identifier are mutually exclusive parameters.")
    if not name and not identifier:
        raise InvalidParameterException("Either LogGroup name or LogGroup identifier must be specified.")
    return str(name) if name else name_in_arn(str(identifier))


def name_in_arn(identifier: str) -> str:
    """`arn:aws:logs:R:A:log-group:NAME` or `…:NAME:*` as NAME; what is no ARN is a name already."""
    if not identifier.startswith("arn:"):
        return identifier
    parts = identifier.split(":")
    return parts[6] if len(parts) > 6 else ""


def group_arn(ctx: Context, name: str) -> str:
    """The ARN that tags hang on; DescribeLogGroups' `arn` has `:*` behind it."""
    return ctx.arn(f"log-group:{name}")


def group_resource(ctx: Context, request: Mapping[str, Any]) -> str:
    """What IAM compares for operations on a group: policies name it `log-group:NAME:*`."""
    identifier = str(request.get("logGroupIdentifier", ""))
    name = request.get("logGroupName") or name_in_arn(identifier)
    return ctx.arn(f"log-group:{name}:log-stream:")


def any_group_resource(ctx: Context, _request: Mapping[str, Any]) -> str:
    """What IAM compares for DescribeLogGroups."""
    return ctx.arn("log-group::log-stream:")


def stream_resource(ctx: Context, request: Mapping[str, Any]) -> str:
    """What IAM compares for operations on a stream."""
    return group_resource(ctx, request) + str(request.get("logStreamName", ""))


def tagged_resource(_ctx: Context, request: Mapping[str, Any]) -> str:
    """What IAM compares for operations on tags by ARN."""
    return str(request.get("resourceArn", "*"))
