"""What a signature claims that can be judged before the body is read: its date, its scope, its headers, and what it says of the body.

Pure. Follows "Elements of an AWS API request signature" (IAM User Guide), "Authenticating Requests (AWS Signature Version 4)" (S3 API
Reference), and the texts that AWS answers.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from atoll.auth.chunked import KINDS
from atoll.auth.sigv4 import Authorization, Fields, digest, malformed, mismatch
from atoll.kernel.errors import (
    BadBody,
    IncompleteSignature,
    InvalidSignature,
    NotImplementedByAtoll,
    SignatureOutOfDate,
)

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
TOLERANCE = 5 * 60
"""Seconds by which a request's date may differ from ours."""
WIDE_TOLERANCE = 15 * 60
"""The same for S3 and STS. Of a presigned request S3 takes X-Amz-Expires for its end instead; no other service heeds that."""

_BASIC_FORMAT = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)
_DATE = re.compile(r"\d{8}", re.ASCII)
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_MAY_BE_UNSIGNED = "x-amz-content-sha256"
"""The one x-amz- header that S3 takes unsigned: what it says is signed where it is heeded."""
_NOT_A_CLAIM = (
    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, "
    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value."
)


def check_scope_and_date(
    authorization: Authorization, fields: Fields, now: float, *, service: str | None = None, region: str | None = None
) -> str:
    """The timestamp of the request (YYYYMMDD'T'HHMMSS'Z') if it was signed lately, for `service` in `region`, with the headers that
    must be.

    `now` is wall time in seconds; `service` and `region` are what the credential must be scoped to, where that is known. Raises, in
    AWS's order, IncompleteSignature (no date, or none that can be read), SignatureOutOfDate, InvalidSignature (headers, scope).
    """
    presigned = authorization.presigned
    if presigned:
        timestamp, seconds = _presigned_moment(presigned.timestamp)
    else:
        timestamp, seconds = _header_moment(_date_header(fields))
    tolerance = WIDE_TOLERANCE if authorization.s3 or authorization.service == "sts" else TOLERANCE
    if presigned and presigned.expires is not None:
        _check_expiry(timestamp, seconds, presigned.expires, now)
    elif abs(now - seconds) > tolerance:
        raise _out_of_date(timestamp, seconds, now, tolerance)
    if authorization.s3 or "host" not in authorization.signed_headers:
        _check_headers(authorization, fields)
    if (
        authorization.date != timestamp[:8]
        or service not in (None, authorization.service)
        or region not in (None, authorization.region)
    ):
        raise _wrong_scope(authorization, timestamp, service, region)
    return timestamp


def payload_claim(authorization: Authorization, fields: Fields) -> str | None:
    """What stands for the body in the canonical request: its SHA-256 in hex (`require_hash` holds the body against it),
    UNSIGNED-PAYLOAD, or one of `chunked.KINDS`; None where the request says nothing, and the body's own hash is meant.

    Raises BadBody where S3 demands a claim and finds none or a wrong one, NotImplementedByAtoll for bodies signed in a way that Atoll
    does not verify.
    """
    presigned = authorization.presigned
    claim = fields.get("x-amz-content-sha256")
    if presigned and (presigned.payload or "x-amz-content-sha256" not in authorization.signed_headers):
        claim = presigned.payload
    if claim is None:
        if not authorization.s3:
            return None
        if presigned:
            return UNSIGNED_PAYLOAD
        raise BadBody("Missing required header for this request: x-amz-content-sha256")
    claim = claim.strip()
    if claim.startswith("STREAMING-") and claim not in KINDS:
        raise NotImplementedByAtoll(f"Atoll does not verify bodies signed like this ({claim}).")
    if authorization.s3 and not (claim == UNSIGNED_PAYLOAD or claim in KINDS or _HASH.fullmatch(claim)):
        argument = {"ArgumentName": "x-amz-content-sha256", "ArgumentValue": claim}
        raise BadBody(_NOT_A_CLAIM, "InvalidArgument", s3_members=argument)
    return claim


def session_token(authorization: Authorization, fields: Fields) -> str | None:
    """The session token that came with the signature."""
    in_query = authorization.presigned.token if authorization.presigned else None
    return in_query or fields.get("x-amz-security-token")


def require_hash(authorization: Authorization, claim: str, body_hash: str) -> None:
    """Returns if the body, whose lower-case hex SHA-256 is `body_hash`, is the one that was claimed; raises BadBody (S3) or
    InvalidSignature. Not for the claims that are no hash."""
    if claim.lower() == body_hash:
        return
    if authorization.s3:
        raise BadBody(
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
            "XAmzContentSHA256Mismatch",
            s3_members={"ClientComputedContentSHA256": claim, "S3ComputedContentSHA256": body_hash},
        )
    raise mismatch(authorization)


def _check_headers(authorization: Authorization, fields: Fields) -> None:
    signed = authorization.signed_headers
    host = "host" in signed or ":authority" in signed
    unsigned = [] if host else ["host"]
    if authorization.s3:
        unsigned += [name for name in fields if name.startswith("x-amz-") and name not in signed]
        unsigned = [name for name in unsigned if name != _MAY_BE_UNSIGNED]
    if unsigned:
        raise InvalidSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.").in_s3(
            "AccessDenied",
            "There were headers present in the request which were not signed",
            403,
            {"HeadersNotSigned": ", ".join(unsigned)},
        )


def _wrong_scope(
    authorization: Authorization, timestamp: str, service: str | None, region: str | None
) -> InvalidSignature:
    date, presigned = authorization.date, authorization.presigned is not None
    wrong, details = [], []
    if region is not None and authorization.region != region:
        wrong.append(f"Credential should be scoped to a valid region, not '{authorization.region}'.")
        details.append(malformed(f"the region '{authorization.region}' is wrong; expecting '{region}'", presigned))
    if service is not None and authorization.service != service:
        wrong.append(f"Credential should be scoped to correct service: '{service}'.")
        incorrect = f'incorrect service "{authorization.service}". This endpoint belongs to "{service}".'
        details.append(malformed(incorrect, presigned))
    if date != timestamp[:8]:
        wrong.append(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{date}' != '{timestamp[:8]}', from '{timestamp}'."
        )
        details.append(_wrong_date(date, timestamp[:8], presigned))
    members = {"Region": region} if region not in (None, authorization.region) else None
    return InvalidSignature(" ".join(wrong)).in_s3(*details[0], 400, members)


def _wrong_date(date: str, expected: str, presigned: bool) -> tuple[str, str]:
    if not _DATE.fullmatch(date):
        form = f'incorrect date format "{date}". This date in the credential must be in the format "yyyyMMdd".'
        return malformed(form, presigned)
    message = f'Invalid credential date "{date}". This date is not the same as X-Amz-Date: "{expected}".'
    code, whole = malformed(message, presigned)
    return code, message if presigned else whole


def _check_expiry(timestamp: str, seconds: float, expires: int, now: float) -> None:
    """Whether a presigned request to S3 is valid: from 15 minutes before its date, which clocks may differ by, to its expiry."""
    if seconds > now + WIDE_TOLERANCE:
        error = SignatureOutOfDate("Request is not yet valid")
        raise error.in_s3("AccessDenied", error.message, 403, {"X-Amz-Date": timestamp, "ServerTime": _iso(now)})
    end = seconds + expires
    if now > end:
        error = SignatureOutOfDate("Request has expired")
        members = {"X-Amz-Expires": str(expires), "Expires": _iso(end), "ServerTime": _iso(now)}
        raise error.in_s3("AccessDenied", error.message, 403, members)


def _out_of_date(timestamp: str, seconds: float, now: float, tolerance: int) -> SignatureOutOfDate:
    ours, minutes = _basic(now), tolerance // 60
    if seconds < now:
        limit = _basic(now - tolerance)
        message = f"Signature expired: {timestamp} is now earlier than {limit} ({ours} - {minutes} min.)"
    else:
        limit = _basic(now + tolerance)
        message = f"Signature not yet current: {timestamp} is still later than {limit} ({ours} + {minutes} min.)"
    return SignatureOutOfDate(message).in_s3(
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
        403,
        {"RequestTime": timestamp, "ServerTime": _iso(now), "MaxAllowedSkewMilliseconds": str(tolerance * 1000)},
    )


def _date_header(fields: Fields) -> str:
    """X-Amz-Date comes before Date."""
    text = fields.get("x-amz-date") or fields.get("date")
    if not text:
        raise _no_date(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
            f"(Hashed with SHA-256 and encoded with Base64) Authorization={digest(fields.get('authorization', ''))}"
        )
    return text.strip()


@lru_cache(maxsize=256)
def _header_moment(text: str) -> tuple[str, float]:
    """A date in basic format, and in seconds since 1970."""
    try:
        moment = _read_basic(text) or parsedate_to_datetime(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise _no_date(_not_basic(text)) from None
    return f"{moment:%Y%m%dT%H%M%SZ}", calendar.timegm(moment.timetuple())


@lru_cache(maxsize=256)
def _presigned_moment(text: str) -> tuple[str, float]:
    try:
        moment = _read_basic(text)
    except ValueError:
        moment = None
    if moment is None:
        form = "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
        raise IncompleteSignature(_not_basic(text)).in_s3("AuthorizationQueryParametersError", form)
    return text, calendar.timegm(moment.timetuple())


def _read_basic(text: str) -> datetime | None:
    match = _BASIC_FORMAT.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def _no_date(message: str) -> IncompleteSignature:
    return IncompleteSignature(message).in_s3(
        "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header", 403
    )


def _not_basic(text: str) -> str:
    return f"Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601"


def _basic(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y%m%dT%H%M%SZ}"


def _iso(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
