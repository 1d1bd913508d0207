"""Load: distinct requests, prepared and signed beforehand, replayed by wrk; and what a run of it says."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, TypeVar

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from benchmarks.machine import CACHE, cpu_seconds, on_core
from benchmarks.servers import Server, unsigned

K = TypeVar("K")

WRK = shutil.which("wrk")
CLIENT = (
    f"wrk {subprocess.run([WRK, '-v'], capture_output=True, text=True, check=False).stdout.split()[1]}"
    if WRK
    else "a Python client (wrk is missing: `apt-get install wrk`)"
)


@dataclass(frozen=True)
class Sample:
    """What a run saw: answers a second, milliseconds to the answer, and microseconds of CPU that the server used per request."""

    rate: float
    p50: float
    p99: float
    cpu: float


class Void(RuntimeError):
    """A run in which requests failed measures nothing."""


class Samples:
    """The samples of all rounds, by what was measured."""

    def __init__(self) -> None:
        self._samples: dict[Hashable, list[Sample]] = defaultdict(list)
        self._void: dict[Hashable, Void] = {}

    def take(self, what: Hashable, *replayed: Any, **options: Any) -> None:
        """Adds what `replay` sees."""
        self.add(what, lambda: replay(*replayed, **options))

    def add(self, what: Hashable, run: Callable[[], Sample]) -> None:
        """Adds what a run sees."""
        try:
            self._samples[what].append(run())
        except Void as void:
            self._void[what] = void

    def medians(self) -> dict[Any, Sample | Void]:
        """Each figure's median over the rounds; of what failed in one of them, why."""
        medians = {
            what: Sample(*(statistics.median(column) for column in zip(*map(astuple, taken), strict=True)))
            for what, taken in self._samples.items()
            if taken
        }
        return medians | self._void


def replay(server: Server, path: Path, connections: int, seconds: int, *, pinned: bool = True) -> Sample:
    """Runs prepared requests for some seconds. `pinned` keeps the client to the core that is not the server's. Raises Void."""
    if WRK:
        script = str(Path(__file__).with_name("replay.lua"))
        options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", script]
        command = [WRK, *options, server.endpoint, str(path)]
    else:
        command = _python(server, path, connections, str(seconds))
    _await_idle(server)
    before = cpu_seconds(server.pid)
    seen = _run(on_core(-1, command) if pinned else command)
    used = cpu_seconds(server.pid) - before
    requests = seen["requests"]
    if seen["failures"]:
        raise Void(f"{server.kind.column}: {seen['failures']:.0f} requests failed, {requests:.0f} were answered.")
    if not requests:
        raise Void(f"{server.kind.column} answered nothing within {seconds} s.")
    return Sample(requests / seen["seconds"], seen["p50"], seen["p99"], used / requests * 1e6)


def once(server: Server, path: Path) -> None:
    """Sends each prepared request once. Raises Void."""
    if failures := _run(_python(server, path, 16, "once"))["failures"]:
        raise Void(f"{server.kind.column}: {failures:.0f} requests failed.")


@contextmanager
def prepared(requests: Mapping[K, Iterable[bytes]]) -> Iterator[dict[K, Path]]:
    """Files of raw requests, as replay.lua and client.py read them, for the time of a `with` block."""
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="requests-") as directory:
        paths = {key: Path(directory, str(number)) for number, key in enumerate(requests)}
        for key, path in paths.items():
            with path.open("wb") as file:
                file.writelines(b"%d\n%b" % (len(request), request) for request in requests[key])
        yield paths


def raw(server: Server, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A request as it travels."""
    fields = {"Host": f"127.0.0.1:{server.port}"} | headers | {"Content-Length": str(len(body))}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode() + body


class Signer:
    """Makes requests to a service. The key `test` stands for no signature at all: its requests carry a bogus one."""

    def __init__(self, server: Server, service: str, key: str, secret: str) -> None:
        self._server = server
        self._unsigned = unsigned(service) if key == "test" else None
        self._auth = SigV4Auth(Credentials(key, secret), service, "us-east-1")

    def request(self, path: str, headers: dict[str, str], body: bytes) -> bytes:
        """A POST. Its signature is good for five minutes."""
        if self._unsigned:
            return raw(self._server, "POST", path, headers | self._unsigned, body)
        request = AWSRequest("POST", self._server.endpoint + path, headers=headers, data=body)
        self._auth.add_auth(request)
        return raw(self._server, "POST", path, dict(request.headers.items()), body)


def _await_idle(server: Server) -> None:
    """Lets a server finish what an earlier run left it with, for ten seconds at most."""
    for _ in range(50):
        before = cpu_seconds(server.pid)
        time.sleep(0.2)
        if cpu_seconds(server.pid) - before <= 0.01:
            return


def _python(server: Server, path: Path, connections: int, seconds: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks.client", str(server.port), str(path), str(connections), seconds]


def _run(command: list[str]) -> dict[str, float]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr or done.stdout}")
    seen: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return seen
