"""Every operation of the implemented services through boto3's real client: what it sends parses to what it was given, and what
the codec answers reads back as what it was given. test_serializers.py does the same for services that come next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.model import OperationModel, Shape, StructureShape

import atoll.services
from atoll.protocol.event_stream import stream_member
from atoll.protocol.models import Models
from atoll.protocol.wire import WireRequest, WireResponse

from .protocol_cases import typed
from .samples import Samples

SERVICES = tuple(service.name for service in atoll.services.SERVICES)
MODELS = Models(SERVICES)


def operations() -> Iterator[Any]:
    for service in SERVICES:
        for name in MODELS.service(service).operation_names:
            if stream_member(MODELS.service(service).operation_model(name).output_shape) is None:
                yield pytest.param(service, name, id=f"{service}-{name}")


class Body(bytes):
    """A response's body as botocore's HTTP session gives it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self

    def read(self, *_: Any, **__: Any) -> bytes:
        return self


class Wire:
    """A client whose requests end here, and are answered by what `answer` holds."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.sent: WireRequest | None = None
        self.answer: WireResponse | None = None
        self.client = boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url="http://127.0.0.1:1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(inject_host_prefix=False, retries={"max_attempts": 0}),
        )
        self.client.meta.events.register("before-send", self._send)

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        url = urlsplit(request.url)
        headers = {name.lower(): v.decode() if isinstance(v, bytes) else str(v) for name, v in request.headers.items()}
        body = request.body or b""
        body = body.read() if hasattr(body, "read") else body
        self.sent = WireRequest(
            request.method, url.path, url.query, headers, body.encode() if isinstance(body, str) else bytes(body)
        )
        assert self.answer is not None
        return AWSResponse(request.url, self.answer.status, dict(self.answer.headers), Body(self.answer.body))

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        result = self.client._make_api_call(operation, params)
        assert result.pop("ResponseMetadata")["RequestId"] == "request-id"
        return {k: v.read() if hasattr(v, "read") else v for k, v in result.items()}


@pytest.fixture(scope="module")
def wires() -> dict[str, Wire]:
    return {service: Wire(service) for service in SERVICES}


def visible(shape: Shape | None, value: dict[str, Any]) -> dict[str, Any]:
    """Without what the wire cannot tell from nothing: empty structures and bodies, and the status, which is always there."""
    if not isinstance(shape, StructureShape):
        return value
    status = {n for n, m in shape.members.items() if m.serialization.get("location") == "statusCode"}
    return {k: v for k, v in typed(shape, value).items() if k not in status and v not in ({}, b"")}


def without_generated(shape: Shape | None, parsed: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """Without the idempotency tokens that the client made up itself."""
    tokens = (
        {n for n, m in shape.members.items() if m.metadata.get("idempotencyToken")}
        if isinstance(shape, StructureShape)
        else set()
    )
    return {k: v for k, v in parsed.items() if k in params or k not in tokens}


ACCEPTS = {("apigateway", "GetExport"): {"accepts": "application/json"}}
"""What the client asks for where the caller does not: botocore sends `Accept: application/json` to API Gateway."""


def bound(model: OperationModel) -> set[str]:
    """The names of query parameters that are not the caller's: other members' and those of the operation's own path."""
    members = model.input_shape.members.values() if isinstance(model.input_shape, StructureShape) else ()
    own = {m.serialization["name"] for m in members if "name" in m.serialization}
    return own | dict(parse_qsl(urlsplit(model.http["requestUri"]).query)).keys()


def without_bound(model: OperationModel, parsed: dict[str, Any]) -> dict[str, Any]:
    """Without the query parameters that a map of all of them has besides the caller's (Smithy: "httpQueryParams trait")."""
    members = model.input_shape.members if isinstance(model.input_shape, StructureShape) else {}
    maps = {n for n, m in members.items() if m.serialization.get("location") == "querystring" and m.type_name == "map"}
    return {
        name: {k: v for k, v in value.items() if k not in bound(model)} if name in maps else value
        for name, value in parsed.items()
    }


@pytest.mark.parametrize("full", [False, True], ids=["required", "full"])
@pytest.mark.parametrize(("service", "operation"), list(operations()))
def test_round_trip(wires: dict[str, Wire], service: str, operation: str, full: bool) -> None:
    codec, model = MODELS.codec(service), MODELS.service(service).operation_model(operation)
    samples = Samples(f"{service}.{operation}", full=full)
    params, output = samples.structure(model.input_shape), samples.structure(model.output_shape)
    wire = wires[service]
    wire.answer = codec.serialize(operation, output, "request-id")

    result = wire.call(operation, params)

    assert wire.sent is not None
    assert codec.operation_of(wire.sent) == operation
    parsed = without_bound(model, without_generated(model.input_shape, codec.parse(operation, wire.sent), params))
    given = ACCEPTS.get((service, operation), {}) | params
    assert visible(model.input_shape, parsed) == visible(model.input_shape, given)
    assert visible(model.output_shape, result) == visible(model.output_shape, output)
