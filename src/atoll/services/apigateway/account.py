"""The account's settings in a region. docs: API_GetAccount, API_UpdateAccount"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import ServiceError
from atoll.kernel.records import Codec
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import store
from atoll.services.apigateway.access import SERVICE_HOST, access, passes_role
from atoll.services.apigateway.errors import BadRequestException
from atoll.services.apigateway.patches import Rules, apply, clear, patches, put

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import UpdateAccountRequestTypeDef

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")
_PLANS = "UsagePlans"


class Settings(msgspec.Struct, frozen=True):
    """What an account set: the role that writes its APIs' logs."""

    role: str | None = None


_SETTINGS = Codec(Settings)


@operation("GetAccount", access=access("GET", "/account"))
async def get_account(ctx: Context, _request: Mapping[str, Any]) -> dict[str, Any]:
    """The account's settings."""
    return members(await ctx.store.read(lambda tx: settings(tx, ctx)))


@operation("UpdateAccount", access=[*access("PATCH", "/account"), passes_role("", "/cloudwatchRoleArn")])
async def update_account(ctx: Context, request: UpdateAccountRequestTypeDef) -> dict[str, Any]:
    """Changes the role. Raises BadRequestException for one that API Gateway cannot assume."""
    changes = patches(request)
    role = apply(Settings(), changes, _RULES).role
    if role:
        await _check(ctx, role)

    def write(tx: Transaction) -> Settings:
        changed = apply(settings(tx, ctx), changes, _RULES)
        tx.set(store.key(ctx, "v1.account"), _SETTINGS.encode(changed))
        return changed

    return members(await ctx.store.transact(write))


async def _check(ctx: Context, role: str) -> None:
    if not _ROLE.fullmatch(role):
        raise BadRequestException("Role ARN is not well formed")
    principal = Principal.service(SERVICE_HOST, ctx.account)
    try:
        await ctx.call("sts", "AssumeRole", {"RoleArn": role, "RoleSessionName": "apigateway"}, principal=principal)
    except ServiceError as error:
        raise BadRequestException(
            "The role ARN does not have required permissions configured. "
            "Please grant trust permission for API Gateway and add the required role policy."
        ) from error


def settings(tx: Reader, ctx: Context) -> Settings:
    """What the account set."""
    raw = tx.get(store.key(ctx, "v1.account"))
    return Settings() if raw is None else _SETTINGS.decode(raw)


_RULES: Rules[Settings] = {
    "replace": {"/cloudwatchRoleArn": put("role", lambda value: value or None)},
    "remove": {"/cloudwatchRoleArn": clear("role")},
    # Every account has usage plans by now, and cannot do without.
    "add": {"/features": lambda settings, _patch: settings},
}


def members(settings: Settings) -> dict[str, Any]:
    """The settings under the API's member names, with what AWS has for every account."""
    return {
        "cloudwatchRoleArn": settings.role,
        "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0},
        "features": [_PLANS],
        "apiKeyVersion": "4",
    }
