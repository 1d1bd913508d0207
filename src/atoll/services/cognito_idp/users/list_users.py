"""ListUsers: the users of a pool, page by page, those that a filter takes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader
from atoll.services.cognito_idp.errors import InvalidParameterException
from atoll.services.cognito_idp.pools.find import on_pool, pool_of
from atoll.services.cognito_idp.store import USERS, Pool, User, space
from atoll.services.cognito_idp.users import filters, paging, shown

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import ListUsersRequestTypeDef

_AT_ONCE = 100
"""Users that one look at the store decodes: a filter over many must not hold the loop."""


@operation("ListUsers", access=[on_pool("ListUsers")])
async def list_users(ctx: Context, request: ListUsersRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListUsers. Raises InvalidParameterException for a filter, attribute or token that cannot be."""
    pool = await ctx.store.read(lambda tx: pool_of(tx, ctx, request["UserPoolId"]))
    wanted = filters.parse(request.get("Filter", ""))
    only = request.get("AttributesToGet")
    if only is not None:
        _require_known(pool, only)
    after, limit = paging.position(request.get("PaginationToken")), request.get("Limit") or paging.MOST
    found: list[User] = []
    more = True
    while more and len(found) <= limit:
        read = await ctx.store.read(lambda tx, after=after: _users(tx, ctx, pool, after))  # type: ignore[misc]
        found += [user for user in read if wanted is None or wanted.takes(user)]
        more = len(read) == _AT_ONCE
        await asyncio.sleep(0)  # noqa: TID251  no time passes: others have their turn
        after = read[-1].sub if read else after
    last = found[limit - 1].sub if len(found) > limit else None
    return {"Users": [_shown(user, only) for user in found[:limit]], "PaginationToken": paging.token(last)}


def _users(tx: Reader, ctx: Context, pool: Pool, after: str) -> list[User]:
    """The next users after one, by `sub`."""
    place = (*space(ctx), "user", pool.id)
    span = under(place)
    rows = tx.scan(span.past((*place, after)) if after else span, limit=_AT_ONCE)
    return [USERS.decode(raw) for _, raw in rows]


def _shown(user: User, only: Sequence[str] | None) -> dict[str, Any]:
    members = shown.listed(user)
    if only is not None:
        members["Attributes"] = [pair for pair in members["Attributes"] if pair["Name"] in only]
    return members


def _require_known(pool: Pool, names: Sequence[str]) -> None:
    known = {attribute.name for attribute in pool.schema}
    if not known.issuperset(names):
        raise InvalidParameterException("One or more requested attributes do not exist.")
