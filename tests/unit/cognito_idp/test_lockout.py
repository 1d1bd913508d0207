"""How long wrong passwords lock a user. docs: "Lockout behavior for failed sign-in attempts"."""

from __future__ import annotations

import pytest

from atoll.services.cognito_idp.errors import NotAuthorizedException
from atoll.services.cognito_idp.signin import lockout
from atoll.services.cognito_idp.store import User


def locks(user: User, now: float) -> float:
    """The seconds for which he is locked."""
    if user.locked_until > now:
        with pytest.raises(NotAuthorizedException, match="Password attempts exceeded"):
            lockout.refuse_if_locked(user, user.locked_until - 0.01)
    lockout.refuse_if_locked(user, user.locked_until)
    return user.locked_until - now


def test_five_wrong_passwords_lock_for_a_second_and_each_further_one_for_twice_as_long(user: User) -> None:
    now, found = 1000.0, []
    for _ in range(18):
        user = lockout.after_failure(user, now)
        found.append(locks(user, now))
        now = user.locked_until
    assert found == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]


def test_a_quarter_of_an_hour_without_a_try_and_the_right_password_begin_anew(user: User) -> None:
    for _ in range(4):
        user = lockout.after_failure(user, 1000.0)
    assert locks(lockout.after_failure(user, 1899.0), 1899.0) == 1
    assert locks(lockout.after_failure(user, 1900.0), 1900.0) == 0
    assert locks(lockout.after_failure(lockout.after_success(user), 1001.0), 1001.0) == 0


@pytest.fixture
def user() -> User:
    """A user who never got it wrong."""
    return User(sub="s", name="ada", created=0.0, modified=0.0)
