"""Makes this release's fixture: python tests/data/releases/make.py. A released format's fixture is never made again.

The directory holds one of everything that the kernel stores; `test_releases.py` opens a copy with today's Atoll and reads it in full.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import atoll
from atoll.kernel import blobs, tasks
from atoll.kernel.region import open_kernel
from atoll.kernel.store.api import Transaction

ROOT = ("111122223333", "us-east-1", "fixture")
KEYS = [
    (),
    (None,),
    (b"\x00\xff",),
    ("text\x00", "é"),
    (("nested", None),),
    (-(1 << 70),),
    (-1,),
    (0,),
    (1 << 70,),
    (-1.5,),
    (True,),
]
BLOB = b"a blob of release " * 100


async def make(directory: Path) -> None:
    kernel = await open_kernel(directory, "process")
    digest = await kernel.blobs.put(BLOB)

    def fill(tx: Transaction) -> None:
        for number, key in enumerate(KEYS):
            tx.set((*ROOT, "keys", *key), b"%d" % number)
        tx.add((*ROOT, "counter"), -7)
        tx.append((*ROOT, "log"), b"first")
        tx.append((*ROOT, "log"), b"second")
        blobs.link(tx, digest, (*ROOT, "owner"))
        tasks.start(tx, "task-1", "fixture.task", "111122223333", "us-east-1", {"step": 3, "list": [1, "two", None]})

    await kernel.store.transact(fill)
    await kernel.close()
    (directory / "atoll.lock").unlink()


if __name__ == "__main__":
    target = Path(__file__).parent / atoll.__version__
    if target.exists():
        raise SystemExit(f"{target} is there already")
    asyncio.run(make(target))
