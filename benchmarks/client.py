"""A load client in Python, for machines without wrk and for sending each request just once. Takes and prints what wrk does with replay.lua.

python -m benchmarks.client PORT FILE CONNECTIONS SECONDS|once
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import httptools
import uvloop


def read(path: Path) -> Iterator[bytes]:
    """The prepared requests of a file, each as "<bytes>\\n<raw request>"."""
    data, position = path.read_bytes(), 0
    while position < len(data):
        line = data.index(b"\n", position)
        size = int(data[position:line])
        yield data[line + 1 : line + 1 + size]
        position = line + 1 + size


class Answer:
    """Reads one connection's responses."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._complete = False
        self._parser = httptools.HttpResponseParser(self)

    def on_message_complete(self) -> None:
        self._complete = True

    async def next(self) -> tuple[int, bool]:
        """The status of the next response, and whether the connection stays."""
        self._complete = False
        while not self._complete:
            data = await self._reader.read(65536)
            if not data:
                raise ConnectionError("closed in the middle of a response")
            self._parser.feed_data(data)
        return self._parser.get_status_code(), self._parser.should_keep_alive()


class Load:
    """Several connections that take the next request each as soon as they have the answer to their last."""

    def __init__(self, port: int, requests: Iterator[bytes], seconds: float) -> None:
        self._port, self._requests, self._until = port, requests, time.perf_counter() + seconds
        self.times: list[float] = []
        self.failures = 0

    async def connection(self) -> None:
        stays, reader, writer = False, None, None
        for request in self._requests:
            if time.perf_counter() > self._until:
                break
            began = time.perf_counter()
            if not stays or writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                answer = Answer(reader)
            writer.write(request)
            status, stays = await answer.next()
            self.failures += status >= 400
            self.times.append(time.perf_counter() - began)
            if not stays:
                writer.close()


async def main(port: int, path: Path, connections: int, seconds: str) -> None:
    once = seconds == "once"
    requests = read(path) if once else cycle(list(read(path)))
    load = Load(port, requests, float("inf") if once else float(seconds))
    began = time.perf_counter()
    await asyncio.gather(*(load.connection() for _ in range(connections)))
    times = sorted(load.times)
    seen = {
        "requests": len(times),
        "seconds": time.perf_counter() - began,
        "p50": times[len(times) // 2] * 1e3,
        "p99": times[len(times) * 99 // 100] * 1e3,
        "failures": load.failures,
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
