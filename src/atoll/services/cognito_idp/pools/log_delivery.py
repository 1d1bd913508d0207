"""Where a pool logs to: messages that could not be delivered.

docs: API_SetLogDeliveryConfiguration, API_LogConfigurationType. Here every message is delivered (it lands in the mailbox), so nothing is
ever logged; a log of what users do is threat protection's, which is refused. Sentences are unrecorded.
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
from atoll.services.cognito_idp.store import Pool

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        GetLogDeliveryConfigurationRequestTypeDef,
        SetLogDeliveryConfigurationRequestTypeDef,
    )

_PLACES = ("CloudWatchLogsConfiguration", "S3Configuration", "FirehoseConfiguration")


@operation("SetLogDeliveryConfiguration", access=[on_pool("SetLogDeliveryConfiguration")])
async def set_log_delivery_configuration(
    ctx: Context, request: SetLogDeliveryConfigurationRequestTypeDef
) -> dict[str, Any]:
    """Replaces what is logged, an empty list removes it. Raises InvalidParameterException, FeatureUnavailableInTierException."""

    def write(tx: Transaction) -> Pool:
        pool = pool_of(tx, ctx, request["UserPoolId"])
        for one in request["LogConfigurations"]:
            _check(pool, one)
        pool = msgspec.structs.replace(pool, logs=[dict(one) for one in request["LogConfigurations"]])
        put_pool(tx, ctx, pool)
        return pool

    return _members(await ctx.store.transact(write))


@operation("GetLogDeliveryConfiguration", access=[on_pool("GetLogDeliveryConfiguration")])
async def get_log_delivery_configuration(
    ctx: Context, request: GetLogDeliveryConfigurationRequestTypeDef
) -> dict[str, Any]:
    """What is logged. Raises ResourceNotFoundException."""
    return _members(await ctx.store.read(lambda tx: pool_of(tx, ctx, request["UserPoolId"])))


def _members(pool: Pool) -> dict[str, Any]:
    return {"LogDeliveryConfiguration": {"UserPoolId": pool.id, "LogConfigurations": pool.logs}}


def _check(pool: Pool, one: Mapping[str, Any]) -> None:
    """Errors of notifications go to a log group, and to nothing else."""
    if one["EventSource"] == "userAuthEvents":
        if pool.settings["UserPoolTier"] != "PLUS":
            raise FeatureUnavailableInTierException("userAuthEvents are not available in the user pool tier.")
        raise NotImplementedByAtoll("userAuthEvents is not supported: Atoll keeps no history of sign-ins.")
    if one["LogLevel"] != "ERROR":
        raise InvalidParameterException("The log level of userNotification must be ERROR.")
    if [name for name in _PLACES if one.get(name)] != [_PLACES[0]] or not one[_PLACES[0]].get("LogGroupArn"):
        raise InvalidParameterException("userNotification logs need a CloudWatchLogsConfiguration with a LogGroupArn.")
