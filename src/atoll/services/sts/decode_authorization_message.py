"""DecodeAuthorizationMessage: what an encoded message says. The services that send such messages (EC2, …) are not in this region: no
message is one, and every denial here says in plain text what was denied and why."""

from __future__ import annotations

from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation
from atoll.services.sts.errors import InvalidAuthorizationMessageException


@operation("DecodeAuthorizationMessage", access=[Access("sts:DecodeAuthorizationMessage")])
async def decode_authorization_message(_ctx: Context, _request: dict[str, Any]) -> None:
    """docs: API_DecodeAuthorizationMessage."""
    raise InvalidAuthorizationMessageException("Message is not valid")
