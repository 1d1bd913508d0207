"""USER_PASSWORD_AUTH and ADMIN_USER_PASSWORD_AUTH: who may sign in with a password, and how the others are refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from pycognito.aws_srp import AWSSRP
from tests.aws.cognito_idp.conftest import PASSWORD
from tests.aws.cognito_idp.tokens import FLOWS, Error, Make, respond, sign_in

WRONG = ("NotAuthorizedException", "Incorrect username or password.", 400)


def test_a_user_signs_in_with_a_password_and_gets_three_tokens(idp: Any, here: str, app: str, user: Make) -> None:
    user(here, "ada")
    answer = sign_in(idp, app)
    result = answer["AuthenticationResult"]
    assert set(result) == {"AccessToken", "ExpiresIn", "IdToken", "RefreshToken", "TokenType"}
    assert (result["ExpiresIn"], result["TokenType"], answer["ChallengeParameters"]) == (3600, "Bearer", {})
    assert idp.get_user(AccessToken=result["AccessToken"])["Username"] == "ada"


def test_an_administrator_signs_a_user_in(idp: Any, here: str, app: str, user: Make) -> None:
    user(here, "ada")
    for flow in ("ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"):
        answer = idp.admin_initiate_auth(
            UserPoolId=here, ClientId=app, AuthFlow=flow, AuthParameters={"USERNAME": "ada", "PASSWORD": PASSWORD}
        )
        assert answer["AuthenticationResult"]["AccessToken"]


@pytest.mark.parametrize(
    ("allowed", "flow", "message"),
    [
        ("ALLOW_USER_SRP_AUTH", "USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH flow not enabled for this client"),
        ("ALLOW_USER_PASSWORD_AUTH", "USER_SRP_AUTH", "USER_SRP_AUTH is not enabled for the client."),
        ("ALLOW_USER_PASSWORD_AUTH", "CUSTOM_AUTH", "CUSTOM_AUTH is not enabled for the client."),
        ("ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "Initiate Auth method not supported."),
    ],
)
def test_explicit_auth_flows_are_enforced(
    idp: Any, here: str, app_client: Make, aws_error: Error, allowed: str, flow: str, message: str
) -> None:
    only = app_client(here, ExplicitAuthFlows=[allowed, "ALLOW_REFRESH_TOKEN_AUTH"])
    asked = {"USERNAME": "ada", "PASSWORD": PASSWORD, "SRP_A": "abc", "REFRESH_TOKEN": "x.y.z"}
    assert aws_error(lambda: idp.initiate_auth(ClientId=only, AuthFlow=flow, AuthParameters=asked)) == (
        "InvalidParameterException",
        message,
        400,
    )


def test_an_admin_flow_needs_its_permission_and_its_flow(
    idp: Any, here: str, app_client: Make, aws_error: Error
) -> None:
    only = app_client(here, ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
    asked = {"UserPoolId": here, "ClientId": only, "AuthParameters": {"USERNAME": "ada", "PASSWORD": PASSWORD}}
    assert aws_error(lambda: idp.admin_initiate_auth(AuthFlow="ADMIN_USER_PASSWORD_AUTH", **asked))[:2] == (
        "InvalidParameterException",
        "Auth flow not enabled for this client",
    )
    assert aws_error(lambda: idp.admin_initiate_auth(AuthFlow="USER_PASSWORD_AUTH", **asked))[:2] == (
        "InvalidParameterException",
        "Initiate Auth method not supported.",
    )


def test_missing_parameters_are_named(idp: Any, app: str, aws_error: Error) -> None:
    def begin(**parameters: str) -> tuple[str, str, int]:
        return aws_error(
            lambda: idp.initiate_auth(ClientId=app, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)
        )

    assert begin(PASSWORD="x") == ("InvalidParameterException", "Missing required parameter USERNAME", 400)
    assert begin(USERNAME="nobody") == ("InvalidParameterException", "Missing required parameter PASSWORD", 400)


def test_a_client_with_a_secret_wants_the_secret_hash(
    idp: Any, here: str, app_client: Make, user: Make, aws_error: Error
) -> None:
    user(here, "ada")
    app = app_client(here, ExplicitAuthFlows=FLOWS, GenerateSecret=True)
    secret = idp.describe_user_pool_client(UserPoolId=here, ClientId=app)["UserPoolClient"]["ClientSecret"]
    right = base64.b64encode(hmac.digest(secret.encode(), f"ada{app}".encode(), hashlib.sha256)).decode()
    assert aws_error(lambda: sign_in(idp, app)) == (
        "NotAuthorizedException",
        f"Client {app} is configured with secret but SECRET_HASH was not received",
        400,
    )
    assert aws_error(lambda: sign_in(idp, app, parameters={"SECRET_HASH": "d3Jvbmc="}))[0] == "NotAuthorizedException"
    tokens = sign_in(idp, app, parameters={"SECRET_HASH": right})["AuthenticationResult"]
    again = {"REFRESH_TOKEN": tokens["RefreshToken"], "SECRET_HASH": right}
    assert idp.initiate_auth(ClientId=app, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=again)["AuthenticationResult"]


def test_an_unknown_user_is_told_only_where_the_client_may_know(
    idp: Any, here: str, app_client: Make, user: Make, aws_error: Error
) -> None:
    user(here, "ada")
    legacy = app_client(here, ExplicitAuthFlows=FLOWS, PreventUserExistenceErrors="LEGACY")
    hiding = app_client(here, ExplicitAuthFlows=FLOWS, PreventUserExistenceErrors="ENABLED")
    unknown = ("UserNotFoundException", "User does not exist.", 400)
    assert aws_error(lambda: sign_in(idp, legacy, "nobody")) == unknown
    assert aws_error(lambda: sign_in(idp, hiding, "nobody")) == WRONG
    assert aws_error(lambda: sign_in(idp, hiding, "ada", "Wrong-Horse-1")) == WRONG
    assert aws_error(lambda: sign_in(idp, legacy, "ada", "Wrong-Horse-1")) == WRONG


def test_a_disabled_user_is_refused(idp: Any, here: str, app: str, user: Make, aws_error: Error) -> None:
    user(here, "ada")
    idp.admin_disable_user(UserPoolId=here, Username="ada")
    assert aws_error(lambda: sign_in(idp, app)) == ("NotAuthorizedException", "User is disabled.", 400)


def test_an_unconfirmed_user_is_told_so_whatever_the_password_is(
    idp: Any, here: str, app_client: Make, app: str, aws_error: Error
) -> None:
    """As users of AWS saw it with USER_PASSWORD_AUTH and with SRP: aws-sdk-js #4608, amplify-js #1464 and #11209."""
    idp.sign_up(ClientId=app, Username="ada", Password=PASSWORD)
    unconfirmed = ("UserNotConfirmedException", "User is not confirmed.", 400)
    assert aws_error(lambda: sign_in(idp, app)) == unconfirmed
    for _ in range(8):
        assert aws_error(lambda: sign_in(idp, app, password="Wrong-Horse-1")) == unconfirmed
    srp = app_client(here, ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
    signer = AWSSRP(username="ada", password="Wrong-Horse-1", pool_id=here, client_id=srp, client=idp)
    assert aws_error(signer.authenticate_user) == unconfirmed


def test_a_reset_password_must_be_reset(idp: Any, here: str, app: str, user: Make, aws_error: Error) -> None:
    user(here, "ada", email="ada@example.com", email_verified="true")
    idp.admin_reset_user_password(UserPoolId=here, Username="ada")
    assert aws_error(lambda: sign_in(idp, app)) == (
        "PasswordResetRequiredException",
        "Password reset required for the user",
        400,
    )


def test_new_password_required_asks_for_the_password_and_what_is_missing(
    idp: Any, pool: Make, app_client: Make, aws_error: Error
) -> None:
    here = pool(Schema=[{"Name": "name", "AttributeDataType": "String", "Required": True, "Mutable": True}])
    app = app_client(here, ExplicitAuthFlows=FLOWS)
    idp.admin_create_user(UserPoolId=here, Username="ada", TemporaryPassword=PASSWORD, MessageAction="SUPPRESS")
    asked = sign_in(idp, app)
    assert asked["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert asked["ChallengeParameters"]["USER_ID_FOR_SRP"] == "ada"
    assert json.loads(asked["ChallengeParameters"]["requiredAttributes"]) == ["userAttributes.name"]
    assert isinstance(json.loads(asked["ChallengeParameters"]["userAttributes"]), dict)

    def answer(**responses: str) -> Any:
        return respond(idp, app, "NEW_PASSWORD_REQUIRED", asked["Session"], **responses)

    assert aws_error(lambda: answer(NEW_PASSWORD="Other-Horse-8"))[:2] == (
        "InvalidParameterException",
        "Invalid attributes given, name is missing",
    )
    assert aws_error(lambda: answer(NEW_PASSWORD="short", **{"userAttributes.name": "Ada"}))[0] == (
        "InvalidPasswordException"
    )
    done = answer(NEW_PASSWORD="Other-Horse-8", **{"userAttributes.name": "Ada"})
    assert done["AuthenticationResult"]["AccessToken"]
    found = idp.admin_get_user(UserPoolId=here, Username="ada")
    assert found["UserStatus"] == "CONFIRMED"
    assert {"Name": "name", "Value": "Ada"} in found["UserAttributes"]
    assert aws_error(lambda: answer(NEW_PASSWORD="Other-Horse-9", **{"userAttributes.name": "Ada"})) == (
        "NotAuthorizedException",
        "Invalid session for the user, session can only be used once.",
        400,
    )


def test_a_session_is_the_users_the_clients_and_the_challenges_own(
    idp: Any, here: str, app: str, app_client: Make, aws_error: Error
) -> None:
    other = app_client(here, ExplicitAuthFlows=FLOWS)
    for name in ("ada", "bob"):
        idp.admin_create_user(UserPoolId=here, Username=name, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS")
    session = sign_in(idp, app)["Session"]

    def answer(app: str, name: str, challenge: str = "NEW_PASSWORD_REQUIRED", session: str = session) -> Any:
        given = {"USERNAME": name, "NEW_PASSWORD": "Other-Horse-8", "SMS_MFA_CODE": "123456"}
        return aws_error(lambda: respond(idp, app, challenge, session, **given))

    invalid = ("NotAuthorizedException", "Invalid session for the user.", 400)
    assert answer(app, "bob") == invalid
    assert answer(other, "ada") == invalid
    assert answer(app, "ada", "SMS_MFA") == invalid
    assert answer(app, "ada", session="A" * 40) == invalid


def test_a_user_signs_in_by_an_alias(idp: Any, pool: Make, app_client: Make, user: Make, aws_error: Error) -> None:
    here = pool(AliasAttributes=["email"], UsernameConfiguration={"CaseSensitive": False})
    app = app_client(here, ExplicitAuthFlows=FLOWS)
    user(here, "ada", email="ada@example.com", email_verified="true")
    assert sign_in(idp, app, "Ada@Example.com")["AuthenticationResult"]
    assert sign_in(idp, app, "ADA")["AuthenticationResult"]
