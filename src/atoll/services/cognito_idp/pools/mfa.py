"""Which second factors a pool has.

docs: API_SetUserPoolMfaConfig, API_GetUserPoolMfaConfig. `Pool.mfa` holds the factors that are there; the text message's settings are the
pool's own SmsConfiguration and SmsAuthenticationMessage as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp.errors import FeatureUnavailableInTierException, InvalidParameterException
from atoll.services.cognito_idp.pools.find import on_pool, pool_of, put_pool
from atoll.services.cognito_idp.pools.roles import PASS_MFA_ROLE, check_sms_role
from atoll.services.cognito_idp.store import Pool

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        GetUserPoolMfaConfigRequestTypeDef,
        SetUserPoolMfaConfigRequestTypeDef,
    )

_SMS, _TOTP, _MAIL = "SmsMfaConfiguration", "SoftwareTokenMfaConfiguration", "EmailMfaConfiguration"
_NO_FACTOR = "SMS configuration and Auto verification for phone_number are required when MFA is required/optional"


@operation("SetUserPoolMfaConfig", access=[on_pool("SetUserPoolMfaConfig"), PASS_MFA_ROLE])
async def set_user_pool_mfa_config(ctx: Context, request: SetUserPoolMfaConfigRequestTypeDef) -> dict[str, Any]:
    """Replaces a pool's second factors. Raises InvalidParameterException where there is none for an MFA that is on."""
    if "WebAuthnConfiguration" in request:
        raise NotImplementedByAtoll("WebAuthnConfiguration is not supported: nobody signs in with passkeys in Atoll.")
    pool = await ctx.store.read(lambda tx: pool_of(tx, ctx, request["UserPoolId"]))
    await check_sms_role(ctx, pool.id, request.get("SmsMfaConfiguration", {}).get("SmsConfiguration"))
    now = ctx.clock.now()

    def write(tx: Transaction) -> Pool:
        pool = msgspec.structs.replace(_set(pool_of(tx, ctx, request["UserPoolId"]), request), modified=now)
        put_pool(tx, ctx, pool)
        return pool

    return members(await ctx.store.transact(write))


@operation("GetUserPoolMfaConfig", access=[on_pool("GetUserPoolMfaConfig")])
async def get_user_pool_mfa_config(ctx: Context, request: GetUserPoolMfaConfigRequestTypeDef) -> dict[str, Any]:
    """A pool's second factors. Raises ResourceNotFoundException."""
    return members(await ctx.store.read(lambda tx: pool_of(tx, ctx, request["UserPoolId"])))


def members(pool: Pool) -> dict[str, Any]:
    """A pool's second factors as GetUserPoolMfaConfig shows them."""
    return {**pool.mfa, "MfaConfiguration": pool.mfa_configuration}


def of_settings(pool: Pool) -> dict[str, Any]:
    """`Pool.mfa` of a pool whose settings CreateUserPool or UpdateUserPool have just given it: the text message follows them. Raises
    InvalidParameterException where MFA is on without a factor."""
    found = {name: value for name, value in pool.mfa.items() if name != _SMS}
    on = pool.mfa_configuration != "OFF"
    if (configuration := pool.settings.get("SmsConfiguration")) and (_SMS in pool.mfa or (on and not found)):
        found[_SMS] = _sms(configuration, pool.settings.get("SmsAuthenticationMessage"))
    if on and not found:
        raise InvalidParameterException(_NO_FACTOR)
    return found


def _set(pool: Pool, request: Mapping[str, Any]) -> Pool:
    mode = request.get("MfaConfiguration", pool.mfa_configuration)
    settings, mfa = dict(pool.settings), {}
    if _SMS in request:
        given = request[_SMS]
        configuration = given.get("SmsConfiguration") or settings.get("SmsConfiguration")
        if not configuration:
            raise InvalidParameterException("[SmsConfiguration] is a required member of [SmsMfaConfiguration].")
        message = given.get("SmsAuthenticationMessage") or settings.get("SmsAuthenticationMessage")
        settings["SmsConfiguration"] = configuration
        if message:
            settings["SmsAuthenticationMessage"] = message
        mfa[_SMS] = _sms(configuration, message)
    if request.get(_TOTP, {}).get("Enabled"):
        mfa[_TOTP] = {"Enabled": True}
    if _MAIL in request:
        _check_mail(pool)
        mfa[_MAIL] = dict(request[_MAIL])
    if mode == "OFF" and mfa:
        raise InvalidParameterException(
            "Invalid MFA configuration given, can't turn off MFA and configure an MFA together."
        )
    if mode != "OFF" and not mfa:
        raise InvalidParameterException(
            "At least one of [SmsMfaConfiguration] or [SoftwareTokenMfaConfiguration] must be provided."
        )
    return msgspec.structs.replace(pool, settings=settings, mfa=mfa, mfa_configuration=mode)


def _sms(configuration: Mapping[str, Any], message: str | None) -> dict[str, Any]:
    return {"SmsConfiguration": dict(configuration)} | ({"SmsAuthenticationMessage": message} if message else {})


def _check_mail(pool: Pool) -> None:
    """docs: "SMS and email message MFA": not on the Lite plan, and not with Cognito's own mail."""
    if pool.settings.get("UserPoolTier") == "LITE":
        raise FeatureUnavailableInTierException("Email MFA is not available in the current user pool tier.")
    if pool.settings["EmailConfiguration"]["EmailSendingAccount"] != "DEVELOPER":
        raise InvalidParameterException(
            "Email MFA requires an EmailConfiguration with EmailSendingAccount DEVELOPER for the user pool."
        )
