"""Logins: who vouches for whoever asks for an identity. Every token is verified before anything of it is believed.

docs: developer guide, "External identity providers" (identity pools). Providers are the region's own user pools, OpenID Connect providers
in IAM, and the pool's own tokens for developers' users; the others are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from atoll.auth import own_logins, web_tokens
from atoll.auth.issuers import Unreachable
from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import ServiceError
from atoll.services.cognito_identity import store
from atoll.services.cognito_identity.errors import NotAuthorizedException
from atoll.services.cognito_identity.tokens import ISSUER, PROVIDER

UNSUPPORTED = "Token is not from a supported provider of this identity pool."
MISMATCH = "Logins don't match. Please include at least one valid login for this identity or identity pool."


class Login(NamedTuple):
    """A login that was verified: the provider's name for the user, and what the token claims."""

    provider: str
    subject: str
    claims: Mapping[str, Any]

    @property
    def client(self) -> str:
        """The client that the token was made for."""
        return str(self.claims["aud"])

    def methods(self) -> list[str]:
        """What the login adds to `amr`."""
        if self.provider == PROVIDER:
            return [one for one in self.claims.get("amr", ()) if isinstance(one, str) and one != "authenticated"]
        kind = "CognitoSignIn" if self.provider.startswith("cognito-idp.") else "OIDC"
        return [self.provider, f"{self.provider}:{kind}:{self.subject}"]


async def verified(ctx: Context, pool: store.Pool, given: Mapping[str, str]) -> list[Login]:
    """The logins of a request, all of which must be good. `ctx` is in the pool's place. Raises NotAuthorizedException."""
    return [await _verified(ctx, pool, provider, text) for provider, text in given.items()]


async def _verified(ctx: Context, pool: store.Pool, provider: str, text: str) -> Login:
    clients = await _clients(ctx, pool, provider)
    try:
        token = web_tokens.read(text)
    except web_tokens.Invalid:
        raise NotAuthorizedException("Invalid login token. Not a valid OpenId Connect identity token.") from None
    issuer = ISSUER if provider == PROVIDER else f"https://{provider}"
    if token.claims.get("iss") not in (issuer, issuer.replace("https://", "http://", 1)):
        raise NotAuthorizedException("Invalid login token. Issuer doesn't match providerName")
    try:
        await token.verify(ctx.runtime.issuers, str(token.claims["iss"]))
        expires = web_tokens.moment(token.claims, "exp", 0)
    except (web_tokens.Invalid, Unreachable):
        raise NotAuthorizedException("Invalid login token. Token signature invalid.") from None
    now = ctx.clock.now()
    if not now < expires:
        raise NotAuthorizedException(f"Invalid login token. Token expired: {int(now)} >= {int(expires)}")
    meant = token.claims.get("aud")
    subject = token.claims.get("sub")
    if not isinstance(meant, str) or meant not in clients or not isinstance(subject, str):
        raise NotAuthorizedException("Invalid login token. Incorrect token audience.")
    if _asks_server(pool, provider, meant):
        event = str(token.claims.get("event_id"))
        if not await ctx.store.read(lambda tx: own_logins.lasts(tx, issuer, subject, event)):
            raise NotAuthorizedException("Invalid login token. Token has been revoked.")
    return Login(provider, subject, token.claims)


def _asks_server(pool: store.Pool, provider: str, client: str) -> bool:
    """Whether a user pool is to be asked if the user has not signed out meanwhile (ServerSideTokenCheck)."""
    return any(
        one.get("ServerSideTokenCheck") and (one.get("ProviderName"), one.get("ClientId")) == (provider, client)
        for one in pool.settings.get("CognitoIdentityProviders", ())
    )


async def _clients(ctx: Context, pool: store.Pool, provider: str) -> set[str]:
    """The clients whose tokens the pool takes from a provider. Raises NotAuthorizedException where it takes none."""
    if provider == PROVIDER:
        return {pool.id}
    found = {
        one["ClientId"]
        for one in pool.settings.get("CognitoIdentityProviders", ())
        if one.get("ProviderName") == provider and one.get("ClientId")
    }
    for arn in pool.settings.get("OpenIdConnectProviderARNs", ()):
        if arn.partition(":oidc-provider/")[2] == provider:
            found |= await _known_to_iam(ctx, arn)
    if not found:
        raise NotAuthorizedException(UNSUPPORTED)
    return found


async def _known_to_iam(ctx: Context, arn: str) -> set[str]:
    try:
        known = await ctx.call(
            "iam", "GetOpenIDConnectProvider", {"OpenIDConnectProviderArn": arn}, principal=Principal.root(ctx.account)
        )
    except ServiceError:
        return set()
    return set(known["ClientIDList"])
