"""GetUserAttributeVerificationCode, VerifyUserAttribute: a code that shows that an address is the user's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp import messages
from atoll.services.cognito_idp.errors import InvalidParameterException
from atoll.services.cognito_idp.messages import Medium
from atoll.services.cognito_idp.store import Code
from atoll.services.cognito_idp.tokens.access import by_access_token
from atoll.services.cognito_idp.users import codes
from atoll.services.cognito_idp.users.attributes import VERIFIED
from atoll.services.cognito_idp.users.changes import addressed
from atoll.services.cognito_idp.users.codes import Address
from atoll.services.cognito_idp.users.find import get_by_name, put_user

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        GetUserAttributeVerificationCodeRequestTypeDef,
        VerifyUserAttributeRequestTypeDef,
    )


@operation("GetUserAttributeVerificationCode", access=())
async def get_user_attribute_verification_code(
    ctx: Context, request: GetUserAttributeVerificationCodeRequestTypeDef
) -> dict[str, Any]:
    """The code goes to the address that waits to be verified, else to the present one. docs: API_GetUserAttributeVerificationCode."""
    ctx, pool, client, user, _ = await by_access_token(ctx, request["AccessToken"])
    name, medium = _address(request["AttributeName"])
    waiting = await ctx.store.read(lambda tx: codes.find(tx, ctx, pool.id, user.sub, name))
    destination = waiting.destination if waiting else user.attributes.get(name)
    if not destination:
        raise InvalidParameterException(f"User does not have {name} attribute.")
    code, now = codes.draw(ctx), ctx.clock.now()
    await ctx.store.transact(
        lambda tx: codes.keep(
            tx, ctx, pool.id, user.sub, name, code, now, medium=medium, destination=destination
        )
    )  # fmt: skip
    sent = await messages.send(
        ctx, pool, client.id if client else "", "CustomMessage_VerifyUserAttribute", addressed(user, name, destination),
        medium, code, request.get("ClientMetadata", {}),
    )  # fmt: skip
    return {"CodeDeliveryDetails": sent}


@operation("VerifyUserAttribute", access=())
async def verify_user_attribute(ctx: Context, request: VerifyUserAttributeRequestTypeDef) -> dict[str, Any]:
    """docs: API_VerifyUserAttribute. Raises CodeMismatchException, ExpiredCodeException, LimitExceededException,
    AliasExistsException."""
    ctx, pool, _, user, _ = await by_access_token(ctx, request["AccessToken"])
    name, _ = _address(request["AttributeName"])
    now = ctx.clock.now()

    def verify(tx: Transaction, code: Code) -> None:
        present = get_by_name(tx, ctx, pool, user.sub)
        after = {**present.attributes, name: code.destination, VERIFIED[name]: "true"}
        put_user(tx, ctx, pool, replace(present, attributes=after, modified=now), present)

    await codes.redeem(ctx, pool.id, user.sub, name, request["Code"], verify)
    return {}


def _address(name: str) -> tuple[Address, Medium]:
    """An attribute that codes verify, and how it is reached. Raises InvalidParameterException."""
    if name == "email":
        return "email", "EMAIL"
    if name == "phone_number":
        return "phone_number", "SMS"
    raise InvalidParameterException(f"Invalid attribute name: {name}. Only email and phone_number can be verified.")
