"""Which second factors a pool has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.functions import make_role

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]


@pytest.fixture
def role(client: Callable[..., Any]) -> str:
    return make_role(client, "texts", "cognito-idp.amazonaws.com", "sns:Publish")


def config(idp: Any, pool_id: str) -> dict[str, Any]:
    found: dict[str, Any] = idp.get_user_pool_mfa_config(UserPoolId=pool_id)
    found.pop("ResponseMetadata")
    return found


def test_a_new_pool_has_none(idp: Any, pool: Callable[..., str]) -> None:
    assert config(idp, pool()) == {"MfaConfiguration": "OFF"}


def test_totp_is_turned_on_and_off(idp: Any, pool: Callable[..., str]) -> None:
    pool_id = pool()
    totp = {"SoftwareTokenMfaConfiguration": {"Enabled": True}}
    answer = idp.set_user_pool_mfa_config(UserPoolId=pool_id, MfaConfiguration="ON", **totp)
    assert config(idp, pool_id) == {**totp, "MfaConfiguration": "ON"}
    assert answer["SoftwareTokenMfaConfiguration"] == {"Enabled": True}
    assert idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]["MfaConfiguration"] == "ON"
    idp.update_user_pool(UserPoolId=pool_id, MfaConfiguration="OPTIONAL")  # as Terraform does: TOTP stays
    assert config(idp, pool_id) == {**totp, "MfaConfiguration": "OPTIONAL"}
    idp.set_user_pool_mfa_config(UserPoolId=pool_id, MfaConfiguration="OFF")
    assert config(idp, pool_id) == {"MfaConfiguration": "OFF"}


def test_text_messages_are_the_pools_own_settings(idp: Any, pool: Callable[..., str], role: str) -> None:
    pool_id = pool()
    sms = {"SmsAuthenticationMessage": "use {####}", "SmsConfiguration": {"SnsCallerArn": role}}
    idp.set_user_pool_mfa_config(UserPoolId=pool_id, MfaConfiguration="OPTIONAL", SmsMfaConfiguration=sms)
    assert config(idp, pool_id) == {"SmsMfaConfiguration": sms, "MfaConfiguration": "OPTIONAL"}
    shown = idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    assert (shown["SmsConfiguration"], shown["SmsAuthenticationMessage"]) == ({"SnsCallerArn": role}, "use {####}")


def test_a_pool_made_with_mfa_sends_text_messages(idp: Any, pool: Callable[..., str], role: str) -> None:
    pool_id = pool(MfaConfiguration="ON", SmsConfiguration={"SnsCallerArn": role})
    sms = {"SmsConfiguration": {"SnsCallerArn": role}}
    assert config(idp, pool_id) == {"SmsMfaConfiguration": sms, "MfaConfiguration": "ON"}


def test_mfa_that_is_on_has_a_factor(idp: Any, pool: Callable[..., str], aws_error: Error) -> None:
    none = "SMS configuration and Auto verification for phone_number are required when MFA is required/optional"
    assert aws_error(lambda: pool(MfaConfiguration="ON")) == ("InvalidParameterException", none, 400)
    pool_id = pool()
    for settings in ({"MfaConfiguration": "ON"}, {"SmsMfaConfiguration": {}, "MfaConfiguration": "ON"}):
        refused = aws_error(lambda given=settings: idp.set_user_pool_mfa_config(UserPoolId=pool_id, **given))
        assert refused[::2] == ("InvalidParameterException", 400)
    off = {"MfaConfiguration": "OFF", "SoftwareTokenMfaConfiguration": {"Enabled": True}}
    refused = aws_error(lambda: idp.set_user_pool_mfa_config(UserPoolId=pool_id, **off))
    message = "Invalid MFA configuration given, can't turn off MFA and configure an MFA together."
    assert refused == ("InvalidParameterException", message, 400)


def test_mail_is_a_factor_of_pools_with_an_address_of_their_own(
    idp: Any, pool: Callable[..., str], account: str, aws_error: Error
) -> None:
    mail = {"Message": "use {####}", "Subject": "code"}
    settings = {"MfaConfiguration": "OPTIONAL", "EmailMfaConfiguration": mail}
    plain = pool()
    refused = aws_error(lambda: idp.set_user_pool_mfa_config(UserPoolId=plain, **settings))
    assert refused[::2] == ("InvalidParameterException", 400)
    identity = f"arn:aws:ses:us-east-1:{account}:identity/example.com"
    own = pool(EmailConfiguration={"EmailSendingAccount": "DEVELOPER", "SourceArn": identity})
    idp.set_user_pool_mfa_config(UserPoolId=own, **settings)
    assert config(idp, own) == settings


def test_passkeys_are_refused(idp: Any, pool: Callable[..., str], aws_error: Error) -> None:
    pool_id = pool()
    refused = aws_error(
        lambda: idp.set_user_pool_mfa_config(
            UserPoolId=pool_id, WebAuthnConfiguration={"RelyingPartyId": "example.com"}
        )
    )
    assert refused[::2] == ("NotImplemented", 501)
