"""Mail and text messages that users get: codes, invitations. They land in the region's mailbox (`kernel/mailbox.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from atoll.kernel.context import Context
from atoll.services.cognito_idp.store import Pool, User

Medium = Literal["EMAIL", "SMS"]


async def send(
    ctx: Context, pool: Pool, client_id: str, source: str, user: User, medium: Medium, code: str,
    metadata: Mapping[str, str],
) -> dict[str, str]:  # fmt: skip
    """Sends `code` to the user, in the words of the pool's template or of its custom message trigger (`source`, such as
    `CustomMessage_ForgotPassword`), and returns the CodeDeliveryDetails that the client is shown (the destination masked)."""
    raise NotImplementedError
