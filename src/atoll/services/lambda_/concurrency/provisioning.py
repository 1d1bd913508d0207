"""What is provisioned for a function: its configurations, by version or alias, and how many environments of which version they ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.lambda_.errors import InvalidParameterValueException, ResourceConflictException
from atoll.services.lambda_.names import LATEST, Target
from atoll.services.lambda_.store import PROVISIONED, Version, find, get_version, provisioned_prefix
from atoll.services.lambda_.versions.resolve import Alias, aliases, find_alias, get_alias, names_alias


class Provisioned(msgspec.Struct, frozen=True):
    """The provisioned concurrency of a version or alias. `modified` is region time in seconds."""

    requested: int
    modified: float


CONFIGURATIONS = Codec(Provisioned)
UNPUBLISHED = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."


def owner(_tx: Reader, path: Key, _raw: bytes) -> str:
    """Whose function something is provisioned for."""
    return str(path[len(PROVISIONED)])


def provisioned_key(place: Target) -> Key:
    """Where the configuration of the target's qualifier lies."""
    return (*provisioned_prefix(place), place.qualifier)


def find_provisioned(tx: Reader, place: Target) -> Provisioned | None:
    """The configuration of the target's qualifier, if it has one."""
    raw = tx.get(provisioned_key(place))
    return CONFIGURATIONS.decode(raw) if raw else None


def put_provisioned(tx: Transaction, place: Target, config: Provisioned) -> None:
    """Stores the configuration of the target's qualifier."""
    tx.set(provisioned_key(place), CONFIGURATIONS.encode(config))


def configurations(tx: Reader, place: Target, after: str | None = None) -> Iterator[tuple[Target, Provisioned]]:
    """The function's configurations in the order of their qualifiers, those past `after`."""
    span = under(provisioned_prefix(place))
    if after is not None:
        span = span.past(provisioned_key(place.at(after)))
    for path, raw in tx.scan(span):
        yield place.at(str(path[-1])), CONFIGURATIONS.decode(raw)


def shares(tx: Reader, place: Target, requested: int) -> Counter[str]:
    """How many environments of which version a configuration of the target's qualifier asks for: a weighted alias's as its weights."""
    alias = find_alias(tx, place) if names_alias(place.qualifier) else None
    if alias is None:
        return Counter({place.qualifier or "": requested})
    wanted = Counter({other: int(requested * weight + 0.5) for other, weight in alias.weights.items()})
    wanted[alias.version] = requested - wanted.total()
    return +wanted


def plan(tx: Reader, place: Target) -> list[tuple[Version, int]]:
    """How many environments of which version are to stand ready; none of a function that is gone."""
    wanted: Counter[str] = Counter()
    if find(tx, place) is not None:
        for qualified, config in configurations(tx, place):
            wanted += shares(tx, qualified, config.requested)
    return [(get_version(tx, place.at(number)), count) for number, count in wanted.items()]


def provisioned_anywhere(tx: Reader) -> list[Target]:
    """Every function that something is provisioned for, of all accounts and regions."""
    found = {path[len(PROVISIONED) : -1]: None for path, _ in tx.scan(under(PROVISIONED))}
    return [Target(str(account), str(region), str(name), None) for account, region, name in found]


def provisioned_sums(tx: Reader, place: Target) -> Counter[str]:
    """What is requested together, by the names of the functions of the target's account and region."""
    sums: Counter[str] = Counter()
    for path, raw in tx.scan(under((*PROVISIONED, place.account, place.region))):
        sums[str(path[-2])] += CONFIGURATIONS.decode(raw).requested
    return sums


def refuse_overlap(tx: Reader, place: Target) -> None:
    """Raises where the version or alias cannot have provisioned concurrency: a version and an alias of it not both, no alias that
    shares out invocations, or means $LATEST."""
    if names_alias(place.qualifier):
        alias = get_alias(tx, place)
        if alias.version == LATEST:
            raise InvalidParameterValueException(UNPUBLISHED)
        if alias.weights:
            raise InvalidParameterValueException("Alias with weights can not be used with Provisioned Concurrency")
        refuse_provisioned_version(tx, place, alias)
    elif any(
        alias.version == place.qualifier and find_provisioned(tx, place.at(alias.name)) for alias in aliases(tx, place)
    ):
        raise ResourceConflictException("Version is pointed by a Provisioned Concurrency alias")


def refuse_provisioned_version(tx: Reader, place: Target, alias: Alias) -> None:
    """Raises ResourceConflictException where the alias's version has provisioned concurrency of its own."""
    if find_provisioned(tx, place.at(alias.version)):
        raise ResourceConflictException(
            "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
        )
