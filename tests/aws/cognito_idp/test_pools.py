"""User pools: what they are made from, their defaults, and how they are changed and go."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.aws.cognito_idp.conftest import PASSWORD, WEB
from tests.functions import make_role, may

STANDARD = [
    "profile", "address", "birthdate", "gender", "preferred_username", "updated_at", "website", "picture", "sub", "phone_number",
    "phone_number_verified", "zoneinfo", "locale", "email", "email_verified", "given_name", "family_name", "middle_name", "name",
    "nickname",
]  # fmt: skip
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:hook"


def test_a_pool_has_aws_defaults(idp: Any, account: str) -> None:
    made = idp.create_user_pool(PoolName="people")["UserPool"]
    shown = idp.describe_user_pool(UserPoolId=made["Id"])["UserPool"]
    assert shown == made
    for stamp in ("CreationDate", "LastModifiedDate"):
        assert abs(made.pop(stamp).timestamp() - time.time()) < 60
    assert [attribute["Name"] for attribute in made.pop("SchemaAttributes")] == STANDARD
    pool_id = made.pop("Id")
    assert pool_id.startswith("us-east-1_")
    assert len(pool_id) == len("us-east-1_") + 9
    assert made == {
        "Name": "people",
        "Arn": f"arn:aws:cognito-idp:us-east-1:{account}:userpool/{pool_id}",
        "Policies": {
            "PasswordPolicy": {
                "MinimumLength": 8,
                "RequireUppercase": True,
                "RequireLowercase": True,
                "RequireNumbers": True,
                "RequireSymbols": True,
                "TemporaryPasswordValidityDays": 7,
            },
            "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]},
        },
        "DeletionProtection": "INACTIVE",
        "LambdaConfig": {},
        "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE"},
        "MfaConfiguration": "OFF",
        "EstimatedNumberOfUsers": 0,
        "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"},
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False, "UnusedAccountValidityDays": 7},
        "UserPoolTags": {},
        "UserPoolTier": "ESSENTIALS",
    }


def test_the_standard_attributes_have_their_constraints(idp: Any, pool: Callable[..., str]) -> None:
    shown = idp.describe_user_pool(UserPoolId=pool())["UserPool"]["SchemaAttributes"]
    by_name = {attribute["Name"]: attribute for attribute in shown}

    def text(name: str, least: str = "0", most: str = "2048", **more: bool) -> dict[str, Any]:
        return {
            "Name": name,
            "AttributeDataType": "String",
            "DeveloperOnlyAttribute": False,
            "Mutable": True,
            "Required": False,
            "StringAttributeConstraints": {"MinLength": least, "MaxLength": most},
            **more,
        }

    assert by_name["sub"] == text("sub", "1", Mutable=False, Required=True)
    assert by_name["birthdate"] == text("birthdate", "10", "10")
    for name in ("email_verified", "phone_number_verified"):
        plain = {"Name": name, "AttributeDataType": "Boolean"}
        assert by_name[name] == plain | {"DeveloperOnlyAttribute": False, "Mutable": True, "Required": False}
    number = {"AttributeDataType": "Number", "NumberAttributeConstraints": {"MinValue": "0"}}
    assert number.items() <= by_name["updated_at"].items()
    for name in set(STANDARD) - {"sub", "birthdate", "email_verified", "phone_number_verified", "updated_at"}:
        assert by_name[name] == text(name)


def test_a_schema_changes_standard_attributes_and_adds_custom_ones(idp: Any, pool: Callable[..., str]) -> None:
    schema = [
        {"Name": "email", "AttributeDataType": "String", "Required": True, "Mutable": False},
        {"Name": "seats", "AttributeDataType": "Number", "NumberAttributeConstraints": {"MinValue": "1"}},
        {"Name": "paid", "AttributeDataType": "Boolean", "DeveloperOnlyAttribute": True},
    ]
    shown = idp.describe_user_pool(UserPoolId=pool(Schema=schema))["UserPool"]["SchemaAttributes"]
    email = shown[STANDARD.index("email")]
    assert (email["Required"], email["Mutable"]) == (True, False)
    assert email["StringAttributeConstraints"] == {"MinLength": "0", "MaxLength": "2048"}
    seats, paid = shown[20:]
    assert (seats["Name"], seats["NumberAttributeConstraints"]) == ("custom:seats", {"MinValue": "1"})
    assert (seats["Mutable"], seats["Required"]) == (True, False)
    assert (paid["Name"], paid["DeveloperOnlyAttribute"]) == ("dev:custom:paid", True)


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        (
            {"Name": "email", "AttributeDataType": "Number"},
            "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute email",
        ),
        (
            {"Name": "x", "AttributeDataType": "String", "Required": True},
            "Required custom attributes are not supported currently.",
        ),
        ({"Name": "x"}, "Invalid AttributeDataType input, consider using the provided AttributeDataType enum."),
        (
            {"Name": "x", "AttributeDataType": "String", "StringAttributeConstraints": {"MaxLength": "2049"}},
            "user.x: String attributes cannot have a length of more than 2048",
        ),
        (
            {"Name": "x", "AttributeDataType": "String", "StringAttributeConstraints": {"MinLength": "a"}},
            "Invalid StringAttributeConstraints for schema attribute x",
        ),
        (
            {
                "Name": "x",
                "AttributeDataType": "Number",
                "NumberAttributeConstraints": {"MinValue": "2", "MaxValue": "1"},
            },
            "user.x: Max value cannot be less than min value.",
        ),
    ],
)
def test_a_schema_that_cannot_be_is_refused(
    idp: Any, aws_error: Callable[..., Any], attribute: dict[str, Any], message: str
) -> None:
    refused = aws_error(lambda: idp.create_user_pool(PoolName="people", Schema=[attribute]))
    assert refused == ("InvalidParameterException", message, 400)


def test_a_password_policy_asks_for_what_it_says_only(idp: Any, pool: Callable[..., str]) -> None:
    pool_id = pool(Policies={"PasswordPolicy": {"MinimumLength": 12, "RequireNumbers": True}})
    assert idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]["Policies"]["PasswordPolicy"] == {
        "MinimumLength": 12,
        "RequireUppercase": False,
        "RequireLowercase": False,
        "RequireNumbers": True,
        "RequireSymbols": False,
        "TemporaryPasswordValidityDays": 7,
    }


def test_temporary_passwords_have_one_validity(
    idp: Any, pool: Callable[..., str], aws_error: Callable[..., Any]
) -> None:
    legacy = pool(AdminCreateUserConfig={"UnusedAccountValidityDays": 3})
    shown = idp.describe_user_pool(UserPoolId=legacy)["UserPool"]
    assert shown["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"] == 3
    both = {
        "AdminCreateUserConfig": {"UnusedAccountValidityDays": 3},
        "Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": 3}},
    }
    assert aws_error(lambda: pool(**both)) == (
        "InvalidParameterException",
        "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays",
        400,
    )


def test_an_update_replaces_settings(idp: Any, pool: Callable[..., str]) -> None:
    pool_id = pool(
        AliasAttributes=["email"],
        AutoVerifiedAttributes=["email"],
        AccountRecoverySetting={"RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]},
        UserPoolTags={"team": "a"},
        DeletionProtection="ACTIVE",
        Policies={"PasswordPolicy": {"MinimumLength": 20}},
        UserPoolTier="LITE",
    )
    idp.update_user_pool(UserPoolId=pool_id, PoolName="renamed", EmailVerificationSubject="Hello")
    shown = idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    assert (shown["Name"], shown["EmailVerificationSubject"]) == ("renamed", "Hello")
    assert shown["VerificationMessageTemplate"]["EmailSubject"] == "Hello"
    assert shown["Policies"]["PasswordPolicy"]["MinimumLength"] == 8
    assert shown["DeletionProtection"] == "INACTIVE"
    assert not {"AutoVerifiedAttributes", "AccountRecoverySetting"} & shown.keys()
    assert (shown["AliasAttributes"], shown["UserPoolTags"]) == (["email"], {"team": "a"})
    assert shown["UserPoolTier"] == "LITE"


def test_functions_of_a_pool_are_shown_in_both_ways(
    idp: Any, pool: Callable[..., str], aws_error: Callable[..., Any]
) -> None:
    pool_id = pool(LambdaConfig={"PreTokenGenerationConfig": {"LambdaVersion": "V3_0", "LambdaArn": FUNCTION}})
    config = idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]["LambdaConfig"]
    assert config["PreTokenGeneration"] == FUNCTION
    idp.update_user_pool(UserPoolId=pool_id, LambdaConfig={"PreTokenGeneration": FUNCTION, "PreSignUp": FUNCTION})
    config = idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]["LambdaConfig"]
    assert config["PreTokenGenerationConfig"] == {"LambdaVersion": "V1_0", "LambdaArn": FUNCTION}
    (listed,) = idp.list_user_pools(MaxResults=10)["UserPools"]
    assert (listed["Id"], listed["LambdaConfig"]) == (pool_id, config)
    other = {"LambdaVersion": "V2_0", "LambdaArn": FUNCTION + "2"}
    two = {"PreTokenGeneration": FUNCTION, "PreTokenGenerationConfig": other}
    assert aws_error(lambda: pool(LambdaConfig=two))[0] == "InvalidParameterException"
    queue = "arn:aws:sqs:us-east-1:123456789012:queue"
    assert aws_error(lambda: pool(LambdaConfig={"PreSignUp": queue}))[0] == "InvalidParameterException"


@pytest.mark.parametrize(
    "config",
    [
        {"CustomEmailSender": {"LambdaVersion": "V1_0", "LambdaArn": FUNCTION}},
        {"CustomSMSSender": {"LambdaVersion": "V1_0", "LambdaArn": FUNCTION}},
        {"KMSKeyID": "arn:aws:kms:us-east-1:123456789012:key/1"},
        {"InboundFederation": {"LambdaVersion": "V1_0", "LambdaArn": FUNCTION}},
    ],
)
def test_custom_senders_are_refused_clearly(
    pool: Callable[..., str], aws_error: Callable[..., Any], config: dict[str, Any]
) -> None:
    code, message, status = aws_error(lambda: pool(LambdaConfig=config))
    assert (code, status) == ("NotImplemented", 501)
    assert f"LambdaConfig.{next(iter(config))} is not supported" in message


def test_threat_protection_and_passkeys_are_refused_clearly(
    pool: Callable[..., str], aws_error: Callable[..., Any]
) -> None:
    for settings in (
        {"UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}, "UserPoolTier": "PLUS"},
        {"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}}},
    ):
        assert aws_error(lambda given=settings: pool(**given))[::2] == ("NotImplemented", 501)


def test_the_lite_plan_has_no_choice_of_first_factors(pool: Callable[..., str], aws_error: Callable[..., Any]) -> None:
    policies = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}
    refused = aws_error(lambda: pool(Policies=policies, UserPoolTier="LITE"))
    assert refused[::2] == ("FeatureUnavailableInTierException", 400)
    assert pool(Policies=policies)


def test_a_pool_that_is_protected_or_has_a_domain_is_not_deleted(
    idp: Any, pool: Callable[..., str], account: str, aws_error: Callable[..., Any]
) -> None:
    pool_id = pool(DeletionProtection="ACTIVE")
    assert aws_error(lambda: idp.delete_user_pool(UserPoolId=pool_id)) == (
        "InvalidParameterException",
        "The user pool cannot be deleted because deletion protection is activated. "
        "Deletion protection must be inactivated first.",
        400,
    )
    idp.update_user_pool(UserPoolId=pool_id)
    idp.create_user_pool_domain(UserPoolId=pool_id, Domain=f"p{account}")
    assert aws_error(lambda: idp.delete_user_pool(UserPoolId=pool_id)) == (
        "InvalidParameterException",
        "User pool cannot be deleted. It has a domain configured that should be deleted first.",
        400,
    )


def test_a_deleted_pool_is_gone_with_all_that_is_in_it(
    idp: Any,
    pool: Callable[..., str],
    app_client: Callable[..., str],
    aws_error: Callable[..., Any],
    region: Any,
    account: str,
) -> None:
    pool_id = pool()
    client_id = app_client(pool_id)
    for number in range(70):
        idp.create_group(UserPoolId=pool_id, GroupName=f"g{number}")
    idp.create_resource_server(UserPoolId=pool_id, Identifier="api", Name="api")
    idp.delete_user_pool(UserPoolId=pool_id)
    gone = ("ResourceNotFoundException", f"User pool {pool_id} does not exist.", 400)
    assert aws_error(lambda: idp.describe_user_pool(UserPoolId=pool_id)) == gone
    assert aws_error(lambda: idp.delete_user_pool(UserPoolId=pool_id)) == gone
    assert aws_error(lambda: idp.create_group(UserPoolId=pool_id, GroupName="g")) == gone
    assert aws_error(lambda: idp.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)) == gone
    assert idp.list_user_pools(MaxResults=10)["UserPools"] == []
    deadline = time.monotonic() + 60
    while contents(region, account) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert contents(region, account) == {}


def contents(region: Any, account: str) -> dict[str, int]:
    """How many records the account has, by service."""
    found = WEB.get(f"{region.endpoint}/_atoll/accounts").json()["accounts"]
    counts: dict[str, int] = found.get(account, {})
    return counts


def test_pools_are_listed_in_pages(idp: Any, pool: Callable[..., str], aws_error: Callable[..., Any]) -> None:
    made = {pool(PoolName=f"p{number}") for number in range(5)}
    pages = list(idp.get_paginator("list_user_pools").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["UserPools"]) for page in pages] == [2, 2, 1]
    assert {one["Id"] for page in pages for one in page["UserPools"]} == made
    for token in ("a", "%%%", "\u00e9", "////"):
        code, _, status = aws_error(lambda given=token: idp.list_user_pools(MaxResults=2, NextToken=given))
        assert (code, status) == ("InvalidParameterException", 400)


def test_a_pool_is_its_accounts_and_regions_only(
    pool: Callable[..., str], region: Any, client: Callable[..., Any], aws_error: Callable[..., Any]
) -> None:
    pool_id = pool()
    elsewhere = client("cognito-idp", "eu-west-1")
    assert aws_error(lambda: elsewhere.describe_user_pool(UserPoolId=pool_id))[0] == "ResourceNotFoundException"
    stranger = region.client("cognito-idp", key="999999999999")
    assert aws_error(lambda: stranger.describe_user_pool(UserPoolId=pool_id))[0] == "ResourceNotFoundException"


def test_the_role_for_text_messages_must_be_cognitos(
    client: Callable[..., Any], pool: Callable[..., str], account: str, aws_error: Callable[..., Any]
) -> None:
    missing = {"SmsConfiguration": {"SnsCallerArn": f"arn:aws:iam::{account}:role/nobody"}}
    assert aws_error(lambda: pool(**missing)) == (
        "InvalidSmsRoleTrustRelationshipException",
        "Role does not have a trust relationship allowing Cognito to assume the role",
        400,
    )
    powerless = {"SmsConfiguration": {"SnsCallerArn": make_role(client, "powerless", "cognito-idp.amazonaws.com")}}
    assert aws_error(lambda: pool(**powerless)) == (
        "InvalidSmsRoleAccessPolicyException",
        "Role does not have permission to publish with SNS",
        400,
    )
    role = make_role(client, "texts", "cognito-idp.amazonaws.com", "sns:Publish")
    assert pool(SmsConfiguration={"SnsCallerArn": role}, MfaConfiguration="OPTIONAL")


def test_only_one_of_aliases_and_user_names_can_be_set(pool: Callable[..., str], aws_error: Callable[..., Any]) -> None:
    refused = aws_error(lambda: pool(AliasAttributes=["email"], UsernameAttributes=["email"]))
    message = "Only one of the aliasAttributes or usernameAttributes can be set."
    assert refused == ("InvalidParameterException", message, 400)


def test_what_pools_never_have_is_answered_so(idp: Any, pool: Callable[..., str]) -> None:
    pool_id = pool()
    assert idp.list_identity_providers(UserPoolId=pool_id)["Providers"] == []
    assert idp.describe_risk_configuration(UserPoolId=pool_id)["RiskConfiguration"] == {"UserPoolId": pool_id}
    header = idp.get_csv_header(UserPoolId=pool_id)["CSVHeader"]
    assert header[-2:] == ["cognito:mfa_enabled", "cognito:username"]
    assert "email_verified" in header


def test_a_pool_counts_its_users(idp: Any, pool: Callable[..., str], user: Callable[..., str]) -> None:
    pool_id = pool()

    def counted() -> int:
        number: int = idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]["EstimatedNumberOfUsers"]
        return number

    for name in ("ada", "ben"):
        user(pool_id, name)
    idp.admin_disable_user(UserPoolId=pool_id, Username="ben")
    assert counted() == 2
    idp.admin_delete_user(UserPoolId=pool_id, Username="ada")
    assert counted() == 1


def test_a_deleted_pools_users_cannot_sign_in(
    idp: Any, pool: Callable[..., str], app_client: Callable[..., str], user: Callable[..., str], aws_error: Any
) -> None:
    pool_id = pool()
    client_id = app_client(pool_id, ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
    user(pool_id, "ada")
    given = {"USERNAME": "ada", "PASSWORD": PASSWORD}
    flow = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": client_id, "AuthParameters": given}
    token = idp.initiate_auth(**flow)["AuthenticationResult"]["AccessToken"]
    assert idp.get_user(AccessToken=token)["Username"] == "ada"
    idp.delete_user_pool(UserPoolId=pool_id)
    assert aws_error(lambda: idp.initiate_auth(**flow))[0] == "ResourceNotFoundException"
    assert aws_error(lambda: idp.get_user(AccessToken=token))[2] == 400


def test_who_gives_a_pool_a_role_must_be_allowed_to_pass_it(
    client: Callable[..., Any], region: Any, pool: Callable[..., str], aws_error: Callable[..., Any]
) -> None:
    role = make_role(client, "texts", "cognito-idp.amazonaws.com", "sns:Publish")
    iam = client("iam")
    iam.create_user(UserName="clerk")
    iam.put_user_policy(UserName="clerk", PolicyName="may", PolicyDocument=may("cognito-idp:*"))
    key = iam.create_access_key(UserName="clerk")["AccessKey"]
    clerk = region.client("cognito-idp", key["AccessKeyId"], key["SecretAccessKey"])
    sms, pool_id = {"SnsCallerArn": role}, pool()
    for call in (
        lambda: clerk.create_user_pool(PoolName="p", SmsConfiguration=sms),
        lambda: clerk.update_user_pool(UserPoolId=pool_id, SmsConfiguration=sms),
        lambda: clerk.set_user_pool_mfa_config(
            UserPoolId=pool_id, MfaConfiguration="ON", SmsMfaConfiguration={"SmsConfiguration": sms}
        ),
    ):
        code, message, _ = aws_error(call)
        assert code == "AccessDeniedException"
        assert f"is not authorized to perform: iam:PassRole on resource: {role}" in message
    assert clerk.create_user_pool(PoolName="p")
