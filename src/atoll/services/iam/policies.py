"""Managed policies: CreatePolicy, GetPolicy, ListPolicies, DeletePolicy, and finding one by its ARN.

Versions are in `policy_versions.py`, what they hang on in `attachments.py` and `boundaries.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from atoll.kernel.context import Context
from atoll.kernel.errors import AccessDenied, ValidationFailed
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import documents, paging, tagging
from atoll.services.iam.errors import (
    DeleteConflictException,
    EntityAlreadyExistsException,
    LimitExceededException,
    NoSuchEntityException,
)
from atoll.services.iam.managed import OWNER, managed_policies
from atoll.services.iam.resources import makes, new_policy, on_policy, policies_below
from atoll.services.iam.store import (
    POLICIES,
    Policy,
    Usage,
    add_to_count,
    changed,
    count,
    document_key,
    documents_of,
    in_use,
    policies_prefix,
    uses,
)

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreatePolicyRequestTypeDef,
        DeletePolicyRequestTypeDef,
        GetPolicyRequestTypeDef,
        ListPoliciesRequestTypeDef,
    )

MOST = 1500
_ARN = re.compile(r"arn:aws:iam::(aws|\d{12}):policy(/(?:[!-~]+/)?)([\w+=,.@-]+)", re.ASCII)


def parse_arn(arn: str) -> tuple[str, str, str]:
    """Owner, path and name of a managed policy. Raises ValidationFailed for what is no policy's ARN."""
    match = _ARN.fullmatch(arn)
    if match is None:
        text = f"ARN {arn} is not valid." if arn.startswith("arn:") else "Invalid ARN:  Could not be parsed!"
        raise ValidationFailed(text)
    return match[1], match[2], match[3]


def arn_of(account: str, policy: Policy) -> str:
    """The ARN of a policy of this account."""
    return f"arn:aws:iam::{account}:policy{policy.path}{policy.name}"


def find(tx: Reader, account: str, arn: str) -> Policy | None:
    """A policy of this account or of AWS, or None. Raises ValidationFailed for what is no policy's ARN."""
    owner, _, name = parse_arn(arn)
    if owner == OWNER:
        known = managed_policies().get(arn)
        return known.policy if known else None
    raw = tx.get((*policies_prefix(account), name.lower()))
    policy = POLICIES.decode(raw) if raw else None
    return policy if policy and arn_of(account, policy) == arn else None


def get(tx: Reader, account: str, arn: str) -> Policy:
    """Like `find`. Raises NoSuchEntityException."""
    policy = find(tx, account, arn)
    if policy is None:
        raise NoSuchEntityException(f"Policy {arn} was not found.")
    return policy


def require_attachable(tx: Reader, account: str, arn: str, subject: str = "Policy") -> None:
    """Raises NoSuchEntityException in AWS's words, and says of an unknown policy of AWS that it may be Atoll that lacks it."""
    if find(tx, account, arn) is None:
        hint = " Atoll knows those of AWS that serverless systems use." if parse_arn(arn)[0] == OWNER else ""
        raise NoSuchEntityException(f"{subject} {arn} does not exist or is not attachable.{hint}")


def own(tx: Reader, ctx: Context, arn: str) -> Policy:
    """A policy that this account may change. Raises NoSuchEntityException, and AccessDenied for AWS's and other accounts'."""
    owner, _, _ = parse_arn(arn)
    if owner != ctx.account:
        _refuse(ctx, arn)
    return get(tx, ctx.account, arn)


def _refuse(ctx: Context, arn: str) -> NoReturn:
    who = f"User: {ctx.principal.arn} is not authorized to perform: iam:{ctx.operation}"
    raise AccessDenied(f"{who} on resource: policy {arn}")


def put(tx: Transaction, account: str, policy: Policy) -> None:
    """Stores a policy of this account."""
    tx.set((*policies_prefix(account), policy.name.lower()), POLICIES.encode(policy))
    changed(tx, account)


def document(tx: Reader, account: str, arn: str, version: int) -> str:
    """The document of an existing version."""
    owner, _, name = parse_arn(arn)
    if owner == OWNER:
        return managed_policies()[arn].document
    raw = tx.get(document_key(account, name, version))
    assert raw is not None
    return raw.decode()


def summary(tx: Reader, account: str, arn: str, policy: Policy) -> dict[str, Any]:
    """A policy as ListPolicies shows it."""
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": arn,
        "Path": policy.path,
        "DefaultVersionId": f"v{policy.default}",
        "AttachmentCount": uses(tx, account, arn, "PermissionsPolicy"),
        "PermissionsBoundaryUsageCount": uses(tx, account, arn, "PermissionsBoundary"),
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    }


@operation(
    "CreatePolicy",
    access=makes("Policy", new_policy),
)
async def create_policy(ctx: Context, request: CreatePolicyRequestTypeDef) -> dict[str, Any]:
    """docs: API_CreatePolicy."""
    name, text = request["PolicyName"], request["PolicyDocument"]
    documents.check_managed(text)
    now = int(ctx.clock.now())
    policy = Policy(
        name=name, path=request.get("Path", "/"), id=ctx.ids.iam("ANPA"), created=now, updated=now, versions={1: now},
        description=request.get("Description"), tags=tagging.given(request.get("Tags", ()), fold=False),
    )  # fmt: skip

    def create(tx: Transaction) -> dict[str, Any]:
        if tx.get((*policies_prefix(ctx.account), name.lower())) is not None:
            raise EntityAlreadyExistsException(
                f"A policy called {name} already exists. Duplicate names are not allowed."
            )
        if count(tx, ctx.account, "policy") >= MOST:
            raise LimitExceededException(f"Cannot exceed quota for PoliciesPerAccount: {MOST}")
        add_to_count(tx, ctx.account, "policy", 1)
        put(tx, ctx.account, policy)
        tx.set(document_key(ctx.account, name, 1), text.encode())
        shown = summary(tx, ctx.account, arn_of(ctx.account, policy), policy)
        return shown | ({"Tags": tagging.shown(policy.tags)} if policy.tags else {})

    return {"Policy": await ctx.store.transact(create)}


@operation("GetPolicy", access=on_policy("GetPolicy"))
async def get_policy(ctx: Context, request: GetPolicyRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetPolicy."""
    arn = request["PolicyArn"]

    def read(tx: Reader) -> dict[str, Any]:
        policy = get(tx, ctx.account, arn)
        shown = summary(tx, ctx.account, arn, policy)
        return shown | {"Description": policy.description, "Tags": tagging.shown(policy.tags)}

    return {"Policy": await ctx.store.read(read)}


@operation("ListPolicies", access=[Access("iam:ListPolicies", resource=policies_below)])
async def list_policies(ctx: Context, request: ListPoliciesRequestTypeDef) -> dict[str, Any]:
    """The account's own policies by name, then AWS's by ARN. docs: API_ListPolicies."""
    usage = request.get("PolicyUsageFilter")
    usages: tuple[Usage, ...] = (usage,) if usage else ("PermissionsPolicy", "PermissionsBoundary")

    def wanted(tx: Reader, arn: str, policy: Policy) -> bool:
        if not policy.path.startswith(request.get("PathPrefix", "/")):
            return False
        if usage is None and not request.get("OnlyAttached"):
            return True
        return any(uses(tx, ctx.account, arn, usage) for usage in usages)

    def read(tx: Reader) -> dict[str, Any]:
        found, more = paging.page(
            request,
            lambda position: (
                (place, summary(tx, ctx.account, arn, policy))
                for place, arn, policy in _from(tx, ctx.account, request.get("Scope", "All"), position)
                if wanted(tx, arn, policy)
            ),
        )
        return {"Policies": found, **more}

    return await ctx.store.read(read)


def _from(tx: Reader, account: str, scope: str, position: str) -> Iterator[tuple[str, str, Policy]]:
    """The policies of a scope after a position, which is a name of the account's or an ARN of AWS's."""
    if scope != "AWS" and not position.startswith("arn:"):
        for name, raw in paging.stored(tx, policies_prefix(account))(position):
            policy = POLICIES.decode(raw)
            yield name, arn_of(account, policy), policy
    if scope != "Local":
        start = position if position.startswith("arn:") else ""
        for arn, known in managed_policies().items():
            if arn > start:
                yield arn, arn, known.policy


@operation("DeletePolicy", access=on_policy("DeletePolicy"))
async def delete_policy(ctx: Context, request: DeletePolicyRequestTypeDef) -> None:
    """docs: API_DeletePolicy."""
    arn = request["PolicyArn"]

    def delete(tx: Transaction) -> None:
        policy = own(tx, ctx, arn)
        if in_use(tx, ctx.account, arn):
            raise DeleteConflictException("Cannot delete a policy attached to entities.")
        if len(policy.versions) > 1:
            raise DeleteConflictException(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                "versions. The default version is deleted with the policy."
            )
        add_to_count(tx, ctx.account, "policy", -1)
        tx.delete((*policies_prefix(ctx.account), policy.name.lower()))
        tx.clear_range(documents_of(ctx.account, policy.name))
        changed(tx, ctx.account)

    await ctx.store.transact(delete)
