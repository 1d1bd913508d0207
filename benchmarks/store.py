"""The SQLite engine against plain apsw doing the same writes in the same batches. Usage: python benchmarks/store.py [ROUNDS]

16 concurrent callers, each with transactions of one to three writes of 300 bytes (set; set and add; set, add and append). Plain apsw writes
the same rows, 16 transactions to a commit, with nothing around it: its rate is what the disk and SQLite allow. Each round measures
both, one after the other; the ratio of the medians is what to compare between machines and versions.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import apsw
import uvloop

from atoll.kernel.keys import pack
from atoll.kernel.store.api import Durability, Transaction
from atoll.kernel.store.sqlite import PUT, SCHEMA, SQLiteStore

CALLERS = 16
VALUE = b"x" * 300
TRANSACTIONS = {"process": 1000, "fsync": 150}
"""By durability: transactions of each caller in one round."""


def keys(caller: int, n: int) -> list[tuple[str | int, ...]]:
    root = ("111122223333", "us-east-1", "bench")
    return [(*root, "item", caller, n), (*root, "count", n % 100), (*root, "log")]


async def atoll(path: Path, durability: Durability, writes: int) -> float:
    """Transactions a second through the store."""
    store = SQLiteStore(path, durability=durability)

    def transaction(tx: Transaction, caller: int, n: int) -> None:
        item, count, log = keys(caller, n)
        tx.set(item, VALUE)
        if writes > 1:
            tx.add(count, 1)
        if writes > 2:
            tx.append(log, VALUE)

    async def call(caller: int) -> None:
        for n in range(TRANSACTIONS[durability]):
            await store.transact(lambda tx, n=n: transaction(tx, caller, n))

    start = time.perf_counter()
    await asyncio.gather(*(call(caller) for caller in range(CALLERS)))
    elapsed = time.perf_counter() - start
    await store.close()
    return CALLERS * TRANSACTIONS[durability] / elapsed


def plain(path: Path, durability: Durability, writes: int) -> float:
    """Transactions a second of SQLite alone."""
    db = apsw.Connection(str(path))
    synchronous = "FULL" if durability == "fsync" else "NORMAL"
    for pragma in ("journal_mode=WAL", "wal_autocheckpoint=0", f"synchronous={synchronous}", "cache_size=-16384"):
        db.execute(f"PRAGMA {pragma}").fetchall()
    db.execute(SCHEMA)
    start = time.perf_counter()
    for n in range(TRANSACTIONS[durability]):
        db.execute("BEGIN IMMEDIATE")
        for caller in range(CALLERS):
            item, count, log = keys(caller, n)
            db.execute(PUT, (pack(item), VALUE))
            if writes > 1:
                db.execute(PUT, (pack(count), b"1"))
            if writes > 2:
                db.execute(PUT, (pack((*log, n * CALLERS + caller)), VALUE))
        db.execute("COMMIT")
    elapsed = time.perf_counter() - start
    db.close()
    return CALLERS * TRANSACTIONS[durability] / elapsed


def main(rounds: int) -> None:
    print(f"{'durability':<12}{'writes':<8}{'plain apsw/s':>14}{'atoll/s':>12}{'ratio':>8}")
    for durability in ("process", "fsync"):
        for writes in (1, 2, 3):
            rates: list[tuple[float, float]] = []
            for _ in range(rounds):
                with tempfile.TemporaryDirectory() as directory:
                    base = plain(Path(directory) / "plain.db", durability, writes)
                    rates.append((base, uvloop.run(atoll(Path(directory) / "region.db", durability, writes))))
            base, ours = (statistics.median(column) for column in zip(*rates, strict=True))
            print(f"{durability:<12}{writes:<8}{base:>14,.0f}{ours:>12,.0f}{ours / base:>8.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
