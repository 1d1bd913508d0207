"""Values in CBOR: what differs from JSON, and bytes to plain values and back.

cbor2 does both ways. Of CBOR's tags only numbers and points in time are taken: the others (shared and referenced values, regular
expressions, …) mean nothing to a shape, and bombs are made of them. docs: https://www.rfc-editor.org/rfc/rfc8949
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import cbor2
from botocore.model import Shape

from atoll.kernel.errors import MalformedRequest
from atoll.protocol import timestamps
from atoll.protocol.json_values import SCALARS, Reader, Readers, Writer, Writers, unchanged, wrong_scalar

_DEEPEST = 200
_EPOCH = 1
"""The tag of a time in seconds since 1970."""


def _refuse(value: Any, immutable: bool) -> Any:
    raise ValueError("a tag that no shape has")


_TAGS = dict.fromkeys(
    (0, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799), _refuse
)
"""cbor2's own tags but for times and big integers; unknown ones come as CBORTag, which no reader takes."""


def decode(body: bytes) -> Any:
    """A CBOR data item. Raises MalformedRequest, without a text, where it is none, too deep, or has foreign tags."""
    try:
        return cbor2.loads(body, semantic_decoders=_TAGS, max_depth=_DEEPEST)
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise MalformedRequest from error


def encode(value: Any) -> bytes:
    """A data item, with lengths known in advance."""
    return cbor2.dumps(value)


class CborReaders(Readers):
    """Readers of CBOR: blobs, times and special numbers are its own types, and a map's keys may be anything."""

    def map(self, read_value: Reader) -> Reader:
        read = super().map(read_value)

        def read_named(value: Any) -> Any:
            if type(value) is dict and any(type(key) is not str for key in value):
                raise MalformedRequest("A key of a map is no string")
            return read(value)

        return read_named

    def scalar(self, shape: Shape) -> Reader:
        read = _SCALARS.get(shape.type_name)
        return read if read is not None else super().scalar(shape)


class CborWriters(Writers):
    """Writers of CBOR."""

    def scalar(self, shape: Shape) -> Writer:
        return _write_timestamp if shape.type_name == "timestamp" else unchanged


def _read_blob(value: Any) -> bytes:
    if type(value) is bytes:
        return value
    raise wrong_scalar(value, "Blob")


def _read_timestamp(value: Any) -> datetime:
    if type(value) is datetime:
        return value.astimezone(UTC)
    raise wrong_scalar(value, "Timestamp")


def _read_float(value: Any) -> float:
    if type(value) is float:
        return value
    return SCALARS["double"](value) if type(value) is int else _not_a_number(value)


def _not_a_number(value: Any) -> float:
    raise wrong_scalar(value, "Double")


def _write_timestamp(value: Any) -> cbor2.CBORTag:
    return cbor2.CBORTag(_EPOCH, timestamps.write_epoch(value))


_SCALARS: Mapping[str, Reader] = {
    "blob": _read_blob,
    "timestamp": _read_timestamp,
    "float": _read_float,
    "double": _read_float,
}
