"""Tags of user pools, by ARN.

docs: API_TagResource, API_UntagResource, API_ListTagsForResource.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import Access, ValuesOf, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.tag_conditions import adds_tags, removes_tags
from atoll.services.cognito_idp import names
from atoll.services.cognito_idp.errors import InvalidParameterException, UserPoolTaggingException
from atoll.services.cognito_idp.pools.find import pool_of, put_pool
from atoll.services.cognito_idp.store import Pool, find_pool

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        ListTagsForResourceRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

MOST = 50
_ARN = re.compile(r"arn:aws:cognito-idp:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):userpool/(?P<pool>[\w-]+)", re.ASCII)


async def _tags(ctx: Context, request: Mapping[str, Any]) -> Mapping[str, str] | None:
    found = _ARN.fullmatch(request.get("ResourceArn", ""))
    pool = await ctx.store.read(lambda tx: find_pool(tx, ctx, found["pool"])) if found else None
    return pool.tags if pool else None


def _on_resource(action: str, conditions: Mapping[str, ValuesOf] | None = None) -> Access:
    return Access(
        f"cognito-idp:{action}",
        lambda ctx, request: request.get("ResourceArn", names.pool_arn(ctx, "*")),
        {"aws:ResourceTag/${TagKey}": _tags, **(conditions or {})},
    )


@operation("TagResource", access=[_on_resource("TagResource", adds_tags())])
async def tag_resource(ctx: Context, request: TagResourceRequestTypeDef) -> dict[str, Any]:
    """Adds tags, or gives them new values. Raises UserPoolTaggingException past 50."""

    def write(tx: Transaction) -> None:
        pool = _pool(tx, ctx, request["ResourceArn"])
        put_pool(tx, ctx, msgspec.structs.replace(pool, tags=checked_tags({**pool.tags, **request["Tags"]})))

    await ctx.store.transact(write)
    return {}


@operation("UntagResource", access=[_on_resource("UntagResource", removes_tags())])
async def untag_resource(ctx: Context, request: UntagResourceRequestTypeDef) -> dict[str, Any]:
    """Removes tags by their keys; keys that are not there do not matter."""
    gone = set(request["TagKeys"])

    def write(tx: Transaction) -> None:
        pool = _pool(tx, ctx, request["ResourceArn"])
        kept = {key: value for key, value in pool.tags.items() if key not in gone}
        put_pool(tx, ctx, msgspec.structs.replace(pool, tags=kept))

    await ctx.store.transact(write)
    return {}


@operation("ListTagsForResource", access=[_on_resource("ListTagsForResource")])
async def list_tags_for_resource(ctx: Context, request: ListTagsForResourceRequestTypeDef) -> dict[str, Any]:
    """The tags of a pool."""
    return {"Tags": (await ctx.store.read(lambda tx: _pool(tx, ctx, request["ResourceArn"]))).tags}


def checked_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags of a pool. Raises UserPoolTaggingException for too many, or for a key that is AWS's."""
    if len(tags) > MOST:
        raise UserPoolTaggingException(f"Too many tags. Maximum number of tags allowed is {MOST}.")
    for key in tags:
        if key.lower().startswith("aws:"):
            raise UserPoolTaggingException("Tag keys beginning with 'aws:' are reserved for system use.")
    return dict(tags)


def _pool(tx: Reader, ctx: Context, arn: str) -> Pool:
    found = _ARN.fullmatch(arn)
    if found is None or (found["region"], found["account"]) != (ctx.region, ctx.account):
        raise InvalidParameterException("Invalid resource ARN.")
    return pool_of(tx, ctx, found["pool"])
