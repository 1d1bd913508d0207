"""GetCallerIdentity: who signed this. Nobody can be denied it."""

from __future__ import annotations

from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation


@operation("GetCallerIdentity", access=())
async def get_caller_identity(ctx: Context, _request: dict[str, Any]) -> dict[str, Any]:
    """docs: API_GetCallerIdentity, and "IAM identifiers" for what UserId is for each kind of caller."""
    principal = ctx.principal
    return {"UserId": principal.user_id, "Account": principal.account, "Arn": principal.arn}
