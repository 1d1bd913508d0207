"""MOCK integrations: the request template says which status it answers. Pure."""

from __future__ import annotations

import re

import msgspec

from atoll.api_runtime.documents import NO_JSON
from atoll.api_runtime.refused import Refused

UNREADABLE = "Unable to parse statusCode. Input body must be a JSON with statusCode"
_STATUS = re.compile(r"""\{[^{}]*?['"]?statusCode['"]?\s*:\s*['"]?(\d{3})['"]?\s*[,}]""")
"""AWS reads what is nearly JSON too: `{statusCode: 200}`."""


def mock_status(text: bytes) -> int:
    """The status in `{"statusCode": 200}`. Raises Refused where there is none."""
    try:
        found = msgspec.json.decode(text)
        status = found["statusCode"]
    except (*NO_JSON, TypeError, KeyError):
        nearly = _STATUS.search(text.decode(errors="replace"))
        status = nearly[1] if nearly else None
    if isinstance(status, str) and len(status) < 9 and status.isascii() and status.isdigit():
        status = int(status)
    if isinstance(status, bool) or not isinstance(status, int):
        raise Refused("API_CONFIGURATION_ERROR", detail=f"Execution failed due to configuration error: {UNREADABLE}")
    return status
