"""What the operations of Logs need, on groups, streams and tags. docs: Service Authorization Reference, "Amazon CloudWatch Logs"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.service import Access, ValuesOf
from atoll.kernel.store.api import Reader
from atoll.services.logs.names import group_resource, group_resources, name_in_arn, stream_resource, tagged_resource
from atoll.services.logs.store import find_group

NONE: Mapping[str, ValuesOf] = {}


def on_group(action: str, conditions: Mapping[str, ValuesOf] = NONE) -> Access:
    """The permission for an action on the group that the request names. `conditions` are those beside the group's tags."""
    return Access(f"logs:{action}", resource=group_resource, conditions={**_TAGS, **conditions})


def on_groups(action: str) -> Access:
    """The permission for an action on each of the groups that the request names."""
    return Access(f"logs:{action}", resource=group_resources, conditions=_TAGS)


def on_stream(action: str) -> Access:
    """The permission for an action on the stream that the request names."""
    return Access(f"logs:{action}", resource=stream_resource, conditions=_TAGS)


def on_tagged(action: str, conditions: Mapping[str, ValuesOf] = NONE) -> Access:
    """The permission for an action on the tags of the request's `resourceArn`."""
    return Access(f"logs:{action}", resource=tagged_resource, conditions={**_TAGS, **conditions})


async def _tags(ctx: Context, request: Mapping[str, Any]) -> Mapping[str, str]:
    """The group's tags; its streams have no others. Of several groups, those that all have."""
    named = (request.get(member) for member in ("logGroupName", "logGroupIdentifier", "resourceArn"))
    names = request.get("logGroupIdentifiers") or [next((str(name) for name in named if name), "")]

    def read(tx: Reader) -> dict[str, str]:
        groups = [find_group(tx, ctx, name_in_arn(ctx, name)) for name in names]
        first, *others = [group.tags if group else {} for group in groups]
        return {tag: value for tag, value in first.items() if all(other.get(tag) == value for other in others)}

    return await ctx.store.read(read)


_TAGS: dict[str, ValuesOf] = {"aws:ResourceTag/${TagKey}": _tags}
