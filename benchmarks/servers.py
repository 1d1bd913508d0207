"""The servers under measurement: how each is started, asked whether it is ready, and stopped. All listen on loopback only."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from benchmarks import environments
from benchmarks.machine import CACHE, on_core

READY_WITHIN = 60.0
STOPS_WITHIN = 10.0
DYNAMODB_LOCAL = "ATOLL_BENCH_DYNAMODB_LOCAL"
"""The variable that names DynamoDBLocal.jar."""


@dataclass(frozen=True)
class Kind:
    """A server as it can be started.

    `column` is its place in the tables, `health` the path of a page that answers 200 when it is ready, "" where any answer says so.
    `enforce` is the path of a page that turns its checks of signatures and policies on, for servers that start without. `resource` is
    what policies have to name, if not the resource itself.
    """

    column: str
    command: Callable[[int, Path], list[str]]
    environment: Callable[[int, Path], dict[str, str]] = lambda _port, _directory: {}
    health: str = "/"
    enforce: str = ""
    resource: str = ""


class Server:
    """A running server of a kind, with a directory of its own. `pinned`: it has one core for itself and all that it starts."""

    def __init__(self, kind: Kind, *, pinned: bool) -> None:
        self.kind = kind
        self.port = _free_port()
        self.directory = Path(tempfile.mkdtemp(dir=CACHE, prefix="run-"))
        command = kind.command(self.port, self.directory)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "ATOLL_", "XDG_", "PYTHON"))}
        environment = kept | {"TMPDIR": str(self.directory)} | kind.environment(self.port, self.directory)
        self._log = (self.directory / "log").open("wb")
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            on_core(0, command) if pinned else command, env=environment, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
        )  # fmt: skip

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def await_ready(self) -> None:
        """Returns when its health page answers 200."""
        while not self._healthy():
            if self._process.poll() is not None or time.perf_counter() > self.started + READY_WITHIN:
                log = (self.directory / "log").read_text(errors="replace")
                raise RuntimeError(f"{self.kind.column} did not start:\n{log[-2000:]}")
            time.sleep(0.002)

    def list_tables(self) -> None:
        """The simplest AWS call there is."""
        headers = dynamodb("ListTables") | unsigned("dynamodb")
        request = urllib.request.Request(self.endpoint, b"{}", headers)
        urllib.request.urlopen(request, timeout=30).close()

    def enforce(self) -> None:
        """Turns checks of signatures and policies on where the server starts without."""
        if self.kind.enforce:
            request = urllib.request.Request(self.endpoint + self.kind.enforce, b"0", {"Content-Type": "text/plain"})
            urllib.request.urlopen(request, timeout=30).close()

    def client(self, service: str, key: str = "test", secret: str = "test") -> Any:
        """A boto3 client without retries. The default key is root's."""
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name="us-east-1", aws_access_key_id=key,
            aws_secret_access_key=secret, config=Config(retries={"total_max_attempts": 1}, read_timeout=30),
        )  # fmt: skip

    def stop(self) -> None:
        """Ends it and everything that it started, and removes its directory."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOPS_WITHIN)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._log.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(self.endpoint + self.kind.health, timeout=5) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError:
            return not self.kind.health
        except OSError:
            return False


@contextlib.contextmanager
def running(kinds: list[Kind], *, pinned: bool) -> Iterator[list[Server]]:
    """One server of each kind, ready, for the time of a `with` block."""
    servers: list[Server] = []
    try:
        for kind in kinds:
            servers.append(Server(kind, pinned=pinned))
            servers[-1].await_ready()
        yield servers
    finally:
        for server in servers:
            server.stop()


def atoll(durability: str = "process", *, data: Path | None = None) -> Kind:
    """A region as `atoll up` starts it: IAM enforced, everything kept, in `data` or for the time of the run."""
    return Kind(
        "Atoll" if durability == "process" else f"Atoll, {durability}",
        lambda port, directory: [
            sys.executable, "-m", "atoll", "up", "--port", str(port), "--data-dir", str(data or directory / "data"),
            "--durability", durability,
        ],
        lambda _port, directory: {"XDG_STATE_HOME": str(directory)},
        health="/_atoll/status",
    )  # fmt: skip


def moto(console: Any, *, enforcing: bool = False) -> Kind:
    """moto's server; `enforcing` has it check signatures and policies, which it does not by itself."""
    path = str(environments.program("moto", "moto_server", console))
    return Kind(
        "moto",
        lambda port, _directory: [path, "--host", "127.0.0.1", "--port", str(port)],
        health="/moto-api/",
        enforce="/moto-api/reset-auth" if enforcing else "",
        resource="*",  # it judges every call on this resource, and denies what names another
    )


def ministack(console: Any, *, enforcing: bool = False) -> Kind:
    """MiniStack; `enforcing` has it check signatures and policies, which it does not by itself."""
    path = str(environments.program("ministack", "ministack", console))

    def environment(port: int, directory: Path) -> dict[str, str]:
        return {
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "STATE_DIR": str(directory),
            "AUTH": str(enforcing).lower(),
            "SFTP_ENABLED": "0",  # no listeners beside the one that is measured
            "IOT_MTLS_ENABLED": "0",
        }

    return Kind("MiniStack", lambda _port, _directory: [path], environment, health="/_ministack/health")


def dynalite(console: Any) -> Kind:
    """dynalite, which looks at the form of a signature and no further; in memory, as it starts by itself."""
    path = str(environments.node_program("dynalite", "dynalite", console))
    command = [path, "--host", "127.0.0.1", "--createTableMs", "0", "--port"]
    return Kind("dynalite", lambda port, _directory: [*command, str(port)])


def dynamodb_local() -> Kind | None:
    """DynamoDB Local, in memory, where ATOLL_BENCH_DYNAMODB_LOCAL names its jar, which its licence lets nobody hand on. It checks no
    signature."""
    jar = os.environ.get(DYNAMODB_LOCAL)
    if not jar:
        return None
    libraries = f"-Djava.library.path={Path(jar).parent / 'DynamoDBLocal_lib'}"
    command = ["java", libraries, "-jar", jar, "-inMemory", "-sharedDb", "-disableTelemetry", "-port"]
    return Kind(
        "DynamoDB Local",
        lambda port, _directory: [*command, str(port)],
        health="",
    )


def echo() -> Kind:
    """A bare uvicorn: what any Python server is measured against."""
    return Kind("echo", lambda port, _directory: [sys.executable, "-m", "benchmarks.echo", str(port)])


def dynamodb(operation: str) -> dict[str, str]:
    """The headers of a call of DynamoDB."""
    return {"X-Amz-Target": f"DynamoDB_20120810.{operation}", "Content-Type": "application/x-amz-json-1.0"}


def unsigned(service: str) -> dict[str, str]:
    """The headers of a call by the key `test`, whose signature is none."""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"test/{now[:8]}/us-east-1/{service}/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
    return {"X-Amz-Date": now, "Authorization": authorization}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
