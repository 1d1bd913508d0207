"""The condition keys of requests that carry tags or tag keys, for the `conditions` of an `Access`.

docs: IAM User Guide, "Controlling access to AWS resources using tags". They are asked for before the request is validated, so a tag may
still lack its key or value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.service import ValuesOf


def adds_tags(member: str = "Tags") -> dict[str, ValuesOf]:
    """For a request whose `member` holds tags: a map, or a list of structures with `Key` and `Value`."""

    def tags(_ctx: Context, request: Mapping[str, Any]) -> Mapping[str, str]:
        given = request.get(member) or {}
        if isinstance(given, Mapping):
            return given
        return {tag["Key"]: tag.get("Value", "") for tag in given if "Key" in tag}

    def keys(ctx: Context, request: Mapping[str, Any]) -> Sequence[str]:
        return list(tags(ctx, request))

    return {"aws:RequestTag/${TagKey}": tags, "aws:TagKeys": keys}


def removes_tags(member: str = "TagKeys") -> dict[str, ValuesOf]:
    """For a request whose `member` lists the keys of tags."""
    return {"aws:TagKeys": lambda _ctx, request: request.get(member) or ()}
