"""Which client calls the token or the revocation endpoint, and whether it is the one: HTTP Basic, or id and secret in the form.

docs: "Token endpoint", Authorization and client_secret.
"""

from __future__ import annotations

import base64
from hmac import compare_digest
from urllib.parse import unquote_plus

from atoll.services.cognito_idp.hosted.answers import OAuthError
from atoll.services.cognito_idp.hosted.visit import Visit
from atoll.services.cognito_idp.store import Client


async def authenticated(visit: Visit) -> Client:
    """The client. Raises OAuthError."""
    client_id, secret = credentials(visit)
    if not client_id:
        raise OAuthError("invalid_request")
    client = await visit.client(client_id)
    if client is None:
        raise OAuthError("invalid_client")
    if client.secrets:
        given = (secret or "").encode()
        if not any(compare_digest(given, known.encode()) for known in client.secrets.values()):
            raise OAuthError("invalid_client", "invalid_client_secret")
    elif secret:
        raise OAuthError("invalid_client")
    return client


def credentials(visit: Visit) -> tuple[str, str | None]:
    """The client's id ("" for none) and the secret that it gives. Raises OAuthError where it gives two ids, or what is no Basic."""
    named = visit.form.get("client_id", "")
    header = visit.request.header("authorization")
    if header is None:
        return named, visit.form.get("client_secret")
    scheme, _, encoded = header.partition(" ")
    client_id, secret = basic(encoded) if scheme.lower() == "basic" else ("", "")
    if not client_id or (named and named != client_id):
        raise OAuthError("invalid_client")
    return client_id, secret


def basic(encoded: str) -> tuple[str, str]:
    """User and password of HTTP Basic, percent-encoded as RFC 6749 has them; two empty texts for what is none."""
    try:
        client_id, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)
