"""botocore's protocol cases in the server's direction: requests parse to their params, results serialize to what botocore reads."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser

from atoll.kernel.errors import ServiceError
from atoll.protocol.wire import WireRequest, WireResponse

from .protocol_cases import Case, load, typed

GENERATED = "00000000-0000-4000-8000-000000000000"
"""The idempotency token that botocore makes up in the cases; the params do not have it."""

CLIENT_PATH = "the client's endpoint has a path of its own, which no server of AWS has"
SAME_ON_THE_WIRE = "an empty value and an absent one are the same on the wire"
NO_BODY = "the case gives no body (it stands for a gzip stream, which the edge unpacks)"
NO_TARGET = "the case leaves X-Amz-Target out, without which no server knows the operation"
WHOLE_QUERY = "a server's map holds the whole query string, also what the client gave by name (Smithy: httpQueryParams)"
INPUT_SKIPS = {
    "json-SDKAppliedContentEncoding_awsJson1_1": NO_BODY,
    "json-SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1": NO_BODY,
    "json_1_0-AwsJson10EndpointTrait": NO_TARGET,
    "json_1_0-AwsJson10EndpointTraitWithHostLabel": NO_TARGET,
    "json_1_0-AwsJson10HostWithPath": NO_TARGET,
    "json_1_0-SDKAppliedContentEncoding_awsJson1_0": NO_BODY,
    "json_1_0-SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0": NO_BODY,
    "query-SDKAppliedContentEncoding_awsQuery": NO_BODY,
    "query-SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery": NO_BODY,
    "rest-json-SDKAppliedContentEncoding_restJson1": NO_BODY,
    "rest-json-SDKAppendedGzipAfterProvidedEncoding_restJson1": NO_BODY,
    "rest-json-RestJsonHttpWithEmptyStructurePayload": SAME_ON_THE_WIRE,
    "query-QueryEmptyQueryMaps": SAME_ON_THE_WIRE,
    "rest-json-MediaTypeHeaderInputBase64": "the params hold JSON text; Atoll, like botocore, takes and gives the value",
    "rest-json-RestJsonHostWithPath": CLIENT_PATH,
    "rest-json-RestJsonHttpPrefixHeadersAreNotPresent": SAME_ON_THE_WIRE,
    "rest-json-RestJsonHttpWithHeadersButNoPayload": SAME_ON_THE_WIRE,
    "rest-json-RestJsonOmitsEmptyListQueryValues": SAME_ON_THE_WIRE,
    "rest-json-RestJsonQueryParamsStringListMap": WHOLE_QUERY,
    "rest-json-RestJsonQueryPrecedence": WHOLE_QUERY,
}
OUTPUT_SKIPS = {
    "query-QueryXmlLists": "botocore reads two flattened lists by the name of their items, which is one name",
    "rest-json-HttpPrefixHeadersResponse": "an empty prefix takes every header, those of every response among them",
    "rest-json-RestJsonHttpPayloadTraitsWithNoBlobBody": "botocore reads an empty body as b''",
    "rest-json-RestJsonHttpPayloadWithUnsetUnion": "botocore reads an empty body as an empty structure",
    "rest-json-RestJsonInputAndOutputWithQuotedStringHeaders": "botocore splits header lists at every comma",
    "rest-json-RestJsonInputAndOutputWithTimestampHeaders": "botocore splits header lists at every comma",
}


def cases(direction: str, skips: dict[str, str]) -> list[Any]:
    found = list(load(direction))
    assert skips.keys() <= {case.id for case in found}
    return [
        pytest.param(case, id=case.id, marks=[pytest.mark.xfail(reason=skips[case.id])] if case.id in skips else [])
        for case in found
    ]


def request_of(case: Case) -> WireRequest:
    wire = case.data["serialized"]
    url = urlsplit(wire["uri"])
    headers = {name.lower(): value for name, value in wire.get("headers", {}).items()}
    return WireRequest(wire["method"], url.path, url.query, headers, wire.get("body", "").encode())


@pytest.mark.parametrize("case", cases("input", INPUT_SKIPS))
def test_request_parses_to_its_params(case: Case) -> None:
    request = request_of(case)
    assert case.codec.operation_of(request) == case.operation.name
    shape = case.operation.input_shape
    parsed = case.codec.parse(case.operation.name, request)
    if GENERATED in str(parsed) and GENERATED not in str(case.data["params"]):
        parsed = {name: value for name, value in parsed.items() if value != GENERATED}
    assert typed(shape, parsed) == typed(shape, case.data["params"])


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
    read = parsed_by_botocore(case, response)
    assert typed(shape, read) == expected


def check_error(case: Case) -> None:
    name = next(ref["shape"] for ref in case.data["given"]["errors"])
    shape = case.model.shape_for(name)
    members = typed(shape, case.data["error"])
    message = case.data.get("errorMessage", "")
    further = {key: value for key, value in members.items() if key.lower() != "message"}
    error = type(name, (ServiceError,), {})(message, **further)
    response = case.codec.error(error, "request-id", case.operation.name)
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
    parser = create_parser(case.model.metadata["protocol"])
    raw = {"status_code": response.status, "headers": headers, "body": response.body}
    read = parser.parse(raw, case.operation.output_shape)
    assert read.pop("ResponseMetadata")["RequestId"] == "request-id"
    if "errors" in case.data["given"] and "Error" in read:
        error_shape = case.model.shape_for(case.data["given"]["errors"][0]["shape"])
        read = {**parser.parse(raw, error_shape), **read}
    return read


def floats(value: Any) -> Any:
    """`typed` writes NaN as text, so that it equals itself; a service would return the float."""
    if isinstance(value, dict):
        return {key: floats(item) for key, item in value.items()}
    return float("nan") if value == "NaN" else value
