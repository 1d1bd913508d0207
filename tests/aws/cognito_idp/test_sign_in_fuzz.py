"""Bad input of every kind to sign-in: never a 500, never signed in."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import httpx
import pytest
from tests.aws.cognito_idp.conftest import PASSWORD, WEB
from tests.aws.cognito_idp.tokens import FLOWS, Make

STRANGE: list[Any] = [
    "", " ", "\x00", "\ud800", "é" * 300, "A" * 5_000, "a" * 70_000, "../../x", '"', "{}", "%00", "١", "\u202e", "=", "AAAA",
    base64.b64encode(b"client.x").decode(), base64.b64encode(bytes(range(256))).decode(), 5, None, [], {}, True, 1e400,
]  # fmt: skip
NAMES = [
    "USERNAME", "PASSWORD", "SRP_A", "REFRESH_TOKEN", "SECRET_HASH", "DEVICE_KEY", "CHALLENGE_NAME", "PREFERRED_CHALLENGE",
    "ANSWER", "NEW_PASSWORD", "SMS_MFA_CODE", "EMAIL_OTP_CODE", "SOFTWARE_TOKEN_MFA_CODE", "PASSWORD_CLAIM_SECRET_BLOCK",
    "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP", "userAttributes.email", "userAttributes.custom:x", "userAttributes.",
]  # fmt: skip
FLOW_NAMES = ["USER_SRP_AUTH", "REFRESH_TOKEN_AUTH", "CUSTOM_AUTH", "USER_PASSWORD_AUTH", "USER_AUTH", "HOSTED", "", 5]
CHALLENGES = [
    "SMS_MFA", "EMAIL_OTP", "SOFTWARE_TOKEN_MFA", "SELECT_MFA_TYPE", "MFA_SETUP", "PASSWORD_VERIFIER", "CUSTOM_CHALLENGE",
    "SELECT_CHALLENGE", "DEVICE_SRP_AUTH", "NEW_PASSWORD_REQUIRED", "SMS_OTP", "PASSWORD", "WEB_AUTHN", "PASSWORD_SRP", "X",
]  # fmt: skip


def call(region: Any, operation: str, body: dict[str, Any]) -> httpx.Response:
    """An unsigned request, whatever its body."""
    return WEB.post(
        region.endpoint,
        content=json.dumps(body),
        headers={
            "x-amz-target": f"AWSCognitoIdentityProviderService.{operation}",
            "content-type": "application/x-amz-json-1.1",
            "host": f"cognito-idp.us-east-1.localhost:{region.port}",
        },
    )


@pytest.mark.parametrize("hides", ["ENABLED", "LEGACY"])
def test_sign_in_with_anything_is_refused_and_never_breaks(
    idp: Any, region: Any, pool: Make, app_client: Make, user: Make, hides: str
) -> None:
    here = pool()
    user(here, "ada", email="ada@example.com")
    idp.admin_create_user(UserPoolId=here, Username="bob", TemporaryPassword=PASSWORD, MessageAction="SUPPRESS")
    app = app_client(
        here,
        ExplicitAuthFlows=[*FLOWS, "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_USER_AUTH"],
        PreventUserExistenceErrors=hides,
    )
    source = random.Random(hides)
    asked = call(
        region,
        "InitiateAuth",
        {
            "ClientId": app,
            "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": "bob", "PASSWORD": PASSWORD},
        },
    )
    session = asked.json()["Session"]
    values = [*STRANGE, session, session[:-4], "ada", "bob", "nobody"]
    for _ in range(70):
        parameters = {name: source.choice(values) for name in source.sample(NAMES, source.randrange(1, 8))}
        if source.random() < 0.7:
            parameters["USERNAME"] = source.choice(["ada", "bob", "nobody", "ADA"])
        if source.random() < 0.5:
            name, body = "InitiateAuth", {"AuthFlow": source.choice(FLOW_NAMES), "AuthParameters": parameters}
        else:
            given = source.choice([session, *STRANGE])
            name = "RespondToAuthChallenge"
            body = {"ChallengeName": source.choice(CHALLENGES), "Session": given, "ChallengeResponses": parameters}
        answer = call(region, name, {"ClientId": app, **body})
        assert answer.status_code in (200, 400, 501), (name, body, answer.text)
        assert "AuthenticationResult" not in answer.json(), (name, body, answer.text)


def test_authenticators_and_tokens_with_anything(region: Any, app_client: Make, pool: Make) -> None:
    app = app_client(pool())
    for value in STRANGE:
        for name, body in (
            ("AssociateSoftwareToken", {"Session": value}),
            ("AssociateSoftwareToken", {"AccessToken": value}),
            ("VerifySoftwareToken", {"Session": value, "UserCode": "123456"}),
            ("GetUserAuthFactors", {"AccessToken": value}),
            ("GlobalSignOut", {"AccessToken": value}),
            ("SetUserMFAPreference", {"AccessToken": value}),
            ("RevokeToken", {"Token": value, "ClientId": app}),
            ("RevokeToken", {"Token": "x", "ClientId": value}),
            ("GetTokensFromRefreshToken", {"RefreshToken": value, "ClientId": app}),
            ("InitiateAuth", {"AuthFlow": "USER_SRP_AUTH", "ClientId": value}),
        ):
            answer = call(region, name, body)
            assert answer.status_code == 400 or (name == "RevokeToken" and answer.status_code == 200), (
                name,
                body,
                answer.text,
            )
