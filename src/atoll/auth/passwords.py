"""How passwords are kept: scrypt (RFC 7914), in a thread, for it takes tens of milliseconds and lets others run meanwhile."""

from __future__ import annotations

import asyncio
import hashlib

COST, BLOCKS = 2**14, 8
"""scrypt's N and r: 16 MB for each hash."""
SALT_DIGITS = 32
"""Hexadecimal digits of a salt, which `kernel.ids` draws."""


async def hashed(password: str, salt: str) -> bytes:
    """The 32 bytes to keep in place of a password. `salt` is kept beside it; it may be that of all passwords of one user, so that
    whether one was used before takes one hash."""
    return await asyncio.to_thread(
        hashlib.scrypt, password.encode(), salt=bytes.fromhex(salt), n=COST, r=BLOCKS, p=1, dklen=32
    )
