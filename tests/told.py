"""What a region says of its work to whoever may look: its log and its traces, all in one text."""

from __future__ import annotations

import re
from typing import Any

import httpx


def tells(region: Any, secret: str) -> bool:
    """Whether the secret stands by itself in the region's log or in any trace that it keeps."""
    listed = httpx.get(f"{region.endpoint}/_atoll/trace", params={"limit": 1000}).json()["traces"]
    traces = [httpx.get(f"{region.endpoint}/_atoll/trace/{one['id']}").text for one in listed]
    return (
        re.search(rf"(?<![\w.]){re.escape(secret)}(?![\w.])", "\n".join([region.log.read_text(), *traces])) is not None
    )
