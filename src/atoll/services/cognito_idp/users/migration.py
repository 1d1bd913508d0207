"""Users who come from another directory: what the user migration trigger says of one, and making him.

docs: "Migrate user Lambda trigger".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atoll.kernel.context import Context
from atoll.services.cognito_idp import message_texts, messages, triggers
from atoll.services.cognito_idp.errors import InvalidLambdaResponseException, UserLambdaValidationException
from atoll.services.cognito_idp.pools.client_settings import hides_users
from atoll.services.cognito_idp.store import Client, Pool, Status, User
from atoll.services.cognito_idp.users import attributes
from atoll.services.cognito_idp.users.find import put_user
from atoll.services.cognito_idp.users.usernames import named

_STATUS: Mapping[str | None, Status] = {
    "CONFIRMED": "CONFIRMED",
    "RESET_REQUIRED": "RESET_REQUIRED",
    None: "RESET_REQUIRED",
}


async def forgotten(ctx: Context, pool: Pool, client: Client, name: str, metadata: Mapping[str, str]) -> User | None:
    """The user whom the trigger knows, who has forgotten the password: he is in the pool from now on, without one. None where it knows
    none, or the pool has no such trigger."""
    request: dict[str, Any] = {"password": None, "validationData": None, **triggers.with_metadata(metadata)}
    try:
        answer = await triggers.fire(ctx, pool, client.id, "UserMigration_ForgotPassword", name, request)
    except UserLambdaValidationException:
        if hides_users(client):
            return None
        raise
    if not answer or not answer.get("userAttributes"):
        return None
    user = described(ctx, pool, name, answer)
    await arrive(ctx, pool, client, user, answer, request, metadata)
    return user


async def arrive(
    ctx: Context, pool: Pool, client: Client, user: User, answer: Mapping[str, Any], asked: Mapping[str, Any],
    metadata: Mapping[str, str],
) -> None:  # fmt: skip
    """Writes the user whom the trigger's answer described, and welcomes him, by SMS where it names no medium, unless it says SUPPRESS.
    No password stands in the message: he has one, or must ask for a code. The pre sign-up trigger may refuse him, as one whom an
    administrator makes; it sees what the migration trigger was `asked`, but for the password, and the custom message trigger `metadata`.
    docs: API_InitiateAuth and API_ForgotPassword, ClientMetadata."""
    request = {"userAttributes": user.attributes} | {name: value for name, value in asked.items() if name != "password"}
    await triggers.fire(ctx, pool, client.id, "PreSignUp_AdminCreateUser", user.name, request)
    force = bool(answer.get("forceAliasCreation"))
    await ctx.store.transact(lambda tx: put_user(tx, ctx, pool, user, None, force=force))
    if answer.get("messageAction") == "SUPPRESS":
        return
    default: Sequence[messages.Medium] = ["SMS"]
    media: Sequence[messages.Medium] = answer.get("desiredDeliveryMediums") or default
    for medium in media:
        if user.attributes.get(messages.ATTRIBUTES[medium]):
            await messages.send(ctx, pool, client.id, message_texts.INVITATION, user, medium, "", metadata)


def described(ctx: Context, pool: Pool, name: str, answer: Mapping[str, Any]) -> User:
    """The user whom the trigger's answer describes, without a password yet. Raises InvalidLambdaResponseException,
    InvalidParameterException."""
    status = _STATUS.get(answer.get("finalUserStatus"))
    if status is None:
        raise InvalidLambdaResponseException("Unrecognizable lambda output")
    sub, now = ctx.ids.uuid(), ctx.clock.now()
    called, implied = named(pool, name, sub)
    told = [
        {"Name": key, "Value": value}
        for key, value in answer["userAttributes"].items()
        if value is not None and key not in ("username", "sub")
    ]
    second = ("SMS_MFA",) if answer.get("enableSMSMFA") else ()
    return User(
        sub, called, now, now, status=status, attributes=implied | attributes.given(pool, told), mfa=second,
        preferred="".join(second),
    )  # fmt: skip
