"""GetAccountSummary: how many there are of what, and the quotas. docs: API_GetAccountSummary; IAM User Guide, "IAM and STS quotas"."""

from __future__ import annotations

from typing import Any

from atoll.auth import mfa
from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader
from atoll.services.iam import access_keys, attachments, documents, memberships, policies
from atoll.services.iam import policy_versions as versions
from atoll.services.iam.resources import on_account
from atoll.services.iam.store import GROUPS, POLICIES, PROFILES, ROLES, USERS, count, policies_prefix

QUOTAS = {
    "UsersQuota": USERS.most,
    "GroupsQuota": GROUPS.most,
    "RolesQuota": ROLES.most,
    "PoliciesQuota": policies.MOST,
    "InstanceProfilesQuota": PROFILES.most,
    "ServerCertificatesQuota": 20,
    "GroupsPerUserQuota": memberships.MOST,
    "AccessKeysPerUserQuota": access_keys.MOST,
    "SigningCertificatesPerUserQuota": 2,
    "AttachedPoliciesPerUserQuota": attachments.MOST,
    "AttachedPoliciesPerGroupQuota": attachments.MOST,
    "AttachedPoliciesPerRoleQuota": attachments.MOST,
    "UserPolicySizeQuota": USERS.inline_size,
    "GroupPolicySizeQuota": GROUPS.inline_size,
    "RolePolicySizeQuota": ROLES.inline_size,
    "PolicySizeQuota": documents.MANAGED_SIZE,
    "AssumeRolePolicySizeQuota": documents.TRUST_SIZE,
    "PolicyVersionsInUseQuota": 10_000,
    "VersionsPerPolicyQuota": versions.MOST,
    "GlobalEndpointTokenVersion": 1,
}
OF_ROOT = dict.fromkeys(
    ("AccountMFAEnabled", "AccountAccessKeysPresent", "AccountPasswordPresent", "AccountSigningCertificatesPresent"), 0
)
"""What the account's root has: nothing. It acts under keys that are made up."""


def _stored(tx: Reader, account: str, *nouns: str) -> int:
    return sum(1 for noun in nouns for _ in tx.scan(under((account, "", "iam", noun))))


def _policies(tx: Reader, account: str) -> tuple[int, int]:
    """How many policies are the account's own, and how many versions of them there are."""
    numbers = [len(POLICIES.decode(raw).versions) for _, raw in tx.scan(under(policies_prefix(account)))]
    return len(numbers), sum(numbers)


@operation("GetAccountSummary", access=on_account("GetAccountSummary"))
async def get_account_summary(ctx: Context, _request: dict[str, Any]) -> dict[str, Any]:
    """docs: API_GetAccountSummary."""

    def read(tx: Reader) -> dict[str, int]:
        own, in_use = _policies(tx, ctx.account)
        devices = [mfa.decode(raw) for _, raw in tx.scan(under(mfa.prefix(ctx.account)))]
        return {
            "Users": count(tx, ctx.account, USERS.word),
            "Groups": count(tx, ctx.account, GROUPS.word),
            "Roles": count(tx, ctx.account, ROLES.word),
            "InstanceProfiles": count(tx, ctx.account, PROFILES.word),
            "Policies": own,
            "PolicyVersionsInUse": in_use,
            "Providers": _stored(tx, ctx.account, "oidc-providers", "saml-providers"),
            "ServerCertificates": _stored(tx, ctx.account, "server-certificates"),
            "MFADevices": len(devices),
            "MFADevicesInUse": sum(1 for device in devices if device.user_id),
        }

    return {"SummaryMap": await ctx.store.read(read) | OF_ROOT | QUOTAS}
