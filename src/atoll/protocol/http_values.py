"""Values in HTTP's own places (REST protocols): labels, query strings, headers, the status code."""

from __future__ import annotations

import base64
import binascii
import csv
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import msgspec
from botocore.model import ListShape, Shape

from atoll.kernel.errors import MalformedRequest
from atoll.protocol.json_values import decode
from atoll.protocol.scalars import read_text, write_text


def decode_label(raw: str) -> str:
    """A path segment without its percent-encoding. Raises MalformedRequest where that is no UTF-8."""
    try:
        return unquote(raw, errors="strict")
    except UnicodeDecodeError as error:
        raise MalformedRequest("The path is not valid UTF-8") from error


def query_reader(shape: Shape) -> Callable[[list[str]], Any]:
    """A function from the values that a query string gives one name to a value of `shape`."""
    if isinstance(shape, ListShape):
        read_item = read_text(shape.member)
        return lambda values: [read_item(value) for value in values]
    read = read_text(shape)
    return lambda values: read(values[-1])


def header_reader(shape: Shape) -> Callable[[str], Any]:
    """A function from a header's text to a value of `shape`."""
    if shape.serialization.get("jsonvalue"):
        return _read_json_header
    if isinstance(shape, ListShape):
        read_item = read_text(shape.member)
        if shape.member.type_name == "timestamp":
            return lambda text: [read_item(item) for item in _split_dates(text)]
        return lambda text: [read_item(item) for item in _split_list(text)]
    return read_text(shape)


def header_writer(shape: Shape) -> Callable[[Any], str]:
    """A function from a value of `shape` to a header's text."""
    if shape.serialization.get("jsonvalue"):
        return lambda value: base64.b64encode(msgspec.json.encode(value)).decode()
    if isinstance(shape, ListShape):
        write_item = write_text(shape.member, "rfc822")
        quote = _quote if shape.member.type_name == "string" else str
        return lambda value: ", ".join(quote(write_item(item)) for item in value)
    return write_text(shape, "rfc822")


def _read_json_header(text: str) -> Any:
    try:
        return decode(binascii.a2b_base64(text, strict_mode=True))
    except ValueError as error:
        raise MalformedRequest("Invalid Base64 in a header") from error


def _split_list(text: str) -> list[str]:
    if not text:
        return []
    if '"' not in text:
        return [item.strip() for item in text.split(",")]
    try:
        return next(csv.reader([text], skipinitialspace=True, doublequote=False, escapechar="\\"), [])
    except csv.Error as error:
        raise MalformedRequest("A header is not a well-formed list") from error


def _split_dates(text: str) -> list[str]:
    """HTTP dates hold a comma themselves."""
    parts = [part.strip() for part in text.split(",")]
    if any(part.isalpha() for part in parts):
        return [f"{day}, {rest}" for day, rest in zip(parts[::2], parts[1::2], strict=False)]
    return parts


def _quote(text: str) -> str:
    if "," not in text and '"' not in text:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
