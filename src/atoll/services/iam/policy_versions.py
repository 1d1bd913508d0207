"""Versions of managed policies: CreatePolicyVersion, GetPolicyVersion, ListPolicyVersions, SetDefaultPolicyVersion,
DeletePolicyVersion. Numbers only grow; one is the default, and it is the one in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import documents, paging, policies
from atoll.services.iam.errors import (
    DeleteConflictException,
    LimitExceededException,
    NoSuchEntityException,
)
from atoll.services.iam.resources import on_policy
from atoll.services.iam.store import Policy, document_key

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreatePolicyVersionRequestTypeDef,
        DeletePolicyVersionRequestTypeDef,
        GetPolicyVersionRequestTypeDef,
        ListPolicyVersionsRequestTypeDef,
        SetDefaultPolicyVersionRequestTypeDef,
    )

MOST = 5


@operation("CreatePolicyVersion", access=on_policy("CreatePolicyVersion"))
async def create_policy_version(ctx: Context, request: CreatePolicyVersionRequestTypeDef) -> dict[str, Any]:
    """docs: API_CreatePolicyVersion."""
    arn, text, default = request["PolicyArn"], request["PolicyDocument"], request.get("SetAsDefault", False)
    documents.check_managed(text)
    now = int(ctx.clock.now())

    def create(tx: Transaction) -> dict[str, Any]:
        policy = policies.own(tx, ctx, arn)
        if len(policy.versions) >= MOST:
            raise LimitExceededException(
                f"A managed policy can have up to {MOST} versions. Before you create a new version, you must delete "
                "an existing version."
            )
        number = policy.last + 1
        policy = replace(
            policy, last=number, versions=policy.versions | {number: now}, updated=now,
            default=number if default else policy.default,
        )  # fmt: skip
        policies.put(tx, ctx.account, policy)
        tx.set(document_key(ctx.account, policy.name, number), text.encode())
        return shown(policy, number)

    return {"PolicyVersion": await ctx.store.transact(create)}


@operation("GetPolicyVersion", access=on_policy("GetPolicyVersion"))
async def get_policy_version(ctx: Context, request: GetPolicyVersionRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetPolicyVersion."""
    arn = request["PolicyArn"]

    def read(tx: Reader) -> dict[str, Any]:
        policy = policies.get(tx, ctx.account, arn)
        number = _existing(policy, arn, request["VersionId"])
        text = policies.document(tx, ctx.account, arn, number)
        return {"Document": documents.encoded(text)} | shown(policy, number)

    return {"PolicyVersion": await ctx.store.read(read)}


@operation("ListPolicyVersions", access=on_policy("ListPolicyVersions"))
async def list_policy_versions(ctx: Context, request: ListPolicyVersionsRequestTypeDef) -> dict[str, Any]:
    """The newest first. docs: API_ListPolicyVersions."""
    policy = await ctx.store.read(lambda tx: policies.get(tx, ctx.account, request["PolicyArn"]))
    numbers, more = paging.page(request, paging.listed(sorted(policy.versions, reverse=True)))
    return {"Versions": [shown(policy, number) for number in numbers], **more}


@operation("SetDefaultPolicyVersion", access=on_policy("SetDefaultPolicyVersion"))
async def set_default_policy_version(ctx: Context, request: SetDefaultPolicyVersionRequestTypeDef) -> None:
    """docs: API_SetDefaultPolicyVersion."""
    arn, now = request["PolicyArn"], int(ctx.clock.now())

    def choose(tx: Transaction) -> None:
        policy = policies.own(tx, ctx, arn)
        number = _existing(policy, arn, request["VersionId"])
        policies.put(tx, ctx.account, replace(policy, default=number, updated=now))

    await ctx.store.transact(choose)


@operation("DeletePolicyVersion", access=on_policy("DeletePolicyVersion"))
async def delete_policy_version(ctx: Context, request: DeletePolicyVersionRequestTypeDef) -> None:
    """docs: API_DeletePolicyVersion."""
    arn, now = request["PolicyArn"], int(ctx.clock.now())

    def delete(tx: Transaction) -> None:
        policy = policies.own(tx, ctx, arn)
        number = _existing(policy, arn, request["VersionId"])
        if number == policy.default:
            raise DeleteConflictException("Cannot delete the default version of a policy.")
        versions = {kept: created for kept, created in policy.versions.items() if kept != number}
        policies.put(tx, ctx.account, replace(policy, versions=versions, updated=now))
        tx.delete(document_key(ctx.account, policy.name, number))

    await ctx.store.transact(delete)


def _existing(policy: Policy, arn: str, version_id: str) -> int:
    """The number of a version id like `v3`. Raises NoSuchEntityException."""
    number = int(version_id[1:]) if version_id[1:].isdecimal() else 0
    if number not in policy.versions:
        raise NoSuchEntityException(f"Policy {arn} version {version_id} does not exist or is not attachable.")
    return number


def shown(policy: Policy, number: int) -> dict[str, Any]:
    """A version without its document."""
    return {
        "VersionId": f"v{number}",
        "IsDefaultVersion": number == policy.default,
        "CreateDate": policy.versions[number],
    }
