"""Judges what concurrent clients saw of transactions: is there one order of all of them that explains it, and that no clock contradicts?

The method is Elle's (Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental Observations", VLDB 2020): items are
lists, writes append a value that nobody else appends, so that a list that was read tells the order of the writes before it. From that
follow which transaction depends on which, and strict serialisability is the absence of cycles in these dependencies and real time.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NamedTuple

Value = int
Seen = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Txn:
    """What one client did at once, as it knows it. Times are of one clock; `ended` is infinite where no answer came.

    `reads` are lists as they were before this transaction's own appends. Of a transaction that was `refused` nothing may be there; of
    one that is `unknown` all or nothing.
    """

    began: float
    ended: float
    reads: Mapping[str, Seen] = field(default_factory=dict)
    appends: Mapping[str, Value] = field(default_factory=dict)
    outcome: Literal["done", "refused", "unknown"] = "done"


class Anomaly(AssertionError):
    """What was seen has no serial explanation."""


class Edge(NamedTuple):
    to: int
    why: str


Graph = dict[int, list[Edge]]


def judge(history: Sequence[Txn], final: Mapping[str, Seen]) -> int:
    """Raises Anomaly, unless the history is strictly serialisable and ends with these lists. Returns how many dependencies were found."""
    happened = _happened(history, final)
    orders = _orders(history, happened, final)
    graph: Graph = defaultdict(list)
    writer = {(key, value): n for n in happened for key, value in history[n].appends.items()}
    for key, order in orders.items():
        for earlier, later in pairwise(order):
            _add(graph, writer[key, earlier], writer[key, later], f"appended to {key} before")
    for n in happened:
        for key, seen in history[n].reads.items():
            if seen:
                _add(graph, writer[key, seen[-1]], n, f"appended to {key} what was read by")
            if len(seen) < len(orders.get(key, ())):
                _add(graph, n, writer[key, orders[key][len(seen)]], f"read {key} without the append of")
    dependencies = sum(map(len, graph.values()))
    _add_real_time(graph, history, happened)
    if cycle := _cycle(graph):
        raise Anomaly("no order explains this:\n" + "\n".join(_told(history, edges) for edges in cycle))
    return dependencies


def _happened(history: Sequence[Txn], final: Mapping[str, Seen]) -> list[int]:
    """The transactions that took place. Raises Anomaly where one did so in part, or did what it said it did not."""
    there = {(key, value) for key, values in final.items() for value in values}
    found = []
    for n, txn in enumerate(history):
        left = [item for item in txn.appends.items() if item in there]
        if txn.outcome == "refused":
            if left:
                raise Anomaly(f"a refused transaction left {left}: {txn}")
            if txn.reads:  # what it was refused for was read at one moment
                found.append(n)
        elif txn.outcome == "done" or left:
            if len(left) < len(txn.appends):
                raise Anomaly(
                    f"only {left} is there of {'a done' if txn.outcome == 'done' else 'an unknown'} transaction: {txn}"
                )
            found.append(n)
    return found


def _orders(history: Sequence[Txn], happened: Iterable[int], final: Mapping[str, Seen]) -> Mapping[str, Seen]:
    """The order of appends to each list. Raises Anomaly where a list holds what nobody appended, or was read in another order."""
    appended = {item for n in happened if history[n].outcome != "refused" for item in history[n].appends.items()}
    for key, values in final.items():
        if len(set(values)) < len(values):
            raise Anomaly(f"{key} holds an append twice: {values}")
        if strange := [value for value in values if (key, value) not in appended]:
            raise Anomaly(f"{key} holds what nobody appended: {strange}")
    for n in happened:
        for key, seen in history[n].reads.items():
            if seen != final.get(key, ())[: len(seen)]:
                raise Anomaly(f"{key} was read as {seen} and ended as {final.get(key)}: {history[n]}")
            if history[n].appends.get(key) in seen:
                raise Anomaly(f"{key} was read with an append that came later: {history[n]}")
    return final


def _add(graph: Graph, source: int, target: int, why: str) -> None:
    if source != target:
        graph[source].append(Edge(target, why))


def _add_real_time(graph: Graph, history: Sequence[Txn], happened: Sequence[int]) -> None:
    """Whatever ended before another began comes before it: by a chain of moments (negative nodes), so that edges stay few."""
    ends = sorted((history[n].ended, n) for n in happened if history[n].ended < math.inf)
    for place, (_, n) in enumerate(ends):
        graph[n].append(Edge(-1 - place, "ended"))
        if place:
            graph[-place].append(Edge(-1 - place, ""))
    starts = sorted((history[n].began, n) for n in happened)
    place = 0
    for began, n in starts:
        while place < len(ends) and ends[place][0] < began:
            place += 1
        if place:
            graph[-place].append(Edge(n, "before the start of"))


def _cycle(graph: Graph) -> list[tuple[int, Edge]]:
    """The edges of a cycle, from transaction to transaction; none where there is no cycle. A walk in depth, with its own stack."""
    done: set[int] = set()
    for root in list(graph):
        path: list[tuple[int, Edge]] = []
        on_path: dict[int, int] = {}
        stack: list[tuple[int, int]] = [(root, 0)]
        while stack:
            node, place = stack.pop()
            edges = graph.get(node, [])
            if place == 0:
                if node in done:
                    continue
                on_path[node] = len(path)
            if place == len(edges):
                done.add(node)
                del on_path[node]
                if path:
                    path.pop()
                continue
            stack.append((node, place + 1))
            edge = edges[place]
            if edge.to in on_path:
                return [*path[on_path[edge.to] :], (node, edge)]
            if edge.to not in done:
                path.append((node, edge))
                stack.append((edge.to, 0))
    return []


def _told(history: Sequence[Txn], step: tuple[int, Edge]) -> str:
    node, edge = step
    return f"  {f'{history[node]}' if node >= 0 else '…'} {edge.why}" if edge.why else "  …"
