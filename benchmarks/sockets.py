"""Load over WebSocket: each connection sends a message, waits for its answer, and sends the next."""

from __future__ import annotations

import asyncio
import statistics
import time

from websockets.asyncio.client import connect

from benchmarks.load import Sample, Void
from benchmarks.machine import cpu_seconds
from benchmarks.servers import Server

WARM_UP = 20
"""Messages per connection that do not count."""


def exchange(server: Server, path: str, message: str, answer: str, connections: int, seconds: float) -> Sample:
    """What a run of some seconds saw. Raises Void where an answer is another one."""
    return asyncio.run(_exchange(server, f"ws://127.0.0.1:{server.port}{path}", message, answer, connections, seconds))


async def _exchange(server: Server, url: str, message: str, answer: str, connections: int, seconds: float) -> Sample:
    taken: list[float] = []
    began = used = 0.0
    warm = asyncio.Barrier(connections + 1)

    async def client() -> None:
        async with connect(url, proxy=None, compression=None) as socket:
            for _ in range(WARM_UP):
                await socket.send(message)
                await socket.recv()
            await warm.wait()
            while (sent := time.perf_counter()) < began + seconds or not began:
                await socket.send(message)
                if (got := await socket.recv()) != answer:
                    raise Void(f"the answer was {got!r}")
                taken.append(time.perf_counter() - sent)

    try:
        async with asyncio.TaskGroup() as clients:
            for _ in range(connections):
                clients.create_task(client())
            await warm.wait()
            began, used = time.perf_counter(), cpu_seconds(server.pid)
    except ExceptionGroup as failed:
        raise Void(f"{server.kind.column}: {failed.exceptions[0]}") from failed
    took, used = time.perf_counter() - began, cpu_seconds(server.pid) - used
    percentiles = statistics.quantiles(taken, n=100)
    return Sample(len(taken) / took, percentiles[49] * 1e3, percentiles[98] * 1e3, used / len(taken) * 1e6)
