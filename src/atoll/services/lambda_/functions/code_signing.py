"""GetFunctionCodeSigningConfig: no function has one. Terraform asks after every function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.services.lambda_.functions.update_function import latest
from atoll.services.lambda_.names import function_arn
from atoll.services.lambda_.policy import permission
from atoll.services.lambda_.store import get

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import GetFunctionCodeSigningConfigRequestTypeDef


@operation("GetFunctionCodeSigningConfig", access=[permission("GetFunctionCodeSigningConfig", resource=function_arn)])
async def get_function_code_signing_config(
    ctx: Context, request: GetFunctionCodeSigningConfigRequestTypeDef
) -> dict[str, Any]:
    """docs: API_GetFunctionCodeSigningConfig. Empty for a function without one, as AWS answers. Raises ResourceNotFoundException."""
    place = latest(ctx, request)
    await ctx.store.read(lambda tx: get(tx, place))
    return {}
