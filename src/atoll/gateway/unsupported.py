"""The ledger of what callers asked for and Atoll does not honour (principle 5): behind `GET /_atoll/unsupported`.

Under `--strict` what would only be reported is refused, with the error that an operation which is not there gives: AWS has none for it.
"""

from __future__ import annotations

import logging
from typing import Any

from atoll.kernel.clock import Clock
from atoll.kernel.context import GLOBAL_ACCOUNT, Context
from atoll.kernel.errors import NotImplementedByAtoll, StoreUnavailable
from atoll.kernel.keys import under
from atoll.kernel.records import decode, encode
from atoll.kernel.store.api import Reader, Store, Transaction

log = logging.getLogger("atoll.unsupported")
PREFIX = (GLOBAL_ACCOUNT, "", "gateway", "unsupported")


class Unsupported:
    """Remembers each (service, operation, property) with its reason, how often and when last. A `kernel.context.Warnings`."""

    def __init__(self, store: Store, clock: Clock, *, strict: bool = False) -> None:
        self._store = store
        self._clock = clock
        self.strict = strict
        self._fresh: dict[tuple[str, str, str], tuple[str, int]] = {}

    def report(self, ctx: Context, prop: str, reason: str) -> None:
        """Notes one use; the request's span and the log carry it at once, the store when `flush` is next called.

        Raises NotImplementedByAtoll under `--strict`.
        """
        if self.strict:
            raise NotImplementedByAtoll(f"Atoll does not honour {prop} of {ctx.service}:{ctx.operation}: {reason}.")
        log.warning("%s.%s: %s is not honoured: %s", ctx.service, ctx.operation, prop, reason)
        ctx.span.note(**{f"unsupported {prop}": reason})
        self._note(ctx.service, ctx.operation, prop, reason)

    def refused(self, service: str, operation: str, reason: str) -> None:
        """Notes a call that Atoll answered with NotImplemented."""
        log.warning("refused: %s", reason)
        self._note(service, operation, "", reason)

    @property
    def pending(self) -> bool:
        """Whether something is noted that the store does not hold yet."""
        return bool(self._fresh)

    async def flush(self) -> None:
        """Stores what was noted since the last flush; where that cannot be (the disk is full), it is kept for the next one."""
        fresh, self._fresh = self._fresh, {}
        now = int(self._clock.now())

        def write(tx: Transaction) -> None:
            for place, (reason, count) in fresh.items():
                raw = tx.get((*PREFIX, *place))
                before = decode(raw)["count"] if raw else 0
                tx.set((*PREFIX, *place), encode({"reason": reason, "count": before + count, "last": now}))

        if fresh:
            try:
                await self._store.transact(write)
            except StoreUnavailable as error:
                log.warning("what is not honoured could not be stored yet: %s", error.message)
                for (service, operation, prop), (reason, count) in fresh.items():
                    self._note(service, operation, prop, reason, count)

    async def list(self) -> list[dict[str, Any]]:
        """Every entry: service, operation, property ("" where the whole operation is refused), reason, count, last (epoch s)."""
        await self.flush()

        def read(tx: Reader) -> list[dict[str, Any]]:
            return [
                {"service": key[-3], "operation": key[-2], "property": key[-1], **decode(raw)}
                for key, raw in tx.scan(under(PREFIX))
            ]

        return await self._store.read(read)

    def _note(self, service: str, operation: str, prop: str, reason: str, times: int = 1) -> None:
        place = (service, operation, prop)
        self._fresh[place] = (reason, self._fresh.get(place, ("", 0))[1] + times)
