"""The account's alias: CreateAccountAlias, DeleteAccountAlias, ListAccountAliases. No two accounts of a region have the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.keys import Key
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.iam.errors import EntityAlreadyExistsException, NoSuchEntityException
from atoll.services.iam.resources import on_account
from atoll.services.iam.store import ALIASES

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import CreateAccountAliasRequestTypeDef, DeleteAccountAliasRequestTypeDef


def _own(account: str) -> Key:
    return (account, "", "iam", "account-alias")


@operation("CreateAccountAlias", access=on_account("CreateAccountAlias"))
async def create_account_alias(ctx: Context, request: CreateAccountAliasRequestTypeDef) -> None:
    """It takes the place of the one that the account has. docs: API_CreateAccountAlias."""
    alias = request["AccountAlias"]

    def create(tx: Transaction) -> None:
        if tx.get((*ALIASES, alias)) is not None:
            raise EntityAlreadyExistsException(f"The account alias {alias} already exists.")
        if (old := tx.get(_own(ctx.account))) is not None:
            tx.delete((*ALIASES, old.decode()))
        tx.set((*ALIASES, alias), ctx.account.encode())
        tx.set(_own(ctx.account), alias.encode())

    await ctx.store.transact(create)


@operation("DeleteAccountAlias", access=on_account("DeleteAccountAlias"))
async def delete_account_alias(ctx: Context, request: DeleteAccountAliasRequestTypeDef) -> None:
    """docs: API_DeleteAccountAlias."""
    alias = request["AccountAlias"]

    def delete(tx: Transaction) -> None:
        if tx.get(_own(ctx.account)) != alias.encode():
            raise NoSuchEntityException(f"The account alias with name {alias} cannot be found.")
        tx.delete((*ALIASES, alias))
        tx.delete(_own(ctx.account))

    await ctx.store.transact(delete)


@operation("ListAccountAliases", access=on_account("ListAccountAliases"))
async def list_account_aliases(ctx: Context, _request: dict[str, Any]) -> dict[str, Any]:
    """The one, or none. docs: API_ListAccountAliases."""
    alias = await ctx.store.read(lambda tx: tx.get(_own(ctx.account)))
    return {"AccountAliases": [alias.decode()] if alias else [], "IsTruncated": False}
