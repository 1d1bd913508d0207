"""Users by the names that find them, and the one way to write them: the index of names follows.

docs: "Customizing sign-in attributes": a user is found by user name, by `sub`, and by aliases: of pools with AliasAttributes those that are
verified (preferred_username always), of pools with UsernameAttributes the e-mail address or phone number.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_idp.errors import (
    AliasExistsException,
    UsernameExistsException,
    UserNotFoundException,
)
from atoll.services.cognito_idp.pools.find import pool_of
from atoll.services.cognito_idp.store import USERS, Pool, User, find_user, space

_VERIFIED = {"email": "email_verified", "phone_number": "phone_number_verified"}


def folded(pool: Pool, name: str) -> str:
    """A name as the pool compares it: with its case, unless the pool was made otherwise (docs: API_UsernameConfigurationType)."""
    sensitive = pool.settings.get("UsernameConfiguration", {}).get("CaseSensitive", True)
    return name if sensitive else name.lower()


def aliases_of(pool: Pool, user: User) -> Iterator[tuple[str, str]]:
    """The attributes by which the user is found beside the user name: their names and folded values."""
    for name in pool.settings.get("UsernameAttributes") or ():
        if value := user.attributes.get(name):
            yield name, folded(pool, value)
    for name in pool.settings.get("AliasAttributes") or ():
        value = user.attributes.get(name)
        if value and user.attributes.get(_VERIFIED.get(name, ""), "true" if name not in _VERIFIED else "") == "true":
            yield name, folded(pool, value)


def names_of(pool: Pool, user: User) -> Iterator[str]:
    """Every name by which the user is found, folded; the user name first."""
    yield folded(pool, user.name)
    for _, value in aliases_of(pool, user):
        yield value


def find_by_name(tx: Reader, ctx: Context, pool: Pool, name: str) -> User | None:
    """The user whom `name` finds: a user name, `sub` or alias."""
    raw = tx.get((*space(ctx), "name", pool.id, folded(pool, name)))
    return find_user(tx, ctx, pool.id, name if raw is None else raw.decode())


def get_by_name(tx: Reader, ctx: Context, pool: Pool, name: str) -> User:
    """The user whom `name` finds, for administrators. Raises UserNotFoundException."""
    user = find_by_name(tx, ctx, pool, name)
    if user is None:
        raise UserNotFoundException("User does not exist.")
    return user


async def pool_and_user(ctx: Context, pool_id: str, name: str) -> tuple[Pool, User]:
    """What most requests of administrators name. Raises ResourceNotFoundException, UserNotFoundException."""

    def read(tx: Reader) -> tuple[Pool, User]:
        pool = pool_of(tx, ctx, pool_id)
        return pool, get_by_name(tx, ctx, pool, name)

    return await ctx.store.read(read)


def put_user(tx: Transaction, ctx: Context, pool: Pool, user: User, old: User | None, *, force: bool = False) -> None:
    """Writes a user, new (`old` is None) or changed. Raises UsernameExistsException or AliasExistsException where a name is another's;
    with `force` an alias is taken from that one, whose attribute is not verified any more then. Raises ResourceNotFoundException where
    the pool was deleted while a new user's password was hashed."""
    if old is None:
        pool_of(tx, ctx, pool.id)
    place = (*space(ctx), "name", pool.id)
    holder = tx.get((*place, folded(pool, user.name)))
    if holder is not None and holder.decode() != user.sub:
        raise UsernameExistsException("User already exists")
    for attribute, name in aliases_of(pool, user):
        holder = tx.get((*place, name))
        if holder is None or holder.decode() == user.sub:
            continue
        if not (force and _take(tx, ctx, pool, holder.decode(), attribute)):
            raise _taken(pool, attribute, new=old is None)
    names = list(dict.fromkeys(names_of(pool, user)))
    for name in set(names_of(pool, old) if old else ()) - set(names):
        tx.delete((*place, name))
    for name in names:
        tx.set((*place, name), user.sub.encode())
    tx.set((*space(ctx), "user", pool.id, user.sub), USERS.encode(user))
    if old is None:
        tx.add((*space(ctx), "users", pool.id), 1)


def remove_user(tx: Transaction, ctx: Context, pool: Pool, user: User) -> None:
    """Deletes a user and all that is his: names, memberships, codes, sign-ins."""
    place = space(ctx)
    for name in names_of(pool, user):
        tx.delete((*place, "name", pool.id, name))
    for key, _ in list(tx.scan(under((*place, "membership", pool.id, user.sub)))):
        tx.delete((*place, "member", pool.id, key[-1], user.sub))
    for kind in ("membership", "code", "attempts", "login"):
        tx.clear_range(under((*place, kind, pool.id, user.sub)))
    tx.delete((*place, "user", pool.id, user.sub))
    tx.add((*place, "users", pool.id), -1)


def sign_out(tx: Transaction, ctx: Context, pool: Pool, user: User) -> None:
    """Revokes every sign-in of a user."""
    tx.clear_range(under((*space(ctx), "login", pool.id, user.sub)))


def _take(tx: Transaction, ctx: Context, pool: Pool, sub: str, attribute: str) -> bool:
    """Takes an alias from the user who has it; False where it is his user name or cannot be unverified."""
    holder = find_user(tx, ctx, pool.id, sub)
    flag = _VERIFIED.get(attribute)
    if holder is None or flag is None or attribute in (pool.settings.get("UsernameAttributes") or ()):
        return False
    put_user(tx, ctx, pool, replace(holder, attributes={**holder.attributes, flag: "false"}), holder)
    return True


def _taken(pool: Pool, attribute: str, *, new: bool) -> UsernameExistsException | AliasExistsException:
    text = f"An account with the given {attribute} already exists."
    by_name = new and attribute in (pool.settings.get("UsernameAttributes") or ())
    return UsernameExistsException(text) if by_name else AliasExistsException(text)
