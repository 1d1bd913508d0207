"""Matching a request's method and path to a route. Pure; compiled once per snapshot to a tree, so that the number of routes does
not matter.

The order is AWS's: a full match of the path, then a greedy one (`{proxy+}`), then `$default`. Segment by segment a
literal comes before a variable, and a named method before ANY; a path that leads to no route for the method is left for the next
best one. The path is split before it is decoded: %2F separates nothing.
docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html#http-api-develop-routes.evaluation
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import unquote

import msgspec

T = TypeVar("T")
DEFAULT = "$default"
ANY = "ANY"


class Match(NamedTuple, Generic[T]):
    """The route that takes a request, and the decoded values of its path variables by name."""

    route: T
    parameters: dict[str, str]


class _Leaf(msgspec.Struct, Generic[T]):
    route: T
    names: tuple[str, ...]


class _Node(msgspec.Struct, Generic[T]):
    """One segment of the tree. `here` are the routes that end at it, `greedy` those that take all that follows; both by method."""

    literals: dict[str, _Node[T]] = {}
    variable: _Node[T] | None = None
    here: dict[str, _Leaf[T]] = {}
    greedy: dict[str, _Leaf[T]] = {}


class Router(Generic[T]):
    """Routes by key. Of two keys that differ only in a variable's name, the one given first is served."""

    def __init__(self, routes: Iterable[tuple[str, T]]) -> None:
        """`routes` are (route key, what to return for it)."""
        self._root: _Node[T] = _Node()
        self._default: T | None = None
        for key, route in routes:
            if key == DEFAULT:
                self._default = route
            else:
                self._add(key, route)

    def match(self, method: str, path: str) -> Match[T] | None:
        """The best route for a method and an undecoded path (beginning with /), or None."""
        segments = [unquote(part) for part in path.split("/")[1:]] if "%" in path else path.split("/")[1:]
        values: list[str] = []
        leaf = _full(self._root, method, segments, 0, values) or _greedy(self._root, method, segments, 0, values)
        if leaf is not None:
            return Match(leaf.route, dict(zip(leaf.names, values, strict=True)))
        return None if self._default is None else Match(self._default, {})

    def _add(self, key: str, route: T) -> None:
        method, path = key.split(" ", 1)
        node, names = self._root, []
        for segment in path.split("/")[1:]:
            name = variable(segment)
            if name is None:
                node = node.literals.setdefault(segment, _Node())
                continue
            names.append(name.removesuffix("+"))
            if name.endswith("+"):
                node.greedy.setdefault(method, _Leaf(route, tuple(names)))
                return
            node.variable = node = node.variable or _Node()
        node.here.setdefault(method, _Leaf(route, tuple(names)))


def variable(segment: str) -> str | None:
    """The name in `{name}` or `{name+}` (with its +), or None for a literal segment."""
    return segment[1:-1] if segment.startswith("{") and segment.endswith("}") else None


def _full(node: _Node[T], method: str, segments: Sequence[str], at: int, values: list[str]) -> _Leaf[T] | None:
    """The best route whose segments are all matched one to one. Visits each node at most once."""
    if at == len(segments):
        return node.here.get(method) or node.here.get(ANY)
    segment = segments[at]
    child = node.literals.get(segment)
    if child is not None and (leaf := _full(child, method, segments, at + 1, values)):
        return leaf
    if node.variable is not None and segment:
        values.append(segment)
        if leaf := _full(node.variable, method, segments, at + 1, values):
            return leaf
        values.pop()
    return None


def _greedy(node: _Node[T], method: str, segments: Sequence[str], at: int, values: list[str]) -> _Leaf[T] | None:
    """The most specific route whose greedy variable takes what is left (which may be an empty segment: `/pets/`, `/`)."""
    if at == len(segments):
        return None
    segment = segments[at]
    child = node.literals.get(segment)
    if child is not None and (leaf := _greedy(child, method, segments, at + 1, values)):
        return leaf
    if node.variable is not None and segment:
        values.append(segment)
        if leaf := _greedy(node.variable, method, segments, at + 1, values):
            return leaf
        values.pop()
    found = node.greedy.get(method) or node.greedy.get(ANY)
    if found is not None:
        values.append("/".join(segments[at:]))
    return found
