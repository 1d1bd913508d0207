"""Service-linked roles: CreateServiceLinkedRole, DeleteServiceLinkedRole, GetServiceLinkedRoleDeletionStatus.

Which services have one, what it is called, its policy, and whether it may have a suffix, is what AWS was seen to answer
(`service_linked_roles.json`). Of the policies Atoll has the names, not the documents: nobody but the service assumes such a role. Nothing
here uses one, so that each can be deleted at once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Transaction
from atoll.services.iam import documents
from atoll.services.iam.errors import InvalidInputException, NoSuchEntityException
from atoll.services.iam.protected import PATH
from atoll.services.iam.resources import on_role
from atoll.services.iam.store import ROLES, Role, disuse, use

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreateServiceLinkedRoleRequestTypeDef,
        DeleteServiceLinkedRoleRequestTypeDef,
        GetServiceLinkedRoleDeletionStatusRequestTypeDef,
    )


class Template(msgspec.Struct, frozen=True):
    """What AWS makes for a service."""

    name: str
    policy: str
    description: str | None = None
    suffix: bool = False


@cache
def _templates() -> dict[str, Template]:
    text = resources.files("atoll.services.iam").joinpath("service_linked_roles.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, Template])


def _name(template: Template | None, request: Any) -> str:
    name = template.name if template else "AWSServiceRoleFor"
    suffix = request.get("CustomSuffix")
    return f"{name}_{suffix}" if suffix else name


def _new(ctx: Context, request: Any) -> str:
    service = request.get("AWSServiceName", "")
    return f"arn:aws:iam::{ctx.account}:role{PATH}{service}/{_name(_templates().get(service), request)}"


def _service(_ctx: Context, request: Any) -> Sequence[str] | None:
    return [request["AWSServiceName"]] if request.get("AWSServiceName") else None


@operation(
    "CreateServiceLinkedRole",
    access=[Access("iam:CreateServiceLinkedRole", _new, {"iam:AWSServiceName": _service})],
)
async def create_service_linked_role(ctx: Context, request: CreateServiceLinkedRoleRequestTypeDef) -> dict[str, Any]:
    """docs: API_CreateServiceLinkedRole."""
    service = request["AWSServiceName"]
    template = _templates().get(service)
    if template is None:
        raise InvalidInputException(f"Cannot find Service Linked Role template for {service}")
    if "CustomSuffix" in request and not template.suffix:
        raise InvalidInputException(f"Custom suffix is not allowed for {service}")
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    role = Role(
        name=_name(template, request), path=f"{PATH}{service}/", id=ctx.ids.iam("AROA"), created=int(ctx.clock.now()),
        trust=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        description=request.get("Description", template.description),
        attached=(f"arn:aws:iam::aws:policy{PATH}{template.policy}",),
    )  # fmt: skip

    def create(tx: Transaction) -> None:
        if ROLES.find(tx, ctx.account, role.name) is not None:
            raise InvalidInputException(
                f"Service role name {role.name} has been taken in this account, please try a different suffix."
            )
        use(tx, ctx.account, role.attached[0], "PermissionsPolicy", ROLES.word, role.name)
        ROLES.put(tx, ctx.account, role)

    await ctx.store.transact(create)
    return {
        "Role": {
            "Path": role.path, "RoleName": role.name, "RoleId": role.id, "Arn": ROLES.arn(ctx.account, role),
            "CreateDate": role.created, "AssumeRolePolicyDocument": documents.encoded(role.trust),
            "Description": role.description,
        }
    }  # fmt: skip


@operation("DeleteServiceLinkedRole", access=on_role("DeleteServiceLinkedRole"))
async def delete_service_linked_role(ctx: Context, request: DeleteServiceLinkedRoleRequestTypeDef) -> dict[str, Any]:
    """docs: API_DeleteServiceLinkedRole. AWS deletes it later; here that is done when this answers."""
    task = ctx.ids.uuid()

    def delete(tx: Transaction) -> str:
        role = ROLES.get(tx, ctx.account, request["RoleName"])
        if not role.path.startswith(PATH):
            raise NoSuchEntityException(f"The role with name {role.name} cannot be found.")
        for arn in role.attached:
            disuse(tx, ctx.account, arn, "PermissionsPolicy", ROLES.word, role.name)
        ROLES.delete(tx, ctx.account, role)
        deletion = f"task{role.path}{role.name}/{task}"
        tx.set((ctx.account, "", "iam", "role-deletions", deletion), b"")
        return deletion

    return {"DeletionTaskId": await ctx.store.transact(delete)}


def _of_task(ctx: Context, request: Any) -> str:
    """The role that a deletion is of."""
    role = str(request.get("DeletionTaskId", "")).removeprefix("task").rpartition("/")[0]
    return f"arn:aws:iam::{ctx.account}:role{role or '/'}"


@operation(
    "GetServiceLinkedRoleDeletionStatus",
    access=[Access("iam:GetServiceLinkedRoleDeletionStatus", _of_task)],
)
async def get_service_linked_role_deletion_status(
    ctx: Context, request: GetServiceLinkedRoleDeletionStatusRequestTypeDef
) -> dict[str, Any]:
    """docs: API_GetServiceLinkedRoleDeletionStatus."""
    task = request["DeletionTaskId"]
    if await ctx.store.read(lambda tx: tx.get((ctx.account, "", "iam", "role-deletions", task))) is None:
        raise NoSuchEntityException(f"The deletion task {task} cannot be found.")
    return {"Status": "SUCCEEDED"}
