"""Users by the names that find them, and the one way to write them: the index of names follows.

docs: "Customizing sign-in attributes": a user is found by user name, by `sub`, and by aliases: of pools with AliasAttributes those that are
verified (preferred_username always), of pools with UsernameAttributes the e-mail address or phone number.
"""

from __future__ import annotations

from collections.abc import Iterator

from atoll.kernel.context import Context
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_idp.errors import AliasExistsException, UsernameExistsException
from atoll.services.cognito_idp.store import USERS, Pool, User, find_user, space

_VERIFIED = {"email": "email_verified", "phone_number": "phone_number_verified"}


def folded(pool: Pool, name: str) -> str:
    """A name as the pool compares it: pools are case-insensitive unless they were made otherwise."""
    sensitive = pool.settings.get("UsernameConfiguration", {}).get("CaseSensitive", False)
    return name if sensitive else name.lower()


def names_of(pool: Pool, user: User) -> Iterator[str]:
    """Every name by which the user is found, folded; the user name first."""
    yield folded(pool, user.name)
    for name in pool.settings.get("UsernameAttributes", ()):
        if value := user.attributes.get(name):
            yield folded(pool, value)
    for name in pool.settings.get("AliasAttributes", ()):
        value = user.attributes.get(name)
        if value and user.attributes.get(_VERIFIED.get(name, ""), "true") == "true":
            yield folded(pool, value)


def find_by_name(tx: Reader, ctx: Context, pool: Pool, name: str) -> User | None:
    """The user whom `name` finds: a user name, `sub` or alias."""
    raw = tx.get((*space(ctx), "name", pool.id, folded(pool, name)))
    return find_user(tx, ctx, pool.id, name if raw is None else raw.decode())


def put_user(tx: Transaction, ctx: Context, pool: Pool, user: User, old: User | None) -> None:
    """Writes a user, new (`old` is None) or changed. Raises UsernameExistsException or AliasExistsException where a name is another's."""
    place = (*space(ctx), "name", pool.id)
    names = list(dict.fromkeys(names_of(pool, user)))
    for name in names:
        holder = tx.get((*place, name))
        if holder is not None and holder.decode() != user.sub:
            if name == names[0]:
                raise UsernameExistsException("User already exists")
            raise AliasExistsException("An account with the given email already exists.")
    for name in set(names_of(pool, old) if old else ()) - set(names):
        tx.delete((*place, name))
    for name in names:
        tx.set((*place, name), user.sub.encode())
    tx.set((*space(ctx), "user", pool.id, user.sub), USERS.encode(user))
