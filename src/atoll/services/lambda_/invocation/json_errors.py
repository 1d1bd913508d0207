"""What AWS says of a payload that does not even begin as JSON, in the words of the parser that it uses (Jackson). Pure.

Payloads that go wrong further in are described by Atoll's own parser. The sentences are as recorded from AWS (invocations with
undecodable payloads, aws-observed/lambda_) and as its users report them (a payload that is base 64, or a bare word).
"""

from __future__ import annotations

import re

_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_BEGINNING = re.compile(rb"[ \t\r\n]*")
_TOKEN = re.compile(rb"[A-Za-z$_][A-Za-z0-9$_]*")
_NUMBER_OR_NESTED = b'-0123456789"[{'
_WORDS = (b"null", b"true", b"false", b"NaN", b"Infinity")
LONGEST_TOKEN = 256


def complaint(payload: bytes) -> str | None:
    """Why `payload` does not begin with a JSON value, and where; None if it does."""
    begin = _BEGINNING.match(payload)
    at = begin.end() if begin else 0
    if at == len(payload):
        return None
    if token := _TOKEN.match(payload, at):
        return _of_token(payload, token)
    first = payload[at]
    if first in _NUMBER_OR_NESTED or first >= 0xA0:
        return None
    control = first < 0x20 or first >= 0x7F
    shown = f"(CTRL-CHAR, code {first})" if control else f"'{chr(first)}' (code {first})"
    return f"Unexpected character ({shown}): expected a valid value {_VALUES}{_place(payload, at)}"


def _of_token(payload: bytes, token: re.Match[bytes]) -> str | None:
    end = token.end()
    follower = payload[end] if end < len(payload) else 0
    if 0x80 <= follower < 0xC0 or follower >= 0xF8:
        return f"Invalid UTF-8 start byte 0x{follower:x}{_place(payload, end + 1)}"
    if token[0] in _WORDS or follower >= 0xC0:
        return None
    word = token[0].decode()
    shown = word if len(word) < LONGEST_TOKEN else f"{word[:LONGEST_TOKEN]}..."
    return f"Unrecognized token '{shown}': was expecting {_VALUES}{_place(payload, end)}"


def _place(payload: bytes, at: int) -> str:
    line = payload.count(b"\n", 0, at) + 1
    column = at - payload.rfind(b"\n", 0, at)
    return (
        "\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); "
        f"line: {line}, column: {column}]"
    )
