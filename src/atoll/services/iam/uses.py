"""When keys, users and roles were last used: what is noted of signed requests, and how it is read.

As on AWS, of all uses of a key within 15 minutes the first counts, and of all requests to a service by one user or role likewise.
docs: IAM User Guide, "Refine permissions using last accessed information" and API_GetAccessKeyLastUsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from atoll.kernel.context import Principal
from atoll.kernel.keys import Key, Range, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam.store import User, entity_of

SPAN = 900.0
MEMO = 4096


class Use(msgspec.Struct, frozen=True):
    """A use: when (whole seconds of region time), of which service (the name in signatures), where."""

    time: int
    service: str
    region: str


USES = Codec(Use)


class LatestUses:
    """What this node has seen lately, so that a request whose like was noted already costs one look-up in memory."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], float] = {}

    def note(self, principal: Principal, service: str, region: str, now: float) -> Callable[[Transaction], None] | None:
        """See `auth.principal.Directory.use`."""
        place = _place(principal, service)
        last = self._seen.get(place)
        if last is not None and now - last < SPAN:
            return None
        if len(self._seen) >= MEMO:
            self._seen.clear()
        self._seen[place] = now
        use = Use(int(now), service, region)
        return lambda tx: _write(tx, principal, use)

    def forget(self, principal: Principal, service: str) -> None:
        """What `note` returned could not be stored: the next use shall try."""
        self._seen.pop(_place(principal, service), None)


def _place(principal: Principal, service: str) -> tuple[str, str]:
    return principal.access_key if principal.kind == "user" else principal.identity, service


def _write(tx: Transaction, principal: Principal, use: Use) -> None:
    """Writes a use down, unless who made it has gone: a session outlives its role, and nothing would ever take the record away."""
    account, entity = principal.account, entity_of(tx, principal)
    if entity is None:
        return
    places = [_of_service(account, entity.id, use.service)]
    if isinstance(entity, User) and principal.access_key in entity.access_keys:
        places.append(key_use(account, principal.access_key))
    for place in places:
        raw = tx.get(place)
        if raw is None or use.time - USES.decode(raw).time >= SPAN:
            tx.set(place, USES.encode(use))


def key_use(account: str, access_key: str) -> Key:
    """Where the last use of an access key lies."""
    return (account, "", "iam", "key-uses", access_key)


def _of_service(account: str, identity: str, service: str) -> Key:
    return (account, "", "iam", "service-uses", identity, service)


def all_of(account: str, identity: str) -> Range:
    """The last uses of each service by a user or role, which is named by its unique id."""
    return under((account, "", "iam", "service-uses", identity))


def of_key(tx: Reader, account: str, access_key: str) -> Use | None:
    """The last use of an access key, or None."""
    raw = tx.get(key_use(account, access_key))
    return USES.decode(raw) if raw else None


def by(tx: Reader, account: str, identity: str) -> Iterator[Use]:
    """The last use of each service by a user or role."""
    return (USES.decode(raw) for _, raw in tx.scan(all_of(account, identity)))


def role_last_used(tx: Reader, account: str, identity: str) -> dict[str, Any]:
    """The member RoleLastUsed: empty for one that was never used."""
    last = max(by(tx, account, identity), key=lambda use: use.time, default=None)
    return {"LastUsedDate": last.time, "Region": last.region} if last else {}
