"""App clients of a pool.

docs: API_CreateUserPoolClient, API_DescribeUserPoolClient, API_UpdateUserPoolClient, API_DeleteUserPoolClient, API_ListUserPoolClients.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.ids import Ids
from atoll.kernel.keys import under
from atoll.kernel.places import PLACES, Place
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_idp.errors import LimitExceededException
from atoll.services.cognito_idp.pools import look
from atoll.services.cognito_idp.pools.client_rules import checked
from atoll.services.cognito_idp.pools.find import client_of, on_pool, pool_of
from atoll.services.cognito_idp.pools.pages import page
from atoll.services.cognito_idp.pools.resource_servers import custom_scopes
from atoll.services.cognito_idp.store import CLIENT_IDS, CLIENTS, Client, space

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        CreateUserPoolClientRequestTypeDef,
        DeleteUserPoolClientRequestTypeDef,
        DescribeUserPoolClientRequestTypeDef,
        ListUserPoolClientsRequestTypeDef,
        UpdateUserPoolClientRequestTypeDef,
    )

_ID, _SECRET = 26, 52
"""Characters of a client's id and of a secret that AWS draws."""
MOST = 1000
"""Clients of a pool (docs: "Quotas in Amazon Cognito")."""
_NOT_HONOURED = {"AnalyticsConfiguration": "there is no Pinpoint in the region"}


@operation("CreateUserPoolClient", access=[on_pool("CreateUserPoolClient")], not_honoured=_NOT_HONOURED)
async def create_user_pool_client(ctx: Context, request: CreateUserPoolClientRequestTypeDef) -> dict[str, Any]:
    """Makes a client, with a secret if it wants one. Raises LimitExceededException past 1000."""
    _warn(ctx, request)
    client_id, now = ctx.ids.lower(_ID), ctx.clock.now()
    secret = request.get("ClientSecret") or (draw_secret(ctx.ids) if request.get("GenerateSecret") else "")

    def create(tx: Transaction) -> Client:
        pool = pool_of(tx, ctx, request["UserPoolId"])
        if len(list(tx.scan(under((*space(ctx), "client", pool.id)), limit=MOST))) == MOST:
            raise LimitExceededException(f"A user pool can have at most {MOST} clients.")
        client = Client(
            id=client_id,
            pool=pool.id,
            name=request["ClientName"],
            created=now,
            modified=now,
            settings=checked(pool, request, custom_scopes(tx, ctx, pool.id), "creating", has_secret=bool(secret)),
            secrets={"": secret} if secret else {},
        )
        put_client(tx, ctx, client)
        return client

    return {"UserPoolClient": members(await ctx.store.transact(create))}


@operation("DescribeUserPoolClient", access=[on_pool("DescribeUserPoolClient")])
async def describe_user_pool_client(ctx: Context, request: DescribeUserPoolClientRequestTypeDef) -> dict[str, Any]:
    """A client with all its settings and its secret. Raises ResourceNotFoundException."""
    found = await ctx.store.read(lambda tx: client_of(tx, ctx, request["UserPoolId"], request["ClientId"]))
    return {"UserPoolClient": members(found)}


@operation("UpdateUserPoolClient", access=[on_pool("UpdateUserPoolClient")], not_honoured=_NOT_HONOURED)
async def update_user_pool_client(ctx: Context, request: UpdateUserPoolClientRequestTypeDef) -> dict[str, Any]:
    """Replaces a client's settings: what is not named goes back to its default. Its secrets stay."""
    _warn(ctx, request)
    now = ctx.clock.now()

    def update(tx: Transaction) -> Client:
        before = client_of(tx, ctx, request["UserPoolId"], request["ClientId"])
        pool = pool_of(tx, ctx, before.pool)
        scopes = custom_scopes(tx, ctx, pool.id)
        client = msgspec.structs.replace(
            before,
            name=request.get("ClientName", before.name),
            modified=now,
            settings=checked(pool, request, scopes, "updating", has_secret=bool(before.secrets)),
        )
        put_client(tx, ctx, client)
        return client

    return {"UserPoolClient": members(await ctx.store.transact(update))}


@operation("DeleteUserPoolClient", access=[on_pool("DeleteUserPoolClient")])
async def delete_user_pool_client(ctx: Context, request: DeleteUserPoolClientRequestTypeDef) -> None:
    """Removes a client: nobody signs in through it any more. Raises ResourceNotFoundException."""

    def delete(tx: Transaction) -> None:
        client = client_of(tx, ctx, request["UserPoolId"], request["ClientId"])
        tx.delete((*space(ctx), "client", client.pool, client.id))
        look.forget(tx, ctx, client.pool, client.id)
        tx.delete((*CLIENT_IDS, client.id))

    await ctx.store.transact(delete)


@operation("ListUserPoolClients", access=[on_pool("ListUserPoolClients")])
async def list_user_pool_clients(ctx: Context, request: ListUserPoolClientsRequestTypeDef) -> dict[str, Any]:
    """A page of a pool's clients, by id."""

    def read(tx: Reader) -> dict[str, Any]:
        pool_of(tx, ctx, request["UserPoolId"])
        prefix = (*space(ctx), "client", request["UserPoolId"])
        return page(tx, request, prefix, CLIENTS, ("UserPoolClients", _described))

    return await ctx.store.read(read)


def _warn(ctx: Context, request: Mapping[str, Any]) -> None:
    if request.get("EnablePropagateAdditionalUserContextData"):
        ctx.warn("EnablePropagateAdditionalUserContextData", "Atoll judges no risks, which is what the data is for")


def draw_secret(ids: Ids) -> str:
    """A new client secret."""
    return ids.lower(_SECRET)


def put_client(tx: Transaction, ctx: Context, client: Client) -> None:
    """Writes a client, and whose its id is."""
    tx.set((*space(ctx), "client", client.pool, client.id), CLIENTS.encode(client))
    tx.set((*CLIENT_IDS, client.id), PLACES.encode(Place(ctx.account, ctx.region, client.pool)))


def members(client: Client) -> dict[str, Any]:
    """A client as DescribeUserPoolClient shows it."""
    return {
        "UserPoolId": client.pool,
        "ClientName": client.name,
        "ClientId": client.id,
        "ClientSecret": next(iter(client.secrets.values()), None),
        "LastModifiedDate": client.modified,
        "CreationDate": client.created,
        **client.settings,
    }


def _described(client: Client) -> dict[str, Any]:
    return {"ClientId": client.id, "UserPoolId": client.pool, "ClientName": client.name}
