"""CUSTOM_AUTH and second factors: SMS_MFA, EMAIL_OTP, SOFTWARE_TOKEN_MFA within a custom flow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest
from pycognito.aws_srp import AWSSRP
from tests.aws.cognito_idp.conftest import PASSWORD, WEB, code_in
from tests.aws.cognito_idp.test_custom_auth import CREATE, VERIFY, begin
from tests.aws.cognito_idp.tokens import Error, Make, respond
from tests.functions import make_role

Events = Callable[..., list[dict[str, Any]]]
Mail = Callable[..., list[dict[str, Any]]]
DEFINE = """
done, response = [one['challengeName'] for one in event['request']['session']], event['response']
if done == ['SRP_A']:
    response['challengeName'] = 'PASSWORD_VERIFIER'
elif 'CUSTOM_CHALLENGE' not in done:
    response['challengeName'] = 'CUSTOM_CHALLENGE'
elif done[-1] == 'CUSTOM_CHALLENGE' and 'AGAIN':
    response['challengeName'] = 'AGAIN'
else:
    response['issueTokens'] = True"""


@pytest.fixture
def app(idp: Any, client: Any, pool: Make, user: Make, trigger: Make, app_client: Make) -> Callable[[str], str]:
    """`app("SMS_MFA")`: a client of a pool whose define function names this factor after the custom challenge."""

    def make(again: str = "") -> str:
        config = {
            "DefineAuthChallenge": trigger("define", DEFINE.replace("AGAIN", again)),
            "CreateAuthChallenge": trigger("create", CREATE),
            "VerifyAuthChallengeResponse": trigger("verify", VERIFY),
        }
        sender = "arn:aws:ses:us-east-1:123456789012:identity/app@example.com"
        here = pool(
            LambdaConfig=config,
            EmailConfiguration={"EmailSendingAccount": "DEVELOPER", "SourceArn": sender},
            AccountRecoverySetting={"RecoveryMechanisms": [{"Name": "verified_phone_number", "Priority": 1}]},
        )
        role = make_role(client, "sms", "cognito-idp.amazonaws.com", "sns:Publish")
        idp.set_user_pool_mfa_config(
            UserPoolId=here, MfaConfiguration="OPTIONAL", EmailMfaConfiguration={},
            SmsMfaConfiguration={"SmsConfiguration": {"SnsCallerArn": role, "ExternalId": "outside"}},
            SoftwareTokenMfaConfiguration={"Enabled": True},
        )  # fmt: skip
        user(here, "ada", email="ada@example.com", email_verified="true", phone_number="+15550101234")
        flows = ["ALLOW_CUSTOM_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
        return app_client(here, ExplicitAuthFlows=flows)

    return make


def pool_of(idp: Any) -> str:
    pools: list[dict[str, str]] = idp.list_user_pools(MaxResults=10)["UserPools"]
    return pools[0]["Id"]


def with_password(idp: Any, app: str) -> dict[str, Any]:
    """What is asked once SRP has proven the password."""
    srp = AWSSRP("ada", PASSWORD, pool_of(idp), app, client=idp)
    asked = begin(idp, app, SRP_A=srp.get_auth_params()["SRP_A"], CHALLENGE_NAME="SRP_A")
    given = srp.process_challenge(asked["ChallengeParameters"], {"USERNAME": "ada"})
    return respond(idp, app, "PASSWORD_VERIFIER", asked["Session"], **given)


def names(events: Events, count: int) -> list[str]:
    return [one["challengeName"] for one in events("define", count)[-1]["request"]["session"]]


def test_mfa_comes_by_itself_between_the_password_and_the_custom_challenge(
    idp: Any, app: Callable[[], str], mail: Mail, events: Events
) -> None:
    made = app()
    idp.admin_set_user_mfa_preference(
        UserPoolId=pool_of(idp), Username="ada", SMSMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    asked = with_password(idp, made)
    assert asked["ChallengeName"] == "SMS_MFA"
    sent = code_in(mail("+15550101234")[0])
    asked = respond(idp, made, "SMS_MFA", asked["Session"], SMS_MFA_CODE=sent)
    assert asked["ChallengeName"] == "CUSTOM_CHALLENGE"
    assert names(events, 2) == ["SRP_A", "PASSWORD_VERIFIER", "SMS_MFA"]


@pytest.mark.parametrize("factor", ["SMS_MFA", "EMAIL_OTP"])
def test_a_define_function_names_a_factor_by_message(
    idp: Any, app: Callable[[str], str], mail: Mail, events: Events, factor: str
) -> None:
    made, address = app(factor), {"SMS_MFA": "+15550101234", "EMAIL_OTP": "ada@example.com"}[factor]
    setting = {"SMS_MFA": "SMSMfaSettings", "EMAIL_OTP": "EmailMfaSettings"}[factor]
    idp.admin_set_user_mfa_preference(UserPoolId=pool_of(idp), Username="ada", **{setting: {"Enabled": True}})
    asked = with_password(idp, made)
    asked = respond(idp, made, factor, asked["Session"], **{f"{factor}_CODE": code_in(mail(address)[0])})
    asked = respond(idp, made, "CUSTOM_CHALLENGE", asked["Session"], ANSWER="42")
    assert asked["ChallengeName"] == factor
    done = respond(idp, made, factor, asked["Session"], **{f"{factor}_CODE": code_in(mail(address)[0])})
    assert done["AuthenticationResult"]["AccessToken"]
    assert names(events, 4) == ["SRP_A", "PASSWORD_VERIFIER", factor, "CUSTOM_CHALLENGE", factor]


def test_a_software_token_is_asked_for_in_a_custom_flow(
    idp: Any, region: Any, app: Callable[[], str], token: Make, events: Events
) -> None:
    made = app()
    access = token(made, "ada")
    seed = idp.associate_software_token(AccessToken=access)["SecretCode"]
    now = WEB.get(f"{region.endpoint}/_atoll/clock").json()["region_time"]
    clock = pyotp.TOTP(seed)
    at = datetime.fromisoformat(now)
    idp.verify_software_token(AccessToken=access, UserCode=clock.at(at))
    idp.set_user_mfa_preference(AccessToken=access, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True})
    asked = with_password(idp, made)
    assert asked["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    shown = clock.at(at + timedelta(seconds=30))
    asked = respond(idp, made, "SOFTWARE_TOKEN_MFA", asked["Session"], SOFTWARE_TOKEN_MFA_CODE=shown)
    assert asked["ChallengeName"] == "CUSTOM_CHALLENGE"
    assert respond(idp, made, "CUSTOM_CHALLENGE", asked["Session"], ANSWER="42")["AuthenticationResult"]


def test_without_a_password_no_second_factor_follows(idp: Any, app: Callable[[str], str], aws_error: Error) -> None:
    made = app("SMS_MFA")
    idp.admin_set_user_mfa_preference(
        UserPoolId=pool_of(idp), Username="ada", SMSMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    asked = begin(idp, made)
    assert aws_error(lambda: respond(idp, made, "CUSTOM_CHALLENGE", asked["Session"], ANSWER="42"))[0] == (
        "InvalidLambdaResponseException"
    )
