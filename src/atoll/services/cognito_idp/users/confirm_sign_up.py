"""ConfirmSignUp: the code that a sign-up sent comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.services.cognito_idp.client_pool import by_client
from atoll.services.cognito_idp.errors import NotAuthorizedException
from atoll.services.cognito_idp.pools.client_settings import hides_users
from atoll.services.cognito_idp.signin import sign_up as sign_up_session
from atoll.services.cognito_idp.store import Client, Pool
from atoll.services.cognito_idp.users import codes, confirmation, existence, secret_hash
from atoll.services.cognito_idp.users.find import find_by_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_cognito_idp.type_defs import ConfirmSignUpRequestTypeDef


@operation("ConfirmSignUp", access=())
async def confirm_sign_up(ctx: Context, request: ConfirmSignUpRequestTypeDef) -> dict[str, Any]:
    """docs: API_ConfirmSignUp. Raises CodeMismatchException, ExpiredCodeException, LimitExceededException, AliasExistsException,
    NotAuthorizedException, UserNotFoundException, and the errors of the post confirmation trigger."""
    ctx, pool, client = await by_client(ctx, request["ClientId"])
    secret_hash.check(client, request["Username"], request.get("SecretHash"))
    session = await confirm(
        ctx, pool, client, request["Username"], request["ConfirmationCode"], request.get("ClientMetadata", {}),
        force=request.get("ForceAliasCreation", False), session=request.get("Session", ""),
    )  # fmt: skip
    return {"Session": session}


async def confirm(
    ctx: Context, pool: Pool, client: Client, name: str, code: str, metadata: Mapping[str, str], *,
    force: bool = False, session: str = "",
) -> str | None:  # fmt: skip
    """Confirms the user whom `name` finds, where the code is right, and returns the session that may sign in the user. `session` is
    SignUp's, or "". Also the hosted pages'. Raises as `confirm_sign_up`."""
    user = await ctx.store.read(lambda tx: find_by_name(tx, ctx, pool, name))
    if user is None or not user.enabled:
        if hides_users(client):
            raise codes.expired()
        raise existence.unknown() if user is None else NotAuthorizedException("User is disabled.")
    confirmation.require_unconfirmed(user)
    if session:
        await sign_up_session.require(ctx, pool, client, user, session)
    now = ctx.clock.now()
    confirmed, medium = await codes.redeem(
        ctx, pool.id, user.sub, "sign_up", code,
        lambda tx, known: (confirmation.confirm(tx, ctx, pool, user, known, now, force=force), known.medium),
    )  # fmt: skip
    await confirmation.tell(ctx, pool, client.id, "PostConfirmation_ConfirmSignUp", confirmed, metadata)
    return await sign_up_session.confirmed(ctx, pool, client, confirmed, session, medium)
