"""SignUp: somebody makes a user for himself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_idp import messages, triggers
from atoll.services.cognito_idp.client_pool import by_client
from atoll.services.cognito_idp.errors import (
    InvalidLambdaResponseException,
    InvalidParameterException,
    NotAuthorizedException,
    UsernameExistsException,
)
from atoll.services.cognito_idp.signin import sign_up as sign_up_session
from atoll.services.cognito_idp.store import Client, Pool, User
from atoll.services.cognito_idp.users import (
    attributes,
    codes,
    confirmation,
    new_password,
    password_rules,
    passwordless,
    secret_hash,
)
from atoll.services.cognito_idp.users.find import find_by_name, put_user
from atoll.services.cognito_idp.users.usernames import named

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import SignUpRequestTypeDef


@operation("SignUp", access=())
async def sign_up(ctx: Context, request: SignUpRequestTypeDef) -> dict[str, Any]:
    """docs: API_SignUp. Raises NotAuthorizedException, InvalidParameterException, InvalidPasswordException, UsernameExistsException,
    AliasExistsException, and the errors of triggers."""
    ctx, pool, client = await by_client(ctx, request["ClientId"])
    secret_hash.check(client, request["Username"], request.get("SecretHash"))
    return await make(ctx, pool, client, request)


async def make(ctx: Context, pool: Pool, client: Client, request: SignUpRequestTypeDef) -> dict[str, Any]:
    """Makes the user, and sends the code: SignUp's output. Also the hosted pages'. Raises as `sign_up`."""
    if (pool.settings.get("AdminCreateUserConfig") or {}).get("AllowAdminCreateUserOnly"):
        raise NotAuthorizedException("SignUp is not permitted for this user pool")
    user = _asked(ctx, pool, client, request)
    password = request.get("Password")
    if password is not None:
        password_rules.check(pool, password, password_rules.SIGN_UP)
    elif not passwordless.may_sign_up(pool, client, user.attributes):
        raise InvalidParameterException("Missing required parameter: Password")
    await ctx.store.read(lambda tx: _require_free(tx, ctx, pool, user))
    user = await _pre_sign_up(ctx, pool, client, user, request)
    if password is not None:
        user = replace(user, password=await new_password.accepted(ctx, pool, user, password))
    medium = None if user.status == "CONFIRMED" else confirmation.medium_for(pool, user)
    code = codes.draw(ctx)

    def write(tx: Transaction) -> None:
        _require_free(tx, ctx, pool, user)
        put_user(tx, ctx, pool, user, None)
        if medium is not None:
            confirmation.keep(tx, ctx, pool, user, medium, code, user.created)

    await ctx.store.transact(write)
    metadata = request.get("ClientMetadata", {})
    output: dict[str, Any] = {"UserConfirmed": user.status == "CONFIRMED", "UserSub": user.sub}
    if user.status == "CONFIRMED":
        await confirmation.tell(ctx, pool, client.id, "PostConfirmation_ConfirmSignUp", user, metadata)
    elif medium is not None:
        output["CodeDeliveryDetails"] = await messages.send(
            ctx, pool, client.id, "CustomMessage_SignUp", user, medium, code, metadata
        )
        output["Session"] = await sign_up_session.begun(ctx, pool, client, user)
    return output


def _asked(ctx: Context, pool: Pool, client: Client, request: SignUpRequestTypeDef) -> User:
    """The user that is asked for, checked."""
    sub, now = ctx.ids.uuid(), ctx.clock.now()
    name, implied = named(pool, request["Username"], sub)
    given = attributes.given(pool, request.get("UserAttributes", ()))
    attributes.require_writable(client, given)
    given = {key: value for key, value in given.items() if value != ""}
    # AWS wants an attribute that is required said even where it is the user name.
    attributes.require_complete(pool, given)
    given = implied | given
    for flagged, flag in attributes.VERIFIED.items():
        if flagged in given:
            given[flag] = "false"
    return User(sub, name, now, now, attributes=given)


def _require_free(tx: Reader, ctx: Context, pool: Pool, user: User) -> None:
    """Raises UsernameExistsException where somebody has the name."""
    for name in pool.settings.get("UsernameAttributes") or ():
        value = user.attributes.get(name)
        if value and find_by_name(tx, ctx, pool, value) is not None:
            raise UsernameExistsException(f"An account with the given {name} already exists.")
    if find_by_name(tx, ctx, pool, user.name) is not None:
        raise UsernameExistsException("User already exists")


async def _pre_sign_up(ctx: Context, pool: Pool, client: Client, user: User, request: SignUpRequestTypeDef) -> User:
    """The user as the pre sign-up trigger leaves him: confirmed, his addresses verified. Raises what the trigger raises."""
    seen: Mapping[str, Any] = {
        "userAttributes": {k: v for k, v in user.attributes.items() if k not in attributes.VERIFIED.values()},
        "validationData": {pair["Name"]: pair.get("Value", "") for pair in request.get("ValidationData", ())} or None,
        **triggers.with_metadata(request.get("ClientMetadata")),
    }
    response = await triggers.fire(ctx, pool, client.id, "PreSignUp_SignUp", user.name, seen)
    if response is None:
        return user
    changed = dict(user.attributes)
    for member, name in (("autoVerifyEmail", "email"), ("autoVerifyPhone", "phone_number")):
        if response.get(member):
            if name not in changed:
                raise InvalidLambdaResponseException("Unrecognizable lambda output")
            changed[attributes.VERIFIED[name]] = "true"
    status = "CONFIRMED" if response.get("autoConfirmUser") else user.status
    return replace(user, attributes=changed, status=status)
