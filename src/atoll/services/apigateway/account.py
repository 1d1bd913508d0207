"""The account's settings in a region. docs: API_GetAccount, API_UpdateAccount"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.services.apigateway.access import access

if TYPE_CHECKING:
    from collections.abc import Mapping


@operation("GetAccount", access=access("GET", "/account"))
async def get_account(_ctx: Context, _request: Mapping[str, Any]) -> dict[str, Any]:
    """The account's settings."""
    return {"throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0}, "features": [], "apiKeyVersion": "4"}
