"""Where the time of a signed PutItem and GetItem goes: py-spy's samples of the server under load, by layer."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from benchmarks import environments, load, servers, system
from benchmarks.load import Signer
from benchmarks.machine import CACHE, on_core
from benchmarks.measures.items import CONNECTIONS, OPERATIONS, fill, requests, user
from benchmarks.plan import Plan
from benchmarks.report import Section
from benchmarks.servers import Server

SAMPLES_PER_SECOND = 400
EVENT = "instructions:u"
LAYERS = {
    "event loop": "",
    "uvicorn": "uvicorn/",
    "edge": "atoll/edge/",
    "pipeline": "atoll/gateway/",
    "identify": "atoll/gateway/stages/identify.py",
    "authenticate": "atoll/gateway/stages/authenticate.py",
    "signatures, policies": "atoll/auth/",
    "receive": "atoll/gateway/stages/receive.py",
    "parse": "atoll/gateway/stages/parse.py",
    "authorize": "atoll/gateway/stages/authorize.py",
    "validate": "atoll/gateway/stages/validate.py",
    "run": "atoll/gateway/stages/run.py",
    "operation": "atoll/services/",
    "store": "atoll/kernel/store/",
    "keys": "atoll/kernel/keys.py",
    "serialize": "atoll/gateway/stages/serialize.py",
    "codecs": "atoll/protocol/",
    "tracing": "atoll/kernel/tracing.py",
    "live log": "atoll/cli/live_log.py",
}
"""By name, in the order of a request: the path of a layer's code."""

TEXT = """
py-spy, {rate} samples a second of the server's main thread under signed load over {connections} connections, in % of its busy time. A
sample is *self* time of the innermost layer on its stack, and *in all* of every layer on it. Code of no layer (libraries, system calls)
counts to whoever calls it: receiving to the event loop, sending to the edge.

{counted}

{hottest}
""".strip()
FRAME = re.compile(r"(.*) \((.*?)(?::\d+)?\)")


class Profile(NamedTuple):
    """Samples by layer: of itself, and with what it calls; and of itself by function."""

    alone: Counter[str]
    in_all: Counter[str]
    functions: Counter[str]


def measure(plan: Plan) -> Section:
    profiles: dict[str, Profile] = {}
    counted: list[str] = []
    py_spy = environments.program("profile", "py-spy", plan.console)
    with servers.running([servers.atoll()], pinned=True) as (server,):
        system.table(server)
        signer = Signer(server, "dynamodb", *user(server))
        fill(plan, server)
        for operation in plan.each("profile", OPERATIONS):
            with load.prepared({operation: requests(signer, operation, plan.distinct)}) as paths:
                profiles[operation] = _profile(plan, py_spy, server, paths[operation])
                counted.append(f"{operation} {_instructions(plan, server, paths[operation])}")
    hottest = "\n\n".join(f"Hottest functions of {name}: {_hottest(profile)}." for name, profile in profiles.items())
    text = TEXT.format(
        rate=SAMPLES_PER_SECOND, connections=max(CONNECTIONS), counted=f"Instructions per request: {', '.join(counted)}.",
        hottest=hottest,
    )  # fmt: skip
    columns = ["", *(f"{operation}, {what}" for operation in OPERATIONS for what in ("self", "in all"))]
    section = Section("Profile of the hot path", text, columns)
    for layer in LAYERS:
        shares = [
            f"{counter[layer] / profile.alone.total():.0%}"
            for profile in profiles.values()
            for counter in (profile.alone, profile.in_all)
        ]
        section.rows.append([layer, *shares])
    return section


def _profile(plan: Plan, py_spy: Path, server: Server, path: Path) -> Profile:
    seconds = 3 * plan.seconds
    with tempfile.NamedTemporaryFile(dir=CACHE, suffix=".folded") as folded, ThreadPoolExecutor() as pool:
        running = pool.submit(load.replay, server, path, max(CONNECTIONS), seconds + 2)
        command = [str(py_spy), "record", "--pid", str(server.pid), "--duration", str(seconds), "--format", "raw"]
        command += ["--rate", str(SAMPLES_PER_SECOND), "--output", folded.name]
        done = subprocess.run(on_core(-1, command), capture_output=True, text=True, check=False)
        running.result()
        if done.returncode:
            raise RuntimeError(f"py-spy (it needs root, or kernel.yama.ptrace_scope=0): {done.stderr}")
        return analyse(Path(folded.name).read_text())


def analyse(folded: str) -> Profile:
    """The profile that py-spy's folded stacks make: lines of "outer (file:line);inner (file:line) samples"."""
    profile = Profile(Counter(), Counter(), Counter())
    for line in folded.splitlines():
        stack, _, samples = line.rpartition(" ")
        if "_bootstrap (threading.py" in stack:
            continue  # threads of the pool, which wait
        frames = [found.groups() for frame in stack.split(";") if (found := FRAME.fullmatch(frame))]
        layers = [layer for _, file in frames if (layer := _layer(file))] or ["event loop"]
        profile.alone[layers[-1]] += int(samples)
        profile.in_all.update(dict.fromkeys({"event loop", *layers}, int(samples)))
        if frames:
            name, file = frames[-1]
            profile.functions[f"{name} ({file.removeprefix('atoll/')})"] += int(samples)
    return profile


def _layer(file: str) -> str | None:
    """The layer with the longest path that the file is under."""
    found = [name for name, path in LAYERS.items() if path and file.startswith(path)]
    return max(found, key=lambda name: len(LAYERS[name]), default=None)


def _hottest(profile: Profile) -> str:
    total = profile.functions.total()
    return ", ".join(f"{name} {samples / total:.0%}" for name, samples in profile.functions.most_common(8))


def _instructions(plan: Plan, server: Server, path: Path) -> str:
    """How many instructions of the server a request takes, which other work on the machine does not change; or why that is unknown."""
    if not (perf := shutil.which("perf")):
        return "unknown (no `perf` on this machine)"
    with tempfile.NamedTemporaryFile(dir=CACHE, suffix=".perf") as out:
        command = [perf, "stat", "-x", ",", "-e", EVENT, "-o", out.name, "-p", str(server.pid)]
        counting = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        sample = load.replay(server, path, max(CONNECTIONS), plan.seconds)
        counting.send_signal(signal.SIGINT)
        counting.wait()
        counted = Path(out.name).read_text().rstrip().rpartition("\n")[2].partition(",")[0]
    if not counted.isdigit():
        return "unknown (`perf stat` finds no counters in this processor)"
    return f"{int(counted) / (sample.rate * plan.seconds):,.0f}"
