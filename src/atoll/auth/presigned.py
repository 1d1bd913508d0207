"""Signatures in the query string: presigned requests. Pure.

Follows "Authenticating Requests: Using Query Parameters" (S3 API Reference) and the texts that AWS answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote_plus

from atoll.auth.sigv4 import (
    ALGORITHM,
    ASYMMETRIC_ALGORITHM,
    VERSION_4_ONLY,
    Authorization,
    Fields,
    Presigned,
    parse_authorization,
    read_credential,
    unsupported,
)
from atoll.kernel.errors import IncompleteSignature, InvalidSignature

MAX_EXPIRES = 7 * 24 * 60 * 60
"""Seconds that a presigned request may be valid."""

_REQUIRED = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
_S3_CODE = "AuthorizationQueryParametersError"
_S3_REQUIRED = (
    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, "
    "X-Amz-SignedHeaders, and X-Amz-Expires parameters."
)


def find_authorization(fields: Fields, query_string: str) -> Authorization | None:
    """Who says they signed the request, in its Authorization header or its query string; None where nobody does.

    Raises IncompleteSignature where what is there cannot be read, InvalidSignature where it stands in both.
    """
    header = fields.get("authorization")
    if header is None:
        return parse_query(query_string) if query_string else None
    if "X-Amz-Algorithm" in query_string and "X-Amz-Algorithm" in _decoded(query_string):
        message = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
        raise InvalidSignature(message).in_s3(
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the "
            "Authorization header should be specified",
            400,
            {"ArgumentName": "Authorization", "ArgumentValue": header},
        )
    return parse_authorization(header)


def parse_query(query_string: str) -> Authorization | None:
    """Reads the signature in a query string (undecoded); None where there is none.

    Raises IncompleteSignature where a part is missing or cannot be read, and for Signature Version 2 and 4A; InvalidSignature where
    the credential scope ends in another word than `aws4_request`. Dates are judged by `claims.check_scope_and_date`.
    """
    if "X-Amz-" not in query_string and "AWSAccessKeyId" not in query_string:
        return None
    parameters = _decoded(query_string)
    if not any(name in parameters for name in _REQUIRED[:4]):
        if "AWSAccessKeyId" in parameters and "Signature" in parameters:
            raise unsupported("AWS").in_s3("InvalidRequest", VERSION_4_ONLY)
        return None
    algorithm = parameters.get("X-Amz-Algorithm")
    if algorithm and algorithm != ALGORITHM:
        known = ALGORITHM if algorithm == ASYMMETRIC_ALGORITHM else f"{ALGORITHM} and {ASYMMETRIC_ALGORITHM}"
        raise unsupported(algorithm).in_s3(_S3_CODE, f'X-Amz-Algorithm only supports "{known}"')
    if missing := [name for name in _REQUIRED if not parameters.get(name)]:
        sentences = "".join(f"AWS query-string parameters must include '{name}'. " for name in missing)
        raise IncompleteSignature(f"{sentences}Re-examine the query-string parameters.").in_s3(_S3_CODE, _S3_REQUIRED)
    authorization = Authorization(
        *read_credential(parameters["X-Amz-Credential"], presigned=True),
        tuple(parameters["X-Amz-SignedHeaders"].lower().split(";")),
        parameters["X-Amz-Signature"],
    )
    return authorization._replace(
        presigned=Presigned(
            parameters["X-Amz-Date"],
            _expires(parameters) if authorization.s3 else None,
            parameters.get("X-Amz-Security-Token"),
            parameters.get("X-Amz-Content-Sha256"),
        )
    )


def _expires(parameters: Mapping[str, str]) -> int:
    text = parameters.get("X-Amz-Expires")
    if not text:
        raise IncompleteSignature(_S3_REQUIRED).in_s3(_S3_CODE, _S3_REQUIRED)
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 20):
        message = "X-Amz-Expires should be a number"
    elif text != digits:
        message = "X-Amz-Expires must be non-negative"
    elif int(digits) > MAX_EXPIRES:
        message = (
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
            f"{MAX_EXPIRES} seconds"
        )
    else:
        return int(digits)
    raise IncompleteSignature(message).in_s3(_S3_CODE, message)


def _decoded(query_string: str) -> dict[str, str]:
    """The parameters, each by its first value."""
    parameters: dict[str, str] = {}
    for part in query_string.split("&"):
        name, _, value = part.partition("=")
        parameters.setdefault(unquote_plus(name, "latin-1"), unquote_plus(value, "latin-1"))
    return parameters
