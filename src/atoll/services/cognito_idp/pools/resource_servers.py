"""Resource servers: the scopes of one's own that access tokens can have.

docs: API_CreateResourceServer, API_DescribeResourceServer, API_UpdateResourceServer, API_DeleteResourceServer, API_ListResourceServers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.keys import Key, under
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_idp.errors import (
    InvalidParameterException,
    LimitExceededException,
    ResourceNotFoundException,
)
from atoll.services.cognito_idp.pools.find import on_pool, pool_of
from atoll.services.cognito_idp.pools.pages import page
from atoll.services.cognito_idp.store import SERVERS, ResourceServer, space

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        CreateResourceServerRequestTypeDef,
        DeleteResourceServerRequestTypeDef,
        DescribeResourceServerRequestTypeDef,
        ListResourceServersRequestTypeDef,
        ResourceServerScopeTypeTypeDef,
        UpdateResourceServerRequestTypeDef,
    )

MOST = 25
"""Resource servers of a pool (docs: "Quotas in Amazon Cognito")."""


@operation("CreateResourceServer", access=[on_pool("CreateResourceServer")])
async def create_resource_server(ctx: Context, request: CreateResourceServerRequestTypeDef) -> dict[str, Any]:
    """Makes a resource server. Raises InvalidParameterException for one that is there, LimitExceededException past 25."""
    pool_id = request["UserPoolId"]
    server = ResourceServer(request["Identifier"], request["Name"], _scopes(request.get("Scopes", ())))

    def create(tx: Transaction) -> None:
        pool_of(tx, ctx, pool_id)
        key = _key(ctx, pool_id, server.identifier)
        if tx.get(key) is not None:
            raise InvalidParameterException(f"{server.identifier} already exists in user pool {pool_id}.")
        if len(list(tx.scan(under(key[:-1]), limit=MOST))) == MOST:
            raise LimitExceededException(f"A user pool can have at most {MOST} resource servers.")
        tx.set(key, SERVERS.encode(server))

    await ctx.store.transact(create)
    return {"ResourceServer": members(pool_id, server)}


@operation("DescribeResourceServer", access=[on_pool("DescribeResourceServer")])
async def describe_resource_server(ctx: Context, request: DescribeResourceServerRequestTypeDef) -> dict[str, Any]:
    """A resource server with its scopes. Raises ResourceNotFoundException."""
    server = await ctx.store.read(lambda tx: _server(tx, ctx, request["UserPoolId"], request["Identifier"]))
    return {"ResourceServer": members(request["UserPoolId"], server)}


@operation("UpdateResourceServer", access=[on_pool("UpdateResourceServer")])
async def update_resource_server(ctx: Context, request: UpdateResourceServerRequestTypeDef) -> dict[str, Any]:
    """Replaces name and scopes. Clients keep the names of scopes that are gone, and get no token with them."""
    server = ResourceServer(request["Identifier"], request["Name"], _scopes(request.get("Scopes", ())))

    def update(tx: Transaction) -> None:
        _server(tx, ctx, request["UserPoolId"], server.identifier)
        tx.set(_key(ctx, request["UserPoolId"], server.identifier), SERVERS.encode(server))

    await ctx.store.transact(update)
    return {"ResourceServer": members(request["UserPoolId"], server)}


@operation("DeleteResourceServer", access=[on_pool("DeleteResourceServer")])
async def delete_resource_server(ctx: Context, request: DeleteResourceServerRequestTypeDef) -> None:
    """Removes a resource server. Raises ResourceNotFoundException."""

    def delete(tx: Transaction) -> None:
        _server(tx, ctx, request["UserPoolId"], request["Identifier"])
        tx.delete(_key(ctx, request["UserPoolId"], request["Identifier"]))

    await ctx.store.transact(delete)


@operation("ListResourceServers", access=[on_pool("ListResourceServers")])
async def list_resource_servers(ctx: Context, request: ListResourceServersRequestTypeDef) -> dict[str, Any]:
    """A page of a pool's resource servers, by identifier."""
    pool_id = request["UserPoolId"]

    def read(tx: Reader) -> dict[str, Any]:
        pool_of(tx, ctx, pool_id)
        prefix = (*space(ctx), "server", pool_id)
        return page(tx, request, prefix, SERVERS, ("ResourceServers", lambda server: members(pool_id, server)))

    return await ctx.store.read(read)


def custom_scopes(tx: Reader, ctx: Context, pool_id: str) -> set[str]:
    """Every scope of the pool's resource servers, as clients and tokens name them: `{identifier}/{scope}`."""
    found = (SERVERS.decode(raw) for _, raw in tx.scan(under((*space(ctx), "server", pool_id))))
    return {f"{server.identifier}/{scope}" for server in found for scope in server.scopes}


def members(pool_id: str, server: ResourceServer) -> dict[str, Any]:
    """A resource server as DescribeResourceServer shows it."""
    scopes = [{"ScopeName": name, "ScopeDescription": text} for name, text in server.scopes.items()]
    return {"UserPoolId": pool_id, "Identifier": server.identifier, "Name": server.name, "Scopes": scopes or None}


def _scopes(given: Sequence[ResourceServerScopeTypeTypeDef]) -> dict[str, str]:
    scopes = {scope["ScopeName"]: scope["ScopeDescription"] for scope in given}
    if len(scopes) < len(given):
        raise InvalidParameterException("Scope names must be unique within a resource server.")
    return scopes


def _server(tx: Reader, ctx: Context, pool_id: str, identifier: str) -> ResourceServer:
    pool_of(tx, ctx, pool_id)
    raw = tx.get(_key(ctx, pool_id, identifier))
    if raw is None:
        raise ResourceNotFoundException(f"Resource server {identifier} does not exist.")
    return SERVERS.decode(raw)


def _key(ctx: Context, pool_id: str, identifier: str) -> Key:
    return (*space(ctx), "server", pool_id, identifier)
