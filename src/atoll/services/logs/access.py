"""What the operations of Logs need, on groups, streams and tags. docs: Service Authorization Reference, "Amazon CloudWatch Logs"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.service import NO_CONDITIONS, Access, ValuesOf
from atoll.services.logs.names import group_resource, name_in_arn, stream_resource, tagged_resource
from atoll.services.logs.store import find_group


def on_group(action: str, conditions: Mapping[str, ValuesOf] = NO_CONDITIONS) -> Access:
    """The permission for an action on the group that the request names. `conditions` are those beside the group's tags."""
    return Access(f"logs:{action}", resource=group_resource, conditions={**_TAGS, **conditions})


def on_groups(action: str) -> Access:
    """The permission for an action on each of `logGroupIdentifiers`."""
    return Access(f"logs:{action}", resource=group_resource, conditions=_TAGS, each=_one_group_each)


def _one_group_each(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [{"logGroupIdentifier": identifier} for identifier in request.get("logGroupIdentifiers", [])]


def on_stream(action: str) -> Access:
    """The permission for an action on the stream that the request names."""
    return Access(f"logs:{action}", resource=stream_resource, conditions=_TAGS)


def on_tagged(action: str, conditions: Mapping[str, ValuesOf] = NO_CONDITIONS) -> Access:
    """The permission for an action on the tags of the request's `resourceArn`."""
    return Access(f"logs:{action}", resource=tagged_resource, conditions={**_TAGS, **conditions})


async def _tags(ctx: Context, request: Mapping[str, Any]) -> Mapping[str, str]:
    """The group's tags; its streams have no others."""
    named = (request.get(member) for member in ("logGroupName", "logGroupIdentifier", "resourceArn"))
    name = next((str(name) for name in named if name), "")
    group = await ctx.store.read(lambda tx: find_group(tx, ctx, name_in_arn(ctx, name)))
    return group.tags if group else {}


_TAGS: dict[str, ValuesOf] = {"aws:ResourceTag/${TagKey}": _tags}
