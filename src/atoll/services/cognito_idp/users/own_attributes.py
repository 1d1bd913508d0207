"""UpdateUserAttributes, DeleteUserAttributes: of a user who is signed in, as far as his client may write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.services.cognito_idp.tokens.access import by_access_token
from atoll.services.cognito_idp.users import attributes, changes

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        DeleteUserAttributesRequestTypeDef,
        UpdateUserAttributesRequestTypeDef,
    )


@operation("UpdateUserAttributes", access=())
async def update_user_attributes(ctx: Context, request: UpdateUserAttributesRequestTypeDef) -> dict[str, Any]:
    """docs: API_UpdateUserAttributes. Raises NotAuthorizedException, InvalidParameterException, AliasExistsException,
    LimitExceededException, and the errors of the custom message trigger."""
    ctx, pool, client, user, _ = await by_access_token(ctx, request["AccessToken"])
    given = attributes.given(pool, request["UserAttributes"])
    attributes.require_writable(client, given)
    client_id = client.id if client else ""
    sent = await changes.apply(ctx, pool, client_id, user, given, request.get("ClientMetadata", {}))
    return {"CodeDeliveryDetailsList": sent}


@operation("DeleteUserAttributes", access=())
async def delete_user_attributes(ctx: Context, request: DeleteUserAttributesRequestTypeDef) -> dict[str, Any]:
    """docs: API_DeleteUserAttributes. Raises NotAuthorizedException, InvalidParameterException."""
    ctx, pool, client, user, _ = await by_access_token(ctx, request["AccessToken"])
    attributes.require_writable(client, request["UserAttributeNames"])
    await changes.remove(ctx, pool, user, request["UserAttributeNames"])
    return {}
