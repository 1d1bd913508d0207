"""Event streams: what is encoded reads back through botocore's own decoder, errors included."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from botocore.awsrequest import HeadersDict
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import EventStreamError
from botocore.model import StructureShape
from botocore.parsers import create_parser

from atoll.kernel.errors import ServiceError
from atoll.protocol.event_stream import stream_member
from atoll.protocol.models import Models
from atoll.protocol.wire import WireResponse

from .protocol_cases import typed
from .samples import Samples

MODELS = Models()
STREAMS = [
    ("lambda", "InvokeWithResponseStream"),
    ("logs", "StartLiveTail"),
    ("logs", "GetLogObject"),
    ("kinesis", "SubscribeToShard"),
    ("s3", "SelectObjectContent"),
    ("bedrock-runtime", "ConverseStream"),
    ("bedrock-runtime", "InvokeModelWithResponseStream"),
    ("iotsitewise", "InvokeAssistant"),
]


class Piped:
    """A response's body as botocore reads it, one message at a time."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def stream(self, **_: Any) -> Any:
        yield from self._pieces

    def close(self) -> None: ...


async def collected(response: WireResponse) -> list[bytes]:
    assert not isinstance(response.body, bytes)
    return [piece async for piece in response.body]


async def given(events: list[dict[str, Any]], raising: Exception | None = None) -> AsyncIterator[dict[str, Any]]:
    for event in events:
        yield event
    if raising is not None:
        raise raising


async def read_back(service: str, operation: str, response: WireResponse) -> dict[str, Any]:
    model = MODELS.service(service)
    headers = HeadersDict()
    for name, value in response.headers:
        headers[name] = value
    raw = {
        "status_code": response.status,
        "headers": headers,
        "body": Piped(await collected(response)),
        "context": {"operation_name": operation},
    }
    shape = model.operation_model(operation).output_shape
    read: dict[str, Any] = create_parser(model.metadata["protocol"]).parse(raw, shape)
    return read


@pytest.mark.parametrize(("service", "operation"), STREAMS)
async def test_every_event_reads_back(service: str, operation: str) -> None:
    codec, shape = MODELS.codec(service), MODELS.service(service).operation_model(operation).output_shape
    name = stream_member(shape)
    assert name is not None
    stream, samples = shape.members[name], Samples(operation, full=True)
    events = [
        {kind: samples.structure(member)}
        for kind, member in stream.members.items()
        if isinstance(member, StructureShape) and not member.metadata.get("exception")
    ]
    others = {n: v for n, v in samples.structure(shape).items() if n not in (name, "ResponseStreamContentType")}
    response = codec.serialize(operation, {**others, name: given(events)}, "request-id")
    assert dict(response.headers)["Content-Type"] == "application/vnd.amazon.eventstream"

    read = await read_back(service, operation, response)
    assert [typed(stream, event) for event in read.pop(name)] == [typed(stream, event) for event in events]
    assert {n: v for n, v in typed(shape, read).items() if n in others} == typed(shape, others)


async def test_rpc_protocols_say_the_other_members_first() -> None:
    response = MODELS.codec("logs").serialize("StartLiveTail", {"responseStream": given([])}, "request-id")
    buffer = EventStreamBuffer()
    for piece in await collected(response):
        buffer.add_data(piece)
    first, *rest = list(buffer)
    assert first.headers[":event-type"] == "initial-response"
    assert first.payload == b"{}"
    assert rest == []


class SessionTimeoutException(ServiceError): ...


class Surprise(ServiceError): ...


@pytest.mark.parametrize(
    ("raised", "code", "message"),
    [
        (SessionTimeoutException("The session is over."), "SessionTimeoutException", "The session is over."),
        (Surprise("Nobody modelled this."), "Surprise", "Nobody modelled this."),
    ],
)
async def test_an_error_ends_the_stream_after_what_came_before(raised: ServiceError, code: str, message: str) -> None:
    event = {"sessionUpdate": {"sessionMetadata": {"sampled": False}, "sessionResults": []}}
    response = MODELS.codec("logs").serialize("StartLiveTail", {"responseStream": given([event], raised)}, "request-id")
    received = iter((await read_back("logs", "StartLiveTail", response))["responseStream"])
    assert next(received) == event
    with pytest.raises(EventStreamError) as caught:
        next(received)
    assert caught.value.response["Error"] == {"Code": code, "Message": message}


async def test_a_failure_cuts_the_stream() -> None:
    broken = given([{"PayloadChunk": {"Payload": b"a"}}], RuntimeError("bug"))
    response = MODELS.codec("lambda").serialize("InvokeWithResponseStream", {"EventStream": broken}, "request-id")
    with pytest.raises(RuntimeError, match="bug"):
        await collected(response)
