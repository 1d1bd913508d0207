"""Users without a password: sign-up that goes on as sign-in (`Session`), AdminCreateUser without a temporary password, codes by SMS."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.aws.cognito_idp.conftest import PASSWORD, code_in, pairs
from tests.aws.cognito_idp.tokens import Error, Make, claims

Mail = Callable[..., list[dict[str, Any]]]
ALLOWED = ["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
INVALID = ("NotAuthorizedException", "Invalid session for the user.", 400)


@pytest.fixture
def here(pool: Make) -> str:
    factors = ["PASSWORD", "EMAIL_OTP", "SMS_OTP"]
    return pool(
        Policies={"SignInPolicy": {"AllowedFirstAuthFactors": factors}},
        AutoVerifiedAttributes=["email", "phone_number"],
    )


@pytest.fixture
def app(here: str, app_client: Make) -> str:
    return app_client(here, ExplicitAuthFlows=ALLOWED)


def sign_up(anyone: Any, app: str, name: str = "ada", **more: Any) -> dict[str, Any]:
    given = {"UserAttributes": pairs(email=f"{name}@example.com"), **more}
    answer: dict[str, Any] = anyone.sign_up(ClientId=app, Username=name, **given)
    return answer


def confirm(anyone: Any, mail: Mail, app: str, session: str | None, name: str = "ada") -> dict[str, Any]:
    code = code_in(mail(f"{name}@example.com")[0])
    given = {"Session": session} if session else {}
    answer: dict[str, Any] = anyone.confirm_sign_up(ClientId=app, Username=name, ConfirmationCode=code, **given)
    return answer


def go_on(anyone: Any, app: str, session: str, name: str = "ada", flow: str = "USER_AUTH", **more: str) -> Any:
    return anyone.initiate_auth(ClientId=app, AuthFlow=flow, Session=session, AuthParameters={"USERNAME": name, **more})


def test_a_sign_up_goes_on_as_sign_in_by_its_session(anyone: Any, mail: Mail, app: str, aws_error: Error) -> None:
    first = sign_up(anyone, app)["Session"]
    second = confirm(anyone, mail, app, first)["Session"]
    assert second != first
    result = go_on(anyone, app, second, PREFERRED_CHALLENGE="EMAIL_OTP")["AuthenticationResult"]
    assert claims(result["IdToken"])["email_verified"] is True
    assert aws_error(lambda: go_on(anyone, app, second)) == (
        "NotAuthorizedException",
        "Invalid session for the user, session can only be used once.",
        400,
    )
    assert len(mail("ada@example.com")) == 1  # no second code was sent


def test_a_sign_up_session_is_good_for_its_user_its_step_and_its_time(
    anyone: Any, mail: Mail, app: str, aws_error: Error
) -> None:
    ada, bob = sign_up(anyone, app)["Session"], sign_up(anyone, app, "bob")["Session"]
    assert aws_error(lambda: go_on(anyone, app, ada)) == INVALID
    assert aws_error(lambda: confirm(anyone, mail, app, bob)) == INVALID
    assert aws_error(lambda: confirm(anyone, mail, app, "x" * 40)) == INVALID
    session = confirm(anyone, mail, app, ada)["Session"]
    confirm(anyone, mail, app, bob, "bob")
    assert aws_error(lambda: go_on(anyone, app, session, "bob")) == INVALID
    assert aws_error(lambda: go_on(anyone, app, session, "nobody")) == INVALID
    assert go_on(anyone, app, session)["AuthenticationResult"]


def test_a_sign_up_session_is_given_only_where_it_is_of_use(
    anyone: Any, mail: Mail, here: str, app_client: Make, app: str
) -> None:
    typed = app_client(here, ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
    assert "Session" not in sign_up(anyone, typed, Password=PASSWORD)
    assert "Session" not in confirm(anyone, mail, typed, None)
    sign_up(anyone, app, "bob")  # as Amplify does it, which does not send the session on
    session = confirm(anyone, mail, app, None, "bob")["Session"]
    assert go_on(anyone, app, session, "bob")["AuthenticationResult"]


def test_a_sign_up_session_does_not_stand_for_a_password(anyone: Any, mail: Mail, pool: Make, app_client: Make) -> None:
    app = app_client(pool(AutoVerifiedAttributes=["email"]), ExplicitAuthFlows=ALLOWED)
    first = sign_up(anyone, app, Password=PASSWORD)["Session"]
    asked = go_on(anyone, app, confirm(anyone, mail, app, first)["Session"])
    assert (asked["ChallengeName"], asked["AvailableChallenges"]) == ("SELECT_CHALLENGE", ["PASSWORD_SRP", "PASSWORD"])


def test_sign_up_without_a_password_needs_an_address_and_a_flow(
    anyone: Any, here: str, app: str, app_client: Make, aws_error: Error
) -> None:
    missing = ("InvalidParameterException", "Missing required parameter: Password", 400)
    assert aws_error(lambda: sign_up(anyone, app, UserAttributes=pairs(name="Ada"))) == missing
    typed = app_client(here, ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
    assert aws_error(lambda: sign_up(anyone, typed)) == missing


def test_an_administrator_makes_a_user_without_a_password(
    idp: Any, anyone: Any, mail: Mail, here: str, app: str
) -> None:
    attributes = pairs(email="ada@example.com", email_verified="true")
    made = idp.admin_create_user(
        UserPoolId=here, Username="ada", UserAttributes=attributes, DesiredDeliveryMediums=["EMAIL"]
    )["User"]
    assert made["UserStatus"] == "CONFIRMED"
    assert mail("ada@example.com")[0]["body"] == "Your username is ada."
    asked = anyone.initiate_auth(ClientId=app, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": "ada"})
    assert asked["AvailableChallenges"] == ["EMAIL_OTP"]
    typed = idp.admin_create_user(
        UserPoolId=here, Username="bob", UserAttributes=attributes[:0], TemporaryPassword=PASSWORD
    )["User"]
    assert typed["UserStatus"] == "FORCE_CHANGE_PASSWORD"


def test_a_code_by_sms_is_a_first_factor(idp: Any, anyone: Any, mail: Mail, here: str, app: str) -> None:
    attributes = pairs(phone_number="+15550101234", phone_number_verified="true")
    idp.admin_create_user(UserPoolId=here, Username="ada", UserAttributes=attributes, MessageAction="SUPPRESS")
    given = {"USERNAME": "ada", "PREFERRED_CHALLENGE": "SMS_OTP"}
    asked = anyone.initiate_auth(ClientId=app, AuthFlow="USER_AUTH", AuthParameters=given)
    assert asked["ChallengeName"] == "SMS_OTP"
    assert asked["ChallengeParameters"] == {
        "CODE_DELIVERY_DELIVERY_MEDIUM": "SMS",
        "CODE_DELIVERY_DESTINATION": "+*******1234",
    }
    code = re.search(r"\b[0-9]{8}\b", mail("+15550101234")[0]["body"])
    assert code
    done = anyone.respond_to_auth_challenge(
        ClientId=app, ChallengeName="SMS_OTP", Session=asked["Session"],
        ChallengeResponses={"USERNAME": "ada", "SMS_OTP_CODE": code[0]},
    )  # fmt: skip
    assert claims(done["AuthenticationResult"]["IdToken"])["phone_number"] == "+15550101234"
