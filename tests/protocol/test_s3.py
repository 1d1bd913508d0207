"""S3's peculiarities: buckets in host names, keys exactly as sent, sub-resources, bare payloads, errors without a wrapper."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

from atoll.kernel.errors import (
    AccessDenied,
    BadBody,
    ExpiredToken,
    IncompleteSignature,
    InternalFailure,
    InvalidSignature,
    MalformedRequest,
    MissingAuthenticationToken,
    NotImplementedByAtoll,
    RequestTooLarge,
    ServiceError,
    SignatureOutOfDate,
    UnknownOperation,
    UnrecognizedClient,
)
from atoll.protocol.models import Models
from atoll.protocol.s3 import bucket_of_host
from atoll.protocol.wire import WireRequest, WireResponse

MODELS = Models(["s3"])
S3 = MODELS.codec("s3")


def request(method: str, path: str, query: str = "", body: bytes = b"", **headers: str) -> WireRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WireRequest(method, path, query, {"host": "s3.localhost:4566", **named}, body)


def read(sent: WireRequest) -> tuple[str, dict[str, Any]]:
    operation = S3.operation_of(sent)
    return operation, S3.parse(operation, sent)


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("photos.s3.amazonaws.com", "photos"),
        ("photos.s3.eu-west-1.amazonaws.com", "photos"),
        ("photos.s3-eu-west-1.amazonaws.com", "photos"),
        ("photos.s3.dualstack.us-east-1.amazonaws.com", "photos"),
        ("photos.s3-accelerate.amazonaws.com", "photos"),
        ("photos.s3.cn-north-1.amazonaws.com.cn", "photos"),
        ("my.photos.of.s3.s3.us-east-1.amazonaws.com:443", "my.photos.of.s3"),
        ("photos.localhost", "photos"),
        ("photos.localhost:4566", "photos"),
        ("PHOTOS.s3.localhost:4566", "photos"),
        ("photos.s3.localhost.localstack.cloud:4566", "photos"),
        ("photos.s3.us-east-1.localhost.localstack.cloud:4566", "photos"),
        ("s3.amazonaws.com", None),
        ("s3.us-east-1.amazonaws.com", None),
        ("s3.localhost:4566", None),
        ("s3.us-east-1.localhost:4566", None),
        ("s3.localhost.localstack.cloud:4566", None),
        ("localhost:4566", None),
        ("127.0.0.1:4566", None),
        ("[::1]:4566", None),
        ("example.com", None),
        ("", None),
    ],
)
def test_the_bucket_may_stand_in_the_host(host: str, bucket: str | None) -> None:
    assert bucket_of_host(host) == bucket


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("a", "a"),
        ("a/b/c.txt", "a/b/c.txt"),
        ("folder/", "folder/"),
        ("/leading", "/leading"),
        ("//two", "//two"),
        ("a//b", "a//b"),
        ("a/./b/../c", "a/./b/../c"),
        ("..", ".."),
        ("a//", "a//"),
        ("/", "/"),
        ("a%2Fb%20c", "a/b c"),
        ("%C3%A4%F0%9F%98%80", "ä😀"),
        ("a+b", "a+b"),
        ("%252F", "%2F"),
    ],
)
def test_keys_are_read_exactly_as_they_were_sent(raw: str, key: str) -> None:
    in_path = request("GET", f"/photos/{raw}")
    in_host = WireRequest("GET", f"/{raw}", "", {"host": "photos.s3.amazonaws.com"}, b"")
    assert read(in_path) == ("GetObject", {"Bucket": "photos", "Key": key})
    assert read(in_host) == ("GetObject", {"Bucket": "photos", "Key": key})


@pytest.mark.parametrize(
    ("sent", "operation"),
    [
        (request("GET", "/"), "ListBuckets"),
        (request("GET", "/photos"), "ListObjects"),
        (request("GET", "/photos/"), "ListObjects"),
        (request("GET", "/photos", "list-type=2&prefix=a"), "ListObjectsV2"),
        (request("GET", "/photos", "versioning"), "GetBucketVersioning"),
        (request("GET", "/photos", "versioning="), "GetBucketVersioning"),
        (request("GET", "/photos", "versions"), "ListObjectVersions"),
        (request("GET", "/photos", "analytics"), "ListBucketAnalyticsConfigurations"),
        (request("GET", "/photos", "analytics&id=a"), "GetBucketAnalyticsConfiguration"),
        (request("PUT", "/photos", "versioning"), "PutBucketVersioning"),
        (request("PUT", "/photos"), "CreateBucket"),
        (request("HEAD", "/photos"), "HeadBucket"),
        (request("DELETE", "/photos"), "DeleteBucket"),
        (request("POST", "/photos", "delete"), "DeleteObjects"),
        (request("GET", "/photos/a", "x-id=GetObject"), "GetObject"),
        (request("GET", "/photos/a", "uploadId=u"), "ListParts"),
        (request("GET", "/photos/a", "tagging"), "GetObjectTagging"),
        (request("HEAD", "/photos/a"), "HeadObject"),
        (request("PUT", "/photos/a", "x-id=PutObject"), "PutObject"),
        (request("PUT", "/photos/a", x_amz_copy_source="photos/b"), "CopyObject"),
        (request("PUT", "/photos/a", "partNumber=1&uploadId=u"), "UploadPart"),
        (request("PUT", "/photos/a", "partNumber=1&uploadId=u", x_amz_copy_source="photos/b"), "UploadPartCopy"),
        (request("POST", "/photos/a", "uploads"), "CreateMultipartUpload"),
        (request("POST", "/photos/a", "uploadId=u"), "CompleteMultipartUpload"),
        (request("DELETE", "/photos/a", "uploadId=u"), "AbortMultipartUpload"),
        (request("DELETE", "/photos/a", "versionId=v"), "DeleteObject"),
        (request("POST", "/photos/a", "select&select-type=2"), "SelectObjectContent"),
        (request("GET", "/photos", "lifecycle"), "GetBucketLifecycleConfiguration"),
        (request("GET", "/", host="s3express-control.us-east-1.amazonaws.com"), "ListDirectoryBuckets"),
    ],
)
def test_sub_resources_name_operations(sent: WireRequest, operation: str) -> None:
    assert S3.operation_of(sent) == operation


def test_what_no_operation_takes_is_no_method_of_the_resource() -> None:
    with pytest.raises(UnknownOperation):
        S3.operation_of(request("PATCH", "/photos"))


def test_control_requests_are_not_taken_for_a_bucket_of_that_name() -> None:
    sent = request("GET", "/v20180820/jobs", x_amz_account_id="123456789012")
    assert MODELS.find(sent, "s3") == "s3control"
    assert MODELS.find(request("GET", "/v20180820/jobs"), "s3") == "s3"


def test_the_location_of_a_bucket_is_one_bare_element() -> None:
    namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
    body = S3.serialize("GetBucketLocation", {"LocationConstraint": "eu-west-1"}, "rid").body
    start = '<?xml version="1.0" encoding="UTF-8"?>\n'
    assert body == f'{start}<LocationConstraint xmlns="{namespace}">eu-west-1</LocationConstraint>'.encode()
    assert (
        S3.serialize("GetBucketLocation", {}, "rid").body
        == f'{start}<LocationConstraint xmlns="{namespace}"/>'.encode()
    )


def test_answers_have_s3s_roots_ids_and_times() -> None:
    created = datetime(2026, 1, 31, 12, tzinfo=UTC)
    response = S3.serialize("ListBuckets", {"Buckets": [{"Name": "photos", "CreationDate": created}]}, "rid")
    assert isinstance(response.body, bytes)
    assert response.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Buckets><Bucket><Name>photos</Name>'
        "<CreationDate>2026-01-31T12:00:00.000Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>"
    )
    headers = dict(response.headers)
    assert headers["x-amz-request-id"] == "rid"
    assert headers["x-amz-id-2"]
    assert headers["Content-Type"] == "application/xml"


def test_objects_are_bytes_or_stream_under_their_own_content_type() -> None:
    response = S3.serialize("GetObject", {"Body": b"\x00\xff", "ContentType": "image/png"}, "rid")
    assert response.body == b"\x00\xff"
    assert [value for name, value in response.headers if name.lower() == "content-type"] == ["image/png"]


async def test_a_streaming_blob_is_passed_on_as_it_comes() -> None:
    async def pieces() -> Any:
        yield b"ab"
        yield b"c"

    body = S3.serialize("GetObject", {"Body": pieces()}, "rid").body
    assert not isinstance(body, bytes)
    assert [piece async for piece in body] == [b"ab", b"c"]


class NoSuchKey(ServiceError): ...


class NotModified(ServiceError):
    status = 304


class PreconditionFailed(ServiceError):
    status = 412


def text(raised: ServiceError) -> tuple[int, str]:
    response = S3.error(raised, "rid")
    assert isinstance(response.body, bytes)
    return response.status, response.body.decode()


def test_errors_have_no_wrapper_and_two_ids() -> None:
    response = S3.error(NoSuchKey("The specified key does not exist.", Key="a<b"), "rid")
    assert isinstance(response.body, bytes)
    ids = dict(response.headers)
    assert (response.status, ids["x-amz-request-id"], ids["Content-Type"]) == (404, "rid", "application/xml")
    assert response.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>'
        f"<Key>a&lt;b</Key><RequestId>rid</RequestId><HostId>{ids['x-amz-id-2']}</HostId></Error>"
    )


def test_head_and_not_modified_have_no_body() -> None:
    response = S3.error(NoSuchKey("x"), "rid", "HeadObject", request("HEAD", "/photos/a"))
    assert (response.status, response.body) == (404, b"")
    response = S3.error(NotModified(), "rid", "GetObject", request("GET", "/photos/a"))
    assert (response.status, response.body) == (304, b"")
    assert "Content-Type" not in dict(response.headers)


def test_failed_preconditions_name_themselves() -> None:
    status, body = text(
        PreconditionFailed("At least one of the pre-conditions you specified did not hold", Condition="If-Match")
    )
    assert status == 412
    assert "<Code>PreconditionFailed</Code>" in body
    assert "<Condition>If-Match</Condition>" in body


@pytest.mark.parametrize(
    ("raised", "status", "code", "message"),
    [
        (AccessDenied("Access Denied"), 403, "AccessDenied", "Access Denied"),
        (MissingAuthenticationToken("x"), 403, "AccessDenied", "Access Denied"),
        (InvalidSignature("x"), 403, "SignatureDoesNotMatch", "The request signature we calculated does not match"),
        (
            UnrecognizedClient("x"),
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        (ExpiredToken("x"), 400, "ExpiredToken", "The provided token has expired."),
        (IncompleteSignature("Bad header."), 400, "AuthorizationHeaderMalformed", "Bad header."),
        (MalformedRequest("x"), 400, "MalformedXML", "The XML you provided was not well-formed or did not validate"),
        (RequestTooLarge("x"), 400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"),
        (BadBody("Bad digest.", "BadDigest"), 400, "BadDigest", "Bad digest."),
        (UnknownOperation("x"), 405, "MethodNotAllowed", "The specified method is not allowed against this resource."),
        (NotImplementedByAtoll("s3:X"), 501, "NotImplemented", "s3:X"),
        (InternalFailure("x"), 500, "InternalError", "We encountered an internal error. Please try again."),
    ],
)
def test_errors_of_every_service_have_s3s_names(raised: ServiceError, status: int, code: str, message: str) -> None:
    answered, body = text(raised)
    assert answered == status
    assert f"<Code>{code}</Code><Message>{message}" in body


def test_what_is_wrong_outside_the_body_is_an_argument() -> None:
    sent = request("GET", "/photos", "list-type=2&max-keys=many")
    with pytest.raises(MalformedRequest) as caught:
        read(sent)
    status, body = text(caught.value)
    assert status == 400
    assert "<Code>InvalidArgument</Code>" in body


def test_an_error_s_own_words_in_s3_come_before_the_general_ones() -> None:
    """docs: RequestTimeTooSkewed of the S3 API reference."""
    words = "The difference between the request time and the current time is too large."
    members = {"RequestTime": "20260131T120000Z", "MaxAllowedSkewMilliseconds": "900000"}
    skewed = SignatureOutOfDate("x").in_s3("RequestTimeTooSkewed", words, 403, members)
    assert text(skewed) == (
        403,
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>RequestTimeTooSkewed</Code>'
        f"<Message>{words}</Message><RequestTime>20260131T120000Z</RequestTime>"
        "<MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds><RequestId>rid</RequestId><HostId>cmlk</HostId></Error>",
    )


class Boto:
    """boto3's client, whose requests end here and are answered by what `answer` holds."""

    def __init__(self, endpoint: str, style: str) -> None:
        self.sent: WireRequest | None = None
        self.answer = WireResponse(200, [], b"")
        self.client = boto3.client(
            "s3", region_name="us-east-1", endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key="test",
            config=Config(s3={"addressing_style": style}, retries={"max_attempts": 0}),
        )  # fmt: skip
        self.client.meta.events.register("before-send", self._send)

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        url = urlsplit(request.url)
        headers = {name.lower(): v.decode() if isinstance(v, bytes) else str(v) for name, v in request.headers.items()}
        self.sent = WireRequest(request.method, url.path, url.query, {"host": url.netloc, **headers}, b"")
        body = BytesIO(self.answer.body if isinstance(self.answer.body, bytes) else b"")
        raw: Any = type(
            "Raw", (), {"stream": lambda _, **__: iter([body.read()]), "read": lambda _, *a: body.read(*a)}
        )()
        return AWSResponse(request.url, self.answer.status, dict(self.answer.headers), raw)


@pytest.mark.parametrize(
    ("endpoint", "style"),
    [
        ("http://s3.localhost:4566", "virtual"),
        ("http://s3.localhost.localstack.cloud:4566", "virtual"),
        ("http://localhost:4566", "virtual"),
        ("http://127.0.0.1:4566", "path"),
    ],
)
def test_boto3_reads_answers_and_errors_wherever_it_puts_the_bucket(endpoint: str, style: str) -> None:
    boto = Boto(endpoint, style)
    boto.answer = S3.serialize("GetObject", {"Body": b"hello", "ETag": '"e"', "Metadata": {"a": "b"}}, "rid")
    got = boto.client.get_object(Bucket="photos", Key="a//b/../ä.txt")
    assert boto.sent is not None
    assert read(boto.sent)[1].items() >= {"Bucket": "photos", "Key": "a//b/../ä.txt"}.items()
    assert (got["Body"].read(), got["ETag"], got["Metadata"]) == (b"hello", '"e"', {"a": "b"})

    boto.answer = S3.serialize("GetBucketLocation", {"LocationConstraint": "eu-west-1"}, "rid")
    assert boto.client.get_bucket_location(Bucket="photos")["LocationConstraint"] == "eu-west-1"

    boto.answer = S3.error(NoSuchKey("The specified key does not exist.", Key="k"), "rid", "GetObject")
    with pytest.raises(boto.client.exceptions.NoSuchKey) as missing:
        boto.client.get_object(Bucket="photos", Key="k")
    assert missing.value.response["Error"] == {
        "Code": "NoSuchKey",
        "Message": "The specified key does not exist.",
        "Key": "k",
    }
    assert missing.value.response["ResponseMetadata"]["RequestId"] == "rid"

    boto.answer = S3.error(NoSuchKey("x"), "rid", "HeadObject", request("HEAD", "/photos/k"))
    with pytest.raises(ClientError) as headless:
        boto.client.head_object(Bucket="photos", Key="k")
    assert headless.value.response["Error"] == {"Code": "404", "Message": "Not Found"}
