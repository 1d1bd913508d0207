"""Cold starts: the first Invoke after each change of a function's configuration."""

from __future__ import annotations

import base64
import re
import statistics
import time
from collections import defaultdict
from typing import Any

from benchmarks import servers, system
from benchmarks.plan import Plan
from benchmarks.report import Comparison, Section, Target
from benchmarks.servers import Server
from benchmarks.system import Cannot

INIT = re.compile(r"Init Duration: ([0-9.]+) ms")
TEXT = """
Each time the function's environment variables change, the change settles, and the next Invoke is timed at the client (boto3). *Init* is
what the REPORT line of that invocation says.
""".strip()
TRIVIAL = Target("< 60 ms", lambda ours, _: ours < 60)
IMPORTING = Target("< 120 ms", lambda ours, _: ours < 120)
FUNCTIONS = (
    ("trivial handler", system.PYTHON, system.TRIVIAL, TRIVIAL),
    ("handler that makes a boto3 client", system.PYTHON, system.IMPORTING, IMPORTING),
    ("trivial Node.js handler", system.NODE, system.TRIVIAL_NODE, TRIVIAL),
    ("Node.js handler that makes an SDK client", system.NODE, system.IMPORTING_NODE, IMPORTING),
)


def measure(plan: Plan) -> Section:
    kinds = [servers.atoll(), *plan.peers()]
    columns = [kind.column for kind in kinds]
    section = Comparison(f"Cold starts (median of {plan.cold_starts})", TEXT, columns)
    with servers.running(kinds, pinned=False) as running:
        for server in running:
            system.table(server)
        for number, (what, runtime, code, target) in enumerate(FUNCTIONS):
            name = f"function{number}"
            figures: dict[str, Any] = {}
            for server in running:
                try:
                    system.function(server, name, code, {}, runtime)
                except Cannot as reason:
                    figures[server.kind.column] = reason
            able = [server for server in running if server.kind.column not in figures]
            seen: dict[str, list[tuple[float, float | None]]] = defaultdict(list)
            for server in plan.each(f"cold starts, {what}", able * plan.cold_starts):
                seen[server.kind.column].append(_first_invoke(server, name, len(seen[server.kind.column])))
            times = {column: statistics.median(took for took, _ in found) for column, found in seen.items()}
            inits = {column: _median([init for _, init in found if init]) for column, found in seen.items()}
            section.compare(f"{what}, Invoke", figures | times, "{:.0f} ms".format, lambda took: 1 / took, [target])
            section.compare(f"{what}, Init", figures | inits, "{:.0f} ms".format, lambda took: 1 / took)
    return section


def _first_invoke(server: Server, name: str, number: int) -> tuple[float, float | None]:
    """Milliseconds that the first Invoke after a change takes, and what the function says that its initialisation took of them."""
    client = server.client("lambda")
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"NUMBER": str(number)}})
    system.settle(server, name)
    began = time.perf_counter()
    answer = client.invoke(FunctionName=name, LogType="Tail")
    took = (time.perf_counter() - began) * 1e3
    said = INIT.search(base64.b64decode(answer.get("LogResult", "")).decode())
    return took, float(said[1]) if said else None


def _median(found: list[float]) -> float | Cannot:
    return statistics.median(found) if found else Cannot("It reports no Init Duration.")
