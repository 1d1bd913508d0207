"""What roles really did: the permissions that their calls used, from which `atoll iam least-privilege` makes a policy.

One record for each action and resource of a role, whatever it was used how often: (account, "", "iam", "used-calls", role id, action,
pattern of the resource). It is written before the first such call runs, so it lasts as what the call did does.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from atoll.kernel.keys import Key, under
from atoll.kernel.records import encode
from atoll.kernel.store.api import Reader, Transaction, counter

MOST_CALLS = 1_000
"""Actions and resources that are kept of a role; of more it is only known how many there were."""
MOST_CONDITIONS, MOST_CONTEXTS = 4, 8

Context = dict[str, tuple[str, ...]]


class Granted(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a call was allowed: under a `condition` (a policy's Condition block as JSON text), met by `contexts`, of which a few are kept."""

    condition: str = "{}"
    contexts: tuple[Context, ...] = ({},)


class Use(msgspec.Struct, frozen=True, omit_defaults=True):
    """An action on what `pattern` stands for. `resource` is the first that was meant, in full."""

    action: str
    pattern: str
    resource: str
    granted: tuple[Granted, ...]


def write(tx: Transaction, account: str, role_id: str, use: Use) -> None:
    """Adds to what the role is known to have used."""
    key = (*_prefix(account, role_id), use.action, use.pattern)
    raw = tx.get(key)
    if raw is None:
        found = counter(tx.get(_count_key(account, role_id)))
        tx.add(_count_key(account, role_id), 1)
        if found < MOST_CALLS:
            tx.set(key, encode(use))
    elif (merged := encode(_merged(msgspec.msgpack.decode(raw, type=Use), use))) != raw:
        tx.set(key, merged)


def _merged(known: Use, use: Use) -> Use:
    granted = {one.condition: one.contexts for one in known.granted}
    for one in use.granted:
        contexts = granted.get(one.condition, ())
        if contexts or len(granted) < MOST_CONDITIONS:
            new = tuple(context for context in one.contexts if context not in contexts)
            granted[one.condition] = (contexts + new)[:MOST_CONTEXTS]
    return Use(use.action, use.pattern, known.resource, tuple(Granted(*one) for one in granted.items()))


def of_role(tx: Reader, account: str, role_id: str) -> list[Use]:
    """All that is known, by action and resource."""
    return list(_read(tx, account, role_id))


def _read(tx: Reader, account: str, role_id: str) -> Iterator[Use]:
    for _, raw in tx.scan(under(_prefix(account, role_id))):
        yield msgspec.msgpack.decode(raw, type=Use)


def lost(tx: Reader, account: str, role_id: str) -> int:
    """How many calls found no room."""
    return max(0, counter(tx.get(_count_key(account, role_id))) - MOST_CALLS)


def forget(tx: Transaction, account: str, role_id: str) -> None:
    """Forgets what the role did."""
    tx.clear_range(under(_prefix(account, role_id)))
    tx.delete(_count_key(account, role_id))


def _prefix(account: str, role_id: str) -> Key:
    return (account, "", "iam", "used-calls", role_id)


def _count_key(account: str, role_id: str) -> Key:
    return (account, "", "iam", "used-calls-count", role_id)
