"""From the start of the process to its first answers, and what it then holds in memory."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Sequence

from benchmarks import servers
from benchmarks.machine import resident
from benchmarks.plan import Plan
from benchmarks.report import OURS, Comparison, Section, Target
from benchmarks.servers import Server

TEXT = (
    "From spawning the process to the first 200 of its health page, and with a first `ListTables` added; resident memory (VmRSS of the "
    "server and all that it started, no function among it) a second after it was ready, and after that call."
)
ROWS: tuple[tuple[str, str, list[Target]], ...] = (
    ("start to ready", "{:.2f} s", [Target("< 0.4 s", lambda ours, _: ours < 0.4)]),
    ("start to first call answered", "{:.2f} s", []),
    ("resident, idle", "{:.0f} MB", [Target("< 60 MB", lambda ours, _: ours < 60)]),
    ("resident after that call", "{:.0f} MB", []),
)


def measure(plan: Plan) -> Section:
    kinds = [servers.atoll(), *plan.peers()]
    seen: dict[str, list[Sequence[float]]] = defaultdict(list)
    for kind in plan.each("start", kinds * plan.starts):
        server = Server(kind, pinned=False)
        try:
            seen[kind.column].append(_figures(server))
        finally:
            server.stop()
    medians = {
        column: [statistics.median(figures) for figures in zip(*runs, strict=True)] for column, runs in seen.items()
    }
    section = Comparison(f"Start and memory (median of {plan.starts})", TEXT, [OURS, *(k.column for k in kinds[1:])])
    for number, (what, form, targets) in enumerate(ROWS):
        figures = {column: figure[number] for column, figure in medians.items()}
        section.compare(what, figures, form.format, lambda value: 1 / value, targets)
    return section


def _figures(server: Server) -> Sequence[float]:
    server.await_ready()
    ready = time.perf_counter() - server.started
    time.sleep(1)
    idle = resident(server.pid)
    began = time.perf_counter()
    server.list_tables()
    answered = time.perf_counter() - began
    return ready, ready + answered, idle, resident(server.pid)
