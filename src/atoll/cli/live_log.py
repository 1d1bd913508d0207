"""The live log of `atoll up`: a line per request, warnings and errors between them.

Lines are collected and written together by a thread, twenty times a second: a region under load must not wait for a terminal.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from datetime import datetime

from rich.console import Console

FLUSH_EVERY = 0.05
MOST_PENDING = 5000
RESET, DIM, GREEN, CYAN, YELLOW, RED = "\x1b[0m", "\x1b[2m", "\x1b[32m", "\x1b[36m", "\x1b[33m", "\x1b[31m"
BY_STATUS = {2: GREEN, 3: CYAN, 4: YELLOW, 5: RED}


class LiveLog(logging.Handler):
    """Where the region's log goes. As a logging handler it takes messages, `request` takes request lines."""

    def __init__(self) -> None:
        super().__init__()
        self._coloured = Console().is_terminal
        self._pending: list[str] = []
        self._dropped = 0
        self._second = 0
        self._moment = ""
        """How the lines of this second begin."""

    def request(self, what: str, status: int, milliseconds: float) -> None:
        """Notes one answered request."""
        if self._coloured:
            colour = BY_STATUS.get(status // 100, "")
            self._add(f"{colour}{status}{RESET}  {what}  {DIM}{milliseconds:.1f} ms{RESET}")
        else:
            self._add(f"{status}  {what}  {milliseconds:.1f} ms")

    def emit(self, record: logging.LogRecord) -> None:
        colour = RED if record.levelno >= logging.ERROR else YELLOW if record.levelno >= logging.WARNING else DIM
        self._add(self._paint(colour, self.format(record)))

    async def flush_regularly(self) -> None:
        """Runs until it is cancelled, then writes the rest."""
        try:
            while True:
                await asyncio.sleep(FLUSH_EVERY)  # noqa: TID251  a terminal's time, not the region's
                if self._pending:
                    await asyncio.to_thread(self._write, self._take())
        finally:
            self._write(self._take())

    def _add(self, line: str) -> None:
        if len(self._pending) >= MOST_PENDING:
            self._dropped += 1
            return
        second = int(time.time())  # noqa: TID251  the reader's own time
        if second != self._second:
            self._second = second
            self._moment = self._paint(DIM, datetime.fromtimestamp(second).strftime("%H:%M:%S"))  # noqa: DTZ006
        self._pending.append(f"{self._moment}  {line}\n")

    def _take(self) -> str:
        lines, self._pending = self._pending, []
        if self._dropped:
            lines.append(f"… {self._dropped} more lines\n")
            self._dropped = 0
        return "".join(lines)

    @staticmethod
    def _write(text: str) -> None:
        with contextlib.suppress(OSError):  # whoever read the log has gone, or its disk is full; the region goes on
            sys.stdout.write(text)
            sys.stdout.flush()

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{RESET}" if self._coloured and colour else text


def install() -> LiveLog:
    """Sends the region's log to standard output."""
    live = LiveLog()
    root = logging.getLogger()
    root.addHandler(live)
    root.setLevel(logging.WARNING)
    logging.getLogger("atoll").setLevel(logging.INFO)
    return live
