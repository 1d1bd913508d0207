"""SECRET_HASH: how clients that have a secret show that they know it. docs: "Computing secret hash values"."""

from __future__ import annotations

import base64
import hashlib
import hmac

from atoll.services.cognito_idp.errors import NotAuthorizedException
from atoll.services.cognito_idp.store import Client


def check(client: Client, name: str, given: str | None) -> None:
    """Raises NotAuthorizedException unless `given` is what a secret of the client makes of the user's name as it was sent."""
    if not client.secrets:
        if given is not None:
            raise NotAuthorizedException(
                f"Client {client.id} is not configured for secret but secret hash was received"
            )
        return
    if given is None:
        raise NotAuthorizedException(f"Client {client.id} is configured with secret but SECRET_HASH was not received")
    found = [hmac.compare_digest(of(secret, name, client.id), given.encode()) for secret in client.secrets.values()]
    if not any(found):
        raise NotAuthorizedException(f"Unable to verify secret hash for client {client.id}")


def of(secret: str, name: str, client_id: str) -> bytes:
    """The hash that a secret makes of a user's name."""
    return base64.b64encode(hmac.digest(secret.encode(), f"{name}{client_id}".encode(), hashlib.sha256))
