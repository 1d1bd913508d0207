"""Every trigger's event member by member, as AWS documents and sends them: a user signs up, confirms, signs in, forgets the password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.aws.cognito_idp.conftest import PASSWORD, code_in, pairs
from tests.aws.cognito_idp.test_custom_auth import CREATE, DEFINE, VERIFY
from tests.aws.cognito_idp.tokens import FLOWS, Make, respond, sign_in

Events = Callable[..., list[dict[str, Any]]]
Mail = Callable[..., list[dict[str, Any]]]
MEMBERS = ["version", "region", "userPoolId", "userName", "callerContext", "triggerSource", "request", "response"]
NEW = {"email": "ada@example.com"}
CONFIRMED = {"cognito:user_status": "CONFIRMED", "email": "ada@example.com", "email_verified": "true"}
SOURCES = {
    "PreSignUp_SignUp": {"validationData": {"v": "1"}, "clientMetadata": {"c": "2"}},
    "CustomMessage_SignUp": {
        "codeParameter": "{####}", "linkParameter": "{##Click Here##}", "usernameParameter": None, "clientMetadata": {"c": "2"},
    },
    "PostConfirmation_ConfirmSignUp": {"clientMetadata": {"d": "3"}},
    "PreAuthentication_Authentication": {"validationData": {"e": "4"}, "userNotFound": False},
    "PostAuthentication_Authentication": {"newDeviceUsed": False},
    "TokenGeneration_Authentication": {
        "groupConfiguration": {"groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": None},
    },
    "DefineAuthChallenge_Authentication": {"session": [], "userNotFound": False},
    "CreateAuthChallenge_Authentication": {"challengeName": "CUSTOM_CHALLENGE", "session": [], "userNotFound": False},
    "VerifyAuthChallengeResponse_Authentication": {
        "privateChallengeParameters": {"answer": "42"}, "challengeAnswer": "42", "userNotFound": False,
        "clientMetadata": {"f": "5"},
    },
    "UserMigration_Authentication": {"password": PASSWORD, "validationData": None},
}  # fmt: skip
"""What each event's `request` holds beside the user's attributes."""
RESPONSES: dict[str, dict[str, Any]] = {
    "PreSignUp": {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False},
    "CustomMessage": {"smsMessage": None, "emailMessage": None, "emailSubject": None},
    "TokenGeneration": {"claimsOverrideDetails": None},
    "DefineAuthChallenge": {"challengeName": None, "issueTokens": None, "failAuthentication": None},
    "CreateAuthChallenge": {
        "publicChallengeParameters": None, "privateChallengeParameters": None, "challengeMetadata": None,
    },
    "VerifyAuthChallengeResponse": {"answerCorrect": None},
    "UserMigration": {
        "userAttributes": None, "forceAliasCreation": None, "finalUserStatus": None, "messageAction": None,
        "desiredDeliveryMediums": None,
    },
}  # fmt: skip


def test_every_triggers_event_member_by_member(
    idp: Any, anyone: Any, account: str, pool: Make, app_client: Make, trigger: Make, events: Events, mail: Mail
) -> None:
    one = trigger("one", "\n".join(["kind = event['triggerSource'].partition('_')[0]", *branches()]))
    names = ("PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "PreTokenGeneration", "CustomMessage",
             "DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse", "UserMigration")  # fmt: skip
    here = pool(AutoVerifiedAttributes=["email"], LambdaConfig=dict.fromkeys(names, one))
    app = app_client(here, ExplicitAuthFlows=[*FLOWS, "ALLOW_CUSTOM_AUTH"], PreventUserExistenceErrors="ENABLED")
    sub = anyone.sign_up(
        ClientId=app, Username="ada", Password=PASSWORD, UserAttributes=pairs(**NEW),
        ValidationData=[{"Name": "v", "Value": "1"}], ClientMetadata={"c": "2"},
    )["UserSub"]  # fmt: skip
    code = code_in(mail("ada@example.com")[0])
    anyone.confirm_sign_up(ClientId=app, Username="ada", ConfirmationCode=code, ClientMetadata={"d": "3"})
    sign_in(anyone, app, ClientMetadata={"e": "4"})
    asked = anyone.initiate_auth(ClientId=app, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": "ada"})
    respond(anyone, app, "CUSTOM_CHALLENGE", asked["Session"], {"f": "5"}, ANSWER="42")
    with pytest.raises(anyone.exceptions.NotAuthorizedException):
        sign_in(anyone, app, "nobody")
    seen: dict[str, dict[str, Any]] = {}
    for event in events("one", 14):
        seen.setdefault(event["triggerSource"], event)
    assert set(seen) == set(SOURCES)
    for source, event in seen.items():
        kind = source.partition("_")[0]
        assert list(event) == MEMBERS, source
        assert (event["version"], event["region"], event["userPoolId"]) == ("1", "us-east-1", here)
        assert event["userName"] == ("nobody" if kind == "UserMigration" else "ada")
        assert event["callerContext"] == {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": app}
        attributes = event["request"].pop("userAttributes", None)
        assert event["request"] == SOURCES[source], source
        assert event["response"] == RESPONSES.get(kind, {}), source
        assert attributes == expected(kind, sub), source


def branches() -> list[str]:
    """The one function's part for each of the custom flow's triggers, and the migration trigger's answer."""
    lines = []
    for kind, body in (
        ("DefineAuthChallenge", DEFINE),
        ("CreateAuthChallenge", CREATE),
        ("VerifyAuthChallengeResponse", VERIFY),
    ):
        lines += [f"if kind == '{kind}':", *(f"    {line}" for line in body.strip().splitlines())]
    return lines


def expected(kind: str, sub: str) -> dict[str, str] | None:
    """The attributes that the event shows."""
    if kind == "UserMigration":
        return None
    if kind == "PreSignUp":
        return NEW
    if kind == "CustomMessage":
        return {"sub": sub, "cognito:user_status": "UNCONFIRMED", "email_verified": "false", **NEW}
    return {"sub": sub, **CONFIRMED}
