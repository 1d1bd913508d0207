"""AdminUpdateUserAttributes, AdminDeleteUserAttributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.services.cognito_idp.pools.find import on_pool
from atoll.services.cognito_idp.users import attributes, changes
from atoll.services.cognito_idp.users.find import pool_and_user

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        AdminDeleteUserAttributesRequestTypeDef,
        AdminUpdateUserAttributesRequestTypeDef,
    )


@operation("AdminUpdateUserAttributes", access=[on_pool("AdminUpdateUserAttributes")])
async def admin_update_user_attributes(
    ctx: Context, request: AdminUpdateUserAttributesRequestTypeDef
) -> dict[str, Any]:
    """docs: API_AdminUpdateUserAttributes. A new address is verified by a code unless the request says that it is."""
    pool, user = await pool_and_user(ctx, request["UserPoolId"], request["Username"])
    given = attributes.given(pool, request["UserAttributes"])
    await changes.apply(ctx, pool, "", user, given, request.get("ClientMetadata", {}))
    return {}


@operation("AdminDeleteUserAttributes", access=[on_pool("AdminDeleteUserAttributes")])
async def admin_delete_user_attributes(
    ctx: Context, request: AdminDeleteUserAttributesRequestTypeDef
) -> dict[str, Any]:
    """docs: API_AdminDeleteUserAttributes."""
    pool, user = await pool_and_user(ctx, request["UserPoolId"], request["Username"])
    await changes.remove(ctx, pool, user, request["UserAttributeNames"])
    return {}
