"""Time-based one-time passwords (RFC 6238: SHA-1, six digits, 30 seconds), each taken once."""

from __future__ import annotations

import hmac

STEP = 30
AROUND = (0, -1, 1)
"""Steps beside the present one whose codes are taken: clocks differ."""


def step_of(seed: str, code: str, now: float) -> int | None:
    """The time step around `now` to which the code of a seed (base 32) belongs; None where it is wrong."""
    from pyotp import HOTP

    current = int(now) // STEP
    passwords = HOTP(seed)
    given = code.encode(errors="replace")  # any text, which is compared as bytes
    for offset in AROUND:
        if hmac.compare_digest(passwords.at(current + offset).encode(), given):
            return current + offset
    return None
