"""Where function URLs lie in the store.

…, "url", NAME, QUALIFIER                 Url     its configuration; the qualifier is an alias or "$LATEST"
GLOBAL_ACCOUNT, "", "lambda", "url", ID   Target  whose URL it is: requests name only the id
"""

from __future__ import annotations

import msgspec

from atoll.api_runtime.serving import Cors
from atoll.kernel.context import GLOBAL_ACCOUNT
from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.lambda_.names import LATEST, Target
from atoll.services.lambda_.store import key


class Url(msgspec.Struct, frozen=True):
    """A function URL. `auth` is "NONE" or "AWS_IAM"; `mode` "BUFFERED" or "RESPONSE_STREAM", None where nobody said; times are region
    time in seconds."""

    id: str
    auth: str
    created: float
    modified: float
    mode: str | None = None
    cors: Cors | None = None


URLS = Codec(Url)
FUNCTIONS = Codec(Target)
PREFIX: Key = (GLOBAL_ACCOUNT, "", "lambda", "url")


def owner(_tx: Reader, _key: Key, raw: bytes) -> str:
    """The account that a URL belongs to."""
    return FUNCTIONS.decode(raw).account


def find(tx: Reader, place: Target) -> Url | None:
    """The URL of a function or an alias."""
    raw = tx.get(url_key(place))
    return URLS.decode(raw) if raw else None


def found_by_id(tx: Reader, url_id: str) -> tuple[Target, Url] | None:
    """The URL that has an id, and what it calls."""
    raw = tx.get((*PREFIX, url_id))
    if raw is None:
        return None
    place = FUNCTIONS.decode(raw)
    url = find(tx, place)
    return (place, url) if url else None


def put(tx: Transaction, place: Target, url: Url) -> None:
    """Stores a URL."""
    tx.set(url_key(place), URLS.encode(url))
    tx.set((*PREFIX, url.id), FUNCTIONS.encode(place))


def delete(tx: Transaction, place: Target) -> bool:
    """Removes the URL of a function or an alias; says whether there was one."""
    url = find(tx, place)
    if url is None:
        return False
    tx.delete(url_key(place))
    tx.delete((*PREFIX, url.id))
    return True


def delete_all(tx: Transaction, place: Target) -> None:
    """Removes the URLs of a function and its aliases: the function is gone."""
    for _, raw in list(tx.scan(under(key(place, "url", place.name)))):
        tx.delete((*PREFIX, URLS.decode(raw).id))
    tx.clear_range(under(key(place, "url", place.name)))


def url_key(place: Target) -> Key:
    """Where the URL of a function or an alias lies."""
    return key(place, "url", place.name, place.qualifier or LATEST)
