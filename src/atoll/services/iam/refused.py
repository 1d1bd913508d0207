"""What IAM does not do here, and why."""

from __future__ import annotations

_DELEGATION = "nobody asks for permissions by delegation: there is no console in which to grant them"
_ORGANIZATION = "accounts belong to no organization"
_OUTBOUND = "STS issues no tokens for services outside"

REFUSED = {
    "AcceptDelegationRequest": _DELEGATION,
    "AssociateDelegationRequest": _DELEGATION,
    "CreateDelegationRequest": _DELEGATION,
    "GetDelegationRequest": _DELEGATION,
    "GetHumanReadableSummary": _DELEGATION,
    "ListDelegationRequests": _DELEGATION,
    "RejectDelegationRequest": _DELEGATION,
    "SendDelegationToken": _DELEGATION,
    "UpdateDelegationRequest": _DELEGATION,
    "DisableOrganizationsRootCredentialsManagement": _ORGANIZATION,
    "DisableOrganizationsRootSessions": _ORGANIZATION,
    "EnableOrganizationsRootCredentialsManagement": _ORGANIZATION,
    "EnableOrganizationsRootSessions": _ORGANIZATION,
    "GenerateOrganizationsAccessReport": _ORGANIZATION,
    "GetOrganizationsAccessReport": _ORGANIZATION,
    "ListOrganizationsFeatures": _ORGANIZATION,
    "DisableOutboundWebIdentityFederation": _OUTBOUND,
    "EnableOutboundWebIdentityFederation": _OUTBOUND,
    "GetOutboundWebIdentityFederationInfo": _OUTBOUND,
    "SetSecurityTokenServicePreferences": "a region's session tokens have one form",
}
