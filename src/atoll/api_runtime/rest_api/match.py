"""Matching a request's method and path to a method of a resource. Pure; compiled once per snapshot to a tree, so that the number of
resources does not matter.

REST APIs differ from HTTP APIs (`api_runtime/match.py`): segment by segment, a literal comes before a variable and that before a greedy
one; a slash at the end is ignored; the values of path variables stay encoded. A resource that lacks the method is left for the next best
(observed on AWS: OPTIONS of `/{proxy+}` answers for `/pets`, which has only POST).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from atoll.api_runtime.match import ANY, variable
from atoll.api_runtime.rest_api.records import Method, Resource


class Match(NamedTuple):
    """The method that takes a request, and the values of the path variables by name, as they were sent."""

    resource: Resource
    method: Method
    parameters: dict[str, str]


class _Node(msgspec.Struct):
    """One resource, or a path segment that leads to some. `name` is of its variable."""

    resource: Resource | None = None
    name: str = ""
    literals: dict[str, _Node] = {}
    variable: _Node | None = None
    greedy: _Node | None = None

    def method(self, name: str) -> Method | None:
        if self.resource is None:
            return None
        methods = self.resource.methods
        return methods.get(name) or methods.get(ANY)


class Router:
    """The methods of resources by path."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._root = _Node()
        for resource in resources:
            self._add(resource)

    def match(self, method: str, path: str) -> Match | None:
        """The method that takes a request for an undecoded path (beginning with /), or None."""
        trimmed = path.strip("/")
        segments = trimmed.split("/") if trimmed else []
        values: dict[str, str] = {}
        node = _best(self._root, method, segments, 0, values)
        if node is None or node.resource is None:
            return None
        found = node.method(method)
        return None if found is None else Match(node.resource, found, values)

    def _add(self, resource: Resource) -> None:
        node = self._root
        for segment in resource.path.split("/")[1:]:
            name = variable(segment)
            if not segment:
                continue  # the root is one empty segment
            if name is None:
                node = node.literals.setdefault(segment, _Node())
            elif name.endswith("+"):
                node.greedy = node = node.greedy or _Node(name=name[:-1])
            else:
                node.variable = node = node.variable or _Node(name=name)
        node.resource = resource


def _best(node: _Node, method: str, segments: Sequence[str], at: int, values: dict[str, str]) -> _Node | None:
    """The first node, in the order of precedence, whose resource has the method. Visits each node at most once."""
    if at == len(segments):
        return node if node.method(method) else None
    segment = segments[at]
    literal = node.literals.get(unquote(segment) if "%" in segment else segment)
    if literal is not None and (found := _best(literal, method, segments, at + 1, values)):
        return found
    if node.variable is not None and segment and (found := _best(node.variable, method, segments, at + 1, values)):
        values[node.variable.name] = segment
        return found
    if node.greedy is not None and node.greedy.method(method):
        values[node.greedy.name] = "/".join(segments[at:])
        return node.greedy
    return None
