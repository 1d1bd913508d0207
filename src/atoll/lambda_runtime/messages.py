"""Messages to zygotes and supervisors: a 4-byte big-endian length, then JSON. They read them with `_atoll/messages.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

HEAD = 4
"""Bytes of the length."""


def framed(message: Mapping[str, Any]) -> bytes:
    """A message as it is sent."""
    data = msgspec.json.encode(message)
    return len(data).to_bytes(HEAD, "big") + data
