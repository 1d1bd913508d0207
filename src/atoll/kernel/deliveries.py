"""Deliveries: what a transaction has promised to send. Stored in the commit that promises it, run at least once, whatever happens between.

A service registers a policy per kind (`Service.deliveries`). The dispatcher (`dispatcher.py`) runs what is due by region time and stores
what became of it: done, or due again later. A crash in between runs it again. Deliveries wait in the line of their owner (a function, a
topic, a queue), by due time.

    …deliveries, "queue", OWNER, DUE, ID           Entry, small: it moves with every retry
    …deliveries, "new", OWNER                      a note that the line got something; the dispatcher takes it away
    ACCOUNT, REGION, "deliveries", KIND, NAME, ID  the payload, which does not move

OWNER is account, region, kind, name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import msgspec

from atoll.kernel.context import GLOBAL_ACCOUNT, Context
from atoll.kernel.keys import Key, Range, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction

PREFIX: Key = (GLOBAL_ACCOUNT, "", "deliveries")
QUEUE: Key = (*PREFIX, "queue")
NEW: Key = (*PREFIX, "new")


class Owner(NamedTuple):
    """Whose line a delivery waits in. `kind` is "service.name"; `name` is the service's own."""

    account: str
    region: str
    kind: str
    name: str

    @property
    def queue(self) -> Key:
        """What the keys of its entries begin with."""
        return (*QUEUE, *self)

    @property
    def payloads(self) -> Key:
        """What the keys of its payloads begin with."""
        return (self.account, self.region, "deliveries", self.kind, self.name)


class Delivery(msgspec.Struct, frozen=True):
    """What is to be delivered. `id` is drawn before; times are region time.

    `attempts` counts those that ended in `Again`; `state` is the policy's own, plain values. `holds` is how often in a row the line was
    held up: it is not stored.
    """

    id: str
    owner: Owner
    payload: bytes
    enqueued: float
    due: float
    attempts: int = 0
    state: dict[str, Any] = {}
    holds: int = 0


class Again(NamedTuple):
    """Not done: it is due again `after` seconds. `state` takes the place of the stored one. `hold`: nothing of the line is worth
    trying before; where others of the line run, it waits for one of them to end instead."""

    after: float
    state: dict[str, Any] | None = None
    hold: bool = False


Also = Callable[[Transaction], None]
"""Done, and this happens in the same commit."""
Outcome = Again | Also | None
Run = Callable[[Context, Delivery], Awaitable[Outcome]]


class Policy(NamedTuple):
    """How deliveries of a kind run. `run` makes one attempt; what it raises is logged, and tried again ever later. `width` is how many
    of one owner run at once."""

    run: Run
    width: int = 64


class Entry(msgspec.Struct, frozen=True):
    """What is stored of a delivery beside its payload and its key."""

    enqueued: float
    attempts: int = 0
    state: dict[str, Any] = {}


ENTRIES = Codec(Entry, memo=1)


def enqueue(tx: Transaction, delivery: Delivery) -> None:
    """Promises a delivery in this transaction; it runs once it is due, after the commit."""
    owner = delivery.owner
    entry = Entry(delivery.enqueued, delivery.attempts, delivery.state)
    tx.set((*owner.queue, delivery.due, delivery.id), ENTRIES.encode(entry))
    tx.set((*owner.payloads, delivery.id), delivery.payload)
    tx.set((*NEW, *owner), b"")


def cancel(tx: Transaction, owner: Owner) -> None:
    """Takes back all that waits in a line. What runs just now ends, and nothing comes of it."""
    tx.clear_range(under(owner.queue))
    tx.clear_range(under(owner.payloads))


def account_of(_tx: Reader, key: Key, _raw: bytes) -> str:
    """The account of a record under PREFIX."""
    return str(key[len(QUEUE)])


def take_new(tx: Transaction, most: int) -> list[Owner]:
    """Some lines that got something since the last look. Whoever adds more afterwards leaves a new note."""
    keys = [key for key, _ in tx.scan(under(NEW), limit=most)]
    for key in keys:
        tx.delete(key)
    return [_owner(key) for key in keys]


def lines(tx: Reader, span: Range, most: int) -> tuple[list[Owner], Range | None]:
    """Some lines that have entries in `span` (of QUEUE), each found with one look-up, and where to go on, None at the end."""
    owners: list[Owner] = []
    while row := next(iter(tx.scan(span, limit=1)), None):
        owners.append(_owner(row[0]))
        span = span._replace(start=under(owners[-1].queue).end)
        if len(owners) == most:
            return owners, span
    return owners, None


def read(tx: Reader, owner: Owner, due: float, delivery_id: str) -> Delivery | None:
    """A delivery, None where it is done or was taken back."""
    raw, payload = tx.get((*owner.queue, due, delivery_id)), tx.get((*owner.payloads, delivery_id))
    if raw is None or payload is None:
        return None
    entry = ENTRIES.decode(raw)
    return Delivery(delivery_id, owner, payload, entry.enqueued, due, entry.attempts, entry.state)


def settle(tx: Transaction, delivery: Delivery, outcome: Outcome, due: float) -> None:
    """Stores what came of an attempt; `due` is when it is due again, where it is. Of what was taken back meanwhile nothing comes."""
    owner = delivery.owner
    at = (*owner.queue, delivery.due, delivery.id)
    if tx.get(at) is None:
        return
    tx.delete(at)
    if isinstance(outcome, Again):
        state = delivery.state if outcome.state is None else outcome.state
        entry = Entry(delivery.enqueued, delivery.attempts + 1, state)
        tx.set((*owner.queue, due, delivery.id), ENTRIES.encode(entry))
        return
    tx.delete((*owner.payloads, delivery.id))
    if outcome is not None:
        outcome(tx)


def _owner(key: Key) -> Owner:
    account, region, kind, name = (str(element) for element in key[len(QUEUE) : len(QUEUE) + 4])
    return Owner(account, region, kind, name)
