"""PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency: reserved concurrency. `running.py` enforces it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction, counter
from atoll.lambda_runtime.pool import CONCURRENCY
from atoll.services.lambda_.errors import InvalidParameterValueException
from atoll.services.lambda_.functions.update_function import latest
from atoll.services.lambda_.names import Target, function_arn
from atoll.services.lambda_.policy import permission
from atoll.services.lambda_.store import get, key, put

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        DeleteFunctionConcurrencyRequestTypeDef,
        GetFunctionConcurrencyRequestTypeDef,
        PutFunctionConcurrencyRequestTypeDef,
    )

UNRESERVED_MINIMUM = 100


@operation("PutFunctionConcurrency", access=[permission("PutFunctionConcurrency", resource=function_arn)])
async def put_function_concurrency(ctx: Context, request: PutFunctionConcurrencyRequestTypeDef) -> dict[str, Any]:
    """docs: API_PutFunctionConcurrency. Raises ResourceNotFoundException, InvalidParameterValueException."""
    wanted = request["ReservedConcurrentExecutions"]
    await _reserve(ctx, latest(ctx, request), wanted)
    return {"ReservedConcurrentExecutions": wanted}


@operation("GetFunctionConcurrency", access=[permission("GetFunctionConcurrency", resource=function_arn)])
async def get_function_concurrency(ctx: Context, request: GetFunctionConcurrencyRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetFunctionConcurrency. Empty without a reservation."""
    place = latest(ctx, request)
    function = await ctx.store.read(lambda tx: get(tx, place))
    return {"ReservedConcurrentExecutions": function.reserved}


@operation("DeleteFunctionConcurrency", access=[permission("DeleteFunctionConcurrency", resource=function_arn)])
async def delete_function_concurrency(ctx: Context, request: DeleteFunctionConcurrencyRequestTypeDef) -> None:
    """docs: API_DeleteFunctionConcurrency."""
    await _reserve(ctx, latest(ctx, request), None)


async def _reserve(ctx: Context, place: Target, wanted: int | None) -> None:
    def reserve(tx: Transaction) -> None:
        function = get(tx, place)
        total = key(place, "usage", "reserved")
        change = (wanted or 0) - (function.reserved or 0)
        if change > 0 and CONCURRENCY - counter(tx.get(total)) - change < UNRESERVED_MINIMUM:
            raise InvalidParameterValueException(
                "Specified ReservedConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of [{UNRESERVED_MINIMUM}]."
            )
        tx.add(total, change)
        put(tx, place, msgspec.structs.replace(function, reserved=wanted))

    await ctx.store.transact(reserve)
