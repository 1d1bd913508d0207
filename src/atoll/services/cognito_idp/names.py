"""Names of user pools and what belongs to them."""

from __future__ import annotations

import re

from atoll.kernel.context import Context

POOL_ID = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d+_[0-9A-Za-z]{1,55}")


def pool_arn(ctx: Context, pool_id: str) -> str:
    """The ARN of a pool of the context's account."""
    return f"arn:aws:cognito-idp:{region_of(pool_id) or ctx.region}:{ctx.account}:userpool/{pool_id}"


def region_of(pool_id: str) -> str:
    """The region that a pool's id names, "" where it names none."""
    return pool_id.partition("_")[0] if POOL_ID.fullmatch(pool_id) else ""


def issuer(pool_id: str) -> str:
    """The issuer of a pool's tokens: AWS's own URL, whatever address the region listens on."""
    return f"https://cognito-idp.{region_of(pool_id)}.amazonaws.com/{pool_id}"
