"""USER_AUTH: the user chooses the first factor."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pycognito.aws_srp import AWSSRP
from tests.aws.cognito_idp.conftest import PASSWORD, messages_of
from tests.aws.cognito_idp.tokens import Error, Make, respond

FACTORS = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}
ALLOWED = ["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
WRONG = ("NotAuthorizedException", "Incorrect username or password.", 400)


@pytest.fixture
def here(pool: Make, user: Make) -> str:
    made = pool(Policies=FACTORS)
    user(made, "ada", email="ada@example.com", email_verified="true")
    return made


@pytest.fixture
def app(here: str, app_client: Make) -> str:
    return app_client(here, ExplicitAuthFlows=ALLOWED)


def begin(idp: Any, app: str, preferred: str = "", name: str = "ada", **more: str) -> dict[str, Any]:
    parameters = {"USERNAME": name, **({"PREFERRED_CHALLENGE": preferred} if preferred else {}), **more}
    answer: dict[str, Any] = idp.initiate_auth(ClientId=app, AuthFlow="USER_AUTH", AuthParameters=parameters)
    return answer


def test_without_a_preference_the_user_selects(idp: Any, app: str) -> None:
    asked = begin(idp, app)
    assert asked["ChallengeName"] == "SELECT_CHALLENGE"
    assert set(asked["AvailableChallenges"]) == {"EMAIL_OTP", "PASSWORD_SRP", "PASSWORD"}
    done = respond(idp, app, "SELECT_CHALLENGE", asked["Session"], ANSWER="PASSWORD", PASSWORD=PASSWORD)
    assert done["AuthenticationResult"]["AccessToken"]


def test_a_preferred_password_signs_in_at_once(idp: Any, app: str, aws_error: Error) -> None:
    assert begin(idp, app, "PASSWORD", PASSWORD=PASSWORD)["AuthenticationResult"]
    assert aws_error(lambda: begin(idp, app, "PASSWORD", PASSWORD="Wrong-Horse-1")) == WRONG


def test_a_preferred_srp_asks_for_the_proof(idp: Any, here: str, app: str) -> None:
    srp = AWSSRP("ada", PASSWORD, here, app, client=idp)
    asked = begin(idp, app, "PASSWORD_SRP", SRP_A=srp.get_auth_params()["SRP_A"])
    assert asked["ChallengeName"] == "PASSWORD_VERIFIER"
    given = srp.process_challenge(asked["ChallengeParameters"], {"USERNAME": "ada"})
    assert respond(idp, app, "PASSWORD_VERIFIER", asked["Session"], **given)["AuthenticationResult"]


def test_a_code_by_mail_is_a_first_factor(idp: Any, region: Any, account: str, app: str, aws_error: Error) -> None:
    asked = begin(idp, app, "EMAIL_OTP")
    assert (asked["ChallengeName"], asked["ChallengeParameters"]) == (
        "EMAIL_OTP",
        {"CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL", "CODE_DELIVERY_DESTINATION": "a***@e***"},
    )
    found = re.search(r"\b[0-9]{8}\b", messages_of(region, account, "ada@example.com")[0]["body"])
    assert found
    assert aws_error(lambda: respond(idp, app, "EMAIL_OTP", asked["Session"], EMAIL_OTP_CODE="12345")) == (
        "CodeMismatchException",
        "Invalid code or auth state for the user.",
        400,
    )
    assert respond(idp, app, "EMAIL_OTP", asked["Session"], EMAIL_OTP_CODE=found[0])["AuthenticationResult"]


def test_an_unknown_user_gets_a_simulated_challenge(
    idp: Any, here: str, region: Any, account: str, app_client: Make, aws_error: Error
) -> None:
    hiding = app_client(here, ExplicitAuthFlows=ALLOWED, PreventUserExistenceErrors="ENABLED")
    asked = begin(idp, hiding, "EMAIL_OTP", "nobody@example.com")
    assert asked["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"] == "n***@e***"
    assert messages_of(region, account, "nobody@example.com") == []
    given = {"USERNAME": "nobody@example.com", "EMAIL_OTP_CODE": "12345678"}
    assert aws_error(lambda: respond(idp, hiding, "EMAIL_OTP", asked["Session"], **given))[0] == "CodeMismatchException"
    assert aws_error(lambda: begin(idp, hiding, "PASSWORD", "nobody", PASSWORD=PASSWORD)) == WRONG


def test_a_temporary_password_leaves_the_password_only(idp: Any, here: str, app: str) -> None:
    idp.admin_create_user(
        UserPoolId=here, Username="bob", TemporaryPassword=PASSWORD, MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": "bob@example.com"}, {"Name": "email_verified", "Value": "true"}],
    )  # fmt: skip
    asked = begin(idp, app, "EMAIL_OTP", "bob")
    assert (asked["ChallengeName"], asked["AvailableChallenges"]) == ("SELECT_CHALLENGE", ["PASSWORD_SRP", "PASSWORD"])


def test_passkeys_are_refused(idp: Any, app: str, aws_error: Error) -> None:
    asked = begin(idp, app, "WEB_AUTHN")
    assert asked["ChallengeName"] == "SELECT_CHALLENGE"
    code, message, status = aws_error(
        lambda: respond(idp, app, "SELECT_CHALLENGE", asked["Session"], ANSWER="WEB_AUTHN")
    )
    assert (code, status) == ("NotImplemented", 501)
    assert "WEB_AUTHN" in message


def test_devices_are_refused_clearly(idp: Any, app: str, aws_error: Error) -> None:
    assert aws_error(lambda: begin(idp, app, DEVICE_KEY="us-east-1_x")) == (
        "ResourceNotFoundException",
        "Device does not exist.",
        400,
    )
    assert aws_error(lambda: respond(idp, app, "DEVICE_SRP_AUTH", "A" * 40))[0] == "NotImplemented"


def test_a_client_without_the_flow_is_refused(idp: Any, here: str, app_client: Make, aws_error: Error) -> None:
    other = app_client(here, ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
    assert aws_error(lambda: begin(idp, other)) == (
        "InvalidParameterException",
        "USER_AUTH flow not enabled for this client",
        400,
    )
