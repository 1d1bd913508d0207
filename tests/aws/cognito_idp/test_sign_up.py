"""Sign-up and its confirmation: names, attributes, codes, secrets."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest
from tests.aws.cognito_idp.conftest import PASSWORD, code_in

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
Make = Callable[..., str]
EMAIL = [{"Name": "email", "Value": "ada@example.com"}]


def test_sign_up_and_confirm_with_the_code_that_was_mailed(
    idp: Any, pool: Make, app_client: Make, anyone: Any, mail: Callable[..., Any]
) -> None:
    pool_id = pool(AutoVerifiedAttributes=["email"])
    client_id = app_client(pool_id)
    made = anyone.sign_up(ClientId=client_id, Username="ada", Password=PASSWORD, UserAttributes=EMAIL)
    assert made["UserConfirmed"] is False
    assert made["CodeDeliveryDetails"] == {
        "Destination": "a***@e***",
        "DeliveryMedium": "EMAIL",
        "AttributeName": "email",
    }
    user = idp.admin_get_user(UserPoolId=pool_id, Username="ada")
    assert (user["UserStatus"], user["Enabled"]) == ("UNCONFIRMED", True)
    assert {one["Name"]: one["Value"] for one in user["UserAttributes"]} == {
        "sub": made["UserSub"],
        "email": "ada@example.com",
        "email_verified": "false",
    }
    (message,) = mail("ada@example.com")
    assert message["subject"] == "Your verification code"
    anyone.confirm_sign_up(ClientId=client_id, Username="ada", ConfirmationCode=code_in(message))
    user = idp.admin_get_user(UserPoolId=pool_id, Username="ada")
    assert user["UserStatus"] == "CONFIRMED"
    assert {"Name": "email_verified", "Value": "true"} in user["UserAttributes"]


def test_a_pool_without_verification_sends_nothing(
    pool: Make, app_client: Make, anyone: Any, mail: Callable[..., Any], aws_error: Error
) -> None:
    client_id = app_client(pool())
    made = anyone.sign_up(ClientId=client_id, Username="ada", Password=PASSWORD, UserAttributes=EMAIL)
    assert "CodeDeliveryDetails" not in made
    assert mail() == []
    assert aws_error(lambda: anyone.resend_confirmation_code(ClientId=client_id, Username="ada")) == (
        "NotAuthorizedException", "Cannot resend codes. Auto verification not turned on.", 400,
    )  # fmt: skip


def test_names_are_taken_once_in_a_pool_without_case(
    pool: Make, app_client: Make, anyone: Any, aws_error: Error
) -> None:
    client_id = app_client(pool(UsernameConfiguration={"CaseSensitive": False}))
    anyone.sign_up(ClientId=client_id, Username="ada", Password=PASSWORD)
    assert aws_error(lambda: anyone.sign_up(ClientId=client_id, Username="ADA", Password=PASSWORD)) == (
        "UsernameExistsException", "User already exists", 400,
    )  # fmt: skip


def test_email_as_user_name(idp: Any, pool: Make, app_client: Make, anyone: Any, aws_error: Error) -> None:
    pool_id = pool(UsernameAttributes=["email"], UsernameConfiguration={"CaseSensitive": False})
    client_id = app_client(pool_id)
    made = anyone.sign_up(ClientId=client_id, Username="Ada@example.com", Password=PASSWORD)
    user = idp.admin_get_user(UserPoolId=pool_id, Username="ada@example.com")
    assert user["Username"] == made["UserSub"]
    assert {"Name": "email", "Value": "Ada@example.com"} in user["UserAttributes"]
    assert aws_error(lambda: anyone.sign_up(ClientId=client_id, Username="ada", Password=PASSWORD)) == (
        "InvalidParameterException", "Username should be an email.", 400,
    )  # fmt: skip
    assert aws_error(lambda: anyone.sign_up(ClientId=client_id, Username="ada@example.com", Password=PASSWORD)) == (
        "UsernameExistsException", "An account with the given email already exists.", 400,
    )  # fmt: skip


def test_aliases_belong_to_who_confirms_them(
    idp: Any, pool: Make, app_client: Make, anyone: Any, mail: Callable[..., Any], aws_error: Error
) -> None:
    pool_id = pool(AliasAttributes=["email"], AutoVerifiedAttributes=["email"])
    client_id = app_client(pool_id)
    assert aws_error(
        lambda: anyone.sign_up(ClientId=client_id, Username="ada@example.com", Password=PASSWORD, UserAttributes=EMAIL)
    ) == (
        "InvalidParameterException",
        "Username cannot be of email format, since user pool is configured for email alias.",
        400,
    )
    codes = {}
    for name in ("ada", "eve"):
        anyone.sign_up(ClientId=client_id, Username=name, Password=PASSWORD, UserAttributes=EMAIL)
        codes[name] = code_in(mail()[0])
    anyone.confirm_sign_up(ClientId=client_id, Username="ada", ConfirmationCode=codes["ada"])
    assert idp.admin_get_user(UserPoolId=pool_id, Username="ada@example.com")["Username"] == "ada"
    confirm: dict[str, Any] = {"ClientId": client_id, "Username": "eve", "ConfirmationCode": codes["eve"]}
    assert aws_error(lambda: anyone.confirm_sign_up(**confirm)) == (
        "AliasExistsException", "An account with the given email already exists.", 400,
    )  # fmt: skip
    anyone.confirm_sign_up(**confirm, ForceAliasCreation=True)
    assert idp.admin_get_user(UserPoolId=pool_id, Username="ada@example.com")["Username"] == "eve"
    before = idp.admin_get_user(UserPoolId=pool_id, Username="ada")
    assert {"Name": "email_verified", "Value": "false"} in before["UserAttributes"]


def test_required_and_custom_attributes_and_their_constraints(
    pool: Make, app_client: Make, anyone: Any, aws_error: Error
) -> None:
    client_id = app_client(
        pool(
            Schema=[
                {"Name": "email", "Required": True},
                {"Name": "given_name", "Required": True},
                {"Name": "gender", "Required": True},
                {
                    "Name": "level",
                    "AttributeDataType": "Number",
                    "NumberAttributeConstraints": {"MinValue": "1", "MaxValue": "9"},
                },
            ]
        )
    )

    def refused(**values: str) -> str:
        given = [{"Name": name.replace("_", ":", 1) if name.startswith("custom") else name, "Value": value}
                 for name, value in values.items()]  # fmt: skip
        code, message, _ = aws_error(
            lambda: anyone.sign_up(ClientId=client_id, Username="ada", Password=PASSWORD, UserAttributes=given)
        )
        assert code == "InvalidParameterException"
        return message

    assert refused() == (
        "Attributes did not conform to the schema: aws:cognito:system.gender: The attribute aws:cognito:system.gender is required, "
        "emails: The attribute emails is required, name.givenName: The attribute name.givenName is required"
    )
    assert refused(colour="red") == (
        "Attributes did not conform to the schema: Type for attribute {colour} could not be determined"
    )
    assert refused(birthdate="1815") == (
        "Attributes did not conform to the schema: birthdate: String must be no shorter than 10 characters"
    )
    assert refused(birthdate="1815-12-10T00:00") == (
        "Attributes did not conform to the schema: birthdate: String must be no longer than 10 characters"
    )
    assert refused(email="nowhere", given_name="Ada") == "Invalid email address format."
    assert "custom:level" in refused(custom_level="10", email="a@b.c", given_name="Ada")
    assert "custom:level" in refused(custom_level="high", email="a@b.c", given_name="Ada")


def test_a_required_email_address_is_given_as_an_attribute_too_where_it_is_the_user_name(
    idp: Any, pool: Make, app_client: Make, anyone: Any, aws_error: Error
) -> None:
    pool_id = pool(UsernameAttributes=["email"], Schema=[{"Name": "email", "Required": True}])
    asked = {"ClientId": app_client(pool_id), "Username": "ada@example.com", "Password": PASSWORD}
    assert aws_error(lambda: anyone.sign_up(**asked)) == (
        "InvalidParameterException", "Attributes did not conform to the schema: emails: The attribute emails is required", 400,
    )  # fmt: skip
    anyone.sign_up(**asked, UserAttributes=[{"Name": "email", "Value": "ada@example.com"}])


def test_clients_write_only_what_they_may(pool: Make, app_client: Make, anyone: Any, aws_error: Error) -> None:
    client_id = app_client(pool(), WriteAttributes=["given_name"])
    for name, value in (("email", "ada@example.com"), ("email_verified", "true")):
        given = [{"Name": name, "Value": value}]
        assert aws_error(
            lambda given=given: anyone.sign_up(
                ClientId=client_id, Username="ada", Password=PASSWORD, UserAttributes=given
            )
        ) == ("NotAuthorizedException", "A client attempted to write unauthorized attribute", 400)


def test_secret_hash(idp: Any, pool: Make, app_client: Make, anyone: Any, aws_error: Error) -> None:
    pool_id = pool()
    client_id = app_client(pool_id, GenerateSecret=True)
    secret = idp.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)["UserPoolClient"]["ClientSecret"]
    asked = {"ClientId": client_id, "Username": "ada", "Password": PASSWORD}
    assert aws_error(lambda: anyone.sign_up(**asked)) == (
        "NotAuthorizedException",
        f"Client {client_id} is configured with secret but SECRET_HASH was not received",
        400,
    )
    assert aws_error(lambda: anyone.sign_up(**asked, SecretHash="wrong")) == (
        "NotAuthorizedException", f"Unable to verify secret hash for client {client_id}", 400,
    )  # fmt: skip
    digest = hmac.new(secret.encode(), f"ada{client_id}".encode(), hashlib.sha256).digest()
    assert anyone.sign_up(**asked, SecretHash=base64.b64encode(digest).decode())["UserSub"]


def test_only_administrators_make_users_where_the_pool_says_so(
    pool: Make, app_client: Make, anyone: Any, aws_error: Error
) -> None:
    client_id = app_client(pool(AdminCreateUserConfig={"AllowAdminCreateUserOnly": True}))
    assert aws_error(lambda: anyone.sign_up(ClientId=client_id, Username="ada", Password=PASSWORD)) == (
        "NotAuthorizedException", "SignUp is not permitted for this user pool", 400,
    )  # fmt: skip


@pytest.mark.parametrize("operation", ["sign_up", "confirm_sign_up", "resend_confirmation_code", "forgot_password"])
def test_a_client_that_is_not_there(anyone: Any, aws_error: Error, operation: str) -> None:
    more = {"sign_up": {"Password": PASSWORD}, "confirm_sign_up": {"ConfirmationCode": "123456"}}.get(operation, {})
    assert aws_error(lambda: getattr(anyone, operation)(ClientId="1example23456789", Username="ada", **more)) == (
        "ResourceNotFoundException", "User pool client 1example23456789 does not exist.", 400,
    )  # fmt: skip


def test_confirming_twice(
    pool: Make, app_client: Make, anyone: Any, mail: Callable[..., Any], aws_error: Error
) -> None:
    client_id = app_client(pool(AutoVerifiedAttributes=["email"]))
    anyone.sign_up(ClientId=client_id, Username="ada", Password=PASSWORD, UserAttributes=EMAIL)
    confirm = {"ClientId": client_id, "Username": "ada", "ConfirmationCode": code_in(mail()[0])}
    anyone.confirm_sign_up(**confirm)
    assert aws_error(lambda: anyone.confirm_sign_up(**confirm)) == (
        "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED", 400,
    )  # fmt: skip
    assert aws_error(lambda: anyone.resend_confirmation_code(ClientId=client_id, Username="ada")) == (
        "InvalidParameterException", "User is already confirmed.", 400,
    )  # fmt: skip


def test_an_administrator_confirms_without_a_code(idp: Any, pool: Make, app_client: Make, anyone: Any) -> None:
    pool_id = pool(AutoVerifiedAttributes=["email"])
    anyone.sign_up(ClientId=app_client(pool_id), Username="ada", Password=PASSWORD, UserAttributes=EMAIL)
    idp.admin_confirm_sign_up(UserPoolId=pool_id, Username="ada")
    user = idp.admin_get_user(UserPoolId=pool_id, Username="ada")
    assert user["UserStatus"] == "CONFIRMED"
    assert {"Name": "email_verified", "Value": "false"} in user["UserAttributes"]
