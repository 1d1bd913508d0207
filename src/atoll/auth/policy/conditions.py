"""Condition operators: what a `Condition` block compiles to, and when it holds.

Docs: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Multivalued context keys".
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import math
import operator as compare
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal

from atoll.auth.policy.match import (
    Lookup,
    Matcher,
    Token,
    Variable,
    arn_matcher,
    matcher,
    tokenize,
    variables_of,
)

Qualifier = Literal["", "ForAllValues", "ForAnyValue"]

_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?\s*", re.ASCII)
_EPOCH = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_DATE = re.compile(
    r"(\d{1,4})(?:-(\d\d?)(?:-(\d\d?))?)?"
    r"(?:[Tt](?:(\d\d?)(?::(\d\d?)(?::(\d\d?)(?:\.(\d{1,9}))?)?)?)?(Z|z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_LARGEST = 2**63


class BadValue(ValueError):
    """A condition value that its operator cannot read."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of one operator. `tests` are its values, any of which may match; `negated` for the `…Not…` operators."""

    key: str
    tests: tuple[Matcher, ...]
    negated: bool
    qualifier: Qualifier
    if_exists: bool
    asks: frozenset[str]
    """The keys on which it depends: its own, and its values' variables."""

    def holds(self, lookup: Lookup) -> bool:
        """Whether the request meets it."""
        values = lookup(self.key)
        if self.qualifier and values:
            values = [value for value in values if value]  # to set operators an empty string is no value
        if not values:
            if self.qualifier == "ForAllValues" or self.if_exists:
                return True
            return self.negated and not self.qualifier
        if len(values) == 1:
            return self._matches(values[0], lookup) is not self.negated
        if self.qualifier == "ForAnyValue":
            return any(self._matches(value, lookup) is not self.negated for value in values)
        if self.qualifier == "ForAllValues" or self.negated:
            return all(self._matches(value, lookup) is not self.negated for value in values)
        return any(self._matches(value, lookup) for value in values)

    def _matches(self, value: str, lookup: Lookup) -> bool:
        if len(self.tests) == 1:
            return self.tests[0](value, lookup)
        return any(test(value, lookup) for test in self.tests)


@dataclass(frozen=True, slots=True)
class Null:
    """The `Null` operator: whether a key is absent ("true") or present ("false")."""

    key: str
    wanted: frozenset[bool]

    @property
    def asks(self) -> frozenset[str]:
        """The key on which it depends."""
        return frozenset((self.key,))

    def holds(self, lookup: Lookup) -> bool:
        """Whether the request meets it. A key whose values are empty strings is null."""
        return (not any(lookup(self.key) or ())) in self.wanted


def compile_condition(operator: str, key: str, values: Sequence[str], *, variables: bool) -> Condition | Null | None:
    """Compiles the values of `key` under `operator`. None if there is no such operator; raises BadValue for a value it cannot read."""
    qualifier, base, if_exists = _parts(operator)
    if base == "null" and not qualifier and not if_exists:
        return Null(key.lower(), frozenset(_boolean(value) for value in values))
    known = _OPERATORS.get(base)
    if known is None:
        return None
    test, negated = known
    tests = tuple(test(value, variables) for value in values)
    asks = frozenset((key.lower(),)).union(*map(variables_of, values if variables else ()))
    return Condition(key.lower(), tests, negated, qualifier, if_exists, asks)


def is_operator(operator: str) -> bool:
    """Whether IAM has this operator."""
    qualifier, base, if_exists = _parts(operator)
    return base in _OPERATORS or (base == "null" and not qualifier and not if_exists)


def _parts(operator: str) -> tuple[Qualifier, str, bool]:
    qualifier: Qualifier = ""
    base = operator.lower()
    if base.startswith("forallvalues:"):
        qualifier = "ForAllValues"
    elif base.startswith("foranyvalue:"):
        qualifier = "ForAnyValue"
    if qualifier:
        base = base[len(qualifier) + 1 :]
    if_exists = base.endswith("ifexists")
    return qualifier, base.removesuffix("ifexists"), if_exists


Compile = Callable[[str, bool], Matcher]
"""Makes a test of one condition value; the flag says whether the policy's version has variables."""


def _string(*, wildcards: bool, fold: bool = False) -> Compile:
    def compile_value(value: str, variables: bool) -> Matcher:
        tokens = tokenize(value, wildcards=wildcards, variables=variables)
        if not fold:
            return matcher(tokens)
        folded = matcher(tuple(_fold(token) for token in tokens))
        return lambda text, lookup: folded(text.lower(), lambda key: _lowered(lookup(key)))

    return compile_value


def _fold(token: Token) -> Token:
    if isinstance(token, Variable):
        return Variable(token.name, token.default and token.default.lower())
    return token.lower() if isinstance(token, str) else token


def _lowered(values: Sequence[str] | None) -> Sequence[str] | None:
    return values if values is None else [value.lower() for value in values]


def _arn(value: str, variables: bool) -> Matcher:
    return arn_matcher(value, variables=variables)


def _ordered(read: Callable[[str], float | None], test: Callable[[Any, Any], bool]) -> Compile:
    """Numbers and dates: `test(value of the request, value of the policy)`."""

    def compile_value(value: str, variables: bool) -> Matcher:
        limit = read(value)
        if limit is None:
            raise BadValue(value)

        def matches(text: str, _lookup: Lookup) -> bool:
            given = read(text)
            return given is not None and test(given, limit)

        return matches

    return compile_value


def number(text: str) -> float | None:
    """The number that a condition value says, or None."""
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def date(text: str) -> float | None:
    """The instant that a condition value says (ISO 8601 or seconds since the epoch), in seconds since the epoch, or None."""
    if _EPOCH.fullmatch(text):
        seconds = int(text)
        return float(seconds) if -_LARGEST <= seconds < _LARGEST else None
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            tzinfo=_zone(zone),
        )
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() + float(f"0.{fraction or 0}")
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> timezone:
    if not text or text in "Zz":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-offset if text[0] == "-" else offset)


def _boolean(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise BadValue(value)
    return value.lower() == "true"


def _binary(value: str, _variables: bool) -> Matcher:
    wanted = _decoded(value)
    if wanted is None:
        raise BadValue(value)
    return lambda text, _lookup: _decoded(text) == wanted


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _ip(value: str, _variables: bool) -> Matcher:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise BadValue(value) from None

    def matches(text: str, _lookup: Lookup) -> bool:
        try:
            return ipaddress.ip_address(text) in network
        except ValueError:
            return False

    return matches


def _comparisons(kind: str, read: Callable[[str], float | None]) -> dict[str, tuple[Compile, bool]]:
    return {
        f"{kind}equals": (_ordered(read, compare.eq), False),
        f"{kind}notequals": (_ordered(read, compare.eq), True),
        f"{kind}lessthan": (_ordered(read, compare.lt), False),
        f"{kind}lessthanequals": (_ordered(read, compare.le), False),
        f"{kind}greaterthan": (_ordered(read, compare.gt), False),
        f"{kind}greaterthanequals": (_ordered(read, compare.ge), False),
    }


_OPERATORS: dict[str, tuple[Compile, bool]] = {
    "stringequals": (_string(wildcards=False), False),
    "stringnotequals": (_string(wildcards=False), True),
    "stringequalsignorecase": (_string(wildcards=False, fold=True), False),
    "stringnotequalsignorecase": (_string(wildcards=False, fold=True), True),
    "stringlike": (_string(wildcards=True), False),
    "stringnotlike": (_string(wildcards=True), True),
    **_comparisons("numeric", number),
    **_comparisons("date", date),
    "bool": (_string(wildcards=False, fold=True), False),
    "binaryequals": (_binary, False),
    "ipaddress": (_ip, False),
    "notipaddress": (_ip, True),
    "arnequals": (_arn, False),
    "arnlike": (_arn, False),
    "arnnotequals": (_arn, True),
    "arnnotlike": (_arn, True),
}
