"""What the operations need. docs: Service Authorization Reference, "Amazon Cognito Identity"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.places import PLACES
from atoll.kernel.service import Access, ValuesOf
from atoll.services.cognito_identity import store

Request = Mapping[str, Any]


async def _tags(ctx: Context, request: Request) -> Mapping[str, str] | None:
    pool_id = request.get("IdentityPoolId") or str(request.get("ResourceArn", "")).rpartition("/")[2]
    found = await ctx.store.read(lambda tx: store.find(tx, ctx, pool_id))
    return found.tags if found else None


def on_pool(action: str, conditions: Mapping[str, ValuesOf] | None = None) -> list[Access]:
    """The permission for `action` on the request's pool."""
    return [
        Access(
            f"cognito-identity:{action}",
            lambda ctx, request: request.get("ResourceArn") or store.arn(ctx, request.get("IdentityPoolId", "*")),
            {"aws:ResourceTag/${TagKey}": _tags, **(conditions or {})},
        )
    ]


def on_identity(action: str) -> list[Access]:
    """The permission for `action` on identities, which have no ARNs; their pool's is a condition."""

    async def pools(ctx: Context, request: Request) -> list[str] | None:
        ids = [request["IdentityId"]] if request.get("IdentityId") else list(request.get("IdentityIdsToDelete", ()))

        def read(tx: Any) -> list[str]:
            places = [tx.get((*store.IDENTITY_IDS, one)) for one in ids]
            return sorted({store.arn(ctx, PLACES.decode(raw).pool) for raw in places if raw is not None})

        return await ctx.store.read(read) or None

    return [Access(f"cognito-identity:{action}", conditions={"cognito-identity:IdentityPoolArn": pools})]
