"""The pre token generation trigger, versions one, two and three: claims, groups, scopes, and what it cannot touch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.aws.cognito_idp.tokens import FLOWS, Error, Make, claims, tokens

Trigger = Callable[..., str]
Events = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def app_of(pool: Make, app_client: Make, user: Make) -> Callable[[dict[str, Any]], tuple[str, str]]:
    """A pool whose LambdaConfig is this, with ada in it, and a client."""

    def make(config: dict[str, Any]) -> tuple[str, str]:
        here = pool(LambdaConfig=config)
        user(here, "ada", email="ada@example.com")
        return here, app_client(here, ExplicitAuthFlows=FLOWS)

    return make


def test_version_one_changes_the_id_token_and_the_groups(
    idp: Any, account: str, app_of: Any, trigger: Trigger, events: Events
) -> None:
    body = """
event['response']['claimsOverrideDetails'] = {
    'claimsToAddOrOverride': {'tenant': 'acme', 'email': 'other@example.com', 'sub': 'x', 'cognito:username': 'x', 'aud': 'x'},
    'claimsToSuppress': ['phone_number', 'token_use', 'event_id'],
    'groupOverrideDetails': {'groupsToOverride': ['made-up'], 'iamRolesToOverride': ['arn:r'], 'preferredRole': 'arn:r'},
}"""
    here, app = app_of({"PreTokenGeneration": trigger("one", body)})
    idp.create_group(UserPoolId=here, GroupName="staff")
    idp.admin_add_user_to_group(UserPoolId=here, Username="ada", GroupName="staff")
    result = tokens(idp, app)
    said, access = claims(result["IdToken"]), claims(result["AccessToken"])
    assert (said["tenant"], said["email"]) == ("acme", "other@example.com")
    assert said["sub"] != "x"
    assert (said["cognito:username"], said["aud"], said["token_use"]) == ("ada", app, "id")
    assert said["cognito:groups"] == access["cognito:groups"] == ["made-up"]
    assert (said["cognito:roles"], said["cognito:preferred_role"]) == (["arn:r"], "arn:r")
    assert "tenant" not in access
    [event] = events("one")
    assert (event["version"], event["triggerSource"]) == ("1", "TokenGeneration_Authentication")
    assert event["request"]["groupConfiguration"] == {
        "groupsToOverride": ["staff"],
        "iamRolesToOverride": [],
        "preferredRole": None,
    }
    assert event["request"]["userAttributes"]["email"] == "ada@example.com"
    assert "scopes" not in event["request"]


@pytest.mark.parametrize("version", ["V2_0", "V3_0"])
def test_versions_two_and_three_change_both_tokens(
    idp: Any, app_of: Any, trigger: Trigger, events: Events, version: str
) -> None:
    body = """
event['response']['claimsAndScopeOverrideDetails'] = {
    'idTokenGeneration': {'claimsToAddOrOverride': {'plan': {'name': 'pro', 'seats': 3}}, 'claimsToSuppress': ['email']},
    'accessTokenGeneration': {
        'claimsToAddOrOverride': {'roles': ['a', 'b'], 'vip': True, 'client_id': 'x', 'username': 'x', 'aud': 'x', 'scope': 'x'},
        'claimsToSuppress': ['iss', 'version'],
        'scopesToAdd': ['orders/read', 'aws.cognito.signin.user.admin', 'aws.cognito.other', 'with space'],
        'scopesToSuppress': ['aws.cognito.signin.user.admin'],
    },
}"""
    _, app = app_of({"PreTokenGenerationConfig": {"LambdaArn": trigger("two", body), "LambdaVersion": version}})
    result = tokens(idp, app)
    said, access = claims(result["IdToken"]), claims(result["AccessToken"])
    assert said["plan"] == {"name": "pro", "seats": 3}
    assert "email" not in said
    assert (access["roles"], access["vip"], access["scope"]) == (["a", "b"], True, "orders/read")
    assert (access["client_id"], access["username"]) == (app, "ada")
    assert access["iss"]
    assert "aud" not in access
    [event] = events("two")
    assert event["version"] == version[1]
    assert event["request"]["scopes"] == ["aws.cognito.signin.user.admin"]


def test_an_access_token_without_its_scope_is_refused(
    idp: Any, app_of: Any, trigger: Trigger, aws_error: Error
) -> None:
    body = """
event['response']['claimsAndScopeOverrideDetails'] = {
    'accessTokenGeneration': {
        'scopesToSuppress': ['aws.cognito.signin.user.admin'],
        'claimsToAddOrOverride': {'aud': event['callerContext']['clientId']},
    },
}"""
    _, app = app_of({"PreTokenGenerationConfig": {"LambdaArn": trigger("two", body), "LambdaVersion": "V2_0"}})
    token = tokens(idp, app)["AccessToken"]
    assert claims(token)["aud"] == app
    assert aws_error(lambda: idp.get_user(AccessToken=token)) == (
        "NotAuthorizedException",
        "Access Token does not have required scopes",
        400,
    )


def test_the_sources_say_why_tokens_are_made(idp: Any, app_of: Any, trigger: Trigger, events: Events) -> None:
    here, app = app_of({"PreTokenGeneration": trigger("why")})
    first = tokens(idp, app)["RefreshToken"]
    idp.initiate_auth(ClientId=app, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": first})
    idp.get_tokens_from_refresh_token(ClientId=app, RefreshToken=first, ClientMetadata={"from": "here"})
    idp.admin_set_user_password(UserPoolId=here, Username="ada", Password="Other-Horse-8", Permanent=False)
    asked = idp.initiate_auth(
        ClientId=app, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": "ada", "PASSWORD": "Other-Horse-8"}
    )
    idp.respond_to_auth_challenge(
        ClientId=app,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=asked["Session"],
        ChallengeResponses={"USERNAME": "ada", "NEW_PASSWORD": "Third-Horse-9"},
    )
    seen = events("why", 4)
    assert [event["triggerSource"].partition("_")[2] for event in seen] == [
        "Authentication",
        "RefreshTokens",
        "RefreshTokens",
        "NewPasswordChallenge",
    ]
    assert seen[2]["request"]["clientMetadata"] == {"from": "here"}


@pytest.mark.parametrize("answer", ["{'claimsToAddOrOverride': {'n': 5}}", "{'claimsToSuppress': 'x'}"])
def test_an_answer_that_is_none_is_refused(
    idp: Any, app_of: Any, trigger: Trigger, aws_error: Error, answer: str
) -> None:
    _, app = app_of({"PreTokenGeneration": trigger("bad", f"event['response']['claimsOverrideDetails'] = {answer}")})
    assert aws_error(lambda: tokens(idp, app)) == (
        "InvalidLambdaResponseException",
        "Unrecognizable lambda output",
        400,
    )


def test_a_function_that_fails_says_why(idp: Any, app_of: Any, trigger: Trigger, aws_error: Error) -> None:
    _, app = app_of({"PreTokenGeneration": trigger("failing", "raise ValueError('not today')")})
    assert aws_error(lambda: tokens(idp, app)) == (
        "UserLambdaValidationException",
        "PreTokenGeneration failed with error not today.",
        400,
    )
