"""A table of a million items beside one of a thousand: how fast single items are read and written, and what the region holds in memory."""

from __future__ import annotations

import json
import shutil
import statistics
from collections.abc import Iterator
from typing import Any

from benchmarks import load, servers, system
from benchmarks.load import Samples, Signer, Void
from benchmarks.machine import CACHE, resident
from benchmarks.measures.items import CONNECTIONS, ITEM, OPERATIONS
from benchmarks.plan import Plan
from benchmarks.report import Section
from benchmarks.servers import Server

SMALL, LARGE = 1_000, 1_000_000
BATCH, BATCHES = 25, 1_000
"""Items in a request that fills a table, and requests that are prepared at once."""
HOME = CACHE / "million"
WITHIN, AT_MOST = 0.8, 64
"""What the rate on the large table must be of that on the small one, and by how many megabytes the region may grow over it."""
AT_ONCE = max(CONNECTIONS)
TEXT = f"""
PutItem and GetItem of {{distinct:,}} distinct items, spread over each table, over {AT_ONCE} connections, unsigned, so that nothing hides
what the store costs; both tables by turns in one region, which was filled through BatchWriteItem and is kept for later runs
({{data:,}} MB of data). Cells: answers a second · CPU that the server used per request. Memory is the region's VmRSS: started on that
data, and after the runs on each table.
""".strip()


def measure(plan: Plan) -> Section:
    large = min(LARGE, plan.distinct * 100)
    kind = servers.atoll(data=HOME / str(large))
    samples, memory = Samples(), dict[str, list[float]]()
    with servers.running([kind], pinned=True) as (server,):
        for size in (SMALL, large):
            _fill(plan, server, size)
    for number in range(1, plan.rounds + 1):
        with servers.running([kind], pinned=True) as (server,):
            server.list_tables()
            memory.setdefault("as it starts", []).append(resident(server.pid))
            for size in plan.each(f"million, round {number} of {plan.rounds}", (SMALL, large)):
                for operation in OPERATIONS:
                    with load.prepared({operation: _requests(server, operation, size, plan.distinct)}) as paths:
                        samples.take((operation, size), server, paths[operation], AT_ONCE, plan.seconds)
                memory.setdefault(_named(size), []).append(resident(server.pid))
    data = sum(file.stat().st_size for file in (HOME / str(large)).rglob("*") if file.is_file()) >> 20
    title = f"A table of {large:,} items (median of {plan.rounds} × {plan.seconds} s)"
    columns = ["", f"of {SMALL:,}", f"of {large:,}", "large to small", "target", "met"]
    section = Section(title, TEXT.format(distinct=plan.distinct, data=data), columns)
    medians = samples.medians()
    for operation in OPERATIONS:
        section.rows.append([operation, *_rates(section, medians[operation, SMALL], medians[operation, large])])
    start, small, big = (statistics.median(figures) for figures in memory.values())
    met = "yes" if big - small < AT_MOST else f"**no**: < {AT_MOST} MB more"
    row = [f"resident ({start:.0f} MB as it starts)", f"{small:.0f} MB", f"{big:.0f} MB", f"+ {big - small:.0f} MB"]
    section.rows.append([*row, f"< {AT_MOST} MB more", met])
    return section


def _named(size: int) -> str:
    return f"items-{size}"


def _fill(plan: Plan, server: Server, size: int) -> None:
    """Makes and fills the table, unless an earlier run did."""
    client, name = server.client("dynamodb"), _named(size)
    if name in client.list_tables()["TableNames"]:
        if client.describe_table(TableName=name)["Table"]["ItemCount"] == size:
            return
        shutil.rmtree(HOME, ignore_errors=True)
        raise RuntimeError(f"{HOME} was filled in part only, and is gone now: run it again")
    system.table(server, name)
    signer = Signer(server, "dynamodb", "test", "test")
    for begin in plan.each(f"million, filling {name}", range(0, size, BATCH * BATCHES)):
        with load.prepared({"items": _batches(signer, name, begin, min(size, begin + BATCH * BATCHES))}) as paths:
            load.once(server, paths["items"])


def _batches(signer: Signer, name: str, begin: int, end: int) -> Iterator[bytes]:
    headers = servers.dynamodb("BatchWriteItem")
    for first in range(begin, end, BATCH):
        puts = [{"PutRequest": {"Item": ITEM | _key(number)}} for number in range(first, first + BATCH)]
        yield signer.request("/", headers, json.dumps({"RequestItems": {name: puts}}).encode())


def _requests(server: Server, operation: str, size: int, distinct: int) -> Iterator[bytes]:
    """Requests for items all over the table."""
    signer, headers = Signer(server, "dynamodb", "test", "test"), servers.dynamodb(operation)
    for number in range(distinct):
        key = _key(number * size // distinct)
        params: dict[str, Any] = {"Item": ITEM | key} if operation == "PutItem" else {"Key": key}
        yield signer.request("/", headers, json.dumps({"TableName": _named(size)} | params).encode())


def _key(number: int) -> dict[str, Any]:
    return {"id": {"S": f"user-{number}"}}


def _rates(section: Section, small: load.Sample | Void, large: load.Sample | Void) -> list[str]:
    if isinstance(small, Void) or isinstance(large, Void):
        return [f"no {section.note(str(each))}" if isinstance(each, Void) else "" for each in (small, large)]
    ratio = large.rate / small.rate
    met = "yes" if ratio >= WITHIN else f"**no**: ≥ {WITHIN:.0%}"
    cells = [f"{each.rate:,.0f}/s · {each.cpu:,.0f} µs" for each in (small, large)]
    return [*cells, f"{ratio:.0%}", f"≥ {WITHIN:.0%}", met]
