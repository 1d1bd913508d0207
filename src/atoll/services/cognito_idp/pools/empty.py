"""What pools can be asked about that they never have here: the answers say so, as AWS's do of pools that have none.

docs: API_ListIdentityProviders, API_DescribeRiskConfiguration, API_GetCSVHeader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.services.cognito_idp.pools.find import on_pool, pool_of
from atoll.services.cognito_idp.store import Pool

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        DescribeRiskConfigurationRequestTypeDef,
        GetCSVHeaderRequestTypeDef,
        ListIdentityProvidersRequestTypeDef,
    )


@operation("ListIdentityProviders", access=[on_pool("ListIdentityProviders")])
async def list_identity_providers(ctx: Context, request: ListIdentityProvidersRequestTypeDef) -> dict[str, Any]:
    """No providers: pools do not federate. Raises ResourceNotFoundException."""
    await _pool(ctx, request["UserPoolId"])
    return {"Providers": []}


@operation("DescribeRiskConfiguration", access=[on_pool("DescribeRiskConfiguration")])
async def describe_risk_configuration(ctx: Context, request: DescribeRiskConfigurationRequestTypeDef) -> dict[str, Any]:
    """No risks are judged. Raises ResourceNotFoundException."""
    await _pool(ctx, request["UserPoolId"])
    return {"RiskConfiguration": {"UserPoolId": request["UserPoolId"], "ClientId": request.get("ClientId")}}


@operation("GetCSVHeader", access=[on_pool("GetCSVHeader")])
async def get_csv_header(ctx: Context, request: GetCSVHeaderRequestTypeDef) -> dict[str, Any]:
    """The columns of a file of users: the pool's attributes, whether MFA is on, the user name. Raises ResourceNotFoundException."""
    pool = await _pool(ctx, request["UserPoolId"])
    names = [attribute.name for attribute in pool.schema if attribute.name != "sub"]
    return {"UserPoolId": pool.id, "CSVHeader": [*names, "cognito:mfa_enabled", "cognito:username"]}


async def _pool(ctx: Context, pool_id: str) -> Pool:
    return await ctx.store.read(lambda tx: pool_of(tx, ctx, pool_id))
