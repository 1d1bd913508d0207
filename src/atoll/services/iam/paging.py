"""Pages: MaxItems and Marker, in and out. docs: IAM API reference, ListRoles and its like."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import Key, under
from atoll.kernel.store.api import Reader
from atoll.kernel.turns import Turn
from atoll.services.iam.store import E, Kind

T = TypeVar("T")
Positioned = Iterable[tuple[str, T]]
"""Entries, each with what finds its place again."""


def page(request: Mapping[str, Any], after: Callable[[str], Positioned[T]]) -> tuple[list[T], dict[str, Any]]:
    """One page of the entries that `after(position)` gives ("" for all), and the members that say whether more follow.

    Raises ValidationFailed for a marker that IAM did not give out.
    """
    limit = _limit(request)
    found: list[tuple[str, T]] = []
    for entry in after(_position(request)):
        found.append(entry)
        if len(found) > limit:
            break
    return _cut(found, limit)


async def page_in_turns(
    ctx: Context, request: Mapping[str, Any], after: Callable[[Reader, str], Positioned[T | None]]
) -> tuple[list[T], dict[str, Any]]:
    """As `page`, of what the store has, where a page may be large: others have their turn meanwhile. Entries that are None do not count."""
    limit, last = _limit(request), _position(request)
    found: list[tuple[str, T]] = []
    turn = Turn(ctx.clock)

    def complete(tx: Reader) -> bool:
        nonlocal last
        for position, entry in after(tx, last):
            last = position
            if entry is not None:
                found.append((position, entry))
            if len(found) > limit:
                return True
            if turn.over:
                return False
        return True

    while not await ctx.store.read(complete):
        await turn.another()
    return _cut(found, limit)


def _limit(request: Mapping[str, Any]) -> int:
    limit: int = request.get("MaxItems", 100)
    return limit


def _cut(found: Sequence[tuple[str, T]], limit: int) -> tuple[list[T], dict[str, Any]]:
    """The page of entries of which there may be one more, which says that more follow."""
    entries = [entry for _, entry in found[:limit]]
    if len(found) <= limit:
        return entries, {"IsTruncated": False}
    return entries, {"IsTruncated": True, "Marker": base64.b64encode(found[limit - 1][0].encode()).decode()}


def stored(tx: Reader, prefix: Key) -> Callable[[str], Iterator[tuple[str, bytes]]]:
    """Pages over what lies under `prefix` by name."""

    def after(position: str) -> Iterator[tuple[str, bytes]]:
        span = under(prefix)
        for key, raw in tx.scan(span.past((*prefix, position)) if position else span):
            yield str(key[-1]), raw

    return after


def below(tx: Reader, account: str, kind: Kind[E], path: str) -> Callable[[str], Iterator[tuple[str, E]]]:
    """Pages over the entities of a kind whose paths begin with `path`, by name."""

    def after(position: str) -> Iterator[tuple[str, E]]:
        for name, raw in stored(tx, kind.prefix(account))(position):
            if (entity := kind.codec.decode(raw)).path.startswith(path):
                yield name, entity

    return after


def named(entries: Mapping[str, T]) -> Callable[[str], Iterator[tuple[str, tuple[str, T]]]]:
    """Pages over a mapping in the order of its keys."""

    def after(position: str) -> Iterator[tuple[str, tuple[str, T]]]:
        return ((name, (name, entries[name])) for name in sorted(entries) if name > position)

    return after


def listed(entries: Sequence[T]) -> Callable[[str], Iterator[tuple[str, T]]]:
    """Pages over a sequence in its own order."""

    def after(position: str) -> Iterator[tuple[str, T]]:
        start = int(position) if position.isdecimal() else 0
        return ((str(index), entry) for index, entry in enumerate(entries[start:], start + 1))

    return after


def _position(request: Mapping[str, Any]) -> str:
    marker = request.get("Marker")
    if marker is None:
        return ""
    try:
        return base64.b64decode(marker, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise ValidationFailed("Invalid Marker.") from None
