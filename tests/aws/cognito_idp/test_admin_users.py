"""Users as administrators make, see, invite, disable and delete them; groups and who is in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.aws.cognito_idp.conftest import PASSWORD, attributes_of, pairs

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
Make = Callable[..., str]
Mail = Callable[..., list[dict[str, Any]]]
FLOWS = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
EMAIL = pairs(email="ada@example.com")
NO_USER = ("UserNotFoundException", "User does not exist.", 400)


def test_an_invitation_with_a_temporary_password(
    idp: Any, pool: Make, app_client: Make, anyone: Any, mail: Mail
) -> None:
    pool_id = pool()
    made = idp.admin_create_user(
        UserPoolId=pool_id, Username="ada", UserAttributes=EMAIL, DesiredDeliveryMediums=["EMAIL"]
    )["User"]
    assert (made["Username"], made["UserStatus"], made["Enabled"]) == ("ada", "FORCE_CHANGE_PASSWORD", True)
    assert list(attributes_of(made)) == ["sub", "email"]
    (message,) = mail("ada@example.com")
    assert message["subject"] == "Your temporary password"
    words = message["body"][:-1].split()
    assert words[:5] == ["Your", "username", "is", "ada", "and"]
    client_id = app_client(pool_id, ExplicitAuthFlows=FLOWS)
    given = {"USERNAME": "ada", "PASSWORD": words[-1]}
    asked = anyone.initiate_auth(ClientId=client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)
    assert asked["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


def test_invitations_go_by_sms_unless_mail_is_asked_for(idp: Any, pool: Make, mail: Mail) -> None:
    pool_id = pool()
    idp.admin_create_user(UserPoolId=pool_id, Username="ada", UserAttributes=EMAIL)
    assert mail() == []
    idp.admin_create_user(UserPoolId=pool_id, Username="eve", UserAttributes=pairs(phone_number="+12065550100"))
    (message,) = mail()
    assert (message["kind"], message["to"]) == ("sms", "+12065550100")


def test_a_user_name_that_is_an_address_is_told_as_such_where_it_is_taken(
    idp: Any, pool: Make, aws_error: Error
) -> None:
    invite = {"UserPoolId": pool(UsernameAttributes=["email", "phone_number"]), "MessageAction": "SUPPRESS"}
    for name, attribute in (("ada@example.com", "email"), ("+14255550123", "phone_number")):
        idp.admin_create_user(**invite, Username=name)
        assert aws_error(lambda name=name: idp.admin_create_user(**invite, Username=name)) == (
            "UsernameExistsException", f"An account with the given {attribute} already exists.", 400,
        )  # fmt: skip


def test_a_message_that_is_suppressed_or_sent_again(idp: Any, pool: Make, mail: Mail, aws_error: Error) -> None:
    pool_id = pool()
    invite = {"UserPoolId": pool_id, "Username": "ada", "DesiredDeliveryMediums": ["EMAIL"]}
    assert aws_error(lambda: idp.admin_create_user(**invite, MessageAction="RESEND")) == NO_USER
    idp.admin_create_user(UserPoolId=pool_id, Username="ada", UserAttributes=EMAIL, MessageAction="SUPPRESS")
    assert mail() == []
    assert aws_error(lambda: idp.admin_create_user(**invite)) == (
        "UsernameExistsException", "User account already exists", 400,
    )  # fmt: skip
    idp.admin_create_user(**invite, MessageAction="RESEND")
    assert len(mail("ada@example.com")) == 1
    idp.admin_set_user_password(UserPoolId=pool_id, Username="ada", Password=PASSWORD, Permanent=True)
    code, message, _ = aws_error(lambda: idp.admin_create_user(**invite, MessageAction="RESEND"))
    assert (code, message) == (
        "UnsupportedUserStateException", "Resend not possible. ada status is not FORCE_CHANGE_PASSWORD",
    )  # fmt: skip


def test_aliases_of_other_users(idp: Any, pool: Make, aws_error: Error) -> None:
    pool_id = pool(AliasAttributes=["email"])
    given = pairs(email="ada@example.com", email_verified="true")
    make = {"UserPoolId": pool_id, "UserAttributes": given, "MessageAction": "SUPPRESS"}
    idp.admin_create_user(**make, Username="ada")
    assert aws_error(lambda: idp.admin_create_user(**make, Username="eve")) == (
        "AliasExistsException", "An account with the given email already exists.", 400,
    )  # fmt: skip
    idp.admin_create_user(**make, Username="eve", ForceAliasCreation=True)
    assert idp.admin_get_user(UserPoolId=pool_id, Username="ada@example.com")["Username"] == "eve"


def test_an_address_must_be_there_to_be_verified(idp: Any, pool: Make, aws_error: Error) -> None:
    make = {"UserPoolId": pool(), "Username": "ada", "UserAttributes": pairs(email_verified="true")}
    assert aws_error(lambda: idp.admin_create_user(**make)) == (
        "InvalidParameterException", "Email is required to verify/un-verify an email", 400,
    )  # fmt: skip


def test_get_user_by_any_of_its_names(idp: Any, pool: Make, user: Make, aws_error: Error) -> None:
    pool_id = pool(AliasAttributes=["email", "preferred_username"])
    sub = user(pool_id, "ada", email="ada@example.com", email_verified="true", preferred_username="countess")
    for name in ("ada", sub, "ada@example.com", "countess"):
        found = idp.admin_get_user(UserPoolId=pool_id, Username=name)
        assert (found["Username"], found["UserStatus"]) == ("ada", "CONFIRMED")
    assert aws_error(lambda: idp.admin_get_user(UserPoolId=pool_id, Username="eve")) == NO_USER
    assert aws_error(lambda: idp.admin_get_user(UserPoolId="us-east-1_nowhere", Username="ada")) == (
        "ResourceNotFoundException", "User pool us-east-1_nowhere does not exist.", 400,
    )  # fmt: skip


def test_disable_and_enable(
    idp: Any, pool: Make, app_client: Make, user: Make, anyone: Any, token: Make, aws_error: Error
) -> None:
    pool_id = pool()
    client_id = app_client(pool_id, ExplicitAuthFlows=FLOWS)
    user(pool_id, "ada")
    access = token(client_id, "ada")
    idp.admin_disable_user(UserPoolId=pool_id, Username="ada")
    assert idp.admin_get_user(UserPoolId=pool_id, Username="ada")["Enabled"] is False
    assert aws_error(lambda: token(client_id, "ada"))[:2] == ("NotAuthorizedException", "User is disabled.")
    assert aws_error(lambda: anyone.get_user(AccessToken=access))[0] == "NotAuthorizedException"
    idp.admin_enable_user(UserPoolId=pool_id, Username="ada")
    assert token(client_id, "ada")
    assert aws_error(lambda: anyone.get_user(AccessToken=access))[0] == "NotAuthorizedException"


def test_delete_frees_the_names(idp: Any, pool: Make, user: Make, aws_error: Error) -> None:
    pool_id = pool(AliasAttributes=["email"])
    idp.create_group(UserPoolId=pool_id, GroupName="staff")
    user(pool_id, "ada", email="ada@example.com", email_verified="true")
    idp.admin_add_user_to_group(UserPoolId=pool_id, Username="ada", GroupName="staff")
    idp.admin_delete_user(UserPoolId=pool_id, Username="ada@example.com")
    for name in ("ada", "ada@example.com"):
        assert aws_error(lambda name=name: idp.admin_get_user(UserPoolId=pool_id, Username=name)) == NO_USER
    assert idp.list_users_in_group(UserPoolId=pool_id, GroupName="staff")["Users"] == []
    user(pool_id, "ada", email="ada@example.com", email_verified="true")
    assert idp.admin_list_groups_for_user(UserPoolId=pool_id, Username="ada")["Groups"] == []


def test_users_see_and_delete_themselves(
    idp: Any, pool: Make, app_client: Make, user: Make, anyone: Any, token: Make, aws_error: Error
) -> None:
    pool_id = pool()
    client_id = app_client(pool_id, ExplicitAuthFlows=FLOWS, ReadAttributes=["email"])
    sub = user(pool_id, "ada", email="ada@example.com", given_name="Ada")
    access = token(client_id, "ada")
    seen = anyone.get_user(AccessToken=access)
    assert (seen["Username"], attributes_of(seen)) == ("ada", {"sub": sub, "email": "ada@example.com"})
    anyone.delete_user(AccessToken=access)
    assert aws_error(lambda: anyone.get_user(AccessToken=access)) == NO_USER
    assert idp.list_users(UserPoolId=pool_id)["Users"] == []


def test_groups_of_users(idp: Any, pool: Make, user: Make, aws_error: Error) -> None:
    pool_id = pool()
    for group in ("admins", "staff", "zoo"):
        idp.create_group(UserPoolId=pool_id, GroupName=group, Precedence=1)
    for name in ("ada", "eve"):
        user(pool_id, name)
    for name, group in (("ada", "admins"), ("ada", "staff"), ("eve", "staff")):
        idp.admin_add_user_to_group(UserPoolId=pool_id, Username=name, GroupName=group)
    first = idp.admin_list_groups_for_user(UserPoolId=pool_id, Username="ada", Limit=1)
    rest = idp.admin_list_groups_for_user(UserPoolId=pool_id, Username="ada", NextToken=first["NextToken"])
    assert [group["GroupName"] for group in first["Groups"] + rest["Groups"]] == ["admins", "staff"]
    assert "NextToken" not in rest
    found = idp.list_users_in_group(UserPoolId=pool_id, GroupName="staff")["Users"]
    assert {one["Username"] for one in found} == {"ada", "eve"}
    idp.admin_remove_user_from_group(UserPoolId=pool_id, Username="ada", GroupName="staff")
    found = idp.list_users_in_group(UserPoolId=pool_id, GroupName="staff")["Users"]
    assert [one["Username"] for one in found] == ["eve"]
    join = {"UserPoolId": pool_id, "Username": "ada"}
    assert aws_error(lambda: idp.admin_add_user_to_group(**join, GroupName="none")) == (
        "ResourceNotFoundException", "Group not found.", 400,
    )  # fmt: skip
    join["Username"] = "nobody"
    assert aws_error(lambda: idp.admin_add_user_to_group(**join, GroupName="zoo")) == NO_USER


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("admin_list_user_auth_events", {}),
        ("admin_list_devices", {}),
        ("admin_get_device", {"DeviceKey": "us-east-1_0a0b0c0d-0000-4000-8000-000000000000"}),
    ],
)
def test_devices_and_histories_are_refused_clearly(
    idp: Any, pool: Make, user: Make, aws_error: Error, operation: str, more: dict[str, str]
) -> None:
    pool_id = pool()
    user(pool_id, "ada")
    code, message, status = aws_error(lambda: getattr(idp, operation)(UserPoolId=pool_id, Username="ada", **more))
    assert (code, status) == ("NotImplemented", 501)
    assert "Atoll" in message


def test_linking_providers_is_refused(idp: Any, pool: Make, aws_error: Error) -> None:
    link = {"DestinationUser": {"ProviderName": "Cognito"}, "SourceUser": {"ProviderName": "Google"}}
    assert aws_error(lambda: idp.admin_link_provider_for_user(UserPoolId=pool(), **link))[0] == "NotImplemented"
