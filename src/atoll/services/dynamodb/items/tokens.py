"""ClientRequestToken: a transaction that was done is not done again when its request comes once more.

docs: API_TransactWriteItems: a token is valid for ten minutes after the request that used it first was completed. Its record is written
in the transaction whose effects it stands for, so that a crash leaves both or neither; transactions that were cancelled leave none. What
has ended counts no more from that instant; a task clears it, once a minute at most.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec

from atoll.kernel import tasks
from atoll.kernel.context import Context
from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Transaction
from atoll.services.dynamodb.errors import IdempotentParameterMismatchException
from atoll.services.dynamodb.store import space

VALID = 600.0
PAUSE = 60.0
SLICE = 250
"""Tokens that one step of the task clears: about a millisecond of the event loop."""

_IN_ORDER = msgspec.msgpack.Encoder(order="deterministic")


class Use(msgspec.Struct, frozen=True):
    """A token in use until `end` (region time), for the request with this digest."""

    digest: bytes
    end: float


_USES = Codec(Use, memo=1)


class Token:
    """The token of a request. `request` is all of it: another one, or one of another operation, may not use the token meanwhile."""

    def __init__(self, ctx: Context, token: str, request: dict[str, Any]) -> None:
        self._ctx = ctx
        self._token = token
        # Maps in order of their keys: the same request may come with its members in another order.
        self._digest = blake2b(_IN_ORDER.encode([ctx.operation, request]), digest_size=16).digest()
        self._now = ctx.clock.now()
        self._task_id = ctx.ids.uuid()

    def is_used(self, tx: Transaction) -> bool:
        """Whether the request was done already. Raises IdempotentParameterMismatchException where another one was."""
        raw = tx.get(self._key)
        use = _USES.decode(raw) if raw is not None else None
        if use is None or use.end <= self._now:
            return False
        if use.digest != self._digest:
            raise IdempotentParameterMismatchException(
                "DynamoDB rejected the request because you retried a request with a different payload but with an idempotent "
                "token that was already used."
            )
        return True

    def use(self, tx: Transaction) -> None:
        """Notes that the request is done, in the transaction that does it."""
        ctx, end = self._ctx, self._now + VALID
        tx.set(self._key, _USES.encode(Use(self._digest, end)))
        tx.set((*space(ctx), "token-end", end, self._token), b"")
        waits = (*space(ctx), "token-task")
        if tx.get(waits) is None:
            tx.set(waits, b"")
            tasks.start(tx, self._task_id, "dynamodb.forget", ctx.account, ctx.region, {})

    @property
    def _key(self) -> Key:
        return (*space(self._ctx), "token", self._token)


async def forget(ctx: Context, state: dict[str, Any]) -> dict[str, Any] | None:
    """One step of clearing tokens: a slice of those that have ended, or the wait for the next. Done when there is none left."""
    now = ctx.clock.now()

    def clear(tx: Transaction) -> float | None:
        for count, (key, _) in enumerate(tx.scan(under((*space(ctx), "token-end")), limit=SLICE + 1)):
            end, token = key[-2], (*space(ctx), "token", key[-1])
            assert isinstance(end, float)
            if end > now or count == SLICE:
                return end
            tx.delete(key)
            raw = tx.get(token)
            if raw is not None and _USES.decode(raw).end <= now:  # it may be in use again
                tx.delete(token)
        tx.delete((*space(ctx), "token-task"))
        return None

    end = await ctx.store.transact(clear)
    if end is not None and end > now:
        await ctx.clock.sleep(max(end - now, PAUSE), "the end of tokens of DynamoDB transactions")
    return state if end is not None else None
