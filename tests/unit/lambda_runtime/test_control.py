"""Killing a supervisor whose end the event loop has not heard of yet, as on a busy machine."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from atoll.lambda_runtime.control import Control


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def gone() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


async def test_a_process_that_got_a_dead_supervisors_id_lives_on(stranger: subprocess.Popen[bytes]) -> None:
    heard: list[bool] = []
    ours, theirs = socket.socketpair()
    control = Control(ours, lambda: heard.append(control.open))
    theirs.send(b"pid %d\n" % stranger.pid)
    await asyncio.sleep(0)
    control.hear()
    theirs.send(b"exit 0\n")
    theirs.close()
    assert control.kill()
    assert heard[-1] is False
    stranger.communicate(b"\n")
    assert stranger.returncode == 0
    assert control.why_ended() == ("Runtime.ExitError", "Runtime exited without providing a reason")
    assert not control.kill()


async def test_a_supervisor_that_has_just_ended_is_no_error(gone: int) -> None:
    ours, theirs = socket.socketpair()
    control = Control(ours, lambda: None)
    theirs.send(b"pid %d\n" % gone)
    control.hear()
    assert control.kill()
    control.close()
    theirs.close()
