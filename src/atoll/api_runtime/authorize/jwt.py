"""JWT authorizers of HTTP APIs: a token is its issuer's, means this API, is of now, and has a scope that the route asks for.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html. Of the texts these are AWS's own: that no
token was provided, segments, signing methods, issuer, audience, expiry, discovery and key set; the others are worded like them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.authorize.identity import value_of
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.visit import Caller, Visit
from atoll.auth.issuers import FAMILIES, Issuers, Unreachable
from atoll.auth.web_tokens import Invalid, moment, read
from atoll.kernel.clock import Clock


class JwtAuthorizers:
    """Every JWT authorizer of the region. `strict` keeps to the signing methods that AWS takes: RSA."""

    def __init__(self, clock: Clock, issuers: Issuers, *, strict: bool = False) -> None:
        self._clock = clock
        self._issuers = issuers
        self._methods = frozenset(name for name in FAMILIES if name.startswith("RS") or not strict)

    async def admit(self, visit: Visit, authorizer: serving.Authorizer, scopes: Sequence[str]) -> Caller:
        """The token's claims, as events show them, and those of its scopes that the route asks for. Raises Refused."""
        given = next((value_of(visit, source) for source in authorizer.identity), None)
        if not given:
            visit.authorizer.error = "missing: token not provided"
            raise _unauthorized("Bearer", visit.authorizer.error)
        token = given[7:].strip() if given[:7].lower() == "bearer " else given
        try:
            claims = await self._claims(authorizer, token)
            context = all_shown(claims)
        except (Invalid, Unreachable) as error:
            visit.authorizer.error = f"invalid_token: {error}"
            raise _unauthorized(_challenge(scopes, "invalid_token", str(error)), visit.authorizer.error) from error
        matched = tuple(scope for scope in _scopes(claims) if scope in scopes) if scopes else None
        if matched == ():
            text = "the token does not have a required scope"
            visit.authorizer.error = f"insufficient_scope: {text}"
            challenge = _challenge(scopes, "insufficient_scope", text)
            raise Refused("ACCESS_DENIED", headers=[("www-authenticate", challenge)], detail=visit.authorizer.error)
        return Caller("JWT", context=context, scopes=matched)

    async def _claims(self, authorizer: serving.Authorizer, text: str) -> Mapping[str, Any]:
        """What a valid token claims. Raises Invalid, Unreachable."""
        token = read(text, self._methods)
        await token.verify(self._issuers, authorizer.issuer)
        check_claims(token.claims, authorizer, self._clock.now())
        return token.claims


def check_claims(claims: Mapping[str, Any], authorizer: serving.Authorizer, now: float) -> None:
    """Returns if a token with these claims is the issuer's, for one of the audiences, and valid `now` (region time). Raises Invalid."""
    if claims.get("iss") != authorizer.issuer:
        raise Invalid("issuer does not match")
    meant = claims["aud"] if "aud" in claims else claims.get("client_id")
    audiences = meant if isinstance(meant, list) else [meant]
    if not any(isinstance(one, str) and one in authorizer.audience for one in audiences):
        raise Invalid("the token does not have a valid audience")
    if not now < moment(claims, "exp", 0):
        raise Invalid("the token has expired")
    if now < moment(claims, "nbf", now):
        raise Invalid("the token is not valid yet")
    if now < moment(claims, "iat", now):
        raise Invalid("the token was issued in the future")


def all_shown(claims: Mapping[str, Any]) -> Mapping[str, str]:
    """The claims as events show them. Raises Invalid for such as nest too deep to be shown."""
    try:
        return {name: shown(value) for name, value in claims.items()}
    except RecursionError as error:
        raise Invalid("the token is malformed") from error


def shown(value: Any) -> str:
    """A claim as events show it: always text; lists as `[a b]`, objects as `map[a:1 b:2]`."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{' '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{name}:{shown(value[name])}' for name in sorted(value))}]"
    return "<nil>" if value is None else msgspec.json.encode(value).decode()


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    """The token's scopes, of `scope` and `scp`: texts with blanks between them, or lists."""
    found: list[str] = []
    for value in (claims.get("scope"), claims.get("scp")):
        if isinstance(value, str):
            found += value.split()
        elif isinstance(value, list):
            found += [one for one in value if isinstance(one, str)]
    return found


def _unauthorized(challenge: str, detail: str) -> Refused:
    return Refused("UNAUTHORIZED", headers=[("www-authenticate", challenge)], detail=detail)


def _challenge(scopes: Sequence[str], error: str, text: str) -> str:
    return f'Bearer scope="{" ".join(scopes)}" error="{error}" error_description="{text}"'
