"""Selection expressions of WebSocket APIs: which route a message is for, which response an answer becomes. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-selection-expressions.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from atoll.api_runtime.documents import NO_JSON
from atoll.api_runtime.patterns import BadPattern, compiled

SECONDS = 0.002
"""For a pattern to be matched with a value."""
DEFAULT = "$default"
RESERVED = frozenset(("$connect", "$disconnect"))
"""Routes that no message can name."""
_VARIABLE = re.compile(r"\\(\$)|\$\{([^}]*)\}|\$([A-Za-z_][A-Za-z0-9_.\-\[\]]*)")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d{1,9})\]")

Lookup = Callable[[str], str | None]
"""The value of a variable by its name (`request.body.action`), None where there is none."""


def evaluate(expression: str, lookup: Lookup) -> str | None:
    """The expression with its variables' values put in, once; None where one has no value."""
    parts: list[str] = []
    end = 0
    for found in _VARIABLE.finditer(expression):
        value = "$" if found[1] else lookup(found[3] if found[2] is None else found[2])
        if value is None:
            return None
        parts += (expression[end : found.start()], value)
        end = found.end()
    return "".join((*parts, expression[end:]))


def route_key(expression: str, message: str) -> str:
    """The key of the route that a message names; `$default` where it names none."""
    if "request.body" not in expression:
        body = None
    else:
        try:
            body = msgspec.json.decode(message)
        except NO_JSON:
            return DEFAULT
    key = evaluate(expression, lambda name: in_body(name, "request.body", body))
    return DEFAULT if not key or key in RESERVED else key


def in_body(name: str, prefix: str, body: Any) -> str | None:
    """The value of `request.body.a.b[0]` as text, where it is one: a string, number or truth value."""
    if not name.startswith(prefix + "."):
        return None
    for step in _STEP.finditer(name[len(prefix) + 1 :]):
        if step[2] is not None:
            if not isinstance(body, list) or int(step[2]) >= len(body):
                return None
            body = body[int(step[2])]
        elif not isinstance(body, dict) or step[1] not in body:
            return None
        else:
            body = body[step[1]]
    if isinstance(body, str):
        return body
    return msgspec.json.encode(body).decode() if isinstance(body, (bool, int, float)) else None


def response_key(value: str | None, keys: Iterable[str]) -> str | None:
    """Which of an integration's response keys a value selects: itself, a pattern between slashes, else `$default`."""
    known = tuple(keys)
    if value is not None and value in known:
        return value
    for key in known:
        if value is not None and len(key) > 1 and key[0] == key[-1] == "/" and _matches(key[1:-1], value):
            return key
    return DEFAULT if DEFAULT in known else None


def _matches(pattern: str, value: str) -> bool:
    """Whether a pattern matches the whole value. One that is wrong or takes too long matches nothing."""
    try:
        return compiled(pattern).fullmatch(value, timeout=SECONDS) is not None
    except (BadPattern, TimeoutError):
        return False
