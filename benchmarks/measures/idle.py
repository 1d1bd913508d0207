"""What environments cost that do nothing, and how fast many come."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import servers, system
from benchmarks.machine import proportional
from benchmarks.plan import Plan
from benchmarks.report import Section
from benchmarks.servers import Server

AT_ONCE, SLOW_SECONDS = 50, 1
SLEEPING = f"""
import time

def handler(event, context):
    time.sleep({SLOW_SECONDS})
"""
FUNCTIONS = (("trivial handler", system.TRIVIAL, 5), ("handler that makes a boto3 client", system.IMPORTING, 25))
TEXT = f"""
{{count}} functions, each invoked once and then idle: by how many MB each makes Atoll's process tree grow (Pss: what processes share is
counted once; the first of each kind, for which zygotes start, is not among them), and what control groups count for each, where there are
any: the kernel's own memory too, but not Atoll's. Scale-out: {AT_ONCE} Invokes at once of a function that sleeps for {SLOW_SECONDS} s,
less that second.
""".strip()


def measure(plan: Plan) -> Section:
    count = plan.idle
    section = Section(
        "Idle functions, and many at once", TEXT.format(count=count), ["", "measured", "control group", "target", "met"]
    )
    for what, code, most in FUNCTIONS:
        with servers.running([servers.atoll()], pinned=False) as (server,):
            system.table(server)
            system.function(server, "first", code, {})
            before = proportional(server.pid)
            for number in plan.each(f"idle functions, {what}", range(count)):
                system.function(server, f"idle{number}", code, {})
            time.sleep(1)  # log lines are stored, and what was needed for that is let go
            each = (proportional(server.pid) - before) / count
            row = [
                f"{what}, each",
                f"{each:.1f} MB",
                _counted(server),
                f"< {most} MB",
                "yes" if each < most else "**no**",
            ]
            section.rows.append(row)
    took = statistics.median(_scale_out() for _ in plan.each("scale-out", range(plan.rounds)))
    section.rows.append([f"{AT_ONCE} at once", f"{took:.2f} s", "", "< 2 s", "yes" if took < 2 else "**no**"])
    return section


def _counted(server: Server) -> str:
    """The median of what control groups count for an environment; nothing where there are none."""
    record = next(server.directory.rglob("work/lambda/cgroup"), None)
    if record is None:
        return ""
    files = [
        *Path(record.read_text()).glob("*/memory.usage_in_bytes"),
        *Path(record.read_text()).glob("*/memory.current"),
    ]
    found = [int(file.read_text()) for file in files]
    return f"{statistics.median(found) / 2**20:.1f} MB" if found else ""


def _scale_out() -> float:
    """Seconds that all of them take, beyond what the function sleeps."""
    with servers.running([servers.atoll()], pinned=False) as (server,):
        system.table(server)
        system.function(server, "sleeping", SLEEPING, None)
        clients = [server.client("lambda") for _ in range(AT_ONCE)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda client: client.get_account_settings(), clients))  # connected, and with warm code
            began = time.perf_counter()
            answers = list(pool.map(lambda client: client.invoke(FunctionName="sleeping"), clients))
            took = time.perf_counter() - began
    if any("FunctionError" in answer for answer in answers):
        raise RuntimeError("a function failed")
    return took - SLOW_SECONDS
