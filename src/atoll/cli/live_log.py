"""The live log of `atoll up`: a line per request, warnings and errors between them."""

from __future__ import annotations

import logging
import sys
from datetime import datetime

from rich.console import Console
from rich.markup import escape

COLOURS = {2: "green", 3: "cyan", 4: "yellow", 5: "red"}


class LiveLog(logging.Handler):
    """Writes records of "atoll.requests" as request lines, everything else as messages."""

    def __init__(self) -> None:
        super().__init__()
        # Terminals get colours and their own width; a log file gets plain, unwrapped lines.
        self._console = Console(highlight=False, soft_wrap=True, file=sys.stdout)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._console.print(self._line(record))
        except Exception:  # noqa: BLE001  logging's own way: a log line never breaks what it tells of
            self.handleError(record)

    def _line(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")  # noqa: DTZ006  the reader's own time
        message = escape(record.getMessage())
        status = getattr(record, "status", None)
        if status is not None:
            milliseconds = getattr(record, "ms", 0.0)
            colour = COLOURS.get(status // 100, "white")
            return f"[dim]{moment}[/]  [{colour}]{status}[/]  {message}  [dim]{milliseconds:.1f} ms[/]"
        colour = "red" if record.levelno >= logging.ERROR else "yellow" if record.levelno >= logging.WARNING else "dim"
        if record.exc_info:
            message += "\n" + escape(logging.Formatter().formatException(record.exc_info))
        return f"[dim]{moment}[/]  [{colour}]{message}[/]"


def install() -> None:
    """Sends the region's log to standard output."""
    root = logging.getLogger()
    root.addHandler(LiveLog())
    root.setLevel(logging.WARNING)
    logging.getLogger("atoll").setLevel(logging.INFO)
