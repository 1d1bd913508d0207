"""The store's SQLite engine beside plain apsw that does the same writes in the same batches."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from itertools import product
from pathlib import Path

import apsw
import uvloop

from atoll.kernel.keys import pack
from atoll.kernel.store.api import Durability, Transaction
from atoll.kernel.store.sqlite import PUT, SCHEMA, SQLiteStore
from benchmarks.machine import CACHE
from benchmarks.plan import Plan
from benchmarks.report import Section

TEXT = """
16 concurrent callers with transactions of one to three writes of 300 bytes (set; set and add; set, add and append). Plain apsw writes the
same rows, 16 transactions to a commit, with nothing around it: its rate is what the disk and SQLite allow.
""".strip()
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


def measure(plan: Plan) -> Section:
    columns = ["durability", "writes per transaction", "plain apsw/s", "Atoll/s", "ratio"]
    section = Section(f"The store (median of {plan.rounds})", TEXT, columns)
    rates: dict[tuple[Durability, int], list[tuple[float, float]]] = defaultdict(list)
    durabilities: tuple[Durability, ...] = ("process", "fsync")
    for durability, writes in plan.each("store", [*product(durabilities, (1, 2, 3))] * plan.rounds):
        with tempfile.TemporaryDirectory(dir=CACHE) as directory:
            base = plain(Path(directory) / "plain.db", durability, writes)
            ours = uvloop.run(atoll(Path(directory) / "region.db", durability, writes))
            rates[durability, writes].append((base, ours))
    for (durability, writes), found in rates.items():
        base, ours = (statistics.median(column) for column in zip(*found, strict=True))
        section.rows.append([durability, str(writes), f"{base:,.0f}", f"{ours:,.0f}", f"{ours / base:.2f}"])
    return section
