"""What passwords a pool takes, and making temporary ones. docs: "Adding user pool password requirements"."""

from __future__ import annotations

import random
import string

from atoll.services.cognito_idp.errors import InvalidParameterException, InvalidPasswordException
from atoll.services.cognito_idp.pools.settings import password_policy
from atoll.services.cognito_idp.store import Pool

SYMBOLS = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+-"
_UNQUOTED = "^$*.[]{}()?!@#%/,:;|_~`=+-"
"""Symbols that look alike in HTML: temporary passwords are mailed."""
_LONGEST = 256
_LENGTH = 8
"""Of a pool that says nothing."""
_KINDS = {
    "RequireUppercase": ("uppercase", string.ascii_uppercase),
    "RequireLowercase": ("lowercase", string.ascii_lowercase),
    "RequireNumbers": ("numeric", string.digits),
    "RequireSymbols": ("symbol", SYMBOLS + " "),
}


SIGN_UP, INVITATION, CHANGE = (
    f"Password {words} policy"
    for words in ("did not conform with", "did not conform with password", "does not conform to")
)
"""How AWS begins the sentence: in SignUp, in AdminCreateUser, and wherever else a password is set."""


def check(pool: Pool, password: str, told: str = CHANGE) -> None:
    """Raises InvalidPasswordException with AWS's sentence for the first rule that the password breaks; `told` is how it begins."""
    policy = password_policy(pool)
    if len(password) < policy.get("MinimumLength", _LENGTH):
        raise InvalidPasswordException(f"{told}: Password not long enough")
    if len(password) > _LONGEST:
        raise InvalidParameterException(
            "1 validation error detected: Value at 'password' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_LONGEST}"
        )
    for setting, (kind, characters) in _KINDS.items():
        if policy.get(setting) and not any(character in characters for character in password):
            raise InvalidPasswordException(f"{told}: Password must have {kind} characters")


def generate(pool: Pool, source: random.Random) -> str:
    """A temporary password that the pool takes, drawn from `source`."""
    kinds = [string.ascii_uppercase, string.ascii_lowercase, string.digits, _UNQUOTED]
    length = max(password_policy(pool).get("MinimumLength", _LENGTH), _LENGTH)
    drawn = [source.choice(characters) for characters in kinds]
    drawn += source.choices(string.ascii_letters + string.digits, k=length - len(drawn))
    source.shuffle(drawn)
    return "".join(drawn)
