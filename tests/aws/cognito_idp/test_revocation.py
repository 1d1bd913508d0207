"""Revoking tokens, global sign-out, and what bad access tokens get."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.aws.cognito_idp.tokens import FLOWS, Error, Make, advance, claims, tokens

REVOKED = ("NotAuthorizedException", "Access Token has been revoked", 400)
FORGED = ("NotAuthorizedException", "Could not verify signature for Access Token", 400)
INVALID = ("NotAuthorizedException", "Invalid Access Token", 400)


def test_revoke_token_ends_its_login_only(idp: Any, here: str, app: str, user: Make, aws_error: Error) -> None:
    user(here, "ada")
    first, second = tokens(idp, app), tokens(idp, app)
    idp.revoke_token(Token=first["RefreshToken"], ClientId=app)
    assert aws_error(lambda: idp.get_user(AccessToken=first["AccessToken"])) == REVOKED
    again = {"REFRESH_TOKEN": first["RefreshToken"]}
    assert aws_error(lambda: idp.initiate_auth(ClientId=app, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=again)) == (
        "NotAuthorizedException",
        "Refresh Token has been revoked",
        400,
    )
    assert idp.get_user(AccessToken=second["AccessToken"])["Username"] == "ada"


def test_revoking_an_unknown_token_is_no_error(idp: Any, app: str) -> None:
    for token in ("x", "a.b.c", f"{'a' * 36}.{'b' * 36}.{'c' * 96}", "=" * 5000):
        idp.revoke_token(Token=token, ClientId=app)


def test_access_and_id_tokens_cannot_be_revoked(idp: Any, here: str, app: str, user: Make, aws_error: Error) -> None:
    user(here, "ada")
    result = tokens(idp, app)
    for name in ("AccessToken", "IdToken"):
        assert aws_error(lambda name=name: idp.revoke_token(Token=result[name], ClientId=app)) == (  # type: ignore[misc]
            "UnsupportedTokenTypeException",
            "Unsupported token type",
            400,
        )


def test_a_client_without_revocation_cannot_revoke(
    idp: Any, here: str, app_client: Make, user: Make, aws_error: Error
) -> None:
    user(here, "ada")
    app = app_client(here, ExplicitAuthFlows=FLOWS, EnableTokenRevocation=False)
    result = tokens(idp, app)
    assert aws_error(lambda: idp.revoke_token(Token=result["RefreshToken"], ClientId=app))[0] == (
        "UnsupportedOperationException"
    )
    idp.global_sign_out(AccessToken=result["AccessToken"])
    assert aws_error(lambda: idp.get_user(AccessToken=result["AccessToken"])) == REVOKED


def test_global_sign_out_revokes_all_of_the_users_tokens(
    idp: Any, here: str, app: str, user: Make, aws_error: Error
) -> None:
    user(here, "ada")
    user(here, "bob")
    first, second, bobs = tokens(idp, app), tokens(idp, app), tokens(idp, app, "bob")
    idp.global_sign_out(AccessToken=first["AccessToken"])
    for one in (first, second):
        assert aws_error(lambda one=one: idp.get_user(AccessToken=one["AccessToken"])) == REVOKED  # type: ignore[misc]
    assert idp.get_user(AccessToken=bobs["AccessToken"])["Username"] == "bob"
    assert idp.get_user(AccessToken=tokens(idp, app)["AccessToken"])["Username"] == "ada"


def test_an_administrator_signs_a_user_out(idp: Any, here: str, app: str, user: Make, aws_error: Error) -> None:
    user(here, "ada")
    token = tokens(idp, app)["AccessToken"]
    idp.admin_user_global_sign_out(UserPoolId=here, Username="ada")
    assert aws_error(lambda: idp.get_user(AccessToken=token)) == REVOKED
    assert aws_error(lambda: idp.admin_user_global_sign_out(UserPoolId=here, Username="nobody")) == (
        "UserNotFoundException",
        "User does not exist.",
        400,
    )


def test_tokens_of_deleted_and_disabled_users_are_refused(
    idp: Any, here: str, app: str, user: Make, aws_error: Error
) -> None:
    user(here, "ada")
    user(here, "bob")
    adas, bobs = tokens(idp, app)["AccessToken"], tokens(idp, app, "bob")["AccessToken"]
    idp.admin_disable_user(UserPoolId=here, Username="ada")
    idp.admin_delete_user(UserPoolId=here, Username="bob")
    assert aws_error(lambda: idp.get_user(AccessToken=adas))[0] == "NotAuthorizedException"
    assert aws_error(lambda: idp.get_user(AccessToken=bobs))[0] == "UserNotFoundException"


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_forged_tokens_are_refused(
    idp: Any, here: str, app: str, pool: Make, app_client: Make, user: Make, aws_error: Error
) -> None:
    """alg=none, another key, another pool's key, the other kind's key, HMAC with the public key, swapped key ids."""
    user(here, "ada")
    result = tokens(idp, app)
    token, said = result["AccessToken"], claims(result["AccessToken"])
    kid = jwt.get_unverified_header(token)["kid"]
    foreign = rsa.generate_private_key(65537, 2048)
    elsewhere = pool()
    user(elsewhere, "ada")
    other = tokens(idp, app_client(elsewhere, ExplicitAuthFlows=FLOWS))["AccessToken"]
    other_kid = jwt.get_unverified_header(other)["kid"]
    head, body, signature = token.split(".")
    forged = {
        "none": f"{_part({'alg': 'none', 'kid': kid})}.{body}.",
        "none with a signature": f"{_part({'alg': 'none', 'kid': kid})}.{body}.{signature}",
        "foreign key": jwt.encode(said, foreign, "RS256", {"kid": kid}),
        "hmac": jwt.encode(said, "public" * 8, "HS256", {"kid": kid}),
        "other pool's key id": f"{_part({'kid': other_kid, 'alg': 'RS256'})}.{body}.{signature}",
        "other pool's issuer": f"{head}.{_part(said | {'iss': claims(other)['iss']})}.{signature}",
        "other user": f"{head}.{_part(said | {'sub': 'someone'})}.{signature}",
        "no signature": f"{head}.{body}.",
    }
    for what, bad in forged.items():
        assert aws_error(lambda bad=bad: idp.get_user(AccessToken=bad)) == FORGED, what  # type: ignore[misc]
    assert aws_error(lambda: idp.get_user(AccessToken=result["IdToken"])) in (FORGED, INVALID)


def test_malformed_and_huge_tokens_are_refused(idp: Any, here: str, app: str, user: Make, aws_error: Error) -> None:
    """Fuzz: never a 500, never somebody's answer."""
    user(here, "ada")
    token = tokens(idp, app)["AccessToken"]
    source = random.Random(5)
    nested = "[" * 5000
    bad = [
        "x",
        "a.b",
        "a.b.c",
        "..",
        "=.=.=",
        "A" * 200_000,
        f"e30.{base64.urlsafe_b64encode(nested.encode()).decode()}.e30",
    ]
    for value in ([], {}, None, 5, {"iss": 5}, {"iss": "https://example.com/us-east-1_AAAAAAAAA"}, {"iss": "x" * 9000}):
        bad.append(f"{_part({'alg': 'RS256'})}.{_part(value)}.e30")
    for _ in range(40):
        at = source.randrange(len(token))
        bad.append(token[:at] + source.choice("AZaz09-_.") + token[at + 1 :])
    for one in bad:
        if one == token:
            continue
        code, message, status = aws_error(lambda one=one: idp.get_user(AccessToken=one))  # type: ignore[misc]
        assert (code, status) == ("NotAuthorizedException", 400), (one, code, message)


class TestByTheClock:
    """In a region of the module's own."""

    @pytest.fixture
    def idp(self, own: Any, account: str) -> Any:
        return own.client("cognito-idp", key=account)

    def test_an_access_token_expires_by_the_clock(
        self, idp: Any, own: Any, here: str, app: str, user: Make, aws_error: Error
    ) -> None:
        user(here, "ada")
        token = tokens(idp, app)["AccessToken"]
        advance(own, "59m")
        assert idp.get_user(AccessToken=token)
        advance(own, "61s")
        assert aws_error(lambda: idp.get_user(AccessToken=token)) == (
            "NotAuthorizedException",
            "Access Token has expired",
            400,
        )


REVOKES = """
import os, urllib.request
told = event['request'].get('clientMetadata') or {}
if 'token' in told:
    body = json.dumps({'Token': told['token'], 'ClientId': event['callerContext']['clientId']}).encode()
    headers = {
        'X-Amz-Target': 'AWSCognitoIdentityProviderService.RevokeToken', 'Content-Type': 'application/x-amz-json-1.1',
    }
    urllib.request.urlopen(urllib.request.Request(os.environ['AWS_ENDPOINT_URL'], body, headers)).read()
"""


@pytest.mark.parametrize("rotation", ["ENABLED", "DISABLED"])
def test_a_token_that_is_revoked_while_it_is_used_gives_no_other(
    idp: Any, pool: Make, app_client: Make, user: Make, trigger: Make, aws_error: Error, rotation: str
) -> None:
    """The pre token generation trigger may take its time; here it revokes the token itself."""
    arn = trigger("revokes", REVOKES)
    here = pool(LambdaConfig={"PreTokenGenerationConfig": {"LambdaArn": arn, "LambdaVersion": "V2_0"}})
    user(here, "ada")
    flows = ["ALLOW_USER_PASSWORD_AUTH"] + ["ALLOW_REFRESH_TOKEN_AUTH"] * (rotation == "DISABLED")
    app = app_client(here, ExplicitAuthFlows=flows, RefreshTokenRotation={"Feature": rotation})
    token = tokens(idp, app)["RefreshToken"]
    again = {"ClientId": app, "RefreshToken": token, "ClientMetadata": {"token": token}}
    assert aws_error(lambda: idp.get_tokens_from_refresh_token(**again)) == (
        "NotAuthorizedException", "Refresh Token has been revoked", 400,
    )  # fmt: skip
