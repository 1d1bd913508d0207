"""Raw bytes over sockets at a running region: requests as SDKs send them, changed as no SDK would.

Whatever comes: an answer in time that a client can read, or a closed connection; no 500; nobody else waits; no memory is kept.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from botocore.parsers import create_parser
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.conftest import Region

ANSWER_WITHIN, OTHERS_WITHIN = 60.0, 1.0
"""Seconds: until an answer ends; of the region's own work while somebody else waits, whatever else this machine does."""
KEPT_MB = 40
"""What a region may have grown by after many bodies, however large."""
EXAMPLES = int(os.environ.get("ATOLL_FUZZ_EXAMPLES", "60"))
"""Requests per service."""

TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
CALLS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "dynamodb": [
        ("put_item", {"TableName": "fuzz", "Item": {"id": {"S": "a"}, "b": {"B": b"b"}, "l": {"L": [{"NULL": True}]}}}),
        ("get_item", {"TableName": "fuzz", "Key": {"id": {"S": "a"}}, "ProjectionExpression": "a.b[0]"}),
    ],
    "iam": [
        ("create_role", {"RoleName": "r", "AssumeRolePolicyDocument": TRUST, "Tags": [{"Key": "k", "Value": "v"}]}),
        ("list_users", {"PathPrefix": "/a/", "MaxItems": 2}),
    ],
    "sts": [("get_caller_identity", {}), ("assume_role", {"RoleArn": "arn:aws:iam::111111111111:role/r", "RoleSessionName": "rr"})],
    "lambda": [
        ("list_functions", {"MaxItems": 3}),
        ("invoke", {"FunctionName": "fuzz", "Payload": b"{}", "InvocationType": "DryRun"}),
        ("tag_resource", {"Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "Tags": {"a": "b"}}),
    ],
    "apigatewayv2": [
        ("create_api", {"Name": "fuzz", "ProtocolType": "HTTP", "CorsConfiguration": {"AllowOrigins": ["*"]}}),
        ("get_routes", {"ApiId": "a", "MaxResults": "2"}),
    ],
    "logs": [
        ("put_log_events", {"logGroupName": "g", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "m"}]}),
        ("filter_log_events", {"logGroupName": "g", "filterPattern": '{ $.a = "b" }', "startTime": 1}),
    ],
}  # fmt: skip
NASTY = (
    b"", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\\ud800", b"%00%zz%ff", b"9" * 100_000, b"-1", b"1e400", b"[" * 5000, b'{"a":' * 5000,
    b"<a>" * 5000, b"\x81" * 5000, b"\xbf\xff", b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>', b"a.member.1" * 900,
    b"&".join(b"Tags.member.%d.Key=a" % n for n in range(3000)), b"../" * 900, b"=,;:\"'", b'{"a":null,"a":[[]]}', b" " * 5000, b"\t\xa0",
)  # fmt: skip
HEADERS = (
    b"Authorization", b"X-Amz-Target", b"X-Amz-Date", b"X-Amz-Content-Sha256", b"Content-Type", b"Host", b"Content-Encoding", b"Origin",
    b"X-Amz-Security-Token", b"X-Amz-Decoded-Content-Length", b"X-Amz-Trailer", b"Smithy-Protocol", b"Range", b"If-Match", b"Expect",
    b"Connection", b"Upgrade", b"X-Amz-Client-Context", b"X-Amzn-Trace-Id", b"Access-Control-Request-Method", b"Forwarded", b"Date",
)  # fmt: skip
VALUES = (
    b"", b"a", b"\xe4\xff", b"," * 2000, b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", b"STREAMING-UNSIGNED-PAYLOAD-TRAILER", b"UNSIGNED-PAYLOAD",
    b"aws-chunked", b"gzip", b"gzip, gzip, aws-chunked", b"AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=;;, Signature=\xe4", b"h2c",
    b"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0", b"100-continue", b"upgrade",
    b"20260101T000000Z", b"99999999T999999Z", b"Thu, 01 Jan 2026 00:00:00 +99999999999999", b"application/x-www-form-urlencoded; charset=x",
    b"application/cbor", b"rpc-v2-cbor", b"[::1", b"localhost:99999", b"http://[", b"bytes=9-1", b"e30=", b"-1", b"9" * 400, b"x" * 8000,
)  # fmt: skip


class Raw(NamedTuple):
    """A request in its parts; `framing` are the headers that say how long the body is."""

    method: bytes
    target: bytes
    version: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    framing: bytes
    body: bytes

    def encoded(self) -> bytes:
        """As it goes over the wire."""
        lines = b"".join(b"%b: %b\r\n" % header for header in self.headers)
        return b"%b %b HTTP/%b\r\n%b%b\r\n%b" % (self.method, self.target, self.version, lines, self.framing, self.body)


def captured(client: Any, operation: str, arguments: dict[str, Any]) -> Raw:
    """The request that boto3 would send."""
    sent: list[Any] = []

    def keep(request: Any, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 400, {}, None)

    client.meta.events.register("before-send", keep)
    with contextlib.suppress(ClientError, AttributeError):
        getattr(client, operation)(**arguments)
    client.meta.events.unregister("before-send", keep)
    (request,) = sent
    url = urlsplit(request.url)
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else bytes(body)
    headers = [(b"Host", url.netloc.encode())]
    for name, value in request.headers.items():
        if name.lower() != "content-length":
            headers.append((name.encode(), value if isinstance(value, bytes) else str(value).encode()))
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return Raw(
        request.method.encode(), target.encode(), b"1.1", tuple(headers), b"Content-Length: %d\r\n" % len(body), body
    )


def spliced(text: bytes, at: int, piece: bytes, cut: int) -> bytes:
    """`piece` in place of `cut` bytes at some place."""
    at %= len(text) + 1
    return text[:at] + piece + text[at + cut :]


def with_body(raw: Raw, body: bytes) -> Raw:
    """Another body, properly framed."""
    return raw._replace(body=body, framing=b"Content-Length: %d\r\n" % len(body))


def changed(raw: Raw, kind: int, at: int, nasty: bytes, value: bytes) -> Raw:
    """One change of a request; `at` says where, `nasty` and `value` what."""
    header = HEADERS[at % len(HEADERS)]
    sizes = (
        b"-1",
        b"99999999999999999999",
        b"9223372036854775807",
        b"%d" % (len(raw.body) + 5),
        b"1",
        b"\xb2",
        b"0x5",
        b"",
    )
    chunk_sizes = (
        b"-2",
        b"ffffffffffffffff",
        b"fffffffffffffffffff",
        b"",
        b"%x" % (len(raw.body) + 1),
        b"%x;a=b" % len(raw.body),
    )
    chunked = b"Transfer-Encoding: chunked\r\n"
    chunk = b"%x\r\n%b\r\n" % (len(raw.body), raw.body) if raw.body else b""
    changes: tuple[Callable[[], Raw], ...] = (
        lambda: with_body(raw, spliced(raw.body, at, nasty, at % 7)),
        lambda: with_body(raw, nasty),
        lambda: with_body(raw, raw.body.replace(b'"', b"", 1) if at % 2 else raw.body[: at % (len(raw.body) + 1)]),
        lambda: raw._replace(method=(b"HEAD", b"OPTIONS", b"CONNECT", b"PATCH", b"PRI", b"get", b"TRACE", b"GET")[at % 8]),
        lambda: raw._replace(target=spliced(raw.target, at, nasty.replace(b" ", b"+")[:2000], 1)),
        lambda: raw._replace(target=(b"http://a/b?c", b"*", b"a:1", b"//", b"/_atoll/" + value[:9], b"/?" + value[:99], b"/#")[at % 7]),
        lambda: raw._replace(version=(b"1.0", b"0.9", b"2.0", b"1.2", b"")[at % 5]),
        lambda: raw._replace(headers=(*raw.headers, (header, value))),
        lambda: raw._replace(headers=(*(h for h in raw.headers if h[0].lower() != header.lower()), (header, value))),
        lambda: raw._replace(headers=tuple(h for n, h in enumerate(raw.headers) if n != at % len(raw.headers))),
        lambda: raw._replace(headers=(*raw.headers, *((b"X-%d" % n, b"a") for n in range(at)))),
        lambda: raw._replace(headers=tuple((n, spliced(v, at, nasty[:3000], at % 3)) for n, v in raw.headers)),
        lambda: raw._replace(framing=b"Content-Length: %b\r\n" % sizes[at % len(sizes)]),
        lambda: raw._replace(framing=raw.framing * 2 + b"Transfer-Encoding: chunked\r\n" * (at % 2)),
        lambda: raw._replace(framing=chunked, body=chunk + b"0\r\n" + (header + b": " + value + b"\r\n") * (at % 3) + b"\r\n"),
        lambda: raw._replace(framing=chunked, body=chunk_sizes[at % 6] + b"\r\n" + raw.body + b"\r\n0\r\n\r\n"),
        lambda: raw._replace(headers=(*raw.headers, (b"Upgrade", b"h2c"), (b"Connection", b"upgrade"))),
    )  # fmt: skip
    return changes[kind % len(changes)]()


CHANGES = st.lists(
    st.tuples(st.integers(0, 16), st.integers(0, 2000), st.sampled_from(NASTY), st.sampled_from(VALUES)),
    min_size=1,
    max_size=3,
)
ENDS = st.sampled_from(["whole", "whole", "twice", "half", "flipped"])


class Answer(NamedTuple):
    """One answer as a client reads it."""

    status: int
    headers: dict[str, str]
    body: bytes


def talk(port: int, data: bytes, within: float = ANSWER_WITHIN) -> list[Answer]:
    """Everything that the region says to these bytes, after which nothing more is sent. Fails where it takes too long."""
    received, deadline = b"", time.monotonic() + within
    with socket.create_connection(("127.0.0.1", port), timeout=within) as connection:
        with contextlib.suppress(ConnectionError, OSError):  # it closes on us where it has refused the rest
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while piece := connection.recv(1 << 20):
                received += piece
                assert time.monotonic() < deadline, f"no end of the answer to {data[:3000]!r}"
    return list(answers(received, bodiless=data.startswith(b"HEAD ")))


def answers(received: bytes, *, bodiless: bool) -> Iterator[Answer]:
    """The answers in what was received; one that was cut short is left out. Those to HEAD are `bodiless`, whatever length they give."""
    while b"\r\n\r\n" in received:
        head, _, received = received.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
        length = 0 if bodiless else int(headers.get("content-length", "0"))
        yield Answer(int(line.split()[1]), headers, received[:length])
        received = received[length:]


PARSERS = {"application/x-amz-json-1.0": "json", "application/x-amz-json-1.1": "json", "application/json": "rest-json",
           "text/xml": "query", "application/xml": "rest-xml", "application/cbor": "smithy-rpc-v2-cbor"}  # fmt: skip


def check(answer: Answer, sent: bytes) -> None:
    """No failure of the region's; an error of AWS's can be read in its protocol."""
    shown = f"{answer} to {sent[:6000]!r}"
    assert answer.status < 500 or answer.status == 501, shown
    if answer.status >= 400 and answer.body and "x-amzn-requestid" in answer.headers and not sent.startswith(b"HEAD"):
        parser = create_parser(PARSERS[answer.headers["content-type"].partition(";")[0]])
        response = {"status_code": answer.status, "headers": answer.headers, "body": answer.body}
        error = parser.parse(response, None)["Error"]
        assert error["Code"] or "<UnknownOperationException/>" in str(answer.body), (
            shown
        )  # which is how AWS's front ends say it


def worked(region: Region) -> float:
    """Seconds of processor time that the region has used so far."""
    fields = Path(f"/proc/{region.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def nobody_waits(region: Region) -> Iterator[None]:
    """Others are answered meanwhile."""
    asked = b"GET /_atoll/status HTTP/1.1\r\nHost: localhost\r\n\r\n"
    over, waits = threading.Event(), [0.0]
    talk(region.port, asked)  # the first one loads what answers it

    def ask() -> None:
        while not over.wait(0.02):
            began = worked(region)
            talk(region.port, asked)
            waits.append(worked(region) - began)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join()
    assert max(waits) < OTHERS_WITHIN


def seeds(region: Region, account: str, service: str) -> list[Raw]:
    """Requests of a key that Atoll knows, whose signature counts, and of one that it does not."""
    iam = region.client("iam", account)
    iam.create_user(UserName="fuzz")
    key = iam.create_access_key(UserName="fuzz")["AccessKey"]
    keys = [(account, "test"), (key["AccessKeyId"], key["SecretAccessKey"])]
    clients = [region.client(service, *pair) for pair in keys]
    return [captured(client, *call) for client in clients for call in CALLS[service]]


def fuzz(region: Region, account: str, service: str, examples: int) -> None:
    requests = seeds(region, account, service)
    for raw in requests:
        (answer,) = talk(region.port, raw.encoded())  # the first one loads the service's model
        check(answer, raw.encoded())

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(requests), CHANGES, ENDS, st.integers(0, 1 << 20), st.binary(min_size=1, max_size=4))
    def one(raw: Raw, changes: list[tuple[int, int, bytes, bytes]], end: str, at: int, noise: bytes) -> None:
        for change in changes:
            raw = changed(raw, *change)
        data = raw.encoded()
        if end == "half":
            data = data[: at % len(data)]
        elif end == "flipped":
            data = spliced(data, at, noise, len(noise))
        elif end == "twice":
            data += data
        note(f"sent: {data!r}")
        for answer in talk(region.port, data):
            check(answer, data)

    with nobody_waits(region):
        one()


@pytest.mark.parametrize("service", CALLS)
def test_changed_requests_get_an_answer_that_can_be_read(region: Region, account: str, service: str) -> None:
    fuzz(region, account, service, EXAMPLES)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("service", CALLS)
def test_very_many_changed_requests(region: Region, account: str, service: str) -> None:
    fuzz(region, account, service, 5000)


MB = 1 << 20
SIGNED = b"Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/%b/aws4_request, SignedHeaders=host, Signature=0\r\n"
START = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
PUT_ITEM = START + SIGNED % b"dynamodb" + b"X-Amz-Target: DynamoDB_20120810.PutItem\r\n"
FORM = START + SIGNED % b"iam" + b"Content-Type: application/x-www-form-urlencoded\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


def sized(head: bytes, body: bytes) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


BOMBS: dict[str, Callable[[], bytes]] = {
    "a form of very many pairs": lambda: sized(FORM, b"Action=CreateRole&Version=2010-05-08&" + b"a&" * MB),
    "a form of deep names": lambda: sized(FORM, b"Action=CreateRole&Version=2010-05-08&" + b"Tags.member.1" * 20_000 + b"=1"),
    "deep JSON": lambda: sized(PUT_ITEM, b'{"Item":' + b"[" * MB),
    "JSON of escapes": lambda: sized(PUT_ITEM, b'{"TableName":"' + b"\\u0041" * MB + b'"}'),
    "a long number": lambda: sized(PUT_ITEM, b'{"Item":{"id":{"N":"' + b"9" * MB + b'"}}}'),
    "many headers of one name": lambda: START + b"A: b\r\n" * 8000 + b"\r\n",
    "tiny chunks": lambda: PUT_ITEM + CHUNKED + b"1\r\n \r\n" * 100_000 + b"0\r\n\r\n",
    "endless trailers": lambda: PUT_ITEM + CHUNKED + b"2\r\n{}\r\n0\r\n" + b"X-Late: 1\r\n" * MB,
    "one endless trailer": lambda: PUT_ITEM + CHUNKED + b"2\r\n{}\r\n0\r\nX-Late: " + b"a" * (8 * MB),
    "a chunk's endless extension": lambda: PUT_ITEM + CHUNKED + b"2;" + b"a" * (8 * MB),
    "a length past all limits and no body": lambda: PUT_ITEM + b"Content-Length: 9999999999999999999\r\n\r\n",
    "many requests at once": lambda: sized(PUT_ITEM, b"{}") * 300,
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=list(BOMBS))
def test_bombs_hold_up_nobody(region: Region, bomb: Callable[[], bytes]) -> None:
    for warm in (PUT_ITEM, FORM):
        talk(region.port, sized(warm, b"{}"))
    data = bomb()
    with nobody_waits(region):
        for answer in talk(region.port, data):
            check(answer, data[:300])


def resident_mb(region: Region) -> float:
    return int(Path(f"/proc/{region.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MB


def test_large_bodies_leave_nothing_behind(
    new_region: Callable[..., Region], need: Callable[[object, str], None]
) -> None:
    need(Path("/proc/self/statm").exists(), "/proc")
    region = new_region()
    requests = [
        sized(PUT_ITEM, b'{"TableName":"' + b"a" * (15 * MB) + b'"}'),
        sized(PUT_ITEM, b"x" * (64 * MB)),
        PUT_ITEM + CHUNKED + b"100000\r\n%b\r\n" % (b" " * MB) * 12 + b"0\r\n\r\n",
        BOMBS["endless trailers"](),
        sized(FORM, b"Action=CreateRole&RoleName=" + b"%41" * MB),
    ]
    for data in requests:
        talk(region.port, data)
    before = resident_mb(region)
    for number in range(25):
        talk(region.port, requests[number % len(requests)])
        talk(region.port, START.replace(b"localhost", b"%d" % number + b"h" * 60_000) + b"\r\n")
    assert resident_mb(region) - before < KEPT_MB
