"""Attributes for access control: which claims of a user's token become tags of his session.

docs: API_SetPrincipalTagAttributeMap; developer guide, "Using attributes for access control".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_identity import store
from atoll.services.cognito_identity.access import on_pool

if TYPE_CHECKING:
    from types_boto3_cognito_identity.type_defs import (
        GetPrincipalTagAttributeMapInputTypeDef,
        SetPrincipalTagAttributeMapInputTypeDef,
    )

DEFAULTS = {"username": "sub", "client": "aud"}


@operation("SetPrincipalTagAttributeMap", access=[Access("cognito-identity:SetPrincipalTagAttributeMap")])
async def set_principal_tag_attribute_map(
    ctx: Context, request: SetPrincipalTagAttributeMapInputTypeDef
) -> dict[str, Any]:
    """Says which claims of a provider's tokens become which tags."""
    provider, defaults = request["IdentityProviderName"], request.get("UseDefaults", False)
    tags = dict(DEFAULTS if defaults else request.get("PrincipalTags", {}))

    def write(tx: Transaction) -> None:
        pool = store.pool(tx, ctx, request["IdentityPoolId"])
        kept = {**pool.principal_tags, provider: {"UseDefaults": defaults, "PrincipalTags": tags}}
        store.put_pool(tx, ctx, msgspec.structs.replace(pool, principal_tags=kept))

    await ctx.store.transact(write)
    return _members(request["IdentityPoolId"], provider, {"UseDefaults": defaults, "PrincipalTags": tags})


@operation("GetPrincipalTagAttributeMap", access=on_pool("GetPrincipalTagAttributeMap"))
async def get_principal_tag_attribute_map(
    ctx: Context, request: GetPrincipalTagAttributeMapInputTypeDef
) -> dict[str, Any]:
    """The tags of a provider's users: none where nothing was set."""
    pool = await ctx.store.read(lambda tx: store.pool(tx, ctx, request["IdentityPoolId"]))
    provider = request["IdentityProviderName"]
    nothing = {"UseDefaults": False, "PrincipalTags": {}}
    return _members(pool.id, provider, pool.principal_tags.get(provider, nothing))


def tags_of(pool: store.Pool, provider: str, claims: Mapping[str, Any]) -> dict[str, str]:
    """The session's tags of a user of the provider whose token has these claims."""
    named = pool.principal_tags.get(provider, {}).get("PrincipalTags", {})
    found = {tag: claims.get(claim) for tag, claim in named.items()}
    return {tag: value if isinstance(value, str) else str(value) for tag, value in found.items() if value is not None}


def _members(pool_id: str, provider: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    return {"IdentityPoolId": pool_id, "IdentityProviderName": provider, **kept}
