"""GET /oauth2/authorize, and how every way of signing in ends: back at the application with a code, or with tokens.

docs: "Authorize endpoint".
"""

from __future__ import annotations

from collections.abc import Sequence

from atoll.kernel.errors import ServiceError
from atoll.kernel.http import HttpResponse
from atoll.services.cognito_idp.hosted import sessions, store
from atoll.services.cognito_idp.hosted.authorization import Authorization, Refused, Returned, checked
from atoll.services.cognito_idp.hosted.store import Grant
from atoll.services.cognito_idp.hosted.visit import Visit, redirect, with_parameters
from atoll.services.cognito_idp.store import User
from atoll.services.cognito_idp.tokens.issue import issue

CODE_LASTS = 300.0
"""Seconds of region time. docs: "Token endpoint": a code is good for five minutes."""
SOURCE = "TokenGeneration_HostedAuth"
LOCAL = "COGNITO"
"""The identity provider that is the pool itself, the only one here."""
UNAVAILABLE = "Login option is not available. Please try another one"


async def authorize(visit: Visit) -> HttpResponse:
    """To the application where the browser is signed in already, else to the page where people sign in."""
    try:
        asked = await requested(visit)
    except (Refused, Returned) as error:
        return told(visit, error)
    prompts = visit.query.get("prompt", "").split()
    session = None if "login" in prompts or "select_account" in prompts else await sessions.current(visit)
    if session is not None:
        return await granted(visit, asked, session[1], session[0].authenticated)
    if "none" in prompts:
        return told(visit, Returned(asked.redirect_uri, asked.state, "login_required"))
    return redirect(visit.link("/login", visit.query))


async def requested(visit: Visit) -> Authorization:
    """What the application asks for in the address. Raises Refused and Returned."""
    client_id = visit.query.get("client_id", "")
    asked = checked(visit.query, await visit.client(client_id) if client_id else None)
    provider = visit.query.get("identity_provider") or LOCAL
    if provider != LOCAL or LOCAL not in asked.client.settings.get("SupportedIdentityProviders", ()):
        raise Refused(UNAVAILABLE, client_id)
    return asked


def told(visit: Visit, error: Refused | Returned) -> HttpResponse:
    """Sends the browser where the error is told."""
    if isinstance(error, Refused):
        return redirect(visit.link("/error", error.parameters))
    return redirect(with_parameters(error.redirect_uri, error.parameters))


async def signed_in(visit: Visit, asked: Authorization, user: User) -> HttpResponse:
    """Whoever has just shown who it is: begins a session in the browser, and goes back to the application."""
    token = await sessions.begin(visit, user.sub)
    cookie = sessions.set_cookie(visit, sessions.COOKIE, token, int(sessions.LASTS))
    return await granted(visit, asked, user, visit.ctx.clock.now(), [cookie])


async def granted(
    visit: Visit, asked: Authorization, user: User, authenticated: float, cookies: Sequence[tuple[str, str]] = ()
) -> HttpResponse:
    """What the application asked for, at its redirect URI. A trigger that fails is told there too."""
    if asked.response_type == "code":
        return redirect(await _with_code(visit, asked, user, authenticated), cookies)
    try:
        return redirect(await _with_tokens(visit, asked, user, authenticated), cookies)
    except ServiceError as error:
        return told(visit, Returned(asked.redirect_uri, asked.state, "invalid_request", error.message))


async def _with_code(visit: Visit, asked: Authorization, user: User, authenticated: float) -> str:
    ctx, code, now = visit.ctx, visit.ctx.ids.uuid(), visit.ctx.clock.now()
    grant = Grant(
        client=asked.client.id,
        sub=user.sub,
        redirect_uri=asked.redirect_uri,
        scopes=asked.scopes,
        authenticated=authenticated,
        expires=now + CODE_LASTS,
        challenge=asked.challenge,
        nonce=asked.nonce,
    )
    await ctx.store.transact(lambda tx: store.put_grant(tx, ctx, visit.pool.id, code, grant, now))
    return with_parameters(asked.redirect_uri, {"code": code} | _state(asked))


async def _with_tokens(visit: Visit, asked: Authorization, user: User, authenticated: float) -> str:
    """The implicit grant: no refresh token, and an ID token only for `openid`."""
    tokens = await issue(
        visit.ctx, visit.pool, asked.client, user, source=SOURCE, scopes=asked.scopes, auth_time=authenticated,
        nonce=asked.nonce or "", hosted=True,
    )  # fmt: skip
    answer = {"id_token": tokens.id_token} if tokens.id_token and "openid" in asked.scopes else {}
    answer |= {"access_token": tokens.access_token, "expires_in": str(tokens.expires_in), "token_type": "Bearer"}
    return with_parameters(asked.redirect_uri, answer | _state(asked), fragment=True)


def _state(asked: Authorization) -> dict[str, str]:
    return {} if asked.state is None else {"state": asked.state}
