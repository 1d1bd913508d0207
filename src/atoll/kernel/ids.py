"""Identifiers and randomness: the one source, so that a simulation can seed it."""

from __future__ import annotations

import os
import random
import string
from base64 import b64encode

_LOWER_ALPHANUMERIC = string.ascii_lowercase + string.digits
_UPPER_ALPHANUMERIC = string.ascii_uppercase + string.digits
_BASE32 = string.ascii_uppercase + "234567"
DRAW = 4096
"""Bytes that are drawn at once."""
UUIDS = 64
"""How many UUIDs are drawn at once: every request has one."""
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in string.hexdigits.lower()}


class _Drawn(random.SystemRandom):
    """The operating system's random bits, drawn some thousand bytes at a time: a request id must not cost a system call."""

    _bytes = b""
    _at = 0

    def getrandbits(self, k: int, /) -> int:
        size = (k + 7) // 8
        if self._at + size > len(self._bytes):
            self._bytes, self._at = os.urandom(max(size, DRAW)), 0
        self._at += size
        return int.from_bytes(self._bytes[self._at - size : self._at], "big") >> (8 * size - k)


class Ids:
    """Draws ids. The default source is the operating system's; tests pass a seeded `random.Random`."""

    def __init__(self, source: random.Random | None = None) -> None:
        self.random = source or _Drawn()
        self._uuids: list[str] = []

    def uuid(self) -> str:
        """A random (version 4) UUID, lower case: request ids, revision ids."""
        if not self._uuids:
            drawn = self.hex(32 * UUIDS)
            self._uuids = [drawn[at : at + 32] for at in range(0, len(drawn), 32)]
        digits = self._uuids.pop()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"

    def hex(self, digits: int) -> str:
        """`digits` hexadecimal digits."""
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def trace(self, time: float) -> str:
        """The X-Amzn-Trace-Id of a request that came without one, at a region time in seconds."""
        return f"Root=1-{int(time):08x}-{self.hex(24)}"

    def lower(self, length: int) -> str:
        """Lower-case letters and digits: API Gateway's ids."""
        return "".join(self.random.choices(_LOWER_ALPHANUMERIC, k=length))

    def iam(self, prefix: str) -> str:
        """An IAM unique id: a four-letter prefix (AROA, AIDA, ANPA, AKIA, ASIA) and 17 or 16 characters of base 32.

        docs: IAM identifiers, "Unique identifiers". Access keys are 20 characters long, the others 21.
        """
        length = 16 if prefix in ("AKIA", "ASIA") else 17
        return prefix + "".join(self.random.choices(_BASE32, k=length))

    def secret(self, length: int = 40) -> str:
        """A secret access key (40 characters) or a session token."""
        return b64encode(self.random.randbytes(length))[:length].decode()  # at once: each choice would be a system call

    def upper(self, length: int) -> str:
        """Upper-case letters and digits."""
        return "".join(self.random.choices(_UPPER_ALPHANUMERIC, k=length))
