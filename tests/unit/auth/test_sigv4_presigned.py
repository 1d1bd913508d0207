"""Signatures in the query string: presigned requests that botocore made are taken, until they expire."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.auth import claims, presigned, sigv4
from atoll.kernel.errors import CommonError, IncompleteSignature, InvalidSignature

from .signed import MISMATCH, Sent, in_s3

REQUIRED = (
    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, "
    "X-Amz-SignedHeaders, and X-Amz-Expires parameters."
)
PARAMETERS = {
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": "AKID/20130524/us-east-1/s3/aws4_request",
    "X-Amz-Date": "20130524T000000Z",
    "X-Amz-Expires": "60",
    "X-Amz-SignedHeaders": "host",
    "X-Amz-Signature": "ab" * 32,
}
BAD = "AuthorizationQueryParametersError"


def query(**changed: str | None) -> str:
    """`PARAMETERS` with some of them changed, or left out."""
    changes = {f"X-Amz-{name}": value for name, value in changed.items()}
    pairs = [(name, value) for name, value in (PARAMETERS | changes).items() if value is not None]
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)


def refused(text: str) -> CommonError:
    with pytest.raises((IncompleteSignature, InvalidSignature)) as caught:
        presigned.parse_query(text)
    return caught.value


@pytest.mark.parametrize(
    "sent",
    [
        {"method": "GET", "target": "/b/k", "body": b"", "service": "s3"},
        {"method": "PUT", "target": "/b//a/./b/../k%20ey%2B%24%2F", "body": b"any", "service": "s3"},
        {"method": "GET", "target": "/b/%C3%BC?versionId=a%2Fb&response-content-type=text%2Fplain", "body": b"", "service": "s3"},
        {"method": "GET", "target": "/b/k", "body": b"", "service": "s3", "token": "FwoG/+="},
        {"method": "PUT", "target": "/b/k", "headers": {"x-amz-meta-a": "  b  c "}, "service": "s3"},
        {"method": "GET", "target": "/?Action=GetCallerIdentity&Version=2011-06-15", "body": b"", "service": "sts"},
        {"method": "GET", "target": "/stage/a%20b?x=1", "body": b"", "service": "execute-api", "token": "t"},
    ],
    ids=lambda sent: f"{sent['service']}{sent['target']}",
)  # fmt: skip
def test_what_botocore_presigns_is_taken(sent: dict[str, Any]) -> None:
    made = Sent(**sent, expires=60)
    assert "authorization" not in made.fields
    made.verify(region="eu-west-1", service=sent["service"])
    assert claims.session_token(made.authorization(), made.fields) == sent.get("token")


def test_the_body_of_a_presigned_put_is_not_signed() -> None:
    sent = Sent("PUT", "/b/k", b"data", service="s3", expires=60)
    sent.body = b"other"
    sent.verify()
    sent.headers.append(("x-amz-content-sha256", "0" * 64))  # not signed either, thus not heeded
    sent.verify()


def test_other_services_sign_the_body() -> None:
    sent = Sent("GET", "/x", b"", {}, service="execute-api", expires=60)
    sent.body = b"other"
    assert sent.refused().startswith(MISMATCH)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("method", "PUT"), ("raw_path", "/b/other"), ("secret", "another"), ("query_string", "&a=1")],
)
def test_what_was_changed_since_is_refused(attribute: str, value: str) -> None:
    sent = Sent("GET", "/b/k", b"", service="s3", expires=60)
    setattr(sent, attribute, getattr(sent, attribute) + value if value.startswith("&") else value)
    assert sent.refused_by_s3()[:2] == (403, "SignatureDoesNotMatch")


def test_an_x_amz_header_must_be_signed() -> None:
    sent = Sent("PUT", "/b/k", b"", service="s3", expires=60)
    sent.headers += [("content-type", "text/plain"), ("x-amz-acl", "public-read")]
    assert sent.refused_by_s3()[3] == {"HeadersNotSigned": "x-amz-acl"}


class TestExpiry:
    def test_s3_takes_it_to_the_last_moment(self) -> None:
        sent = Sent("GET", "/b", b"", service="s3", expires=60)
        start = sent.now
        sent.now = start + 60
        sent.verify()
        sent.now = start + 60.001
        end = f"{datetime.fromtimestamp(start + 60, UTC):%Y-%m-%dT%H:%M:%SZ}"
        members = {"X-Amz-Expires": "60", "Expires": end, "ServerTime": end}
        assert sent.refused_by_s3() == (403, "AccessDenied", "Request has expired", members)

    def test_a_week_is_possible(self) -> None:
        sent = Sent("GET", "/b", b"", service="s3", expires=604800)
        sent.now += 604800
        sent.verify()

    def test_not_yet(self) -> None:
        sent = Sent("GET", "/b", b"", service="s3", expires=60)
        sent.now -= 900
        sent.verify()
        sent.now -= 1
        date = dict(part.split("=", 1) for part in sent.query_string.split("&"))["X-Amz-Date"]
        members = {"X-Amz-Date": date, "ServerTime": f"{datetime.fromtimestamp(sent.now, UTC):%Y-%m-%dT%H:%M:%SZ}"}
        assert sent.refused_by_s3() == (403, "AccessDenied", "Request is not yet valid", members)

    @pytest.mark.parametrize(("service", "minutes"), [("sts", 15), ("execute-api", 5)])
    def test_no_other_service_heeds_x_amz_expires(self, service: str, minutes: int) -> None:
        sent = Sent("GET", "/", b"", {}, service=service, expires=60)
        start = sent.now
        sent.now = start + minutes * 60
        sent.verify()
        sent.now += 1
        assert sent.refused().endswith(f" - {minutes} min.)")


class TestRefused:
    @pytest.mark.parametrize("name", ["Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires"])
    @pytest.mark.parametrize("value", [None, ""])
    def test_a_missing_parameter(self, name: str, value: str | None) -> None:
        error = refused(query(**{name: value}))
        assert in_s3(error) == (400, BAD, REQUIRED, {})
        if name != "Expires":
            assert error.message == (
                f"AWS query-string parameters must include 'X-Amz-{name}'. Re-examine the query-string parameters."
            )

    def test_nearly_all_of_them(self) -> None:
        assert refused("X-Amz-Algorithm").message == (
            "AWS query-string parameters must include 'X-Amz-Algorithm'. "
            "AWS query-string parameters must include 'X-Amz-Credential'. "
            "AWS query-string parameters must include 'X-Amz-Signature'. "
            "AWS query-string parameters must include 'X-Amz-SignedHeaders'. "
            "AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters."
        )

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            (
                "Algorithm",
                "AWS4-HMAC-SHA1",
                'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"',
            ),
            ("Algorithm", "AWS4-ECDSA-P256-SHA256", 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"'),
            (
                "Credential",
                "AKID%2F20130524%2Fus-east-1%2Fs3%2Faws4_request",
                "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
                '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
            ),
            ("Expires", "1h", "X-Amz-Expires should be a number"),
            ("Expires", "\u0661", "X-Amz-Expires should be a number"),
            ("Expires", "9" * 5000, "X-Amz-Expires should be a number"),
            ("Expires", "-1", "X-Amz-Expires must be non-negative"),
            (
                "Expires",
                "604801",
                "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
                "604800 seconds",
            ),
        ],
    )
    def test_a_wrong_parameter_in_s3(self, name: str, value: str, message: str) -> None:
        assert in_s3(refused(query(**{name: value}))) == (400, BAD, message, {})

    def test_a_date_in_another_format(self) -> None:
        authorization = presigned.parse_query(query(Date="2013-05-24T00:00:00Z"))
        assert authorization is not None
        with pytest.raises(IncompleteSignature) as caught:
            claims.check_scope_and_date(authorization, {"host": "h"}, 1369353600.0)
        form = "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
        assert in_s3(caught.value) == (400, BAD, form, {})
        assert caught.value.message.startswith("Date must be in ISO-8601 'basic format'. Got '2013-05-24T00:00:00Z'.")

    def test_signature_version_2(self) -> None:
        error = refused("AWSAccessKeyId=AKID&Signature=frJIUN8DYpKDtOLCwo//yllqDzg%3D&Expires=1369353600")
        message = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
        assert in_s3(error) == (400, "InvalidRequest", message, {})

    def test_both_ways_at_once(self) -> None:
        fields = {"authorization": "AWS4-HMAC-SHA256 a"}
        with pytest.raises(InvalidSignature) as caught:
            presigned.find_authorization(fields, query())
        assert caught.value.message == (
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
        )
        assert in_s3(caught.value) == (
            400,
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the "
            "Authorization header should be specified",
            {"ArgumentName": "Authorization", "ArgumentValue": "AWS4-HMAC-SHA256 a"},
        )


@pytest.mark.parametrize(
    "text", ["", "a=1", "X-Amz-Date=1", "X-Amz-Security-Token=t", "AWSAccessKeyId=AKID", "a=X-Amz-Signature"]
)
def test_what_is_not_signed(text: str) -> None:
    assert presigned.find_authorization({}, text) is None


@given(
    st.text()
    | st.lists(
        st.tuples(
            st.sampled_from([*PARAMETERS, "AWSAccessKeyId", "Signature"]),
            st.text() | st.sampled_from([*PARAMETERS.values()]),
        )
    ).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))
    | st.dictionaries(st.sampled_from([name[6:] for name in PARAMETERS]), st.text()).map(lambda some: query(**some))
)
def test_any_query_string_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(IncompleteSignature, InvalidSignature):
        found = presigned.parse_query(text)
        if found is not None:
            assert isinstance(found, sigv4.Authorization)
            claims.check_scope_and_date(found, {"host": "h"}, 1369353600.0)
