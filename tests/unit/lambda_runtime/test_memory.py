"""A function's memory: held by a control group where there can be one, else looked at; and the groups themselves."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from harness import Harness, until

from atoll.lambda_runtime import cgroups

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOG = """
def handler(event, context):
    kept = [bytearray(b"x") * (1 << 20) for _ in range(event)]
    return len(kept)
"""
OUT_OF_MEMORY = {
    "errorType": "Runtime.OutOfMemory",
    "errorMessage": "RequestId: the-id Error: Runtime exited with error: signal: killed",
}


@pytest.fixture
def groups(tmp_path: Path) -> cgroups.Groups:
    found, lacking = cgroups.find(tmp_path)
    if found is None:
        pytest.skip(lacking)
    return found


@pytest_asyncio.fixture(params=["control group", "looked at"], loop_scope="module")
async def harness(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Harness]:
    """A pool whose environments' memory is counted this way or that."""
    if request.param == "looked at":
        monkeypatch.setattr("atoll.lambda_runtime.cgroups._candidates", lambda: iter(()))
    async with Harness() as running:
        if request.param == "control group" and running.pool.unlimited:
            pytest.skip(running.pool.unlimited)
        yield running


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_out_of_memory(harness: Harness) -> None:
    function = harness.function(HOG, memory_mb=128)
    assert json.loads((await harness.invoke(function, 60)).payload) == 60
    result = await harness.invoke(function, 4000, request_id="the-id")
    assert json.loads(result.payload) == OUT_OF_MEMORY
    assert "Max Memory Used: 128 MB\t" in result.log_tail.decode()
    assert "Status: error\tError Type: Runtime.OutOfMemory" in result.log_tail.decode()
    assert json.loads((await harness.invoke(function, 1)).payload) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_what_ends_in_its_first_invocation_held_what_a_runtime_holds(harness: Harness) -> None:
    source = "import os\ndef handler(event, context):\n    if event:\n        os._exit(1)\n"
    answered, ended = [await harness.invoke(harness.function(source), event) for event in (0, 1)]
    held, held_to_its_end = [
        int(re.findall(r"Max Memory Used: (\d+) MB", result.log_tail.decode())[0]) for result in (answered, ended)
    ]
    assert held_to_its_end == pytest.approx(held, rel=0.25)


async def test_files_in_tmp_are_no_memory(harness: Harness) -> None:
    source = """
def handler(event, context):
    with open("/tmp/file", "wb") as file:
        for _ in range(400):
            file.write(bytes(1 << 20))
    return file.name
"""
    assert await harness.run(source, memory_mb=128) == "/tmp/file"


async def test_clients_of_the_sdk_fit_the_smallest_function(harness: Harness) -> None:
    source = """
import boto3
clients = [boto3.client(name) for name in ("dynamodb", "s3", "sqs", "ssm")]
def handler(event, context):
    return len(clients)
"""
    assert await harness.run(source, memory_mb=128) == 4


async def test_the_kernel_holds_what_is_too_fast_to_be_looked_at(
    groups: cgroups.Groups, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups.close()
    monkeypatch.setattr("atoll.lambda_runtime.pool.SAMPLE_SECONDS", 1000.0)
    async with Harness() as harness:
        await harness.run("def handler(event, context): pass")  # the first look
        function = harness.function(HOG, memory_mb=128, ephemeral_mb=512)
        result = await harness.invoke(function, 4000, request_id="the-id")
        assert json.loads(result.payload) == OUT_OF_MEMORY
        assert "Max Memory Used: 128 MB\t" in result.log_tail.decode()


async def test_a_group_ends_with_its_environment(groups: cgroups.Groups) -> None:
    groups.close()
    async with Harness() as harness:
        function = harness.function("import os\ndef handler(event, context):\n    os._exit(event)\n")
        await harness.invoke(function, 1)
        record = Path(harness.directory / "work" / cgroups.RECORD)
        region = Path(record.read_text())
        await until(lambda: not _groups_in(region))
        await harness.run("def handler(event, context): pass")
        assert len(_groups_in(region)) == 1
    assert not region.exists()


async def test_what_a_killed_region_leaves_is_removed_and_no_others(groups: cgroups.Groups, tmp_path: Path) -> None:
    killed, other = tmp_path / "killed", tmp_path / "other"
    for work in (killed, other):
        work.mkdir()
        code = (
            "import os, sys; from pathlib import Path; from atoll.lambda_runtime import cgroups\n"
            "found, _ = cgroups.find(Path(sys.argv[1])); found.create(128, 512); os.kill(os.getpid(), 9)"
        )
        await (await asyncio.create_subprocess_exec(sys.executable, "-c", code, work)).wait()
    left = [Path((work / cgroups.RECORD).read_text()) for work in (killed, other)]
    assert [len(_groups_in(region)) for region in left] == [1, 1]
    again, _ = cgroups.find(killed)
    assert again is not None
    assert [len(_groups_in(region)) for region in left] == [0, 1]
    assert again.close()
    assert cgroups.sweep(left[1])
    assert groups.close()


async def test_a_process_in_a_group_is_counted_there(groups: cgroups.Groups) -> None:
    group = groups.create(64, 0)
    code = f"import os; open({group.entry!r}, 'w').write('0'); x = b'x' * (20 << 20); print(flush=True); input()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    assert 20 << 20 <= group.used() < 60 << 20
    assert not group.remove()
    await process.communicate(b"\n")
    assert not group.killed()
    await until(group.remove)
    assert groups.close()


def _groups_in(region: Path) -> list[str]:
    return [entry.name for entry in os.scandir(region) if entry.is_dir()] if region.exists() else []
