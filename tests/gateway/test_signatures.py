"""Signatures: header and presigned query, stale, tampered, of another version, against a running region with a key that it issued."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from tests.conftest import Region

MISMATCH = "The request signature we calculated does not match the signature you provided."
IDENTITY = "/?Action=GetCallerIdentity&Version=2011-06-15"


@pytest.fixture
def ann(client: Callable[..., Any]) -> Credentials:
    """A user without any permission: GetCallerIdentity needs none."""
    iam = client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def presigned(region: Region, credentials: Credentials, target: str = IDENTITY) -> str:
    request = AWSRequest("GET", region.endpoint + target)
    SigV4QueryAuth(credentials, "sts", "us-east-1", 60).add_auth(request)
    url: str = request.prepare().url
    return url


def signed(region: Region, credentials: Credentials, service: str, target: str, **headers: str) -> AWSRequest:
    request = AWSRequest("GET", region.endpoint + target, headers=headers)
    SigV4Auth(credentials, service, "us-east-1").add_auth(request)
    return request.prepare()


def test_a_presigned_request_acts_as_its_signer(region: Region, ann: Credentials, account: str) -> None:
    answer = httpx.get(presigned(region, ann))
    assert answer.status_code == 200
    assert f"<Arn>arn:aws:iam::{account}:user/ann</Arn>" in answer.text


def test_a_presigned_request_of_a_session_carries_its_token(
    region: Region, client: Callable[..., Any], account: str
) -> None:
    trust = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"%s"}}]}'
    )
    client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust % account)
    given = client("sts").assume_role(RoleArn=f"arn:aws:iam::{account}:role/r", RoleSessionName="session")[
        "Credentials"
    ]
    session = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    assert f"<Arn>arn:aws:sts::{account}:assumed-role/r/session</Arn>" in httpx.get(presigned(region, session)).text
    stolen = Credentials(given["AccessKeyId"], given["SecretAccessKey"])
    answer = httpx.get(presigned(region, stolen))
    assert answer.status_code == 403
    assert "<Code>InvalidClientTokenId</Code>" in answer.text


@pytest.mark.parametrize("change", ["&a=1", "0"])
def test_a_presigned_request_that_was_changed_is_refused(region: Region, ann: Credentials, change: str) -> None:
    answer = httpx.get(presigned(region, ann) + change)
    assert answer.status_code == 403
    assert f"<Code>SignatureDoesNotMatch</Code><Message>{MISMATCH}" in answer.text


@pytest.mark.parametrize("kind", ["STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"])
def test_a_header_that_nobody_signed_does_not_free_a_presigned_body_from_its_hash(
    region: Region, ann: Credentials, kind: str
) -> None:
    headers = {"x-amz-target": "DynamoDB_20120810.ListTables", "content-type": "application/x-amz-json-1.0"}
    nothing = f"/?X-Amz-Content-Sha256={sha256().hexdigest()}"
    request = AWSRequest("POST", region.endpoint + nothing, headers=headers)
    SigV4QueryAuth(ann, "dynamodb", "us-east-1", 60).add_auth(request)
    url = request.prepare().url
    assert "AccessDeniedException" in httpx.post(url, headers=headers).text  # its signature is good
    chunks = b'b;chunk-signature=0\r\n{"Limit":1}\r\n0;chunk-signature=0\r\n\r\n'
    unsigned = {"x-amz-content-sha256": kind, "x-amz-decoded-content-length": "11"}
    answer = httpx.post(url, headers=headers | unsigned, content=chunks)
    assert "SerializationException" in answer.text  # it is not the body of that hash, nor JSON, which is said first


def test_a_presigned_request_that_lacks_a_parameter_is_refused_in_its_services_protocol(
    region: Region, ann: Credentials
) -> None:
    answer = httpx.get(presigned(region, ann).replace("X-Amz-Date", "X-Amz-Day"))
    assert answer.status_code == 403
    assert "<Code>IncompleteSignature</Code>" in answer.text
    assert "must include &apos;X-Amz-Date&apos;. Re-examine" in answer.text.replace("'", "&apos;")


def test_a_signature_in_both_places_is_refused(region: Region, ann: Credentials) -> None:
    header = {
        "authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0"
    }
    answer = httpx.get(presigned(region, ann), headers=header)
    assert answer.status_code == 403
    assert "as a query-string param and" in answer.text


def test_a_stale_signature(region: Region, ann: Credentials, monkeypatch: pytest.MonkeyPatch) -> None:
    old = datetime.now(UTC) - timedelta(minutes=6)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: old.replace(tzinfo=None))
    request = signed(region, ann, "lambda", "/2015-03-31/functions/")
    answer = httpx.get(request.url, headers=dict(request.headers))
    assert answer.status_code == 403
    assert answer.headers["x-amzn-errortype"] == "InvalidSignatureException"
    message = answer.json()["message"]
    assert message.startswith(f"Signature expired: {old:%Y%m%dT%H%M%SZ} is now earlier than ")
    assert message.endswith(" - 5 min.)")


def test_a_wrong_secret_is_told_what_was_signed(region: Region, ann: Credentials) -> None:
    wrong = Credentials(ann.access_key, "wrong")
    request = signed(region, wrong, "lambda", "/2015-03-31/functions/")
    answer = httpx.get(request.url, headers=dict(request.headers))
    assert answer.status_code == 403
    message = answer.json()["message"]
    assert message.startswith(MISMATCH)
    assert (
        "\n\nThe Canonical String for this request should have been\n'GET\n/2015-03-31/functions/\n\nhost:" in message
    )


@pytest.mark.parametrize("algorithm", ["AWS4-ECDSA-P256-SHA256", "AWS"])
def test_other_versions_of_signatures_are_refused_by_name(region: Region, algorithm: str) -> None:
    headers = {
        "authorization": f"{algorithm} Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "DynamoDB_20120810.ListTables",
    }
    answer = httpx.post(region.endpoint, headers=headers, content=b"{}")
    assert answer.status_code == 400
    assert answer.json() == {
        "__type": "com.amazon.coral.service#IncompleteSignatureException",
        "message": f"Unsupported AWS 'algorithm': '{algorithm}' (only AWS4-HMAC-SHA256 for now). ",
    }
