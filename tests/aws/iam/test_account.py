"""The account: its alias."""

from __future__ import annotations

from tests.aws.iam.people import iam

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
