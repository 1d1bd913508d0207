"""The code of an MFA device in a request: whose it must be, and that it is used once. docs: "Configuring MFA-protected API access"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.auth import mfa
from atoll.kernel.context import Context
from atoll.kernel.errors import AccessDenied
from atoll.kernel.store.api import Reader, Transaction

INVALID = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
UNKNOWN = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and "
    "associated with this user."
)
INCOMPLETE = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."


def has_code(request: Mapping[str, Any]) -> bool:
    """Whether the request has a code, or means to."""
    return "SerialNumber" in request or "TokenCode" in request


async def present(ctx: Context, request: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The values of `aws:MultiFactorAuthPresent` where a code is in the request, which must be good. Raises AccessDenied."""
    if not has_code(request):
        return None
    await ctx.store.read(lambda tx: _check(tx, ctx, request, ctx.clock.now()))
    return ("true",)


async def age(ctx: Context, request: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The values of `aws:MultiFactorAuthAge`: a code in the request is given now. Raises AccessDenied."""
    return ("0",) if await present(ctx, request) else None


async def use(ctx: Context, request: Mapping[str, Any]) -> int:
    """Takes the code in the request. Returns when it was given (region time, whole seconds). Raises AccessDenied."""
    now = ctx.clock.now()

    def spend(tx: Transaction) -> None:
        mfa.put(tx, ctx.account, _check(tx, ctx, request, now))

    await ctx.store.transact(spend)
    return int(now)


def _check(tx: Reader, ctx: Context, request: Mapping[str, Any], now: float) -> mfa.Device:
    """The caller's device after the code was taken."""
    serial, code = request.get("SerialNumber"), request.get("TokenCode")
    if not serial or not code:
        raise AccessDenied(INCOMPLETE)
    device = mfa.find(tx, ctx.account, serial)
    if device is None or ctx.principal.kind != "user" or device.user_id != ctx.principal.user_id:
        raise AccessDenied(UNKNOWN)
    try:
        return mfa.spend(device, code, now)
    except mfa.WrongCode:
        raise AccessDenied(INVALID) from None
