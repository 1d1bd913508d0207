"""REST routes: the operation that a method and a raw path name, and the path's labels.

All routes of a service form one tree by path segments. A literal segment wins over a label, a label over a greedy label;
routes of one path that differ in their constant query (`?versioning`) are tried from the most constants to none. A label
at the end that takes an ARN also takes its slashes, which some clients send as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from botocore.model import ServiceModel


@dataclass(frozen=True, slots=True)
class Route:
    """One operation's route: its constant query and the names of its labels in order."""

    operation: str
    constants: Mapping[str, str | None]
    labels: tuple[str, ...]


@dataclass(slots=True)
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    label: _Node | None = None
    greedy: _Node | None = None
    routes: dict[str, list[Route]] = field(default_factory=dict)

    def child(self, segment: str) -> _Node:
        """The node below this one for a segment of a route's path, made where it is missing."""
        if not segment.startswith("{"):
            return self.literals.setdefault(segment, _Node())
        if segment.endswith("+}"):
            self.greedy = self.greedy or _Node()
            return self.greedy
        self.label = self.label or _Node()
        return self.label

    def add(self, method: str, route: Route) -> None:
        """Ends a route here."""
        routes = self.routes.setdefault(method, [])
        routes.append(route)
        routes.sort(key=lambda route: -len(route.constants))


class Router:
    """The routes of one service."""

    def __init__(self, model: ServiceModel) -> None:
        self._root = _Node()
        for name in model.operation_names:
            http = model.operation_model(name).http
            path, _, query = http["requestUri"].partition("?")
            self._add(name, http["method"], _segments(path), query)

    def match(self, method: str, raw_path: str, query: Mapping[str, Sequence[str]]) -> tuple[Route, list[str]] | None:
        """The route of a request and the raw (undecoded) values of its labels, or None."""
        return _search(self._root, _segments(raw_path), 0, [], method, query)

    def _add(self, operation: str, method: str, segments: list[str], query: str) -> None:
        labels = tuple(segment[1:-1].removesuffix("+") for segment in segments if segment.startswith("{"))
        pairs = (pair.partition("=") for pair in query.split("&") if pair)
        route = Route(operation, {key: value if equals else None for key, equals, value in pairs}, labels)
        self._end(segments, method, route)
        if segments and segments[-1].lower().endswith("arn}"):
            self._end([*segments[:-1], segments[-1][:-1] + "+}"], method, route)

    def _end(self, segments: list[str], method: str, route: Route) -> None:
        node = self._root
        for segment in segments:
            node = node.child(segment)
        node.add(method, route)


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/") if path.strip("/") else []


def _search(
    node: _Node, segments: list[str], at: int, values: list[str], method: str, query: Mapping[str, Sequence[str]]
) -> tuple[Route, list[str]] | None:
    if at == len(segments):
        for route in node.routes.get(method, ()):
            if all(
                key in query and (wanted is None or wanted in query[key]) for key, wanted in route.constants.items()
            ):
                return route, values
        return None
    literal = node.literals.get(unquote(segments[at]))
    if literal is not None and (found := _search(literal, segments, at + 1, values, method, query)):
        return found
    if node.label is not None and segments[at]:
        found = _search(node.label, segments, at + 1, [*values, segments[at]], method, query)
        if found:
            return found
    if node.greedy is not None:
        for end in range(len(segments), at, -1):
            value = "/".join(segments[at:end])
            if found := _search(node.greedy, segments, end, [*values, value], method, query):
                return found
    return None
