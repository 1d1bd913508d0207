"""What a region says of its work to whoever may look: its log and its traces."""

from __future__ import annotations

import re
from typing import Any

import httpx

LATEST = 40
"""Traces that are looked at: more than one test makes."""


class Told:
    """The region's log and latest traces, as they are now: `"secret" in Told(region)` where it stands by itself in them."""

    def __init__(self, region: Any) -> None:
        with httpx.Client(base_url=region.endpoint) as client:
            listed = client.get("/_atoll/trace", params={"limit": LATEST}).json()["traces"]
            traces = [client.get(f"/_atoll/trace/{one['id']}").text for one in listed]
        self._text = "\n".join([region.log.read_text(), *traces])

    def __contains__(self, secret: str) -> bool:
        return re.search(rf"(?<![\w.]){re.escape(secret)}(?![\w.])", self._text) is not None
