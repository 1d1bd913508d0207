"""What a mapping may say: the settings that a request asks for, checked, and how a mapping is shown. Pure.

docs: API_CreateEventSourceMapping; messages as AWS answered, those marked `unrecorded` are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.services.lambda_.errors import InvalidParameterValueException
from atoll.services.lambda_.event_sources import store
from atoll.services.lambda_.event_sources.filters import patterns
from atoll.services.lambda_.event_sources.sources import SETTINGS, SQS, Kind, kind_of

LARGEST_WITHOUT_WINDOW = 10
YOUNGEST_LIMIT = 60
NOT_HONOURED = {
    "KMSKeyArn": "Atoll does not encrypt filter criteria",
    "LoggingConfig": "event source mappings write no logs of their own",
    "MetricsConfig.Metrics": "Atoll has no CloudWatch metrics yet",
    "ProvisionedPollerConfig": "pollers need not be provisioned",
}


def check_new(kind: Kind, request: Mapping[str, Any]) -> None:
    """Raises InvalidParameterValueException for a position that the source does not have."""
    position = request.get("StartingPosition")
    if kind is SQS:
        if position is not None:  # unrecorded
            raise InvalidParameterValueException("StartingPosition is not valid for SQS event sources.")
    elif position is None:
        raise InvalidParameterValueException(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null."
        )
    elif position == "AT_TIMESTAMP":
        raise InvalidParameterValueException(f"Unsupported starting position for arn type: {request['EventSourceArn']}")


def changed(kind: Kind, settings: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with what the request says. Raises InvalidParameterValueException."""
    asked = {name: request[name] for name in SETTINGS if name in request}
    for name in asked:
        if name not in kind.accepts:
            raise _unsupported(name)
    if "DestinationConfig" in asked:
        asked["DestinationConfig"] = _destinations(asked["DestinationConfig"])
    after = {**settings, **asked}
    _check(kind, after)
    for name in ("FilterCriteria", "KMSKeyArn", "MetricsConfig", "ScalingConfig"):
        if not _says_something(after.get(name)):  # an empty one takes away what was there
            after.pop(name, None)
    return after


def _says_something(value: Any) -> bool:
    return bool(value) and (not isinstance(value, Mapping) or any(part for part in value.values()))


def _destinations(given: Mapping[str, Any]) -> dict[str, Any]:
    if (given.get("OnSuccess") or {}).get("Destination"):
        raise _unsupported("DestinationConfig")
    destination = (given.get("OnFailure") or {}).get("Destination")
    return {"OnFailure": {"Destination": destination} if destination else {}}


def _check(kind: Kind, settings: Mapping[str, Any]) -> None:
    window = settings["MaximumBatchingWindowInSeconds"]
    if kind is SQS and settings["BatchSize"] > LARGEST_WITHOUT_WINDOW and not window:
        raise InvalidParameterValueException(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )
    if 0 <= settings.get("MaximumRecordAgeInSeconds", -1) < YOUNGEST_LIMIT:  # unrecorded
        raise InvalidParameterValueException(
            f"MaximumRecordAgeInSeconds must be -1 or at least {YOUNGEST_LIMIT} seconds."
        )
    patterns(settings.get("FilterCriteria"))


def _unsupported(name: str) -> InvalidParameterValueException:
    return InvalidParameterValueException(f"Unsupported {name} parameter for given event source mapping type.")


def described(mapping: store.Mapping, state: str, result: str) -> dict[str, Any]:
    """EventSourceMappingConfiguration. `result` is its LastProcessingResult, where the source has one."""
    kind = kind_of(mapping.source)
    return {
        **mapping.settings,
        "UUID": mapping.uuid,
        "EventSourceArn": mapping.source,
        "EventSourceMappingArn": mapping.arn,
        "FunctionArn": mapping.target.qualified_arn,
        "LastModified": mapping.modified,
        "LastProcessingResult": result if kind.processes else None,
        "State": state,
        "StateTransitionReason": kind.reason,
    }


def settled(mapping: store.Mapping) -> str:
    """The state in which a mapping is once nobody changes it."""
    return "Enabled" if mapping.enabled else "Disabled"
