"""The operations that pages call for the people who use them, as any client of the pool would: unsigned, with the client's secret hash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Principal
from atoll.services.cognito_idp.hosted.authorization import Authorization
from atoll.services.cognito_idp.hosted.visit import Visit
from atoll.services.cognito_idp.users import secret_hash


async def call(visit: Visit, asked: Authorization, operation: str, username: str, **more: Any) -> Mapping[str, Any]:
    """The output of an operation about a user. Raises its ServiceErrors."""
    client, request = asked.client, {"ClientId": asked.client.id, "Username": username, **more}
    if secret := next(iter(client.secrets.values()), None):
        request["SecretHash"] = secret_hash.of(secret, username, client.id).decode()
    output = await visit.ctx.call("cognito-idp", operation, request, principal=Principal.anonymous())
    return output or {}


def destination(output: Mapping[str, Any]) -> str:
    """Where a code was sent, masked."""
    found: str = (output.get("CodeDeliveryDetails") or {}).get("Destination") or ""
    return found
