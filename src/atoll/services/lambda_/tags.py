"""TagResource, UntagResource, ListTags."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.kernel.tag_conditions import adds_tags, removes_tags
from atoll.services.lambda_.errors import InvalidParameterValueException, ResourceNotFoundException
from atoll.services.lambda_.names import Target, function_arn, target
from atoll.services.lambda_.policy import permission
from atoll.services.lambda_.store import get, get_version, put, put_version

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        ListTagsRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

MAX_TAGS = 50


@operation("TagResource", access=[permission("TagResource", adds_tags(), resource=function_arn)])
async def tag_resource(ctx: Context, request: TagResourceRequestTypeDef) -> None:
    """docs: API_TagResource. Raises InvalidParameterValueException, ResourceNotFoundException."""
    place = _function(ctx, request)
    if not request["Tags"]:
        raise InvalidParameterValueException("An error occurred and the request cannot be processed.")
    await _change(ctx, place, request["Tags"], ())


@operation("UntagResource", access=[permission("UntagResource", removes_tags(), resource=function_arn)])
async def untag_resource(ctx: Context, request: UntagResourceRequestTypeDef) -> None:
    """docs: API_UntagResource. Raises ResourceNotFoundException."""
    await _change(ctx, _function(ctx, request), {}, request["TagKeys"])


@operation("ListTags", access=[permission("ListTags", resource=function_arn)])
async def list_tags(ctx: Context, request: ListTagsRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListTags. Raises ResourceNotFoundException."""
    place = _function(ctx, request)
    function = await ctx.store.read(lambda tx: get(tx, place))
    return {"Tags": function.tags}


def check_tags(tags: Mapping[str, str]) -> None:
    """Raises InvalidParameterValueException past 50 tags."""
    if len(tags) > MAX_TAGS:
        raise InvalidParameterValueException("Number of tags exceeds resource tag limit.")


def _function(ctx: Context, request: Mapping[str, Any]) -> Target:
    if ":function:" not in request["Resource"]:
        raise ResourceNotFoundException("The resource you requested does not exist.")
    place = target(ctx, request)
    if place.qualifier is not None:
        raise InvalidParameterValueException(
            "Tags on function aliases and versions are not supported. Please specify a function ARN."
        )
    return place


async def _change(ctx: Context, place: Target, added: Mapping[str, str], removed: Collection[str]) -> None:
    revision = ctx.ids.uuid()

    def change(tx: Transaction) -> None:
        function = get(tx, place)
        tags = {**{tag: value for tag, value in function.tags.items() if tag not in removed}, **added}
        check_tags(tags)
        put(tx, place, msgspec.structs.replace(function, tags=tags))
        put_version(tx, place, msgspec.structs.replace(get_version(tx, place), revision=revision))

    await ctx.store.transact(change)
