"""An environment's log: what its processes write and what the platform says about it, in order, in batches, to the sink.

Functions write to one pipe. Plain output becomes one event per line; a frame (see `bootstrap.FRAME`) one event whole. When the
sink is slower than the function, reading stops and the pipe makes the function wait: memory stays bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections import deque
from typing import NamedTuple

import msgspec

from atoll.kernel.clock import Clock
from atoll.kernel.ids import Ids
from atoll.kernel.log_events import LogEvent
from atoll.lambda_runtime.platform_events import LEVELS, instant
from atoll.lambda_runtime.spec import FunctionSpec, LogSink

FRAME = b"\xa5\x5a\x00"
"""Begins a frame. The byte after it tells the level (times four) and what the text is (its two lowest bits)."""
KINDS = frozenset({0x02, 0x03, *range(0x06, 0x1C, 4), *range(0x07, 0x1C, 4)})
FRAME_HEAD = 16
"""Bytes: the frame's type (4), its length (4), microseconds since the epoch (8)."""
EVENT_LIMIT = 1_048_576 - 26
"""Bytes of one event (docs: CloudWatch Logs quotas, "Event size", less what it counts beside the text); longer ones are split."""
PENDING_LIMIT = 1024 * 1024
BATCH_EVENTS = 5000
DELAY = 0.02
"""Seconds that the first event of a batch waits for others, unless somebody waits for it."""
LATE = 1.0
"""Seconds after which nobody waits any more for the events of a function that goes on writing."""
TAIL = 4096
CONTINUATION = bytes(range(0x80, 0xC0))
"""Bytes that go on with a character that others begin."""
READ = 4096
"""Bytes taken at once: a function may write thousands of lines in them, and the loop must not wait for more."""
OLDEST, NEWEST = 14 * 86_400_000, 2 * 3_600_000
"""How old and how far ahead an event may be for CloudWatch Logs to take it, in milliseconds."""

logger = logging.getLogger(__name__)


class Piece(NamedTuple):
    """What becomes one event. `stamp` is in milliseconds, None for now; `level` a number of `LEVELS`, 0 where none is told."""

    text: str
    stamp: int | None = None
    level: int = 0


class Splitter:
    """Turns a stream of bytes into pieces. Holds back at most one line, or as much of a frame as one event can hold."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._seen = 0
        """Bytes of a line without an end in which neither that nor a frame is: a long line is looked through once, not with each read."""
        self._left = 0
        self._stamp, self._level = 0, 0

    def feed(self, data: bytes) -> list[Piece]:
        """What `data` completes."""
        self._rest += data
        seen, self._seen = self._seen, 0
        if not self._left and len(self._rest) <= EVENT_LIMIT and self._rest.find(FRAME[:2], seen) < 0:
            return self._lines(seen)
        found: list[Piece] = []
        at = 0
        while at < len(self._rest):
            if not self._left and self._rest[at] == FRAME[0] and self._is_frame(at):
                if len(self._rest) < at + FRAME_HEAD:
                    break
                at = self._open(at)
                continue
            end = self._frame_end(at) if self._left else self._line_end(at, max(at, seen))
            if end < 0:
                break
            found.append(self._piece(at, end))
            at = end
        del self._rest[:at]
        return found

    def _lines(self, seen: int) -> list[Piece]:
        """All whole lines, where nothing is a frame or too long: most output is like that."""
        end = self._rest.rfind(b"\n", seen) + 1
        lines = self._rest[:end].decode(errors="replace").split("\n")
        del self._rest[:end]
        self._see(0)
        return [Piece(f"{line}\n") for line in lines[:-1]]

    def flush(self) -> list[Piece]:
        """A last line that has no end, or what there is of a frame."""
        begun = 4 <= len(self._rest) < FRAME_HEAD and not self._left and self._is_frame(0)
        found = [self._piece(0, len(self._rest))] if self._rest and not begun else []
        self._rest.clear()
        self._left = self._seen = 0
        return found

    def _see(self, at: int) -> None:
        """The line that begins here has no end yet; its last bytes may begin a frame."""
        self._seen = max(len(self._rest) - at - len(FRAME), 0)

    def _is_frame(self, at: int) -> bool:
        """Whether a frame's head is here, or the beginning of one that more bytes may complete."""
        head = bytes(self._rest[at : at + 4])
        return head == FRAME[: len(head)] or (head[:3] == FRAME and head[3] in KINDS)

    def _open(self, at: int) -> int:
        """Reads a frame's head and returns where its text begins."""
        self._level = self._rest[at + 3] >> 2
        self._left = int.from_bytes(self._rest[at + 4 : at + 8], "big")
        self._stamp = int.from_bytes(self._rest[at + 8 : at + 16], "big") // 1000
        return at + FRAME_HEAD

    def _piece(self, at: int, end: int) -> Piece:
        text = self._rest[at:end].decode(errors="replace")
        if not self._left:
            return Piece(text)
        self._left = max(self._left - (end - at), 0)
        return Piece(text, self._stamp, self._level)

    def _frame_end(self, at: int) -> int:
        """Behind the frame's end, or at the size limit; -1 where more must come."""
        size = min(self._left, EVENT_LIMIT)
        if len(self._rest) < at + size:
            return -1
        return at + size if size == self._left else self._whole(at, at + size)

    def _line_end(self, at: int, start: int) -> int:
        """Behind the line's end, before a frame that begins inside it, or at the size limit; -1 where more must come. Neither of the former
        is before `start`."""
        newline = self._rest.find(b"\n", start)
        end = newline + 1 if newline >= 0 else len(self._rest)
        frame = self._rest.find(FRAME, start, end)
        while frame >= 0 and not self._is_frame(frame):
            frame = self._rest.find(FRAME, frame + 1, end)
        if frame >= 0:
            end = frame
        if end - at > EVENT_LIMIT:
            return self._whole(at, at + EVENT_LIMIT)
        if newline >= 0 or 0 <= frame < len(self._rest) - len(FRAME):
            return end
        self._see(at)
        return -1

    def _whole(self, at: int, end: int) -> int:
        """`end`, or a little before it, so that no character is cut in two."""
        for back in range(4):
            if end - back <= at or self._rest[end - back] & 0xC0 != 0x80:
                return end - back
        return end


class _Labels(msgspec.Struct):
    """What a program's own JSON says of itself."""

    level: str = ""
    timestamp: str = ""


def labelled(piece: Piece) -> Piece:
    """The piece with the level and time that it has for a function whose log format is JSON: those that its JSON names, else INFO.

    docs: Lambda developer guide, "Log-level filtering": without a valid level or a valid timestamp a line is INFO.
    """
    if piece.level or not piece.text.startswith("{"):
        return piece._replace(level=piece.level or LEVELS["INFO"])
    try:
        labels = msgspec.json.decode(piece.text, type=_Labels)
    except (msgspec.DecodeError, RecursionError):
        return piece._replace(level=LEVELS["INFO"])
    stamp = instant(labels.timestamp)
    level = LEVELS.get(labels.level.upper(), LEVELS["INFO"]) if stamp is not None else LEVELS["INFO"]
    return Piece(piece.text, piece.stamp if piece.stamp is not None else stamp, level)


def stream_name(spec: FunctionSpec, clock: Clock, ids: Ids) -> str:
    """A new log stream's name. docs: Lambda developer guide, "Configuring CloudWatch log groups": in a group of its own choice a function
    is named."""
    name = "" if spec.log_group == f"/aws/lambda/{spec.name}" else spec.name
    return f"{clock.datetime():%Y/%m/%d}/{name}[{spec.version}]{ids.hex(32)}"


class Log:
    """The log of one environment. Owns the reading end of its pipe."""

    def __init__(self, spec: FunctionSpec, stream: str, sink: LogSink, clock: Clock) -> None:
        self.stream = stream
        self._spec = spec
        self._sink = sink
        self._clock = clock
        self._pipe: int | None = None
        self._writer: object = None
        self._reading = False
        self._splitter = Splitter()
        self._pending: deque[LogEvent] = deque()
        self._pending_bytes = 0
        self._tail: deque[str] = deque()
        self._tail_bytes = 0
        self._flusher: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._silent = False
        self._last = 0
        self._json = spec.logging.format == "JSON"
        self._least = LEVELS[spec.logging.application_level] if self._json else 0

    def attach(self, pipe: int, writer: object) -> None:
        """Reads from `pipe` from now on, and owns it. `writer` is who writes into it."""
        self.detach()
        self._writer = writer
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
        """Adds one event. `timestamp` is wall time in ms, now unless given and not too far from it to be kept."""
        now = int(self._clock.wall() * 1000)
        if timestamp is None or not now - OLDEST < timestamp < now + NEWEST:
            timestamp = self._last = now
        self._tail.append(text)
        self._tail_bytes += len(text)
        while self._tail_bytes - len(self._tail[0]) > TAIL:
            self._tail_bytes -= len(self._tail.popleft())
        if self._silent:
            return
        self._pending.append(LogEvent(timestamp, text))
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
        self._take(self._splitter.flush())

    def tail(self) -> bytes:
        """The last 4 KB since `begin`: the events one after the other, those in JSON on a line each."""
        end = "\n" if self._json else ""
        text = "".join(part if part.endswith("\n") else part + end for part in self._tail)
        tail = text.encode()[-TAIL:]
        return tail.lstrip(CONTINUATION) if len(tail) == TAIL else tail

    async def close(self, writer: object) -> None:
        """Detaches, unless another writer has come since, and waits until the sink has everything."""
        if self._writer is writer:
            self.detach()
        while self._flusher is not None:
            await asyncio.shield(self._flusher)

    async def stored(self) -> None:
        """Waits until the sink has what was logged so far, a second at the most."""
        if self._flusher is not None:
            self._hurry.set()
            await asyncio.wait([self._flusher], timeout=LATE)

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
        self._take(self._splitter.feed(data))
        return True

    def _take(self, pieces: list[Piece]) -> None:
        """Adds what the function wrote, as far as its application log level lets it through."""
        for piece in pieces:
            if piece.stamp is not None:
                # A frame tells when it was written, a line is taken to be of when it is read: the sink sorts, and order must hold.
                piece = piece._replace(stamp=max(piece.stamp, self._last))
            kept = labelled(piece) if self._json else piece
            if kept.level >= self._least:
                self.write(kept.text, kept.stamp)

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
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DELAY):
                await self._hurry.wait()
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
            self._hurry.clear()
