"""NEW_PASSWORD_REQUIRED: a user whom an administrator made sets a password of his own, and the attributes that are still missing."""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp.errors import InvalidParameterException, NotAuthorizedException
from atoll.services.cognito_idp.pools.settings import password_policy
from atoll.services.cognito_idp.signin import sessions
from atoll.services.cognito_idp.signin.attempt import WRONG, Asked, Attempt, needed
from atoll.services.cognito_idp.store import User, find_user
from atoll.services.cognito_idp.users import attributes, new_password
from atoll.services.cognito_idp.users.find import put_user

DAY = 86_400
_PREFIX = "userAttributes."


async def ask(attempt: Attempt) -> Asked:
    """Puts the challenge. Raises NotAuthorizedException where the temporary password is too old."""
    user = attempt.known()
    days = password_policy(attempt.pool).get("TemporaryPasswordValidityDays") or 7
    if user.temporary_since and attempt.ctx.clock.now() >= user.temporary_since + days * DAY:
        raise NotAuthorizedException("Temporary password has expired and must be reset by an administrator.")
    missing = [_PREFIX + name for name in attributes.missing_of(attempt.pool, user.attributes)]
    parameters = {
        "USER_ID_FOR_SRP": user.name,
        "requiredAttributes": json.dumps(missing, separators=(",", ":")),
        "userAttributes": json.dumps(user.attributes, separators=(",", ":")),
    }
    return await sessions.ask(attempt, "NEW_PASSWORD_REQUIRED", parameters)


async def answer(attempt: Attempt, session: str, responses: Mapping[str, str]) -> Attempt:
    """Sets the password. What is refused (a weak password, a missing attribute) leaves the session as it was."""
    ctx, pool, client, user = attempt.ctx, attempt.pool, attempt.client, attempt.known()
    chosen = needed(responses, "NEW_PASSWORD")
    pairs = [
        {"Name": name.removeprefix(_PREFIX), "Value": value}
        for name, value in responses.items()
        if name.startswith(_PREFIX)
    ]
    changes = attributes.given(pool, pairs)
    for name in changes:
        if user.attributes.get(name):
            raise NotAuthorizedException(f"Cannot modify an already provided {name}")
    attributes.require_writable(client, changes)
    if missing := attributes.missing_of(pool, attributes.merged(user.attributes, changes)):
        raise InvalidParameterException(f"Invalid attributes given, {', '.join(missing)} is missing")
    password = await new_password.accepted(ctx, pool, user, chosen)
    now = ctx.clock.now()

    def write(tx: Transaction) -> User:
        sessions.spend(tx, ctx, pool, client, session, now)
        current = find_user(tx, ctx, pool.id, user.sub)
        if current is None or current.status != "FORCE_CHANGE_PASSWORD":
            raise NotAuthorizedException(WRONG)
        changed = new_password.having(pool, current, password, "CONFIRMED", now)
        changed = msgspec.structs.replace(changed, attributes=attributes.merged(current.attributes, changes))
        put_user(tx, ctx, pool, changed, current)
        return changed

    return attempt.of(await ctx.store.transact(write))
