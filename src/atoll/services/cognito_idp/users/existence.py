"""Users who are not there, where clients must not know it: PreventUserExistenceErrors.

docs: "Managing user existence error responses". A code that is asked for seems to be sent; its destination is made up of the name and
the pool's settings, the same each time.
"""

from __future__ import annotations

import hashlib

from atoll.kernel.context import Context
from atoll.services.cognito_idp import messages
from atoll.services.cognito_idp.errors import UserNotFoundException
from atoll.services.cognito_idp.store import Pool
from atoll.services.cognito_idp.users import codes
from atoll.services.cognito_idp.users.attributes import is_email, is_phone

_COMMITS = 2
"""Those of a code and of its message."""


def unknown() -> UserNotFoundException:
    """For a client that may know."""
    return UserNotFoundException("Username/client id combination not found.")


async def pretend(ctx: Context, pool: Pool, name: str) -> dict[str, str]:
    """CodeDeliveryDetails for a user who does not exist, or cannot be reached. Takes as long as sending a code: the store is written
    to as often, under no user."""
    for _ in range(_COMMITS):
        code, now = codes.draw(ctx), ctx.clock.now()
        await ctx.store.transact(
            lambda tx, code=code, now=now: codes.keep(  # type: ignore[misc]
                tx, ctx, pool.id, codes.NOBODY, "sign_up", code, now, medium="EMAIL", destination="", counted=False
            )
        )
    return simulated(pool, name)


def simulated(pool: Pool, name: str) -> dict[str, str]:
    """Where a code seems to have gone."""
    if is_email(name):
        return messages.delivery("EMAIL", name)
    if is_phone(name):
        return messages.delivery("SMS", name)
    drawn = hashlib.sha256(f"{pool.id}/{name}".encode(errors="surrogatepass")).digest()
    if "phone_number" in _verified(pool) and "email" not in _verified(pool):
        return messages.delivery("SMS", f"+1{int.from_bytes(drawn[:5]) % 10**10:010d}")
    letters = [chr(97 + byte % 26) for byte in drawn[:2]]
    return messages.delivery("EMAIL", "@".join(letters))


def _verified(pool: Pool) -> tuple[str, ...]:
    return tuple(pool.settings.get("AutoVerifiedAttributes") or ())
