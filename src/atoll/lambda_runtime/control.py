"""The pool's end of an environment's control socket: what its supervisor says, and what it is told (`bootstraps/python`)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable

from atoll.lambda_runtime import texts
from atoll.lambda_runtime.messages import framed


class Control:
    """The supervisor lives, and holds its process id, as long as this is `open`."""

    def __init__(self, connection: socket.socket, on_heard: Callable[[], None]) -> None:
        """`on_heard` is called when there is more, or the other side is gone."""
        connection.setblocking(False)
        self.open = True
        self._connection = connection
        self._on_heard = on_heard
        self._lines: list[bytes] = []
        self._rest = b""
        self._unread = 0
        self._hung_up = False
        asyncio.get_running_loop().add_reader(connection, self.hear)

    def hear(self) -> None:
        """Takes what is there."""
        heard = False
        while self.open:
            try:
                data = self._connection.recv(4096)
            except BlockingIOError:
                break
            except ConnectionResetError:
                data = b""
            heard = True
            *lines, self._rest = (self._rest + data).split(b"\n")
            self._lines += lines
            if not data:
                self.close()
        if heard:
            self._on_heard()

    def news(self) -> list[bytes]:
        """The lines since the last time."""
        lines, self._unread = self._lines[self._unread :], len(self._lines)
        return lines

    def tell(self, **message: str) -> None:
        """Sends a message, if anybody is there to hear it."""
        if self.open and not self._hung_up:
            self._connection.send(framed(message))

    def hang_up(self) -> bool:
        """Makes the supervisor end everything. False where it knows already."""
        if not self.open or self._hung_up:
            return False
        self._hung_up = True
        self._connection.shutdown(socket.SHUT_WR)
        return True

    def kill(self) -> bool:
        """Kills the supervisor, and its tree with it. False where there never was one or its end is known.

        Its process id cannot have been given away while it holds the other end of this socket; a busy loop may not have heard yet that it
        no longer does."""
        if not self.open or self.pid is None:
            return False
        self.hear()
        if self.open:
            with contextlib.suppress(ProcessLookupError):  # it ends at this moment
                os.kill(self.pid, signal.SIGKILL)
        return True

    def close(self) -> None:
        """Hears no more."""
        if self.open:
            self.open = False
            asyncio.get_running_loop().remove_reader(self._connection)
            self._connection.close()

    @property
    def pid(self) -> int | None:
        """The supervisor's process id, once it has said so."""
        found = self._said(b"pid ")
        return int(found) if found is not None else None

    @property
    def failure(self) -> str | None:
        """Why there is no environment, where it has said so."""
        return self._said(b"failed ")

    def why_ended(self) -> tuple[str, str]:
        """The type of the error, and the reason, of a runtime that has ended. Where none was told everything was killed."""
        if (not_started := self._said(b"entrypoint ")) is not None:
            return texts.INVALID_ENTRYPOINT, not_started
        if (status := self._said(b"exit ")) is not None:
            return texts.EXIT_ERROR, texts.exited(int(status))
        return texts.EXIT_ERROR, texts.exited(-int(self._said(b"signal ") or signal.SIGKILL))

    def _said(self, start: bytes) -> str | None:
        found = (line for line in self._lines if line.startswith(start))
        return next((line[len(start) :].decode(errors="replace") for line in found), None)
