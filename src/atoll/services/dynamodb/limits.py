"""DescribeLimits and DescribeEndpoints. docs: API_DescribeLimits (the quotas of a new account), API_DescribeEndpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation

ACCOUNT_UNITS, TABLE_UNITS = 80_000, 40_000
CACHE_MINUTES = 1440


@operation("DescribeLimits", access=[Access("dynamodb:DescribeLimits")])
async def describe_limits(_ctx: Context, _request: Mapping[str, Any]) -> dict[str, Any]:
    """Capacity quotas of the account and of each table."""
    return {
        "AccountMaxReadCapacityUnits": ACCOUNT_UNITS,
        "AccountMaxWriteCapacityUnits": ACCOUNT_UNITS,
        "TableMaxReadCapacityUnits": TABLE_UNITS,
        "TableMaxWriteCapacityUnits": TABLE_UNITS,
    }


@operation("DescribeEndpoints", access=[Access("dynamodb:DescribeEndpoints")])
async def describe_endpoints(ctx: Context, _request: Mapping[str, Any]) -> dict[str, Any]:
    """Where to find this region's DynamoDB: under the name by which the caller found it now."""
    address = ctx.host or ctx.endpoint.removeprefix("http://").removeprefix("https://")
    return {"Endpoints": [{"Address": address, "CachePeriodInMinutes": CACHE_MINUTES}]}
