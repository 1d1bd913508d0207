"""Instance profiles: {Create,Get,Delete}InstanceProfile, ListInstanceProfiles, {Add,Remove}Role…InstanceProfile,
ListInstanceProfilesForRole. The region has no instances; stacks that make profiles find them as they made them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import paging, roles, tagging
from atoll.services.iam.errors import DeleteConflictException, LimitExceededException, NoSuchEntityException
from atoll.services.iam.resources import makes, new_profile, on_profile, on_role, passes_role, profiles_below
from atoll.services.iam.store import PROFILES, ROLES, InstanceProfile, profiles_prefix

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        AddRoleToInstanceProfileRequestTypeDef,
        CreateInstanceProfileRequestTypeDef,
        DeleteInstanceProfileRequestTypeDef,
        GetInstanceProfileRequestTypeDef,
        ListInstanceProfilesForRoleRequestTypeDef,
        ListInstanceProfilesRequestTypeDef,
        RemoveRoleFromInstanceProfileRequestTypeDef,
    )


def shown(tx: Reader, account: str, profile: InstanceProfile) -> dict[str, Any]:
    """An instance profile with its role, as every answer shows it; lists leave out the tags."""
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": PROFILES.arn(account, profile),
        "CreateDate": profile.created,
        "Roles": [roles.basic(tx, account, ROLES.get(tx, account, profile.role))] if profile.role else [],
    }


def of_role(tx: Reader, account: str, role: str) -> list[InstanceProfile]:
    """The instance profiles that a role is in, by name."""
    return [PROFILES.get(tx, account, str(key[-1])) for key, _ in tx.scan(under(profiles_prefix(account, role)))]


def _full(tx: Reader, account: str, profile: InstanceProfile) -> dict[str, Any]:
    return shown(tx, account, profile) | {"Tags": tagging.shown(profile.tags)}


@operation("CreateInstanceProfile", access=makes("InstanceProfile", new_profile))
async def create_instance_profile(ctx: Context, request: CreateInstanceProfileRequestTypeDef) -> dict[str, Any]:
    """docs: API_CreateInstanceProfile."""
    profile = InstanceProfile(
        name=request["InstanceProfileName"], path=request.get("Path", "/"), id=ctx.ids.iam("AIPA"),
        created=int(ctx.clock.now()), tags=tagging.given(request.get("Tags", ()), fold=False),
    )  # fmt: skip

    def create(tx: Transaction) -> dict[str, Any]:
        PROFILES.create(tx, ctx.account, profile)
        return shown(tx, ctx.account, profile) | {"Tags": tagging.shown(profile.tags) or None}

    return {"InstanceProfile": await ctx.store.transact(create)}


@operation("GetInstanceProfile", access=on_profile("GetInstanceProfile"))
async def get_instance_profile(ctx: Context, request: GetInstanceProfileRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetInstanceProfile."""
    name = request["InstanceProfileName"]
    read = lambda tx: _full(tx, ctx.account, PROFILES.get(tx, ctx.account, name))  # noqa: E731
    return {"InstanceProfile": await ctx.store.read(read)}


@operation("ListInstanceProfiles", access=[Access("iam:ListInstanceProfiles", resource=profiles_below)])
async def list_instance_profiles(ctx: Context, request: ListInstanceProfilesRequestTypeDef) -> dict[str, Any]:
    """By name. docs: API_ListInstanceProfiles."""

    def read(tx: Reader) -> dict[str, Any]:
        found, more = paging.page(request, paging.below(tx, ctx.account, PROFILES, request.get("PathPrefix", "/")))
        return {"InstanceProfiles": [shown(tx, ctx.account, profile) for profile in found], **more}

    return await ctx.store.read(read)


@operation("ListInstanceProfilesForRole", access=on_role("ListInstanceProfilesForRole"))
async def list_instance_profiles_for_role(
    ctx: Context, request: ListInstanceProfilesForRoleRequestTypeDef
) -> dict[str, Any]:
    """By name. docs: API_ListInstanceProfilesForRole."""

    def read(tx: Reader) -> dict[str, Any]:
        role = ROLES.get(tx, ctx.account, request["RoleName"])
        found, more = paging.page(request, paging.listed(of_role(tx, ctx.account, role.name)))
        return {"InstanceProfiles": [shown(tx, ctx.account, profile) for profile in found], **more}

    return await ctx.store.read(read)


@operation("AddRoleToInstanceProfile", access=[*on_profile("AddRoleToInstanceProfile"), passes_role()])
async def add_role_to_instance_profile(ctx: Context, request: AddRoleToInstanceProfileRequestTypeDef) -> None:
    """A profile has one role at most. docs: API_AddRoleToInstanceProfile."""

    def add(tx: Transaction) -> None:
        profile = PROFILES.get(tx, ctx.account, request["InstanceProfileName"])
        role = ROLES.get(tx, ctx.account, request["RoleName"]).name.lower()
        if profile.role:
            raise LimitExceededException("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
        tx.set((*profiles_prefix(ctx.account, role), profile.name.lower()), b"")
        PROFILES.put(tx, ctx.account, replace(profile, role=role))

    await ctx.store.transact(add)


@operation("RemoveRoleFromInstanceProfile", access=on_profile("RemoveRoleFromInstanceProfile"))
async def remove_role_from_instance_profile(ctx: Context, request: RemoveRoleFromInstanceProfileRequestTypeDef) -> None:
    """docs: API_RemoveRoleFromInstanceProfile."""

    def remove(tx: Transaction) -> None:
        profile = PROFILES.get(tx, ctx.account, request["InstanceProfileName"])
        role = ROLES.get(tx, ctx.account, request["RoleName"])
        if profile.role != role.name.lower():
            raise NoSuchEntityException(f"The role with name {role.name} cannot be found.")
        tx.delete((*profiles_prefix(ctx.account, role.name), profile.name.lower()))
        PROFILES.put(tx, ctx.account, replace(profile, role=""))

    await ctx.store.transact(remove)


@operation("DeleteInstanceProfile", access=on_profile("DeleteInstanceProfile"))
async def delete_instance_profile(ctx: Context, request: DeleteInstanceProfileRequestTypeDef) -> None:
    """docs: API_DeleteInstanceProfile."""

    def delete(tx: Transaction) -> None:
        profile = PROFILES.get(tx, ctx.account, request["InstanceProfileName"])
        if profile.role:
            raise DeleteConflictException("Cannot delete entity, must remove roles from instance profile first.")
        PROFILES.delete(tx, ctx.account, profile)

    await ctx.store.transact(delete)
