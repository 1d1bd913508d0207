"""Changing a user's attributes: what takes effect at once, and what waits for a code that goes to the new address.

docs: "Updating email addresses and phone numbers" (UserAttributeUpdateSettings), API_UpdateUserAttributes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp import messages
from atoll.services.cognito_idp.messages import Medium
from atoll.services.cognito_idp.store import Pool, User
from atoll.services.cognito_idp.users import attributes, codes
from atoll.services.cognito_idp.users.find import get_by_name, put_user

_ADDRESSES: Sequence[tuple[Medium, codes.Address]] = (("SMS", "phone_number"), ("EMAIL", "email"))


async def apply(
    ctx: Context, pool: Pool, client_id: str, user: User, given: Mapping[str, str], metadata: Mapping[str, str]
) -> list[dict[str, str]]:
    """Writes what was given, sends the codes that verify new addresses, and returns their CodeDeliveryDetails.

    Raises AliasExistsException, InvalidParameterException, and the errors of the custom message trigger.
    """
    attributes.require_mutable(pool, given)
    now, settings = ctx.clock.now(), pool.settings
    new = [(medium, name) for medium, name in _ADDRESSES if _is_new(user, given, name)]
    first = (settings.get("UserAttributeUpdateSettings") or {}).get("AttributesRequireVerificationBeforeUpdate") or ()
    waiting = {name for _, name in new if name in first}
    verified = settings.get("AutoVerifiedAttributes") or ()
    sent = [(medium, name, codes.draw(ctx)) for medium, name in new if name in waiting or name in verified]

    def write(tx: Transaction) -> User:
        present = get_by_name(tx, ctx, pool, user.sub)
        at_once = {name: value for name, value in given.items() if name not in waiting}
        after = attributes.merged(present.attributes, at_once)
        attributes.require_verifiable({**after, **{name: value for name, value in at_once.items() if value}})
        attributes.require_kept(pool, given, after)
        changed = replace(present, attributes=after, modified=now)
        put_user(tx, ctx, pool, changed, present)
        for _, name in _ADDRESSES:
            if after.get(name) != present.attributes.get(name):
                codes.forget(tx, ctx, pool.id, user.sub, name)  # it went to another address
        for medium, name, code in sent:
            codes.keep(tx, ctx, pool.id, user.sub, name, code, now, medium=medium, destination=given[name])
        return changed

    changed = await ctx.store.transact(write)
    return [
        await messages.send(
            ctx, pool, client_id, "CustomMessage_UpdateUserAttribute", addressed(changed, name, given[name]), medium, code,
            metadata,
        )
        for medium, name, code in sent
    ]  # fmt: skip


async def remove(ctx: Context, pool: Pool, user: User, names: Sequence[str]) -> None:
    """Takes attributes away. Raises InvalidParameterException."""
    attributes.require_known(pool, names)
    await apply(ctx, pool, "", user, dict.fromkeys(names, ""), {})


def addressed(user: User, name: str, value: str) -> User:
    """The user as a message to a new address sees him."""
    return replace(user, attributes={**user.attributes, name: value})


def _is_new(user: User, given: Mapping[str, str], name: str) -> bool:
    """Whether an address is given that is not known, and nobody says that it is verified."""
    value = given.get(name)
    return bool(value) and value != user.attributes.get(name) and given.get(attributes.VERIFIED[name]) != "true"
