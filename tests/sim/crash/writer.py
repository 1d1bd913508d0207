"""The process that is killed: 8 writers on one kernel. Usage: writer.py DIRECTORY DURABILITY SEED [power-cut]

Each acknowledged transaction is a line "writer n" on standard output, written only after `transact` returned. Tasks run beside.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.sim.crash import workload
from tests.sim.power_cut_vfs import NAME, PowerCutVFS

from atoll.kernel.region import Kernel, open_kernel
from atoll.kernel.tracing import Span


def context_for(kernel: Kernel) -> Any:
    return lambda task_id, task: SimpleNamespace(store=kernel.store, span=Span("task", task_id))


async def write(kernel: Kernel, writer: int, chance: random.Random) -> None:
    last = await kernel.store.read(lambda tx: tx.get((*workload.ROOT, "last", writer)))
    n = int(last or b"-1") + 1
    while True:
        digest = ""
        if n % 30 == 0:
            digest = await kernel.blobs.put(workload.blob_content(writer, n))
        await kernel.store.transact(lambda tx, n=n, digest=digest: workload.apply(tx, writer, n, digest))
        os.write(1, b"%d %d\n" % (writer, n))
        n += 1
        if chance.random() < 0.1:
            with suppress(workload.Refused):
                await kernel.store.transact(lambda tx: workload.refuse(tx, writer))
        if chance.random() < 0.3:
            await asyncio.sleep(chance.random() * 0.002)


async def main(directory: str, durability: Any, seed: str, *vfs: str) -> None:
    disk = PowerCutVFS(int(seed)) if vfs else None
    kernel = await open_kernel(Path(directory), durability, vfs=NAME if disk else None)
    kernel.tasks.run({workload.TASK_KIND: workload.task_step}, context_for(kernel))
    chance = random.Random(seed)
    await asyncio.gather(*(write(kernel, writer, chance) for writer in range(workload.WRITERS)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
