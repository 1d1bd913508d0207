"""Tags of APIs, stages and domain names, by ARN: `arn:aws:apigateway:REGION::/apis/ID`, `…/apis/ID/stages/NAME`, `…/domainnames/NAME`.

docs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/tags-resource-arn.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.api_runtime import domains
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.apigatewayv2 import store
from atoll.services.apigatewayv2.access import tag_access, tagged
from atoll.services.apigatewayv2.tag_rules import checked

if TYPE_CHECKING:
    from types_boto3_apigatewayv2.type_defs import (
        GetTagsRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
    )


@operation("TagResource", access=tag_access("POST"))
async def tag_resource(ctx: Context, request: TagResourceRequestTypeDef) -> dict[str, Any]:
    """Adds tags, or gives them new values."""

    def write(tx: Transaction) -> None:
        resource = tagged(tx, ctx, request["ResourceArn"])
        _put(tx, ctx, request["ResourceArn"], resource, {**resource.tags, **request.get("Tags", {})})

    await ctx.store.transact(write)
    return {}


@operation("UntagResource", access=tag_access("DELETE"))
async def untag_resource(ctx: Context, request: UntagResourceRequestTypeDef) -> None:
    """Removes tags by their keys; keys that are not there do not matter."""
    gone = set(request["TagKeys"])

    def write(tx: Transaction) -> None:
        resource = tagged(tx, ctx, request["ResourceArn"])
        kept = {key: value for key, value in resource.tags.items() if key not in gone}
        _put(tx, ctx, request["ResourceArn"], resource, kept)

    await ctx.store.transact(write)


@operation("GetTags", access=tag_access("GET"))
async def get_tags(ctx: Context, request: GetTagsRequestTypeDef) -> dict[str, Any]:
    """The tags of an API, a stage or a domain name."""
    return {"Tags": (await ctx.store.read(lambda tx: tagged(tx, ctx, request["ResourceArn"]))).tags}


def _put(
    tx: Transaction, ctx: Context, arn: str, resource: store.Api | store.Stage | domains.Domain, tags: Mapping[str, str]
) -> None:
    tags = checked(tags)
    if isinstance(resource, domains.Domain):
        domains.put(tx, msgspec.structs.replace(resource, tags=tags))
    elif isinstance(resource, store.Api):
        store.put_api(tx, ctx, msgspec.structs.replace(resource, tags=tags))
    else:
        api_id = arn.split("/")[2]
        store.put(tx, ctx, api_id, msgspec.structs.replace(resource, tags=tags))
