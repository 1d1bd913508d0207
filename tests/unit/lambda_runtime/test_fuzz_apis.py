"""Functions and extensions that send the Runtime API, the Extensions API and the log whatever comes to their mind: the platform never
trips over it, neighbours are served meanwhile, and every such environment comes to its end."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from harness import Harness, until

from atoll.lambda_runtime.spec import FunctionSpec, Logging

ROUNDS, SOAK_ROUNDS = 25, 1500
AT_ONCE = 5
FINE = "def handler(event, context):\n    return 'fine'\n"
FUZZ = Path(__file__).with_name("rioter.py").read_text()


class Taking:
    """Takes an answer that comes piece by piece."""

    def begin(self, _content_type: str, _executed_version: str) -> None:
        """Nothing to do."""

    async def write(self, _piece: bytes) -> None:
        await asyncio.sleep(0)


class Riot:
    """Bad functions in a pool, beside a good one."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.good = harness.function(FINE, timeout=60.0)
        self.failures: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self.failures.append(context))

    def bad(self, seed: int) -> FunctionSpec:
        chance = random.Random(seed)
        layers = None
        if chance.random() < 0.4:
            isolated = self.harness.pool.capabilities.namespaces
            python = "/var/lang/bin/python3.11" if isolated else sys.executable
            layers = self.harness.function({"extensions/fuzz": f"#!{python}\n{FUZZ}"}).code
        timeout, log_format = chance.choice([0.3, 1.0]), chance.choice(["Text", "JSON"])
        environment = {"SEED": str(seed)}
        return self.harness.function(
            FUZZ, layers=layers, environment=environment, timeout=timeout, logging=Logging(log_format)
        )

    async def run(self, seed: int) -> None:
        """Twice: what the first invocation leaves behind meets a second."""
        function = self.bad(seed)
        try:
            for stream in (None, Taking()):
                result = await self.harness.invoke(function, stream=stream)
                assert result.function_error in (None, "Unhandled")
                result.payload.decode("latin-1")
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
        self.harness.pool.drain(function.arn)
        await until(lambda: not self.harness.environments(function))

    async def neighbour(self) -> None:
        while True:
            assert json.loads((await self.harness.invoke(self.good)).payload) == "fine"
            await asyncio.sleep(0.05)


async def riots(rounds: int, caplog: pytest.LogCaptureFixture) -> None:
    first = random.SystemRandom().randrange(1 << 30)
    print(f"first seed {first}")
    async with Harness() as harness:
        riot = Riot(harness)
        await harness.invoke(riot.good)
        neighbour = asyncio.create_task(riot.neighbour())
        seeds = iter(range(first, first + rounds))

        async def lane() -> None:
            for seed in seeds:
                await riot.run(seed)

        await asyncio.gather(*(lane() for _ in range(AT_ONCE)))
        assert not neighbour.done(), neighbour.exception()
        neighbour.cancel()
        await asyncio.wait([neighbour])
        root = Path(harness.directory)
    assert not riot.failures
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert not root.exists()


async def test_whatever_they_send_the_platform_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    await riots(ROUNDS, caplog)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_1500_riots(caplog: pytest.LogCaptureFixture) -> None:
    await riots(SOAK_ROUNDS, caplog)
