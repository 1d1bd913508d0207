"""GET and POST /oauth2/userInfo: what an access token's scopes let an application know of the user. docs: "UserInfo endpoint"."""

from __future__ import annotations

from atoll.kernel.errors import ServiceError
from atoll.kernel.http import HttpResponse
from atoll.services.cognito_idp.hosted.answers import answer, unauthorized
from atoll.services.cognito_idp.hosted.visit import Visit
from atoll.services.cognito_idp.tokens.access import by_access_token
from atoll.services.cognito_idp.tokens.claims import readable

BAD_REQUEST = "Bad OAuth2 request at UserInfo Endpoint"
BAD_TOKEN = "Access token is expired, disabled, or deleted, or the user has globally signed out."  # noqa: S105  a sentence
NO_OPENID = "Access token does not contain openid scope"


async def user_info(visit: Visit) -> HttpResponse:
    """The claims. `email_verified` and `phone_number_verified` are texts here, unlike in ID tokens."""
    scheme, _, token = (visit.request.header("authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return unauthorized(400, "invalid_request", BAD_REQUEST)
    try:
        _, pool, client, user, claims = await by_access_token(visit.ctx, token.strip(), scope="openid")
    except ServiceError as error:
        told = NO_OPENID if error.message.endswith("required scopes") else BAD_TOKEN
        return unauthorized(401, "invalid_token", told)
    if pool.id != visit.pool.id or client is None:
        return unauthorized(401, "invalid_token", BAD_TOKEN)
    shown = readable(client, claims["scope"].split(), user)
    texts = {name: str(value).lower() if isinstance(value, bool) else value for name, value in shown.items()}
    return answer({"sub": user.sub, **texts, "username": user.name})
