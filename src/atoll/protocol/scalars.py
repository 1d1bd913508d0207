"""Scalars as text, as forms, XML, headers, labels and query strings hold them."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable
from typing import Any

from botocore.model import Shape

from atoll.kernel.errors import MalformedRequest
from atoll.protocol import timestamps

_MOST_DIGITS = 20
TextReader = Callable[[str], Any]
TextWriter = Callable[[Any], str]

INTEGERS = {"integer": (-(1 << 31), (1 << 31) - 1), "long": (-(1 << 63), (1 << 63) - 1)}
"""The least and the greatest number of each type: AWS's services hold them in so many bits. What is beyond is no such number."""
_SPECIAL_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def read_text(shape: Shape) -> TextReader:
    """A function from text to a value of the scalar `shape`. It raises MalformedRequest."""
    return _READERS.get(shape.type_name, _read_string)


def write_text(shape: Shape, timestamp_format: str) -> TextWriter:
    """A function from a value of the scalar `shape` to text."""
    if shape.type_name == "timestamp":
        write = timestamps.writer(shape.serialization.get("timestampFormat", timestamp_format))
        return lambda value: str(write(value))
    return _WRITERS.get(shape.type_name, str)


def _read_string(text: str) -> str:
    return text


def _read_boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered not in ("true", "false"):
        raise MalformedRequest(f"{text} is not a valid boolean")
    return lowered == "true"


def _integer_reader(kind: str) -> TextReader:
    lowest, highest = INTEGERS[kind]

    def read(text: str) -> int:
        try:
            if (
                text.lstrip("+-").isdecimal()
                and len(text) <= _MOST_DIGITS
                and lowest <= (value := int(text)) <= highest
            ):
                return value
        except ValueError:  # more than one sign
            pass
        raise MalformedRequest(f"{text[:100]} is not a valid integer")

    return read


def _read_float(text: str) -> float:
    if text in _SPECIAL_FLOATS:
        return _SPECIAL_FLOATS[text]
    try:
        return float(text)
    except ValueError as error:
        raise MalformedRequest(f"{text[:100]} is not a valid number") from error


def _read_blob(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise MalformedRequest("Invalid Base64") from error


def _read_timestamp(text: str) -> Any:
    try:
        return timestamps.read_timestamp(text)
    except ValueError as error:
        raise MalformedRequest(f"{text[:100]} is not a valid timestamp") from error


def _write_float(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


_READERS: dict[str, TextReader] = {
    "boolean": _read_boolean,
    "integer": _integer_reader("integer"),
    "long": _integer_reader("long"),
    "float": _read_float,
    "double": _read_float,
    "blob": _read_blob,
    "timestamp": _read_timestamp,
}

_WRITERS: dict[str, TextWriter] = {
    "boolean": lambda value: "true" if value else "false",
    "float": _write_float,
    "double": _write_float,
    "blob": lambda value: base64.b64encode(value).decode(),
}
