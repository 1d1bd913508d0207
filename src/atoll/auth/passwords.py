"""How passwords are kept: scrypt (RFC 7914), in a thread, for it takes tens of milliseconds and lets others run meanwhile."""

from __future__ import annotations

import asyncio
import hashlib

COST = 1 << 14
"""scrypt's N, with r = 8 and p = 1: 16 MB and some 50 ms, as OWASP's list has it with p = 5; a region is one person's."""
SALT = 16
"""Bytes of a salt."""


async def hashed(password: str, salt: bytes, cost: int = COST) -> bytes:
    """The 32 bytes to keep in place of a password. `salt` is kept beside it; it may be that of all passwords of one user, so that
    whether one was used before takes one hash."""
    data = password.encode(errors="surrogatepass")
    return await asyncio.to_thread(hashlib.scrypt, data, salt=salt, n=cost, r=8, p=1, maxmem=cost * 2048, dklen=32)
