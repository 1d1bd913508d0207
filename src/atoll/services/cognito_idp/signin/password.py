"""Passwords that clients send: USER_PASSWORD_AUTH, ADMIN_USER_PASSWORD_AUTH, and the PASSWORD of USER_AUTH.

Who does not exist takes as long as who does.
"""

from __future__ import annotations

from atoll.auth.passwords import COST, SALT
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp import triggers
from atoll.services.cognito_idp.errors import NotAuthorizedException
from atoll.services.cognito_idp.pools.client_settings import hides_users
from atoll.services.cognito_idp.signin import lockout, migration
from atoll.services.cognito_idp.signin.attempt import (
    HOSTED,
    WRONG,
    Attempt,
    refuse_state,
    refuse_unconfirmed,
    refuse_unknown,
)
from atoll.services.cognito_idp.store import Password, User, find_user
from atoll.services.cognito_idp.users.find import put_user
from atoll.services.cognito_idp.users.passwords import matches

NOBODY = Password(bytes(SALT), bytes(32), COST, bytes(SALT), b"")
"""What the password of a user who does not exist, or has none, is held against."""


async def check(attempt: Attempt, password: str, *, begun: bool = False) -> Attempt:
    """The attempt, its user's password found right. The pre authentication trigger has its say, unless it had it (`begun`), and the
    migration trigger where there is no such user.

    Raises NotAuthorizedException, UserNotFoundException, UserNotConfirmedException, PasswordResetRequiredException.
    """
    if attempt.user is None and triggers.has(attempt.pool, "UserMigration"):
        return await migration.migrate(attempt, password)
    if not begun:
        await before(attempt)
    user = attempt.user
    if user is None:
        await matches(password, NOBODY)
        refuse_unknown(attempt.client)
    right = await matches(password, user.password or NOBODY)
    return attempt.of(await settle(attempt, user, right=right))


async def before(attempt: Attempt) -> None:
    """What comes before any first factor: the user may be disabled or locked, and the pre authentication trigger may refuse him."""
    user = attempt.user
    if user is not None:
        refuse_state(user)
        lockout.refuse_if_locked(user, attempt.ctx.clock.now())
    elif not hides_users(attempt.client):
        refuse_unknown(attempt.client)
    request = {"validationData": dict(attempt.validation) or None, **attempt.existence}
    await triggers.fire(
        attempt.ctx, attempt.pool, attempt.client.id, "PreAuthentication_Authentication", user or attempt.name, request
    )


async def settle(attempt: Attempt, user: User, *, right: bool) -> User:
    """Writes down whether the password was right, and gives the user as he is now. Raises as `check`.

    It is decided here, one attempt after the other: of many at once no more than the lock-out allows come through. AWS tells who has not
    confirmed the sign-up whatever the password is; the pages do so after the right one only, for they sign in who then confirms.
    """
    ctx, pool, now = attempt.ctx, attempt.pool, attempt.ctx.clock.now()

    def write(tx: Transaction) -> User | None:
        current = find_user(tx, ctx, pool.id, user.sub)
        if current is None:
            return None
        lockout.refuse_if_locked(current, now)
        if attempt.flow != HOSTED:
            refuse_unconfirmed(current)
        if not right or current.password is None or current.password != user.password:
            put_user(tx, ctx, pool, lockout.after_failure(current, now), current)
            return None
        if current.failures:
            current, old = lockout.after_success(current), current
            put_user(tx, ctx, pool, current, old)
        return current

    current = await ctx.store.transact(write)
    if current is None:
        raise NotAuthorizedException(WRONG)
    refuse_state(current)
    refuse_unconfirmed(current)
    return current
