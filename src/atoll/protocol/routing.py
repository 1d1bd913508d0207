"""REST routes: the operation that a method and a raw path name, and the path's labels.

All routes of a service form one tree by path segments. A literal segment wins over a label, a label over a greedy label; of
the routes of one path, those with the most constants in the query (`?versioning`) win, then those with the most required
members (PutObject and UploadPart differ in nothing else). Greedy labels keep every slash as sent; elsewhere one at the end of
the path means nothing. A label at the end that takes an ARN also takes its slashes, which some clients send as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from botocore.model import OperationModel, ServiceModel


@dataclass(frozen=True, slots=True)
class Route:
    """One operation's route: its constant query, the names of its labels in order, and the names of the query parameters and
    headers (lower-case) that its input requires."""

    operation: str
    constants: Mapping[str, str | None]
    labels: tuple[str, ...]
    parameters: frozenset[str]
    headers: frozenset[str]
    deprecated: bool

    @property
    def rank(self) -> tuple[int, int, bool]:
        """Routes with lower ranks are tried first."""
        return -len(self.constants), -len(self.parameters) - len(self.headers), self.deprecated

    def has_constants(self, query: Mapping[str, Sequence[str]]) -> bool:
        """Whether a request's query is one of this route."""
        return all(key in query and (value is None or value in query[key]) for key, value in self.constants.items())


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
        routes.sort(key=lambda route: route.rank)

    def route(self, method: str, query: Mapping[str, Sequence[str]], headers: Mapping[str, str]) -> Route | None:
        """The route that ends here and that a request means, if any. One whose required members are not all there is meant where
        no other fits: it says what is missing."""
        routes = [route for route in self.routes.get(method, ()) if route.has_constants(query)]
        if len(routes) < 2:
            return routes[0] if routes else None
        routes = [route for route in routes if len(route.constants) == len(routes[0].constants)]
        complete = (r for r in routes if r.parameters <= query.keys() and r.headers <= headers.keys())
        return next(complete, min(routes, key=lambda route: (-route.rank[1], route.deprecated)))


class Router:
    """The routes of one service."""

    def __init__(self, model: ServiceModel) -> None:
        self._root = _Node()
        for name in model.operation_names:
            self._add(model.operation_model(name))

    def match(
        self, method: str, raw_path: str, query: Mapping[str, Sequence[str]], headers: Mapping[str, str]
    ) -> tuple[Route, list[str]] | None:
        """The route of a request and the raw (undecoded) values of its labels, or None."""
        segments = _segments(raw_path)
        found = _search(self._root, segments, 0, (), lambda node: node.route(method, query, headers))
        if found is None:
            return None
        return found[0], ["/".join(segments[start:end]) for start, end in found[1]]

    def _add(self, operation: OperationModel) -> None:
        path, _, query = operation.http["requestUri"].partition("?")
        segments, method = _segments(path.rstrip("/")) if path.strip("/") else [], operation.http["method"]
        pairs = (pair.partition("=") for pair in query.split("&") if pair)
        shape = operation.input_shape
        required = [shape.members[name] for name in shape.required_members] if shape is not None else []
        places = {(member.serialization.get("location"), member.serialization.get("name", "")) for member in required}
        route = Route(
            operation.name,
            {key: value if equals else None for key, equals, value in pairs},
            tuple(segment[1:-1].removesuffix("+") for segment in segments if segment.startswith("{")),
            frozenset(name for place, name in places if place == "querystring"),
            frozenset(name.lower() for place, name in places if place == "header"),
            operation.deprecated,
        )
        self._end(segments, method, route)
        if segments and segments[-1].lower().endswith("arn}"):
            self._end([*segments[:-1], segments[-1][:-1] + "+}"], method, route)

    def _end(self, segments: list[str], method: str, route: Route) -> None:
        node = self._root
        for segment in segments:
            node = node.child(segment)
        node.add(method, route)


def _segments(path: str) -> list[str]:
    return path.lstrip("/").split("/")


Spans = tuple[tuple[int, int], ...]
"""Which segments each label holds: from the first to before the second."""


def _search(
    node: _Node, segments: list[str], at: int, labels: Spans, route_of: Callable[[_Node], Route | None]
) -> tuple[Route, Spans] | None:
    if at == len(segments):
        route = route_of(node)
        return (route, labels) if route is not None else None
    literal = node.literals.get(unquote(segments[at]))
    if literal is not None and (found := _search(literal, segments, at + 1, labels, route_of)):
        return found
    if node.label is not None and segments[at]:
        found = _search(node.label, segments, at + 1, (*labels, (at, at + 1)), route_of)
        if found:
            return found
    last_slash = segments[at] == "" and at == len(segments) - 1
    if node.greedy is not None and not last_slash:
        for end in _ends(node.greedy, segments, at):
            if found := _search(node.greedy, segments, end, (*labels, (at, end)), route_of):
                return found
    return _search(node, segments, at + 1, labels, route_of) if last_slash else None


def _ends(greedy: _Node, segments: list[str], at: int) -> Iterator[int]:
    """Where a greedy label that begins at `at` may end. What may follow it wins over more of it, and a slash at the end is its own."""
    if greedy.literals or greedy.label is not None:
        yield from range(len(segments) - (2 if segments[-1] == "" else 1), at, -1)
    yield len(segments)
