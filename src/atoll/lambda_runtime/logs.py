"""An environment's log: what its processes write and what the platform says about it, in order, in batches, to the sink.

Functions write to one pipe. Plain output becomes one event per line; a frame (see `bootstrap.FRAME`) one event whole. When the
sink is slower than the function, reading stops and the pipe makes the function wait: memory stays bounded.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque

from atoll.kernel.clock import Clock
from atoll.lambda_runtime.spec import FunctionSpec, LogEvent, LogSink

FRAME = b"\xa5\x5a\x00\x03"
FRAME_HEAD = 16
LINE_LIMIT = 256 * 1024
"""Bytes of one event (docs: CloudWatch Logs quotas, "Event size"); longer lines are split."""
PENDING_LIMIT = 1024 * 1024
BATCH_EVENTS = 5000
DELAY = 0.02
TAIL = 4096
READ = 65536

logger = logging.getLogger(__name__)


class Splitter:
    """Turns a stream of bytes into (timestamp in ms or None, text) pairs. Holds back at most one line or frame."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[tuple[int | None, str]]:
        """What `data` completes."""
        rest = self._rest
        rest += data
        found: list[tuple[int | None, str]] = []
        at = 0
        while at < len(rest):
            if rest.startswith(FRAME, at):
                end = at + FRAME_HEAD + int.from_bytes(rest[at + 4 : at + 8], "big")
                if len(rest) < at + FRAME_HEAD or len(rest) < end:
                    break
                stamp = int.from_bytes(rest[at + 8 : at + 16], "big") // 1000
                found.append((stamp, rest[at + FRAME_HEAD : end].decode(errors="replace")))
            else:
                end = self._line_end(at)
                if end < 0:
                    break
                found.append((None, rest[at:end].decode(errors="replace")))
            at = end
        del rest[:at]
        return found

    def flush(self) -> list[tuple[int | None, str]]:
        """A last line that has no end."""
        text = self._rest.decode(errors="replace")
        self._rest.clear()
        return [(None, text)] if text else []

    def _line_end(self, at: int) -> int:
        """Behind the line's end, before a frame that begins inside it, or at the size limit; -1 where more must come."""
        newline = self._rest.find(b"\n", at)
        frame = self._rest.find(FRAME, at, newline if newline >= 0 else len(self._rest))
        if frame >= 0:
            return frame
        end = newline + 1 if newline >= 0 else len(self._rest)
        if end - at > LINE_LIMIT:
            return at + LINE_LIMIT
        return end if newline >= 0 else -1


class Log:
    """The log of one environment. Owns the reading end of its pipe."""

    def __init__(self, spec: FunctionSpec, stream: str, sink: LogSink, clock: Clock) -> None:
        self.stream = stream
        self._spec = spec
        self._sink = sink
        self._clock = clock
        self._pipe: int | None = None
        self._reading = False
        self._splitter = Splitter()
        self._pending: deque[LogEvent] = deque()
        self._pending_bytes = 0
        self._tail: deque[str] = deque()
        self._tail_bytes = 0
        self._flusher: asyncio.Task[None] | None = None
        self._silent = False

    def attach(self, pipe: int) -> None:
        """Reads from `pipe` from now on, and owns it."""
        self.detach()
        os.set_blocking(pipe, False)
        self._pipe = pipe
        self._resume()

    def detach(self) -> None:
        """Takes what the pipe still holds and closes it."""
        if self._pipe is not None:
            self.drain()
            self._pause()
            os.close(self._pipe)
            self._pipe = None

    def write(self, text: str, timestamp: int | None = None) -> None:
        """Adds one event. `timestamp` is wall time in ms, now unless given."""
        self._tail.append(text)
        self._tail_bytes += len(text)
        while self._tail_bytes - len(self._tail[0]) > TAIL:
            self._tail_bytes -= len(self._tail.popleft())
        if self._silent:
            return
        self._pending.append(LogEvent(timestamp or int(self._clock.wall() * 1000), text))
        self._pending_bytes += len(text) + 26  # what CloudWatch Logs counts for an event beside its text
        if self._flusher is None:
            self._flusher = asyncio.get_running_loop().create_task(self._flush())

    def silence(self) -> None:
        """Nothing reaches the sink any more: where it went is gone."""
        self._silent = True
        self._pending.clear()
        self._pending_bytes = 0
        self._resume()

    def begin(self) -> None:
        """Begins the tail of a new invocation."""
        self.drain()
        self._tail.clear()
        self._tail_bytes = 0

    def drain(self) -> None:
        """Takes everything that has been written to the pipe, a line without an end too."""
        if self._pipe is None:
            return
        for _ in range(
            64
        ):  # what a full pipe can hold, several times over; a child process might go on writing forever
            if not self._read():
                break
        for stamp, text in self._splitter.flush():
            self.write(text, stamp)

    def tail(self) -> bytes:
        """The last 4 KB since `begin`."""
        text = "".join(part if part.endswith("\n") else part + "\n" for part in self._tail)
        return text.encode()[-TAIL:]

    async def close(self) -> None:
        """Detaches and waits until the sink has everything."""
        self.detach()
        while self._flusher is not None:
            await asyncio.shield(self._flusher)

    def _readable(self) -> None:
        self._read()
        if self._pending_bytes > PENDING_LIMIT:
            self._pause()

    def _read(self) -> bool:
        assert self._pipe is not None
        try:
            data = os.read(self._pipe, READ)
        except BlockingIOError:
            return False
        if not data:
            self._pause()
            return False
        for stamp, text in self._splitter.feed(data):
            self.write(text, stamp)
        return True

    def _pause(self) -> None:
        if self._reading and self._pipe is not None:
            asyncio.get_running_loop().remove_reader(self._pipe)
            self._reading = False

    def _resume(self) -> None:
        if not self._reading and self._pipe is not None:
            asyncio.get_running_loop().add_reader(self._pipe, self._readable)
            self._reading = True

    async def _flush(self) -> None:
        """Waits a moment for more to come, then hands batches over until nothing is left."""
        await self._clock.wall_sleep(DELAY)
        try:
            while self._pending:
                batch = [self._pending.popleft() for _ in range(min(len(self._pending), BATCH_EVENTS))]
                self._pending_bytes -= sum(len(event.message) + 26 for event in batch)
                try:
                    await self._sink(self._spec, self.stream, batch)
                except Exception:
                    logger.exception("The log events of %s could not be stored", self._spec.name)
                if self._pending_bytes < PENDING_LIMIT:
                    self._resume()
        finally:
            self._flusher = None
