"""Patch operations: how every Update… operation of REST APIs says what to change. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from atoll.services.apigateway.errors import BadRequestException, NotFoundException

R = TypeVar("R", bound=msgspec.Struct)
LARGEST = 2**31 - 1
ANY = "{"
"""What a segment of a rule's path begins with that stands for any name: `/requestParameters/{name}`."""


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

    @property
    def name(self) -> str:
        """The last segment: the name of an entry in a map."""
        return self.path[-1]


Change = Callable[[R, Patch], R]
Rules = Mapping[str, Mapping[str, Change[R]]]
"""What a resource lets its patches do: by operation, then by path."""


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


def apply(record: R, operations: Iterable[Patch], rules: Rules[R]) -> R:
    """The record with the operations done one after the other. Raises BadRequestException for one that no rule has."""
    for patch in operations:
        record = _change(patch, rules)(record, patch)
    return record


def _change(patch: Patch, rules: Rules[R]) -> Change[R]:
    if patch.op not in rules:
        raise unsupported(patch)
    for path, change in rules[patch.op].items():
        if fits(path, patch.path):
            return change
    raise BadRequestException(
        f"Invalid patch path  '{patch.text}' specified for op '{patch.op}'. Must be one of: [{', '.join(rules[patch.op])}]"
    )


def unsupported(patch: Patch) -> BadRequestException:
    """The error for an operation that a path does not have."""
    return BadRequestException(
        f"Invalid patch path  '{patch.text}' specified for op '{patch.op}'. Please choose supported operations"
    )


def fits(rule: str, path: Sequence[str]) -> bool:
    """Whether a rule's path is for a patch's."""
    segments = rule[1:].split("/")
    return len(segments) == len(path) and all(
        segment.startswith(ANY) or segment == given for segment, given in zip(segments, path, strict=True)
    )


def _op(operation: Mapping[str, Any]) -> str:
    return str(operation.get("op") or "")


def put(field: str, convert: Callable[[str | None], Any] = lambda value: value) -> Change[Any]:
    """Sets a field to the patch's value."""

    def change(record: R, patch: Patch) -> R:
        return msgspec.structs.replace(record, **{field: convert(patch.value)})

    return change


def clear(field: str, default: Any = None) -> Change[Any]:
    """Gives a field its default again."""
    return lambda record, _patch: msgspec.structs.replace(record, **{field: default})


def put_entry(field: str, convert: Callable[[str | None], Any] = lambda value: value or "") -> Change[Any]:
    """Sets the entry of a map that the path's last segment names."""

    def change(record: R, patch: Patch) -> R:
        return msgspec.structs.replace(record, **{field: {**getattr(record, field), patch.name: convert(patch.value)}})

    return change


def drop_entry(field: str, missing: str = "Invalid parameter name specified") -> Change[Any]:
    """Takes away the entry of a map that the path's last segment names. Raises NotFoundException."""

    def change(record: R, patch: Patch) -> R:
        before = getattr(record, field)
        if patch.name not in before:
            raise NotFoundException(missing)
        kept = {name: value for name, value in before.items() if name != patch.name}
        return msgspec.structs.replace(record, **{field: kept})

    return change


def put_item(field: str, *, named: bool = True) -> Change[Any]:
    """Adds to a list the item that the path's last segment is, or the value where the path does not name one (`named`)."""

    def change(record: R, patch: Patch) -> R:
        item = patch.name if named else patch.value or ""
        kept = tuple(one for one in getattr(record, field) if one != item)
        return msgspec.structs.replace(record, **{field: (*kept, item)})

    return change


def drop_item(field: str, *, named: bool = True) -> Change[Any]:
    """Takes an item out of a list; one that is not there does not matter."""

    def change(record: R, patch: Patch) -> R:
        item = patch.name if named else patch.value or ""
        return msgspec.structs.replace(record, **{field: tuple(one for one in getattr(record, field) if one != item)})

    return change


def swap_item(field: str) -> Change[Any]:
    """Puts the value in the place of the item that the path's last segment is."""

    def change(record: R, patch: Patch) -> R:
        changed = tuple((patch.value or "") if one == patch.name else one for one in getattr(record, field))
        return msgspec.structs.replace(record, **{field: changed})

    return change


def flag(value: str | None) -> bool:
    """A truth value; whatever is not `true` is false, as on AWS."""
    return (value or "").lower() == "true"


def whole(value: str | None) -> int:
    """A whole number. Raises BadRequestException."""
    try:
        found = int(value or "")
    except ValueError:
        found = LARGEST + 1
    if abs(found) > LARGEST:
        raise BadRequestException(f"Invalid integer value specified: {value}")
    return found


def number(value: str | None) -> float:
    """A number. Raises BadRequestException."""
    try:
        found = float(value or "")
    except ValueError:
        found = float("nan")
    if not abs(found) < float("inf"):
        raise BadRequestException(f"Invalid double value specified: {value}")
    return found
