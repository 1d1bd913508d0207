"""GetAccountSettings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, counter
from atoll.services.lambda_.concurrency.limits import CONCURRENCY
from atoll.services.lambda_.functions.code_storage import TOTAL_CODE_SIZE
from atoll.services.lambda_.functions.package import MAX_ZIPPED
from atoll.services.lambda_.functions.unzip import MAX_UNZIPPED
from atoll.services.lambda_.names import Target
from atoll.services.lambda_.store import key


@operation("GetAccountSettings", access=[Access("lambda:GetAccountSettings")])
async def get_account_settings(ctx: Context, _request: Mapping[str, Any]) -> dict[str, Any]:
    """docs: API_GetAccountSettings."""
    place = Target(ctx.account, ctx.region, "")

    def read(tx: Reader) -> tuple[int, int, int]:
        count, size, reserved = (counter(tx.get(key(place, "usage", name))) for name in ("count", "bytes", "reserved"))
        return count, size, reserved

    count, size, reserved = await ctx.store.read(read)
    return {
        "AccountLimit": {
            "TotalCodeSize": TOTAL_CODE_SIZE,
            "CodeSizeUnzipped": MAX_UNZIPPED,
            "CodeSizeZipped": MAX_ZIPPED,
            "ConcurrentExecutions": CONCURRENCY,
            "UnreservedConcurrentExecutions": CONCURRENCY - reserved,
        },
        "AccountUsage": {"TotalCodeSize": size, "FunctionCount": count},
    }
