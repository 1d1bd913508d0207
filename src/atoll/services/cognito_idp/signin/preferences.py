"""Which second factors a user has on, and which is asked for first.

docs: API_SetUserMFAPreference, API_AdminSetUserMFAPreference, API_GetUserAuthFactors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp.errors import InvalidParameterException
from atoll.services.cognito_idp.pools.find import on_pool, pool_of
from atoll.services.cognito_idp.signin import mfa
from atoll.services.cognito_idp.store import Pool, User
from atoll.services.cognito_idp.tokens.access import by_access_token
from atoll.services.cognito_idp.users.find import get_by_name, put_user
from atoll.services.cognito_idp.users.shown import factors

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        AdminSetUserMFAPreferenceRequestTypeDef,
        GetUserAuthFactorsRequestTypeDef,
        SetUserMFAPreferenceRequestTypeDef,
    )

_MEMBERS = {
    mfa.SMS: "SMSMfaSettings",
    mfa.TOTP: "SoftwareTokenMfaSettings",
    mfa.EMAIL: "EmailMfaSettings",
}
_NEEDS = {mfa.SMS: "phone_number", mfa.EMAIL: "email"}
_NO_DELIVERY = "User does not have delivery config set to turn on {}"
_UNVERIFIED = "User has not verified software token mfa"
_TEXTS = {mfa.SMS: "SMS", mfa.EMAIL: "Email"}


@operation("SetUserMFAPreference", access=())
async def set_user_mfa_preference(ctx: Context, request: SetUserMFAPreferenceRequestTypeDef) -> None:
    """docs: API_SetUserMFAPreference."""
    ctx, pool, _, user, _ = await by_access_token(ctx, request["AccessToken"])

    def write(tx: Transaction) -> None:
        current = get_by_name(tx, ctx, pool, user.sub)
        put_user(tx, ctx, pool, preferring(pool, current, request), current)

    await ctx.store.transact(write)


@operation("AdminSetUserMFAPreference", access=[on_pool("AdminSetUserMFAPreference")])
async def admin_set_user_mfa_preference(ctx: Context, request: AdminSetUserMFAPreferenceRequestTypeDef) -> None:
    """docs: API_AdminSetUserMFAPreference."""

    def write(tx: Transaction) -> None:
        pool = pool_of(tx, ctx, request["UserPoolId"])
        current = get_by_name(tx, ctx, pool, request["Username"])
        put_user(tx, ctx, pool, preferring(pool, current, request), current)

    await ctx.store.transact(write)


@operation("GetUserAuthFactors", access=())
async def get_user_auth_factors(ctx: Context, request: GetUserAuthFactorsRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetUserAuthFactors. First factors that the user can choose from, and second factors that are on."""
    _, _, _, user, _ = await by_access_token(ctx, request["AccessToken"])
    first = [
        name
        for name, has in (
            ("PASSWORD", user.password is not None),
            ("EMAIL_OTP", user.attributes.get("email_verified") == "true"),
            ("SMS_OTP", user.attributes.get("phone_number_verified") == "true"),
        )
        if has
    ]
    return {"Username": user.name, **factors(user), "ConfiguredUserAuthFactors": first}


def preferring(pool: Pool, user: User, request: Any) -> User:
    """The user with the settings of a request; what it does not name stays. Raises InvalidParameterException for a factor that the user
    cannot have, or where two are preferred."""
    if "WebAuthnMfaSettings" in request:
        raise NotImplementedByAtoll("cognito-idp: WebAuthnMfaSettings (passkeys).")
    on, preferred = set(user.mfa), user.preferred
    settings = {factor: request[member] for factor, member in _MEMBERS.items() if member in request}
    if sum(bool(one.get("PreferredMfa")) for one in settings.values()) > 1:
        raise InvalidParameterException("Only one MFA type can be set as preferred.")
    for factor, one in settings.items():
        if one.get("Enabled"):
            _require(pool, user, factor)
            on.add(factor)
        else:
            on.discard(factor)
        if one.get("Enabled") and one.get("PreferredMfa"):
            preferred = factor
        elif preferred == factor:
            preferred = ""
    return replace(user, mfa=tuple(factor for factor in mfa.FACTORS if factor in on), preferred=preferred)


def _require(pool: Pool, user: User, factor: str) -> None:
    if factor == mfa.TOTP:
        if not user.totp_verified:
            raise InvalidParameterException(_UNVERIFIED if user.totp_pending else _NO_DELIVERY.format(factor))
        return
    if factor not in mfa.offered(pool):
        raise InvalidParameterException(f"{_TEXTS[factor]} MFA is not enabled for the user pool.")
    if not user.attributes.get(_NEEDS[factor]):
        raise InvalidParameterException(_NO_DELIVERY.format(factor))
