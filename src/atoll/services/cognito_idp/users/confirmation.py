"""Confirming a sign-up: by which message, with which code, and what it changes."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp import triggers
from atoll.services.cognito_idp.errors import NotAuthorizedException
from atoll.services.cognito_idp.messages import ATTRIBUTES, Medium
from atoll.services.cognito_idp.store import Code, Pool, User
from atoll.services.cognito_idp.users import codes
from atoll.services.cognito_idp.users.attributes import VERIFIED
from atoll.services.cognito_idp.users.find import get_by_name, put_user


def medium_for(pool: Pool, user: User) -> Medium | None:
    """How the code of a sign-up is sent: to what the pool verifies, the phone first; None where it verifies nothing of this user."""
    verifies = pool.settings.get("AutoVerifiedAttributes") or ()
    for medium in ("SMS", "EMAIL"):
        attribute = ATTRIBUTES[medium]
        if attribute in verifies and user.attributes.get(attribute):
            return medium
    return None


def keep(
    tx: Transaction,
    ctx: Context,
    pool: Pool,
    user: User,
    medium: Medium,
    code: str,
    now: float,
    *,
    counted: bool = False,
) -> None:
    """Keeps the code that is about to be sent."""
    codes.keep(
        tx, ctx, pool.id, user.sub, "sign_up", code, now, medium=medium,
        destination=user.attributes[ATTRIBUTES[medium]], counted=counted,
    )  # fmt: skip


def require_unconfirmed(user: User) -> None:
    """Raises NotAuthorizedException where there is nothing to confirm."""
    if user.status != "UNCONFIRMED":
        raise NotAuthorizedException(f"User cannot be confirmed. Current status is {user.status}")


def confirm(
    tx: Transaction, ctx: Context, pool: Pool, user: User, code: Code | None, now: float, *, force: bool = False
) -> User:
    """Confirms the user, and verifies where `code` went to (None: an administrator does it). Raises AliasExistsException."""
    present = get_by_name(tx, ctx, pool, user.sub)
    require_unconfirmed(present)
    after = dict(present.attributes)
    if code is not None and after.get(ATTRIBUTES[code.medium]) == code.destination:
        after[VERIFIED[ATTRIBUTES[code.medium]]] = "true"
    confirmed = replace(present, status="CONFIRMED", attributes=after, modified=now)
    put_user(tx, ctx, pool, confirmed, present, force=force)
    codes.forget(tx, ctx, pool.id, user.sub, "sign_up")
    return confirmed


async def tell(
    ctx: Context, pool: Pool, client_id: str, source: str, user: User, metadata: Mapping[str, str] | None
) -> None:
    """Calls the post confirmation trigger. The user stays confirmed whatever it says."""
    await triggers.fire(ctx, pool, client_id, source, user, triggers.with_metadata(metadata))
