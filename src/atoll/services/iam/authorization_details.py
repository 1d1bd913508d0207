"""GetAccountAuthorizationDetails: users, groups, roles and managed policies with all that says what they may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader
from atoll.services.iam import (
    attachments,
    boundaries,
    documents,
    groups,
    instance_profiles,
    paging,
    policies,
    policy_versions,
    roles,
    tagging,
    users,
    uses,
)
from atoll.services.iam.managed import managed_policies
from atoll.services.iam.resources import on_account
from atoll.services.iam.store import (
    GROUPS,
    POLICIES,
    ROLES,
    USERS,
    Entity,
    Group,
    Policy,
    Role,
    User,
    in_use,
    policies_prefix,
)

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import GetAccountAuthorizationDetailsRequestTypeDef

SECTIONS = {
    "User": "UserDetailList",
    "Group": "GroupDetailList",
    "Role": "RoleDetailList",
    "LocalManagedPolicy": "Policies",
    "AWSManagedPolicy": "Policies",
}
"""The kinds of entities in the order in which they come, and where each is shown."""

Details = Iterator[tuple[str, dict[str, Any]]]


def _inline(entity: Entity) -> list[dict[str, str]]:
    return [
        {"PolicyName": name, "PolicyDocument": documents.encoded(entity.inline[name])} for name in sorted(entity.inline)
    ]


def _user(tx: Reader, account: str, user: User) -> dict[str, Any]:
    return users.basic(account, user) | {
        "UserPolicyList": _inline(user),
        "GroupList": [GROUPS.get(tx, account, name).name for name in sorted(user.groups)],
        "AttachedManagedPolicies": attachments.shown(user.attached),
        "PermissionsBoundary": boundaries.shown(user),
        "Tags": tagging.shown(user.tags),
    }


def _group(_tx: Reader, account: str, group: Group) -> dict[str, Any]:
    return groups.shown(account, group) | {
        "GroupPolicyList": _inline(group),
        "AttachedManagedPolicies": attachments.shown(group.attached),
    }


def _role(tx: Reader, account: str, role: Role) -> dict[str, Any]:
    profiles = instance_profiles.of_role(tx, account, role.name)
    shown = roles.basic(tx, account, role)
    del shown["Description"]
    return shown | {
        "InstanceProfileList": [instance_profiles.shown(tx, account, profile) for profile in profiles],
        "RolePolicyList": _inline(role),
        "AttachedManagedPolicies": attachments.shown(role.attached),
        "PermissionsBoundary": boundaries.shown(role),
        "Tags": tagging.shown(role.tags),
        "RoleLastUsed": uses.role_last_used(tx, account, role.id),
    }


def _policy(tx: Reader, account: str, arn: str, policy: Policy) -> dict[str, Any]:
    return policies.summary(tx, account, arn, policy) | {
        "Description": policy.description,
        "PolicyVersionList": [
            policy_versions.shown(policy, number)
            | {"Document": documents.encoded(policies.document(tx, account, arn, number))}
            for number in sorted(policy.versions, reverse=True)
        ],
    }


def _section(tx: Reader, account: str, kind: str, after: str) -> Details:
    """The entities of a kind whose places come after one, each with its place."""
    match kind:
        case "User":
            for place, user in paging.below(tx, account, USERS, "/")(after):
                yield place, _user(tx, account, user)
        case "Group":
            for place, group in paging.below(tx, account, GROUPS, "/")(after):
                yield place, _group(tx, account, group)
        case "Role":
            for place, role in paging.below(tx, account, ROLES, "/")(after):
                yield place, _role(tx, account, role)
        case "LocalManagedPolicy":
            for place, raw in paging.stored(tx, policies_prefix(account))(after):
                policy = POLICIES.decode(raw)
                yield place, _policy(tx, account, policies.arn_of(account, policy), policy)
        case "AWSManagedPolicy":
            for arn, known in managed_policies().items():
                if arn > after and in_use(tx, account, arn):
                    yield arn, _policy(tx, account, arn, known.policy)


@operation("GetAccountAuthorizationDetails", access=on_account("GetAccountAuthorizationDetails"))
async def get_account_authorization_details(
    ctx: Context, request: GetAccountAuthorizationDetailsRequestTypeDef
) -> dict[str, Any]:
    """Of AWS's managed policies those that are in use. docs: API_GetAccountAuthorizationDetails."""
    wanted = [kind for kind in SECTIONS if kind in request.get("Filter", SECTIONS)]

    def after(tx: Reader, position: str) -> Iterator[tuple[str, tuple[str, dict[str, Any]]]]:
        section, _, place = position.partition(" ")
        for kind in wanted[wanted.index(section) if section in wanted else 0 :]:
            for name, shown in _section(tx, ctx.account, kind, place if kind == section else ""):
                yield f"{kind} {name}", (kind, shown)

    found, more = await paging.page_in_turns(ctx, request, after)
    lists: dict[str, list[dict[str, Any]]] = {name: [] for name in SECTIONS.values()}
    for kind, shown in found:
        lists[SECTIONS[kind]].append(shown)
    return lists | more
