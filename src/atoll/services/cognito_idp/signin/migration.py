"""Users who come from another directory at their first sign-in, with the password that the user migration trigger finds right.

docs: "Migrate user Lambda trigger".
"""

from __future__ import annotations

from msgspec.structs import replace

from atoll.auth.passwords import SALT
from atoll.services.cognito_idp import triggers
from atoll.services.cognito_idp.errors import UserLambdaValidationException
from atoll.services.cognito_idp.pools.client_settings import hides_users
from atoll.services.cognito_idp.signin.attempt import Attempt, refuse_state, refuse_unknown
from atoll.services.cognito_idp.users import passwords
from atoll.services.cognito_idp.users.migration import arrive, described


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
    user = described(ctx, pool, attempt.name, answer)
    salt, srp_salt = (ctx.ids.random.randbytes(SALT) for _ in range(2))
    user = replace(user, password=await passwords.kept(pool.id, user.name, password, salt, srp_salt))
    await arrive(ctx, pool, attempt.client, user, answer, request, {})
    refuse_state(user)
    return attempt.of(user)
