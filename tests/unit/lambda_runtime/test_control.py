"""Killing a supervisor whose end the event loop has not heard of yet, as on a busy machine."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys

from atoll.lambda_runtime.control import Control


def python(code: str) -> subprocess.Popen[bytes]:
    """A process that runs `code`."""
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)


async def test_a_process_that_got_a_dead_supervisors_id_lives_on() -> None:
    heard: list[bool] = []
    ours, theirs = socket.socketpair()
    control = Control(ours, lambda: heard.append(control.open))
    stranger = python("input()")
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


async def test_a_supervisor_that_has_just_ended_is_no_error() -> None:
    ours, theirs = socket.socketpair()
    control = Control(ours, lambda: None)
    gone = python("")
    gone.communicate()
    theirs.send(b"pid %d\n" % gone.pid)
    control.hear()
    assert control.kill()
    control.close()
    theirs.close()
