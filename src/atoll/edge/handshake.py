"""The handshake that opens a WebSocket connection (RFC 6455, 4.2). Pure."""

from __future__ import annotations

import base64
import binascii
from hashlib import sha1

from atoll.kernel.http import HttpRequest

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def is_handshake(request: HttpRequest) -> bool:
    """Whether a request that offers to upgrade is a complete handshake."""
    fields = request.fields
    try:
        key = base64.b64decode(fields.get("sec-websocket-key", "").strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    return (
        request.method == "GET"
        and request.http_version == "1.1"
        and fields.get("upgrade", "").strip().lower() == "websocket"
        and fields.get("sec-websocket-version", "").strip() == "13"
        and len(key) == 16
    )


def accepting(request: HttpRequest) -> list[tuple[str, str]]:
    """The headers that complete a handshake."""
    key = request.fields["sec-websocket-key"].strip().encode()
    token = base64.b64encode(sha1(key + _GUID, usedforsecurity=False).digest()).decode()
    return [("upgrade", "websocket"), ("connection", "upgrade"), ("sec-websocket-accept", token)]
