"""What mail and text messages say: AWS's own texts, the pool's templates, links, masks, and the custom message trigger."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from tests.aws.cognito_idp.conftest import PASSWORD, WEB, code_in, pairs

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
Make = Callable[..., str]
Mail = Callable[..., list[dict[str, Any]]]
Events = Callable[..., list[dict[str, Any]]]
FLOWS = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]


@pytest.fixture
def sign_up(app_client: Make, anyone: Any) -> Callable[..., dict[str, Any]]:
    """`sign_up(pool_id, "ada")`: signs up with an e-mail address, or the attributes given."""

    def make(pool_id: str, name: str = "ada", **attributes: str) -> dict[str, Any]:
        given = pairs(**(attributes or {"email": f"{name}@example.com"}))
        made: dict[str, Any] = anyone.sign_up(
            ClientId=app_client(pool_id), Username=name, Password=PASSWORD, UserAttributes=given
        )
        return made

    return make


def test_aws_own_words(
    idp: Any, pool: Make, user: Make, app_client: Make, anyone: Any, token: Make, sign_up: Any, mail: Mail
) -> None:
    pool_id = pool(AutoVerifiedAttributes=["email", "phone_number"])
    sign_up(pool_id)
    (message,) = mail()
    assert (message["from"], message["subject"]) == ("no-reply@verificationemail.com", "Your verification code")
    assert message["body"] == f"Your confirmation code is {code_in(message)}"
    made = sign_up(pool_id, "eve", email="eve@example.com", phone_number="+12065550100")
    assert made["CodeDeliveryDetails"] == {
        "Destination": "+*******0100", "DeliveryMedium": "SMS", "AttributeName": "phone_number",
    }  # fmt: skip
    message = mail("+12065550100")[0]
    assert (message["kind"], message["subject"], message["from"]) == ("sms", "", "")
    user(pool_id, "alan", email="alan@example.com", email_verified="true")
    access = token(app_client(pool_id, ExplicitAuthFlows=FLOWS), "alan")
    anyone.get_user_attribute_verification_code(AccessToken=access, AttributeName="email")
    message = mail("alan@example.com")[0]
    assert message["body"] == f"Your verification code is {code_in(message)}"
    assert message["cause"].endswith(f":userpool/{pool_id} CustomMessage_VerifyUserAttribute")


def test_templates_of_the_pool(idp: Any, pool: Make, sign_up: Any, mail: Mail) -> None:
    pool_id = pool(
        AutoVerifiedAttributes=["email", "phone_number"],
        EmailVerificationSubject="Welcome",
        EmailVerificationMessage="<b>{####}</b> it is",
        SmsVerificationMessage="SMS {####}",
        AdminCreateUserConfig={
            "InviteMessageTemplate": {
                "EmailSubject": "Come in",
                "EmailMessage": "{username}: {####}",
                "SMSMessage": "{username}! {####}",
            }
        },
        EmailConfiguration={
            "EmailSendingAccount": "DEVELOPER",
            "SourceArn": "arn:aws:ses:us-east-1:123456789012:identity/hello@example.com",
            "From": "Atoll <hello@example.com>",
        },
    )
    sign_up(pool_id)
    (message,) = mail()
    assert (message["from"], message["subject"]) == ("Atoll <hello@example.com>", "Welcome")
    assert re.fullmatch(r"<b>\d{6}</b> it is", message["body"])
    sign_up(pool_id, "eve", phone_number="+12065550100")
    assert re.fullmatch(r"SMS \d{6}", mail("+12065550100")[0]["body"])
    invite = {"UserPoolId": pool_id, "TemporaryPassword": PASSWORD, "DesiredDeliveryMediums": ["EMAIL", "SMS"]}
    given = pairs(email="alan@example.com", phone_number="+12065550199")
    idp.admin_create_user(**invite, Username="alan", UserAttributes=given)
    assert [mail("alan@example.com")[0][part] for part in ("subject", "body")] == ["Come in", f"alan: {PASSWORD}"]
    assert mail("+12065550199")[0]["body"] == f"alan! {PASSWORD}"


def test_a_name_is_no_markup(idp: Any, pool: Make, mail: Mail) -> None:
    idp.admin_create_user(
        UserPoolId=pool(), Username="<b>ada</b>", UserAttributes=pairs(email="ada@example.com"),
        DesiredDeliveryMediums=["EMAIL"],
    )  # fmt: skip
    assert "<b>" not in mail()[0]["body"]
    assert "<b>ada</b>" in unescape(mail()[0]["body"])


def test_an_invitation_names_the_address_that_is_the_user_name(
    idp: Any, pool: Make, trigger: Make, events: Events, mail: Mail
) -> None:
    pool_id = pool(UsernameAttributes=["email"], LambdaConfig={"CustomMessage": trigger("message")})
    made = idp.admin_create_user(
        UserPoolId=pool_id, Username="ada@example.com", TemporaryPassword=PASSWORD, DesiredDeliveryMediums=["EMAIL"]
    )["User"]
    assert mail()[0]["body"] == f"Your username is ada@example.com and temporary password is {PASSWORD}."
    assert events("message")[0]["userName"] == made["Username"]


def test_only_invitations_name_the_user(pool: Make, sign_up: Any, mail: Mail) -> None:
    sign_up(pool(AutoVerifiedAttributes=["email"], EmailVerificationMessage="{username}: {####}"))
    assert mail()[0]["body"] == f"{{username}}: {code_in(mail()[0])}"


def test_confirm_with_a_link(idp: Any, pool: Make, account: str, sign_up: Any, mail: Mail) -> None:
    pool_id = pool(
        AutoVerifiedAttributes=["email"],
        VerificationMessageTemplate={
            "DefaultEmailOption": "CONFIRM_WITH_LINK",
            "EmailSubjectByLink": "One click",
            "EmailMessageByLink": "Now {##confirm##}.",
        },
    )
    idp.create_user_pool_domain(Domain=f"link-{account}", UserPoolId=pool_id)
    sign_up(pool_id)
    (message,) = mail()
    assert message["subject"] == "One click"
    link = re.fullmatch(r'Now <a href="([^"]*)">confirm</a>\.', message["body"])
    assert link
    assert WEB.get(unescape(link[1]), follow_redirects=True).status_code == 200
    found = idp.admin_get_user(UserPoolId=pool_id, Username="ada")
    assert found["UserStatus"] == "CONFIRMED"
    assert {"Name": "email_verified", "Value": "true"} in found["UserAttributes"]


def test_a_link_needs_a_domain(pool: Make, sign_up: Any, aws_error: Error) -> None:
    link = {"DefaultEmailOption": "CONFIRM_WITH_LINK"}
    pool_id = pool(AutoVerifiedAttributes=["email"], VerificationMessageTemplate=link)
    assert aws_error(lambda: sign_up(pool_id))[0] == "CodeDeliveryFailureException"


def test_custom_message(pool: Make, sign_up: Any, trigger: Make, events: Events, mail: Mail) -> None:
    body = (
        "request = event['request']\n"
        "event['response'] = {\n"
        "    'emailSubject': 'Hello',\n"
        "    'emailMessage': 'Dear ' + event['userName'] + ', ' + request['codeParameter'],\n"
        "    'smsMessage': 'Hi ' + request['codeParameter'],\n"
        "}"
    )
    arn = trigger("message", body)
    pool_id = pool(LambdaConfig={"CustomMessage": arn}, AutoVerifiedAttributes=["email", "phone_number"])
    made = sign_up(pool_id)
    message = mail()[0]
    assert (message["subject"], message["body"]) == ("Hello", f"Dear ada, {code_in(message)}")
    sign_up(pool_id, "eve", phone_number="+12065550100")
    assert re.fullmatch(r"Hi \d{6}", mail("+12065550100")[0]["body"])
    event = events("message", 2)[0]
    assert event["triggerSource"] == "CustomMessage_SignUp"
    assert event["request"] == {
        "userAttributes": {
            "sub": made["UserSub"],
            "cognito:user_status": "UNCONFIRMED",
            "email": "ada@example.com",
            "email_verified": "false",
        },
        "codeParameter": "{####}",
        "linkParameter": "{##Click Here##}",
        "usernameParameter": None,
    }
    assert event["response"] == {"smsMessage": None, "emailMessage": None, "emailSubject": None}


def test_custom_message_of_every_source(
    idp: Any, pool: Make, user: Make, app_client: Make, anyone: Any, token: Make, trigger: Make, events: Events
) -> None:
    arn = trigger("message", "event['response']['emailMessage'] = event['triggerSource'] + ' {####} {username}'")
    pool_id = pool(LambdaConfig={"CustomMessage": arn}, AutoVerifiedAttributes=["email"])
    client_id = app_client(pool_id, ExplicitAuthFlows=FLOWS)
    ask = {"ClientId": client_id, "Username": "ada", "ClientMetadata": {"language": "en"}}
    anyone.sign_up(**ask, Password=PASSWORD, UserAttributes=pairs(email="ada@example.com"))
    anyone.resend_confirmation_code(**ask)
    user(pool_id, "eve", email="eve@example.com", email_verified="true")
    access = token(client_id, "eve")
    anyone.update_user_attributes(AccessToken=access, UserAttributes=pairs(email="new@example.com"))
    anyone.get_user_attribute_verification_code(AccessToken=access, AttributeName="email")
    user(pool_id, "alan", email="alan@example.com", email_verified="true")
    anyone.forgot_password(**{**ask, "Username": "alan"})
    idp.admin_create_user(
        UserPoolId=pool_id, Username="bob", UserAttributes=pairs(email="bob@example.com"),
        DesiredDeliveryMediums=["EMAIL"],
    )  # fmt: skip
    found = events("message", 6)
    assert [event["triggerSource"].removeprefix("CustomMessage_") for event in found] == [
        "SignUp", "ResendCode", "UpdateUserAttribute", "VerifyUserAttribute", "ForgotPassword", "AdminCreateUser",
    ]  # fmt: skip
    assert found[0]["request"]["clientMetadata"] == {"language": "en"}
    assert found[2]["request"]["userAttributes"]["email"] == "new@example.com"
    assert found[5]["request"]["usernameParameter"] == "{username}"
    assert found[5]["callerContext"]["clientId"] == "CLIENT_ID_NOT_APPLICABLE"


def test_a_custom_text_without_its_placeholders_is_not_taken(idp: Any, pool: Make, trigger: Make, mail: Mail) -> None:
    body = "event['response'] = {'emailSubject': 'Mine', 'emailMessage': 'no user name {####}'}"
    pool_id = pool(LambdaConfig={"CustomMessage": trigger("message", body)})
    idp.admin_create_user(
        UserPoolId=pool_id, Username="ada", UserAttributes=pairs(email="ada@example.com"), TemporaryPassword=PASSWORD,
        DesiredDeliveryMediums=["EMAIL"],
    )  # fmt: skip
    assert mail()[0]["subject"] == "Mine"
    assert mail()[0]["body"] == f"Your username is ada and temporary password is {PASSWORD}."


def test_custom_texts_that_are_too_long(pool: Make, sign_up: Any, trigger: Make, aws_error: Error) -> None:
    for member, length in (("emailSubject", 141), ("emailMessage", 20_001)):
        body = f"event['response']['{member}'] = '{{####}}'.ljust({length})"
        pool_id = pool(LambdaConfig={"CustomMessage": trigger(member, body)}, AutoVerifiedAttributes=["email"])
        assert aws_error(lambda p=pool_id: sign_up(p))[0] == "InvalidLambdaResponseException"


def test_the_user_stays_where_the_custom_message_fails(
    idp: Any, pool: Make, sign_up: Any, trigger: Make, aws_error: Error
) -> None:
    arn = trigger("message", "raise ValueError('no words')")
    pool_id = pool(LambdaConfig={"CustomMessage": arn}, AutoVerifiedAttributes=["email"])
    assert aws_error(lambda: sign_up(pool_id)) == (
        "UserLambdaValidationException", "CustomMessage failed with error no words.", 400,
    )  # fmt: skip
    assert idp.admin_get_user(UserPoolId=pool_id, Username="ada")["UserStatus"] == "UNCONFIRMED"
