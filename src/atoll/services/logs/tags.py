"""TagResource, UntagResource, ListTagsForResource, and the older TagLogGroup, UntagLogGroup, ListTagsLogGroup."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.kernel.tag_conditions import adds_tags, removes_tags
from atoll.services.logs.access import on_group, on_tagged
from atoll.services.logs.errors import TooManyTagsException
from atoll.services.logs.names import name_in_arn
from atoll.services.logs.store import get_group, put_group

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import (
        ListTagsForResourceRequestTypeDef,
        ListTagsLogGroupRequestTypeDef,
        TagLogGroupRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagLogGroupRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

MAX_TAGS = 50


@operation("TagResource", access=[on_tagged("TagResource", adds_tags("tags"))])
async def tag_resource(ctx: Context, request: TagResourceRequestTypeDef) -> None:
    """docs: API_TagResource. Raises TooManyTagsException past 50 tags."""
    await _change(ctx, name_in_arn(ctx, request["resourceArn"]), request["tags"], ())


@operation("UntagResource", access=[on_tagged("UntagResource", removes_tags("tagKeys"))])
async def untag_resource(ctx: Context, request: UntagResourceRequestTypeDef) -> None:
    """docs: API_UntagResource."""
    await _change(ctx, name_in_arn(ctx, request["resourceArn"]), {}, request["tagKeys"])


@operation("ListTagsForResource", access=[on_tagged("ListTagsForResource")])
async def list_tags_for_resource(ctx: Context, request: ListTagsForResourceRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListTagsForResource."""
    return await _listed(ctx, name_in_arn(ctx, request["resourceArn"]))


@operation("TagLogGroup", access=[on_group("TagLogGroup", adds_tags("tags"))])
async def tag_log_group(ctx: Context, request: TagLogGroupRequestTypeDef) -> None:
    """docs: API_TagLogGroup."""
    await _change(ctx, request["logGroupName"], request["tags"], ())


@operation("UntagLogGroup", access=[on_group("UntagLogGroup", removes_tags("tags"))])
async def untag_log_group(ctx: Context, request: UntagLogGroupRequestTypeDef) -> None:
    """docs: API_UntagLogGroup."""
    await _change(ctx, request["logGroupName"], {}, request["tags"])


@operation("ListTagsLogGroup", access=[on_group("ListTagsLogGroup")])
async def list_tags_log_group(ctx: Context, request: ListTagsLogGroupRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListTagsLogGroup."""
    return await _listed(ctx, request["logGroupName"])


async def _listed(ctx: Context, name: str) -> dict[str, Any]:
    group = await ctx.store.read(lambda tx: get_group(tx, ctx, name))
    return {"tags": group.tags}


async def _change(ctx: Context, name: str, added: Mapping[str, str], removed: Collection[str]) -> None:
    def change(tx: Transaction) -> None:
        group = get_group(tx, ctx, name)
        kept = {tag: value for tag, value in group.tags.items() if tag not in removed}
        tags = {**kept, **added}
        if len(tags) > MAX_TAGS:
            raise TooManyTagsException(f"Too many tags: a resource can have at most {MAX_TAGS}.", resourceName=name)
        put_group(tx, ctx, msgspec.structs.replace(group, tags=tags))

    await ctx.store.transact(change)
