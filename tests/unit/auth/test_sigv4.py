"""Signatures in the Authorization header: requests that botocore signed are taken, anything changed since is refused in AWS's words."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.auth import sigv4
from atoll.kernel.errors import CommonError, IncompleteSignature, InvalidSignature

from .signed import FORM, MISMATCH, SECRET, Sent, in_s3


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


@pytest.mark.parametrize("name", ["x-amz-target", "x-amz-security-token", "x-empty"])
def test_a_signed_header_must_arrive_as_it_was(name: str) -> None:
    headers = {"X-Amz-Target": "DynamoDB_20120810.PutItem", "X-Empty": ""}
    changed, missing = Sent(token="t", headers=headers), Sent(token="t", headers=headers)
    changed.set(name, "other")
    missing.drop(name)
    assert changed.refused() == MISMATCH
    assert missing.refused() == MISMATCH


def test_another_signature_of_the_same_shape_is_refused() -> None:
    sent = Sent()
    assert sent.refused(sent.authorization()._replace(signature="0" * 64)) == MISMATCH
    assert sent.refused(sent.authorization()._replace(signature="\u00fc")) == MISMATCH


def test_most_services_tell_what_they_signed() -> None:
    sent = Sent("GET", "/2015-03-31/functions/", b"", {}, service="lambda")
    date = sent.header("x-amz-date")
    sent.method = "PUT"
    assert sent.refused().startswith(
        f"{MISMATCH}\n\nThe Canonical String for this request should have been\n"
        f"'PUT\n/2015-03-31/functions/\n\nhost:127.0.0.1:4566\nx-amz-date:{date}\n\nhost;x-amz-date\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'\n\nThe String-to-Sign should have been\n"
        f"'AWS4-HMAC-SHA256\n{date}\n{date[:8]}/eu-west-1/lambda/aws4_request\n"
    )


def test_s3_tells_what_it_signed_in_members() -> None:
    sent = Sent("GET", "/b", b"", service="s3")
    sent.method = "HEAD"
    status, code, message, members = sent.refused_by_s3()
    assert (status, code) == (403, "SignatureDoesNotMatch")
    assert message == (
        "The request signature we calculated does not match the signature you provided. Check your key and signing method."
    )
    assert list(members) == [
        "AWSAccessKeyId", "StringToSign", "SignatureProvided", "StringToSignBytes", "CanonicalRequest", "CanonicalRequestBytes"
    ]  # fmt: skip
    assert members["AWSAccessKeyId"] == "AKID"
    assert members["SignatureProvided"] == sent.authorization().signature
    assert members["StringToSign"].startswith("AWS4-HMAC-SHA256\n")
    assert members["StringToSignBytes"].startswith("41 57 53 34 2d 48")
    assert members["CanonicalRequest"].startswith("HEAD\n/b\n\nhost:127.0.0.1:4566\n")
    assert bytes.fromhex(members["CanonicalRequestBytes"]).decode() == members["CanonicalRequest"]


GOOD = (
    "AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/sts/aws4_request, SignedHeaders=Host;x-amz-date, Signature=abc"
)


def incomplete(value: str) -> str:
    with pytest.raises(IncompleteSignature) as caught:
        sigv4.parse_authorization(value)
    return caught.value.message


def malformed(value: str) -> tuple[int, str, str]:
    """How S3 refuses the header."""
    with pytest.raises(CommonError) as caught:
        sigv4.parse_authorization(value)
    return in_s3(caught.value)[:3]


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

    @pytest.mark.parametrize(
        "value", ["AWS AKID:frJIUN8DYpKDtOLCwo//yllqDzg=", GOOD.replace("HMAC", "ECDSA-P256")], ids=["2", "4A"]
    )
    def test_other_versions_of_signatures_in_s3(self, value: str) -> None:
        message = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
        assert malformed(value) == (400, "InvalidRequest", message)

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ("Bearer token", "Unsupported Authorization Type"),
            (GOOD.replace("AWS4-HMAC-SHA256", "Other"), "Unsupported Authorization Type"),
            ("token", "Authorization header is invalid -- one and only one ' ' (space) required."),
        ],
    )
    def test_other_schemes_in_s3(self, value: str, message: str) -> None:
        assert malformed(value) == (400, "InvalidArgument", message)

    @pytest.mark.parametrize(
        ("value", "detail"),
        [
            ("AWS4-HMAC-SHA256 a", 'the authorization component "a" is malformed.'),
            (
                GOOD.replace("Signature=", "X="),
                "the authorization header requires three components: Credential, SignedHeaders, and Signature.",
            ),
            (
                GOOD.replace("/us-east-1", ""),
                'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
            ),
            (GOOD.replace("aws4_request", "aws5"), 'incorrect terminal "aws5". This endpoint uses "aws4_request".'),
        ],
    )
    def test_what_s3_says(self, value: str, detail: str) -> None:
        message = f"The authorization header is malformed; {detail}"
        assert malformed(value) == (400, "AuthorizationHeaderMalformed", message)

    def test_what_comes_before_the_signature_is_read_once_and_alike(self) -> None:
        signature = "ab" * 32
        good = GOOD.replace("abc", signature)
        assert sigv4.parse_authorization(good) == sigv4.parse_authorization(f" {good} ")
        assert sigv4.parse_authorization(good).signature == signature
        other = GOOD.replace("Signature=abc", f"Signature={'0' * 64}, XSignature={signature}")
        assert sigv4.parse_authorization(other).signature == "0" * 64
        assert sigv4.parse_authorization(f"{GOOD}, SignedHeaders={signature}").signed_headers == (signature,)

    @given(st.text() | st.text(alphabet="AWS4-HMCSHA256 =,;/Credntial").map(lambda text: f"AWS4-HMAC-SHA256 {text}"))
    def test_any_text_is_read_or_refused(self, value: str) -> None:
        with contextlib.suppress(IncompleteSignature, InvalidSignature):
            assert isinstance(sigv4.parse_authorization(value), sigv4.Authorization)


def test_signing_keys_are_bounded() -> None:
    keys = sigv4.SigningKeys(limit=2)
    scoped = {day: sigv4.Authorization("AKID", day, "r", "s", ("host",), "") for day in ("1", "2", "3")}
    wanted = {day: sigv4.SigningKey(SECRET, day, "r", "s").sign(b"text") for day in scoped}
    for day in ("1", "2", "3", "1", "3"):
        assert keys.get(SECRET, scoped[day]).sign(b"text") == wanted[day]
    assert len(keys) == 2
