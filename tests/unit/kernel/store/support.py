"""What the engines' tests share: where they write, and short ways to write and read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from atoll.kernel.keys import Key, Range, under
from atoll.kernel.store.api import Reader, Store, Transaction

Opener = Callable[[], AbstractAsyncContextManager[Store]]
"""Opens the engine on the same data each time it is called, and closes it at the end of the block."""

ROOT: Key = ("111122223333", "us-east-1", "test")


class Refused(Exception):
    """What the functions here raise."""


async def write(store: Store, values: dict[Key, bytes]) -> None:
    def put(tx: Transaction) -> None:
        for key, value in values.items():
            tx.set(key, value)

    await store.transact(put)


async def contents(store: Store) -> dict[Key, bytes]:
    return await store.read(lambda tx: dict(tx.scan(under(ROOT))))


async def numbers(store: Store, span: Range, *, limit: int | None = None, reverse: bool = False) -> list[Any]:
    return await store.read(lambda tx: [key[-1] for key, _ in tx.scan(span, limit=limit, reverse=reverse)])


def state(tx: Reader, *, limit: int | None = None, reverse: bool = False) -> list[tuple[Any, bytes]]:
    return [(key[-1], value) for key, value in tx.scan(under(ROOT), limit=limit, reverse=reverse)]
