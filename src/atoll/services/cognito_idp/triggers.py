"""Lambda triggers: the events that a pool's functions get, and what their answers may change.

docs: "Customizing user pool workflows with Lambda triggers".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.services.cognito_idp.store import Pool, User


async def fire(
    ctx: Context, pool: Pool, client_id: str, source: str, user: User | str, request: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Calls the function of the pool's LambdaConfig that a trigger source (`PreSignUp_SignUp`) belongs to, with `request` filled in by the
    user's attributes, and returns the `response` that it gave back; None where the pool has no such function.

    `user` is a user's name where there is no user. Raises UserLambdaValidationException, UnexpectedLambdaException and
    InvalidLambdaResponseException with AWS's texts.
    """
    raise NotImplementedError
