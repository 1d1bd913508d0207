"""Shapes as types that msgspec decodes straight into plain mappings: the fast way in for shapes whose JSON is their value.

It accepts a subset of what the readers of `json_values.py` accept, with the same result; whatever it refuses (a null, a wrong
type) is theirs to read or to refuse in AWS's words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict

import msgspec
from botocore.model import ListShape, MapShape, Shape, StructureShape

from atoll.protocol.json_values import wire_name

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


class NotPlain(Exception):
    """A shape whose JSON differs from its value: by a member's other name, or by a timestamp."""


def typed_decoder(shape: StructureShape) -> Callable[[bytes], dict[str, Any]] | None:
    """Decodes a JSON document of `shape`, raising msgspec.DecodeError; None where the shape is not plain."""
    try:
        return msgspec.json.Decoder(_type_of(shape, {})).decode
    except NotPlain:
        return None


def _type_of(shape: Shape, structures: dict[str, Any]) -> Any:
    if getattr(shape, "is_document_type", False):
        return Any
    if isinstance(shape, StructureShape):
        return _structure(shape, structures)
    if isinstance(shape, ListShape):
        return list[_type_of(shape.member, structures)]  # type: ignore[misc]
    if isinstance(shape, MapShape):
        return dict[str, _type_of(shape.value, structures)]  # type: ignore[misc]
    if shape.type_name not in _SCALARS:
        raise NotPlain
    return _SCALARS[shape.type_name]


def _structure(shape: StructureShape, structures: dict[str, Any]) -> Any:
    """A TypedDict; its members are filled in after it is known, because it may contain itself."""
    if shape.name in structures:
        return structures[shape.name]
    members = list(shape.members.items())
    if any(wire_name(name, member) != name for name, member in members):
        raise NotPlain
    made: Any = TypedDict(shape.name, {name: Any for name, _ in members}, total=False)  # type: ignore[misc]
    structures[shape.name] = made
    for name, member in members:
        made.__annotations__[name] = _type_of(member, structures)
    return made
