"""Where event source mappings lie, and how far each has come.

    (account, region, "lambda", "event-source", UUID)                              Mapping
    (account, region, "lambda", "event-source-result", UUID)                       its LastProcessingResult, as text
    (account, region, "lambda", "event-source-place", UUID, shard, lanes, lane)    Place
    (GLOBAL_ACCOUNT, "", "lambda", "event-source", account, region, UUID)          the revision of the mapping

The last is what pollers watch: it changes with the mapping, and finds the mappings of all accounts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from atoll.kernel.context import GLOBAL_ACCOUNT
from atoll.kernel.keys import Element, Key, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.lambda_.errors import ResourceNotFoundException
from atoll.services.lambda_.names import Target

INDEX: Key = (GLOBAL_ACCOUNT, "", "lambda", "event-source")


class Mapping(msgspec.Struct, frozen=True):
    """An event source mapping.

    `settings` are the members of EventSourceMappingConfiguration that say how it polls, as the API gives them. `revision` changes
    with every change, `modified` is region time.
    """

    uuid: str
    account: str
    region: str
    source: str
    function: str
    qualifier: str | None
    enabled: bool
    settings: dict[str, Any]
    modified: float
    revision: str
    tags: dict[str, str] = {}

    @property
    def target(self) -> Target:
        """The function that it feeds."""
        return Target(self.account, self.region, self.function, self.qualifier)

    @property
    def arn(self) -> str:
        """Its own ARN."""
        return f"arn:aws:lambda:{self.region}:{self.account}:event-source-mapping:{self.uuid}"


class Window(msgspec.Struct, frozen=True):
    """A tumbling window that is open: when it began (region time, whole seconds) and the state that the function gave, as JSON text: it may
    be nested deeper, or have longer numbers, than a record can."""

    start: int
    state: bytes


class Place(msgspec.Struct, frozen=True):
    """How far a lane has read its shard: all up to the sequence number `after` is done, and all of it where `ended`.

    Before the first record reading begins at `iterator`, where it is still good, else with the first record from `since` on.
    """

    after: str = ""
    ended: bool = False
    iterator: str = ""
    since: float = 0.0
    window: Window | None = None


MAPPINGS = Codec(Mapping)
PLACES = Codec(Place)


def key(account: str, region: str, kind: str, *rest: Element) -> Key:
    """The key of a thing of `kind`."""
    return (account, region, "lambda", kind, *rest)


def index_key(mapping: Mapping) -> Key:
    """Where pollers find the mapping."""
    return (*INDEX, mapping.account, mapping.region, mapping.uuid)


def owner(_tx: Reader, at: Key, _raw: bytes) -> str:
    """The account that an entry of the index belongs to."""
    return str(at[len(INDEX)])


def find(tx: Reader, account: str, region: str, uuid: str) -> Mapping | None:
    """The mapping, if it is there."""
    raw = tx.get(key(account, region, "event-source", uuid))
    return MAPPINGS.decode(raw) if raw else None


def get(tx: Reader, account: str, region: str, uuid: str) -> Mapping:
    """The mapping. Raises ResourceNotFoundException."""
    mapping = find(tx, account, region, uuid)
    if mapping is None:
        message = "The resource you requested does not exist."
        raise ResourceNotFoundException(message, Message=message)
    return mapping


def listed(tx: Reader, account: str, region: str, after: str | None = None) -> Iterator[Mapping]:
    """The mappings of an account in a region by UUID, those past `after`."""
    span = under(key(account, region, "event-source"))
    if after is not None:
        span = span.past(key(account, region, "event-source", after))
    return (MAPPINGS.decode(raw) for _, raw in tx.scan(span))


def put(tx: Transaction, mapping: Mapping) -> None:
    """Stores a mapping; pollers hear of it."""
    tx.set(key(mapping.account, mapping.region, "event-source", mapping.uuid), MAPPINGS.encode(mapping))
    tx.set(index_key(mapping), mapping.revision.encode())


def delete(tx: Transaction, mapping: Mapping) -> None:
    """Removes a mapping and what it remembers."""
    tx.delete(key(mapping.account, mapping.region, "event-source", mapping.uuid))
    tx.delete(key(mapping.account, mapping.region, "event-source-result", mapping.uuid))
    tx.clear_range(under(places_prefix(mapping)))
    tx.delete(index_key(mapping))


def result(tx: Reader, mapping: Mapping) -> str:
    """What came of the last records."""
    raw = tx.get(key(mapping.account, mapping.region, "event-source-result", mapping.uuid))
    return raw.decode() if raw else "No records processed"


def put_result(tx: Transaction, mapping: Mapping, text: str) -> None:
    """Notes what came of the last records; nothing where the mapping is gone."""
    if find(tx, mapping.account, mapping.region, mapping.uuid) is not None:
        tx.set(key(mapping.account, mapping.region, "event-source-result", mapping.uuid), text.encode())


def places_prefix(mapping: Mapping) -> Key:
    """What the keys of the mapping's places begin with."""
    return key(mapping.account, mapping.region, "event-source-place", mapping.uuid)


def place_key(mapping: Mapping, shard: str, lanes: int, lane: int) -> Key:
    """Where a lane's place lies."""
    return (*places_prefix(mapping), shard, lanes, lane)
