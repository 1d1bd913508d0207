"""Second factors: TOTP by the region's clock, codes by SMS and mail in the mailbox, setting one up, choosing."""

from __future__ import annotations

import json
import random
import re
from datetime import datetime
from typing import Any

import pyotp
import pytest
from tests.aws.cognito_idp.conftest import PASSWORD, WEB, code_in, messages_of
from tests.aws.cognito_idp.tokens import FLOWS, Error, Make, advance, respond, sign_in, tokens
from tests.functions import make_role

TOTP = {"SoftwareTokenMfaConfiguration": {"Enabled": True}}
MISMATCH = ("CodeMismatchException", "Invalid code or auth state for the user.", 400)


@pytest.fixture
def idp(own: Any, account: str) -> Any:
    return own.client("cognito-idp", key=account)


@pytest.fixture
def client(own: Any, account: str) -> Any:
    return lambda service, region_name="us-east-1": own.client(service, key=account, region=region_name)


@pytest.fixture
def here(idp: Any, client: Any, pool: Make, user: Make) -> str:
    made = pool(
        AccountRecoverySetting={"RecoveryMechanisms": [{"Name": "verified_phone_number", "Priority": 1}]},
        EmailConfiguration={
            "EmailSendingAccount": "DEVELOPER",
            "SourceArn": "arn:aws:ses:us-east-1:123456789012:identity/app@example.com",
        },
    )
    role = make_role(client, "sms", "cognito-idp.amazonaws.com", "sns:Publish")
    sms = {"SmsConfiguration": {"SnsCallerArn": role, "ExternalId": "outside"}}
    idp.set_user_pool_mfa_config(
        UserPoolId=made, MfaConfiguration="OPTIONAL", SmsMfaConfiguration=sms, EmailMfaConfiguration={}, **TOTP
    )
    user(made, "ada", email="ada@example.com", email_verified="true", phone_number="+15555550100")
    return made


@pytest.fixture
def app(here: str, app_client: Make) -> str:
    return app_client(here, ExplicitAuthFlows=FLOWS)


@pytest.fixture
def insisting(idp: Any, pool: Make, app_client: Make, user: Make) -> str:
    """A client of a pool in which everybody has a second factor, and ada none yet."""
    made = pool()
    idp.set_user_pool_mfa_config(UserPoolId=made, MfaConfiguration="ON", **TOTP)
    user(made, "ada")
    return str(app_client(made, ExplicitAuthFlows=FLOWS))


def code(own: Any, seed: str) -> str:
    """What an authenticator shows now, by region time."""
    said = WEB.get(f"{own.endpoint}/_atoll/clock").json()["region_time"]
    return pyotp.TOTP(seed).at(datetime.fromisoformat(said))


def registered(own: Any, idp: Any, access_token: str) -> str:
    """The seed of an authenticator that the user has registered and proven."""
    seed: str = idp.associate_software_token(AccessToken=access_token)["SecretCode"]
    done = idp.verify_software_token(AccessToken=access_token, UserCode=code(own, seed))
    assert done["Status"] == "SUCCESS"
    return seed


def test_a_software_token_is_asked_for_and_each_code_counts_once(
    own: Any, idp: Any, app: str, aws_error: Error
) -> None:
    access = tokens(idp, app)["AccessToken"]
    seed: str = idp.associate_software_token(AccessToken=access)["SecretCode"]
    assert len(seed) == 52
    proof = code(own, seed)
    assert idp.verify_software_token(AccessToken=access, UserCode=proof)["Status"] == "SUCCESS"
    idp.set_user_mfa_preference(AccessToken=access, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True})
    factors = idp.get_user_auth_factors(AccessToken=access)
    assert (factors["PreferredMfaSetting"], factors["UserMFASettingList"]) == (
        "SOFTWARE_TOKEN_MFA",
        ["SOFTWARE_TOKEN_MFA"],
    )
    asked = sign_in(idp, app)
    assert (asked["ChallengeName"], asked["ChallengeParameters"]) == ("SOFTWARE_TOKEN_MFA", {"USER_ID_FOR_SRP": "ada"})

    def answer(given: str) -> Any:
        return respond(idp, app, "SOFTWARE_TOKEN_MFA", asked["Session"], SOFTWARE_TOKEN_MFA_CODE=given)

    wrong = "000000" if code(own, seed) != "000000" else "111111"
    assert aws_error(lambda: answer(wrong)) == ("CodeMismatchException", "Invalid code received for user", 400)
    assert aws_error(lambda: answer(proof)) == (
        "ExpiredCodeException",
        "Your software token has already been used once.",
        400,
    )
    advance(own, "30s")
    used = code(own, seed)
    assert answer(used)["AuthenticationResult"]["AccessToken"]
    asked = sign_in(idp, app)
    assert aws_error(lambda: answer(used))[0] == "ExpiredCodeException"
    advance(own, "2m")
    assert aws_error(lambda: answer(used))[0] == "CodeMismatchException"
    assert answer(code(own, seed))["AuthenticationResult"]


def test_a_wrong_code_does_not_register_an_authenticator(own: Any, idp: Any, app: str, aws_error: Error) -> None:
    access = tokens(idp, app)["AccessToken"]
    on = {"SoftwareTokenMfaSettings": {"Enabled": True}}
    assert aws_error(lambda: idp.set_user_mfa_preference(AccessToken=access, **on)) == (
        "InvalidParameterException",
        "User does not have delivery config set to turn on SOFTWARE_TOKEN_MFA",
        400,
    )
    seed = idp.associate_software_token(AccessToken=access)["SecretCode"]
    wrong = "000000" if code(own, seed) != "000000" else "111111"
    assert aws_error(lambda: idp.verify_software_token(AccessToken=access, UserCode=wrong)) == (
        "EnableSoftwareTokenMFAException",
        "Code mismatch and fail enable Software Token MFA",
        400,
    )
    assert aws_error(lambda: idp.set_user_mfa_preference(AccessToken=access, **on)) == (
        "InvalidParameterException",
        "User has not verified software token mfa",
        400,
    )


def test_a_pool_without_totp_registers_none(
    idp: Any, pool: Make, app_client: Make, user: Make, aws_error: Error
) -> None:
    plain = pool()
    user(plain, "ada")
    access = tokens(idp, app_client(plain, ExplicitAuthFlows=FLOWS))["AccessToken"]
    assert aws_error(lambda: idp.associate_software_token(AccessToken=access)) == (
        "SoftwareTokenMFANotFoundException",
        "Software Token MFA has not been enabled by the userPool",
        400,
    )


@pytest.mark.parametrize(
    ("factor", "member", "to", "shown", "medium"),
    [
        ("SMS_MFA", "SMSMfaSettings", "+15555550100", "+*******0100", "SMS"),
        ("EMAIL_OTP", "EmailMfaSettings", "ada@example.com", "a***@e***", "EMAIL"),
    ],
)
def test_codes_by_sms_and_mail_land_in_the_mailbox(
    own: Any, idp: Any, account: str, here: str, app: str, aws_error: Error,
    factor: str, member: str, to: str, shown: str, medium: str,
) -> None:  # fmt: skip
    idp.admin_set_user_mfa_preference(
        UserPoolId=here, Username="ada", **{member: {"Enabled": True, "PreferredMfa": True}}
    )
    asked = sign_in(idp, app)
    assert asked["ChallengeName"] == factor
    assert asked["ChallengeParameters"] == {
        "CODE_DELIVERY_DELIVERY_MEDIUM": medium,
        "CODE_DELIVERY_DESTINATION": shown,
        "USER_ID_FOR_SRP": "ada",
    }
    sent = code_in(messages_of(own, account, to)[0])
    wrong = "000000" if sent != "000000" else "111111"
    assert aws_error(lambda: respond(idp, app, factor, asked["Session"], **{f"{factor}_CODE": wrong})) == MISMATCH
    assert respond(idp, app, factor, asked["Session"], **{f"{factor}_CODE": sent})["AuthenticationResult"]
    assert aws_error(lambda: respond(idp, app, factor, asked["Session"], **{f"{factor}_CODE": sent}))[1] == (
        "Invalid session for the user, session can only be used once."
    )


def test_a_session_expires_by_the_clock(
    own: Any, idp: Any, account: str, here: str, app_client: Make, aws_error: Error
) -> None:
    idp.admin_set_user_mfa_preference(UserPoolId=here, Username="ada", SMSMfaSettings={"Enabled": True})
    for minutes in (3, 15):
        app = app_client(here, ExplicitAuthFlows=FLOWS, AuthSessionValidity=minutes)
        late, early = sign_in(idp, app)["Session"], sign_in(idp, app)["Session"]
        sent = [code_in(one) for one in messages_of(own, account, "+15555550100")[:2]]
        advance(own, f"{minutes * 60 - 60}s")
        assert respond(idp, app, "SMS_MFA", early, SMS_MFA_CODE=sent[0])["AuthenticationResult"]
        advance(own, "61s")
        assert aws_error(lambda: respond(idp, app, "SMS_MFA", late, SMS_MFA_CODE=sent[1])) == (  # noqa: B023
            "NotAuthorizedException",
            "Invalid session for the user, session is expired.",
            400,
        )


def test_codes_cannot_be_guessed_forever(
    own: Any, idp: Any, account: str, here: str, app: str, aws_error: Error
) -> None:
    idp.admin_set_user_mfa_preference(UserPoolId=here, Username="ada", SMSMfaSettings={"Enabled": True})
    session = sign_in(idp, app)["Session"]
    sent = code_in(messages_of(own, account, "+15555550100")[0])
    source = random.Random(1)
    guesses = [guess for guess in (f"{source.randrange(10**6):06d}" for _ in range(20)) if guess != sent][:10]
    for guess in guesses:
        assert aws_error(lambda guess=guess: respond(idp, app, "SMS_MFA", session, SMS_MFA_CODE=guess)) == MISMATCH  # type: ignore[misc]
    assert aws_error(lambda: respond(idp, app, "SMS_MFA", session, SMS_MFA_CODE=sent))[0] == "NotAuthorizedException"


def test_select_mfa_type_lets_the_user_choose(
    own: Any, idp: Any, account: str, here: str, app: str, aws_error: Error
) -> None:
    access = tokens(idp, app)["AccessToken"]
    seed = registered(own, idp, access)
    idp.set_user_mfa_preference(
        AccessToken=access, SMSMfaSettings={"Enabled": True}, SoftwareTokenMfaSettings={"Enabled": True}
    )
    asked = sign_in(idp, app)
    assert asked["ChallengeName"] == "SELECT_MFA_TYPE"
    assert json.loads(asked["ChallengeParameters"]["MFAS_CAN_CHOOSE"]) == ["SMS_MFA", "SOFTWARE_TOKEN_MFA"]
    assert aws_error(lambda: respond(idp, app, "SELECT_MFA_TYPE", asked["Session"], ANSWER="EMAIL_OTP"))[0] == (
        "MFAMethodNotFoundException"
    )
    chosen = respond(idp, app, "SELECT_MFA_TYPE", asked["Session"], ANSWER="SOFTWARE_TOKEN_MFA")
    assert chosen["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    advance(own, "60s")
    given = {"SOFTWARE_TOKEN_MFA_CODE": code(own, seed)}
    assert respond(idp, app, "SOFTWARE_TOKEN_MFA", chosen["Session"], **given)["AuthenticationResult"]
    asked = sign_in(idp, app)
    chosen = respond(idp, app, "SELECT_MFA_TYPE", asked["Session"], ANSWER="SMS_MFA")
    sent = code_in(messages_of(own, account, "+15555550100")[0])
    assert respond(idp, app, "SMS_MFA", chosen["Session"], SMS_MFA_CODE=sent)["AuthenticationResult"]


def test_mfa_setup_where_the_pool_insists(own: Any, idp: Any, insisting: str, aws_error: Error) -> None:
    asked = sign_in(idp, insisting)
    assert asked["ChallengeName"] == "MFA_SETUP"
    assert json.loads(asked["ChallengeParameters"]["MFAS_CAN_SETUP"]) == ["SOFTWARE_TOKEN_MFA"]
    assert aws_error(lambda: respond(idp, insisting, "MFA_SETUP", asked["Session"])) == (
        "InvalidParameterException",
        "User has not verified software token mfa",
        400,
    )
    drawn = idp.associate_software_token(Session=asked["Session"])
    proven = idp.verify_software_token(Session=drawn["Session"], UserCode=code(own, drawn["SecretCode"]))
    assert proven["Status"] == "SUCCESS"
    assert respond(idp, insisting, "MFA_SETUP", proven["Session"])["AuthenticationResult"]
    assert aws_error(lambda: idp.associate_software_token(Session=asked["Session"]))[0] == "NotAuthorizedException"
    asked = sign_in(idp, insisting)
    assert asked["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    advance(own, "60s")
    given = {"SOFTWARE_TOKEN_MFA_CODE": code(own, drawn["SecretCode"])}
    assert respond(idp, insisting, "SOFTWARE_TOKEN_MFA", asked["Session"], **given)["AuthenticationResult"]


def test_a_sign_in_that_was_to_set_up_an_authenticator_does_not_replace_the_one_that_came_meanwhile(
    own: Any, idp: Any, insisting: str, aws_error: Error
) -> None:
    """Whoever knows the password, and began to sign in before the user had a second factor, has none for it."""
    first, second, hers = (sign_in(idp, insisting)["Session"] for _ in range(3))
    waiting = idp.associate_software_token(Session=second)
    drawn = idp.associate_software_token(Session=hers)
    idp.verify_software_token(Session=drawn["Session"], UserCode=code(own, drawn["SecretCode"]))
    invalid = ("NotAuthorizedException", "Invalid session for the user.", 400)
    assert aws_error(lambda: idp.associate_software_token(Session=first)) == invalid
    assert aws_error(
        lambda: idp.verify_software_token(Session=waiting["Session"], UserCode=code(own, waiting["SecretCode"]))
    )[0] in ("NotAuthorizedException", "SoftwareTokenMFANotFoundException")
    asked = sign_in(idp, insisting)
    advance(own, "60s")
    given = {"SOFTWARE_TOKEN_MFA_CODE": code(own, drawn["SecretCode"])}
    assert respond(idp, insisting, "SOFTWARE_TOKEN_MFA", asked["Session"], **given)["AuthenticationResult"]


def test_a_temporary_password_and_then_the_second_factor(own: Any, idp: Any, account: str, here: str, app: str) -> None:
    idp.admin_create_user(
        UserPoolId=here, Username="bob", TemporaryPassword=PASSWORD, MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "phone_number", "Value": "+15555550199"}],
    )  # fmt: skip
    idp.admin_set_user_mfa_preference(UserPoolId=here, Username="bob", SMSMfaSettings={"Enabled": True})
    asked = sign_in(idp, app, "bob")
    asked = respond(idp, app, "NEW_PASSWORD_REQUIRED", asked["Session"], USERNAME="bob", NEW_PASSWORD="Other-Horse-8")
    assert asked["ChallengeName"] == "SMS_MFA"
    sent = code_in(messages_of(own, account, "+15555550199")[0])
    done = respond(idp, app, "SMS_MFA", asked["Session"], USERNAME="bob", SMS_MFA_CODE=sent)
    assert done["AuthenticationResult"]


def test_preferences_are_checked(idp: Any, here: str, app: str, user: Make, aws_error: Error) -> None:
    user(here, "bob")

    def prefer(**settings: Any) -> tuple[str, str, int]:
        return aws_error(lambda: idp.admin_set_user_mfa_preference(UserPoolId=here, Username="bob", **settings))

    both = {"Enabled": True, "PreferredMfa": True}
    assert prefer(SMSMfaSettings=both, EmailMfaSettings=both)[1] == "Only one MFA type can be set as preferred."
    assert prefer(SMSMfaSettings={"Enabled": True})[1] == "User does not have delivery config set to turn on SMS_MFA"
    assert prefer(WebAuthnMfaSettings={"Enabled": True})[0] == "NotImplemented"


def test_no_secret_of_a_sign_in_reaches_a_log_or_a_trace(own: Any, idp: Any, account: str, here: str, app: str) -> None:
    """Passwords, codes, sessions, seeds and tokens, right and wrong ones."""
    result = tokens(idp, app)
    seed = registered(own, idp, result["AccessToken"])
    idp.set_user_mfa_preference(AccessToken=result["AccessToken"], SMSMfaSettings={"Enabled": True})
    asked = sign_in(idp, app)
    sent = code_in(messages_of(own, account, "+15555550100")[0])
    respond(idp, app, "SMS_MFA", asked["Session"], SMS_MFA_CODE=sent)
    for call in (
        lambda: sign_in(idp, app, password="Wrong-Secret-Horse-1"),
        lambda: respond(idp, app, "SMS_MFA", asked["Session"], SMS_MFA_CODE=sent),
        lambda: idp.get_user(AccessToken=result["AccessToken"][:-8]),
    ):
        with pytest.raises(idp.exceptions.ClientError):
            call()
    listed = WEB.get(f"{own.endpoint}/_atoll/trace", params={"limit": 200}).json()
    ids = re.findall(r'"id":\s*"([^"]+)"', json.dumps(listed))
    seen = own.log.read_text() + "".join(WEB.get(f"{own.endpoint}/_atoll/trace/{one}").text for one in ids)
    assert ids
    secrets = [
        PASSWORD,
        "Wrong-Secret-Horse-1",
        asked["Session"],
        seed,
        *(result[k] for k in ("AccessToken", "IdToken", "RefreshToken")),
    ]
    for secret in secrets:
        assert secret not in seen
        assert secret[:40] not in seen or len(secret) < 20
