"""USER_SRP_AUTH with clients and values no one here wrote, and what is refused of it."""

from __future__ import annotations

import base64
import os
import random
from collections.abc import Callable
from typing import Any

import pytest
from pycognito.aws_srp import AWSSRP
from pycognito.exceptions import ForceChangePasswordException
from tests.aws.cognito_idp.conftest import PASSWORD

Make = Callable[..., str]
Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
WRONG = ("NotAuthorizedException", "Incorrect username or password.", 400)
N = 0xFFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF  # noqa: E501  RFC 5054


@pytest.fixture
def here(pool: Make) -> str:
    return pool()


@pytest.fixture
def app(here: str, app_client: Make) -> str:
    return app_client(here)


def begin(idp: Any, app: str, a: str = "abc", name: str = "ada") -> dict[str, Any]:
    answer: dict[str, Any] = idp.initiate_auth(
        ClientId=app, AuthFlow="USER_SRP_AUTH", AuthParameters={"USERNAME": name, "SRP_A": a}
    )
    return answer


def test_pycognito_signs_in_with_srp_and_refreshes(idp: Any, here: str, app: str, user: Make) -> None:
    user(here, "ada", email="ada@example.com")
    done = AWSSRP("ada", PASSWORD, here, app, client=idp).authenticate_user()["AuthenticationResult"]
    assert set(done) == {"AccessToken", "ExpiresIn", "IdToken", "RefreshToken", "TokenType"}
    renewed = idp.initiate_auth(
        ClientId=app, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": done["RefreshToken"]}
    )["AuthenticationResult"]
    assert set(renewed) == {"AccessToken", "ExpiresIn", "IdToken", "TokenType"}


def test_pycognito_with_a_client_secret(idp: Any, here: str, app_client: Make, user: Make) -> None:
    user(here, "ada")
    app = app_client(here, GenerateSecret=True)
    secret = idp.describe_user_pool_client(UserPoolId=here, ClientId=app)["UserPoolClient"]["ClientSecret"]
    done = AWSSRP("ada", PASSWORD, here, app, client=idp, client_secret=secret).authenticate_user()
    assert done["AuthenticationResult"]["IdToken"]


def test_passwords_of_many_kinds_pass_srp(idp: Any, here: str, app: str, user: Make) -> None:
    for number, secret in enumerate(["Correct-Horse-7", "Pässwörd-€-1A", "A1a-" + "x" * 200]):
        user(here, f"user{number}", secret)
        assert AWSSRP(f"user{number}", secret, here, app, client=idp).authenticate_user()["AuthenticationResult"]


def test_a_wrong_password_is_refused(idp: Any, here: str, app: str, user: Make, aws_error: Error) -> None:
    user(here, "ada")
    srp = AWSSRP("ada", "Wrong-Horse-1", here, app, client=idp)
    assert aws_error(lambda: srp.authenticate_user()) == WRONG


def test_a_temporary_password_leads_to_new_password_required(idp: Any, here: str, app: str) -> None:
    idp.admin_create_user(UserPoolId=here, Username="ada", TemporaryPassword=PASSWORD, MessageAction="SUPPRESS")
    srp = AWSSRP("ada", PASSWORD, here, app, client=idp)
    with pytest.raises(ForceChangePasswordException):
        srp.authenticate_user()
    done = AWSSRP("ada", PASSWORD, here, app, client=idp).set_new_password_challenge("Other-Horse-8")
    assert done["AuthenticationResult"]["AccessToken"]


def test_the_challenge_has_aws_members(idp: Any, here: str, app: str, user: Make) -> None:
    user(here, "ada")
    asked = begin(idp, app)
    assert asked["ChallengeName"] == "PASSWORD_VERIFIER"
    assert set(asked["ChallengeParameters"]) == {"SALT", "SECRET_BLOCK", "SRP_B", "USERNAME", "USER_ID_FOR_SRP"}
    assert "Session" not in asked


def test_the_challenge_of_an_unknown_user_is_simulated_and_stable(
    idp: Any, here: str, app_client: Make, user: Make, aws_error: Error
) -> None:
    user(here, "ada")
    app = app_client(here, PreventUserExistenceErrors="ENABLED")
    known, unknown = begin(idp, app)["ChallengeParameters"], begin(idp, app, name="nobody")["ChallengeParameters"]
    assert set(known) == set(unknown)
    assert unknown["SALT"] == begin(idp, app, name="nobody")["ChallengeParameters"]["SALT"]
    assert unknown["SALT"] != begin(idp, app, name="nobody2")["ChallengeParameters"]["SALT"]
    assert unknown["SRP_B"] != begin(idp, app, name="nobody")["ChallengeParameters"]["SRP_B"]
    srp = AWSSRP("nobody", PASSWORD, here, app, client=idp)
    assert aws_error(lambda: srp.authenticate_user()) == WRONG
    legacy = app_client(here)
    assert aws_error(lambda: begin(idp, legacy, name="nobody"))[0] == "UserNotFoundException"


@pytest.mark.parametrize("a", ["0", f"{N:x}", f"{2 * N:x}", "xyz", "0x1", "-1", "1_0", " 1", "f" * 5000, "٣"])
def test_an_srp_a_that_would_give_the_key_away_is_refused(
    idp: Any, here: str, app: str, user: Make, aws_error: Error, a: str
) -> None:
    user(here, "ada")
    assert aws_error(lambda: begin(idp, app, a)) == ("InvalidParameterException", "Invalid SRP_A", 400)


def test_missing_srp_a(idp: Any, app: str, aws_error: Error) -> None:
    asked = {"USERNAME": "ada"}
    assert aws_error(lambda: idp.initiate_auth(ClientId=app, AuthFlow="USER_SRP_AUTH", AuthParameters=asked)) == (
        "InvalidParameterException",
        "Missing required parameter SRP_A",
        400,
    )


def answer(idp: Any, app: str, block: str, **changes: str) -> Any:
    responses = {
        "USERNAME": "ada",
        "PASSWORD_CLAIM_SECRET_BLOCK": block,
        "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(bytes(32)).decode(),
        "TIMESTAMP": "Thu Nov 26 06:43:53 UTC 2026",
        **changes,
    }
    return idp.respond_to_auth_challenge(ClientId=app, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=responses)


def test_the_timestamps_format_is_checked(idp: Any, here: str, app: str, user: Make, aws_error: Error) -> None:
    user(here, "ada")
    block = begin(idp, app)["ChallengeParameters"]["SECRET_BLOCK"]
    for bad in ("2026-11-26T06:43:53Z", "Thu Nov 26 06:43:53 CET 2026", "Do Nov 26 06:43:53 UTC 2026", "now"):
        assert aws_error(lambda bad=bad: answer(idp, app, block, TIMESTAMP=bad)) == (  # type: ignore[misc]
            "InvalidParameterException",
            "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.",
            400,
        )


def test_a_secret_block_is_taken_once(idp: Any, here: str, app: str, user: Make, aws_error: Error) -> None:
    user(here, "ada")
    block = begin(idp, app)["ChallengeParameters"]["SECRET_BLOCK"]
    assert aws_error(lambda: answer(idp, app, block)) == WRONG
    assert aws_error(lambda: answer(idp, app, block)) == (
        "NotAuthorizedException",
        "Invalid session for the user, session can only be used once.",
        400,
    )


def test_srp_values_of_any_kind_never_sign_in_and_never_break(
    idp: Any, here: str, app: str, user: Make, aws_error: Error
) -> None:
    """Fuzz: random SRP_A, secret blocks, signatures and time stamps."""
    user(here, "ada")
    source = random.Random(7)
    blocks = [begin(idp, app, f"{source.getrandbits(3000):x}")["ChallengeParameters"]["SECRET_BLOCK"] for _ in range(4)]
    strange = ["", "A", "=", "\x00", "é" * 50, base64.b64encode(os.urandom(90)).decode(), "A" * 100_000, '{"a":1}']
    for _ in range(40):
        given = {
            "PASSWORD_CLAIM_SIGNATURE": source.choice(strange),
            "PASSWORD_CLAIM_SECRET_BLOCK": source.choice([*blocks, *strange]),
            "TIMESTAMP": source.choice(["Thu Nov 26 06:43:53 UTC 2026", *strange]),
            "USERNAME": source.choice(["ada", "ADA", *strange]),
        }
        code, _, status = aws_error(lambda given=given: answer(idp, app, "", **given))  # type: ignore[misc]
        assert (status, code) in {(400, "NotAuthorizedException"), (400, "InvalidParameterException")}
