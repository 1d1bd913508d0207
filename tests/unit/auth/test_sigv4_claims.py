"""Signatures: clock skew, stale, missing header, wrong scope, and what is said of the body, each with AWS's code and text."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.auth import claims, sigv4
from atoll.kernel.errors import (
    BadBody,
    IncompleteSignature,
    InvalidSignature,
    NotImplementedByAtoll,
    SignatureOutOfDate,
)

from .signed import MISMATCH, Sent, in_s3

STREAMING = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
ASYMMETRIC = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"


def dated(date: str, now: datetime, service: str = "dynamodb") -> SignatureOutOfDate:
    sent = Sent(service=service)
    sent.set("x-amz-date", date)
    sent.now = now.timestamp()
    with pytest.raises(SignatureOutOfDate) as caught:
        sent.verify()
    return caught.value


class TestDate:
    def test_a_stale_signature_says_by_how_much(self) -> None:
        now = datetime(2015, 8, 30, 12, 42, tzinfo=UTC)
        error = dated("20150830T123600Z", now)
        assert error.message == (
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123700Z (20150830T124200Z - 5 min.)"
        )

    def test_a_signature_of_the_future_says_by_how_much(self) -> None:
        error = dated("20150830T124201Z", datetime(2015, 8, 30, 12, 37, tzinfo=UTC))
        assert error.message == (
            "Signature not yet current: 20150830T124201Z is still later than 20150830T124200Z (20150830T123700Z + 5 min.)"
        )

    def test_sts_waits_a_quarter_of_an_hour(self) -> None:
        error = dated("20150830T122359Z", datetime(2015, 8, 30, 12, 39, tzinfo=UTC), "sts")
        assert error.message.endswith("(20150830T123900Z - 15 min.)")

    @pytest.mark.parametrize(
        "now", [datetime(2015, 8, 30, 12, 51, 1, tzinfo=UTC), datetime(2015, 8, 30, 12, 20, 59, tzinfo=UTC)]
    )
    def test_s3_calls_both_skewed(self, now: datetime) -> None:
        assert in_s3(dated("20150830T123600Z", now, "s3")) == (
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            {
                "RequestTime": "20150830T123600Z",
                "ServerTime": f"{now:%Y-%m-%dT%H:%M:%SZ}",
                "MaxAllowedSkewMilliseconds": "900000",
            },
        )

    @pytest.mark.parametrize(("service", "minutes"), [("dynamodb", 5), ("s3", 15)])
    @pytest.mark.parametrize("sign", [-1, 1])
    def test_this_far_apart_is_near_enough(self, service: str, minutes: int, sign: int) -> None:
        sent = Sent(service=service)
        sent.now += sign * minutes * 60
        sent.verify()

    def test_the_date_header_serves_where_there_is_no_x_amz_date(self) -> None:
        sent = Sent(headers={"Date": "any: botocore then signs a Date of its own"})
        assert "x-amz-date" not in dict(sent.headers)
        sent.verify()

    @pytest.mark.parametrize(
        "date", ["201", "2015-08-30T12:36:00Z", "20151330T123600Z", "yesterday", "20150830T123600"]
    )
    def test_a_date_that_is_none(self, date: str) -> None:
        sent = Sent()
        sent.set("x-amz-date", date)
        with pytest.raises(IncompleteSignature) as caught:
            sent.verify()
        assert caught.value.message == (
            f"Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"
        )
        assert in_s3(caught.value)[:3] == (
            403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header"
        )  # fmt: skip

    def test_no_date_at_all(self) -> None:
        sent = Sent()
        sent.drop("x-amz-date")
        with pytest.raises(IncompleteSignature) as caught:
            sent.verify()
        assert caught.value.message.startswith(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and"
        )


class TestHeaders:
    def test_host_must_be_signed(self) -> None:
        sent = Sent()
        authorization = sent.authorization()._replace(signed_headers=("x-amz-date",))
        assert (
            sent.refused(authorization) == "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        )

    def test_s3_demands_every_x_amz_header_and_host(self) -> None:
        sent = Sent("GET", "/b", b"", service="s3")
        sent.headers += [("x-amz-meta-a", "1"), ("x-amz-acl", "public-read"), ("content-type", "text/plain")]
        unsigned = sent.authorization()._replace(signed_headers=("x-amz-content-sha256", "x-amz-date"))
        message = "There were headers present in the request which were not signed"
        assert sent.refused_by_s3() == (403, "AccessDenied", message, {"HeadersNotSigned": "x-amz-meta-a, x-amz-acl"})
        assert sent.refused_by_s3(unsigned)[3] == {"HeadersNotSigned": "host, x-amz-meta-a, x-amz-acl"}

    def test_no_other_service_demands_more_than_host(self) -> None:
        sent = Sent()
        sent.headers.append(("x-amz-note", "unsigned"))
        sent.verify()


class TestScope:
    def test_it_must_be_that_of_the_endpoint(self) -> None:
        assert Sent().refused(region="us-east-1", service="lambda") == (
            "Credential should be scoped to a valid region, not 'eu-west-1'. "
            "Credential should be scoped to correct service: 'lambda'."
        )

    def test_it_must_be_of_the_requests_day(self) -> None:
        sent = Sent()
        day, date = sent.header("x-amz-date")[:8], sent.header("x-amz-date")
        assert sent.refused(sent.authorization()._replace(date="20150830")) == (
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'20150830' != '{day}', from '{date}'."
        )

    @pytest.mark.parametrize("expires", [None, 60])
    def test_what_s3_says(self, expires: int | None) -> None:
        sent = Sent("GET", "/b", b"", service="s3", expires=expires)
        authorization, day = sent.authorization(), datetime.fromtimestamp(sent.now, UTC).strftime("%Y%m%d")
        code, before = "AuthorizationHeaderMalformed", "The authorization header is malformed; "
        if expires:
            code, before = "AuthorizationQueryParametersError", "Error parsing the X-Amz-Credential parameter; "
        form = 'incorrect date format "2015083". This date in the credential must be in the format "yyyyMMdd".'
        other_day = f'Invalid credential date "20150830". This date is not the same as X-Amz-Date: "{day}".'
        cases = [
            ({"region": "us-east-1"}, authorization, f"{before}the region 'eu-west-1' is wrong; expecting 'us-east-1'"),
            ({"service": "s3x"}, authorization, f'{before}incorrect service "s3". This endpoint belongs to "s3x".'),
            ({}, authorization._replace(date="2015083"), before + form),
            ({}, authorization._replace(date="20150830"), other_day if expires else before + other_day),
        ]  # fmt: skip
        for scope, wrong, message in cases:
            members = {"Region": "us-east-1"} if "region" in scope else {}
            assert sent.refused_by_s3(wrong, **scope) == (400, code, message, members)


class TestBodyHash:
    def test_a_claimed_hash_must_be_the_bodys(self) -> None:
        sent = Sent(service="lambda", headers={"X-Amz-Content-SHA256": sha256(b"data").hexdigest()}, body=b"data")
        sent.verify()
        sent.body = b"other"
        assert sent.refused() == MISMATCH

    def test_s3_says_both_hashes(self) -> None:
        sent = Sent("PUT", "/b/k", b"data", service="s3", claim=sha256(b"data").hexdigest())
        sent.verify()
        sent.body = b"other"
        assert sent.refused_by_s3() == (
            400,
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
            {
                "ClientComputedContentSHA256": sha256(b"data").hexdigest(),
                "S3ComputedContentSHA256": sha256(b"other").hexdigest(),
            },
        )

    def test_a_body_may_be_left_unsigned(self) -> None:
        sent = Sent("PUT", "/b/k", b"data", {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, "lambda")
        sent.body = b"other"
        sent.verify()

    @pytest.mark.parametrize("claim", [STREAMING, STREAMING + "-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
    def test_bodies_in_chunks(self, claim: str) -> None:
        sent = Sent("PUT", "/b/k", b"", service="s3", claim=claim)
        assert claims.payload_claim(sent.authorization(), sent.fields) == claim

    @pytest.mark.parametrize("claim", [ASYMMETRIC, ASYMMETRIC + "-TRAILER", "STREAMING-AWS4-HMAC-SHA256-EVENTS"])
    def test_signatures_of_bodies_that_are_not_verified_are_refused_by_name(self, claim: str) -> None:
        sent = Sent(headers={"X-Amz-Content-SHA256": claim})
        with pytest.raises(NotImplementedByAtoll, match=claim):
            sent.verify()

    def test_s3_demands_a_claim(self) -> None:
        sent = Sent("GET", "/b", b"", service="s3")
        fields = {name: value for name, value in sent.fields.items() if name != "x-amz-content-sha256"}
        with pytest.raises(BadBody) as caught:
            claims.payload_claim(sent.authorization(), fields)
        message = "Missing required header for this request: x-amz-content-sha256"
        assert in_s3(caught.value) == (400, "InvalidRequest", message, {})

    def test_s3_takes_no_other_word_for_a_claim(self) -> None:
        status, code, message, members = Sent("GET", "/b", b"", service="s3", claim="no").refused_by_s3()
        assert (status, code) == (400, "InvalidArgument")
        assert message.startswith("x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, ")
        assert message.endswith("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.")
        assert members == {"ArgumentName": "x-amz-content-sha256", "ArgumentValue": "no"}


@given(
    path=st.text(),
    query=st.text(),
    date=st.text()
    | st.from_regex(r"\d{8}T\d{6}Z", fullmatch=True)
    | st.datetimes().map(lambda d: f"{d:%d %b %Y %T} -0000"),
    value=st.text(),
    name=st.text(),
    signature=st.text(),
    service=st.sampled_from(["sts", "s3"]),
)
def test_any_request_is_taken_or_refused(
    path: str, query: str, date: str, value: str, name: str, signature: str, service: str
) -> None:
    fields = {"host": value, "x-amz-date": date, "x-amz-content-sha256": value} | {name: value}
    authorization = sigv4.Authorization("k", date[:8], value, service, ("host", name), signature)

    def verify() -> None:
        timestamp = claims.check_scope_and_date(authorization, fields, 1440938160.0)
        claims.payload_claim(authorization, fields)
        sigv4.verify_signature(
            authorization,
            secret=value,
            method="GET",
            raw_path=path,
            query_string=query,
            fields=fields,
            payload="",
            timestamp=timestamp,
            signing_keys=sigv4.SigningKeys(),
        )

    with pytest.raises((IncompleteSignature, InvalidSignature, BadBody, NotImplementedByAtoll)):
        verify()
