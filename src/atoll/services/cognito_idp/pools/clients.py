"""App clients of a pool.

docs: API_CreateUserPoolClient, API_DescribeUserPoolClient, API_UpdateUserPoolClient, API_DeleteUserPoolClient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.ids import Ids
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp.pools import client_settings
from atoll.services.cognito_idp.pools.find import client_of, on_pool, pool_of
from atoll.services.cognito_idp.store import CLIENT_IDS, CLIENTS, PLACES, Client, Place, space

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        CreateUserPoolClientRequestTypeDef,
        DeleteUserPoolClientRequestTypeDef,
        DescribeUserPoolClientRequestTypeDef,
    )

_ID, _SECRET = 26, 52
"""Characters of a client's id and of a secret that AWS draws."""


@operation("CreateUserPoolClient", access=[on_pool("CreateUserPoolClient")])
async def create_user_pool_client(ctx: Context, request: CreateUserPoolClientRequestTypeDef) -> dict[str, Any]:
    """Makes a client, with a secret if it wants one."""
    client_id, now = ctx.ids.lower(_ID), ctx.clock.now()
    secret = draw_secret(ctx.ids) if request.get("GenerateSecret") else ""

    def create(tx: Transaction) -> Client:
        pool = pool_of(tx, ctx, request["UserPoolId"])
        client = Client(
            id=client_id,
            pool=pool.id,
            name=request["ClientName"],
            created=now,
            modified=now,
            settings=client_settings.checked(pool, request, has_secret=bool(secret)),
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


@operation("DeleteUserPoolClient", access=[on_pool("DeleteUserPoolClient")])
async def delete_user_pool_client(ctx: Context, request: DeleteUserPoolClientRequestTypeDef) -> None:
    """Removes a client: nobody signs in through it any more. Raises ResourceNotFoundException."""

    def delete(tx: Transaction) -> None:
        remove_client(tx, ctx, client_of(tx, ctx, request["UserPoolId"], request["ClientId"]))

    await ctx.store.transact(delete)


def draw_secret(ids: Ids) -> str:
    """A new client secret."""
    return ids.lower(_SECRET)


def put_client(tx: Transaction, ctx: Context, client: Client) -> None:
    """Writes a client, and whose its id is."""
    tx.set((*space(ctx), "client", client.pool, client.id), CLIENTS.encode(client))
    tx.set((*CLIENT_IDS, client.id), PLACES.encode(Place(ctx.account, ctx.region, client.pool)))


def remove_client(tx: Transaction, ctx: Context, client: Client) -> None:
    """Takes a client away."""
    tx.delete((*space(ctx), "client", client.pool, client.id))
    tx.delete((*CLIENT_IDS, client.id))


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
