"""What every engine offers. Keys are tuples (`kernel/keys.py`), values are bytes (`kernel/records.py`).

Every key begins with (account, region, service); what belongs to no account lies under `GLOBAL_ACCOUNT`. A table, bucket, queue or stream
has an incarnation id in its keys, so that deleting it is unlinking one record while a task reaps the rest in slices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, Protocol, TypeVar

from atoll.kernel.keys import Key, Range

T = TypeVar("T")
Durability = Literal["process", "fsync"]
"""What an acknowledged write survives: the death of the process (`process`), or also the loss of power (`fsync`)."""


class Reader(Protocol):
    """A consistent view of the store."""

    def get(self, key: Key) -> bytes | None:
        """The value at `key`, or None."""

    def scan(self, span: Range, *, limit: int | None = None, reverse: bool = False) -> Iterator[tuple[Key, bytes]]:
        """The entries of `span` in key order (or against it), at most `limit`, fetched in pages."""


class Transaction(Reader, Protocol):
    """A view that can also be changed; the changes are buffered and land together or not at all."""

    def set(self, key: Key, value: bytes) -> None:
        """Puts `value` at `key`."""

    def delete(self, key: Key) -> None:
        """Removes `key`, if it is there."""

    def clear_range(self, span: Range) -> None:
        """Removes every entry of `span`."""

    def add(self, key: Key, amount: int) -> None:
        """Adds `amount` to the counter at `key` (absent counts as 0) without reading it: adds never conflict.

        Read counters with `counter(tx.get(key))`. The transaction fails with ValueError if the key holds something else.
        """

    def append(self, prefix: Key, value: bytes) -> None:
        """Puts `value` at `(*prefix, n)` with n greater than that of every append committed before it.

        n is assigned at commit: this transaction does not see the entry.
        """


class Watch(Protocol):
    """Tells when keys under a prefix may have changed."""

    async def wait(self) -> None:
        """Returns after the next commit that touched the prefix, at once if there was one since the last wait.

        It is a hint: poll as well, for another node's writes are not seen.
        """

    def changed(self) -> bool:
        """Whether there was such a commit since the last wait or look. The same hint, for who cannot wait."""

    def close(self) -> None:
        """Stops watching."""


class Store(Protocol):
    """An engine."""

    async def transact(self, fn: Callable[[Transaction], T]) -> T:
        """Runs `fn` and returns its result once its writes, and all that it read, are durable.

        `fn` is plain and re-runnable: no await, no id, time or random number drawn, nothing outside `tx` touched. If it
        raises, its writes are dropped and the exception comes back. Raises StoreUnavailable if the commit fails.
        """

    async def read(self, fn: Callable[[Reader], T]) -> T:
        """Runs `fn` on a snapshot of what is committed."""

    def watch(self, prefix: Key) -> Watch:
        """Watches the keys that begin with `prefix`."""

    async def close(self) -> None:
        """Commits what is pending and releases the files."""


def counter(value: bytes | None) -> int:
    """The number that `Transaction.add` keeps at a key."""
    return int(value) if value is not None else 0
