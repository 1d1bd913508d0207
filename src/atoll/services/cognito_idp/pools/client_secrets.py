"""Secrets of app clients: a second one, so that the first can be replaced without anybody being turned away.

docs: API_AddUserPoolClientSecret, API_ListUserPoolClientSecrets, API_DeleteUserPoolClientSecret. Every secret of a client is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp.errors import (
    InvalidParameterException,
    LimitExceededException,
    ResourceNotFoundException,
)
from atoll.services.cognito_idp.pools.clients import draw_secret, put_client
from atoll.services.cognito_idp.pools.find import client_of, on_pool
from atoll.services.cognito_idp.store import Client

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        AddUserPoolClientSecretRequestTypeDef,
        DeleteUserPoolClientSecretRequestTypeDef,
        ListUserPoolClientSecretsRequestTypeDef,
    )

MOST = 2


@operation("AddUserPoolClientSecret", access=[on_pool("AddUserPoolClientSecret")])
async def add_user_pool_client_secret(ctx: Context, request: AddUserPoolClientSecretRequestTypeDef) -> dict[str, Any]:
    """Gives a client another secret: the given one, or one that is drawn and told only now. Raises LimitExceededException past two."""
    given, now = request.get("ClientSecret"), ctx.clock.now()
    secret = given or draw_secret(ctx.ids)
    secret_id = f"{request['ClientId']}--{int(now * 1000)}"

    def add(tx: Transaction) -> None:
        client = client_of(tx, ctx, request["UserPoolId"], request["ClientId"])
        if len(client.secrets) >= MOST:
            raise LimitExceededException(f"A user pool client can have at most {MOST} secrets.")
        secrets = {**client.secrets, secret_id: secret}
        put_client(tx, ctx, msgspec.structs.replace(client, secrets=secrets, modified=now))

    await ctx.store.transact(add)
    described = _members(request["ClientId"], secret_id, now)
    return {"ClientSecretDescriptor": described if given else {**described, "ClientSecretValue": secret}}


@operation("ListUserPoolClientSecrets", access=[on_pool("ListUserPoolClientSecrets")])
async def list_user_pool_client_secrets(
    ctx: Context, request: ListUserPoolClientSecretsRequestTypeDef
) -> dict[str, Any]:
    """Which secrets a client has, never what they are."""
    client = await ctx.store.read(lambda tx: client_of(tx, ctx, request["UserPoolId"], request["ClientId"]))
    return {"ClientSecrets": [_members(client.id, name, client.created) for name in client.secrets]}


@operation("DeleteUserPoolClientSecret", access=[on_pool("DeleteUserPoolClientSecret")])
async def delete_user_pool_client_secret(
    ctx: Context, request: DeleteUserPoolClientSecretRequestTypeDef
) -> dict[str, Any]:
    """Takes a secret away; it is refused from now on. Raises ResourceNotFoundException, and InvalidParameterException for the last."""
    now = ctx.clock.now()

    def delete(tx: Transaction) -> None:
        client = client_of(tx, ctx, request["UserPoolId"], request["ClientId"])
        gone = _named(client, request["ClientSecretId"])
        if len(client.secrets) == 1:
            raise InvalidParameterException("The only secret of a user pool client cannot be deleted.")
        secrets = {name: secret for name, secret in client.secrets.items() if name != gone}
        put_client(tx, ctx, msgspec.structs.replace(client, secrets=secrets, modified=now))

    await ctx.store.transact(delete)
    return {}


def _named(client: Client, secret_id: str) -> str:
    """The key of a secret by its id: the first has "", and its id is made from when the client was."""
    for name in client.secrets:
        if secret_id == (name or _first(client.id, client.created)):
            return name
    raise ResourceNotFoundException(f"Client secret {secret_id} does not exist.")


def _first(client_id: str, created: float) -> str:
    return f"{client_id}--{int(created * 1000)}"


def _members(client_id: str, name: str, created: float) -> dict[str, Any]:
    made = int(name.rpartition("--")[2]) / 1000 if name else created
    return {"ClientSecretId": name or _first(client_id, created), "ClientSecretCreateDate": made}
