"""What passwords of an account's users must be: {Update,Get,Delete}AccountPasswordPolicy, and whether one is that.

docs: IAM User Guide, "Set an account password policy for IAM users".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.keys import Key
from atoll.kernel.records import Codec
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam.errors import NoSuchEntityException, PasswordPolicyViolationException
from atoll.services.iam.resources import on_account
from atoll.services.iam.store import changed

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import UpdateAccountPasswordPolicyRequestTypeDef

_UPPER, _LOWER, _NUMBER = re.compile("[A-Z]"), re.compile("[a-z]"), re.compile("[0-9]")
_SYMBOL = re.compile(r"[!@#$%^&*()_+\-=\[\]{}|']")
DEFAULT_LENGTH, DEFAULT_KINDS = 8, 3
"""Without a policy: so many characters, of so many of the four kinds."""
GRANT = "AllowUsersToChangePassword"
MAY_CHANGE = """{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "iam:GetAccountPasswordPolicy", "Resource": "*"},
    {"Effect": "Allow", "Action": "iam:ChangePassword", "Resource":
        ["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/*/${aws:username}"]}
]}"""
"""What a password policy that lets users change their passwords gives to each of them."""


class PasswordPolicy(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The account's policy. `max_age` is in days, `remembered` how many passwords may not be used again; 0: no matter."""

    length: int = 6
    symbols: bool = False
    numbers: bool = False
    upper: bool = False
    lower: bool = False
    may_change: bool = False
    max_age: int = 0
    remembered: int = 0
    hard_expiry: bool | None = None


POLICY = Codec(PasswordPolicy)


def find(tx: Reader, account: str) -> PasswordPolicy | None:
    """The account's policy, or None."""
    raw = tx.get(_key(account))
    return POLICY.decode(raw) if raw else None


def check(policy: PasswordPolicy | None, account: str, password: str) -> None:
    """Raises PasswordPolicyViolationException if a password is not what the policy (None: AWS's default) wants."""
    if not (_is_default(account, password) if policy is None else _conforms(policy, password)):
        violated()


def violated() -> None:
    """Raises PasswordPolicyViolationException."""
    raise PasswordPolicyViolationException("Password does not conform to the account password policy.")


def _is_default(account: str, password: str) -> bool:
    kinds = sum(1 for kind in (_UPPER, _LOWER, _NUMBER, _SYMBOL) if kind.search(password))
    return len(password) >= DEFAULT_LENGTH and kinds >= DEFAULT_KINDS and password != account


def _conforms(policy: PasswordPolicy, password: str) -> bool:
    wanted = (
        (policy.upper, _UPPER), (policy.lower, _LOWER), (policy.numbers, _NUMBER), (policy.symbols, _SYMBOL),
    )  # fmt: skip
    return len(password) >= policy.length and all(kind.search(password) for needed, kind in wanted if needed)


def _key(account: str) -> Key:
    return (account, "", "iam", "password-policy")


@operation("UpdateAccountPasswordPolicy", access=on_account("UpdateAccountPasswordPolicy"))
async def update_account_password_policy(ctx: Context, request: UpdateAccountPasswordPolicyRequestTypeDef) -> None:
    """What is not given gets its default, whatever it was. docs: API_UpdateAccountPasswordPolicy."""
    policy = PasswordPolicy(
        length=request.get("MinimumPasswordLength", 6),
        symbols=request.get("RequireSymbols", False),
        numbers=request.get("RequireNumbers", False),
        upper=request.get("RequireUppercaseCharacters", False),
        lower=request.get("RequireLowercaseCharacters", False),
        may_change=request.get("AllowUsersToChangePassword", False),
        max_age=request.get("MaxPasswordAge", 0),
        remembered=request.get("PasswordReusePrevention", 0),
        hard_expiry=request.get("HardExpiry"),
    )

    def update(tx: Transaction) -> None:
        tx.set(_key(ctx.account), POLICY.encode(policy))
        changed(tx, ctx.account)

    await ctx.store.transact(update)


@operation("GetAccountPasswordPolicy", access=on_account("GetAccountPasswordPolicy"))
async def get_account_password_policy(ctx: Context, _request: dict[str, Any]) -> dict[str, Any]:
    """docs: API_GetAccountPasswordPolicy."""
    policy = await ctx.store.read(lambda tx: find(tx, ctx.account))
    if policy is None:
        raise NoSuchEntityException(f"The Password Policy with domain name {ctx.account} cannot be found.")
    return {
        "PasswordPolicy": {
            "MinimumPasswordLength": policy.length,
            "RequireSymbols": policy.symbols,
            "RequireNumbers": policy.numbers,
            "RequireUppercaseCharacters": policy.upper,
            "RequireLowercaseCharacters": policy.lower,
            "AllowUsersToChangePassword": policy.may_change,
            "ExpirePasswords": policy.max_age > 0,
            "MaxPasswordAge": policy.max_age or None,
            "PasswordReusePrevention": policy.remembered or None,
            "HardExpiry": policy.hard_expiry,
        }
    }


@operation("DeleteAccountPasswordPolicy", access=on_account("DeleteAccountPasswordPolicy"))
async def delete_account_password_policy(ctx: Context, _request: dict[str, Any]) -> None:
    """docs: API_DeleteAccountPasswordPolicy."""

    def delete(tx: Transaction) -> None:
        if find(tx, ctx.account) is None:
            raise NoSuchEntityException("The account policy with name PasswordPolicy cannot be found.")
        tx.delete(_key(ctx.account))
        changed(tx, ctx.account)

    await ctx.store.transact(delete)
