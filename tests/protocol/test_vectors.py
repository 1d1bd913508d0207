"""botocore's protocol cases in the server's direction: requests parse to their params, results serialize to what botocore reads."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from atoll.kernel.errors import ServiceError
from atoll.protocol.wire import WireRequest, WireResponse

from .protocol_cases import Case, load, typed

GENERATED = "00000000-0000-4000-8000-000000000000"
"""The idempotency token that botocore makes up in the cases; the params do not have it."""

INPUT_SKIPS = {
    "rest-xml-BodyWithXmlName": "botocore gives a member the XML name of its shape (S3's SSE-KMS); the case wants the member's own",
}
ONE_NAME = "botocore reads flattened lists by the name of their items, which is one name for two of these lists"
OUTPUT_SKIPS = {
    "ec2-Ec2XmlLists": ONE_NAME,
    "query-QueryXmlLists": ONE_NAME,
    "rest-xml-XmlLists": ONE_NAME,
    "rest-json-RestJsonHttpPayloadWithUnsetUnion": "botocore reads an empty body as a union with nothing set, and refuses it",
    "rest-xml-RestXmlHttpPayloadWithUnsetUnion": "botocore reads an empty body as a union with nothing set, and refuses it",
}
BY_HEADER = {
    "rest-json-RestJsonInputAndOutputWithQuotedStringHeaders": "X-StringList",
    "rest-json-RestJsonInputAndOutputWithTimestampHeaders": "X-TimestampList",
    "rest-xml-InputAndOutputWithTimestampHeaders": "X-TimestampList",
}
"""Cases of lists in headers that botocore itself, which splits them at every comma, cannot read: the header must be the case's."""


def cases(direction: str, skips: dict[str, str]) -> list[Any]:
    found = list(load(direction))
    assert skips.keys() <= {case.id for case in found}
    return [
        pytest.param(case, id=case.id, marks=[pytest.mark.xfail(reason=skips[case.id])] if case.id in skips else [])
        for case in found
    ]


def request_of(case: Case) -> WireRequest:
    """The request that the case describes, as the codec gets it: the edge has unpacked what was compressed, and what only the client
    adds before the path is not there."""
    wire = case.data["serialized"]
    url = urlsplit(wire["uri"])
    headers = {name.lower(): value for name, value in wire.get("headers", {}).items()}
    path = "/" + url.path.removeprefix("/" + wire.get("host", "").partition("/")[2]).lstrip("/")
    body = wire.get("body", "").encode()
    if "requestcompression" in case.data["given"]:  # such cases give no body, only that it is compressed
        given = create_serializer(case.protocol).serialize_to_request(case.data["params"], case.operation)["body"]
        body = given if isinstance(given, bytes) else urlencode(given).encode()
        if headers.pop("content-encoding") != "gzip":
            headers["content-encoding"] = "custom"
    elif case.protocol == "smithy-rpc-v2-cbor":
        body = base64.b64decode(body)
    if case.protocol == "json":
        headers.setdefault("x-amz-target", f"{case.model.metadata['targetPrefix']}.{case.operation.name}")
    return WireRequest(wire["method"], path, url.query, headers, body)


def sent(case: Case, value: dict[str, Any]) -> dict[str, Any]:
    """What a server can see of an input: in forms, headers and query strings nothing tells an empty value from none, and the map of a
    query string's unnamed parameters holds all of them (Smithy: httpQueryParams)."""
    shape = case.operation.input_shape
    seen = {k: v for k, v in typed(shape, value).items() if k in shape.members} if shape is not None else {}
    places = {name: member.serialization for name, member in (shape.members.items() if shape is not None else ())}
    named = {place.get("name", name) for name, place in places.items() if place.get("location") == "querystring"}
    for name, place in places.items():
        if place.get("location") == "querystring" and isinstance(seen.get(name), dict):
            values = {key: item for key, item in seen[name].items() if key not in named}
            seen[name] = {
                key: item[0] if isinstance(item, list) and len(item) == 1 else item for key, item in values.items()
            }
    bodies = case.protocol in ("json", "smithy-rpc-v2-cbor")
    payload = shape.serialization.get("payload") if shape is not None else None
    return {
        name: item
        for name, item in seen.items()
        if item not in ({}, [], b"", "")
        or bodies
        or ("location" not in places[name] and name != payload and case.protocol not in ("ec2", "query"))
    }


@pytest.mark.parametrize("case", cases("input", INPUT_SKIPS))
def test_request_parses_to_its_params(case: Case) -> None:
    request = request_of(case)
    assert case.codec.operation_of(request) == case.operation.name
    parsed = case.codec.parse(case.operation.name, request)
    if GENERATED in str(parsed) and GENERATED not in str(case.data["params"]):
        parsed = {name: value for name, value in parsed.items() if value != GENERATED}
    assert sent(case, parsed) == sent(case, case.data["params"])


@pytest.mark.parametrize("case", cases("output", OUTPUT_SKIPS))
def test_result_reads_back_through_botocore(case: Case) -> None:
    if "error" in case.data:
        check_error(case)
        return
    shape = case.operation.output_shape
    expected = typed(shape, case.data["result"])
    status = case.data["response"].get("status_code", 200)
    response = case.codec.serialize(case.operation.name, floats(expected), "request-id")
    assert response.status == status
    if (header := BY_HEADER.get(case.id)) is not None:
        assert dict(response.headers)[header] == case.data["response"]["headers"][header]
        return
    read = parsed_by_botocore(case, response)
    assert without_empty_body(case, typed(shape, read)) == expected


def without_empty_body(case: Case, read: dict[str, Any]) -> dict[str, Any]:
    """What was read, without what every answer has: a body, which may be empty, and the header of the request's id, which a map of all
    headers holds too."""
    payload = case.operation.output_shape.serialization.get("payload") if case.operation.output_shape else None
    if payload is not None and read.get(payload) == b"":
        del read[payload]
    for value in read.values():
        if isinstance(value, dict):
            value.pop("x-amzn-RequestId", None)
    return read


def check_error(case: Case) -> None:
    name = next(ref["shape"] for ref in case.data["given"]["errors"])
    shape = case.model.shape_for(name)
    members = typed(shape, case.data["error"])
    message = case.data.get("errorMessage", "")
    further = {key: value for key, value in members.items() if key.lower() != "message"}
    error = type(name, (ServiceError,), {})(message, **further)
    request = WireRequest("POST", "/", "", {"x-amzn-query-mode": "true"}, b"")
    response = case.codec.error(error, "request-id", case.operation.name, request)
    assert response.status == shape.metadata.get("error", {}).get("httpStatusCode", 400)
    read = parsed_by_botocore(case, response)
    assert read["Error"]["Code"] == case.data["errorCode"]
    assert read["Error"].get("Message", "") == message
    assert {key: value for key, value in typed(shape, read).items() if key.lower() != "message"} == further


def parsed_by_botocore(case: Case, response: WireResponse) -> dict[str, Any]:
    """What a client sees: of an error, what every error has and the members of its own shape."""
    headers = HeadersDict()
    for name, value in response.headers:
        headers[name] = value
    parser = create_parser(case.protocol)
    raw = {"status_code": response.status, "headers": headers, "body": response.body}
    read = parser.parse(raw, case.operation.output_shape)
    metadata = read.pop("ResponseMetadata")
    assert metadata["HTTPHeaders" if case.protocol == "smithy-rpc-v2-cbor" else "RequestId"]
    if "errors" in case.data["given"] and "Error" in read:
        error_shape = case.model.shape_for(case.data["given"]["errors"][0]["shape"])
        read = {**parser.parse(raw, error_shape), **read}
    return read


def floats(value: Any) -> Any:
    """`typed` writes NaN as text, so that it equals itself; a service would return the float."""
    if isinstance(value, dict):
        return {key: floats(item) for key, item in value.items()}
    return float("nan") if value == "NaN" else value
