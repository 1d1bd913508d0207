"""AdminCreateUser: an administrator makes a user, who gets an invitation with a temporary password."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_idp import message_texts, messages, triggers
from atoll.services.cognito_idp.errors import (
    InvalidParameterException,
    UnsupportedUserStateException,
    UsernameExistsException,
    UserNotFoundException,
)
from atoll.services.cognito_idp.pools.find import on_pool, pool_of
from atoll.services.cognito_idp.store import Pool, User
from atoll.services.cognito_idp.users import attributes, new_password, password_rules, passwordless, shown
from atoll.services.cognito_idp.users.find import find_by_name, put_user
from atoll.services.cognito_idp.users.usernames import named

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import AdminCreateUserRequestTypeDef


@operation("AdminCreateUser", access=[on_pool("AdminCreateUser")])
async def admin_create_user(ctx: Context, request: AdminCreateUserRequestTypeDef) -> dict[str, Any]:
    """docs: API_AdminCreateUser. A temporary password is made where none is given, unless the user can sign in by a code; the message
    goes by SMS unless DesiredDeliveryMediums says otherwise, and is not sent to who has no such address.

    Raises UsernameExistsException, AliasExistsException, InvalidParameterException, InvalidPasswordException,
    UnsupportedUserStateException, UserNotFoundException (RESEND), and the errors of triggers.
    """

    def read(tx: Reader) -> tuple[Pool, User | None]:
        pool = pool_of(tx, ctx, request["UserPoolId"])
        return pool, find_by_name(tx, ctx, pool, request["Username"])

    pool, known = await ctx.store.read(read)
    password = request.get("TemporaryPassword") or ""
    if not password and not _passwordless(pool, known, request):
        password = password_rules.generate(pool, ctx.ids.random)
    if request.get("MessageAction") == "RESEND":
        user = await _invited_again(ctx, pool, known, password)
    else:
        user = await _made(ctx, pool, known, password, request)
    if request.get("MessageAction") != "SUPPRESS":
        await _invite(ctx, pool, user, password, request)
    return {"User": shown.listed(user)}


async def _made(
    ctx: Context, pool: Pool, known: User | None, password: str, request: AdminCreateUserRequestTypeDef
) -> User:
    """The new user, stored."""
    sub, now = ctx.ids.uuid(), ctx.clock.now()
    name, implied = named(pool, request["Username"], sub)
    if known is not None:
        told = (
            f"An account with the given {next(iter(implied))} already exists."
            if implied
            else "User account already exists"
        )
        raise UsernameExistsException(told)
    given = implied | attributes.given(pool, request.get("UserAttributes", ()))
    attributes.require_verifiable(given)
    _require_destinations(given, request)
    await triggers.fire(
        ctx, pool, "", "PreSignUp_AdminCreateUser", name,
        {
            "userAttributes": given,
            "validationData": {pair["Name"]: pair.get("Value", "") for pair in request.get("ValidationData", ())} or None,
            **triggers.with_metadata(request.get("ClientMetadata")),
        },
    )  # fmt: skip
    user = User(sub, name, now, now, attributes={key: value for key, value in given.items() if value != ""})
    if password:
        kept = await new_password.accepted(ctx, pool, user, password, password_rules.INVITATION)
        user = new_password.having(pool, user, kept, "FORCE_CHANGE_PASSWORD", now, temporary=True)
    else:
        user = replace(user, status="CONFIRMED")
    force = request.get("ForceAliasCreation", False)
    await ctx.store.transact(lambda tx: put_user(tx, ctx, pool, user, None, force=force))
    return user


async def _invited_again(ctx: Context, pool: Pool, known: User | None, password: str) -> User:
    """The user with a new temporary password, which counts from now."""
    if known is None:
        raise UserNotFoundException("User does not exist.")
    if known.status != "FORCE_CHANGE_PASSWORD":
        raise UnsupportedUserStateException(f"Resend not possible. {known.name} status is not FORCE_CHANGE_PASSWORD")
    now = ctx.clock.now()
    kept = await new_password.accepted(ctx, pool, known, password, password_rules.INVITATION)

    def write(tx: Transaction) -> User:
        user = find_by_name(tx, ctx, pool, known.sub)
        if user is None:
            raise UserNotFoundException("User does not exist.")
        invited = new_password.having(pool, user, kept, "FORCE_CHANGE_PASSWORD", now, temporary=True)
        put_user(tx, ctx, pool, invited, user)
        return invited

    return await ctx.store.transact(write)


def _passwordless(pool: Pool, known: User | None, request: AdminCreateUserRequestTypeDef) -> bool:
    """Whether the new user needs no password."""
    given = {pair["Name"]: pair.get("Value", "") for pair in request.get("UserAttributes", ())}
    _, implied = named(pool, request["Username"], "") if known is None else ("", {})
    return known is None and bool(passwordless.reachable(pool, implied | given))


def _require_destinations(given: dict[str, str], request: AdminCreateUserRequestTypeDef) -> None:
    """Raises InvalidParameterException where a medium is asked for by name that the user has no address for."""
    if request.get("MessageAction") == "SUPPRESS":
        return
    if "EMAIL" in request.get("DesiredDeliveryMediums", ()) and not given.get("email"):
        raise InvalidParameterException("User's email is required to deliver the invitation by EMAIL.")
    if "SMS" in request.get("DesiredDeliveryMediums", ()) and not given.get("phone_number"):
        raise InvalidParameterException("User's phone_number is required to deliver the invitation by SMS.")


async def _invite(ctx: Context, pool: Pool, user: User, password: str, request: AdminCreateUserRequestTypeDef) -> None:
    """Sends the invitation, where the user has the address for it."""
    default: Sequence[messages.Medium] = ["SMS"]
    for medium in request.get("DesiredDeliveryMediums", default):
        if user.attributes.get(messages.ATTRIBUTES[medium]):
            await messages.send(
                ctx, pool, "", message_texts.INVITATION, user, medium, password,
                request.get("ClientMetadata", {}),
            )  # fmt: skip
