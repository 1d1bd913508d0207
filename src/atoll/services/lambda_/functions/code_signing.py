"""Which code signing configuration a function has: PutFunctionCodeSigningConfig, GetFunctionCodeSigningConfig,
DeleteFunctionCodeSigningConfig, ListFunctionsByCodeSigningConfig. What it means for new code: `code_signing_configs.verify`.

docs: API_PutFunctionCodeSigningConfig and the like.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.lambda_.functions import code_signing_configs as configs
from atoll.services.lambda_.names import Target, function_arn, latest
from atoll.services.lambda_.paging import next_marker, page_of
from atoll.services.lambda_.policy import CODE_SIGNING, permission
from atoll.services.lambda_.store import get, put

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        DeleteFunctionCodeSigningConfigRequestTypeDef,
        GetFunctionCodeSigningConfigRequestTypeDef,
        ListFunctionsByCodeSigningConfigRequestTypeDef,
        PutFunctionCodeSigningConfigRequestTypeDef,
    )


@operation(
    "PutFunctionCodeSigningConfig",
    access=[
        permission("PutFunctionCodeSigningConfig", CODE_SIGNING, resource=function_arn),
        configs.permission("PutFunctionCodeSigningConfig", CODE_SIGNING),
    ],
)
async def put_function_code_signing_config(
    ctx: Context, request: PutFunctionCodeSigningConfigRequestTypeDef
) -> dict[str, Any]:
    """Raises CodeSigningConfigNotFoundException, ResourceNotFoundException."""
    place, arn = latest(ctx, request), request["CodeSigningConfigArn"]

    def assign(tx: Transaction) -> None:
        configs.needed(tx, arn)
        put(tx, place, msgspec.structs.replace(get(tx, place), signing=arn))

    await ctx.store.transact(assign)
    return {"CodeSigningConfigArn": arn, "FunctionName": place.name}


@operation("GetFunctionCodeSigningConfig", access=[permission("GetFunctionCodeSigningConfig", resource=function_arn)])
async def get_function_code_signing_config(
    ctx: Context, request: GetFunctionCodeSigningConfigRequestTypeDef
) -> dict[str, Any]:
    """Empty for a function without one, as AWS answers. Raises ResourceNotFoundException."""
    place = latest(ctx, request)
    function = await ctx.store.read(lambda tx: get(tx, place))
    return {"CodeSigningConfigArn": function.signing, "FunctionName": place.name} if function.signing else {}


@operation(
    "DeleteFunctionCodeSigningConfig", access=[permission("DeleteFunctionCodeSigningConfig", resource=function_arn)]
)
async def delete_function_code_signing_config(
    ctx: Context, request: DeleteFunctionCodeSigningConfigRequestTypeDef
) -> None:
    """Nothing where the function has none. Raises ResourceNotFoundException."""
    place = latest(ctx, request)
    await ctx.store.transact(lambda tx: put(tx, place, msgspec.structs.replace(get(tx, place), signing="")))


@operation("ListFunctionsByCodeSigningConfig", access=[configs.permission("ListFunctionsByCodeSigningConfig")])
async def list_functions_by_code_signing_config(
    ctx: Context, request: ListFunctionsByCodeSigningConfigRequestTypeDef
) -> dict[str, Any]:
    """The functions by name, at most 50 per page. Raises ResourceNotFoundException."""
    arn, (limit, after) = request["CodeSigningConfigArn"], page_of(request)

    def read(tx: Reader) -> list[str]:
        configs.get(tx, arn)
        names = sorted(name for name in configs.users(tx, ctx, arn) if after is None or name > after)
        return list(islice(names, limit + 1))

    page = await ctx.store.read(read)
    return {
        "FunctionArns": [Target(ctx.account, ctx.region, name).arn for name in page[:limit]],
        "NextMarker": next_marker(page, limit, str),
    }
