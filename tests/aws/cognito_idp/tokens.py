"""Signing in for tests, and reading tokens as their verifiers do: with PyJWT, from the pool's JWKS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
from tests.aws.cognito_idp.conftest import FLOWS, PASSWORD, WEB, advance

__all__ = ["FLOWS", "Error", "Make", "advance", "claims", "key_set", "respond", "sign_in", "tokens", "verified"]

Make = Callable[..., str]
Error = Callable[[Callable[[], Any]], tuple[str, str, int]]


def sign_in(idp: Any, client_id: str, name: str = "ada", password: str = PASSWORD, **more: Any) -> dict[str, Any]:
    """The answer to USER_PASSWORD_AUTH; `parameters` are further AuthParameters."""
    parameters = {"USERNAME": name, "PASSWORD": password, **more.pop("parameters", {})}
    answer: dict[str, Any] = idp.initiate_auth(
        ClientId=client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters, **more
    )
    return answer


def tokens(idp: Any, client_id: str, name: str = "ada", password: str = PASSWORD, **more: Any) -> dict[str, Any]:
    """AccessToken, IdToken, RefreshToken of a sign-in that needs a password only."""
    result: dict[str, Any] = sign_in(idp, client_id, name, password, **more)["AuthenticationResult"]
    return result


def claims(token: str) -> dict[str, Any]:
    """What a token says, unverified."""
    said: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return said


def key_set(region: Any, pool_id: str) -> list[dict[str, Any]]:
    """The keys that the issuer publishes."""
    keys: list[dict[str, Any]] = WEB.get(f"{region.endpoint}/{pool_id}/.well-known/jwks.json").json()["keys"]
    return keys


def verified(region: Any, pool_id: str, token: str, audience: str | None = None) -> dict[str, Any]:
    """A token's claims, verified as the documentation says."""
    kid = jwt.get_unverified_header(token)["kid"]
    key = next(one for one in key_set(region, pool_id) if one["kid"] == kid)
    said: dict[str, Any] = jwt.decode(
        token,
        jwt.PyJWK(key),
        algorithms=["RS256"],
        issuer=f"https://cognito-idp.us-east-1.amazonaws.com/{pool_id}",
        audience=audience,
        options={"verify_aud": audience is not None},
    )
    return said


def respond(
    idp: Any, client_id: str, challenge: str, session: str, metadata: dict[str, str] | None = None, **responses: str
) -> dict[str, Any]:
    """RespondToAuthChallenge of ada."""
    answer: dict[str, Any] = idp.respond_to_auth_challenge(
        ClientId=client_id,
        ChallengeName=challenge,
        Session=session,
        ChallengeResponses={"USERNAME": "ada", **responses},
        ClientMetadata=metadata or {},
    )
    return answer
