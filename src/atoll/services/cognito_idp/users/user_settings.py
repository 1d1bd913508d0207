"""SetUserSettings and AdminSetUserSettings: SMS as second factor, as it was switched on before SetUserMFAPreference.

docs: API_SetUserSettings ("This action is no longer supported"): it takes the phone number as the one option.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp.errors import InvalidParameterException
from atoll.services.cognito_idp.pools.find import on_pool
from atoll.services.cognito_idp.store import Pool, User
from atoll.services.cognito_idp.tokens.access import by_access_token
from atoll.services.cognito_idp.users.find import get_by_name, pool_and_user, put_user

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import AdminSetUserSettingsRequestTypeDef, SetUserSettingsRequestTypeDef

_SMS = "SMS_MFA"


@operation("SetUserSettings", access=())
async def set_user_settings(ctx: Context, request: SetUserSettingsRequestTypeDef) -> dict[str, Any]:
    """Raises InvalidParameterException where the user has no verified phone number."""
    ctx, pool, _, user, _ = await by_access_token(ctx, request["AccessToken"])
    return await _set(ctx, pool, user, request["MFAOptions"])


@operation("AdminSetUserSettings", access=[on_pool("AdminSetUserSettings")])
async def admin_set_user_settings(ctx: Context, request: AdminSetUserSettingsRequestTypeDef) -> dict[str, Any]:
    """Raises InvalidParameterException where the user has no verified phone number."""
    pool, user = await pool_and_user(ctx, request["UserPoolId"], request["Username"])
    return await _set(ctx, pool, user, request["MFAOptions"])


async def _set(ctx: Context, pool: Pool, user: User, options: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    for option in options:
        if (option.get("DeliveryMedium"), option.get("AttributeName")) != ("SMS", "phone_number"):
            raise InvalidParameterException("Invalid MFA options given.")
    if options and user.attributes.get("phone_number_verified") != "true":
        raise InvalidParameterException("User does not have delivery config set to turn on SMS_MFA")
    now = ctx.clock.now()

    def write(tx: Transaction) -> None:
        present = get_by_name(tx, ctx, pool, user.sub)
        others = tuple(factor for factor in present.mfa if factor != _SMS)
        changed = replace(
            present, mfa=(_SMS, *others) if options else others, modified=now,
            preferred="" if not options and present.preferred == _SMS else present.preferred,
        )  # fmt: skip
        put_user(tx, ctx, pool, changed, present)

    await ctx.store.transact(write)
    return {}
