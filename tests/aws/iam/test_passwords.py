"""Login profiles, the account's password policy, and users who change their passwords."""

from __future__ import annotations

import httpx
import pytest
from tests.aws.iam.people import document, iam, user

__all__ = ["iam", "user"]
GOOD, BETTER = "Correct-horse-1", "Correct-horse-2"
VIOLATED = ("PasswordPolicyViolation", "Password does not conform to the account password policy.", 400)


@pytest.fixture
def ann(iam, user):
    """A user with a password who may change it."""
    client = user("ann")
    iam.create_login_profile(UserName="ann", Password=GOOD)
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=document("iam:ChangePassword"))
    return client("iam")


def test_login_profiles(iam, aws_error):
    iam.create_user(UserName="ann")
    missing = ("NoSuchEntity", "Login Profile for User ann cannot be found.", 404)
    assert aws_error(lambda: iam.get_login_profile(UserName="ann")) == missing
    assert aws_error(lambda: iam.update_login_profile(UserName="ann", Password=GOOD)) == missing
    assert aws_error(lambda: iam.delete_login_profile(UserName="ann")) == missing
    made = iam.create_login_profile(UserName="ann", Password=GOOD, PasswordResetRequired=True)["LoginProfile"]
    assert (made["UserName"], made["PasswordResetRequired"]) == ("ann", True)
    assert iam.get_login_profile(UserName="ann")["LoginProfile"] == made
    assert aws_error(lambda: iam.create_login_profile(UserName="ann", Password=GOOD)) == (
        "EntityAlreadyExists",
        "Login Profile for user ann already exists.",
        409,
    )
    iam.update_login_profile(UserName="ann", Password=BETTER)
    assert iam.get_login_profile(UserName="ann")["LoginProfile"] == made
    iam.update_login_profile(UserName="ann", PasswordResetRequired=False)
    assert iam.get_login_profile(UserName="ann")["LoginProfile"]["PasswordResetRequired"] is False
    assert aws_error(lambda: iam.delete_user(UserName="ann")) == (
        "DeleteConflict",
        "Cannot delete entity, must delete login profile first.",
        409,
    )
    iam.delete_login_profile(UserName="ann")
    iam.delete_user(UserName="ann")
    assert aws_error(lambda: iam.create_login_profile(UserName="eve", Password=GOOD))[1] == (
        "The user with name eve cannot be found."
    )


def test_passwords_without_a_policy_are_what_aws_wants(iam, aws_error):
    iam.create_user(UserName="ann")
    for bad in ("Short-1", "only lower", "lowerUPPERonly", "12345678"):
        assert aws_error(lambda bad=bad: iam.create_login_profile(UserName="ann", Password=bad)) == VIOLATED
    iam.create_login_profile(UserName="ann", Password="three-Kinds")


def test_the_accounts_password_policy(iam, account, aws_error):
    missing = ("NoSuchEntity", f"The Password Policy with domain name {account} cannot be found.", 404)
    assert aws_error(iam.get_account_password_policy) == missing
    assert aws_error(iam.delete_account_password_policy) == (
        "NoSuchEntity",
        "The account policy with name PasswordPolicy cannot be found.",
        404,
    )
    iam.update_account_password_policy()
    default = {
        "MinimumPasswordLength": 6,
        "RequireSymbols": False,
        "RequireNumbers": False,
        "RequireUppercaseCharacters": False,
        "RequireLowercaseCharacters": False,
        "AllowUsersToChangePassword": False,
        "ExpirePasswords": False,
    }
    assert iam.get_account_password_policy()["PasswordPolicy"] == default
    iam.update_account_password_policy(MinimumPasswordLength=12, MaxPasswordAge=90, PasswordReusePrevention=5)
    assert iam.get_account_password_policy()["PasswordPolicy"] == default | {
        "MinimumPasswordLength": 12,
        "ExpirePasswords": True,
        "MaxPasswordAge": 90,
        "PasswordReusePrevention": 5,
    }
    iam.update_account_password_policy(HardExpiry=False)
    assert iam.get_account_password_policy()["PasswordPolicy"] == default | {"HardExpiry": False}
    iam.delete_account_password_policy()
    assert aws_error(iam.get_account_password_policy) == missing


def test_passwords_are_held_against_the_accounts_policy(iam, aws_error):
    iam.create_user(UserName="ann")
    kinds = ("RequireSymbols", "RequireNumbers", "RequireUppercaseCharacters", "RequireLowercaseCharacters")
    iam.update_account_password_policy(MinimumPasswordLength=10, **dict.fromkeys(kinds, True))
    for bad in ("aB3$aB3$", "aB3aB3aB3aB3", "aB$aB$aB$aB$", "a3$a3$a3$a3$", "B3$B3$B3$B3$"):
        assert aws_error(lambda bad=bad: iam.create_login_profile(UserName="ann", Password=bad)) == VIOLATED
    iam.create_login_profile(UserName="ann", Password="aB3$aB3$aB")
    assert aws_error(lambda: iam.update_login_profile(UserName="ann", Password="short")) == VIOLATED
    iam.update_account_password_policy()
    iam.update_login_profile(UserName="ann", Password="simple")


def test_change_password(iam, ann, aws_error):
    assert aws_error(lambda: ann.change_password(OldPassword="Wrong-horse-1", NewPassword=BETTER)) == (
        "AccessDenied",
        "The old password was incorrect.",
        403,
    )
    iam.update_login_profile(UserName="ann", PasswordResetRequired=True)
    ann.change_password(OldPassword=GOOD, NewPassword=BETTER)
    assert iam.get_login_profile(UserName="ann")["LoginProfile"]["PasswordResetRequired"] is False
    assert aws_error(lambda: ann.change_password(OldPassword=GOOD, NewPassword=GOOD))[0] == "AccessDenied"
    assert aws_error(lambda: ann.change_password(OldPassword=BETTER, NewPassword="short")) == VIOLATED
    iam.update_login_profile(UserName="ann", Password=GOOD)
    ann.change_password(OldPassword=GOOD, NewPassword=BETTER)
    assert aws_error(lambda: iam.change_password(OldPassword=GOOD, NewPassword=BETTER)) == (
        "InvalidUserType",
        "Only IAM Users can change their own password",
        400,
    )
    iam.delete_login_profile(UserName="ann")
    assert aws_error(lambda: ann.change_password(OldPassword=BETTER, NewPassword=GOOD))[1] == (
        "Login Profile for User ann cannot be found."
    )


def test_password_reuse_prevention(iam, ann, aws_error):
    iam.update_account_password_policy(PasswordReusePrevention=2)
    ann.change_password(OldPassword=GOOD, NewPassword="second")
    assert aws_error(lambda: ann.change_password(OldPassword="second", NewPassword=GOOD)) == VIOLATED
    assert aws_error(lambda: ann.change_password(OldPassword="second", NewPassword="second")) == VIOLATED
    ann.change_password(OldPassword="second", NewPassword="third!")
    ann.change_password(OldPassword="third!", NewPassword=GOOD)


def test_users_may_change_their_password_where_the_accounts_policy_lets_them(iam, user, aws_error):
    ann, joann = user("ann")("iam"), user("joann")
    iam.update_user(UserName="joann", NewPath="/staff/")
    for name in ("ann", "joann"):
        iam.create_login_profile(UserName=name, Password=GOOD)
    assert aws_error(lambda: ann.change_password(OldPassword=GOOD, NewPassword=BETTER))[0] == "AccessDenied"
    iam.update_account_password_policy(AllowUsersToChangePassword=True)
    ann.change_password(OldPassword=GOOD, NewPassword=BETTER)
    joann("iam").change_password(OldPassword=GOOD, NewPassword=BETTER)
    assert ann.get_account_password_policy()
    assert aws_error(lambda: ann.get_login_profile())[0] == "AccessDenied"
    iam.update_account_password_policy()
    assert aws_error(lambda: ann.change_password(OldPassword=BETTER, NewPassword=GOOD))[0] == "AccessDenied"


def test_who_names_nobody_means_its_own_password(iam, user):
    ann = user("ann")("iam")
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=document("iam:*LoginProfile"))
    assert ann.create_login_profile(Password=GOOD)["LoginProfile"]["UserName"] == "ann"
    assert ann.get_login_profile()["LoginProfile"]["UserName"] == "ann"
    ann.delete_login_profile()


def test_no_password_reaches_an_error_a_trace_or_the_disk(new_region, aws_error):
    region = new_region()
    iam = region.client("iam")
    iam.create_user(UserName="ann")
    secret = "Very-secret-\u00e9-1"
    iam.create_login_profile(UserName="ann", Password=secret)
    bad = "Bad-\u4e2d-secret"
    code, message, _ = aws_error(lambda: iam.update_login_profile(UserName="ann", Password=bad))
    assert code == "ValidationError"
    assert bad not in message
    told = region.log.read_text()
    for trace in httpx.get(f"{region.endpoint}/_atoll/trace").json()["traces"]:
        told += httpx.get(f"{region.endpoint}/_atoll/trace/{trace['id']}").text
    region.stop()
    stored = b"".join(path.read_bytes() for path in region.data_dir.rglob("*") if path.is_file())
    for password in (secret, bad):
        assert password not in told
        assert password.encode() not in stored
