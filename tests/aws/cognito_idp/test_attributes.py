"""Attributes that change: who may write them, and when a new address counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.aws.cognito_idp.conftest import attributes_of, code_in, pairs

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
Make = Callable[..., str]
Mail = Callable[..., list[dict[str, Any]]]
FLOWS = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
SENT = {"Destination": "n***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}
TENANT = {"Name": "tenant", "AttributeDataType": "String", "Mutable": False}


@pytest.fixture
def ada(pool: Make, app_client: Make, user: Make, token: Make) -> Callable[..., tuple[str, str]]:
    """`ada(client={…}, **settings)`: a pool with a verified user, and an access token of hers."""

    def make(client: dict[str, Any] | None = None, **settings: Any) -> tuple[str, str]:
        pool_id = pool(**settings)
        user(pool_id, "ada", email="ada@example.com", email_verified="true")
        return pool_id, token(app_client(pool_id, ExplicitAuthFlows=FLOWS, **client or {}), "ada")

    return make


def test_a_new_address_is_verified_by_a_code(idp: Any, ada: Any, anyone: Any, mail: Mail) -> None:
    pool_id, access = ada(AutoVerifiedAttributes=["email"])
    given = pairs(email="new@example.com", given_name="Ada")
    assert anyone.update_user_attributes(AccessToken=access, UserAttributes=given)["CodeDeliveryDetailsList"] == [SENT]
    assert attributes_of(idp.admin_get_user(UserPoolId=pool_id, Username="ada")) | {"sub": ""} == {
        "sub": "",
        "email": "new@example.com",
        "email_verified": "false",
        "given_name": "Ada",
    }
    (message,) = mail("new@example.com")
    anyone.verify_user_attribute(AccessToken=access, AttributeName="email", Code=code_in(message))
    assert attributes_of(anyone.get_user(AccessToken=access))["email_verified"] == "true"


def test_attributes_that_require_verification_before_update(
    ada: Any, anyone: Any, mail: Mail, aws_error: Error
) -> None:
    _, access = ada(
        AutoVerifiedAttributes=["email"],
        UserAttributeUpdateSettings={"AttributesRequireVerificationBeforeUpdate": ["email"]},
    )
    anyone.update_user_attributes(AccessToken=access, UserAttributes=pairs(email="new@example.com"))
    seen = attributes_of(anyone.get_user(AccessToken=access))
    assert (seen["email"], seen["email_verified"]) == ("ada@example.com", "true")
    sent = anyone.get_user_attribute_verification_code(AccessToken=access, AttributeName="email")
    assert sent["CodeDeliveryDetails"] == SENT  # still to the one that waits
    verify = {"AccessToken": access, "AttributeName": "email"}
    code = code_in(mail("new@example.com")[0])
    assert aws_error(lambda: anyone.verify_user_attribute(**verify, Code=f"{(int(code) + 1) % 10**6:06d}")) == (
        "CodeMismatchException", "Invalid verification code provided, please try again.", 400,
    )  # fmt: skip
    anyone.verify_user_attribute(**verify, Code=code)
    seen = attributes_of(anyone.get_user(AccessToken=access))
    assert (seen["email"], seen["email_verified"]) == ("new@example.com", "true")


def test_a_code_for_another_address_counts_no_more(
    idp: Any, ada: Any, anyone: Any, mail: Mail, aws_error: Error
) -> None:
    pool_id, access = ada(AutoVerifiedAttributes=["email"])
    anyone.update_user_attributes(AccessToken=access, UserAttributes=pairs(email="new@example.com"))
    code = code_in(mail("new@example.com")[0])
    given = pairs(email="newer@example.com", email_verified="true")
    idp.admin_update_user_attributes(UserPoolId=pool_id, Username="ada", UserAttributes=given)
    assert aws_error(lambda: anyone.verify_user_attribute(AccessToken=access, AttributeName="email", Code=code))[0] == (
        "ExpiredCodeException"
    )
    assert attributes_of(anyone.get_user(AccessToken=access))["email"] == "newer@example.com"


def test_an_administrator_says_that_an_address_is_verified(idp: Any, ada: Any, mail: Mail) -> None:
    pool_id, _ = ada(AutoVerifiedAttributes=["email"])
    given = pairs(email="new@example.com", email_verified="true")
    idp.admin_update_user_attributes(UserPoolId=pool_id, Username="ada", UserAttributes=given)
    assert attributes_of(idp.admin_get_user(UserPoolId=pool_id, Username="ada"))["email_verified"] == "true"
    assert mail() == []
    idp.admin_update_user_attributes(UserPoolId=pool_id, Username="ada", UserAttributes=pairs(email="b@example.com"))
    assert attributes_of(idp.admin_get_user(UserPoolId=pool_id, Username="ada"))["email_verified"] == "false"
    assert len(mail("b@example.com")) == 1


def test_clients_write_and_read_what_they_may(ada: Any, anyone: Any, aws_error: Error) -> None:
    _, access = ada({"WriteAttributes": ["given_name"], "ReadAttributes": ["given_name"]})
    anyone.update_user_attributes(AccessToken=access, UserAttributes=pairs(given_name="Ada"))
    assert attributes_of(anyone.get_user(AccessToken=access)).keys() == {"sub", "given_name"}
    refused = ("NotAuthorizedException", "A client attempted to write unauthorized attribute", 400)
    for name in ("family_name", "email_verified"):
        given = pairs(**{name: "true"})
        assert (
            aws_error(lambda given=given: anyone.update_user_attributes(AccessToken=access, UserAttributes=given))
            == refused
        )
    assert aws_error(lambda: anyone.delete_user_attributes(AccessToken=access, UserAttributeNames=["email"])) == refused


def test_attributes_that_cannot_change(idp: Any, pool: Make, user: Make, aws_error: Error) -> None:
    pool_id = pool(Schema=[TENANT, {"Name": "email", "Required": True, "Mutable": True}])
    user(pool_id, "ada", email="ada@example.com", **{"custom:tenant": "blue"})
    change = {"UserPoolId": pool_id, "Username": "ada"}
    assert aws_error(lambda: idp.admin_update_user_attributes(**change, UserAttributes=pairs(custom__tenant="red"))) == (
        "InvalidParameterException", "user.custom:tenant: Attribute cannot be updated.\n", 400,
    )  # fmt: skip
    assert aws_error(lambda: idp.admin_update_user_attributes(**change, UserAttributes=pairs(sub="me"))) == (
        "InvalidParameterException", "Cannot modify the non-mutable attribute sub", 400,
    )  # fmt: skip
    null = aws_error(lambda: idp.admin_update_user_attributes(**change, UserAttributes=[{"Name": "picture"}]))
    assert null == ("InvalidParameterException", "Attribute value for picture must not be null", 400)
    required = "Attributes did not conform to the schema: emails: The attribute emails is required"
    assert aws_error(lambda: idp.admin_delete_user_attributes(**change, UserAttributeNames=["email"])) == (
        "InvalidParameterException", required, 400,
    )  # fmt: skip


def test_attributes_are_taken_away(idp: Any, ada: Any, anyone: Any) -> None:
    pool_id, access = ada()
    idp.admin_update_user_attributes(
        UserPoolId=pool_id, Username="ada", UserAttributes=pairs(given_name="Ada", nickname="A", email="")
    )
    assert attributes_of(anyone.get_user(AccessToken=access)).keys() == {"sub", "given_name", "nickname"}
    anyone.delete_user_attributes(AccessToken=access, UserAttributeNames=["nickname"])
    idp.admin_delete_user_attributes(UserPoolId=pool_id, Username="ada", UserAttributeNames=["given_name"])
    assert attributes_of(anyone.get_user(AccessToken=access)).keys() == {"sub"}


def test_an_alias_moves_with_its_address(idp: Any, pool: Make, user: Make, aws_error: Error) -> None:
    pool_id = pool(AliasAttributes=["email"])
    for name in ("ada", "eve"):
        user(pool_id, name, email=f"{name}@example.com", email_verified="true")
    change = {"UserPoolId": pool_id, "Username": "eve"}
    taken = pairs(email="ada@example.com", email_verified="true")
    assert aws_error(lambda: idp.admin_update_user_attributes(**change, UserAttributes=taken)) == (
        "AliasExistsException", "An account with the given email already exists.", 400,
    )  # fmt: skip
    free = pairs(email="new@example.com", email_verified="true")
    idp.admin_update_user_attributes(**change, UserAttributes=free)
    assert idp.admin_get_user(UserPoolId=pool_id, Username="new@example.com")["Username"] == "eve"
    assert aws_error(lambda: idp.admin_get_user(UserPoolId=pool_id, Username="eve@example.com"))[0] == (
        "UserNotFoundException"
    )


def test_codes_verify_addresses_only(ada: Any, anyone: Any, aws_error: Error) -> None:
    _, access = ada()
    ask = {"AccessToken": access, "AttributeName": "phone_number"}
    assert aws_error(lambda: anyone.get_user_attribute_verification_code(**ask))[0] == "InvalidParameterException"
    ask["AttributeName"] = "given_name"
    assert aws_error(lambda: anyone.get_user_attribute_verification_code(**ask))[0] == "InvalidParameterException"
    assert aws_error(lambda: anyone.verify_user_attribute(**ask, Code="123456"))[0] == "InvalidParameterException"


def test_sms_as_it_was_set_before(idp: Any, pool: Make, user: Make, aws_error: Error) -> None:
    pool_id = pool()
    user(pool_id, "ada", phone_number="+12065550100")
    options = [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]
    change = {"UserPoolId": pool_id, "Username": "ada", "MFAOptions": options}
    assert aws_error(lambda: idp.admin_set_user_settings(**change))[0] == "InvalidParameterException"
    given = pairs(phone_number_verified="true")
    idp.admin_update_user_attributes(UserPoolId=pool_id, Username="ada", UserAttributes=given)
    idp.admin_set_user_settings(**change)
    assert idp.admin_get_user(UserPoolId=pool_id, Username="ada")["UserMFASettingList"] == ["SMS_MFA"]
    idp.admin_set_user_settings(**{**change, "MFAOptions": []})
    assert "UserMFASettingList" not in idp.admin_get_user(UserPoolId=pool_id, Username="ada")
