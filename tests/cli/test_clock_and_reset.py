"""`atoll clock` and `atoll reset`, as a user and as a script meet them."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from tests.conftest import Region


def epoch(region: Region) -> float:
    return float(httpx.get(f"{region.endpoint}/_atoll/clock").json()["epoch"])


def log_groups(region: Region, account: str) -> int:
    return len(region.client("logs", key=account).describe_log_groups()["logGroups"])


def test_clock(own: Region) -> None:
    before = epoch(own)
    assert "(this machine's time)" in own.atoll("clock").stdout
    moved = own.atoll("clock", "advance", "2h")
    assert "(2h ahead of this machine)" in moved.stdout
    assert 7200 <= epoch(own) - before < 7300
    assert "2100-01-01 00:00:0" in own.atoll("clock", "set", "2100-01-01").stdout
    assert "moved forward (atoll clock)" in own.atoll("status").stdout
    for arguments, message in (
        (("advance", "soon"), "'soon' is no amount of time; write seconds, or 90m"),
        (("set", "1999-12-31"), "Region time never goes backward: it is 2100-01-01"),
        (("set", "x", "--port", "1"), "No region is running at port 1."),
    ):
        failed = own.atoll("clock", *arguments, check=False)
        assert failed.returncode == 1
        assert failed.stderr.startswith(f"error: {message}")


def test_reset_of_one_account_and_of_all(own: Region) -> None:
    for account in ("111111111111", "222222222222"):
        own.client("logs", key=account).create_log_group(logGroupName="g")
    done = own.atoll("reset", "--account", "111111111111", "--yes")
    assert done.stdout == "Deleted everything in account 111111111111.\n"
    assert (log_groups(own, "111111111111"), log_groups(own, "222222222222")) == (0, 1)
    refused = own.atoll("reset", "--account", "me", "--yes", check=False)
    assert refused.stderr.startswith("error: An account is twelve digits")
    assert own.atoll("reset", "-y").stdout == "Deleted everything. The region is as new.\n"
    assert log_groups(own, "222222222222") == 0


def test_reset_asks_nobody_in_a_script(own: Region) -> None:
    own.client("logs", key="111111111111").create_log_group(logGroupName="kept")
    refused = own.atoll("reset", check=False)
    assert refused.returncode == 1
    assert refused.stderr.startswith(
        "error: This deletes everything, and there is nobody to ask.\nTo do it all the same: --yes"
    )
    refused = own.atoll("reset", "--account", "111111111111", check=False)
    assert refused.stderr.startswith("error: This deletes everything in account 111111111111, and there is nobody")
    assert log_groups(own, "111111111111") == 1


def at_a_terminal(region: Region, answer: bytes, *arguments: str) -> tuple[int, str]:
    """The exit status and the output of a command whose user types `answer`."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "atoll", *arguments]
    process = subprocess.Popen(command, env=region.env(COLUMNS="100"), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, answer)
    output = b""
    try:
        while part := os.read(ours, 4096):
            output += part
    except OSError:  # the end of a terminal
        pass
    os.close(ours)
    return process.wait(120), output.decode()


def test_reset_shows_what_goes_and_asks(new_region: Callable[..., Region]) -> None:
    region = new_region()
    region.client("logs", key="111111111111").create_log_group(logGroupName="g")
    status, output = at_a_terminal(region, b"n\n", "reset")
    assert status == 1
    assert "account 111111111111" in output
    assert "logs         1 record" in output
    assert "Delete all this from the region at" in output
    assert log_groups(region, "111111111111") == 1
    status, output = at_a_terminal(region, b"y\n", "reset")
    assert (status, log_groups(region, "111111111111")) == (0, 0)
    status, output = at_a_terminal(region, b"", "reset")
    assert (status, "Nothing is stored." in output) == (0, True)
