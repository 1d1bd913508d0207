"""Event patterns: which events a rule, a filter or a pipe is for. Pure.

docs: EventBridge User Guide, "Creating event patterns" and "Comparison operators"; where these are silent, what AWS's own matcher does
(aws/event-ruler, README). A pattern is an object as the events are; where it has an array, the event must hold one of its values, or a
value that one of its operators accepts. Everything named must match (`$or` apart).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address, ip_network
from operator import eq, ge, gt, le, lt
from typing import Any, NamedTuple

import msgspec

Test = Callable[[Any], bool]
"""Whether one value of an event is accepted."""
Path = tuple[str, ...]

DEEPEST = 100
"""Levels of a pattern; AWS bounds its length only (2048 or 4096 characters)."""
LARGEST = 5_000_000_000
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
_WILD = re.compile(r"\\(.?)|(\*+)|[^\\*]+", re.DOTALL)


class InvalidPattern(ValueError):
    """The text is no event pattern; the message says why, as EventBridge's "Reason:" does."""


class _Leaf(NamedTuple):
    """What one field must be: a value that one of `tests` accepts; or, with `absent`, nothing at all."""

    tests: Sequence[Test]
    absent: bool


class _Fields(NamedTuple):
    """What an object must be: every field as said, and of each `either` one alternative."""

    fields: Mapping[str, _Fields | _Leaf]
    either: Sequence[Sequence[_Fields]] = ()


class Pattern:
    """A compiled pattern."""

    def __init__(self, root: _Fields) -> None:
        self._root = root

    def matches(self, event: Any) -> bool:
        """Whether the event, as plain JSON values, is one that the pattern is for."""
        return _object(self._root, event, _Present(event), ())


@lru_cache(maxsize=1024)
def compiled(text: str) -> Pattern:
    """The pattern that a JSON text says. Raises InvalidPattern."""
    try:
        given = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise InvalidPattern(f"Filter is not valid JSON: {error}") from None
    if not isinstance(given, dict):
        raise InvalidPattern("Filter is not an object")
    return Pattern(_fields(given, 0))


def _fields(given: Mapping[str, Any], depth: int) -> _Fields:
    if depth > DEEPEST:
        raise InvalidPattern(f"Filter is nested more than {DEEPEST} levels deep")
    if not given:
        raise InvalidPattern("Empty objects are not allowed")
    fields: dict[str, _Fields | _Leaf] = {}
    either: list[list[_Fields]] = []
    for name, wanted in given.items():
        if name == "$or":
            either.append(_alternatives(wanted, depth))
        elif isinstance(wanted, dict):
            fields[name] = _fields(wanted, depth + 1)
        elif isinstance(wanted, list):
            fields[name] = _leaf(wanted)
        else:
            raise InvalidPattern(f'"{name}" must be an object or an array')
    return _Fields(fields, either)


def _alternatives(wanted: Any, depth: int) -> list[_Fields]:
    if not isinstance(wanted, list) or len(wanted) < 2 or not all(isinstance(one, dict) for one in wanted):
        raise InvalidPattern("There must have at least 2 Objects in $or relationship.")
    return [_fields(one, depth + 1) for one in wanted]


def _leaf(wanted: Sequence[Any]) -> _Leaf:
    if not wanted:
        raise InvalidPattern("Empty arrays are not allowed")
    absent = any(isinstance(one, dict) and one.get("exists") is False for one in wanted)
    return _Leaf([_test(one) for one in wanted], absent)


def _test(wanted: Any) -> Test:
    if isinstance(wanted, list):
        raise InvalidPattern("Match value must be String, number, true, false, or null")
    if not isinstance(wanted, dict):
        return _equal(wanted)
    if len(wanted) != 1:
        raise InvalidPattern("Only one key allowed in match expression")
    ((kind, value),) = wanted.items()
    make = _OPERATORS.get(kind)
    if make is None:
        raise InvalidPattern(f"Unrecognized match type {kind}")
    return make(value)


def _equal(wanted: Any) -> Test:
    """Equality as JSON has it: 1 is 1.0, but neither true nor "1"."""
    return lambda value: value == wanted and isinstance(value, bool) is isinstance(wanted, bool)


def _text(kind: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidPattern(f"{kind} match pattern must be a string")
    return value


def _affix(kind: str, holds: Callable[[str, str], bool]) -> Callable[[Any], Test]:
    """prefix and suffix, each also in any case."""

    def make(value: Any) -> Test:
        if isinstance(value, dict):
            if list(value) != ["equals-ignore-case"]:
                raise InvalidPattern(f"Unsupported {kind} match expression")
            folded = _text("equals-ignore-case", value["equals-ignore-case"]).lower()
            return lambda found: isinstance(found, str) and holds(found.lower(), folded)
        wanted = _text(kind, value)
        return lambda found: isinstance(found, str) and holds(found, wanted)

    return make


def _ignoring_case(value: Any) -> Test:
    folded = _text("equals-ignore-case", value).lower()
    return lambda found: isinstance(found, str) and found.lower() == folded


def _wildcard(value: Any) -> Test:
    literals = [""]
    for token in _WILD.finditer(_text("wildcard", value)):
        escaped, stars = token[1], token[2]
        if stars and len(stars) > 1:
            raise InvalidPattern(f"Consecutive wildcard characters at pos {token.start()}")
        if escaped is not None and escaped not in ("*", "\\"):
            raise InvalidPattern(f"Invalid escape character at pos {token.start()}")
        if stars:
            literals.append("")
        else:
            literals[-1] += escaped or token[0]
    return lambda found: isinstance(found, str) and _in_order(literals, found)


def _in_order(literals: Sequence[str], text: str) -> bool:
    """Whether the text is these literals with anything between them. Not a regular expression: those can take for ever."""
    if len(literals) == 1:
        return text == literals[0]
    first, *middle, last = literals
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for literal in middle:
        at = text.find(literal, at, end)
        if at < 0:
            return False
        at += len(literal)
    return True


def _numeric(value: Any) -> Test:
    if not isinstance(value, list):
        raise InvalidPattern("Value of numeric must be an array.")
    if len(value) not in (2, 4):
        raise InvalidPattern("Invalid member in numeric match: a comparison or a range is needed")
    pairs = [(value[at], value[at + 1]) for at in range(0, len(value), 2)]
    for sign, bound in pairs:
        if not isinstance(sign, str) or sign not in _COMPARE:
            raise InvalidPattern(f"Unrecognized numeric range operator: {sign}")
        if not isinstance(bound, int | float) or isinstance(bound, bool):
            raise InvalidPattern("Value of numeric match must be numeric")
        if not -LARGEST <= bound <= LARGEST:
            raise InvalidPattern("Value must be between -5.0E9 and 5.0E9, inclusive")
    if len(pairs) == 2:
        if pairs[0][0] not in (">", ">=") or pairs[1][0] not in ("<", "<="):
            raise InvalidPattern(f"Bad numeric range operator: {pairs[1][0]}")
        if pairs[0][1] >= pairs[1][1]:
            raise InvalidPattern("Bottom must be less than top")
    return lambda found: (
        isinstance(found, int | float)
        and not isinstance(found, bool)
        and all(_COMPARE[sign](found, bound) for sign, bound in pairs)
    )


def _exists(value: Any) -> Test:
    if not isinstance(value, bool):
        raise InvalidPattern("exists match pattern must be either true or false.")
    return lambda _found: value  # of a value that is there; `_Leaf.absent` says it of one that is not


def _cidr(value: Any) -> Test:
    try:
        network = ip_network(_text("cidr", value), strict=False)
    except ValueError as error:
        raise InvalidPattern(f"Malformed CIDR: {error}") from None

    def within(found: Any) -> bool:
        try:
            return isinstance(found, str) and ip_address(found) in network
        except ValueError:
            return False

    return within


def _anything_but(value: Any) -> Test:
    if isinstance(value, dict):
        if len(value) != 1 or next(iter(value)) not in _BUT:
            raise InvalidPattern(f"Unsupported anything-but pattern: {next(iter(value), '')}")
        ((kind, inner),) = value.items()
        refused = [_BUT[kind](one) for one in _several(inner)]
    else:
        values = _several(value)
        if any(isinstance(one, dict | list | bool) or one is None for one in values):
            raise InvalidPattern("Inside anything but list, start|null|boolean is not supported.")
        refused = [_equal(one) for one in values]
    return lambda found: not any(test(found) for test in refused)


def _several(value: Any) -> list[Any]:
    if isinstance(value, list):
        if not value:
            raise InvalidPattern("Empty arrays are not allowed")
        return value
    return [value]


_prefix = _affix("prefix", str.startswith)
_suffix = _affix("suffix", str.endswith)
_OPERATORS: Mapping[str, Callable[[Any], Test]] = {
    "anything-but": _anything_but,
    "cidr": _cidr,
    "equals-ignore-case": _ignoring_case,
    "exists": _exists,
    "numeric": _numeric,
    "prefix": _prefix,
    "suffix": _suffix,
    "wildcard": _wildcard,
}
_BUT: Mapping[str, Callable[[Any], Test]] = {
    "equals-ignore-case": _ignoring_case,
    "prefix": _prefix,
    "suffix": _suffix,
    "wildcard": _wildcard,
}


class _Present:
    """What paths lead to in an event. Each is followed once: the elements of an array may all ask."""

    def __init__(self, event: Any) -> None:
        self._event = event
        self._known: dict[Path, bool] = {}

    def at(self, path: Path) -> bool:
        """Whether anything lies at `path`."""
        if path not in self._known:
            self._known[path] = any(True for _ in _at(path, self._event))
        return self._known[path]


def _object(wanted: _Fields, found: Any, present: _Present, path: Path) -> bool:
    """Whether `found`, which lies at `path`, is as wanted. Of an array one object must be so by itself."""
    if isinstance(found, list):
        return any(_object(wanted, one, present, path) for one in found) or (
            not any(isinstance(one, dict | list) for one in found) and _object(wanted, {}, present, path)
        )
    fields = found if isinstance(found, dict) else {}
    return all(
        _object(inner, fields.get(name), present, (*path, name))
        if isinstance(inner, _Fields)
        else _field(inner, fields, name, present, path)
        for name, inner in wanted.fields.items()
    ) and all(any(_object(one, found, present, path) for one in choices) for choices in wanted.either)


def _field(wanted: _Leaf, fields: Mapping[str, Any], name: str, present: _Present, path: Path) -> bool:
    values = _values(fields[name]) if name in fields else ()
    if any(test(value) for value in values for test in wanted.tests):
        return True
    return wanted.absent and not present.at((*path, name))


def _values(found: Any) -> Iterator[Any]:
    """The values of a field that operators look at: not objects, and of an array each."""
    if isinstance(found, list):
        for one in found:
            yield from _values(one)
    elif not isinstance(found, dict):
        yield found


def _at(path: Path, found: Any) -> Iterator[Any]:
    """Every value that lies at `path`, in whichever element of the arrays on the way."""
    if isinstance(found, list):
        for one in found:
            yield from _at(path, one)
    elif not path:
        yield from _values(found)
    elif isinstance(found, dict) and path[0] in found:
        yield from _at(path[1:], found[path[0]])
