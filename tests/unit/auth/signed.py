"""Requests that botocore signed, as a server receives them."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from atoll.auth import claims, sigv4
from atoll.auth.presigned import find_authorization
from atoll.kernel.errors import CommonError, InvalidSignature
from atoll.kernel.http import HttpRequest

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
HOST = "http://127.0.0.1:4566"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and "
    "signing method. Consult the service documentation for details."
)
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


class Sent:
    """Attributes may be changed before `verify`. `expires` makes it a presigned request, `claim` stands for the
    hash of its body."""

    def __init__(
        self,
        method: str = "POST",
        target: str = "/",
        body: bytes = b'{"TableName":"T"}',
        headers: dict[str, str] | None = None,
        service: str = "dynamodb",
        token: str | None = None,
        expires: int | None = None,
        claim: str | None = None,
    ) -> None:
        if headers is None:
            headers = {} if service == "s3" else {"X-Amz-Target": "DynamoDB_20120810.PutItem"}
        if expires is not None and service != "s3":
            body = b""
        # botocore presigns no body: that of a presigned request to S3 is not signed, and others have none.
        request = AWSRequest(method, HOST + target, data=body if expires is None else b"", headers=headers)
        signer = self._signer(service, token, expires)
        if claim is not None:
            signer.payload = lambda request: claim
        signer.add_auth(request)
        prepared = request.prepare()
        url = urlsplit(prepared.url)
        self.method, self.raw_path, self.query_string, self.body = method, url.path, url.query, body
        self.headers = [("host", url.netloc)]
        for name, value in prepared.headers.items():
            text = value if isinstance(value, str) else value.decode("latin-1")
            self.headers.append((name.lower(), text.encode().decode("latin-1")))
        timestamp = request.context["timestamp"]  # where botocore keeps what it dated the request
        self.now = datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        self.secret = SECRET

    @staticmethod
    def _signer(service: str, token: str | None, expires: int | None) -> Any:
        credentials = Credentials("AKID", SECRET, token)
        if expires is None:
            return (S3SigV4Auth if service == "s3" else SigV4Auth)(credentials, service, "eu-west-1")
        return (S3SigV4QueryAuth if service == "s3" else SigV4QueryAuth)(credentials, service, "eu-west-1", expires)

    def header(self, name: str) -> str:
        return next(value for key, value in self.headers if key == name)

    def set(self, name: str, value: str) -> None:
        self.headers = [(key, value if key == name else old) for key, old in self.headers]

    def drop(self, name: str) -> None:
        self.headers = [pair for pair in self.headers if pair[0] != name]

    @property
    def fields(self) -> dict[str, str]:
        return HttpRequest(self.method, self.raw_path, self.query_string, self.headers, self.body).fields

    def authorization(self) -> sigv4.Authorization:
        found = find_authorization(self.fields, self.query_string)
        assert found is not None
        return found

    def verify(self, authorization: sigv4.Authorization | None = None, **expected: str) -> None:
        """As the gateway does it."""
        authorization, fields = authorization or self.authorization(), self.fields
        timestamp = claims.check_scope_and_date(authorization, fields, self.now, **expected)
        claim = claims.payload_claim(authorization, fields)
        body_hash = sha256(self.body).hexdigest()
        sigv4.verify_signature(
            authorization,
            secret=self.secret,
            method=self.method,
            raw_path=self.raw_path,
            query_string=self.query_string,
            fields=fields,
            payload=claim or body_hash,
            timestamp=timestamp,
            signing_keys=sigv4.SigningKeys(),
        )
        if claim is not None and claim != claims.UNSIGNED_PAYLOAD:
            claims.require_hash(authorization, claim, body_hash)

    def refused(self, authorization: sigv4.Authorization | None = None, **expected: str) -> str:
        """What every service but S3 says."""
        with pytest.raises(InvalidSignature) as caught:
            self.verify(authorization, **expected)
        return caught.value.message

    def refused_by_s3(
        self, authorization: sigv4.Authorization | None = None, **expected: str
    ) -> tuple[int, str, str, dict[str, str]]:
        """Status, code, message and members."""
        with pytest.raises(CommonError) as caught:
            self.verify(authorization, **expected)
        return in_s3(caught.value)


def in_s3(error: CommonError) -> tuple[int, str, str, dict[str, str]]:
    assert error.s3 is not None
    return error.s3.status, error.s3.code, error.s3.message, dict(error.s3.members)
