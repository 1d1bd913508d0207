"""FilterCriteria: which records a function is for. docs: Lambda developer guide, "Control which events Lambda sends to your function"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from atoll.kernel.event_patterns import InvalidPattern, Pattern, compiled
from atoll.services.lambda_.errors import InvalidParameterValueException

MOST = 10
"""Filters of a mapping: five, or ten once the quota is raised."""


def patterns(criteria: Mapping[str, Any] | None) -> Sequence[Pattern]:
    """The patterns of a FilterCriteria, none where it has none. Raises InvalidParameterValueException."""
    filters = (criteria or {}).get("Filters") or []
    if len(filters) > MOST:
        raise InvalidParameterValueException(f"Filter list must not have more than {MOST} filters.")
    try:
        return [compiled(one.get("Pattern", "")) for one in filters]
    except InvalidPattern:
        raise InvalidParameterValueException("Invalid filter pattern definition.") from None


def wanted(filters: Sequence[Pattern], record: bytes) -> bool:
    """Whether one of the filters is for the record, which is JSON text; without filters every record is wanted."""
    if not filters:
        return True
    event = msgspec.json.decode(record)
    return any(one.matches(event) for one in filters)
