"""Groups of users: what they are. Who is in them is `users/`'s.

docs: API_CreateGroup, API_GetGroup, API_UpdateGroup, API_DeleteGroup, API_ListGroups.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.keys import Key, under
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_idp.errors import (
    GroupExistsException,
    InvalidParameterException,
    ResourceNotFoundException,
)
from atoll.services.cognito_idp.pools.find import on_pool, pool_of
from atoll.services.cognito_idp.pools.pages import page
from atoll.services.cognito_idp.pools.roles import passes
from atoll.services.cognito_idp.store import GROUPS, Group, space

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        CreateGroupRequestTypeDef,
        DeleteGroupRequestTypeDef,
        GetGroupRequestTypeDef,
        ListGroupsRequestTypeDef,
        UpdateGroupRequestTypeDef,
    )

_PASS_ROLE = passes(lambda request: request.get("RoleArn"))
_MOST_PRECEDENCE = (1 << 31) - 1
MEMBERS_AT_ONCE = 64
"""Members that one transaction takes out of a group that is deleted."""


@operation("CreateGroup", access=[on_pool("CreateGroup"), _PASS_ROLE])
async def create_group(ctx: Context, request: CreateGroupRequestTypeDef) -> dict[str, Any]:
    """Makes a group. Raises GroupExistsException."""
    now = ctx.clock.now()
    group = Group(
        name=request["GroupName"],
        created=now,
        modified=now,
        description=request.get("Description"),
        role=request.get("RoleArn"),
        precedence=_precedence(request),
    )

    def create(tx: Transaction) -> None:
        pool_of(tx, ctx, request["UserPoolId"])
        key = _key(ctx, request["UserPoolId"], group.name)
        if tx.get(key) is not None:
            raise GroupExistsException("A group with the name already exists.")
        tx.set(key, GROUPS.encode(group))

    await ctx.store.transact(create)
    return {"Group": members(request["UserPoolId"], group)}


@operation("GetGroup", access=[on_pool("GetGroup")])
async def get_group(ctx: Context, request: GetGroupRequestTypeDef) -> dict[str, Any]:
    """A group. Raises ResourceNotFoundException."""
    group = await ctx.store.read(lambda tx: group_of(tx, ctx, request["UserPoolId"], request["GroupName"]))
    return {"Group": members(request["UserPoolId"], group)}


@operation("UpdateGroup", access=[on_pool("UpdateGroup"), _PASS_ROLE])
async def update_group(ctx: Context, request: UpdateGroupRequestTypeDef) -> dict[str, Any]:
    """Changes the members that the request names. Raises ResourceNotFoundException."""
    now = ctx.clock.now()

    def update(tx: Transaction) -> Group:
        before = group_of(tx, ctx, request["UserPoolId"], request["GroupName"])
        group = Group(
            before.name,
            before.created,
            now,
            request.get("Description", before.description),
            request.get("RoleArn", before.role),
            _precedence(request, before.precedence),
        )
        tx.set(_key(ctx, request["UserPoolId"], group.name), GROUPS.encode(group))
        return group

    return {"Group": members(request["UserPoolId"], await ctx.store.transact(update))}


@operation("DeleteGroup", access=[on_pool("DeleteGroup")])
async def delete_group(ctx: Context, request: DeleteGroupRequestTypeDef) -> None:
    """Removes a group; its users stay. Raises ResourceNotFoundException."""
    pool_id, name = request["UserPoolId"], request["GroupName"]

    def some(tx: Transaction) -> bool:
        """Takes a slice of the members out: memberships are gone before the group is."""
        group_of(tx, ctx, pool_id, name)
        for key, _ in list(tx.scan(under((*space(ctx), "member", pool_id, name)), limit=MEMBERS_AT_ONCE)):
            tx.delete(key)
            tx.delete((*space(ctx), "membership", pool_id, key[-1], name))
        more = next(iter(tx.scan(under((*space(ctx), "member", pool_id, name)), limit=1)), None) is not None
        if not more:
            tx.delete(_key(ctx, pool_id, name))
        return more

    while await ctx.store.transact(some):
        pass


@operation("ListGroups", access=[on_pool("ListGroups")])
async def list_groups(ctx: Context, request: ListGroupsRequestTypeDef) -> dict[str, Any]:
    """A page of a pool's groups, by name."""
    pool_id = request["UserPoolId"]

    def read(tx: Reader) -> dict[str, Any]:
        pool_of(tx, ctx, pool_id)
        prefix = (*space(ctx), "group", pool_id)
        return page(tx, request, prefix, GROUPS, ("Groups", lambda group: members(pool_id, group)))

    return await ctx.store.read(read)


def group_of(tx: Reader, ctx: Context, pool_id: str, name: str) -> Group:
    """A group of a pool. Raises ResourceNotFoundException for either."""
    pool_of(tx, ctx, pool_id)
    raw = tx.get(_key(ctx, pool_id, name))
    if raw is None:
        raise ResourceNotFoundException("Group not found.")
    return GROUPS.decode(raw)


def members(pool_id: str, group: Group) -> dict[str, Any]:
    """A group as GetGroup shows it."""
    return {
        "GroupName": group.name,
        "UserPoolId": pool_id,
        "Description": group.description,
        "RoleArn": group.role,
        "Precedence": group.precedence,
        "LastModifiedDate": group.modified,
        "CreationDate": group.created,
    }


def _precedence(request: Mapping[str, Any], default: int | None = None) -> int | None:
    """The request's precedence, which the model gives no upper bound: AWS's is Java's."""
    value: int | None = request.get("Precedence", default)
    if value is not None and value > _MOST_PRECEDENCE:
        raise InvalidParameterException(
            f"1 validation error detected: Value '{value}' at 'precedence' failed to satisfy constraint: "
            f"Member must have value less than or equal to {_MOST_PRECEDENCE}"
        )
    return value


def _key(ctx: Context, pool_id: str, name: str) -> Key:
    return (*space(ctx), "group", pool_id, name)
