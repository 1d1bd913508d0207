"""Tags of identity pools. docs: API_TagResource of Cognito identity pools"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.kernel.tag_conditions import adds_tags, removes_tags
from atoll.services.cognito_identity import store
from atoll.services.cognito_identity.access import on_pool
from atoll.services.cognito_identity.errors import InvalidParameterException, ResourceNotFoundException

if TYPE_CHECKING:
    from types_boto3_cognito_identity.type_defs import (
        ListTagsForResourceInputTypeDef,
        TagResourceInputTypeDef,
        UntagResourceInputTypeDef,
    )

MOST = 50


@operation("TagResource", access=on_pool("TagResource", adds_tags()))
async def tag_resource(ctx: Context, request: TagResourceInputTypeDef) -> dict[str, Any]:
    """Adds tags, or gives them new values."""
    await _change(ctx, request["ResourceArn"], dict(request["Tags"]), ())
    return {}


@operation("UntagResource", access=on_pool("UntagResource", removes_tags()))
async def untag_resource(ctx: Context, request: UntagResourceInputTypeDef) -> dict[str, Any]:
    """Removes tags by their keys; keys that are not there do not matter."""
    await _change(ctx, request["ResourceArn"], {}, tuple(request["TagKeys"]))
    return {}


@operation("ListTagsForResource", access=on_pool("ListTagsForResource"))
async def list_tags_for_resource(ctx: Context, request: ListTagsForResourceInputTypeDef) -> dict[str, Any]:
    """The tags of a pool."""
    return {"Tags": (await ctx.store.read(lambda tx: store.pool(tx, ctx, _pool_id(ctx, request["ResourceArn"])))).tags}


async def _change(ctx: Context, arn: str, added: dict[str, str], removed: tuple[str, ...]) -> None:
    def write(tx: Transaction) -> None:
        pool = store.pool(tx, ctx, _pool_id(ctx, arn))
        tags = {key: value for key, value in {**pool.tags, **added}.items() if key not in removed}
        if len(tags) > MOST:
            raise InvalidParameterException(f"A resource cannot have more than {MOST} tags.")
        store.put_pool(tx, ctx, msgspec.structs.replace(pool, tags=tags))

    await ctx.store.transact(write)


def _pool_id(ctx: Context, arn: str) -> str:
    pool_id = arn.rpartition("/")[2]
    if arn != store.arn(ctx, pool_id):
        raise ResourceNotFoundException(f"Resource '{arn}' not found.")
    return pool_id
