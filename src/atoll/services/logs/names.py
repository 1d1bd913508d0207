"""What requests call groups and streams, and what ARNs call them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.services.logs.errors import InvalidParameterException

MAX_NAME = 512


def group_name(ctx: Context, request: Mapping[str, Any]) -> str:
    """The group that `logGroupName` or `logGroupIdentifier` (a name or an ARN) names. Raises InvalidParameterException."""
    name, identifier = request.get("logGroupName"), request.get("logGroupIdentifier")
    if name and identifier:
        raise InvalidParameterException("LogGroup name and LogGroup identifier are mutually exclusive parameters.")
    if not name and not identifier:
        raise InvalidParameterException("Either LogGroup name or LogGroup identifier must be specified.")
    return str(name) if name else name_in_arn(ctx, str(identifier))


def name_in_arn(ctx: Context, identifier: str) -> str:
    """`arn:aws:logs:R:A:log-group:NAME` or `…:NAME:*` as NAME; what is no ARN is a name already.

    "" for an ARN of another region or account: no group here has that name.
    """
    if not identifier.startswith("arn:"):
        return identifier
    parts = identifier.split(":")
    return parts[6] if len(parts) > 6 and parts[3:5] == [ctx.region, ctx.account] else ""


def group_arn(ctx: Context, name: str) -> str:
    """The ARN that tags hang on; DescribeLogGroups' `arn` has `:*` behind it."""
    return ctx.arn(f"log-group:{name}")


def group_resource(ctx: Context, request: Mapping[str, Any]) -> str:
    """What IAM compares for operations on a group: policies name it `log-group:NAME:*`. Raises InvalidParameterException.

    This comes before all validation; AWS refuses names that are too long for an ARN at the same point, in these words.
    """
    if any(len(request.get(member) or "") > MAX_NAME for member in ("logGroupName", "logStreamName")):
        raise InvalidParameterException(
            f"Invalid LogGroup or LogStream, both must have length less than or equal to {MAX_NAME}."
        )
    identifier = str(request.get("logGroupIdentifier", ""))
    if identifier.startswith("arn:"):
        return ":".join(identifier.split(":")[:7]) + ":log-stream:"
    return ctx.arn(f"log-group:{request.get('logGroupName') or identifier}:log-stream:")


def group_resources(ctx: Context, request: Mapping[str, Any]) -> list[str]:
    """What IAM compares for operations on each of `logGroupIdentifiers`."""
    return [group_resource(ctx, {"logGroupIdentifier": named}) for named in request.get("logGroupIdentifiers", [])]


def any_group_resource(ctx: Context, _request: Mapping[str, Any]) -> str:
    """What IAM compares for DescribeLogGroups."""
    return ctx.arn("log-group::log-stream:")


def stream_resource(ctx: Context, request: Mapping[str, Any]) -> str:
    """What IAM compares for operations on a stream."""
    return group_resource(ctx, request) + str(request.get("logStreamName", ""))


def tagged_resource(_ctx: Context, request: Mapping[str, Any]) -> str:
    """What IAM compares for operations on tags by ARN."""
    return str(request.get("resourceArn", "*"))
