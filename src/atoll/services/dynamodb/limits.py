"""DescribeLimits and DescribeEndpoints, and the quotas of an account. docs: API_DescribeLimits (the quotas of a new account),
API_DescribeEndpoints; Developer Guide, "Service, account, and table quotas"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader
from atoll.services.dynamodb.errors import LimitExceededException
from atoll.services.dynamodb.store import PAY_PER_REQUEST, TABLES, Table, space

ACCOUNT_UNITS, TABLE_UNITS = 80_000, 40_000
MAX_TABLES = 2500
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


def require_room(tx: Reader, ctx: Context, table: Table) -> None:
    """Raises LimitExceededException where the account cannot have this table beside its others."""
    others = [raw for key, raw in tx.scan(under((*space(ctx), "table")), limit=MAX_TABLES + 1) if key[-1] != table.name]
    if len(others) >= MAX_TABLES:
        raise LimitExceededException(
            f"Subscriber limit exceeded: There is a limit of {MAX_TABLES} tables per subscriber"
        )
    if table.billing_mode == PAY_PER_REQUEST:
        return
    tables = [TABLES.decode(raw) for raw in others]
    for kind in ("Read", "Write"):
        wanted, used = _reserved(table, kind), sum(_reserved(other, kind) for other in tables)
        if used + wanted > ACCOUNT_UNITS:
            raise LimitExceededException(
                f"This request would have caused the {kind}CapacityUnits limit to be exceeded for the account in "
                f"{ctx.region}. Current {kind}CapacityUnits reserved by the account: {used}. Limit: {ACCOUNT_UNITS}. "
                f"Requested: {wanted}. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request "
                "higher limits."
            )


def _reserved(table: Table, kind: str) -> int:
    """Provisioned units of a table with its indexes."""
    return sum(getattr(part.provisioned, kind.lower()) for part in (table, *table.indexes))
