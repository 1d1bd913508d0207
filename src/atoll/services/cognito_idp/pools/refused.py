"""Operations of user pools that are not here, and why."""

from __future__ import annotations

_NO_FEDERATION = "Atoll's user pools federate with nobody: users sign in to the pool itself"
_NO_DEVICES = "Atoll remembers no devices: clients are given no device keys"
_NO_PASSKEYS = "nobody signs in with passkeys in Atoll"
_NO_IMPORT = "make users with AdminCreateUser or SignUp"
_OWN_LOOK = "Atoll's hosted pages are not AWS's managed login; SetUICustomization changes how they look"
_NO_THREATS = "Atoll judges no risks and keeps no history of sign-ins"
_NO_TERMS = "Atoll's hosted pages show no terms"

REFUSED = {
    **{f"{verb}IdentityProvider": _NO_FEDERATION for verb in ("Create", "Describe", "Update", "Delete")},
    "GetIdentityProviderByIdentifier": _NO_FEDERATION,
    "AdminLinkProviderForUser": _NO_FEDERATION,
    "AdminDisableProviderForUser": _NO_FEDERATION,
    "GetSigningCertificate": _NO_FEDERATION,
    **{f"{verb}Device": _NO_DEVICES for verb in ("Confirm", "Forget", "Get", "AdminForget", "AdminGet")},
    **{f"{verb}DeviceStatus": _NO_DEVICES for verb in ("Update", "AdminUpdate")},
    **{f"{verb}Devices": _NO_DEVICES for verb in ("List", "AdminList")},
    **{f"{verb}WebAuthnRegistration": _NO_PASSKEYS for verb in ("Start", "Complete")},
    "DeleteWebAuthnCredential": _NO_PASSKEYS,
    "ListWebAuthnCredentials": _NO_PASSKEYS,
    **{f"{verb}UserImportJob": _NO_IMPORT for verb in ("Create", "Describe", "Start", "Stop")},
    "ListUserImportJobs": _NO_IMPORT,
    **{f"{verb}ManagedLoginBranding": _OWN_LOOK for verb in ("Create", "Describe", "Update", "Delete")},
    "DescribeManagedLoginBrandingByClient": _OWN_LOOK,
    "SetRiskConfiguration": _NO_THREATS,
    "AdminListUserAuthEvents": _NO_THREATS,
    "AdminUpdateAuthEventFeedback": _NO_THREATS,
    "UpdateAuthEventFeedback": _NO_THREATS,
    **{f"{verb}Terms": _NO_TERMS for verb in ("Create", "Describe", "Update", "Delete", "List")},
}
