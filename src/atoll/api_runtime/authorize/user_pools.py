"""User pools as authorizers of REST APIs: a method with scopes takes access tokens that have one of them, others take ID tokens.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html. All that is wrong with a token is
401 `Unauthorized` to the client, but that it has expired, which AWS says. Whose client the token was made for is not asked, nor whether it
was revoked: as on AWS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.authorize.functions import identify
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.visit import Caller, Visit
from atoll.auth import web_tokens
from atoll.auth.issuers import Issuers, Unreachable
from atoll.auth.web_tokens import Invalid
from atoll.kernel.clock import Clock

EXPIRED = "The incoming token has expired"
_ARN = re.compile(r"arn:aws[a-z-]*:cognito-idp:(?P<region>[a-z0-9-]+):\d{12}:userpool/(?P<pool>[\w-]+)")
_METHODS = frozenset(("RS256",))
_MOMENTS = ("exp", "iat")
"""Claims that events show as dates; other times stay numbers."""


class Expired(Invalid):
    """The token was valid once."""


class UserPoolAuthorizers:
    """Every COGNITO_USER_POOLS authorizer of the region."""

    def __init__(self, clock: Clock, issuers: Issuers) -> None:
        self._clock = clock
        self._issuers = issuers

    async def admit(self, visit: Visit, authorizer: serving.Authorizer, scopes: Sequence[str]) -> Caller:
        """The token's claims, as events show them. Raises Refused."""
        (given,) = identify(visit, authorizer)
        token = given[7:].strip() if given[:7].lower() == "bearer " else given
        try:
            claims = await self._claims(visit, authorizer, token)
            check_use(claims, scopes)
            context = {name: shown(name, value) for name, value in claims.items()}
        except Expired as error:
            visit.authorizer.status, visit.authorizer.error = 401, EXPIRED
            raise Refused("UNAUTHORIZED", EXPIRED, detail=str(error)) from error
        except (Invalid, Unreachable, RecursionError) as error:
            visit.authorizer.status, visit.authorizer.error = 401, "Unauthorized"
            raise Refused("UNAUTHORIZED", detail=str(error)) from error
        visit.authorizer.status = 200
        return Caller("COGNITO_USER_POOLS", context=context, scopes=tuple(scopes) or None)

    async def _claims(self, visit: Visit, authorizer: serving.Authorizer, text: str) -> Mapping[str, Any]:
        """What a token of one of the authorizer's pools claims. Raises Invalid, Unreachable."""
        token = web_tokens.read(text, _METHODS)
        issuer = token.claims.get("iss")
        pools = {issuer_of(serving.with_variables(arn, visit.variables)) for arn in authorizer.pools}
        if not isinstance(issuer, str) or issuer not in pools:
            raise Invalid("none of the user pools issued the token")
        await token.verify(self._issuers, issuer)
        now = self._clock.now()
        if not now < web_tokens.moment(token.claims, "exp", 0):
            raise Expired("the token has expired")
        if now < web_tokens.moment(token.claims, "nbf", now):
            raise Invalid("the token is not valid yet")
        return token.claims


def issuer_of(pool_arn: str) -> str | None:
    """The issuer that a user pool is, None for what is no ARN of one."""
    found = _ARN.fullmatch(pool_arn)
    return found and f"https://cognito-idp.{found['region']}.amazonaws.com/{found['pool']}"


def check_use(claims: Mapping[str, Any], scopes: Sequence[str]) -> None:
    """Whether it is the kind of token that the method takes: for `scopes` an access token with one of them, else an ID token.

    Raises Invalid.
    """
    if not scopes:
        if claims.get("token_use") != "id":
            raise Invalid("the token is no ID token, and the method has no scopes")
        return
    granted = claims.get("scope")
    if claims.get("token_use") != "access" or not isinstance(granted, str):
        raise Invalid("the token is no access token, which the method's scopes ask for")
    if not set(scopes) & set(granted.split()):
        raise Invalid("the token has none of the method's scopes")


def shown(name: str, value: Any) -> str:
    """A claim as REST APIs show it: always text; lists joined by commas, and when it was issued and expires as dates."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(shown("", one) for one in value)
    if name in _MOMENTS and isinstance(value, int):
        return datetime.fromtimestamp(value, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
    return msgspec.json.encode(value).decode()
