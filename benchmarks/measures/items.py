"""PutItem and GetItem over HTTP beside a bare uvicorn echo: 1 and 16 connections, unsigned and signed, both durabilities."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from typing import Any, NamedTuple

from benchmarks import load, servers, system
from benchmarks.load import Sample, Samples, Signer, Void
from benchmarks.machine import PINNED
from benchmarks.plan import Plan
from benchmarks.report import ECHO, OURS, Comparison, Section, Target
from benchmarks.servers import Kind, Server

OPERATIONS = ("PutItem", "GetItem")
CONNECTIONS = (1, 16)
FSYNC = servers.atoll("fsync").column
ITEM = {
    "name": {"S": "Joy"},
    "age": {"N": "42"},
    "tags": {"L": [{"S": "a"}, {"S": "b"}]},
    "note": {"S": "x" * 200},
}
TEXT = f"""
{{distinct:,}} distinct requests, replayed by {load.CLIENT}; the item is about 300 bytes. Cells: answers a second · p50 / p99 · CPU that the
server used per request. *Unsigned*: key `test` with a bogus signature; peers as they start. *Signed*: by a key that the server
issued, whose policy names just these two actions; peers with their checks turned on, where they have any, and a wrong secret refused first.
{"The server has one core, the client the other." if PINNED else "Server and client share the cores."}
""".strip()
IN_MEMORY = "Peers keep items in memory only: they lose them with the process."
RESOURCE = "It judges every call on the resource `*` alone, so the policy of its key names that."


def at_least(least: int) -> Target:
    """A target for the rate."""
    return Target(f"≥ {least:,}/s", lambda ours, _: ours.rate >= least)


P99 = Target("p99 < 10 ms", lambda ours, _: ours.p99 < 10)
SHARE = Target("≥ 25 % of echo", lambda ours, row: ours.rate >= 0.25 * row[ECHO].rate)
TARGETS: Mapping[tuple[str, str], list[Target]] = {
    (OURS, "PutItem"): [at_least(8_000), P99, SHARE],
    (OURS, "GetItem"): [at_least(10_000), P99],
    (FSYNC, "PutItem"): [at_least(5_000)],
}
"""Of signed requests over 16 connections."""


class Subject(NamedTuple):
    """A server with the key to use, `test` for unsigned requests; and whether it refused a wrong secret of a key that it issued."""

    server: Server
    signed: bool
    key: str = "test"
    secret: str = "test"
    refuses: bool = False


Run = tuple[str, bool, str, int]
"""What is run: column, signed, operation, connections."""


def measure(plan: Plan) -> Section:
    samples = Samples()
    with _subjects(plan) as (subjects, echo):
        for number in range(1, plan.rounds + 1):
            plan.console.print(f"items, round {number} of {plan.rounds}: signing requests")
            with load.prepared(_all_requests(plan, subjects, echo)) as paths:
                order = product(OPERATIONS, CONNECTIONS, subjects)
                runs = [(subject, operation, connections) for operation, connections, subject in order]
                runs += [(Subject(echo, False), "", connections) for connections in CONNECTIONS]
                for subject, operation, connections in plan.each(f"items, round {number} of {plan.rounds}", runs):
                    which = (subject.server.kind.column, subject.signed, operation)
                    samples.take((*which, connections), subject.server, paths[which], connections, plan.seconds)
        return _section(plan, subjects, samples.medians())


@contextmanager
def _subjects(plan: Plan) -> Iterator[tuple[list[Subject], Server]]:
    """Everything that is measured, ready and filled, and the echo. Peers are there twice: as they start, and checking signatures."""
    modes: list[tuple[Kind, tuple[bool, ...]]] = [
        (servers.atoll(), (True, False)),
        (servers.atoll("fsync"), (True, False)),
    ]
    modes += [(kind, (enforcing,)) for enforcing in (False, True) for kind in plan.databases(enforcing=enforcing)]
    with servers.running([*(kind for kind, _ in modes), servers.echo()], pinned=True) as (*running, echo):
        subjects = []
        for server, (_, signed) in plan.each("items, set-up", zip(running, modes, strict=True)):
            system.table(server)
            fill(plan, server)
            refuses = False
            if True in signed:
                key, secret = user(server)
                server.enforce()
                refuses = system.refuses_wrong_secret(server, key)
                if not refuses:
                    raise RuntimeError(f"{server.kind.column} accepts a wrong secret")
                subjects.append(Subject(server, True, key, secret, refuses))
            if False in signed:
                subjects.append(Subject(server, False, refuses=refuses))
        yield subjects, echo


def user(server: Server) -> tuple[str, str]:
    """A key that may just do what is measured."""
    actions = [f"dynamodb:{operation}" for operation in OPERATIONS]
    return system.key(server, *actions, resource=system.table_arn(server))


def fill(plan: Plan, server: Server) -> None:
    """Puts every item once."""
    signer = Signer(server, "dynamodb", "test", "test")
    with load.prepared({"items": requests(signer, "PutItem", plan.distinct)}) as paths:
        load.once(server, paths["items"])


def _all_requests(plan: Plan, subjects: list[Subject], echo: Server) -> dict[tuple[str, bool, str], Iterable[bytes]]:
    """The requests of a round: signatures last five minutes."""
    found: dict[tuple[str, bool, str], Iterable[bytes]] = {
        (ECHO, False, ""): [load.raw(echo, "POST", "/", {}, b"x" * 400)]
    }
    for subject, operation in product(subjects, OPERATIONS):
        signer = Signer(subject.server, "dynamodb", subject.key, subject.secret)
        which = (subject.server.kind.column, subject.signed, operation)
        found[which] = requests(signer, operation, plan.distinct)
    return found


def requests(signer: Signer, operation: str, distinct: int) -> Iterator[bytes]:
    """Distinct requests of an operation."""
    headers = servers.dynamodb(operation)
    for number in range(distinct):
        name = {"id": {"S": f"user-{number}"}}
        params: dict[str, Any] = {"Item": ITEM | name} if operation == "PutItem" else {"Key": name}
        yield signer.request("/", headers, json.dumps({"TableName": system.TABLE} | params).encode())


def _section(plan: Plan, subjects: list[Subject], medians: Mapping[Run, Sample | Void]) -> Section:
    peers = [kind.column for kind in plan.databases()]
    title, columns = f"Items (median of {plan.rounds} × {plan.seconds} s)", [OURS, *peers, ECHO]
    section = Comparison(title, TEXT.format(distinct=plan.distinct), columns)
    for ours, signed, operation, connections in product((OURS, FSYNC), (True, False), OPERATIONS, (16, 1)):
        durable = ours == FSYNC
        figures: dict[str, Any] = {OURS: medians[ours, signed, operation, connections]}
        figures |= {
            peer: medians[peer, signed, operation, connections]
            for peer in peers
            if not durable and (peer, signed, operation, connections) in medians
        }
        figures[ECHO] = medians[ECHO, False, "", connections]
        note = f", fsync {section.note(IN_MEMORY)}" if durable else ""
        what = f"{operation}, {'signed' if signed else 'unsigned'}, {connections}{note}"
        targets = TARGETS.get((ours, operation), []) if signed and connections == 16 else []
        section.compare(what, figures, shown, lambda sample: sample.rate, targets)
    refusals = [_refusal(section, [each for each in subjects if each.server.kind.column == it]) for it in columns]
    section.rows.append(["a wrong secret is refused", *refusals])
    return section


def _refusal(section: Section, subjects: list[Subject]) -> str:
    if not subjects:
        return ""
    if not any(subject.refuses for subject in subjects):
        return "no"
    said = "yes" if all(subject.refuses for subject in subjects) else "when asked to"
    return f"{said} {section.note(RESOURCE)}" if subjects[0].server.kind.resource else said


def shown(sample: Sample) -> str:
    """A sample as a cell of the report."""
    return f"{sample.rate:,.0f}/s · {sample.p50:.2f} / {sample.p99:.2f} ms · {sample.cpu:,.0f} µs"
