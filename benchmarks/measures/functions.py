"""Warm functions: Invoke, and calls of an HTTP API with a function behind it, without I/O and with a GetItem."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks import load, servers, system
from benchmarks.load import Sample, Samples, Signer, Void
from benchmarks.plan import Plan
from benchmarks.report import Comparison, Section, Target
from benchmarks.servers import Server
from benchmarks.system import Cannot

INVOKE, NODE, API, READING_API = "Invoke", "Invoke, Node.js", "HTTP API → function", "HTTP API → function → GetItem"
TEXT = """
Cells: answers a second · p50 / p99, by connections. Functions are python3.11, but for one that is nodejs20.x; theirs is a role that may
just GetItem, which the last one does with boto3. Invoke is signed by a key that may do nothing else. Atoll's functions are sandboxed and
its IAM is enforced; peers run as they start. Server, functions and client share all cores.
""".strip()
TARGETS: dict[tuple[str, int], list[Target]] = {
    (INVOKE, 1): [Target("p50 < 0.8 ms", lambda ours, _: ours.p50 < 0.8)],
    (NODE, 1): [Target("p50 < 0.8 ms", lambda ours, _: ours.p50 < 0.8)],
    (INVOKE, 16): [Target("≥ 2,000/s", lambda ours, _: ours.rate >= 2_000)],
    (API, 1): [Target("p50 < 1.2 ms", lambda ours, _: ours.p50 < 1.2)],
}
CONNECTIONS = (1, 16)


def measure(plan: Plan) -> Section:
    kinds = [servers.atoll(), *plan.peers()]
    samples, cannot = Samples(), {}
    with servers.running(kinds, pinned=False) as running:
        requests: dict[tuple[Server, str], Callable[[], Iterator[bytes]]] = {}
        for server in plan.each("functions, set-up", running):
            try:
                for what, make in _system(server, plan.distinct):
                    requests[server, what] = make
            except Cannot as reason:
                cannot[server.kind.column] = reason
        for number in range(plan.rounds):
            with load.prepared({key: make() for key, make in requests.items()}) as paths:
                if not number:
                    _warm_up(plan, paths)
                runs = list(product(CONNECTIONS, paths))
                for connections, key in plan.each(f"functions, round {number + 1} of {plan.rounds}", runs):
                    server, what = key
                    run = (server.kind.column, what, connections)
                    samples.take(run, server, paths[key], connections, plan.seconds, pinned=False)
    medians = samples.medians()
    columns = [kind.column for kind in kinds]
    section = Comparison(f"Warm functions (median of {plan.rounds} × {plan.seconds} s)", TEXT, columns)
    for what, connections in product((INVOKE, NODE, API, READING_API), CONNECTIONS):
        figures: dict[str, Any] = {
            column: medians.get((column, what, connections), cannot.get(column)) for column in columns
        }
        targets = TARGETS.get((what, connections), [])
        section.compare(f"{what}, {connections}", figures, _shown, lambda sample: sample.rate, targets)
    return section


def _warm_up(plan: Plan, paths: Mapping[tuple[Server, str], Path]) -> None:
    """Lets as many environments come as will be used."""
    for (server, _), path in plan.each("functions, warm-up", paths.items()):
        with suppress(Void):
            load.replay(server, path, max(CONNECTIONS), 1, pinned=False)


def _system(server: Server, distinct: int) -> Iterator[tuple[str, Callable[[], Iterator[bytes]]]]:
    """Makes what is measured, one after the other, and yields what makes its requests. Raises Cannot."""
    system.table(server)
    arn = system.function(server, "trivial", system.TRIVIAL, {})
    signer = Signer(
        server, "lambda", *system.key(server, "lambda:InvokeFunction", resource=arn.replace("trivial", "*"))
    )
    yield INVOKE, lambda: _invokes(signer, "trivial", distinct)
    with suppress(Cannot):
        system.function(server, "node", system.TRIVIAL_NODE, {}, system.NODE)
        yield NODE, lambda: _invokes(signer, "node", distinct)
    host = system.http_api(server, arn)
    yield API, lambda: _gets(server, host, distinct)
    item = {"id": {"S": "user-1"}}
    server.client("dynamodb").put_item(TableName=system.TABLE, Item=item)
    answer = {"statusCode": 200, "body": json.dumps(item)}
    reading_host = system.http_api(server, system.function(server, "reading", system.READING, answer))
    yield READING_API, lambda: _gets(server, reading_host, distinct)


def _invokes(signer: Signer, name: str, distinct: int) -> Iterator[bytes]:
    for number in range(distinct):
        yield signer.request(f"/2015-03-31/functions/{name}/invocations", {}, b'{"n": %d}' % number)


def _gets(server: Server, host: str, distinct: int) -> Iterator[bytes]:
    for number in range(distinct):
        yield load.raw(server, "GET", f"/items?n={number}", {"Host": host})


def _shown(sample: Sample) -> str:
    return f"{sample.rate:,.0f}/s · {sample.p50:.2f} / {sample.p99:.2f} ms"
