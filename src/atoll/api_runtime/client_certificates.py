"""The certificates by which backends know a stage. `services/apigateway` makes and stores them; HTTP integrations show them.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/getting-started-client-side-ssl-authentication.html
"""

from __future__ import annotations

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.keys import Key
from atoll.kernel.records import Codec


class ClientCertificate(msgspec.Struct, frozen=True, omit_defaults=True):
    """A certificate by which backends know API Gateway; `pem` and its private `key` as PEM, times in seconds since the epoch."""

    id: str
    pem: str
    key: str
    created: float
    expires: float
    description: str | None = None
    tags: dict[str, str] = {}


CERTIFICATES = Codec(ClientCertificate)


def place(ctx: Context, *certificate_id: str) -> Key:
    """Where a certificate lies."""
    return (ctx.account, ctx.region, "apigateway", "v1.client-certificates", *certificate_id)


async def find(ctx: Context, certificate_id: str | None) -> ClientCertificate | None:
    """A certificate, None where it is not there (any more) or none is named."""
    if certificate_id is None:
        return None
    raw = await ctx.store.read(lambda tx: tx.get(place(ctx, certificate_id)))
    return None if raw is None else CERTIFICATES.decode(raw)
