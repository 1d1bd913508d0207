"""Session tags: those that a request gives, and those that go on from the session that makes it. docs: "Pass session tags in AWS STS"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from atoll.kernel.context import Session
from atoll.services.sts.errors import InvalidParameterValue

Pairs = tuple[tuple[str, str], ...]
MOST = 50


class SessionTags(NamedTuple):
    """A session's tags, and the keys of those that go on."""

    tags: Pairs
    transitive: tuple[str, ...]


def given(request: Mapping[str, Any]) -> SessionTags:
    """The tags of a request with the members Tags and TransitiveTagKeys. Raises InvalidParameterValue."""
    return checked(
        [(tag["Key"], tag["Value"]) for tag in request.get("Tags", ())], request.get("TransitiveTagKeys", ())
    )


def checked(tags: Sequence[tuple[str, str]], transitive: Sequence[str]) -> SessionTags:
    """Tags whose keys differ by more than case, and include the transitive ones. Raises InvalidParameterValue."""
    keys = [key.lower() for key, _ in tags]
    if len(set(keys)) < len(keys):
        raise InvalidParameterValue("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if any(key.startswith("aws:") for key in keys):
        raise InvalidParameterValue("One or more tags may not be modified. Tag keys that begin with aws: are reserved.")
    if any(key.lower() not in keys for key in transitive):
        raise InvalidParameterValue("The specified transitive tag key must be included in the requested tags.")
    return SessionTags(tuple(tags), tuple(transitive))


def inherited(caller: Session, new: SessionTags) -> SessionTags:
    """The new session's tags together with those that go on from the caller's. Raises InvalidParameterValue where both have one."""
    going_on = {key.lower() for key in caller.transitive}
    if any(key.lower() in going_on for key, _ in new.tags):
        raise InvalidParameterValue(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the "
            "calling session."
        )
    kept = tuple((key, value) for key, value in caller.tags if key.lower() in going_on)
    return SessionTags((*kept, *new.tags), (*caller.transitive, *new.transitive))
