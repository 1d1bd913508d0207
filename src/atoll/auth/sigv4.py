"""Signature Version 4: reading an Authorization header, and recomputing a signature from the request as it was sent.

Pure: no store and no clock; who owns a key is decided elsewhere (`principal.py`), what a signature claims before its body is read in
`claims.py`, signatures in the query string in `presigned.py`, bodies signed in chunks in `chunked.py`. Header text is taken as the
wire has it, each character one byte (latin-1). Follows "Create a signed AWS API request" (IAM User Guide), "Authenticating Requests
(AWS Signature Version 4)" (S3 API Reference) and the texts that AWS answers.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from atoll.kernel.errors import IncompleteSignature, InvalidSignature

Fields = Mapping[str, str]
"""Headers by lower-case name, as `HttpRequest.fields` has them: the values of repeated ones joined with ","."""

ALGORITHM = "AWS4-HMAC-SHA256"
ASYMMETRIC_ALGORITHM = "AWS4-ECDSA-P256-SHA256"
TERMINATOR = "aws4_request"
VERSION_4_ONLY = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
"""What S3 answers to Signature Version 2, and Atoll also to Version 4A."""

_S3 = frozenset({"s3", "s3express", "s3-object-lambda", "s3-outposts"})
_TERSE = frozenset({"dynamodb", "iam", "logs", "sts"})
"""Services that do not tell which strings they signed when a signature does not match; others were seen to."""
_ANY_SIGNATURE = "0" * 64
_LONGEST_REMEMBERED = 1024
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


class Presigned(NamedTuple):
    """What a presigned request says in its query string beyond an Authorization header. `timestamp` is YYYYMMDD'T'HHMMSS'Z',
    `expires` seconds after it, None where the service does not heed it (all but S3); `payload` is its X-Amz-Content-Sha256."""

    timestamp: str
    expires: int | None
    token: str | None
    payload: str | None


class Authorization(NamedTuple):
    """Who says they signed, and what. `date` is YYYYMMDD; `signed_headers` are lower-case, in the order given; `presigned` is set
    where all this stood in the query string."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    presigned: Presigned | None = None

    @property
    def scope(self) -> str:
        """The credential scope, as it stands in the string to sign."""
        return f"{self.date}/{self.region}/{self.service}/{TERMINATOR}"

    @property
    def s3(self) -> bool:
        """Whether S3's own rules of signing apply."""
        return self.service in _S3


class SigningKey:
    """A derived key, good for one day, region and service: the states of its HMAC, to which every text is added anew."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, secret: str, date: str, region: str, service: str) -> None:
        key = b"AWS4" + octets(secret)
        for part in (date, region, service, TERMINATOR):
            key = hmac.digest(key, octets(part), "sha256")
        block = key.ljust(64, b"\0")
        self._inner, self._outer = sha256(block.translate(_INNER)), sha256(block.translate(_OUTER))

    def sign(self, text: bytes) -> str:
        """The signature in lower-case hex."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text)
        outer.update(inner.digest())
        return outer.hexdigest()


class SigningKeys:
    """Derived signing keys, kept because each is good for a day. At most `limit`; the oldest goes first."""

    def __init__(self, limit: int = 4096) -> None:
        self._limit = limit
        self._keys: dict[tuple[str, str, str, str], SigningKey] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def get(self, secret: str, authorization: Authorization) -> SigningKey:
        """The key that signs in the scope of `authorization`."""
        name = (secret, authorization.date, authorization.region, authorization.service)
        key = self._keys.get(name)
        if key is None:
            key = SigningKey(*name)
            if len(self._keys) >= self._limit:
                del self._keys[next(iter(self._keys))]
            self._keys[name] = key
        return key


def parse_authorization(value: str) -> Authorization:
    """Reads an Authorization header.

    Raises IncompleteSignature where it is none of Signature Version 4, or lacks a part; InvalidSignature where the credential scope
    ends in another word than `aws4_request`. Clients put the signature last: all before it is read once and remembered.
    """
    signature = value[-64:]
    signer = _signer(value[:-64]) if signature.isalnum() and len(value) < _LONGEST_REMEMBERED else None
    return _read(value) if signer is None else Authorization(*signer, signature)


def read_credential(text: str, *, presigned: bool = False) -> tuple[str, str, str, str]:
    """Access key, date, region and service of a `Credential`. Raises IncompleteSignature and InvalidSignature."""
    parts = text.split("/")
    if len(parts) != 5 or not parts[0]:
        raise IncompleteSignature(
            f"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{text}'"
        ).in_s3(
            *malformed(
                'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".', presigned
            )
        )
    access_key, date, region, service, terminator = parts
    if terminator != TERMINATOR:
        raise InvalidSignature(
            f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'."
        ).in_s3(*malformed(f'incorrect terminal "{terminator}". This endpoint uses "{TERMINATOR}".', presigned))
    return access_key, date, region, service


def malformed(detail: str, presigned: bool) -> tuple[str, str]:
    """S3's code and message for a credential that is wrong: they depend on where it stood."""
    if presigned:
        return "AuthorizationQueryParametersError", f"Error parsing the X-Amz-Credential parameter; {detail}"
    return "AuthorizationHeaderMalformed", f"The authorization header is malformed; {detail}"


def unsupported(algorithm: str) -> IncompleteSignature:
    """Refuses another algorithm: Version 4A, Version 2, or none of AWS's."""
    return IncompleteSignature(f"Unsupported AWS 'algorithm': '{algorithm}' (only {ALGORITHM} for now). ")


def verify_signature(
    authorization: Authorization,
    *,
    secret: str,
    method: str,
    raw_path: str,
    query_string: str,
    fields: Fields,
    payload: str,
    timestamp: str,
    signing_keys: SigningKeys,
) -> None:
    """Returns if the request was signed with `secret`; raises InvalidSignature.

    `raw_path` and `query_string` are not decoded; `payload` is the body's lower-case hex SHA-256 or what stands in its place;
    `timestamp` is what `claims.check_scope_and_date` returned.
    """
    request = canonical_request(authorization, method, raw_path, query_string, fields, payload)
    text = string_to_sign(authorization, timestamp, request)
    expected, given = signing_keys.get(secret, authorization).sign(text), authorization.signature
    # A header that was signed but not sent must not match the signature of an empty one.
    complete = all(map(fields.__contains__, authorization.signed_headers))
    if not (complete and given.isascii() and hmac.compare_digest(expected, given)):
        raise mismatch(authorization, text, request)


def canonical_request(
    authorization: Authorization, method: str, raw_path: str, query_string: str, fields: Fields, payload: str
) -> bytes:
    """The request in the form that is signed."""
    names = authorization.signed_headers
    path = canonical_path(raw_path, s3=authorization.s3)
    query = canonical_query(query_string, authorization.presigned is not None) if query_string else ""
    headers = "\n".join([f"{name}:{fields.get(name, '')}" for name in names])
    if _has_blanks(headers):
        headers = "\n".join([f"{name}:{canonical_value(fields.get(name, ''))}" for name in names])
    return octets(f"{method}\n{path}\n{query}\n{headers}\n\n{';'.join(names)}\n{payload}")


def string_to_sign(authorization: Authorization, timestamp: str, request: bytes) -> bytes:
    """What the signing key signs, of a canonical request."""
    return octets(f"{ALGORITHM}\n{timestamp}\n{authorization.scope}\n{sha256(request).hexdigest()}")


def canonical_path(raw_path: str, *, s3: bool) -> str:
    """The path as it is signed: for S3 encoded once and otherwise as sent; for all others normalised and encoded once more."""
    if raw_path == "/":
        return "/"
    return _encoded_once(raw_path) if s3 else _normalised(raw_path)


def canonical_query(query_string: str, presigned: bool = False) -> str:
    """The query string with every name and value encoded alike, sorted by name, then by value. The signature of a presigned request
    is not part of what it signs."""
    pairs = []
    for part in query_string.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((_reencoded(name.replace("+", " ")), _reencoded(value.replace("+", " "))))
    return "&".join([f"{name}={value}" for name, value in sorted(pairs) if not presigned or name != "X-Amz-Signature"])


def canonical_value(value: str) -> str:
    """The value of a header: trimmed, runs of spaces made one."""
    if value.isascii():
        return " ".join(value.split())
    return b" ".join(octets(value).split()).decode("latin-1")  # str would also split at what is a byte of UTF-8 here


def _has_blanks(headers: str) -> bool:
    """Whether any value among lines of `name:value` may not be canonical; few are not, and looking at all of them at once is fast."""
    return "  " in headers or ": " in headers or " \n" in headers or "\t" in headers or headers.endswith(" ")


def mismatch(authorization: Authorization, text: bytes = b"", request: bytes = b"") -> InvalidSignature:
    """The refusal of a signature that is not that of `text` (made of the canonical `request`), which AWS shows."""
    message = (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
        "and signing method. Consult the service documentation for details."
    )
    if request and authorization.service not in _TERSE:
        message += (
            f"\n\nThe Canonical String for this request should have been\n'{_text(request)}'"
            f"\n\nThe String-to-Sign should have been\n'{_text(text)}'\n"
        )
    members = {
        "AWSAccessKeyId": authorization.access_key,
        "StringToSign": _text(text),
        "SignatureProvided": authorization.signature,
        "StringToSignBytes": text.hex(" "),
    }
    if request:
        members |= {"CanonicalRequest": _text(request), "CanonicalRequestBytes": request.hex(" ")}
    return InvalidSignature(message).in_s3(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        403,
        members,
    )


def octets(text: str) -> bytes:
    """The bytes of header text. What no wire can carry must not raise either: it becomes an escape, which nobody signed."""
    return text.encode("latin-1", "backslashreplace")


def digest(value: str) -> str:
    """Base64 of the SHA-256 of a header's value, which AWS shows in the value's place."""
    return base64.b64encode(sha256(octets(value)).digest()).decode()


@lru_cache(maxsize=1024)
def _signer(head: str) -> tuple[str, str, str, str, tuple[str, ...]] | None:
    """What an Authorization header says up to the signature that ends it; None where it is not of that form, or wrong."""
    if not head.endswith((" Signature=", ",Signature=")):
        return None
    try:
        return _read(head + _ANY_SIGNATURE)[:5]
    except (IncompleteSignature, InvalidSignature):
        return None


def _read(value: str) -> Authorization:
    algorithm, _, rest = value.strip().partition(" ")
    if algorithm.startswith("AWS") and algorithm != ALGORITHM:
        raise unsupported(algorithm).in_s3("InvalidRequest", VERSION_4_ONLY)
    parameters = _parameters(rest, value)
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not parameters.get(name)]
    if missing:
        sentences = " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
        raise _incomplete(
            f"{sentences} (Hashed with SHA-256 and encoded with Base64) Authorization={digest(value)}",
            value,
            "the authorization header requires three components: Credential, SignedHeaders, and Signature.",
        )
    if algorithm != ALGORITHM:
        raise _incomplete(unsupported(algorithm).message, value, "")
    credential = read_credential(parameters["Credential"])
    return Authorization(*credential, tuple(parameters["SignedHeaders"].lower().split(";")), parameters["Signature"])


def _parameters(rest: str, value: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for part in rest.replace(",", " ").split():
        name, equals, content = part.partition("=")
        if not equals:
            raise _incomplete(
                "Invalid key=value pair (missing equal-sign) in Authorization header "
                f"(hashed with SHA-256 and encoded with Base64): '{digest(value)}'.",
                value,
                f'the authorization component "{part}" is malformed.',
            )
        parameters[name] = content
    return parameters


def _incomplete(message: str, value: str, detail: str) -> IncompleteSignature:
    """Refuses a header; `detail` is S3's complaint, which it comes to only where the header names the algorithm."""
    error, header = IncompleteSignature(message), value.strip()
    if header.startswith(f"{ALGORITHM} "):
        return error.in_s3(*malformed(detail, presigned=False))
    one_word = "Authorization header is invalid -- one and only one ' ' (space) required."
    return error.in_s3(
        "InvalidArgument",
        "Unsupported Authorization Type" if " " in header else one_word,
        400,
        {"ArgumentName": "Authorization", "ArgumentValue": value},
    )


@lru_cache(maxsize=256)
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
    return quote(octets(f"/{'/'.join(segments)}{slash}"), safe="/~")


@lru_cache(maxsize=256)
def _encoded_once(raw_path: str) -> str:
    return "/".join(_reencoded(segment) for segment in raw_path.split("/")) or "/"


def _reencoded(text: str) -> str:
    return quote(unquote_to_bytes(octets(text)), safe="~")


def _text(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")
