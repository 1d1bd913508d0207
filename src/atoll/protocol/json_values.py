"""Values in JSON: closures between what msgspec decodes and what operations take, compiled from shapes.

Readers check types with AWS's texts; `null` means absent. Writers omit None. A writer of None means that the value may go
to msgspec as it is.
"""

from __future__ import annotations

import binascii
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from botocore.model import ListShape, MapShape, Shape, StructureShape

from atoll.kernel.errors import MalformedRequest
from atoll.protocol import timestamps
from atoll.protocol.scalars import INTEGERS

Reader = Callable[[Any], Any]
Writer = Callable[[Any], Any]

SPECIAL_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def decode(body: bytes) -> Any:
    """A JSON document. Raises MalformedRequest, without a text as AWS does, where it is none or too deep."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRequest from error


def wire_name(name: str, shape: Shape) -> str:
    """The name under which a member stands in JSON."""
    return str(shape.serialization.get("name", name))


class Readers:
    """Compiles readers for the shapes of one service, each structure once (they may contain themselves)."""

    def __init__(self) -> None:
        self._structures: dict[str, Reader] = {}

    def of(self, shape: Shape) -> Reader:
        """A function from a decoded JSON value to the value of `shape`. It raises MalformedRequest."""
        if getattr(shape, "is_document_type", False):
            return unchanged
        if isinstance(shape, StructureShape):
            return self.structure(shape)
        if isinstance(shape, ListShape):
            return _list_reader(self.of(shape.member))
        if isinstance(shape, MapShape):
            return self.map(self.of(shape.value))
        return self.scalar(shape)

    def map(self, read_value: Reader) -> Reader:
        """The reader of a map whose values `read_value` reads."""
        return _map_reader(read_value)

    def scalar(self, shape: Shape) -> Reader:
        """The reader of a shape that holds no others."""
        return SCALARS.get(shape.type_name, _read_string)

    def structure(self, shape: StructureShape) -> Reader:
        """The reader of a structure; members that the shape lacks are ignored, as AWS does."""
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        members: dict[str, tuple[str, Reader]] = {}
        read = self._structures[shape.name] = _structure_reader(members)
        members.update(self._bound(shape, shape.members))
        return read

    def members(self, shape: StructureShape, names: Iterable[str]) -> Reader:
        """The reader of some members of a structure: those that REST protocols put into the body."""
        return _structure_reader(self._bound(shape, names))

    def _bound(self, shape: StructureShape, names: Iterable[str]) -> dict[str, tuple[str, Reader]]:
        shapes = ((name, shape.members[name]) for name in names)
        return {wire_name(name, member): (name, self.of(member)) for name, member in shapes}


class Writers:
    """Compiles writers for the shapes of one service, each structure once."""

    def __init__(self) -> None:
        self._structures: dict[str, Writer] = {}

    def of(self, shape: Shape) -> Writer:
        """A function from a value of `shape` to what msgspec encodes."""
        if getattr(shape, "is_document_type", False):
            return unchanged
        if isinstance(shape, StructureShape):
            return self.structure(shape)
        if isinstance(shape, ListShape):
            item_writer = self.of(shape.member)
            return lambda value: [item_writer(item) for item in value if item is not None]
        if isinstance(shape, MapShape):
            value_writer = self.of(shape.value)
            return lambda value: {k: value_writer(v) for k, v in value.items() if v is not None}
        return self.scalar(shape)

    def scalar(self, shape: Shape) -> Writer:
        """The writer of a shape that holds no others."""
        if shape.type_name == "timestamp":
            return timestamps.writer(shape.serialization.get("timestampFormat", "unixTimestamp"))
        return _write_float if shape.type_name in ("float", "double") else unchanged

    def structure(self, shape: StructureShape) -> Writer:
        """The writer of a structure; it leaves out None and what the shape does not have."""
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        members: list[tuple[str, str, Writer]] = []
        write = self._structures[shape.name] = _structure_writer(members)
        members.extend(self._bound(shape, shape.members))
        return write

    def members(self, shape: StructureShape, names: Iterable[str]) -> Writer:
        """The writer of some members of a structure: those that REST protocols put into the body."""
        return _structure_writer(self._bound(shape, names))

    def _bound(self, shape: StructureShape, names: Iterable[str]) -> list[tuple[str, str, Writer]]:
        shapes = ((name, shape.members[name]) for name in names)
        return [(name, wire_name(name, member), self.of(member)) for name, member in shapes]


def needs_writer(shape: Shape, seen: frozenset[str] = frozenset()) -> bool:
    """Whether a value of `shape` differs from its JSON form: by a timestamp, a member's other name."""
    if getattr(shape, "is_document_type", False) or shape.name in seen:
        return False
    seen |= {shape.name}
    if isinstance(shape, StructureShape):
        return any(wire_name(n, m) != n or needs_writer(m, seen) for n, m in shape.members.items())
    if isinstance(shape, ListShape):
        return needs_writer(shape.member, seen)
    if isinstance(shape, MapShape):
        return needs_writer(shape.value, seen)
    return shape.type_name == "timestamp"


def _structure_reader(members: Mapping[str, tuple[str, Reader]]) -> Reader:
    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise _wrong(value, "Unexpected field type")
        out = {}
        for key, item in value.items():
            if item is not None and (member := members.get(key)) is not None:
                out[member[0]] = member[1](item)
        return out

    return read


def _structure_writer(members: Sequence[tuple[str, str, Writer]]) -> Writer:
    def write(value: Mapping[str, Any]) -> dict[str, Any]:
        out = {}
        for name, key, writer in members:
            if (item := value.get(name)) is not None:
                out[key] = writer(item)
        return out

    return write


def _wrong(value: Any, scalar_text: str) -> MalformedRequest:
    if type(value) is dict:
        return MalformedRequest("Start of structure or map found where not expected.")
    if type(value) is list:
        return MalformedRequest("Start of list found where not expected")
    return MalformedRequest(scalar_text)


def wrong_scalar(value: Any, target: str) -> MalformedRequest:
    """The error for a value that is no `target`."""
    kind = {True: "TRUE_VALUE", False: "FALSE_VALUE"}[value] if isinstance(value, bool) else _KINDS.get(type(value), "")
    return _wrong(value, f"{kind} cannot be converted to {target}")


_KINDS = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE"}


def unchanged(value: Any) -> Any:
    """The writer, or reader, of what travels as it is."""
    return value


def _list_reader(item_reader: Reader) -> Reader:
    def read(value: Any) -> list[Any]:
        if type(value) is not list:
            raise _wrong(value, "Expected list or null")
        return [item_reader(item) for item in value if item is not None]

    return read


def _map_reader(value_reader: Reader) -> Reader:
    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise _wrong(value, "Expected map or null")
        return {key: value_reader(item) for key, item in value.items() if item is not None}

    return read


def _read_string(value: Any) -> str:
    if type(value) is str:
        return value
    raise wrong_scalar(value, "String")


def _read_boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise wrong_scalar(value, "Boolean")


def _integer_reader(kind: str) -> Reader:
    lowest, highest = INTEGERS[kind]

    def read(value: Any) -> int:
        if (type(value) is int or (type(value) is float and math.isfinite(value))) and lowest <= value <= highest:
            return int(value)
        raise wrong_scalar(value, kind.capitalize())

    return read


def _read_float(value: Any) -> float:
    if type(value) is float:
        return value
    if type(value) is int:
        try:
            return float(value)
        except OverflowError as error:
            raise MalformedRequest from error
    if type(value) is str and value in SPECIAL_FLOATS:
        return SPECIAL_FLOATS[value]
    raise wrong_scalar(value, "Double")


def _read_blob(value: Any) -> bytes:
    if type(value) is not str:
        raise _wrong(value, "only base-64-encoded strings are convertible to bytes")
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        if len(value) % 4:
            text = f"Base64 encoded length is expected a multiple of 4 bytes but found: {len(value)}"
            raise MalformedRequest(text) from error
        raise MalformedRequest("Invalid Base64 character") from error


def _read_timestamp(value: Any) -> Any:
    try:
        return timestamps.read_timestamp(value)
    except ValueError as error:
        raise wrong_scalar(value, "Timestamp") from error


def _write_float(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


SCALARS: dict[str, Reader] = {
    "string": _read_string,
    "character": _read_string,
    "boolean": _read_boolean,
    "integer": _integer_reader("integer"),
    "long": _integer_reader("long"),
    "float": _read_float,
    "double": _read_float,
    "blob": _read_blob,
    "timestamp": _read_timestamp,
}
