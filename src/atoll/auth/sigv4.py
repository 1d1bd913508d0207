"""Signature Version 4 in the Authorization header: reading it, and recomputing it from the request as it was sent.

Pure: no store and no clock; who owns a key is decided elsewhere (`principal.py`). Header text is taken as the wire has it, each
character one byte (latin-1). Follows "Create a signed AWS API request" (IAM User Guide) and the texts that AWS answers.
"""

from __future__ import annotations

import base64
import calendar
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote, unquote_to_bytes

from atoll.kernel.errors import IncompleteSignature, InvalidSignature, NotImplementedByAtoll

Headers = Sequence[tuple[str, str]]

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
TOLERANCE = 5 * 60
"""Seconds by which a request's date may differ from ours."""

_RAW_PATH_SERVICES = frozenset({"s3", "s3express", "s3-object-lambda", "s3-outposts"})
_BASIC_FORMAT = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}")
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and "
    "signing method. Consult the service documentation for details."
)


@dataclass(frozen=True, slots=True)
class Authorization:
    """What an Authorization header says. `date` is YYYYMMDD; `signed_headers` are lower-case, in the order given."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str

    @property
    def scope(self) -> str:
        """The credential scope, as it stands in the string to sign."""
        return f"{self.date}/{self.region}/{self.service}/{TERMINATOR}"


class SigningKeys:
    """Derived signing keys, kept because each is good for a day. At most `limit`; the oldest goes first."""

    def __init__(self, limit: int = 4096) -> None:
        self._limit = limit
        self._keys: dict[tuple[str, str, str, str], bytes] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def get(self, secret: str, date: str, region: str, service: str) -> bytes:
        """The key that signs for `service` in `region` on `date` (YYYYMMDD)."""
        name = (secret, date, region, service)
        key = self._keys.get(name)
        if key is None:
            key = signing_key(secret, date, region, service)
            if len(self._keys) >= self._limit:
                del self._keys[next(iter(self._keys))]
            self._keys[name] = key
        return key


def parse_authorization(value: str) -> Authorization:
    """Reads an Authorization header.

    Raises IncompleteSignature where it is none of Signature Version 4, or lacks a part; InvalidSignature where the credential scope
    ends in another word than `aws4_request`.
    """
    algorithm, _, rest = value.strip().partition(" ")
    if algorithm.startswith("AWS") and algorithm != ALGORITHM:
        raise IncompleteSignature(f"Unsupported AWS 'algorithm': '{algorithm}' (only {ALGORITHM} for now). ")
    parameters = _parameters(rest, value)
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not parameters.get(name)]
    if missing:
        sentences = " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
        raise IncompleteSignature(
            f"{sentences} (Hashed with SHA-256 and encoded with Base64) Authorization={_digest(value)}"
        )
    credential = parameters["Credential"]
    parts = credential.split("/")
    if len(parts) != 5:
        raise IncompleteSignature(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{credential}'"
        )
    access_key, date, region, service, terminator = parts
    if terminator != TERMINATOR:
        raise InvalidSignature(
            f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'."
        )
    signed_headers = tuple(parameters["SignedHeaders"].lower().split(";"))
    return Authorization(access_key, date, region, service, signed_headers, parameters["Signature"])


def verify(
    authorization: Authorization,
    *,
    secret: str,
    method: str,
    raw_path: str,
    query_string: str,
    headers: Headers,
    body_hash: str,
    now: float,
    signing_keys: SigningKeys,
    region: str | None = None,
    service: str | None = None,
) -> None:
    """Returns if the request was signed with `secret`, and lately.

    `headers` have lower-case names and stand as they were sent, repeated ones repeated; `raw_path` and `query_string` are not
    decoded; `body_hash` is the lower-case hex SHA-256 of the body; `now` is wall time in seconds. `region` and `service` are what
    the credential must be scoped to, where that is known. Raises IncompleteSignature, InvalidSignature, and
    NotImplementedByAtoll for a body that is signed in chunks.
    """
    values = _signed_values(authorization.signed_headers, headers)
    timestamp, seconds = _request_date(headers)
    _check_date(timestamp, seconds, now)
    if "host" not in authorization.signed_headers and ":authority" not in authorization.signed_headers:
        raise InvalidSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    _check_scope(authorization, timestamp, region, service)
    request = canonical_request(
        method,
        canonical_path(raw_path, authorization.service),
        canonical_query(query_string),
        authorization.signed_headers,
        values,
        _payload(headers, body_hash),
    )
    key = signing_keys.get(secret, authorization.date, authorization.region, authorization.service)
    expected = signature(key, string_to_sign(timestamp, authorization.scope, request))
    if not hmac.compare_digest(expected.encode(), _octets(authorization.signature)):
        raise InvalidSignature(_MISMATCH)


def canonical_request(
    method: str, path: str, query: str, signed_headers: Sequence[str], values: Sequence[bytes], payload: str
) -> bytes:
    """The request in the form that is signed. `values` are the canonical values of `signed_headers`; `payload` is the body's hash."""
    lines = [_octets(method), path.encode(), query.encode()]
    lines += [_octets(name) + b":" + value for name, value in zip(signed_headers, values, strict=True)]
    lines += [b"", _octets(";".join(signed_headers)), _octets(payload)]
    return b"\n".join(lines)


def canonical_path(raw_path: str, service: str) -> str:
    """The path as it is signed: for S3 encoded once and otherwise as sent; for all others normalised and encoded once more."""
    if service in _RAW_PATH_SERVICES:
        return "/".join(_reencoded(segment) for segment in raw_path.split("/")) or "/"
    return _normalised(raw_path)


def canonical_query(query_string: str) -> str:
    """The query string with every name and value encoded alike, sorted by name, then by value."""
    if not query_string:
        return ""
    pairs = []
    for part in query_string.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((_reencoded(name.replace("+", " ")), _reencoded(value.replace("+", " "))))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def canonical_value(values: Sequence[str]) -> bytes:
    """The value of a header that was sent `len(values)` times: trimmed, runs of spaces made one, joined by commas."""
    return b",".join(b" ".join(_octets(value).split()) for value in values)


def string_to_sign(timestamp: str, scope: str, request: bytes) -> bytes:
    """What the signing key signs. `timestamp` is YYYYMMDD'T'HHMMSS'Z', `request` a canonical request."""
    return _octets(f"{ALGORITHM}\n{timestamp}\n{scope}\n{sha256(request).hexdigest()}")


def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key for one day, region and service."""
    key = b"AWS4" + _octets(secret)
    for part in (date, region, service, TERMINATOR):
        key = hmac.digest(key, _octets(part), "sha256")
    return key


def signature(key: bytes, text: bytes) -> str:
    """The signature in lower-case hex."""
    return hmac.digest(key, text, "sha256").hex()


def _parameters(rest: str, value: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for part in rest.replace(",", " ").split():
        name, equals, content = part.partition("=")
        if not equals:
            raise IncompleteSignature(
                "Invalid key=value pair (missing equal-sign) in Authorization header "
                f"(hashed with SHA-256 and encoded with Base64): '{_digest(value)}'."
            )
        parameters[name] = content
    return parameters


def _signed_values(signed_headers: Sequence[str], headers: Headers) -> list[bytes]:
    """The canonical values of the signed headers. A header that was signed but not sent cannot match any signature."""
    sent: dict[str, list[str]] = {name: [] for name in signed_headers}
    for name, value in headers:
        if name in sent:
            sent[name].append(value)
    if len(sent) != len(signed_headers) or not all(sent.values()):
        raise InvalidSignature(_MISMATCH)
    return [canonical_value(values) for values in sent.values()]


def _request_date(headers: Headers) -> tuple[str, float]:
    """When the request says it was made: in basic format, and in seconds. X-Amz-Date comes before Date."""
    found = {name: value.strip() for name, value in headers if name in ("x-amz-date", "date")}
    text = found.get("x-amz-date") or found.get("date")
    if not text:
        raise IncompleteSignature(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    return _moment(text)


@lru_cache(maxsize=256)
def _moment(text: str) -> tuple[str, float]:
    match = _BASIC_FORMAT.fullmatch(text)
    try:
        if match:
            year, month, day, hour, minute, second = map(int, match.groups())
            moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        else:
            moment = parsedate_to_datetime(text)
            moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise IncompleteSignature(
            f"Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601"
        ) from None
    return _basic(moment), calendar.timegm(moment.timetuple())


def _check_date(timestamp: str, seconds: float, now: float) -> None:
    minutes = TOLERANCE // 60
    if seconds < now - TOLERANCE:
        limit, ours = _at(now - TOLERANCE), _at(now)
        raise InvalidSignature(f"Signature expired: {timestamp} is now earlier than {limit} ({ours} - {minutes} min.)")
    if seconds > now + TOLERANCE:
        limit, ours = _at(now + TOLERANCE), _at(now)
        raise InvalidSignature(
            f"Signature not yet current: {timestamp} is still later than {limit} ({ours} + {minutes} min.)"
        )


def _check_scope(authorization: Authorization, timestamp: str, region: str | None, service: str | None) -> None:
    wrong = []
    if region is not None and authorization.region != region:
        wrong.append(f"Credential should be scoped to a valid region, not '{authorization.region}'.")
    if service is not None and authorization.service != service:
        wrong.append(f"Credential should be scoped to correct service: '{service}'.")
    if authorization.date != timestamp[:8]:
        wrong.append(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{authorization.date}' != '{timestamp[:8]}', from '{timestamp}'."
        )
    if wrong:
        raise InvalidSignature(" ".join(wrong))


def _payload(headers: Headers, body_hash: str) -> str:
    """What the client says of the body, which must be true where it is a hash."""
    claimed = next((value.strip() for name, value in headers if name == "x-amz-content-sha256"), None)
    if claimed is None or claimed == body_hash:
        return body_hash
    if claimed == UNSIGNED_PAYLOAD:
        return claimed
    if claimed.startswith("STREAMING-"):
        raise NotImplementedByAtoll(f"Atoll does not verify bodies signed in chunks yet ({claimed}).")
    raise InvalidSignature(_MISMATCH)


@lru_cache(maxsize=1024)
def _normalised(raw_path: str) -> str:
    segments: list[str] = []
    for segment in raw_path.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    if not segments:
        return "/"
    slash = "/" if raw_path.endswith("/") else ""
    return quote(_octets(f"/{'/'.join(segments)}{slash}"), safe="/~")


def _reencoded(text: str) -> str:
    return quote(unquote_to_bytes(_octets(text)), safe="~")


def _octets(text: str) -> bytes:
    """The bytes of header text. What no wire can carry must not raise either: it becomes an escape, which nobody signed."""
    return text.encode("latin-1", "backslashreplace")


def _digest(value: str) -> str:
    return base64.b64encode(sha256(_octets(value)).digest()).decode()


def _at(seconds: float) -> str:
    return _basic(datetime.fromtimestamp(seconds, UTC))


def _basic(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"
