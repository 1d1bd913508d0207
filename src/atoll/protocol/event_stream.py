"""Event streams: events and errors as messages of `application/vnd.amazon.eventstream`.

A message is a prelude (two lengths and their CRC), typed headers, a payload, and a CRC of it all.
docs: https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from typing import Any

from botocore.model import Shape, StructureShape

from atoll.kernel.errors import ServiceError
from atoll.protocol import timestamps

CONTENT_TYPE = "application/vnd.amazon.eventstream"

Document = Callable[[Mapping[str, Any]], bytes]
Documents = Callable[[StructureShape, Iterable[str]], Document]
"""Compiles what writes the named members of a structure as one document of the service's protocol."""
Events = Callable[[AsyncGenerator[Mapping[str, Any], None]], AsyncGenerator[bytes, None]]
"""From events, each a mapping of one member of the stream's shape (`{"sessionUpdate": {…}}`), to their messages. Closing the messages
closes the events."""

_STRING, _TRUE, _FALSE = 7, 0, 1
_HEADER_TYPES: dict[str, tuple[int, Callable[[Any], bytes]]] = {
    "byte": (2, struct.Struct("!b").pack),
    "short": (3, struct.Struct("!h").pack),
    "integer": (4, struct.Struct("!i").pack),
    "long": (5, struct.Struct("!q").pack),
    "blob": (6, lambda value: struct.pack("!H", len(value)) + value),
    "string": (_STRING, lambda value: _text(value)),
    "timestamp": (8, lambda value: struct.pack("!q", round(timestamps.write_epoch(value) * 1000))),
}


def message(headers: bytes, payload: bytes) -> bytes:
    """One message. `headers` are as `header` encodes them."""
    prelude = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    start = prelude + struct.pack("!I", binascii.crc32(prelude)) + headers + payload
    return start + struct.pack("!I", binascii.crc32(start))


def header(name: str, value: Any, type_name: str = "string") -> bytes:
    """One header, of the type that a scalar shape of `type_name` has."""
    start = bytes([len(name)]) + name.encode()
    if type_name == "boolean":
        return start + bytes([_TRUE if value else _FALSE])
    number, encode = _HEADER_TYPES[type_name]
    return start + bytes([number]) + encode(value)


def stream_member(shape: StructureShape | None) -> str | None:
    """The name of the output's member that is an event stream, None where it has none."""
    members = shape.members.items() if shape is not None else ()
    return next((name for name, member in members if member.serialization.get("eventstream")), None)


def compile_events(stream: Shape, documents: Documents, content_type: str) -> Events:
    """Writes the events of `stream`. A ServiceError that the iterator raises ends the stream with an exception that the shape has,
    else with an error message; any other exception passes through, and cuts the connection."""
    assert isinstance(stream, StructureShape)
    kinds = {name: member for name, member in stream.members.items() if isinstance(member, StructureShape)}
    writers = {name: _message_writer(name, member, documents, content_type) for name, member in kinds.items()}
    exceptions = {member.name: name for name, member in kinds.items() if member.metadata.get("exception")}

    async def write(events: AsyncGenerator[Mapping[str, Any], None]) -> AsyncGenerator[bytes, None]:
        try:
            async with aclosing(events):
                async for event in events:
                    for name, value in event.items():
                        yield writers[name](value)
        except ServiceError as error:
            name = exceptions.get(error.code, "")
            if name:
                yield writers[name](_exception_members(kinds[name], error))
            else:
                yield _error_message(error)

    return write


def compile_rpc_stream(
    shape: StructureShape, documents: Documents, content_type: str
) -> Callable[[Mapping[str, Any]], AsyncGenerator[bytes, None]]:
    """The whole answer of an RPC protocol: the members beside the stream, as an initial response, then the events."""
    name = stream_member(shape)
    assert name is not None
    initial = documents(shape, [member for member in shape.members if member != name])
    write = compile_events(shape.members[name], documents, content_type)
    start = header(":message-type", "event") + header(":event-type", "initial-response")
    start += header(":content-type", content_type)

    async def answer(output: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        yield message(start, initial(output))
        async with aclosing(write(output[name])) as pieces:
            async for piece in pieces:
                yield piece

    return answer


def _message_writer(name: str, shape: StructureShape, documents: Documents, content_type: str) -> Document:
    """Writes one kind of event, or of exception: members go to headers, and one member or all others to the payload."""
    kind = "exception" if shape.metadata.get("exception") else "event"
    fixed = header(":message-type", kind) + header(f":{kind}-type", name)
    in_headers = [(n, m.type_name) for n, m in shape.members.items() if m.serialization.get("eventheader")]
    payload_type, payload = _payload_writer(shape, documents, content_type)
    if payload_type:
        fixed += header(":content-type", payload_type)

    def write(value: Mapping[str, Any]) -> bytes:
        headers = [header(n, v, type_name) for n, type_name in in_headers if (v := value.get(n)) is not None]
        return message(fixed + b"".join(headers), payload(value))

    return write


def _payload_writer(shape: StructureShape, documents: Documents, content_type: str) -> tuple[str, Document]:
    """The content type of a payload ("" where there is none), and what writes it."""
    named = next((n for n, m in shape.members.items() if m.serialization.get("eventpayload")), None)
    if named is None:
        rest = [n for n, m in shape.members.items() if not m.serialization.get("eventheader")]
        return (content_type, documents(shape, rest)) if rest else ("", lambda value: b"")
    member: Shape = shape.members[named]
    if isinstance(member, StructureShape):
        write = documents(member, member.members)
        return content_type, lambda value: write(value.get(named) or {})
    if member.type_name == "blob":
        return "application/octet-stream", lambda value: bytes(value.get(named) or b"")
    return "text/plain", lambda value: str(value.get(named) or "").encode()


def _exception_members(shape: StructureShape, error: ServiceError) -> dict[str, Any]:
    key = next((name for name in shape.members if name.lower() == "message"), "")
    return {**error.members, **({key: error.message} if key else {})}


def _error_message(error: ServiceError) -> bytes:
    headers = header(":message-type", "error") + header(":error-code", error.code)
    return message(headers + header(":error-message", error.message), b"")


def _text(value: str) -> bytes:
    raw = value.encode()[:0x7FFF]
    return struct.pack("!H", len(raw)) + raw
