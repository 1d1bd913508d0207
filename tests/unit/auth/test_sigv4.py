"""Header signatures: requests that botocore signed are taken, anything changed since is refused in AWS's words."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from atoll.auth import sigv4
from atoll.kernel.errors import IncompleteSignature, InvalidSignature, NotImplementedByAtoll

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
HOST = "http://127.0.0.1:4566"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and "
    "signing method. Consult the service documentation for details."
)


class Sent:
    """A request that botocore signed, as a server receives it. Attributes may be changed before `verify`."""

    def __init__(
        self,
        method: str = "POST",
        target: str = "/",
        body: bytes = b'{"TableName":"T"}',
        headers: dict[str, str] | None = None,
        service: str = "dynamodb",
        token: str | None = None,
    ) -> None:
        request = AWSRequest(
            method, HOST + target, data=body, headers=headers or {"X-Amz-Target": "DynamoDB_20120810.PutItem"}
        )
        auth = (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials("AKID", SECRET, token), service, "eu-west-1")
        auth.add_auth(request)
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

    def header(self, name: str) -> str:
        return next(value for key, value in self.headers if key == name)

    def set(self, name: str, value: str) -> None:
        self.headers = [(key, value if key == name else old) for key, old in self.headers]

    def drop(self, name: str) -> None:
        self.headers = [pair for pair in self.headers if pair[0] != name]

    def authorization(self) -> sigv4.Authorization:
        return sigv4.parse_authorization(self.header("authorization"))

    def verify(self, authorization: sigv4.Authorization | None = None, **expected: str) -> None:
        sigv4.verify(
            authorization or self.authorization(),
            secret=self.secret,
            method=self.method,
            raw_path=self.raw_path,
            query_string=self.query_string,
            headers=self.headers,
            body_hash=sha256(self.body).hexdigest(),
            now=self.now,
            signing_keys=sigv4.SigningKeys(),
            **expected,
        )

    def refused(self, **expected: str) -> str:
        with pytest.raises(InvalidSignature) as caught:
            self.verify(**expected)
        return caught.value.message


FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"token": "FwoGZXIvYXdzE//////wEaDH=="},
        {"body": b"Action=GetCallerIdentity&Version=2011-06-15", "headers": FORM, "service": "sts"},
        {"method": "GET", "target": "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Af/policy", "body": b""},
        {"method": "GET", "target": "/a%2Fb", "body": b"", "service": "apigateway"},
        {"method": "GET", "target": "/a/$default/b", "body": b"", "service": "execute-api"},
        {"method": "GET", "target": "/a/%24default/b", "body": b"", "service": "execute-api"},
        {"method": "GET", "target": "/%C3%BC/%E1%88%B4", "body": b"", "service": "execute-api"},
        {"method": "GET", "target": "//a//b/./c/../d/", "body": b"", "service": "execute-api"},
        {"method": "GET", "target": "/..", "body": b"", "service": "execute-api"},
        {"method": "GET", "target": "/x?b=2&a=1&a=0&c=%2F%20~&empty=&key", "body": b"", "service": "execute-api"},
        {"method": "GET", "target": "/a=b;c,d:e@f!g*h'(i)", "body": b"", "service": "execute-api"},
        {"headers": {"X-Note": "  two   words  ", "X-Tab": "a\tb"}},
        {"headers": {"X-Amz-Meta": "caf\u00e9 \u00e0 la"}},
        {"method": "PUT", "target": "/bucket//a/./b/../k%20ey%2B%24%2F", "body": b"data", "service": "s3"},
    ],
    ids=lambda sent: f"{sent.get('service', 'dynamodb')}{sent.get('target', '')}",
)  # fmt: skip
def test_what_botocore_signs_is_taken(sent: dict[str, Any]) -> None:
    Sent(**sent).verify(region="eu-west-1", service=sent.get("service", "dynamodb"))


def test_a_header_sent_twice_is_signed_in_order() -> None:
    sent = Sent(headers={"X-List": "one,two"})
    sent.drop("x-list")
    sent.headers += [("x-list", "one"), ("x-list", " two ")]
    sent.verify()
    sent.headers.reverse()
    assert sent.refused() == MISMATCH


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("method", "PUT"),
        ("raw_path", "/other"),
        ("raw_path", "/%2F"),
        ("query_string", "a=1"),
        ("body", b'{"TableName":"U"}'),
        ("secret", "another"),
    ],
)
def test_what_was_changed_since_is_refused(attribute: str, value: object) -> None:
    sent = Sent()
    setattr(sent, attribute, value)
    assert sent.refused() == MISMATCH


@pytest.mark.parametrize("name", ["x-amz-target", "host", "x-amz-security-token"])
def test_a_signed_header_must_arrive_as_it_was(name: str) -> None:
    changed, missing = Sent(token="t"), Sent(token="t")
    changed.set(name, "other")
    missing.drop(name)
    assert changed.refused() == MISMATCH
    assert missing.refused() == MISMATCH


def test_another_signature_of_the_same_shape_is_refused() -> None:
    sent = Sent()
    with pytest.raises(InvalidSignature, match="does not match"):
        sent.verify(replace(sent.authorization(), signature="0" * 64))


def test_host_must_be_signed() -> None:
    sent = Sent()
    authorization = replace(sent.authorization(), signed_headers=("x-amz-date",))
    with pytest.raises(InvalidSignature) as caught:
        sent.verify(authorization)
    assert caught.value.message == "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."


def dated(date: str, now: datetime) -> str:
    sent = Sent()
    sent.set("x-amz-date", date)
    sent.now = now.timestamp()
    return sent.refused()


def test_a_stale_signature_says_by_how_much() -> None:
    assert dated("20150830T123600Z", datetime(2015, 8, 30, 12, 42, tzinfo=UTC)) == (
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123700Z (20150830T124200Z - 5 min.)"
    )


def test_a_signature_of_the_future_says_by_how_much() -> None:
    assert dated("20150830T124201Z", datetime(2015, 8, 30, 12, 37, tzinfo=UTC)) == (
        "Signature not yet current: 20150830T124201Z is still later than 20150830T124200Z (20150830T123700Z + 5 min.)"
    )


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_apart_is_near_enough(seconds: int) -> None:
    sent = Sent()
    sent.now += seconds
    sent.verify()


def test_the_scope_must_be_that_of_the_endpoint() -> None:
    assert Sent().refused(region="us-east-1", service="lambda") == (
        "Credential should be scoped to a valid region, not 'eu-west-1'. "
        "Credential should be scoped to correct service: 'lambda'."
    )


def test_the_scope_must_be_of_the_requests_day() -> None:
    sent = Sent()
    with pytest.raises(
        InvalidSignature, match=r"^Date in Credential scope does not match YYYYMMDD from ISO-8601 version"
    ):
        sent.verify(replace(sent.authorization(), date="20150830"))


def test_the_date_header_serves_where_there_is_no_x_amz_date() -> None:
    sent = Sent(headers={"Date": "any: botocore then signs a Date of its own"})
    assert "x-amz-date" not in dict(sent.headers)
    sent.verify()


@pytest.mark.parametrize("date", ["201", "2015-08-30T12:36:00Z", "20151330T123600Z", "yesterday", "20150830T123600"])
def test_a_date_that_is_none(date: str) -> None:
    sent = Sent()
    sent.set("x-amz-date", date)
    with pytest.raises(IncompleteSignature) as caught:
        sent.verify()
    assert caught.value.message == (
        f"Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"
    )


def test_no_date_at_all() -> None:
    sent = Sent()
    authorization = replace(sent.authorization(), signed_headers=("host",))
    sent.drop("x-amz-date")
    with pytest.raises(IncompleteSignature, match="requires existence of either a 'X-Amz-Date' or a 'Date' header"):
        sent.verify(authorization)


class TestBodyHash:
    def test_a_claimed_hash_must_be_the_bodys(self) -> None:
        body = b"data"
        sent = Sent("PUT", "/b/k", body, {"X-Amz-Content-SHA256": sha256(body).hexdigest()}, "s3")
        sent.verify()
        sent.body = b"other"
        assert sent.refused() == MISMATCH

    def test_a_body_may_be_left_unsigned(self) -> None:
        sent = Sent("PUT", "/b/k", b"data", {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, "lambda")
        sent.body = b"other"
        sent.verify()

    def test_chunked_signatures_are_refused_by_name(self) -> None:
        sent = Sent(headers={"X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"})
        with pytest.raises(NotImplementedByAtoll, match="STREAMING-AWS4-HMAC-SHA256-PAYLOAD"):
            sent.verify()


GOOD = (
    "AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/sts/aws4_request, SignedHeaders=Host;x-amz-date, Signature=abc"
)


def incomplete(value: str) -> str:
    with pytest.raises(IncompleteSignature) as caught:
        sigv4.parse_authorization(value)
    return caught.value.message


class TestAuthorizationHeader:
    def test_its_parts(self) -> None:
        expected = sigv4.Authorization("AKID", "20150830", "us-east-1", "sts", ("host", "x-amz-date"), "abc")
        assert sigv4.parse_authorization(GOOD) == expected
        assert sigv4.parse_authorization(GOOD.replace(", ", ",")) == expected

    @pytest.mark.parametrize("name", ["Credential", "Signature", "SignedHeaders"])
    def test_a_missing_parameter(self, name: str) -> None:
        message = incomplete(GOOD.replace(name, "Other"))
        assert message.startswith(
            f"Authorization header requires '{name}' parameter. (Hashed with SHA-256 and encoded with"
        )

    def test_none_of_its_parameters(self) -> None:
        assert incomplete("AWS4-HMAC-SHA256").startswith(
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. "
            "Authorization header requires 'SignedHeaders' parameter. "
        )

    def test_a_token_of_another_scheme_is_not_echoed(self) -> None:
        message = incomplete("Bearer eyJhbGciOi")
        assert message.startswith(
            "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256"
        )
        assert "eyJhbGciOi" not in message

    @pytest.mark.parametrize("algorithm", ["AWS", "AWS4-ECDSA-P256-SHA256", "AWS4-HMAC-SHA25"])
    def test_other_algorithms(self, algorithm: str) -> None:
        assert incomplete(GOOD.replace("AWS4-HMAC-SHA256", algorithm)) == (
            f"Unsupported AWS 'algorithm': '{algorithm}' (only AWS4-HMAC-SHA256 for now). "
        )

    def test_a_credential_of_too_many_parts(self) -> None:
        assert incomplete(GOOD.replace("AKID", "foo/bar")) == (
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            "got 'foo/bar/20150830/us-east-1/sts/aws4_request'"
        )

    def test_a_credential_of_another_terminator(self) -> None:
        with pytest.raises(InvalidSignature) as caught:
            sigv4.parse_authorization(GOOD.replace("aws4_request", "aws5_request"))
        assert caught.value.message == (
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'."
        )

    @given(st.text() | st.text(alphabet="AWS4-HMCSHA256 =,;/Credntial").map(lambda text: f"AWS4-HMAC-SHA256 {text}"))
    def test_any_text_is_read_or_refused(self, value: str) -> None:
        with contextlib.suppress(IncompleteSignature, InvalidSignature):
            assert isinstance(sigv4.parse_authorization(value), sigv4.Authorization)


@given(
    path=st.text(),
    query=st.text(),
    date=st.text()
    | st.from_regex(r"\d{8}T\d{6}Z", fullmatch=True)
    | st.datetimes().map(lambda d: f"{d:%d %b %Y %T} -0000"),
    value=st.text(),
    name=st.text(),
    signature=st.text(),
)
def test_any_request_is_taken_or_refused(
    path: str, query: str, date: str, value: str, name: str, signature: str
) -> None:
    headers = [("host", value), ("x-amz-date", date), (name, value)]
    authorization = sigv4.Authorization("k", date[:8], value, "sts", ("host", name), signature)
    with pytest.raises((IncompleteSignature, InvalidSignature)):
        sigv4.verify(
            authorization,
            secret=value,
            method="GET",
            raw_path=path,
            query_string=query,
            headers=headers,
            body_hash="",
            now=1440938160.0,
            signing_keys=sigv4.SigningKeys(),
        )


def test_signing_keys_are_bounded() -> None:
    keys = sigv4.SigningKeys(limit=2)
    wanted = {day: sigv4.signing_key(SECRET, day, "r", "s") for day in ("1", "2", "3")}
    for day in ("1", "2", "3", "1", "3"):
        assert keys.get(SECRET, day, "r", "s") == wanted[day]
    assert len(keys) == 2
