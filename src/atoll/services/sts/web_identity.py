"""AssumeRoleWithWebIdentity: a role's session for the bearer of an OpenID Connect token whose issuer the role's account knows.

The token's issuer must be a provider in IAM, its audience one of that provider's clients, its signature by a key of the issuer's, its time
now. Tokens of Cognito's identity pools (`cognito-identity.amazonaws.com`) need no provider; which pool they may come from, the trust policy
says. docs: "Available keys for AWS OIDC federation", "Pass session tags in AWS STS".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from atoll.auth import web_tokens
from atoll.auth.issuers import Unreachable
from atoll.kernel.context import Context, Principal, Session
from atoll.kernel.errors import NotImplementedByAtoll, ServiceError
from atoll.kernel.service import operation
from atoll.services.sts import federation, roles, session_tags
from atoll.services.sts.errors import ExpiredTokenException, InvalidIdentityTokenException

if TYPE_CHECKING:
    from types_boto3_sts.type_defs import AssumeRoleWithWebIdentityRequestTypeDef

COGNITO = "cognito-identity.amazonaws.com"
TAGS, SOURCE_IDENTITY = "https://aws.amazon.com/tags", "https://aws.amazon.com/source_identity"
NO_JWT = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity "
    "documentation for requirements"
)
KEYS = (
    *(f"{COGNITO}:{claim}" for claim in ("amr", "aud", "sub")),
    *(f"accounts.google.com:{claim}" for claim in ("aud", "oaud", "sub")),
)


class Provider(NamedTuple):
    """A known issuer: what trust policies call it, and which clients' tokens it is known for (None: the trust policy says)."""

    name: str
    clients: tuple[str, ...] | None


async def speaker(ctx: Context, request: AssumeRoleWithWebIdentityRequestTypeDef) -> Principal:
    """Whom the token vouches for. Raises InvalidIdentityToken, ExpiredToken, ValidationFailed."""
    account, _ = roles.role_of(request["RoleArn"])
    if "ProviderId" in request:
        raise NotImplementedByAtoll("sts: ProviderId of AssumeRoleWithWebIdentity (OAuth 2.0 access tokens).")
    try:
        token = web_tokens.read(request["WebIdentityToken"])
    except web_tokens.Invalid:
        raise InvalidIdentityTokenException(NO_JWT) from None
    claims = token.claims
    issuer, subject = _text(claims, "iss"), _text(claims, "sub")
    provider = await _provider(ctx, account, issuer)
    try:
        await token.verify(ctx.runtime.issuers, issuer)
    except (web_tokens.Invalid, Unreachable):
        raise InvalidIdentityTokenException(NO_KEY) from None
    audience = _audience(claims, provider)
    _check_times(claims, ctx.clock.now())
    tags = _tags(claims)
    host = issuer.removeprefix("https://").removeprefix("http://").rstrip("/").lower()
    keys = {"aud": (audience,), "sub": (subject,), "amr": _texts(claims.get("amr"))}
    if "azp" in claims:
        keys["oaud"] = _texts(claims.get("aud"))
    source = claims.get(SOURCE_IDENTITY)
    session = Session(
        tags=tags.tags,
        transitive=tags.transitive,
        source_identity=source if isinstance(source, str) else "",
        provider=provider.name,
        keys=tuple((f"{host}:{name}", values) for name, values in keys.items() if values),
    )
    return federation.identity(account, provider.name, request["RoleSessionName"], session)


@operation(
    "AssumeRoleWithWebIdentity",
    access=federation.access("AssumeRoleWithWebIdentity", KEYS),
    speaker=speaker,
)
async def assume_role_with_web_identity(
    ctx: Context, request: AssumeRoleWithWebIdentityRequestTypeDef
) -> dict[str, Any]:
    """docs: API_AssumeRoleWithWebIdentity."""
    said = {key.rpartition(":")[2]: values[0] for key, values in ctx.principal.session.keys}
    return {
        **await federation.assume(ctx, request),
        "SubjectFromWebIdentityToken": said["sub"],
        "Provider": ctx.principal.arn,
        "Audience": said["aud"],
    }


async def _provider(ctx: Context, account: str, issuer: str) -> Provider:
    if issuer == f"https://{COGNITO}":
        return Provider(COGNITO, None)
    url = issuer.rstrip("/").removeprefix("https://")
    arn = f"arn:aws:iam::{account}:oidc-provider/{url.removeprefix('http://')}"
    try:
        found = await ctx.call(
            "iam", "GetOpenIDConnectProvider", {"OpenIDConnectProviderArn": arn}, principal=Principal.root(account)
        )
    except ServiceError as error:
        if error.code not in ("NoSuchEntity", "ValidationException"):
            raise
        found = {"Url": ""}
    if found["Url"] != url:
        raise InvalidIdentityTokenException(f"No OpenIDConnect provider found in your account for {issuer}")
    return Provider(arn, tuple(found["ClientIDList"]))


def _audience(claims: Mapping[str, Any], provider: Provider) -> str:
    """The client for which the token is: the party that it was issued to, where it names one. Raises InvalidIdentityToken."""
    meant = _texts(claims.get("azp", claims.get("aud")))
    if not meant:
        raise InvalidIdentityTokenException("Missing a required claim: aud")
    known = [one for one in meant if provider.clients is None or one in provider.clients]
    if not known:
        raise InvalidIdentityTokenException("Incorrect token audience")
    return known[0]


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    try:
        expires = web_tokens.moment(claims, "exp", 0)
        begins = max(web_tokens.moment(claims, "nbf", now), web_tokens.moment(claims, "iat", now))
    except web_tokens.Invalid:
        raise InvalidIdentityTokenException(NO_JWT) from None
    if "exp" not in claims:
        raise InvalidIdentityTokenException("Missing a required claim: exp")
    if now >= expires:
        raise ExpiredTokenException(
            f"Token expired: current date/time {int(now)} must be before the expiration date/time{int(expires)}"
        )
    if now < begins:
        raise InvalidIdentityTokenException("The token is not valid yet")


def _tags(claims: Mapping[str, Any]) -> session_tags.SessionTags:
    """The session tags in the token. Raises InvalidIdentityToken, InvalidParameterValue."""
    said = claims.get(TAGS, {})
    principal_tags = said.get("principal_tags", {}) if isinstance(said, dict) else None
    if not isinstance(principal_tags, dict):
        raise InvalidIdentityTokenException(NO_JWT)
    tags = [(key, values[0]) for key, value in principal_tags.items() if (values := _texts(value))]
    return session_tags.checked(tags, _texts(said.get("transitive_tag_keys")))


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidIdentityTokenException(f"Missing a required claim: {name}")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(one for one in values if isinstance(one, str))
