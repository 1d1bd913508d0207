"""Identity pools. docs: API_CreateIdentityPool and its like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.keys import between, under
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.tag_conditions import adds_tags
from atoll.services.cognito_identity import store
from atoll.services.cognito_identity.access import on_pool
from atoll.services.cognito_identity.errors import InvalidParameterException

if TYPE_CHECKING:
    from types_boto3_cognito_identity.type_defs import (
        CreateIdentityPoolInputTypeDef,
        DeleteIdentityPoolInputTypeDef,
        DescribeIdentityPoolInputTypeDef,
        IdentityPoolRequestTypeDef,
        ListIdentityPoolsInputTypeDef,
    )

_SETTINGS = (
    "IdentityPoolName",
    "AllowUnauthenticatedIdentities",
    "AllowClassicFlow",
    "SupportedLoginProviders",
    "DeveloperProviderName",
    "OpenIdConnectProviderARNs",
    "CognitoIdentityProviders",
    "SamlProviderARNs",
)
NOT_HONOURED = {
    "SupportedLoginProviders": "nobody signs in with Facebook, Google or Amazon: their tokens are refused",
    "SamlProviderARNs": "SAML assertions as logins are refused; sts:AssumeRoleWithSAML takes them",
}


@operation(
    "CreateIdentityPool",
    access=[Access("cognito-identity:CreateIdentityPool", conditions=adds_tags("IdentityPoolTags"))],
    not_honoured=NOT_HONOURED,
)
async def create_identity_pool(ctx: Context, request: CreateIdentityPoolInputTypeDef) -> dict[str, Any]:
    """Makes a pool. Names need not be unique."""
    pool = store.Pool(
        f"{ctx.region}:{ctx.ids.uuid()}",
        ctx.clock.now(),
        _settings(request),
        tags=dict(request.get("IdentityPoolTags", {})),
    )
    await ctx.store.transact(lambda tx: store.put_pool(tx, ctx, pool))
    return members(pool)


@operation("DescribeIdentityPool", access=on_pool("DescribeIdentityPool"))
async def describe_identity_pool(ctx: Context, request: DescribeIdentityPoolInputTypeDef) -> dict[str, Any]:
    """A pool with its settings. Raises ResourceNotFoundException."""
    return members(await ctx.store.read(lambda tx: store.pool(tx, ctx, request["IdentityPoolId"])))


@operation("UpdateIdentityPool", access=on_pool("UpdateIdentityPool"), not_honoured=NOT_HONOURED)
async def update_identity_pool(ctx: Context, request: IdentityPoolRequestTypeDef) -> dict[str, Any]:
    """Replaces the settings: what is not given is gone."""
    settings = _settings(request)

    def write(tx: Transaction) -> store.Pool:
        before = store.pool(tx, ctx, request["IdentityPoolId"])
        named = before.settings.get("DeveloperProviderName")
        if named and settings.get("DeveloperProviderName") not in (None, named):
            raise InvalidParameterException("DeveloperProviderName cannot be changed once it is set.")
        kept = {"DeveloperProviderName": named} if named else {}
        pool = msgspec.structs.replace(before, settings={**settings, **kept})
        if "IdentityPoolTags" in request:
            pool = msgspec.structs.replace(pool, tags=dict(request["IdentityPoolTags"]))
        store.put_pool(tx, ctx, pool)
        return pool

    return members(await ctx.store.transact(write))


@operation("DeleteIdentityPool", access=on_pool("DeleteIdentityPool"))
async def delete_identity_pool(ctx: Context, request: DeleteIdentityPoolInputTypeDef) -> None:
    """Removes a pool with its identities."""

    def write(tx: Transaction) -> None:
        store.remove_pool(tx, ctx, store.pool(tx, ctx, request["IdentityPoolId"]).id)

    await ctx.store.transact(write)


@operation("ListIdentityPools", access=[Access("cognito-identity:ListIdentityPools")])
async def list_identity_pools(ctx: Context, request: ListIdentityPoolsInputTypeDef) -> dict[str, Any]:
    """The account's pools in the order of their ids, a page of them."""
    found, token = await ctx.store.read(
        lambda tx: page(tx, (*store.space(ctx), "pool"), request["MaxResults"], request.get("NextToken"))
    )
    pools = [store.POOLS.decode(raw) for raw in found]
    named = [{"IdentityPoolId": pool.id, "IdentityPoolName": pool.settings["IdentityPoolName"]} for pool in pools]
    return {"IdentityPools": named, "NextToken": token}


def page(tx: Reader, prefix: Any, limit: int, token: str | None) -> tuple[list[bytes], str | None]:
    """At most `limit` records under `prefix` after the one that the token names, and the token of the next page."""
    span = between((*prefix, token, ""), (*prefix, "\U0010ffff")) if token else under(prefix)
    found = list(tx.scan(span, limit=limit + 1))
    more = len(found) > limit
    return [raw for _, raw in found[:limit]], str(found[limit - 1][0][-1]) if more else None


def members(pool: store.Pool) -> dict[str, Any]:
    """A pool as it is shown."""
    return {"IdentityPoolId": pool.id, **pool.settings, "IdentityPoolTags": pool.tags}


def _settings(request: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a request. Raises InvalidParameterException."""
    providers = request.get("CognitoIdentityProviders", ())
    if len({(one.get("ProviderName"), one.get("ClientId")) for one in providers}) < len(providers):
        raise InvalidParameterException("Duplicate Cognito identity providers.")
    return {name: request[name] for name in _SETTINGS if request.get(name) is not None}
