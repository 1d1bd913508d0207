"""The account: its alias, its summary and quotas."""

from __future__ import annotations

from tests.aws.iam.people import TRUST, document, iam

__all__ = ["iam"]


def test_the_accounts_alias(iam, region, account, aws_error):
    assert iam.list_account_aliases()["AccountAliases"] == []
    alias = f"the-{account}"
    iam.create_account_alias(AccountAlias=alias)
    taken = ("EntityAlreadyExists", f"The account alias {alias} already exists.", 409)
    assert aws_error(lambda: iam.create_account_alias(AccountAlias=alias)) == taken
    other = region.client("iam", key=f"{(int(account) + 1) % 10**12:012d}")
    assert aws_error(lambda: other.create_account_alias(AccountAlias=alias)) == taken
    iam.create_account_alias(AccountAlias=f"{alias}-2")
    assert iam.list_account_aliases()["AccountAliases"] == [f"{alias}-2"]
    other.create_account_alias(AccountAlias=alias)
    other.delete_account_alias(AccountAlias=alias)
    assert aws_error(lambda: iam.delete_account_alias(AccountAlias=alias)) == (
        "NoSuchEntity",
        f"The account alias with name {alias} cannot be found.",
        404,
    )
    iam.delete_account_alias(AccountAlias=f"{alias}-2")
    assert iam.list_account_aliases()["AccountAliases"] == []
    assert aws_error(lambda: iam.create_account_alias(AccountAlias="no--good"))[0] == "ValidationError"


def test_a_reset_frees_the_alias(new_region):
    region = new_region()
    one, two = region.client("iam", key="111111111111"), region.client("iam", key="222222222222")
    one.create_account_alias(AccountAlias="taken")
    region.atoll("reset", "--account", "111111111111", "--yes")
    assert one.list_account_aliases()["AccountAliases"] == []
    two.create_account_alias(AccountAlias="taken")


def test_the_accounts_summary(iam):
    empty = iam.get_account_summary()["SummaryMap"]
    members = iam.meta.service_model.shape_for("summaryKeyType").enum
    assert sorted(empty) == sorted(members)
    assert (empty["UsersQuota"], empty["GroupsQuota"], empty["RolesQuota"]) == (5000, 300, 1000)
    assert (empty["PoliciesQuota"], empty["InstanceProfilesQuota"], empty["GroupsPerUserQuota"]) == (1500, 1000, 10)
    assert (empty["UserPolicySizeQuota"], empty["GroupPolicySizeQuota"], empty["RolePolicySizeQuota"]) == (
        2048,
        5120,
        10240,
    )
    assert empty["AccountAccessKeysPresent"] == empty["Users"] == 0
    for number in range(3):
        iam.create_user(UserName=f"u{number}")
    iam.create_group(GroupName="devs")
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=TRUST)
    iam.create_instance_profile(InstanceProfileName="web")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document("s3:*"))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document("s3:*"))
    iam.delete_user(UserName="u0")
    iam.update_user(UserName="u1", NewUserName="u9")
    changed = {key: value for key, value in iam.get_account_summary()["SummaryMap"].items() if value != empty[key]}
    assert changed == {
        "Users": 2,
        "Groups": 1,
        "Roles": 1,
        "InstanceProfiles": 1,
        "Policies": 1,
        "PolicyVersionsInUse": 2,
    }


def test_an_account_has_groups_up_to_its_quota(iam, aws_error):
    for number in range(300):
        iam.create_group(GroupName=f"g{number}")
    assert aws_error(lambda: iam.create_group(GroupName="more")) == (
        "LimitExceeded",
        "Cannot exceed quota for GroupsPerAccount: 300",
        409,
    )
    iam.delete_group(GroupName="g7")
    iam.create_group(GroupName="more")


def test_what_iam_does_not_do_is_refused_with_its_reason(iam, aws_error):
    code, message, status = aws_error(iam.list_organizations_features)
    assert (code, status) == ("NotImplemented", 501)
    assert "accounts belong to no organization" in message
    assert (
        "one form"
        in aws_error(lambda: iam.set_security_token_service_preferences(GlobalEndpointTokenVersion="v2Token"))[1]
    )
