"""Fixtures of every ring: a real region in a process of its own, a fresh account per test, real clients."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, settings
from tests.aws_cli import aws_cli
from tests.browser import page, site
from tests.javascript import javascript

__all__ = ["aws_cli", "javascript", "page", "site"]

READY_WITHIN = 120.0
REQUIRE = os.environ.get("ATOLL_REQUIRE") == "1"
PATIENCE = httpx._config.DEFAULT_TIMEOUT_CONFIG
"""How long httpx waits in every test that does not say. Its own 5 seconds are too few on a busy machine, where moving time takes longer."""
PATIENCE.connect = PATIENCE.read = PATIENCE.write = PATIENCE.pool = 60.0
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")


def need_on_machine(present: object, name: str) -> None:
    """Skips the test with a line that names what the machine lacks; fails it where ATOLL_REQUIRE=1 says that all must be there."""
    if not present:
        if REQUIRE:
            pytest.fail(f"this machine lacks {name}, and ATOLL_REQUIRE=1 wants it")
        pytest.skip(f"this machine lacks {name}")


@dataclass
class Region:
    """A region under test: `atoll up` in a process of its own."""

    data_dir: Path
    options: tuple[str, ...] = ()
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    launcher: tuple[str, ...] = ("-m", "atoll")

    def __post_init__(self) -> None:
        self.state = Path(tempfile.mkdtemp(prefix="atoll-state-"))
        self.log = self.state / "region.log"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    def env(self, **more: str) -> dict[str, str]:
        """The environment for commands that shall find this region."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "ATOLL_", "TF_"))}
        return kept | {"XDG_STATE_HOME": str(self.state), "ATOLL_PORT": str(self.port)} | self.environment | more

    def start(self) -> Region:
        """Starts it and waits until it answers; the port stays the same over restarts."""
        command = [
            sys.executable,
            *self.launcher,
            "up",
            "--port",
            str(self.port),
            "--data-dir",
            str(self.data_dir),
            *self.options,
        ]
        environment = self.env(ATOLL_VERIFY_TRANSACTIONS="1", PYTHONUNBUFFERED="1")
        environment.pop("ATOLL_PORT")
        log = self.log.open("ab")
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline and self.process.poll() is None:
            for path in (self.state / "atoll").glob("*.json"):
                self.port = int(path.stem)
                if f'"pid":{self.process.pid},' in path.read_text():
                    return self
            time.sleep(0.01)
        raise AssertionError(f"the region did not start:\n{self.log.read_text()}")

    def kill(self) -> None:
        """kill -9."""
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Asks it to end, and returns its exit code."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the region did not stop:\n{self.log.read_text()}") from None

    def atoll(
        self, *arguments: str, check: bool = True, timeout: float = 120, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs an atoll command beside it; `more` are further environment variables."""
        command = [sys.executable, "-m", "atoll", *arguments]
        return subprocess.run(
            command, env=self.env(**more), capture_output=True, text=True, check=check, timeout=timeout
        )

    def client(
        self, service: str, key: str = "test", secret: str = "test", token: str | None = None, region: str = "us-east-1"
    ) -> Any:
        """A boto3 client without retries."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"max_attempts": 0}, connect_timeout=60, read_timeout=60, inject_host_prefix=False),
        )


@pytest.fixture(scope="session")
def need() -> Callable[[object, str], None]:
    """`need(shutil.which("curl"), "curl")`: skips, or under ATOLL_REQUIRE=1 fails, the test where the machine lacks something."""
    return need_on_machine


@pytest.fixture
def new_region(tmp_path: Path) -> Iterator[Callable[..., Region]]:
    """Makes regions of the test's own: new_region("--auth", "strict"). They are stopped at the end."""
    made: list[Region] = []

    def make(*options: str, data_dir: Path | None = None, start: bool = True) -> Region:
        region = Region(data_dir or tmp_path / f"region{len(made)}", options)
        made.append(region)
        return region.start() if start else region

    yield make
    for region in made:
        region.stop()
        shutil.rmtree(region.state, ignore_errors=True)


@pytest.fixture(scope="session")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    """The region that tests of this worker share; each test takes an account of its own."""
    yield from _without_unexpected_errors(tmp_path_factory)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    """A region of the module's own, whose clock and contents its tests may turn over."""
    yield from _without_unexpected_errors(tmp_path_factory)


def _without_unexpected_errors(paths: pytest.TempPathFactory) -> Iterator[Region]:
    region = Region(paths.mktemp("region") / "data").start()
    yield region
    region.stop()
    text = region.log.read_text()
    shutil.rmtree(region.state, ignore_errors=True)
    assert "Traceback" not in text, f"the region logged an unexpected error:\n{text}"


@pytest.fixture
def account() -> str:
    """A fresh 12-digit account; as an access key it acts as the account's root."""
    return f"{int.from_bytes(os.urandom(8)) % 10**12:012d}"


@pytest.fixture
def client(region: Region, account: str) -> Callable[..., Any]:
    """boto3 clients of the test's account: client("dynamodb")."""

    def make(service: str, region_name: str = "us-east-1") -> Any:
        return region.client(service, key=account, region=region_name)

    return make


def error_of(call: Callable[[], Any]) -> tuple[str, str, int]:
    """The code, message and HTTP status of the error that `call` must raise."""
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture
def aws_error() -> Callable[[Callable[[], Any]], tuple[str, str, int]]:
    """`aws_error(lambda: client.call(…)) -> (code, message, status)`."""
    return error_of
