"""Patch operations: how every Update… operation of REST APIs says what to change. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from atoll.services.apigateway.errors import BadRequestException


class Patch(NamedTuple):
    """One operation: `op` is add, remove, replace, move, copy or test; `path` the segments, each unescaped (~1 is /, ~0 is ~)."""

    op: str
    path: tuple[str, ...]
    value: str | None
    source: str | None
    """The `from` of move and copy."""

    @property
    def text(self) -> str:
        """The path as it stands in messages."""
        return "".join("/" + segment.replace("~", "~0").replace("/", "~1") for segment in self.path)


def patches(request: Mapping[str, Any]) -> Sequence[Patch]:
    """The request's patch operations. Raises BadRequestException for a path that is none."""
    found = []
    for operation in request.get("patchOperations") or ():
        path = operation.get("path") or ""
        if not path.startswith("/"):
            raise BadRequestException("Invalid patch path  '" + path + "' specified for op '" + _op(operation) + "'.")
        segments = tuple(part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/"))
        found.append(Patch(_op(operation), segments, operation.get("value"), operation.get("from")))
    return found


def _op(operation: Mapping[str, Any]) -> str:
    return str(operation.get("op") or "")
