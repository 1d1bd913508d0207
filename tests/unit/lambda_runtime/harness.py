"""A pool with functions to run in it, for the tests of this directory; no region around it.

One pool serves all tests of a module: its zygote takes a second to start, an environment a few milliseconds.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from atoll.kernel.clock import Clock
from atoll.kernel.ids import Ids
from atoll.kernel.log_events import LogEvent
from atoll.lambda_runtime.pool import Pool
from atoll.lambda_runtime.spec import Credentials, EnvironmentInfo, FunctionSpec, InvokeResult

RUNTIME = "python3.11"


class Harness:
    """Functions, a pool, and every log event that it delivered, by log group and stream."""

    def __init__(self, directory: Path | None = None, *, cache: Path | None = None, **options: Any) -> None:
        # Not pytest's tmp_path: that is closed to the users that root's environments run as, and functions' code must be readable.
        self._temporary = tempfile.TemporaryDirectory(prefix="atoll-lambda-", dir=directory)
        self.directory = Path(self._temporary.name)
        self.directory.chmod(0o755)
        self.clock = Clock()
        self.events: dict[str, dict[str, list[LogEvent]]] = {}
        self.sink_delay = 0.0
        self.biggest_batch = 0
        self.warnings: list[str] = []
        self.lifetime = 3600.0
        self._names = 0
        self.pool = Pool(
            clock=self.clock,
            ids=Ids(),
            work_dir=self.directory / "work",
            cache_dir=cache or self.directory / "cache",
            endpoint=lambda: "http://127.0.0.1:4566",
            credentials=self._credentials,
            logs=self._log,
            warnings=lambda _, text: self.warnings.append(text),
            **options,
        )

    async def __aenter__(self) -> Harness:
        await self.pool.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.pool.stop()
        self._temporary.cleanup()

    def function(self, source: str | dict[str, str | bytes], **changes: Any) -> FunctionSpec:
        """A function whose package is `source`: the text of lambda.py, or files by name."""
        self._names += 1
        name = f"f{self._names}"
        code = self.directory / name
        files = {"lambda.py": source} if isinstance(source, str) else source
        for path, content in files.items():
            target = code / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
            target.chmod(0o755)
        spec = FunctionSpec(
            arn=f"arn:aws:lambda:eu-west-1:111111111111:function:{name}",
            name=name,
            version="$LATEST",
            account="111111111111",
            region="eu-west-1",
            runtime=RUNTIME,
            handler="lambda.handler",
            code=code,
            timeout=10.0,
            memory_mb=256,
            ephemeral_mb=512,
            environment={},
            log_group=f"/aws/lambda/{name}",
            revision="1",
            role_arn="arn:aws:iam::111111111111:role/r",
        )
        return dataclasses.replace(spec, **changes)

    async def invoke(
        self, spec: FunctionSpec, event: Any = None, *, request_id: str = "", **options: Any
    ) -> InvokeResult:
        """Invokes with `event` as JSON."""
        request_id = request_id or Ids().uuid()
        options.setdefault("trace_header", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0")
        options.setdefault("invoked_arn", spec.arn)
        return await self.pool.invoke(spec, json.dumps(event).encode(), request_id=request_id, **options)

    async def run(self, source: str, event: Any = None, **changes: Any) -> Any:
        """The answer of a function made for this one call, decoded."""
        return json.loads((await self.invoke(self.function(source, **changes), event)).payload)

    async def log(self, spec: FunctionSpec, invocations: int = 1) -> list[str]:
        """The text of a function's events, stream by stream, once that many invocations are in."""
        await until(lambda: sum(text.startswith("REPORT ") for text in self.messages(spec)) >= invocations)
        return self.messages(spec)

    def messages(self, spec: FunctionSpec) -> list[str]:
        """The text of a function's events so far, stream by stream."""
        return [event.message for events in self.events.get(spec.log_group, {}).values() for event in events]

    async def idle(self, spec: FunctionSpec) -> None:
        """Waits until nothing runs in a function's environments any more."""
        await until(lambda: {info.state for info in self.environments(spec)} == {"idle"})

    def environments(self, spec: FunctionSpec) -> list[EnvironmentInfo]:
        """A function's environments."""
        return [info for info in self.pool.snapshot() if info.function == spec.arn]

    async def _credentials(self, _spec: FunctionSpec) -> Credentials:
        return Credentials("ASIAEXAMPLE", "secret", "token", self.clock.now() + self.lifetime)

    async def _log(self, spec: FunctionSpec, stream: str, events: Sequence[LogEvent]) -> None:
        self.biggest_batch = max(self.biggest_batch, sum(len(event.message) for event in events))
        await asyncio.sleep(self.sink_delay)
        self.events.setdefault(spec.log_group, {}).setdefault(stream, []).extend(events)


async def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Waits for something that must happen."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        await asyncio.sleep(0.01)
