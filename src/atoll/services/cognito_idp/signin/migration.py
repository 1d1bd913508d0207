"""Users who come from another directory at their first sign-in: the user migration trigger knows them, and their passwords.

docs: "Migrate user Lambda trigger".
"""

from __future__ import annotations

from typing import Any

from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp import triggers
from atoll.services.cognito_idp.errors import InvalidLambdaResponseException, UserLambdaValidationException
from atoll.services.cognito_idp.pools.client_settings import hides_users
from atoll.services.cognito_idp.signin.attempt import Attempt, refuse_state, refuse_unknown
from atoll.services.cognito_idp.store import Status, User
from atoll.services.cognito_idp.users import attributes, passwords
from atoll.services.cognito_idp.users.find import put_user

_STATUS: dict[str | None, Status] = {
    "CONFIRMED": "CONFIRMED",
    "RESET_REQUIRED": "RESET_REQUIRED",
    None: "RESET_REQUIRED",
}


async def migrate(attempt: Attempt, password: str) -> Attempt:
    """The attempt with the user whom the trigger knows: he is in the pool from now on, with this password.

    Raises as unknown users are refused where the trigger knows none, or PasswordResetRequiredException where it wants him to reset it.
    """
    ctx, pool = attempt.ctx, attempt.pool
    request = {"password": password, "validationData": dict(attempt.validation) or None}
    try:
        answer = await triggers.fire(
            ctx, pool, attempt.client.id, "UserMigration_Authentication", attempt.name, request
        )
    except UserLambdaValidationException:
        if hides_users(attempt.client):
            refuse_unknown(attempt.client)
        raise
    if not answer or not answer.get("userAttributes"):
        refuse_unknown(attempt.client)
    user = await _made(attempt, answer, password)

    def write(tx: Transaction) -> None:
        put_user(tx, ctx, pool, user, None)

    await ctx.store.transact(write)
    refuse_state(user)
    return attempt.of(user)


async def _made(attempt: Attempt, answer: dict[str, Any], password: str) -> User:
    ctx, pool = attempt.ctx, attempt.pool
    status = _STATUS.get(answer.get("finalUserStatus"))
    if status is None:
        raise InvalidLambdaResponseException("Unrecognizable lambda output")
    given = {
        name: value for name, value in answer["userAttributes"].items() if value is not None and name != "username"
    }
    sub, now, source = ctx.ids.uuid(), ctx.clock.now(), ctx.ids.random
    name = sub if pool.settings.get("UsernameAttributes") else attempt.name
    salts = source.randbytes(passwords.SALT), source.randbytes(passwords.SALT)
    return User(
        sub=sub,
        name=name,
        created=now,
        modified=now,
        status=status,
        attributes=attributes.given(pool, [{"Name": key, "Value": value} for key, value in given.items()]),
        password=await passwords.kept(pool.id, name, password, *salts),
    )
