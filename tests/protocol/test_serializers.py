"""Every operation of the services that come next, in each of their protocols, through botocore's own serializer and parser: requests
parse to their params, answers and errors read back. (test_clients.py does it with whole clients.)"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import HeadersDict, create_request_object, prepare_request_dict
from botocore.model import MapShape, OperationModel, Shape, StructureShape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from atoll.kernel.errors import ServiceError
from atoll.protocol.codec import Codec
from atoll.protocol.event_stream import stream_member
from atoll.protocol.models import Models
from atoll.protocol.wire import WireRequest, WireResponse

from .protocol_cases import typed
from .samples import Samples

NEXT = {
    "cloudformation": ("query",),
    "cloudwatch": ("smithy-rpc-v2-cbor", "json", "query"),
    "cognito-idp": ("json",),
    "ec2": ("ec2",),
    "events": ("json",),
    "kms": ("json",),
    "rds": ("query",),
    "route53": ("rest-xml",),
    "s3": ("rest-xml",),
    "sns": ("query",),
    "sqs": ("json", "query"),
    "ssm": ("json",),
}
MODELS = Models(tuple(NEXT))
ASKS: dict[str, dict[str, str]] = {
    "smithy-rpc-v2-cbor": {"smithy-protocol": "rpc-v2-cbor"},
    "json": {"x-amz-target": "x"},
    "query": {"content-type": "application/x-www-form-urlencoded"},
}
"""What a request has that is in a protocol."""
ELSEWHERE = {
    ("s3", "GetBucketLocation"): "its answer is one bare element, which botocore's parser does not read (test_s3.py)",
    (
        "s3",
        "ListDirectoryBuckets",
    ): "its requests differ from those of ListBuckets in nothing but the host (test_s3.py)",
    ("s3", "GetBucketLifecycle"): "its requests are those of GetBucketLifecycleConfiguration, which took its place",
    (
        "s3",
        "GetBucketNotification",
    ): "its requests are those of GetBucketNotificationConfiguration, which took its place",
    ("s3", "PutBucketLifecycle"): "its requests are those of PutBucketLifecycleConfiguration, which took its place",
    (
        "s3",
        "PutBucketNotification",
    ): "its requests are those of PutBucketNotificationConfiguration, which took its place",
}


def codec_of(service: str, protocol: str) -> Codec:
    codec = MODELS.codec(service, WireRequest("POST", "/", "", ASKS.get(protocol, {}), b""))
    assert codec.name == protocol
    return codec


def operations() -> Iterator[Any]:
    for service, protocols in NEXT.items():
        for name in MODELS.service(service).operation_names:
            for protocol in protocols:
                if (service, name) not in ELSEWHERE:
                    yield pytest.param(service, protocol, name, id=f"{service}-{protocol}-{name}")


def request_of(operation: OperationModel, protocol: str, params: dict[str, Any]) -> WireRequest:
    described = create_serializer(protocol, include_validation=False).serialize_to_request(params, operation)
    prepare_request_dict(described, "http://127.0.0.1:1")
    prepared = create_request_object(described).prepare()
    url = urlsplit(prepared.url)
    headers = {name.lower(): v.decode() if isinstance(v, bytes) else str(v) for name, v in prepared.headers.items()}
    body = prepared.body or b""
    return WireRequest(
        prepared.method, url.path, url.query, headers, body.encode() if isinstance(body, str) else bytes(body)
    )


def read_by_botocore(shape: Shape | None, protocol: str, response: WireResponse) -> dict[str, Any]:
    headers = HeadersDict()
    for name, value in response.headers:
        headers[name] = value
    payload = shape.members.get(shape.serialization.get("payload", "")) if isinstance(shape, StructureShape) else None
    streams = payload is not None and payload.serialization.get("streaming")
    raw = {
        "status_code": response.status,
        "headers": headers,
        "body": BytesIO(response.body) if streams else response.body,
    }
    read: dict[str, Any] = create_parser(protocol).parse(raw, shape)
    return {name: value.read() if isinstance(value, BytesIO) else value for name, value in read.items()}


def visible(shape: Shape | None, value: dict[str, Any], *, text: bool) -> dict[str, Any]:
    """Without what the wire cannot tell from nothing: empty structures and bodies, the status, which is always there, and in forms, XML
    and headers empty lists; the names of headers in lower case. botocore writes a carriage return into XML as it is, which makes it a
    line feed."""
    if not isinstance(shape, StructureShape):
        return {}
    status = {n for n, m in shape.members.items() if m.serialization.get("location") == "statusCode"}
    payload = shape.serialization.get("payload")
    seen = {k: v for k, v in typed(shape, value).items() if k not in status and (k != payload or v != "")}
    for name, member in shape.members.items():
        if isinstance(member, MapShape) and member.serialization.get("location") == "headers" and name in seen:
            seen[name] = {key.lower(): item for key, item in seen[name].items()}
    return without_empty(seen) if text else {k: v for k, v in seen.items() if v not in ({}, b"")}


def without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        shown = ((key, without_empty(item)) for key, item in value.items())
        return {key: item for key, item in shown if item not in ({}, [], b"")}
    if isinstance(value, list):
        return [shown for item in value if (shown := without_empty(item)) not in ({}, [], b"")]
    return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value


@pytest.mark.parametrize("full", [False, True], ids=["required", "full"])
@pytest.mark.parametrize(("service", "protocol", "name"), list(operations()))
def test_round_trip(service: str, protocol: str, name: str, full: bool) -> None:
    codec = codec_of(service, protocol)
    operation = codec.model.operation_model(name)
    samples = Samples(f"{service}.{name}", full=full)
    params, output = samples.structure(operation.input_shape), samples.structure(operation.output_shape)
    text = protocol not in ("json", "smithy-rpc-v2-cbor")

    request = request_of(operation, protocol, params)
    assert codec.operation_of(request) == name
    parsed = codec.parse(name, request)
    if "ContentLength" not in params:
        parsed.pop("ContentLength", None)  # the client's HTTP library sends it with every body
    assert visible(operation.input_shape, parsed, text=text) == visible(operation.input_shape, params, text=text)

    if stream_member(operation.output_shape) is None:
        read = read_by_botocore(operation.output_shape, protocol, codec.serialize(name, output, "request-id"))
        assert visible(operation.output_shape, read, text=text) == visible(operation.output_shape, output, text=text)


@pytest.mark.parametrize(
    ("service", "protocol"), [(service, p) for service, protocols in NEXT.items() for p in protocols]
)
def test_every_modelled_error_reads_back(service: str, protocol: str) -> None:
    codec = codec_of(service, protocol)
    for shape in codec.model.error_shapes:
        further = {n: v for n, v in Samples(shape.name, full=True).structure(shape).items() if n.lower() != "message"}
        error = type(shape.name, (ServiceError,), {})("Broken <&> é", **further)
        request = WireRequest("POST", "/", "", {"x-amzn-query-mode": "true"}, b"")
        response = codec.error(error, "request-id", None, request)
        read = read_by_botocore(None, protocol, response)
        assert read["Error"]["Code"] == shape.metadata.get("error", {}).get("code", shape.name)
        assert read["Error"]["Message"] == "Broken <&> é"
        assert response.status == shape.metadata.get("error", {}).get("httpStatusCode", 400)
        members = read_by_botocore(shape, protocol, response)
        text = protocol not in ("json", "smithy-rpc-v2-cbor")
        members = {n: v for n, v in members.items() if n.lower() != "message" and n in shape.members}
        assert visible(shape, members, text=text) == visible(shape, further, text=text)
