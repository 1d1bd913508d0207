"""The events of Lambda triggers: which trigger a source belongs to, what `response` a function gets to fill in, and what it may hold.

docs: each trigger's page of the developer guide, "parameters". Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

_OPTIONAL_TEXT = str | None
_FLAG = bool | None
_TEXTS = dict[str, str | None] | None

_ANSWERS: Mapping[str, Mapping[str, tuple[Any, Any]]] = {
    "PreSignUp": dict.fromkeys(("autoConfirmUser", "autoVerifyEmail", "autoVerifyPhone"), (False, _FLAG)),
    "PostConfirmation": {},
    "PreAuthentication": {},
    "PostAuthentication": {},
    "DefineAuthChallenge": {
        "challengeName": (None, _OPTIONAL_TEXT),
        "issueTokens": (None, _FLAG),
        "failAuthentication": (None, _FLAG),
    },
    "CreateAuthChallenge": {
        "publicChallengeParameters": (None, _TEXTS),
        "privateChallengeParameters": (None, _TEXTS),
        "challengeMetadata": (None, _OPTIONAL_TEXT),
    },
    "VerifyAuthChallengeResponse": {"answerCorrect": (None, _FLAG)},
    "PreTokenGeneration": {"claimsOverrideDetails": (None, dict[str, Any] | None)},
    "UserMigration": {
        "userAttributes": (None, _TEXTS),
        "forceAliasCreation": (None, _FLAG),
        "finalUserStatus": (None, _OPTIONAL_TEXT),
        "messageAction": (None, _OPTIONAL_TEXT),
        "desiredDeliveryMediums": (None, list[Literal["EMAIL", "SMS"]] | None),
    },
    "CustomMessage": dict.fromkeys(("smsMessage", "emailMessage", "emailSubject"), (None, _OPTIONAL_TEXT)),
}
"""Per trigger, the members of its `response`: what they are before the function runs, and what they may be afterwards."""
_LATER_TOKENS: Mapping[str, tuple[Any, Any]] = {"claimsAndScopeOverrideDetails": (None, dict[str, Any] | None)}


def trigger_of(source: str) -> str:
    """The trigger, as LambdaConfig names it, of a trigger source (`PreSignUp_SignUp`)."""
    name = source.partition("_")[0]
    return "PreTokenGeneration" if name == "TokenGeneration" else name


def blank(trigger: str, version: str) -> dict[str, Any]:
    """The `response` that an event begins with."""
    return {name: value for name, (value, _) in _answer(trigger, version).items()}


def read(payload: bytes, trigger: str, version: str) -> dict[str, Any] | None:
    """The `response` of the event that a function returned; None where it is none."""
    try:
        event = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    response = event.get("response") if isinstance(event, dict) else None
    if not isinstance(response, dict):
        return None
    try:
        for name, (_, kind) in _answer(trigger, version).items():
            msgspec.convert(response.get(name), kind)
    except msgspec.ValidationError:
        return None
    return response


def _answer(trigger: str, version: str) -> Mapping[str, tuple[Any, Any]]:
    return _LATER_TOKENS if trigger == "PreTokenGeneration" and version != "1" else _ANSWERS[trigger]
