"""What a pool is set to: CreateUserPool's and UpdateUserPool's structures, with AWS's defaults, checked against each other.

docs: API_CreateUserPool, API_UpdateUserPool. An update replaces: what it does not name goes back to its default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atoll.kernel.errors import NotImplementedByAtoll
from atoll.services.cognito_idp.errors import FeatureUnavailableInTierException, InvalidParameterException
from atoll.services.cognito_idp.pools import triggers_config
from atoll.services.cognito_idp.store import Pool

FIXED = ("AliasAttributes", "UsernameAttributes", "UsernameConfiguration")
"""What only CreateUserPool sets."""
_AS_GIVEN = (
    "AutoVerifiedAttributes", "SmsAuthenticationMessage", "UserAttributeUpdateSettings", "DeviceConfiguration", "SmsConfiguration",
    "UserPoolAddOns", "AccountRecoverySetting",
)  # fmt: skip
_DAYS = 7
_STRICT = {"MinimumLength": 8, "RequireUppercase": True, "RequireLowercase": True, "RequireNumbers": True,
           "RequireSymbols": True, "TemporaryPasswordValidityDays": _DAYS}  # fmt: skip
_LOOSE = {"MinimumLength": 8, "RequireUppercase": False, "RequireLowercase": False, "RequireNumbers": False,
          "RequireSymbols": False, "TemporaryPasswordValidityDays": _DAYS}  # fmt: skip
_TEMPLATE = {
    "SmsVerificationMessage": "SmsMessage",
    "EmailVerificationMessage": "EmailMessage",
    "EmailVerificationSubject": "EmailSubject",
}
"""Members that say what VerificationMessageTemplate says: either shows in both."""


def new(request: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that CreateUserPool asks for. Raises InvalidParameterException."""
    if request.get("AliasAttributes") and request.get("UsernameAttributes"):
        raise InvalidParameterException("Only one of the aliasAttributes or usernameAttributes can be set.")
    return _checked(request, {name: request[name] for name in FIXED if name in request})


def updated(pool: Pool, request: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a pool after UpdateUserPool. Raises InvalidParameterException."""
    kept = {name: pool.settings[name] for name in FIXED if name in pool.settings}
    tier = request.get("UserPoolTier", pool.settings.get("UserPoolTier", "ESSENTIALS"))
    return _checked({**request, "UserPoolTier": tier}, kept)


def password_policy(pool: Pool) -> Mapping[str, Any]:
    """The pool's PasswordPolicyType, with every member that has a default."""
    policy: Mapping[str, Any] = pool.settings.get("Policies", {}).get("PasswordPolicy", _STRICT)
    return policy


def first_factors(pool: Pool) -> Sequence[str]:
    """What a sign-in may begin with (SignInPolicyType): passwords, where the pool says nothing."""
    factors: Sequence[str] = (
        (pool.settings.get("Policies") or {}).get("SignInPolicy", {}).get("AllowedFirstAuthFactors", ("PASSWORD",))
    )
    return factors


def _checked(request: Mapping[str, Any], fixed: Mapping[str, Any]) -> dict[str, Any]:
    settings = {**fixed, **{name: request[name] for name in _AS_GIVEN if name in request}}
    settings["Policies"], settings["AdminCreateUserConfig"] = _policies(request)
    settings["DeletionProtection"] = request.get("DeletionProtection", "INACTIVE")
    settings["LambdaConfig"] = triggers_config.checked(request.get("LambdaConfig", {}))
    settings |= _messages(request)
    settings["EmailConfiguration"] = _email(request.get("EmailConfiguration", {}))
    settings["UserPoolTier"] = request.get("UserPoolTier", "ESSENTIALS")
    _check_recovery(settings.get("AccountRecoverySetting", {}).get("RecoveryMechanisms", ()))
    _check_updates(settings)
    _check_plan(settings)
    return settings


def _policies(request: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Policies and AdminCreateUserConfig: both say how long temporary passwords last."""
    given = request.get("Policies", {})
    admin = {"AllowAdminCreateUserOnly": False, **request.get("AdminCreateUserConfig", {})}
    asked = given.get("PasswordPolicy")
    password = {**_LOOSE, **asked} if asked else dict(_STRICT)
    days, legacy = (asked or {}).get("TemporaryPasswordValidityDays"), admin.get("UnusedAccountValidityDays")
    if days and legacy:
        raise InvalidParameterException(
            "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays"
        )
    password["TemporaryPasswordValidityDays"] = admin["UnusedAccountValidityDays"] = days or legacy or _DAYS
    factors = given.get("SignInPolicy", {}).get("AllowedFirstAuthFactors", ["PASSWORD"])
    if "PASSWORD" not in factors:
        raise InvalidParameterException("AllowedFirstAuthFactors must contain PASSWORD.")
    return {"PasswordPolicy": password, "SignInPolicy": {"AllowedFirstAuthFactors": factors}}, admin


def _messages(request: Mapping[str, Any]) -> dict[str, Any]:
    template = {"DefaultEmailOption": "CONFIRM_WITH_CODE", **request.get("VerificationMessageTemplate", {})}
    found: dict[str, Any] = {"VerificationMessageTemplate": template}
    for name, inner in _TEMPLATE.items():
        if name in request:
            template.setdefault(inner, request[name])
        if inner in template:
            found[name] = template[inner]
    return found


def _email(given: Mapping[str, Any]) -> dict[str, Any]:
    email = {"EmailSendingAccount": "COGNITO_DEFAULT", **given}
    if email["EmailSendingAccount"] == "DEVELOPER" and not email.get("SourceArn"):
        raise InvalidParameterException("Source ARN cannot be null when EmailSendingAccount is DEVELOPER.")
    return email


def _check_plan(settings: Mapping[str, Any]) -> None:
    """What needs a plan above Lite, or is not here at all. Raises FeatureUnavailableInTierException, NotImplementedByAtoll."""
    factors = settings["Policies"]["SignInPolicy"]["AllowedFirstAuthFactors"]
    versioned = settings["LambdaConfig"].get("PreTokenGenerationConfig", {}).get("LambdaVersion", "V1_0")
    tier, mode = settings["UserPoolTier"], settings.get("UserPoolAddOns", {}).get("AdvancedSecurityMode", "OFF")
    if tier == "LITE" and (factors != ["PASSWORD"] or versioned != "V1_0"):
        raise FeatureUnavailableInTierException("This feature is not available in the current user pool tier.")
    if mode != "OFF" and tier != "PLUS":
        raise FeatureUnavailableInTierException("Threat protection is not available in the current user pool tier.")
    if mode != "OFF":
        raise NotImplementedByAtoll(
            "UserPoolAddOns.AdvancedSecurityMode is not supported: Atoll judges no risks; OFF is what it has."
        )
    if "WEB_AUTHN" in factors:
        raise NotImplementedByAtoll("WEB_AUTHN is not supported: nobody signs in with passkeys in Atoll.")


def _check_recovery(mechanisms: Sequence[Mapping[str, Any]]) -> None:
    names = [mechanism["Name"] for mechanism in mechanisms]
    if "admin_only" in names and len(names) > 1:
        raise InvalidParameterException(
            "Invalid AccountRecoverySetting parameter. When setting admin_only, no other recovery option can be set."
        )
    priorities = [mechanism["Priority"] for mechanism in mechanisms]
    if len(set(priorities)) < len(priorities) or len(set(names)) < len(names):
        raise InvalidParameterException("Account Recovery Setting: duplicate names or priorities are not allowed.")


def _check_updates(settings: Mapping[str, Any]) -> None:
    wanted = settings.get("UserAttributeUpdateSettings", {}).get("AttributesRequireVerificationBeforeUpdate", ())
    if missing := set(wanted) - set(settings.get("AutoVerifiedAttributes", ())):
        raise InvalidParameterException(
            "AttributesRequireVerificationBeforeUpdate can only be set for auto verified attributes: "
            f"{', '.join(sorted(missing))}"
        )
