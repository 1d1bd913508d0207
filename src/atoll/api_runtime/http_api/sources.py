"""What the values of parameter mappings come from: text with `$request.…`, `$response.…`, `$context.…` and `$stageVariables.…` in it.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from atoll.api_runtime import variables
from atoll.api_runtime.visit import Visit

MOST_OF_BODY = 100 << 10
"""Bytes of a body in which JSON paths look: AWS cuts it off there."""
_BRACED = re.compile(r"\$\{([^}]*)\}")
_STEP = re.compile(
    r"""\.(?P<name>[^.\[\]]+)|\[(?:(?P<index>[0-9]{1,9})|(?P<all>\*)|(?P<quote>['"])(?P<quoted>.*?)(?P=quote))\]"""
)
_KINDS = (
    "request.header.", "request.querystring.", "request.path.", "request.body", "request.path",
    "response.header.", "response.body", "context.", "stageVariables.",
)  # fmt: skip


class Malformed(ValueError):
    """A mapping that cannot be read. The text says why."""


class Answered(NamedTuple):
    """The integration's answer, for mappings of responses."""

    headers: Sequence[tuple[str, str]]
    body: bytes


class Variable(NamedTuple):
    """`kind` is one of `_KINDS`; `path` are the steps into a JSON body, None for the whole of it."""

    kind: str
    name: str
    path: tuple[str | int | None, ...] | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A value's parts: literal text and variables."""

    parts: tuple[str | Variable, ...]

    def of(self, visit: Visit, answered: Answered | None = None) -> str | None:
        """The value for a request; None where it is one variable that has none."""
        if len(self.parts) == 1:
            only = self.parts[0]
            return only if isinstance(only, str) else _value(only, visit, answered)
        return "".join(part if isinstance(part, str) else _value(part, visit, answered) or "" for part in self.parts)

    @property
    def reads_response_body(self) -> bool:
        """Whether the answer's body must be there as a whole."""
        return any(isinstance(part, Variable) and part.kind == "response.body" for part in self.parts)


def parse(text: str) -> Source:
    """Reads a value: `$request.header.x`, or text with such variables in braces (`${request.path.id}-x`). Raises Malformed."""
    if text.startswith("$") and not text.startswith("${"):
        return Source((_variable(text[1:]),))
    pieces = _BRACED.split(text)
    parts = [piece if place % 2 == 0 else _variable(piece) for place, piece in enumerate(pieces)]
    return Source(tuple(part for part in parts if part != "") or ("",))


def _variable(text: str) -> Variable:
    for kind in _KINDS:
        if not text.startswith(kind):
            continue
        name = text[len(kind) :]
        if kind.endswith(".body"):
            return Variable(kind, name, _steps(name) if name else None)
        if bool(name) == kind.endswith("."):
            return Variable(kind, name.lower() if kind.endswith("header.") else name)
    raise Malformed(f"Invalid mapping expression specified: ${text}")


def _steps(text: str) -> tuple[str | int | None, ...]:
    """The steps of a JSON path: names, places in lists, None for all of them. AWS has neither `..` nor filters."""
    steps: list[str | int | None] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise Malformed(f"Invalid mapping expression specified: $.body{text}")
        if found["index"] is not None:
            steps.append(int(found["index"]))
        else:
            steps.append(None if found["all"] or found["name"] == "*" else found["name"] or found["quoted"])
        at = found.end()
    return tuple(steps)


def _value(variable: Variable, visit: Visit, answered: Answered | None) -> str | None:
    return _FINDERS[variable.kind](variable, visit, answered)


def _request_header(variable: Variable, visit: Visit, _: Answered | None) -> str | None:
    return visit.request.header(variable.name)


def _query(variable: Variable, visit: Visit, _: Answered | None) -> str | None:
    given = parse_qsl(visit.request.query_string, keep_blank_values=True)
    values = [value for name, value in given if name == variable.name]
    return ",".join(values) if values else None


def _response_header(variable: Variable, _: Visit, answered: Answered | None) -> str | None:
    values = [value for name, value in answered.headers if name == variable.name] if answered else []
    return ",".join(values) if values else None


def _in_body(variable: Variable, body: bytes) -> str | None:
    if variable.path is None:
        return body.decode(errors="replace")
    try:
        found = _at(msgspec.json.decode(body[:MOST_OF_BODY]), variable.path)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return None if found is None else variables.text(found)


def _at(value: Any, path: Sequence[str | int | None]) -> Any:
    """What a JSON path leads to, None where it leads nowhere."""
    for place, step in enumerate(path):
        if step is None:
            each = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
            return [found for one in each if (found := _at(one, path[place + 1 :])) is not None]
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _context(variable: Variable, visit: Visit, _: Answered | None) -> str | None:
    found = variables.value(visit, variable.name)
    return None if found is None else variables.text(found)


_FINDERS: Mapping[str, Callable[[Variable, Visit, Answered | None], str | None]] = {
    "request.header.": _request_header,
    "request.querystring.": _query,
    "request.path.": lambda variable, visit, _: visit.parameters.get(variable.name),
    "request.path": lambda _, visit, __: visit.path,
    "request.body": lambda variable, visit, _: _in_body(variable, visit.request.body),
    "response.header.": _response_header,
    "response.body": lambda variable, _, answered: _in_body(variable, answered.body) if answered else None,
    "context.": _context,
    "stageVariables.": lambda variable, visit, _: visit.variables.get(variable.name),
}
