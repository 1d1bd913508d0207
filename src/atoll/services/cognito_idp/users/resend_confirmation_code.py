"""ResendConfirmationCode: another code for a sign-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.services.cognito_idp import messages
from atoll.services.cognito_idp.client_pool import by_client
from atoll.services.cognito_idp.errors import InvalidParameterException, NotAuthorizedException
from atoll.services.cognito_idp.pools.client_settings import hides_users
from atoll.services.cognito_idp.users import codes, confirmation, existence, secret_hash
from atoll.services.cognito_idp.users.find import find_by_name

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import ResendConfirmationCodeRequestTypeDef


@operation("ResendConfirmationCode", access=())
async def resend_confirmation_code(ctx: Context, request: ResendConfirmationCodeRequestTypeDef) -> dict[str, Any]:
    """docs: API_ResendConfirmationCode. The code before counts no more. Raises InvalidParameterException, LimitExceededException,
    UserNotFoundException, and the errors of the custom message trigger."""
    ctx, pool, client = await by_client(ctx, request["ClientId"])
    secret_hash.check(client, request["Username"], request.get("SecretHash"))
    user = await ctx.store.read(lambda tx: find_by_name(tx, ctx, pool, request["Username"]))
    if user is None or not user.enabled:
        if hides_users(client):
            return {"CodeDeliveryDetails": await existence.pretend(ctx, pool, request["Username"])}
        raise existence.unknown() if user is None else NotAuthorizedException("User is disabled.")
    if user.status != "UNCONFIRMED":
        raise InvalidParameterException("User is already confirmed.")
    medium = confirmation.medium_for(pool, user)
    if medium is None:
        raise NotAuthorizedException("Cannot resend codes. Auto verification not turned on.")
    code, now = codes.draw(ctx), ctx.clock.now()
    await ctx.store.transact(lambda tx: confirmation.keep(tx, ctx, pool, user, medium, code, now, counted=True))
    metadata = request.get("ClientMetadata", {})
    sent = await messages.send(ctx, pool, client.id, "CustomMessage_ResendCode", user, medium, code, metadata)
    return {"CodeDeliveryDetails": sent}
