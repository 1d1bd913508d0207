"""Requests for many items at once over HTTP: Query of 100, and BatchWriteItem of 25, beside a bare uvicorn echo."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from benchmarks import load, servers, system
from benchmarks.load import Samples, Signer
from benchmarks.measures.items import CONNECTIONS, ITEM, at_least, shown
from benchmarks.plan import Plan
from benchmarks.report import ECHO, OURS, Comparison, Section
from benchmarks.servers import Server

TABLE = "series"
PARTITIONS, IN_PARTITION, ASKED = 100, 200, 100
"""What Query finds: so many partitions of so many items, of which it asks for so many from a place of its own."""
BATCH = 25
AT_ONCE = max(CONNECTIONS)
TEXT = f"""
{{distinct:,}} distinct requests over {AT_ONCE} connections; cells and items as above. Query reads {ASKED} of a partition's {IN_PARTITION}
items from a place of its own (a condition on the sort key, and a Limit), BatchWriteItem puts {BATCH} items. Atoll's requests are signed by
a key whose policy names just these two actions; peers are as they start, and check nothing.
""".strip()


def measure(plan: Plan) -> Section:
    kinds = [servers.atoll(), *plan.databases()]
    samples = Samples()
    with servers.running([*kinds, servers.echo()], pinned=True) as (*running, echo):
        signers = {}
        for server in plan.each("queries, set-up", running):
            signers[server.kind.column] = _prepared(server)
        for number in range(1, plan.rounds + 1):
            runs = [(server, operation) for operation in REQUESTS for server in running]
            for server, operation in plan.each(f"queries, round {number} of {plan.rounds}", runs):
                made = REQUESTS[operation](signers[server.kind.column], plan.distinct)
                with load.prepared({operation: made}) as paths:
                    samples.take((server.kind.column, operation), server, paths[operation], AT_ONCE, plan.seconds)
            with load.prepared({ECHO: [load.raw(echo, "POST", "/", {}, b"x" * 400)]}) as paths:
                samples.take((ECHO, ""), echo, paths[ECHO], AT_ONCE, plan.seconds)
    medians = samples.medians()
    title = f"Queries and batches (median of {plan.rounds} × {plan.seconds} s)"
    section = Comparison(title, TEXT.format(distinct=plan.distinct), [OURS, *(k.column for k in kinds[1:]), ECHO])
    for operation, (what, least) in ROWS.items():
        figures = {kind.column: medians[kind.column, operation] for kind in kinds} | {ECHO: medians[ECHO, ""]}
        section.compare(what, figures, shown, lambda sample: sample.rate, [at_least(least)])
    return section


def _prepared(server: Server) -> Signer:
    """Makes and fills the table, and gives what signs requests to it."""
    system.table(server, TABLE, sort="at")
    root = Signer(server, "dynamodb", "test", "test")
    numbers = [(partition, at) for partition in range(PARTITIONS) for at in range(0, IN_PARTITION, BATCH)]
    items = ([_item(f"series-{partition}", at + n) for n in range(BATCH)] for partition, at in numbers)
    with load.prepared({"items": (_put(root, batch) for batch in items)}) as paths:
        load.once(server, paths["items"])
    if server.kind.column != OURS:
        return root
    actions = [f"dynamodb:{operation}" for operation in REQUESTS]
    return Signer(server, "dynamodb", *system.key(server, *actions, resource=system.table_arn(server, TABLE)))


def _item(partition: str, at: int) -> dict[str, Any]:
    return ITEM | {"id": {"S": partition}, "at": {"N": str(at)}}


def _put(signer: Signer, items: list[dict[str, Any]]) -> bytes:
    params = {"RequestItems": {TABLE: [{"PutRequest": {"Item": item}} for item in items]}}
    return signer.request("/", servers.dynamodb("BatchWriteItem"), json.dumps(params).encode())


def _queries(signer: Signer, distinct: int) -> Iterator[bytes]:
    headers = servers.dynamodb("Query")
    for number in range(distinct):
        since, partition = divmod(number, PARTITIONS)
        values = {":id": {"S": f"series-{partition}"}, ":at": {"N": str(since % (IN_PARTITION - ASKED))}}
        params = {
            "TableName": TABLE,
            "KeyConditionExpression": "id = :id AND #at >= :at",
            "ExpressionAttributeNames": {"#at": "at"},
            "ExpressionAttributeValues": values,
            "Limit": ASKED,
        }
        yield signer.request("/", headers, json.dumps(params).encode())


def _batches(signer: Signer, distinct: int) -> Iterator[bytes]:
    for number in range(distinct):
        yield _put(signer, [_item(f"batch-{number}", at) for at in range(BATCH)])


REQUESTS: Mapping[str, Callable[[Signer, int], Iterator[bytes]]] = {"Query": _queries, "BatchWriteItem": _batches}
ROWS = {"Query": (f"Query of {ASKED} items", 1_500), "BatchWriteItem": (f"BatchWriteItem of {BATCH}", 1_000)}
