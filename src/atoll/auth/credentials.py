"""Issued access keys: the one record that IAM (users) and STS (sessions) write and that authentication reads.

All lie under one prefix, whoever issued them, so that a request costs one look-up: (GLOBAL_ACCOUNT, "", "iam", "access-keys", id).
What a key may do is not here; who may issue one is its service's business.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from atoll.auth.principal import Credential
from atoll.kernel.context import GLOBAL_ACCOUNT, Principal
from atoll.kernel.keys import Key, between, packed
from atoll.kernel.records import encode
from atoll.kernel.store.api import Reader, Transaction

PREFIX = (GLOBAL_ACCOUNT, "", "iam", "access-keys")
ENDINGS: Key = (GLOBAL_ACCOUNT, "", "iam", "session-endings")
"""(*ENDINGS, expiry, id) for each session, so that those that ended are found in order."""

_PREFIX = packed(*PREFIX)
REMEMBERED = 86_400
"""Seconds for which an ended session still answers ExpiredToken; afterwards its key is unknown, and unknown ASIA… keys are refused."""
REAPED_AT_ONCE = 2


class AccessKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """An access key. `token` and `expires` (region time, seconds) are a session's; `created` is in whole seconds."""

    secret: str
    principal: Principal
    created: int
    active: bool = True
    token: str | None = None
    expires: float | None = None


@lru_cache(maxsize=4096)
def _decode(raw: bytes) -> tuple[AccessKey, Credential]:
    key = msgspec.msgpack.decode(raw, type=AccessKey)
    return key, Credential(key.secret, key.token, key.expires, key.principal, key.active)


def find(tx: Reader, access_key: str) -> AccessKey | None:
    """The record of an access key id, or None if Atoll did not issue it."""
    raw = tx.get((*PREFIX, access_key))
    return _decode(raw)[0] if raw else None


def credential(tx: Reader, access_key: str) -> Credential | None:
    """What authentication needs of an access key, or None if Atoll did not issue it."""
    raw = tx.get((_PREFIX, access_key))
    return _decode(raw)[1] if raw else None


def write(tx: Transaction, key: AccessKey) -> None:
    """Stores a key under `key.principal.access_key`."""
    tx.set((*PREFIX, key.principal.access_key), encode(key))


def owner(tx: Reader, key: Key, _raw: bytes) -> str | None:
    """The account whose key this is, or whose session ends here."""
    found = find(tx, str(key[-1]))
    return found.principal.account if found else None


def remove(tx: Transaction, key: Key) -> None:
    """Takes a key of an emptied account away. A user's is retired; a session's can go, for unknown sessions are refused."""
    found = find(tx, str(key[-1]))
    if found is not None and found.token is None:
        retire(tx, str(key[-1]))
    else:
        tx.delete(key)


def retire(tx: Transaction, access_key: str) -> None:
    """Ends a user's key for good. Its record stays, for an unknown key would act as root, and this one must not."""
    raw = tx.get((*PREFIX, access_key))
    if raw is not None:
        write(tx, msgspec.structs.replace(_decode(raw)[0], active=False, secret=""))


def extend_session(tx: Transaction, access_key: str, expires: float) -> None:
    """Lets a session last until `expires` (region time), if it is still there and would end before."""
    session = find(tx, access_key)
    if session is not None and session.expires is not None and session.expires < expires:
        tx.delete((*ENDINGS, session.expires, access_key))
        tx.set((*ENDINGS, expires, access_key), b"")
        write(tx, msgspec.structs.replace(session, expires=expires))


def open_session(tx: Transaction, session: AccessKey, now: float) -> None:
    """Stores a session's key, and drops up to two that ended long ago: as many leave as come, so that the store does not grow."""
    assert session.expires is not None
    ended = between(ENDINGS, (*ENDINGS, now - REMEMBERED))
    for ending, _ in list(tx.scan(ended, limit=REAPED_AT_ONCE)):
        tx.delete((*PREFIX, str(ending[-1])))
        tx.delete(ending)
    write(tx, session)
    tx.set((*ENDINGS, session.expires, session.principal.access_key), b"")
