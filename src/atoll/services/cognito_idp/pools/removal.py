"""What goes with a pool. Its records go at once where nobody could find the others any more; those, of whatever kind, in slices."""

from __future__ import annotations

from typing import Any

from atoll.auth import own_issuers
from atoll.kernel import tasks
from atoll.kernel.context import Context
from atoll.kernel.keys import Range, under
from atoll.kernel.store.api import Reader, Transaction, counter
from atoll.services.cognito_idp import names
from atoll.services.cognito_idp.errors import InvalidParameterException
from atoll.services.cognito_idp.store import CLIENT_IDS, Pool, space

SLICE = 64
"""Records per transaction: about a millisecond."""
TASK = "cognito-idp.reap"


def users(tx: Reader, ctx: Context, pool_id: str) -> int:
    """How many users a pool has: `users/find.py` counts them."""
    return counter(tx.get((*space(ctx), "users", pool_id)))


def remove(tx: Transaction, ctx: Context, pool: Pool, task: str) -> None:
    """Deletes a pool; the task with this id deletes what it leaves. Raises InvalidParameterException while that is not allowed."""
    if pool.settings["DeletionProtection"] == "ACTIVE":
        raise InvalidParameterException(
            "The user pool cannot be deleted because deletion protection is activated. "
            "Deletion protection must be inactivated first."
        )
    if pool.domain or pool.custom_domain:
        raise InvalidParameterException(
            "User pool cannot be deleted. It has a domain configured that should be deleted first."
        )
    tx.delete((*space(ctx), "pool", pool.id))
    own_issuers.remove(tx, names.issuer(pool.id))
    tasks.start(tx, task, TASK, ctx.account, ctx.region, {"pool": pool.id})


async def reap(ctx: Context, state: dict[str, Any]) -> dict[str, Any] | None:
    """A step of the task `cognito-idp.reap`: a slice of what the deleted pool `state["pool"]` left."""

    def some(tx: Transaction) -> bool:
        left = SLICE
        for kind in list(_kinds(tx, ctx)):
            tx.delete((*space(ctx), kind, state["pool"]))  # the keys, and the counter: what a pool has one of
            for key, _ in list(tx.scan(under((*space(ctx), kind, state["pool"])), limit=left)):
                tx.delete(key)
                if kind == "client":
                    tx.delete((*CLIENT_IDS, key[-1]))
                left -= 1
            if not left:
                return True
        return False

    return state if await ctx.store.transact(some) else None


def _kinds(tx: Reader, ctx: Context) -> list[str]:
    """Every kind of record that user pools have here: all have the pool's id behind it."""
    span, found = under(space(ctx)), []
    while row := next(iter(tx.scan(span, limit=1)), None):
        kind = str(row[0][3])
        found.append(kind)
        span = Range(under((*space(ctx), kind)).end, span.end)
    return found
