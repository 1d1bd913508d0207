"""ForgotPassword, ConfirmForgotPassword, AdminResetUserPassword: a code, and a new password for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp import messages, triggers
from atoll.services.cognito_idp.client_pool import by_client
from atoll.services.cognito_idp.errors import InvalidParameterException, NotAuthorizedException
from atoll.services.cognito_idp.pools.client_settings import hides_users
from atoll.services.cognito_idp.pools.find import on_pool
from atoll.services.cognito_idp.store import Client, Code, Pool, User
from atoll.services.cognito_idp.users import (
    attributes,
    codes,
    existence,
    migration,
    new_password,
    password_rules,
    recovery,
    secret_hash,
)
from atoll.services.cognito_idp.users.find import find_by_name, get_by_name, pool_and_user, put_user

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        AdminResetUserPasswordRequestTypeDef,
        ConfirmForgotPasswordRequestTypeDef,
        ForgotPasswordRequestTypeDef,
    )


@operation("ForgotPassword", access=())
async def forgot_password(ctx: Context, request: ForgotPasswordRequestTypeDef) -> dict[str, Any]:
    """docs: API_ForgotPassword. Raises UserNotFoundException, NotAuthorizedException, InvalidParameterException,
    LimitExceededException, and the errors of triggers."""
    ctx, pool, client = await by_client(ctx, request["ClientId"])
    secret_hash.check(client, request["Username"], request.get("SecretHash"))
    sent = await ask(ctx, pool, client, request["Username"], request.get("ClientMetadata", {}))
    return {"CodeDeliveryDetails": sent}


async def ask(ctx: Context, pool: Pool, client: Client, name: str, metadata: Mapping[str, str]) -> Mapping[str, str]:
    """Sends a code to the user whom `name` finds, and returns its CodeDeliveryDetails. Also the hosted pages'. Raises as
    `forgot_password`."""
    user = await ctx.store.read(lambda tx: find_by_name(tx, ctx, pool, name))
    if user is None:
        user = await migration.forgotten(ctx, pool, client, name, metadata)
    if user is None:
        if hides_users(client):
            return await existence.pretend(ctx, pool, name)
        raise existence.unknown()
    try:
        recovery.require_resettable(user)
        medium = recovery.medium_for(pool, user)
    except (NotAuthorizedException, InvalidParameterException):
        if hides_users(client):
            return await existence.pretend(ctx, pool, name)
        raise
    return await _send(ctx, pool, client.id, user, medium, metadata, counted=True)


async def _send(
    ctx: Context, pool: Pool, client_id: str, user: User, medium: messages.Medium, metadata: Mapping[str, str], *,
    counted: bool,
) -> dict[str, str]:  # fmt: skip
    code, now = codes.draw(ctx), ctx.clock.now()
    destination = user.attributes[messages.ATTRIBUTES[medium]]
    await ctx.store.transact(
        lambda tx: codes.keep(
            tx, ctx, pool.id, user.sub, "forgot_password", code, now, medium=medium, destination=destination,
            counted=counted,
        )
    )  # fmt: skip
    return await messages.send(ctx, pool, client_id, "CustomMessage_ForgotPassword", user, medium, code, metadata)


@operation("ConfirmForgotPassword", access=())
async def confirm_forgot_password(ctx: Context, request: ConfirmForgotPasswordRequestTypeDef) -> dict[str, Any]:
    """docs: API_ConfirmForgotPassword. Raises CodeMismatchException, ExpiredCodeException, LimitExceededException,
    InvalidPasswordException, UserNotFoundException, and the errors of the post confirmation trigger."""
    ctx, pool, client = await by_client(ctx, request["ClientId"])
    secret_hash.check(client, request["Username"], request.get("SecretHash"))
    await confirm(
        ctx, pool, client, request["Username"], request["ConfirmationCode"], request["Password"],
        request.get("ClientMetadata", {}),
    )  # fmt: skip
    return {}


async def confirm(
    ctx: Context, pool: Pool, client: Client, name: str, code: str, password: str, metadata: Mapping[str, str]
) -> None:
    """Gives the user a new password, where the code is right. Also the hosted pages'. Raises as `confirm_forgot_password`."""
    password_rules.check(pool, password)
    user = await ctx.store.read(lambda tx: find_by_name(tx, ctx, pool, name))
    if user is None or not user.enabled:
        if hides_users(client):
            raise codes.mismatch()
        raise existence.unknown() if user is None else NotAuthorizedException("User is disabled.")
    await codes.check(ctx, pool.id, user.sub, "forgot_password", code)  # before what takes long
    kept, now = await new_password.accepted(ctx, pool, user, password), ctx.clock.now()

    def write(tx: Transaction, known: Code) -> User:
        present = get_by_name(tx, ctx, pool, user.sub)
        changed = new_password.having(pool, present, kept, "CONFIRMED", now)
        attribute = messages.ATTRIBUTES[known.medium]
        if changed.attributes.get(attribute) == known.destination:
            verified = {**changed.attributes, attributes.VERIFIED[attribute]: "true"}
            changed = replace(changed, attributes=verified)
        put_user(tx, ctx, pool, changed, present)
        return changed

    changed = await codes.redeem(ctx, pool.id, user.sub, "forgot_password", code, write)
    await triggers.fire(
        ctx, pool, client.id, "PostConfirmation_ConfirmForgotPassword", changed, triggers.with_metadata(metadata)
    )


@operation("AdminResetUserPassword", access=[on_pool("AdminResetUserPassword")])
async def admin_reset_user_password(ctx: Context, request: AdminResetUserPasswordRequestTypeDef) -> dict[str, Any]:
    """docs: API_AdminResetUserPassword. The password counts no more; a code is sent, for ConfirmForgotPassword."""
    pool, user = await pool_and_user(ctx, request["UserPoolId"], request["Username"])
    recovery.require_resettable(user)
    medium, now = recovery.medium_for(_for_administrators(pool), user), ctx.clock.now()

    def write(tx: Transaction) -> User:
        present = get_by_name(tx, ctx, pool, user.sub)
        reset = replace(present, status="RESET_REQUIRED", modified=now)
        put_user(tx, ctx, pool, reset, present)
        return reset

    reset = await ctx.store.transact(write)
    await _send(ctx, pool, "", reset, medium, request.get("ClientMetadata", {}), counted=False)
    return {}


def _for_administrators(pool: Pool) -> Pool:
    """The pool as it recovers accounts for administrators, who may where users may not."""
    if (pool.settings.get("AccountRecoverySetting") or {}).get("RecoveryMechanisms", [{}])[0].get(
        "Name"
    ) != "admin_only":
        return pool
    return replace(pool, settings={**pool.settings, "AccountRecoverySetting": {}})
