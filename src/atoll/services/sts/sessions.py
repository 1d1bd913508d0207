"""Issuing sessions: temporary credentials as AssumeRole and GetSessionToken hand them out."""

from __future__ import annotations

import dataclasses
from typing import Any

from atoll.auth.credentials import AccessKey, open_session
from atoll.kernel.context import Context, Principal

TOKEN_LENGTH = 256


async def issue(ctx: Context, principal: Principal, seconds: int) -> dict[str, Any]:
    """Stores a session of `principal` that ends in `seconds` of region time. Returns the member Credentials."""
    now = ctx.clock.now()
    session = AccessKey(
        secret=ctx.ids.secret(),
        principal=dataclasses.replace(principal, access_key=ctx.ids.iam("ASIA"), issued=int(now)),
        created=int(now),
        token=ctx.ids.secret(TOKEN_LENGTH),
        expires=float(int(now) + seconds),
    )
    await ctx.store.transact(lambda tx: open_session(tx, session, now))
    return {
        "AccessKeyId": session.principal.access_key,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": session.expires,
    }
