"""Shapes as types that msgspec decodes straight into plain mappings: the fast way in for shapes whose JSON is their value.

It accepts a subset of what the readers of `json_values.py` accept, with the same result; whatever it refuses (a null, a wrong
type) is theirs to read or to refuse in AWS's words. The types can also hold the constraints of the shapes: what they accept then needs
no other check (`constraints.py`), and what they refuse gets one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, Required, TypedDict

import msgspec
from botocore.model import ListShape, MapShape, Shape, StructureShape

from atoll.protocol.facts import Facts
from atoll.protocol.json_values import wire_name
from atoll.protocol.scalars import INTEGERS

_SCALARS: dict[str, type] = {
    "string": str,
    "character": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "blob": bytes,
}


Decoder = Callable[[bytes], dict[str, Any]]


class NotPlain(Exception):
    """A shape whose JSON differs from its value (by a member's other name, or by a timestamp), or whose constraints no type holds."""


def typed_decoder(shape: StructureShape) -> Decoder | None:
    """Decodes a JSON document of `shape`, raising msgspec.DecodeError; None where the shape is not plain."""
    return _decoder(_Types(), shape)


def checked_decoder(shape: StructureShape, facts: Facts) -> Decoder | None:
    """The same, but what it decodes keeps the constraints of `shape`. None also where there are others than lengths, ranges,
    enumerations and required members."""
    return _decoder(_CheckedTypes(facts), shape)


def _decoder(types: _Types, shape: StructureShape) -> Decoder | None:
    try:
        return msgspec.json.Decoder(types.of(shape)).decode
    except NotPlain:
        return None


class _Types:
    """Makes types of shapes."""

    def __init__(self) -> None:
        self._structures: dict[str, Any] = {}

    def of(self, shape: Shape) -> Any:
        if getattr(shape, "is_document_type", False):
            return Any
        if isinstance(shape, StructureShape):
            return self._structure(shape)
        if isinstance(shape, ListShape):
            return self.constrained(shape, list[self.of(shape.member)])  # type: ignore[misc]
        if isinstance(shape, MapShape):
            return self.constrained(shape, dict[self.of(shape.key), self.of(shape.value)])  # type: ignore[misc]
        if shape.type_name not in _SCALARS:
            raise NotPlain
        return self.constrained(shape, _SCALARS[shape.type_name])

    def constrained(self, shape: Shape, kind: Any) -> Any:
        """The type of a shape, within what it may be."""
        if kind is not int:
            return kind
        lowest, highest = INTEGERS[shape.type_name]
        return Annotated[int, msgspec.Meta(ge=lowest, le=highest)]

    def member(self, _structure: StructureShape, _name: str, kind: Any) -> Any:
        """The type of a structure's member."""
        return kind

    def _structure(self, shape: StructureShape) -> Any:
        """A TypedDict; its members are filled in after it is known, because it may contain itself."""
        if shape.name in self._structures:
            return self._structures[shape.name]
        members = list(shape.members.items())
        if any(wire_name(name, member) != name for name, member in members):
            raise NotPlain
        made: Any = TypedDict(shape.name, {name: Any for name, _ in members}, total=False)  # type: ignore[misc]
        self._structures[shape.name] = made
        for name, member in members:
            made.__annotations__[name] = self.member(shape, name, self.of(member))
        return made


class _CheckedTypes(_Types):
    """Types that are at least as strict as `constraints.py`."""

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self._facts = facts

    def constrained(self, shape: Shape, kind: Any) -> Any:
        metadata = shape.metadata
        if shape.name in self._facts.patterns or "pattern" in metadata:
            raise NotPlain  # msgspec's patterns are others
        if values := metadata.get("enum"):
            return Literal[tuple(values)]
        low, high = metadata.get("min"), metadata.get("max")
        if kind is int:
            lowest, highest = INTEGERS[shape.type_name]
            low, high = lowest if low is None else low, highest if high is None else high
        if kind is bool or (low is None and high is None):
            return kind
        meta = msgspec.Meta(ge=low, le=high) if kind in (int, float) else msgspec.Meta(min_length=low, max_length=high)
        return Annotated[kind, meta]

    def member(self, structure: StructureShape, name: str, kind: Any) -> Any:
        return Required[kind] if name in structure.required_members else kind
