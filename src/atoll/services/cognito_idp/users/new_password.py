"""Giving a user a password: the pool's rules, its history, and what is kept."""

from __future__ import annotations

from msgspec.structs import replace

from atoll.auth.passwords import SALT
from atoll.kernel.context import Context
from atoll.services.cognito_idp.errors import PasswordHistoryPolicyViolationException
from atoll.services.cognito_idp.pools.settings import password_policy
from atoll.services.cognito_idp.store import Password, Pool, Status, User
from atoll.services.cognito_idp.users import password_rules, passwords


async def accepted(ctx: Context, pool: Pool, user: User, password: str, told: str = password_rules.CHANGE) -> Password:
    """What is to be kept of a new password. Raises InvalidPasswordException, PasswordHistoryPolicyViolationException."""
    password_rules.check(pool, password, told)
    for earlier in _latest(pool, user):
        if await passwords.matches(password, earlier):
            raise PasswordHistoryPolicyViolationException("Password has previously been used.")
    source = ctx.ids.random
    salt, srp_salt = source.randbytes(SALT), source.randbytes(SALT)
    return await passwords.kept(pool.id, user.name, password, salt, srp_salt)


def having(pool: Pool, user: User, password: Password, status: Status, now: float, *, temporary: bool = False) -> User:
    """The user with a new password and status. Whoever was locked out may try again."""
    history = _latest(pool, user)[: max(_size(pool) - 1, 0)]
    return replace(
        user, password=password, history=history, status=status, modified=now, failures=0, locked_until=0.0,
        temporary_since=now if temporary else 0.0,
    )  # fmt: skip


def _size(pool: Pool) -> int:
    return int(password_policy(pool).get("PasswordHistorySize") or 0)


def _latest(pool: Pool, user: User) -> tuple[Password, ...]:
    """The passwords that must not come again, the present one among them."""
    present = (user.password,) if user.password else ()
    return (*present, *user.history)[: _size(pool)]
