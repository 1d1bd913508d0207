"""Password policies and history, forgotten and changed passwords."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.aws.cognito_idp.conftest import PASSWORD, attributes_of, code_in, pairs

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
Make = Callable[..., str]
Mail = Callable[..., list[dict[str, Any]]]
FLOWS = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
NEW = "Another-Horse-8"


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("Sh0rt-1", "Password not long enough"),
        ("lower-case-1", "Password must have uppercase characters"),
        ("UPPER-CASE-1", "Password must have lowercase characters"),
        ("No-Number-Here", "Password must have numeric characters"),
        ("NoSymbol123", "Password must have symbol characters"),
    ],
)
def test_password_policy(
    idp: Any, pool: Make, app_client: Make, anyone: Any, aws_error: Error, password: str, rule: str
) -> None:
    pool_id = pool()
    client_id = app_client(pool_id)

    def refused(call: Callable[[], Any]) -> str:
        """How the sentence begins: it is another one in each of three places."""
        code, message, status = aws_error(call)
        assert (code, status) == ("InvalidPasswordException", 400)
        assert message.endswith(f" policy: {rule}")
        return message.removesuffix(f": {rule}")

    who = {"UserPoolId": pool_id, "Username": "ada"}
    assert refused(lambda: anyone.sign_up(ClientId=client_id, Username="ada", Password=password)) == (
        "Password did not conform with policy"
    )
    assert refused(lambda: idp.admin_create_user(**who, TemporaryPassword=password)) == (
        "Password did not conform with password policy"
    )
    idp.admin_create_user(**who, MessageAction="SUPPRESS")
    changing = "Password does not conform to policy"
    assert refused(lambda: idp.admin_set_user_password(**who, Password=password)) == changing
    reset = {"ClientId": client_id, "Username": "ada", "ConfirmationCode": "123456"}
    assert refused(lambda: anyone.confirm_forgot_password(**reset, Password=password)) == changing


def test_a_lax_policy(pool: Make, app_client: Make, anyone: Any, aws_error: Error) -> None:
    client_id = app_client(pool(Policies={"PasswordPolicy": {"MinimumLength": 12, "RequireNumbers": True}}))
    assert aws_error(lambda: anyone.sign_up(ClientId=client_id, Username="ada", Password="elevenchars"))[1] == (
        "Password did not conform with policy: Password not long enough"
    )
    anyone.sign_up(ClientId=client_id, Username="ada", Password="twelvechars1")


def test_forgot_password(
    idp: Any, pool: Make, app_client: Make, user: Make, anyone: Any, token: Make, mail: Mail, aws_error: Error
) -> None:
    pool_id = pool()
    client_id = app_client(pool_id, ExplicitAuthFlows=FLOWS)
    user(pool_id, "ada", email="ada@example.com", email_verified="true")
    sent = anyone.forgot_password(ClientId=client_id, Username="ada")["CodeDeliveryDetails"]
    assert sent == {"Destination": "a***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}
    (message,) = mail("ada@example.com")
    confirm = {"ClientId": client_id, "Username": "ada", "ConfirmationCode": code_in(message)}
    assert aws_error(lambda: anyone.confirm_forgot_password(**confirm, Password="weak"))[0] == (
        "InvalidPasswordException"
    )
    anyone.confirm_forgot_password(**confirm, Password=NEW)
    assert token(client_id, "ada", NEW)
    assert aws_error(lambda: token(client_id, "ada", PASSWORD))[0] == "NotAuthorizedException"


def test_the_phone_comes_first_unless_the_pool_says_otherwise(
    pool: Make, app_client: Make, user: Make, anyone: Any, mail: Mail
) -> None:
    both = {"email": "ada@example.com", "email_verified": "true",
            "phone_number": "+12065550100", "phone_number_verified": "true"}  # fmt: skip
    pool_id = pool()
    user(pool_id, "ada", **both)
    sent = anyone.forgot_password(ClientId=app_client(pool_id), Username="ada")["CodeDeliveryDetails"]
    assert sent == {"Destination": "+*******0100", "DeliveryMedium": "SMS", "AttributeName": "phone_number"}
    message = mail("+12065550100")[0]
    assert message["kind"] == "sms"
    assert message["body"] == f"Your password reset code is {code_in(message)}"
    mechanisms = [{"Priority": 1, "Name": "verified_email"}, {"Priority": 2, "Name": "verified_phone_number"}]
    pool_id = pool(AccountRecoverySetting={"RecoveryMechanisms": mechanisms})
    user(pool_id, "ada", **both)
    sent = anyone.forgot_password(ClientId=app_client(pool_id), Username="ada")["CodeDeliveryDetails"]
    assert sent["DeliveryMedium"] == "EMAIL"


def test_passwords_that_cannot_be_reset(
    idp: Any, pool: Make, app_client: Make, user: Make, anyone: Any, aws_error: Error
) -> None:
    pool_id = pool()
    client_id = app_client(pool_id)
    user(pool_id, "ada", email="ada@example.com")
    forgot = {"ClientId": client_id, "Username": "ada"}
    unreachable = "Cannot reset password for the user as there is no registered/verified email or phone_number"
    assert aws_error(lambda: anyone.forgot_password(**forgot)) == ("InvalidParameterException", unreachable, 400)
    idp.admin_set_user_password(UserPoolId=pool_id, Username="ada", Password=PASSWORD)
    assert aws_error(lambda: anyone.forgot_password(**forgot)) == (
        "NotAuthorizedException", "User password cannot be reset in the current state.", 400,
    )  # fmt: skip
    idp.admin_disable_user(UserPoolId=pool_id, Username="ada")
    assert aws_error(lambda: anyone.forgot_password(**forgot)) == ("NotAuthorizedException", "User is disabled.", 400)
    closed = pool(AccountRecoverySetting={"RecoveryMechanisms": [{"Priority": 1, "Name": "admin_only"}]})
    user(closed, "ada", email="ada@example.com", email_verified="true")
    client_id = app_client(closed)
    assert aws_error(lambda: anyone.forgot_password(ClientId=client_id, Username="ada")) == (
        "NotAuthorizedException", "Contact administrator to reset password.", 400,
    )  # fmt: skip


def test_an_administrator_resets_a_password(
    idp: Any, pool: Make, app_client: Make, user: Make, anyone: Any, token: Make, mail: Mail, aws_error: Error
) -> None:
    pool_id = pool()
    client_id = app_client(pool_id, ExplicitAuthFlows=FLOWS)
    user(pool_id, "ada", email="ada@example.com", email_verified="true")
    idp.admin_reset_user_password(UserPoolId=pool_id, Username="ada")
    assert idp.admin_get_user(UserPoolId=pool_id, Username="ada")["UserStatus"] == "RESET_REQUIRED"
    assert aws_error(lambda: token(client_id, "ada"))[0] == "PasswordResetRequiredException"
    code = code_in(mail()[0])
    anyone.confirm_forgot_password(ClientId=client_id, Username="ada", ConfirmationCode=code, Password=NEW)
    assert token(client_id, "ada", NEW)


def test_change_password(pool: Make, app_client: Make, user: Make, anyone: Any, token: Make, aws_error: Error) -> None:
    pool_id = pool()
    client_id = app_client(pool_id, ExplicitAuthFlows=FLOWS)
    user(pool_id, "ada")
    access = token(client_id, "ada")
    change = {"AccessToken": access, "ProposedPassword": NEW}
    for _ in range(5):
        assert aws_error(lambda: anyone.change_password(**change, PreviousPassword="Wrong-Horse-9")) == (
            "NotAuthorizedException", "Incorrect username or password.", 400,
        )  # fmt: skip
    assert aws_error(lambda: anyone.change_password(**change, PreviousPassword=PASSWORD)) == (
        "LimitExceededException", "Attempt limit exceeded, please try after some time.", 400,
    )  # fmt: skip
    user(pool_id, "eve")
    access = token(client_id, "eve")
    anyone.change_password(AccessToken=access, PreviousPassword=PASSWORD, ProposedPassword=NEW)
    assert token(client_id, "eve", NEW)
    assert aws_error(
        lambda: anyone.change_password(AccessToken="none", PreviousPassword=PASSWORD, ProposedPassword=NEW)
    )[0] == ("NotAuthorizedException")


def test_password_history(idp: Any, pool: Make, user: Make, aws_error: Error) -> None:
    pool_id = pool(Policies={"PasswordPolicy": {"MinimumLength": 8, "PasswordHistorySize": 2}})
    user(pool_id, "ada", "password-1")

    def give(password: str) -> None:
        idp.admin_set_user_password(UserPoolId=pool_id, Username="ada", Password=password, Permanent=True)

    used = ("PasswordHistoryPolicyViolationException", "Password has previously been used.", 400)
    assert aws_error(lambda: give("password-1")) == used
    give("password-2")
    assert aws_error(lambda: give("password-1")) == used
    give("password-3")
    give("password-1")


def test_confirming_a_new_password_verifies_where_the_code_went(
    idp: Any, pool: Make, app_client: Make, user: Make, anyone: Any, mail: Mail
) -> None:
    pool_id = pool()
    user(pool_id, "ada", email="ada@example.com", email_verified="true")
    client_id = app_client(pool_id)
    anyone.forgot_password(ClientId=client_id, Username="ada")
    idp.admin_update_user_attributes(
        UserPoolId=pool_id, Username="ada", UserAttributes=pairs(email="new@example.com", email_verified="false")
    )
    code = code_in(mail()[0])
    anyone.confirm_forgot_password(ClientId=client_id, Username="ada", ConfirmationCode=code, Password=NEW)
    assert attributes_of(idp.admin_get_user(UserPoolId=pool_id, Username="ada"))["email_verified"] == "false"
