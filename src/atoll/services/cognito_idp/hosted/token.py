"""POST /oauth2/token: tokens for a code, for a refresh token, or for the client itself. docs: "Token endpoint"."""

from __future__ import annotations

import base64
import re
from hashlib import sha256
from hmac import compare_digest

from atoll.kernel.errors import ServiceError
from atoll.kernel.http import HttpResponse
from atoll.services.cognito_idp.hosted import store
from atoll.services.cognito_idp.hosted.answers import OAuthError, answer, failed
from atoll.services.cognito_idp.hosted.authorize import SOURCE
from atoll.services.cognito_idp.hosted.client_auth import authenticated
from atoll.services.cognito_idp.hosted.machine import tokens_of
from atoll.services.cognito_idp.hosted.store import Grant
from atoll.services.cognito_idp.hosted.visit import Visit
from atoll.services.cognito_idp.store import Client, find_user
from atoll.services.cognito_idp.tokens.issue import TokenSet, issue
from atoll.services.cognito_idp.tokens.refresh import renew

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


async def token(visit: Visit) -> HttpResponse:
    """The answer to an application."""
    try:
        return await _answered(visit)
    except OAuthError as error:
        return failed(error)


async def _answered(visit: Visit) -> HttpResponse:
    grant_type = visit.form.get("grant_type", "")
    if not grant_type:
        raise OAuthError("invalid_request")
    grant = _GRANTS.get(grant_type)
    if grant is None:
        raise OAuthError("unsupported_grant_type")
    client = await authenticated(visit)
    try:
        tokens = await grant(visit, client)
    except ServiceError as error:
        raise OAuthError("invalid_grant", error.message) from None
    found = {"id_token": tokens.id_token, "access_token": tokens.access_token, "refresh_token": tokens.refresh_token}
    body = {name: value for name, value in found.items() if value}
    return answer({**body, "expires_in": tokens.expires_in, "token_type": "Bearer"})


async def _for_code(visit: Visit, client: Client) -> TokenSet:
    if "code" not in client.settings.get("AllowedOAuthFlows", ()):
        raise OAuthError("unauthorized_client")
    ctx, pool, code = visit.ctx, visit.pool, visit.form.get("code", "")
    if not code or not visit.form.get("redirect_uri"):
        raise OAuthError("invalid_request")
    grant = await ctx.store.transact(lambda tx: store.take_grant(tx, ctx, pool.id, code))
    if grant is None or grant.expires <= ctx.clock.now() or not _is_for(grant, visit, client):
        raise OAuthError("invalid_grant")
    user = await ctx.store.read(lambda tx: find_user(tx, ctx, pool.id, grant.sub))
    if user is None or not user.enabled:
        raise OAuthError("invalid_grant")
    return await issue(
        ctx, pool, client, user, source=SOURCE, scopes=grant.scopes, auth_time=grant.authenticated,
        nonce=grant.nonce or "", hosted=True,
    )  # fmt: skip


def _is_for(grant: Grant, visit: Visit, client: Client) -> bool:
    """Whether the code went to this client at this redirect URI, and the client proves that it was the one to ask for it."""
    if grant.client != client.id or grant.redirect_uri != visit.form["redirect_uri"]:
        return False
    verifier = visit.form.get("code_verifier", "")
    if not grant.challenge:
        return True
    if not _VERIFIER.fullmatch(verifier):
        return False
    computed = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=")
    return compare_digest(computed, grant.challenge.encode())


async def _refreshed(visit: Visit, client: Client) -> TokenSet:
    given = visit.form.get("refresh_token", "")
    if not given:
        raise OAuthError("invalid_request")
    return await renew(visit.ctx, visit.pool, client, given, {})


_GRANTS = {"authorization_code": _for_code, "refresh_token": _refreshed, "client_credentials": tokens_of}
