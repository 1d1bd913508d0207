"""The command line as a user meets it: what works, and one clear line with an exit code where it does not."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Region


@pytest.fixture
def stopped(new_region: Callable[..., Region]) -> Region:
    return new_region(start=False)


def up(region: Region, *options: str) -> subprocess.CompletedProcess[str]:
    return region.atoll("up", *options, check=False)


def test_background_life(stopped: Region, tmp_path: Path) -> None:
    started = up(stopped, "-d", "--port", "0", "--data-dir", str(tmp_path / "data"))
    assert started.returncode == 0, started.stderr
    assert "Atoll is ready at http://127.0.0.1:" in started.stdout
    stopped.port = int(started.stdout.split("http://127.0.0.1:")[1].split()[0])
    assert f"http://127.0.0.1:{stopped.port}" in stopped.atoll("status").stdout
    environment = stopped.atoll("env").stdout
    assert f"export AWS_ENDPOINT_URL=http://127.0.0.1:{stopped.port}\n" in environment
    again = up(stopped, "-d", "--port", str(stopped.port))
    assert again.returncode == 1
    assert "A region already runs" in again.stderr
    assert "Stopped." in stopped.atoll("down").stdout
    assert stopped.atoll("status", check=False).returncode == 1
    assert stopped.atoll("down", check=False).stderr.startswith("error: No region is running")


def test_port_taken(stopped: Region, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for options in ((), ("-d",)):
            failed = up(stopped, *options, "--port", port, "--data-dir", str(tmp_path / "data"))
            assert failed.returncode == 1
            assert f"Cannot listen on 127.0.0.1:{port}" in failed.stderr
            assert "Traceback" not in failed.stderr + failed.stdout


def test_second_instance_on_one_data_directory(new_region: Callable[..., Region]) -> None:
    first = new_region()
    failed = up(first, "--port", "0", "--data-dir", str(first.data_dir))
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"error: Another Atoll already serves the data directory {first.data_dir}.")


def test_damaged_data_directory(stopped: Region, tmp_path: Path) -> None:
    (tmp_path / "format.json").write_text('{"format": 1, "atoll": "0.1.0"}')
    (tmp_path / "region.db").write_bytes(b"this is no database" * 1000)
    failed = up(stopped, "--port", "0", "--data-dir", str(tmp_path))
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"error: The data directory {tmp_path} is damaged")
    assert "Traceback" not in failed.stderr


def test_newer_data_directory(stopped: Region, tmp_path: Path) -> None:
    (tmp_path / "format.json").write_text('{"format": 99, "atoll": "9.0.0"}')
    failed = up(stopped, "--port", "0", "--data-dir", str(tmp_path))
    assert failed.returncode == 1
    assert "made by a newer Atoll" in failed.stderr


def test_unwritable_data_directory(stopped: Region) -> None:
    failed = up(stopped, "--port", "0", "--data-dir", "/proc/nowhere")
    assert failed.returncode == 1
    assert failed.stderr.startswith("error: Cannot use the data directory /proc/nowhere")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--durability", "hope"), "--durability must be one of process, fsync"),
        (("--auth", "maybe"), "--auth must be one of enforce, audit, off, strict"),
        (("--ephemeral", "--data-dir", "x"), "--ephemeral and --data-dir exclude each other"),
    ],
)
def test_senseless_options(stopped: Region, options: tuple[str, ...], message: str) -> None:
    failed = up(stopped, *options)
    assert failed.returncode == 1
    assert message in failed.stderr


def test_ephemeral_leaves_nothing(stopped: Region, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "atoll", "up", "--ephemeral", "--port", "0"]
    process = subprocess.Popen(command, env=stopped.env(TMPDIR=str(tmp_path)), stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert "Atoll is ready" in process.stdout.readline()
    assert list(tmp_path.glob("atoll-*"))
    process.terminate()
    assert process.wait(20) == 0
    assert not list(tmp_path.glob("atoll-*"))


def test_start_up_does_little_work(stopped: Region) -> None:
    """Design §8 asks for 0.4 s; a shared machine's wall time says little, so this bounds the work that start-up does."""
    command = [sys.executable, "-m", "atoll", "up", "--ephemeral", "--port", "0"]
    process = subprocess.Popen(command, env=stopped.env(), stdout=subprocess.PIPE, text=True)
    assert process.stdout
    process.stdout.readline()
    process.terminate()
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert usage.ru_utime + usage.ru_stime < 0.8


def test_terraform_needs_terraform_and_a_region(stopped: Region) -> None:
    missing = stopped.atoll("terraform", "plan", check=False, PATH="/nowhere")
    assert missing.stderr.startswith("error: terraform is not installed")
    if shutil.which("terraform"):
        stopped.port = 1
        assert stopped.atoll("terraform", "plan", check=False).stderr.startswith("error: No region is running")


def test_logs_of_a_function_that_never_ran(region: Region) -> None:
    failed = region.atoll("logs", "nobody", check=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith("error: The function nobody has written no log yet.")


def test_a_killed_region_is_forgotten(new_region: Callable[..., Region]) -> None:
    region = new_region()
    region.kill()
    assert region.atoll("status", check=False).returncode == 1
    assert region.start().atoll("status").returncode == 0
