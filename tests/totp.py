"""A one-time password generator as phones have one (RFC 6238), by a region's clock."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time
from typing import Any

import httpx

STEP = 30


class Phone:
    """Shows the codes of a base 32 seed."""

    def __init__(self, region: Any, seed: bytes) -> None:
        self._region = region
        self._key = base64.b32decode(seed)

    def code(self, steps: int = 0) -> str:
        """The code so many steps from now, region time."""
        return self._of(int(now(self._region)) // STEP + steps)

    def pair(self, steps: int = 0) -> dict[str, str]:
        """Two codes in a row, the later one's step so far from now."""
        step = int(now(self._region)) // STEP + steps
        return {"AuthenticationCode1": self._of(step - 1), "AuthenticationCode2": self._of(step)}

    def _of(self, step: int) -> str:
        digest = hmac.new(self._key, struct.pack(">Q", step), hashlib.sha1).digest()
        at = digest[-1] & 15
        return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def now(region: Any) -> float:
    """Region time, in seconds."""
    return time.time() + float(httpx.get(f"{region.endpoint}/_atoll/clock").json()["offset"])


def advance(region: Any, seconds: int) -> None:
    """Moves region time forward."""
    httpx.post(f"{region.endpoint}/_atoll/clock", json={"advance": f"{seconds}s"}).raise_for_status()


def to_the_next_step(region: Any) -> None:
    """Moves region time to a moment at which the next seconds bring no new code."""
    advance(region, int(STEP - now(region) % STEP) + 2)
