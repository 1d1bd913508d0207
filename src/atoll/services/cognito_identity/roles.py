"""The roles of identity pools. docs: API_SetIdentityPoolRoles, API_GetIdentityPoolRoles"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_identity import store
from atoll.services.cognito_identity.access import on_pool
from atoll.services.cognito_identity.errors import InvalidParameterException

if TYPE_CHECKING:
    from types_boto3_cognito_identity.type_defs import (
        GetIdentityPoolRolesInputTypeDef,
        SetIdentityPoolRolesInputTypeDef,
    )

MOST_RULES = 25


def _named(_ctx: Context, request: Mapping[str, Any]) -> Sequence[str]:
    rules = [
        rule["RoleARN"]
        for mapping in request.get("RoleMappings", {}).values()
        for rule in mapping.get("RulesConfiguration", {}).get("Rules", ())
        if "RoleARN" in rule
    ]
    return list(dict.fromkeys([*request.get("Roles", {}).values(), *rules]))


_PASSES = Access(
    "iam:PassRole",
    _named,
    {"iam:PassedToService": lambda _ctx, _request: ["cognito-identity.amazonaws.com"]},
)


@operation("SetIdentityPoolRoles", access=[Access("cognito-identity:SetIdentityPoolRoles"), _PASSES])
async def set_identity_pool_roles(ctx: Context, request: SetIdentityPoolRolesInputTypeDef) -> None:
    """Replaces the pool's roles, and how users get others. Whoever does that must be allowed to pass them on."""
    unknown = request["Roles"].keys() - {"authenticated", "unauthenticated"}
    if unknown:
        raise InvalidParameterException(f"Invalid role type: {min(unknown)}. Must be authenticated or unauthenticated.")
    mappings = {name: _mapping(name, mapping) for name, mapping in request.get("RoleMappings", {}).items()}

    def write(tx: Transaction) -> None:
        pool = store.pool(tx, ctx, request["IdentityPoolId"])
        store.put_pool(tx, ctx, msgspec.structs.replace(pool, roles=dict(request["Roles"]), mappings=mappings))

    await ctx.store.transact(write)


@operation("GetIdentityPoolRoles", access=on_pool("GetIdentityPoolRoles"))
async def get_identity_pool_roles(ctx: Context, request: GetIdentityPoolRolesInputTypeDef) -> dict[str, Any]:
    """The pool's roles and role mappings."""
    pool = await ctx.store.read(lambda tx: store.pool(tx, ctx, request["IdentityPoolId"]))
    return {"IdentityPoolId": pool.id, "Roles": pool.roles, "RoleMappings": pool.mappings or None}


def _mapping(provider: str, mapping: Mapping[str, Any]) -> dict[str, Any]:
    rules = mapping.get("RulesConfiguration", {}).get("Rules", ())
    if mapping["Type"] == "Rules" and not rules:
        raise InvalidParameterException(f"RulesConfiguration is required for role mapping type Rules of {provider}.")
    if len(rules) > MOST_RULES:
        raise InvalidParameterException(f"At most {MOST_RULES} rules are allowed for an identity provider.")
    if "AmbiguousRoleResolution" not in mapping:
        raise InvalidParameterException(f"AmbiguousRoleResolution is required for role mapping of {provider}.")
    return dict(mapping)
