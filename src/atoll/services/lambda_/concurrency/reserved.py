"""PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency: reserved concurrency. `limits.py` enforces it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.lambda_.concurrency.limits import CONCURRENCY, UNRESERVED_MINIMUM
from atoll.services.lambda_.concurrency.provisioning import provisioned_sums
from atoll.services.lambda_.errors import InvalidParameterValueException
from atoll.services.lambda_.names import Target, function_arn, target
from atoll.services.lambda_.policy import permission
from atoll.services.lambda_.store import get, key, put, reserved_in_all

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        DeleteFunctionConcurrencyRequestTypeDef,
        GetFunctionConcurrencyRequestTypeDef,
        PutFunctionConcurrencyRequestTypeDef,
    )


@operation("PutFunctionConcurrency", access=[permission("PutFunctionConcurrency", resource=function_arn)])
async def put_function_concurrency(ctx: Context, request: PutFunctionConcurrencyRequestTypeDef) -> dict[str, Any]:
    """docs: API_PutFunctionConcurrency. Raises ResourceNotFoundException, InvalidParameterValueException."""
    wanted = request["ReservedConcurrentExecutions"]
    await _reserve(ctx, _whole(ctx, request), wanted)
    return {"ReservedConcurrentExecutions": wanted}


@operation("GetFunctionConcurrency", access=[permission("GetFunctionConcurrency", resource=function_arn)])
async def get_function_concurrency(ctx: Context, request: GetFunctionConcurrencyRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetFunctionConcurrency. Empty without a reservation."""
    place = _whole(ctx, request)
    function = await ctx.store.read(lambda tx: get(tx, place))
    return {"ReservedConcurrentExecutions": function.reserved}


@operation("DeleteFunctionConcurrency", access=[permission("DeleteFunctionConcurrency", resource=function_arn)])
async def delete_function_concurrency(ctx: Context, request: DeleteFunctionConcurrencyRequestTypeDef) -> None:
    """docs: API_DeleteFunctionConcurrency."""
    await _reserve(ctx, _whole(ctx, request), None)


def _whole(ctx: Context, request: Mapping[str, Any]) -> Target:
    """The function, which must be named without a qualifier. Raises InvalidParameterValueException."""
    place = target(ctx, request)
    if place.qualifier is not None:
        raise InvalidParameterValueException(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
            "Please specify either a function name or an unqualified function ARN."
        )
    return place


async def _reserve(ctx: Context, place: Target, wanted: int | None) -> None:
    def reserve(tx: Transaction) -> None:
        function = get(tx, place)
        provisioned = provisioned_sums(tx, place)
        change = (wanted or 0) - (function.reserved or 0)
        if change > 0 and CONCURRENCY - reserved_in_all(tx, place) - change < UNRESERVED_MINIMUM:
            raise InvalidParameterValueException(
                "Specified ReservedConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of [{UNRESERVED_MINIMUM}]."
            )
        if wanted is not None and wanted < provisioned[place.name]:
            raise InvalidParameterValueException(
                f" ReservedConcurrentExecutions  {wanted} should not be lower than function's total provisioned concurrency "
                f"[{provisioned[place.name]}]."  # the spaces are AWS's
            )
        tx.add(key(place, "usage", "reserved"), change)
        put(tx, place, msgspec.structs.replace(function, reserved=wanted))

    await ctx.store.transact(reserve)
