"""CUSTOM_AUTH: define, create and verify challenge functions, with and without SRP first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pycognito.aws_srp import AWSSRP
from tests.aws.cognito_idp.conftest import PASSWORD
from tests.aws.cognito_idp.tokens import Error, Make, respond

Trigger = Callable[..., str]
Events = Callable[..., list[dict[str, Any]]]
WRONG = ("NotAuthorizedException", "Incorrect username or password.", 400)
DEFINE = """
session, response = event['request']['session'], event['response']
response['issueTokens'] = response['failAuthentication'] = False
custom = [one for one in session if one['challengeName'] == 'CUSTOM_CHALLENGE']
if custom and custom[-1]['challengeResult']:
    response['issueTokens'] = True
elif len(custom) >= 3:
    response['failAuthentication'] = True
elif session and session[-1]['challengeName'] == 'SRP_A':
    response['challengeName'] = 'PASSWORD_VERIFIER'
else:
    response['challengeName'] = 'CUSTOM_CHALLENGE'"""
CREATE = """
response = event['response']
response['publicChallengeParameters'] = {'question': '6 x 7?'}
response['privateChallengeParameters'] = {'answer': '42'}
response['challengeMetadata'] = 'MATHS'"""
VERIFY = """
request = event['request']
event['response']['answerCorrect'] = request['privateChallengeParameters']['answer'] == request['challengeAnswer']"""


@pytest.fixture
def here(pool: Make, trigger: Trigger, user: Make) -> str:
    made = pool(
        LambdaConfig={
            "DefineAuthChallenge": trigger("define", DEFINE),
            "CreateAuthChallenge": trigger("create", CREATE),
            "VerifyAuthChallengeResponse": trigger("verify", VERIFY),
        }
    )
    user(made, "ada")
    return made


@pytest.fixture
def app(here: str, app_client: Make) -> str:
    return app_client(here)


def begin(idp: Any, app: str, name: str = "ada", **parameters: str) -> dict[str, Any]:
    answer: dict[str, Any] = idp.initiate_auth(
        ClientId=app, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": name, **parameters}
    )
    return answer


def test_the_right_answer_signs_in(idp: Any, app: str, events: Events) -> None:
    asked = begin(idp, app)
    assert asked["ChallengeName"] == "CUSTOM_CHALLENGE"
    assert asked["ChallengeParameters"] == {"USERNAME": "ada", "question": "6 x 7?"}
    done = respond(idp, app, "CUSTOM_CHALLENGE", asked["Session"], {"from": "web"}, ANSWER="42")
    assert done["AuthenticationResult"]["IdToken"]
    first, second = events("define", 2)
    assert first["request"]["session"] == []
    assert second["request"]["session"] == [
        {"challengeName": "CUSTOM_CHALLENGE", "challengeResult": True, "challengeMetadata": "MATHS"}
    ]
    [created] = events("create")
    assert created["request"]["challengeName"] == "CUSTOM_CHALLENGE"
    [verified] = events("verify")
    assert verified["request"]["privateChallengeParameters"] == {"answer": "42"}
    assert (verified["request"]["challengeAnswer"], verified["request"]["clientMetadata"]) == ("42", {"from": "web"})


def test_the_function_allows_three_attempts(idp: Any, app: str, aws_error: Error) -> None:
    asked = begin(idp, app)
    for _ in range(2):
        asked = respond(idp, app, "CUSTOM_CHALLENGE", asked["Session"], ANSWER="41")
        assert asked["ChallengeName"] == "CUSTOM_CHALLENGE"
    last = asked["Session"]
    assert aws_error(lambda: respond(idp, app, "CUSTOM_CHALLENGE", last, ANSWER="41")) == WRONG
    assert aws_error(lambda: respond(idp, app, "CUSTOM_CHALLENGE", last, ANSWER="42")) == (
        "NotAuthorizedException",
        "Invalid session for the user, session can only be used once.",
        400,
    )


def test_srp_comes_first_where_the_client_wants_it(
    idp: Any, here: str, app: str, events: Events, aws_error: Error
) -> None:
    def after_srp(password: str) -> dict[str, Any]:
        srp = AWSSRP("ada", password, here, app, client=idp)
        a = srp.get_auth_params()["SRP_A"]
        asked = begin(idp, app, SRP_A=a, CHALLENGE_NAME="SRP_A")
        assert asked["ChallengeName"] == "PASSWORD_VERIFIER"
        given = srp.process_challenge(asked["ChallengeParameters"], {"USERNAME": "ada"})
        return respond(idp, app, "PASSWORD_VERIFIER", asked["Session"], **given)

    assert aws_error(lambda: after_srp("Wrong-Horse-1")) == WRONG
    asked = after_srp(PASSWORD)
    assert asked["ChallengeName"] == "CUSTOM_CHALLENGE"
    assert respond(idp, app, "CUSTOM_CHALLENGE", asked["Session"], ANSWER="42")["AuthenticationResult"]
    names = [[one["challengeName"] for one in event["request"]["session"]] for event in events("define", 4)]
    assert names[-1] == ["SRP_A", "PASSWORD_VERIFIER", "CUSTOM_CHALLENGE"]


def test_an_administrator_drives_a_custom_flow(idp: Any, here: str, app: str) -> None:
    asked = idp.admin_initiate_auth(
        UserPoolId=here, ClientId=app, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": "ada"}
    )
    done = idp.admin_respond_to_auth_challenge(
        UserPoolId=here,
        ClientId=app,
        ChallengeName="CUSTOM_CHALLENGE",
        Session=asked["Session"],
        ChallengeResponses={"USERNAME": "ada", "ANSWER": "42"},
    )
    assert done["AuthenticationResult"]["AccessToken"]


def test_an_unknown_user_is_told_to_the_functions_but_never_signed_in(
    idp: Any, here: str, app: str, app_client: Make, events: Events, aws_error: Error
) -> None:
    assert aws_error(lambda: begin(idp, app, "nobody"))[0] == "UserNotFoundException"
    hiding = app_client(here, PreventUserExistenceErrors="ENABLED")
    asked = begin(idp, hiding, "nobody")
    assert asked["ChallengeName"] == "CUSTOM_CHALLENGE"
    right = {"USERNAME": "nobody", "ANSWER": "42"}
    assert aws_error(lambda: respond(idp, hiding, "CUSTOM_CHALLENGE", asked["Session"], **right)) == WRONG
    assert events("define")[0]["request"]["userNotFound"] is True


def test_a_pool_without_the_functions_has_no_custom_flow(
    idp: Any, pool: Make, app_client: Make, user: Make, aws_error: Error
) -> None:
    plain = pool()
    user(plain, "ada")
    app = app_client(plain)
    assert aws_error(lambda: begin(idp, app)) == (
        "InvalidParameterException",
        "Custom auth lambda trigger is not configured for the user pool.",
        400,
    )


@pytest.mark.parametrize("name", ["'PASSWORD_VERIFIER'", "'SMS_MFA'", "'NONSENSE'", "None"])
def test_a_challenge_that_cannot_be_is_refused(
    idp: Any, pool: Make, app_client: Make, user: Make, trigger: Trigger, aws_error: Error, name: str
) -> None:
    made = pool(LambdaConfig={"DefineAuthChallenge": trigger("odd", f"event['response']['challengeName'] = {name}")})
    user(made, "ada")
    app = app_client(made)
    assert aws_error(lambda: begin(idp, app))[0] == "InvalidLambdaResponseException"
