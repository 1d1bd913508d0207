"""Bodies on their way to an operation: signed in chunks, claimed by hash, too large, announced, half-sent. A running region, an issued key.

No service that is there takes checksums or compressed requests: those are tested in tests/unit/protocol/test_bodies_*.py.
"""

from __future__ import annotations

import hashlib
import http.client
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from atoll.auth.chunked import SIGNED, SIGNED_WITH_TRAILER, UNSIGNED_WITH_TRAILER
from atoll.auth.sigv4 import SigningKeys, parse_authorization

if TYPE_CHECKING:
    from tests.conftest import Region

BODY = b'{"TableName": "no-such-table", "Key": {"id": {"S": "1"}}}'


@pytest.fixture
def key(client: Callable[..., Any]) -> Credentials:
    """A user who may do everything with DynamoDB."""
    iam = client("iam")
    iam.create_user(UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn="arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess")
    made = iam.create_access_key(UserName="ann")["AccessKey"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"])


class Claimed(SigV4Auth):
    """botocore's signer, with `claim` for the body's hash."""

    claim = ""

    def payload(self, request: AWSRequest) -> str:
        return self.claim


def head(region: Region, key: Credentials, claim: str, **headers: str) -> dict[str, str]:
    """The headers of a GetItem whose signature covers `claim` in the body's place."""
    headers |= {"X-Amz-Target": "DynamoDB_20120810.GetItem", "Content-Type": "application/x-amz-json-1.0"}
    request = AWSRequest("POST", region.endpoint + "/", headers=headers | {"X-Amz-Content-SHA256": claim})
    signer = Claimed(key, "dynamodb", "us-east-1")
    signer.claim = claim
    signer.add_auth(request)
    return dict(request.headers.items())


def send(region: Region, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", region.port, timeout=30)
    connection.request("POST", "/", body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def in_chunks(headers: dict[str, str], key: Credentials, *chunks: bytes) -> bytes:
    """The chunks with the signatures that `headers` begin."""
    authorization = parse_authorization(headers["Authorization"])
    timestamp = headers["X-Amz-Date"]
    signing_key = SigningKeys().get(key.secret_key, authorization)
    previous, body = authorization.signature, b""
    for chunk in (*chunks, b""):
        hashes = f"{hashlib.sha256(b'').hexdigest()}\n{hashlib.sha256(chunk).hexdigest()}"
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{timestamp}\n{authorization.scope}\n{previous}\n{hashes}"
        previous = signing_key.sign(text.encode())
        body += b"%x;chunk-signature=%b\r\n" % (len(chunk), previous.encode()) + (chunk + b"\r\n" if chunk else b"")
    return body + b"\r\n"


def test_a_body_signed_in_chunks_is_verified_and_taken_apart(region: Region, key: Credentials) -> None:
    body = BODY + b" " * 10_000
    headers = head(region, key, SIGNED, **{"X-Amz-Decoded-Content-Length": str(len(body))})
    chunked = in_chunks(headers, key, body[:8192], body[8192:])
    status, answer = send(region, headers, chunked)
    assert (status, b"ResourceNotFoundException" in answer) == (400, True)
    for changed in (
        chunked.replace(b"no-such-table", b"no-such-tabla"),
        chunked.replace(b"chunk-signature=", b"chunk-signature=0", 1),
    ):
        status, answer = send(region, headers, changed)
        assert (status, b"InvalidSignatureException" in answer) == (400, True)


def test_chunks_that_end_early_or_never_are_refused(region: Region, key: Credentials) -> None:
    headers = head(region, key, SIGNED, **{"X-Amz-Decoded-Content-Length": str(len(BODY))})
    chunked = in_chunks(headers, key, BODY)
    for cut in (chunked[:40], chunked[:-90], chunked + b"more"):
        status, answer = send(region, headers, cut)
        assert status == 400
        assert b"ResourceNotFoundException" not in answer


def test_unsigned_chunks_are_taken_where_the_signature_says_so(region: Region, key: Credentials) -> None:
    extra = {"X-Amz-Decoded-Content-Length": str(len(BODY))}
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
    status, answer = send(region, head(region, key, UNSIGNED_WITH_TRAILER, **extra), chunked)
    assert (status, b"ResourceNotFoundException" in answer) == (400, True)
    status, answer = send(region, head(region, key, SIGNED, **extra), chunked)
    assert b"ResourceNotFoundException" not in answer
    status, answer = send(region, head(region, key, SIGNED_WITH_TRAILER, **extra), chunked)
    assert b"ResourceNotFoundException" not in answer
    # What was signed as a hash cannot be called chunks afterwards.
    headers = head(region, key, hashlib.sha256(BODY).hexdigest(), **extra) | {
        "X-Amz-Content-SHA256": UNSIGNED_WITH_TRAILER
    }
    status, answer = send(region, headers, chunked)
    assert (status, b"ResourceNotFoundException" in answer) == (400, False)


def test_a_claimed_hash_is_held_against_the_body(region: Region, key: Credentials) -> None:
    headers = head(region, key, hashlib.sha256(BODY).hexdigest())
    assert b"ResourceNotFoundException" in send(region, headers, BODY)[1]
    status, answer = send(region, headers, BODY.replace(b'"1"', b'"2"'))
    assert (status, b"InvalidSignatureException" in answer) == (400, True)


def announced(region: Region, line: str, headers: dict[str, str], length: int) -> bytes:
    """What is said to a request whose body is announced and not sent."""
    headers = headers | {"Host": "127.0.0.1", "Content-Length": str(length), "Expect": "100-continue"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", region.port), timeout=10) as connection:
        connection.sendall(f"{line} HTTP/1.1\r\n{lines}\r\n".encode())
        return connection.recv(65536)


def scoped(key: str, service: str) -> dict[str, str]:
    """An Authorization header of a signature that is none."""
    scope = f"{key}/20260101/us-east-1/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


def test_a_json_service_wants_the_body_for_its_syntax_comes_first(region: Region) -> None:
    headers = scoped("ASIAQQQQQQQQQQQQQQQQ", "dynamodb") | {"X-Amz-Target": "DynamoDB_20120810.GetItem"}
    assert announced(region, "POST /", headers, 15_000_000).startswith(b"HTTP/1.1 100 Continue")


def test_a_rest_service_refuses_before_the_body_is_sent(region: Region) -> None:
    answer = announced(region, "POST /2015-03-31/functions", scoped("ASIAQQQQQQQQQQQQQQQQ", "lambda"), 15_000_000)
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"UnrecognizedClientException" in answer
    assert b"connection: close" in answer


def test_what_is_larger_than_the_service_takes_is_refused_by_its_declared_length(region: Region) -> None:
    headers = scoped("test", "dynamodb") | {"X-Amz-Target": "DynamoDB_20120810.GetItem"}
    answer = announced(region, "POST /", headers, 16_777_217)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"Request must be smaller than 16777216 bytes for the GetItem operation" in answer


def test_syntax_comes_before_the_signature_and_that_before_types(region: Region, key: Credentials) -> None:
    """AWS's order: syntax, operation, signature, types, constraints, semantics."""
    wrong = head(region, key, hashlib.sha256(b"other").hexdigest())
    assert b"SerializationException" in send(region, wrong, b"{")[1]
    assert b"InvalidSignatureException" in send(region, wrong, b'{"TableName": 1}')[1]
    unknown = wrong | {"X-Amz-Target": "DynamoDB_20120810.Frobnicate"}
    assert b"UnknownOperationException" in send(region, unknown, b"{}")[1]
    typed, constrained = b'{"TableName": 1}', b'{"TableName": "no-such-table"}'
    right = head(region, key, hashlib.sha256(typed).hexdigest())
    assert b"NUMBER_VALUE cannot be converted to String" in send(region, right, typed)[1]
    right = head(region, key, hashlib.sha256(constrained).hexdigest())
    assert b"Member must not be null" in send(region, right, constrained)[1]
