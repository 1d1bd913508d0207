"""Users' passwords: {Create,Get,Update,Delete}LoginProfile, ChangePassword. They are kept as hashes, and checked in ChangePassword:
there is no console to sign in to."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from atoll.auth import passwords
from atoll.kernel.context import Context
from atoll.kernel.errors import AccessDenied, ValidationFailed
from atoll.kernel.records import Codec
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import password_policy
from atoll.services.iam.errors import EntityAlreadyExistsException, InvalidUserTypeException, NoSuchEntityException
from atoll.services.iam.password_policy import PasswordPolicy
from atoll.services.iam.resources import on_caller, on_user
from atoll.services.iam.store import USERS, User, login_profile_key
from atoll.services.iam.users import named_or_caller

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        ChangePasswordRequestTypeDef,
        CreateLoginProfileRequestTypeDef,
        DeleteLoginProfileRequestTypeDef,
        GetLoginProfileRequestTypeDef,
        UpdateLoginProfileRequestTypeDef,
    )

REMEMBERED = 24
"""Passwords of which hashes are kept: the most that a policy can forbid to use again."""


class LoginProfile(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A user's password. `hashes` are those of its passwords under one salt, the latest first; times are in whole seconds."""

    created: int
    changed: int
    salt: str
    hashes: tuple[bytes, ...]
    reset: bool = False


PROFILES = Codec(LoginProfile)


def find(tx: Reader, account: str, user: User) -> LoginProfile | None:
    """A user's password, or None."""
    raw = tx.get(login_profile_key(account, user))
    return PROFILES.decode(raw) if raw else None


def _get(tx: Reader, account: str, name: str) -> tuple[User, LoginProfile]:
    user = USERS.get(tx, account, name)
    profile = find(tx, account, user)
    if profile is None:
        raise NoSuchEntityException(f"Login Profile for User {user.name} cannot be found.")
    return user, profile


def _put(tx: Transaction, account: str, user: User, profile: LoginProfile) -> None:
    tx.set(login_profile_key(account, user), PROFILES.encode(profile))


def _shown(user: User, profile: LoginProfile) -> dict[str, Any]:
    return {
        "LoginProfile": {
            "UserName": user.name, "CreateDate": profile.created, "PasswordResetRequired": profile.reset,
        }
    }  # fmt: skip


def _followed(profile: LoginProfile, policy: PasswordPolicy | None, fresh: bytes, now: int) -> LoginProfile:
    """The profile with another password. Raises PasswordPolicyViolationException if it was used too lately."""
    if policy and fresh in profile.hashes[: policy.remembered]:
        password_policy.violated()
    return replace(profile, hashes=(fresh, *profile.hashes)[:REMEMBERED], changed=now)


@operation("CreateLoginProfile", access=on_user("CreateLoginProfile"))
async def create_login_profile(ctx: Context, request: CreateLoginProfileRequestTypeDef) -> dict[str, Any]:
    """docs: API_CreateLoginProfile."""
    name, password = named_or_caller(ctx, request.get("UserName")), request.get("Password")
    now, salt = int(ctx.clock.now()), ctx.ids.hex(2 * passwords.SALT)
    if password is None:  # AWS takes none from an AssumeRoot session, which there is not
        raise ValidationFailed("Password must be specified.")
    hashed = await passwords.hashed(password, bytes.fromhex(salt))

    def create(tx: Transaction) -> dict[str, Any]:
        user = USERS.get(tx, ctx.account, name)
        if find(tx, ctx.account, user) is not None:
            raise EntityAlreadyExistsException(f"Login Profile for user {user.name} already exists.")
        password_policy.check(password_policy.find(tx, ctx.account), ctx.account, password)
        reset = request.get("PasswordResetRequired", False)
        profile = LoginProfile(created=now, changed=now, salt=salt, hashes=(hashed,), reset=reset)
        _put(tx, ctx.account, user, profile)
        return _shown(user, profile)

    return await ctx.store.transact(create)


@operation("GetLoginProfile", access=on_user("GetLoginProfile"))
async def get_login_profile(ctx: Context, request: GetLoginProfileRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetLoginProfile."""
    name = named_or_caller(ctx, request.get("UserName"))
    return _shown(*await ctx.store.read(lambda tx: _get(tx, ctx.account, name)))


@operation("UpdateLoginProfile", access=on_user("UpdateLoginProfile"))
async def update_login_profile(ctx: Context, request: UpdateLoginProfileRequestTypeDef) -> None:
    """What is not given stays. docs: API_UpdateLoginProfile."""
    name, now, password = request["UserName"], int(ctx.clock.now()), request.get("Password")
    _, seen = await ctx.store.read(lambda tx: _get(tx, ctx.account, name))
    fresh = await passwords.hashed(password, bytes.fromhex(seen.salt)) if password is not None else None

    def update(tx: Transaction) -> None:
        user, profile = _get(tx, ctx.account, name)
        if password is not None and fresh is not None:
            policy = password_policy.find(tx, ctx.account)
            password_policy.check(policy, ctx.account, password)
            profile = _followed(_same(profile, seen), policy, fresh, now)
        _put(tx, ctx.account, user, replace(profile, reset=request.get("PasswordResetRequired", profile.reset)))

    await ctx.store.transact(update)


def _same(profile: LoginProfile, seen: LoginProfile) -> LoginProfile:
    """The profile, if it is still that under whose salt was hashed. Raises NoSuchEntityException where it has just been made anew."""
    if profile.salt != seen.salt:
        raise NoSuchEntityException("Login Profile was replaced while it was being updated.")
    return profile


@operation("DeleteLoginProfile", access=on_user("DeleteLoginProfile"))
async def delete_login_profile(ctx: Context, request: DeleteLoginProfileRequestTypeDef) -> None:
    """docs: API_DeleteLoginProfile."""
    name = named_or_caller(ctx, request.get("UserName"))

    def delete(tx: Transaction) -> None:
        user, _ = _get(tx, ctx.account, name)
        tx.delete(login_profile_key(ctx.account, user))

    await ctx.store.transact(delete)


@operation("ChangePassword", access=on_caller("ChangePassword"))
async def change_password(ctx: Context, request: ChangePasswordRequestTypeDef) -> None:
    """docs: API_ChangePassword."""
    if ctx.principal.kind != "user":
        raise InvalidUserTypeException("Only IAM Users can change their own password")
    name, now, password = named_or_caller(ctx, None), int(ctx.clock.now()), request["NewPassword"]
    _, seen = await ctx.store.read(lambda tx: _get(tx, ctx.account, name))
    old = await passwords.hashed(request["OldPassword"], bytes.fromhex(seen.salt))
    fresh = await passwords.hashed(password, bytes.fromhex(seen.salt))

    def change(tx: Transaction) -> None:
        user, profile = _get(tx, ctx.account, name)
        if not hmac.compare_digest(old, profile.hashes[0]):
            raise AccessDenied("The old password was incorrect.")
        policy = password_policy.find(tx, ctx.account)
        password_policy.check(policy, ctx.account, password)
        _put(tx, ctx.account, user, replace(_followed(profile, policy, fresh, now), reset=False))

    await ctx.store.transact(change)
