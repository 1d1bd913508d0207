"""What a qualifier means: a version, or an alias and through it one of its versions.

docs: Lambda developer guide, "Create an alias for a Lambda function", "Implement Lambda canary deployments using a weighted alias".
"""

from __future__ import annotations

import msgspec

from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.lambda_.errors import ResourceNotFoundException, function_not_found
from atoll.services.lambda_.names import Target
from atoll.services.lambda_.store import Version, get_version, key


class Alias(msgspec.Struct, frozen=True):
    """A name for a version. `weights` says which share (0 to 1) of invocations another version takes over."""

    name: str
    version: str
    revision: str
    description: str = ""
    weights: dict[str, float] = {}


ALIASES = Codec(Alias)
NO_SHIFT = 1.0
"""A draw with which an alias means the version that it points to."""


def names_alias(qualifier: str | None) -> bool:
    """Whether a qualifier is an alias's name: no alias is called like a version, nor has a $ in its name."""
    return qualifier is not None and not qualifier.isdecimal() and "$" not in qualifier


def alias_key(place: Target) -> Key:
    """Where the alias that the target's qualifier names lies."""
    return key(place, "alias", place.name, place.qualifier)


def find_alias(tx: Reader, place: Target) -> Alias | None:
    """The alias that the target's qualifier names, if it is there."""
    raw = tx.get(alias_key(place))
    return ALIASES.decode(raw) if raw else None


def get_alias(tx: Reader, place: Target) -> Alias:
    """The alias that the target's qualifier names. Raises ResourceNotFoundException."""
    alias = find_alias(tx, place)
    if alias is None:
        raise ResourceNotFoundException(f"Cannot find alias arn: {place.qualified_arn}")
    return alias


def put_alias(tx: Transaction, place: Target, alias: Alias) -> None:
    """Stores an alias."""
    tx.set(alias_key(place.at(alias.name)), ALIASES.encode(alias))


def aliases(tx: Reader, place: Target, after: str | None = None) -> list[Alias]:
    """The function's aliases by name, those past `after`."""
    span = under(key(place, "alias", place.name))
    if after is not None:
        span = span.past(key(place, "alias", place.name, after))
    return [ALIASES.decode(raw) for _, raw in tx.scan(span)]


def resolve(tx: Reader, place: Target, draw: float = NO_SHIFT) -> Version:
    """The version that `place` means: by default $LATEST, of an alias the one that it points to or, where `draw` (0 to 1, drawn
    before the transaction) falls into its weight, the other. Raises ResourceNotFoundException."""
    if not names_alias(place.qualifier):
        return get_version(tx, place)
    alias = find_alias(tx, place)
    if alias is None:
        raise function_not_found(place.qualified_arn)
    number = next((other for other, weight in alias.weights.items() if draw < weight), alias.version)
    return get_version(tx, place.at(number))
