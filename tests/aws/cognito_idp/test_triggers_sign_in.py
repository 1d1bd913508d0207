"""Triggers of signing in, with real functions: before and after, custom challenges, users from another directory, tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from tests.aws.cognito_idp.conftest import PASSWORD, attributes_of, code_in

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
Make = Callable[..., str]
Events = Callable[..., list[dict[str, Any]]]
FLOWS = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
MIGRATE = """if request['password'] in (None, 'Correct-Horse-7') and event['userName'] == 'ada':
    event['response'] = {
        'userAttributes': {'email': 'ada@example.com', 'email_verified': 'true'},
        'finalUserStatus': 'CONFIRMED',
        'messageAction': 'SUPPRESS',
    }"""


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def sign_in(anyone: Any, client_id: str, name: str = "ada", **more: Any) -> Any:
    given = {"USERNAME": name, "PASSWORD": PASSWORD}
    return anyone.initiate_auth(ClientId=client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given, **more)


def test_before_and_after_signing_in(
    pool: Make, app_client: Make, user: Make, anyone: Any, trigger: Make, events: Events
) -> None:
    before, after = trigger("before"), trigger("after")
    pool_id = pool(LambdaConfig={"PreAuthentication": before, "PostAuthentication": after})
    client_id = app_client(pool_id, ExplicitAuthFlows=FLOWS)
    sub = user(pool_id, "ada", email="ada@example.com")
    assert sign_in(anyone, client_id, ClientMetadata={"from": "test"})["AuthenticationResult"]
    (event,) = events("before")
    assert event["triggerSource"] == "PreAuthentication_Authentication"
    assert event["request"]["userAttributes"] == {
        "sub": sub, "cognito:user_status": "CONFIRMED", "email": "ada@example.com",
    }  # fmt: skip
    assert event["response"] == {}
    (event,) = events("after")
    assert event["triggerSource"] == "PostAuthentication_Authentication"
    assert event["request"]["newDeviceUsed"] is False


def test_a_refusal_before_signing_in(
    pool: Make, app_client: Make, user: Make, anyone: Any, trigger: Make, aws_error: Error
) -> None:
    pool_id = pool(LambdaConfig={"PreAuthentication": trigger("before", "raise PermissionError('not on Sundays')")})
    user(pool_id, "ada")
    client_id = app_client(pool_id, ExplicitAuthFlows=FLOWS)
    assert aws_error(lambda: sign_in(anyone, client_id)) == (
        "UserLambdaValidationException", "PreAuthentication failed with error not on Sundays.", 400,
    )  # fmt: skip


def test_custom_challenges(
    pool: Make, app_client: Make, user: Make, anyone: Any, trigger: Make, events: Events, aws_error: Error
) -> None:
    define = trigger(
        "define",
        "session = event['request']['session']\n"
        "right = bool(session) and session[-1]['challengeResult']\n"
        "event['response']['issueTokens'] = right\n"
        "event['response']['failAuthentication'] = len(session) > 1 and not right\n"
        "event['response']['challengeName'] = 'CUSTOM_CHALLENGE'",
    )
    create = trigger(
        "create",
        "event['response'] = {'publicChallengeParameters': {'question': '6 x 7'},\n"
        "    'privateChallengeParameters': {'answer': '42'}, 'challengeMetadata': 'SUMS'}",
    )
    verify = trigger(
        "verify",
        "request = event['request']\n"
        "right = request['challengeAnswer'] == request['privateChallengeParameters']['answer']\n"
        "event['response']['answerCorrect'] = right",
    )
    pool_id = pool(
        LambdaConfig={
            "DefineAuthChallenge": define,
            "CreateAuthChallenge": create,
            "VerifyAuthChallengeResponse": verify,
        }
    )
    client_id = app_client(pool_id, ExplicitAuthFlows=FLOWS)
    sub = user(pool_id, "ada")

    def ask() -> Any:
        return anyone.initiate_auth(ClientId=client_id, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": "ada"})

    def answer(asked: Any, given: str) -> Any:
        return anyone.respond_to_auth_challenge(
            ClientId=client_id, ChallengeName="CUSTOM_CHALLENGE", Session=asked["Session"],
            ChallengeResponses={"USERNAME": "ada", "ANSWER": given}, ClientMetadata={"from": "test"},
        )  # fmt: skip

    asked = ask()
    assert (asked["ChallengeName"], asked["ChallengeParameters"]) == (
        "CUSTOM_CHALLENGE", {"USERNAME": "ada", "question": "6 x 7"},
    )  # fmt: skip
    asked = answer(asked, "41")
    assert asked["ChallengeName"] == "CUSTOM_CHALLENGE"
    assert answer(asked, "42")["AuthenticationResult"]["AccessToken"]
    wrong = answer(ask(), "0")
    assert aws_error(lambda: answer(wrong, "0")) == ("NotAuthorizedException", "Incorrect username or password.", 400)
    first, second, third = events("define", 3)[:3]
    who = {"sub": sub, "cognito:user_status": "CONFIRMED"}
    assert (first["triggerSource"], first["request"]) == (
        "DefineAuthChallenge_Authentication", {"userAttributes": who, "session": []},
    )  # fmt: skip
    assert first["response"] == {"challengeName": None, "issueTokens": None, "failAuthentication": None}
    missed = {"challengeName": "CUSTOM_CHALLENGE", "challengeResult": False, "challengeMetadata": "SUMS"}
    assert second["request"]["session"] == [missed]
    assert third["request"]["session"] == [missed, {**missed, "challengeResult": True}]
    event = events("create")[0]
    assert event["request"]["challengeName"] == "CUSTOM_CHALLENGE"
    assert event["response"] == {
        "publicChallengeParameters": None, "privateChallengeParameters": None, "challengeMetadata": None,
    }  # fmt: skip
    event = events("verify")[0]
    assert event["triggerSource"] == "VerifyAuthChallengeResponse_Authentication"
    assert event["request"] == {
        "userAttributes": who,
        "privateChallengeParameters": {"answer": "42"},
        "challengeAnswer": "41",
        "clientMetadata": {"from": "test"},
    }
    assert event["response"] == {"answerCorrect": None}


def test_users_from_another_directory_sign_in(
    idp: Any, pool: Make, app_client: Make, anyone: Any, trigger: Make, events: Events, aws_error: Error
) -> None:
    pool_id = pool(LambdaConfig={"UserMigration": trigger("migrate", f"request = event['request']\n{MIGRATE}")})
    client_id = app_client(pool_id, ExplicitAuthFlows=FLOWS)
    assert aws_error(lambda: sign_in(anyone, client_id, "eve"))[0] == "UserNotFoundException"
    assert sign_in(anyone, client_id)["AuthenticationResult"]
    found = idp.admin_get_user(UserPoolId=pool_id, Username="ada")
    assert (found["UserStatus"], attributes_of(found)["email"]) == ("CONFIRMED", "ada@example.com")
    assert sign_in(anyone, client_id)["AuthenticationResult"]
    found = events("migrate", 2)
    assert [event["userName"] for event in found] == ["eve", "ada"]  # once for each: ada is in the pool then
    assert found[1]["triggerSource"] == "UserMigration_Authentication"
    assert found[1]["request"]["password"] == PASSWORD
    assert found[1]["response"] == {
        "userAttributes": None,
        "forceAliasCreation": None,
        "finalUserStatus": None,
        "messageAction": None,
        "desiredDeliveryMediums": None,
    }


def test_users_from_another_directory_forget_their_passwords(
    idp: Any, pool: Make, app_client: Make, anyone: Any, mail: Any, trigger: Make, events: Events, aws_error: Error
) -> None:
    pool_id = pool(LambdaConfig={"UserMigration": trigger("migrate", f"request = event['request']\n{MIGRATE}")})
    client_id = app_client(pool_id, ExplicitAuthFlows=FLOWS)
    assert aws_error(lambda: anyone.forgot_password(ClientId=client_id, Username="eve"))[0] == "UserNotFoundException"
    sent = anyone.forgot_password(ClientId=client_id, Username="ada")["CodeDeliveryDetails"]
    assert sent["Destination"] == "a***@e***"
    anyone.confirm_forgot_password(
        ClientId=client_id, Username="ada", ConfirmationCode=code_in(mail()[0]), Password=PASSWORD
    )
    assert sign_in(anyone, client_id)["AuthenticationResult"]
    assert events("migrate", 2)[1]["triggerSource"] == "UserMigration_ForgotPassword"


def test_confirming_a_new_password_calls_post_confirmation(
    pool: Make, app_client: Make, user: Make, anyone: Any, mail: Any, trigger: Make, events: Events
) -> None:
    pool_id = pool(LambdaConfig={"PostConfirmation": trigger("post")})
    user(pool_id, "ada", email="ada@example.com", email_verified="true")
    client_id = app_client(pool_id)
    anyone.forgot_password(ClientId=client_id, Username="ada")
    anyone.confirm_forgot_password(
        ClientId=client_id, Username="ada", ConfirmationCode=code_in(mail()[0]), Password="Another-Horse-8",
        ClientMetadata={"from": "test"},
    )  # fmt: skip
    (event,) = events("post")
    assert event["triggerSource"] == "PostConfirmation_ConfirmForgotPassword"
    assert event["request"]["clientMetadata"] == {"from": "test"}


def test_pre_token_generation_v1(
    idp: Any, pool: Make, app_client: Make, user: Make, anyone: Any, trigger: Make, events: Events
) -> None:
    body = (
        "event['response']['claimsOverrideDetails'] = {\n"
        "    'claimsToAddOrOverride': {'tenant': 'blue'}, 'claimsToSuppress': ['email'],\n"
        "    'groupOverrideDetails': {'groupsToOverride': ['other']}}"
    )
    pool_id = pool(LambdaConfig={"PreTokenGeneration": trigger("tokens", body)})
    idp.create_group(UserPoolId=pool_id, GroupName="staff")
    user(pool_id, "ada", email="ada@example.com")
    idp.admin_add_user_to_group(UserPoolId=pool_id, Username="ada", GroupName="staff")
    result = sign_in(anyone, app_client(pool_id, ExplicitAuthFlows=FLOWS))["AuthenticationResult"]
    said = claims(result["IdToken"])
    assert (said["tenant"], said["cognito:groups"]) == ("blue", ["other"])
    assert "email" not in said
    assert "tenant" not in claims(result["AccessToken"])
    (event,) = events("tokens")
    assert (event["version"], event["triggerSource"]) == ("1", "TokenGeneration_Authentication")
    assert event["request"]["groupConfiguration"] == {
        "groupsToOverride": ["staff"], "iamRolesToOverride": [], "preferredRole": None,
    }  # fmt: skip
    assert event["response"] == {"claimsOverrideDetails": None}


def test_pre_token_generation_v2_and_v3(
    pool: Make, app_client: Make, user: Make, anyone: Any, trigger: Make, events: Events
) -> None:
    body = (
        "event['response']['claimsAndScopeOverrideDetails'] = {\n"
        "    'idTokenGeneration': {'claimsToAddOrOverride': {'tenant': 'blue'}},\n"
        "    'accessTokenGeneration': {'claimsToAddOrOverride': {'tier': 'gold'}, 'scopesToAdd': ['more']}}"
    )
    for version in ("2", "3"):
        arn = trigger(f"tokens{version}", body)
        config = {"PreTokenGenerationConfig": {"LambdaVersion": f"V{version}_0", "LambdaArn": arn}}
        pool_id = pool(LambdaConfig=config)
        user(pool_id, "ada")
        result = sign_in(anyone, app_client(pool_id, ExplicitAuthFlows=FLOWS))["AuthenticationResult"]
        assert claims(result["IdToken"])["tenant"] == "blue"
        said = claims(result["AccessToken"])
        assert (said["tier"], said["scope"].split()) == ("gold", ["aws.cognito.signin.user.admin", "more"])
        (event,) = events(f"tokens{version}")
        assert event["version"] == version
        assert event["request"]["scopes"] == ["aws.cognito.signin.user.admin"]
        assert event["response"] == {"claimsAndScopeOverrideDetails": None}
