"""ChangePassword: a user who is signed in takes another password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp.errors import NotAuthorizedException
from atoll.services.cognito_idp.store import Password, Pool, User
from atoll.services.cognito_idp.tokens.access import by_access_token
from atoll.services.cognito_idp.users import attempts, new_password, password_rules, passwords
from atoll.services.cognito_idp.users.find import get_by_name, put_user

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import ChangePasswordRequestTypeDef


@operation("ChangePassword", access=())
async def change_password(ctx: Context, request: ChangePasswordRequestTypeDef) -> dict[str, Any]:
    """docs: API_ChangePassword. The previous password is needed where there is one. Raises NotAuthorizedException,
    InvalidPasswordException, PasswordHistoryPolicyViolationException, LimitExceededException after five wrong ones in an hour."""
    ctx, pool, _, user, _ = await by_access_token(ctx, request["AccessToken"])
    password_rules.check(pool, request["ProposedPassword"])
    if user.password is not None:
        await _prove(ctx, pool, user, user.password, request.get("PreviousPassword") or "")
    kept, now = await new_password.accepted(ctx, pool, user, request["ProposedPassword"]), ctx.clock.now()

    def write(tx: Transaction) -> None:
        present = get_by_name(tx, ctx, pool, user.sub)
        if present.password != user.password:  # another change was faster: what was proven counts no more
            raise NotAuthorizedException("Incorrect username or password.")
        put_user(tx, ctx, pool, new_password.having(pool, present, kept, present.status, now), present)
        attempts.forget(tx, ctx, pool.id, user.sub, "change_password")

    await ctx.store.transact(write)
    return {}


async def _prove(ctx: Context, pool: Pool, user: User, known: Password, given: str) -> None:
    """Raises NotAuthorizedException unless the password is right, LimitExceededException after too many wrong ones: of many guesses at once
    no more are answered than one after the other."""
    now = ctx.clock.now()
    tried = await ctx.store.read(lambda tx: attempts.find(tx, ctx, pool.id, user.sub, "change_password", now))
    if not attempts.may_guess(tried):
        raise attempts.limited()
    right = await passwords.matches(given, known)

    def settle(tx: Transaction) -> bool:
        """Whether the guess still counted when it was known what it is worth. Raises UserNotFoundException for one who has gone."""
        get_by_name(tx, ctx, pool, user.sub)
        if not attempts.may_guess(attempts.find(tx, ctx, pool.id, user.sub, "change_password", now)):
            return False
        if not right:
            attempts.failed(tx, ctx, pool.id, user.sub, "change_password", now)
        return True

    if not await ctx.store.transact(settle):
        raise attempts.limited()
    if not right:
        raise NotAuthorizedException("Incorrect username or password.")
