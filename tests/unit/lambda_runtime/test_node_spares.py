"""Node.js processes that are started before it is known for whom: what they may, who gets them, what becomes of them."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import Harness, until

from atoll.lambda_runtime.launcher import Connections
from atoll.lambda_runtime.runtimes.nodejs import SPARES, NodeLauncher

DRIVER = Path(__file__).parent / "driver.py"
NODE = "nodejs20.x"
WHO = "let n = 0;\nexports.handler = async () => [++n, process.pid, process.env.OWN];"
LOOK = """
const fs = require('node:fs');
const read = (path) => { try { return fs.readdirSync(path); } catch (error) { return error.code; } };
const write = (path) => { try { fs.writeFileSync(path, 'x'); return 'written'; } catch (error) { return error.code; } };
exports.handler = async (event) => ({
  host: read('/.host'), task: read('/var/task'), tmp: read('/tmp'), processes: read('/proc').filter(Number).length,
  written: ['/var/task/x', '/var/runtime/x', '/etc/passwd', '/tmp/x'].map(write), home: read(event),
  status: fs.readFileSync('/proc/self/status', 'utf8'), mounts: fs.readFileSync('/proc/self/mounts', 'utf8'),
  descriptors: read('/proc/self/fd').map((fd) => { try { return fs.readlinkSync(`/proc/self/fd/${fd}`); } catch { return ''; } }),
  signalled: (() => { try { process.kill(1, 'SIGKILL'); return true; } catch (error) { return error.code; } })(),
});
"""


@pytest.fixture(autouse=True)
def node(need: Callable[[object, str], None]) -> None:
    need(shutil.which("node"), "node")


@pytest.mark.parametrize("uid", ["", "65534"], ids=["as I am", "ordinary user"])
def test_a_spare_process_is_as_confined_as_any(uid: str) -> None:
    if uid and os.geteuid():
        pytest.skip("these tests run as an ordinary user")
    job = [[{"lambda.js": LOOK}, str(Path.home()), {"runtime": NODE}]]
    done = subprocess.run(
        [sys.executable, DRIVER, uid], input=json.dumps(job), capture_output=True, text=True, check=True, timeout=120
    )
    (found, error, _), missing = json.loads(done.stdout.splitlines()[-1])
    assert error is None
    if missing:
        pytest.skip(missing)
    status = dict(line.split(":\t", 1) for line in found["status"].splitlines() if ":\t" in line)
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert "0" not in status["Uid"].split()
    assert found["host"] == []
    assert found["task"] == ["lambda.js"]
    assert found["tmp"] == []
    assert found["processes"] == 2
    assert found["written"] == ["EROFS", "EROFS", "EROFS", "written"]
    assert not any(" /.host" in line or " /.atoll/" in line for line in found["mounts"].splitlines())
    assert not any(path.startswith("/.host") or "/.atoll" in path for path in found["descriptors"])
    assert found["signalled"] in ("EPERM", True)  # process 1 of a namespace takes no signals from inside


async def test_spares_wait_before_the_first_function_and_are_refilled() -> None:
    async with Harness() as harness:
        await harness.pool.prepare(NODE)
        launcher = launcher_of(harness)
        waiting = await supervisors(launcher)
        functions = [harness.function({"lambda.js": WHO}, runtime=NODE, environment={"OWN": str(n)}) for n in range(3)]
        answers = await asyncio.gather(*(harness.invoke(function) for function in functions))
        assert [json.loads(each.payload)[::2] for each in answers] == [[1, "0"], [1, "1"], [1, "2"]]
        used = {info.pid for function in functions for info in harness.environments(function)}
        assert waiting < used
        left = await supervisors(launcher)
        assert not used & left
    await until(lambda: not any(alive(pid) for pid in waiting | left))


async def test_a_spare_that_died_is_not_handed_out() -> None:
    async with Harness() as harness:
        await harness.pool.prepare(NODE)
        launcher = launcher_of(harness)
        dead = await supervisors(launcher)
        for pid in dead:
            os.kill(pid, signal.SIGKILL)
        await until(lambda: not any(alive(pid) for pid in dead))
        function = harness.function({"lambda.js": WHO}, runtime=NODE)
        result = await harness.invoke(function)
        assert json.loads(result.payload)[0] == 1
        assert not any("INIT_REPORT" in text for text in harness.messages(function))
        assert harness.environments(function)[0].pid not in dead


async def test_a_function_that_configures_the_process_gets_one_of_its_own() -> None:
    async with Harness() as harness:
        await harness.pool.prepare(NODE)
        launcher = launcher_of(harness)
        waiting = await supervisors(launcher)
        function = harness.function({"lambda.js": WHO}, runtime=NODE, environment={"NODE_OPTIONS": "--no-warnings"})
        assert json.loads((await harness.invoke(function)).payload)[0] == 1
        assert harness.environments(function)[0].pid not in waiting
        assert await supervisors(launcher) == waiting


async def test_its_signals_do_not_reach_the_supervisor() -> None:
    source = """exports.handler = async () => {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGCHLD']) process.kill(1, name);
      await new Promise((done) => setTimeout(done, 50));
      return 'alive';
    };"""
    async with Harness() as harness:
        if not harness.pool.capabilities.namespaces:
            pytest.skip(harness.pool.capabilities.missing)
        function = harness.function({"lambda.js": source}, runtime=NODE)
        assert [json.loads((await harness.invoke(function)).payload) for _ in range(2)] == ["alive", "alive"]
        assert len(harness.environments(function)) == 1


async def test_python_functions_start_no_node() -> None:
    async with Harness() as harness:
        assert await harness.run("def handler(event, context):\n    return 1\n") == 1
        assert not any(isinstance(each, NodeLauncher) for each in harness.pool._families.launchers)


def launcher_of(harness: Harness) -> NodeLauncher:
    (found,) = (each for each in harness.pool._families.launchers if isinstance(each, NodeLauncher))
    return found


async def supervisors(launcher: NodeLauncher) -> set[int]:
    """The processes at the root of the spare environments, once all are there and have said who they are."""
    await until(lambda: len(launcher._spares) == SPARES and all(said(each) for each in launcher._spares))
    return {int(said(each).split()[1]) for each in launcher._spares}


def said(spare: Connections) -> bytes:
    """What a spare process has said on its control socket."""
    try:
        return spare.control.recv(4096, socket.MSG_PEEK)
    except BlockingIOError:
        return b""


def alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
