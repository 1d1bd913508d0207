"""Brute force: after five wrong passwords a user is locked for a second, and twice as long after each further one, 15 minutes at most.

What comes while he is locked is refused, right or wrong, and counts for nothing. He begins anew with the right password, or when for 15
minutes nobody tried. All by region time. docs: "Lockout behavior for failed sign-in attempts".
"""

from __future__ import annotations

import msgspec

from atoll.services.cognito_idp.errors import NotAuthorizedException
from atoll.services.cognito_idp.store import User

FREE, LONGEST, FORGOTTEN = 5, 900, 900
"""Wrong passwords that lock nobody yet; the longest lock; after how many seconds without a try all is forgotten."""


def refuse_if_locked(user: User, now: float) -> None:
    """Raises NotAuthorizedException while the user is locked."""
    if now < user.locked_until:
        raise NotAuthorizedException("Password attempts exceeded")


def after_failure(user: User, now: float) -> User:
    """The user with one more wrong password. `locked_until` is the instant of the last one where it locks nobody."""
    before = user.failures if now < user.locked_until + FORGOTTEN else 0
    count = before + 1
    seconds = 0 if count < FREE else min(2 ** (count - FREE), LONGEST)
    return msgspec.structs.replace(user, failures=count, locked_until=now + seconds)


def after_success(user: User) -> User:
    """The user as one who never got it wrong."""
    return msgspec.structs.replace(user, failures=0, locked_until=0.0)
