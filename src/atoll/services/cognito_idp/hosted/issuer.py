"""What the issuer of a pool's tokens publishes: its key set and its OpenID configuration.

docs: "Understanding and inspecting tokens", "JSON web key sets". `iss` is AWS's URL wherever the region listens; the endpoints are at
addresses that whoever asks can reach.
"""

from __future__ import annotations

from typing import Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.http import HttpRequest, HttpResponse
from atoll.services.cognito_idp.hosted.address import JWKS, WELL_KNOWN, origin, pages_for
from atoll.services.cognito_idp.names import issuer, region_of
from atoll.services.cognito_idp.store import Pool
from atoll.services.cognito_idp.tokens.keys import key_set, signing_keys

_HEADERS = [
    ("content-type", "application/json"),
    ("access-control-allow-origin", "*"),
    ("cache-control", "public, max-age=86400"),
]


async def answer(ctx: Context, pool: Pool, request: HttpRequest, name: str) -> HttpResponse:
    """A document, by its name in the address. The first key set makes the pool's keys."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(405, [("allow", "GET, HEAD")])
    if name == JWKS:
        return HttpResponse(200, _HEADERS, key_set(await signing_keys(ctx, pool.id)).encode())
    return HttpResponse(200, _HEADERS, msgspec.json.encode(configuration(pool, request)))


def missing(pool_id: str) -> HttpResponse:
    """The answer for a pool that is not there."""
    body = {"code": "ResourceNotFoundException", "message": f"User pool {pool_id} does not exist."}
    return HttpResponse(400, _HEADERS[:2], msgspec.json.encode(body))


def configuration(pool: Pool, request: HttpRequest) -> dict[str, Any]:
    """The OpenID configuration. A pool without a domain has no endpoints in it."""
    found: dict[str, Any] = {
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer(pool.id),
        "jwks_uri": f"{origin(request)}/{pool.id}{WELL_KNOWN}{JWKS}",
        "response_types_supported": ["code", "token"],
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    }
    if pool.domain or pool.custom_domain:
        pages = pages_for(request, pool.domain or pool.custom_domain, region_of(pool.id))
        found |= {
            "authorization_endpoint": f"{pages}/oauth2/authorize",
            "end_session_endpoint": f"{pages}/logout",
            "revocation_endpoint": f"{pages}/oauth2/revoke",
            "token_endpoint": f"{pages}/oauth2/token",
            "userinfo_endpoint": f"{pages}/oauth2/userInfo",
        }
    return dict(sorted(found.items()))
