"""PutFunctionRecursionConfig, GetFunctionRecursionConfig: what becomes of recursive loops.

docs: API_PutFunctionRecursionConfig; Lambda developer guide, "Use Lambda recursive loop detection".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.services.lambda_.names import function_arn, latest
from atoll.services.lambda_.policy import permission
from atoll.services.lambda_.store import get, put

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        GetFunctionRecursionConfigRequestTypeDef,
        PutFunctionRecursionConfigRequestTypeDef,
    )


@operation("PutFunctionRecursionConfig", access=[permission("PutFunctionRecursionConfig", resource=function_arn)])
async def put_function_recursion_config(
    ctx: Context, request: PutFunctionRecursionConfigRequestTypeDef
) -> dict[str, Any]:
    """Raises ResourceNotFoundException."""
    place, wanted = latest(ctx, request), request["RecursiveLoop"]
    await ctx.store.transact(lambda tx: put(tx, place, msgspec.structs.replace(get(tx, place), recursion=wanted)))
    return {"RecursiveLoop": wanted}


@operation("GetFunctionRecursionConfig", access=[permission("GetFunctionRecursionConfig", resource=function_arn)])
async def get_function_recursion_config(
    ctx: Context, request: GetFunctionRecursionConfigRequestTypeDef
) -> dict[str, Any]:
    """Terminate where nothing else was put. Raises ResourceNotFoundException."""
    place = latest(ctx, request)
    return {"RecursiveLoop": (await ctx.store.read(lambda tx: get(tx, place))).recursion}
