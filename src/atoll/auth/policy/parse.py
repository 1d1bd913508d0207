"""Policy documents, compiled: what evaluation asks of a policy, answered without reading its text again.

What IAM refuses in a document is in `document.py`; how one statement decides a request is in `evaluate.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from atoll.auth.policy import document as checks
from atoll.auth.policy.conditions import BadValue, Condition, Null, compile_condition
from atoll.auth.policy.document import Document, Kind, PolicySyntaxError, Scalar, StatementDocument, many
from atoll.auth.policy.match import (
    MANY,
    Lookup,
    Matcher,
    compile_pattern,
    matcher,
    resource_patterns,
    tokenize,
    variables_of,
)
from atoll.auth.policy.principals import Principals, compile_principals

__all__ = ["Kind", "Policy", "PolicySyntaxError", "Statement", "parse"]

MEMO = 1024
"""Actions that a policy remembers: more than Atoll has, so that what is asked for by users does not fill memory."""


@dataclass(frozen=True, slots=True)
class Actions:
    """`Action` or (`negated`) `NotAction`, in lower case."""

    exact: frozenset[str]
    patterns: tuple[Callable[[str], bool], ...]
    negated: bool

    def match(self, action: str) -> bool:
        """Whether the element covers `action`, given in lower case."""
        found = action in self.exact or any(pattern(action) for pattern in self.patterns)
        return found is not self.negated


@dataclass(frozen=True, slots=True)
class Resources:
    """`Resource` or (`negated`) `NotResource`. `everything` where a lone `*` is among them."""

    everything: bool
    exact: frozenset[str]
    patterns: tuple[Matcher, ...]
    negated: bool

    def match(self, resource: str, lookup: Lookup) -> bool:
        """Whether the element covers `resource`."""
        found = self.everything or resource in self.exact
        if not found and self.patterns:
            found = any(pattern(resource, lookup) for pattern in self.patterns)
        return found is not self.negated


@dataclass(frozen=True, slots=True)
class Statement:
    """A compiled statement. `sid` is its Sid, or its position (from 0) where it has none; `principals` are None in identity policies.

    `asks` are the condition keys (in lower case) on which it depends, in its conditions and by its variables.
    """

    sid: str
    allow: bool
    actions: Actions
    resources: Resources
    principals: Principals | None
    not_principal: bool
    conditions: tuple[Condition | Null, ...]
    asks: frozenset[str]

    def covers(self, resource: str, lookup: Lookup) -> bool:
        """Whether a statement about the action is about this resource and request, whoever asks."""
        if not self.resources.match(resource, lookup):
            return False
        for condition in self.conditions:  # noqa: SIM110  at every request: without a generator
            if not condition.holds(lookup):
                return False
        return True


class About(NamedTuple):
    """What a policy says about one action: its statements by effect, and the condition keys on which they depend."""

    denies: tuple[Statement, ...]
    allows: tuple[Statement, ...]
    asks: frozenset[str]


@dataclass(frozen=True, slots=True)
class Policy:
    """A compiled policy. `name` is its ARN where it is managed, else its name; it is what traces and messages say.

    `text` is what it was compiled from, so that its statements can be quoted; `group` the one through which a user has it, or "".
    """

    kind: Kind
    name: str
    statements: tuple[Statement, ...]
    text: str | bytes = field(default="", compare=False, repr=False)
    group: str = ""
    _memo: dict[str, About] = field(default_factory=dict, compare=False, repr=False)

    def about(self, action: str) -> About:
        """What it says about `action` (in lower case). The first time all statements are looked at, then it is remembered."""
        found = self._memo.get(action)
        if found is None:
            if len(self._memo) >= MEMO:
                self._memo.clear()
            found = self._memo[action] = self._find(action)
        return found

    def _find(self, action: str) -> About:
        named = [statement for statement in self.statements if statement.actions.match(action)]
        return About(
            denies=tuple(statement for statement in named if not statement.allow),
            allows=tuple(statement for statement in named if statement.allow),
            asks=frozenset[str]().union(*(statement.asks for statement in named)),
        )

    def sources(self) -> list[dict[str, Any]]:
        """The statements as they were written, in their order."""
        found = msgspec.json.decode(self.text)["Statement"] if self.text else [{}] * len(self.statements)
        return [found] if isinstance(found, dict) else found

    def named(self, name: str) -> Policy:
        """The same policy under another name: compiled ones may be shared by text."""
        return Policy(self.kind, name, self.statements, self.text)


def parse(text: str | bytes, kind: Kind = "identity", name: str = "") -> Policy:
    """Checks and compiles a policy document. Raises PolicySyntaxError with IAM's message."""
    document = checks.read(text, kind)
    if kind == "identity":
        checks.check_version(document)
    checks.check_effects(document)
    conditions = [_conditions(statement, document) for statement in document.statements]
    if kind == "identity":
        checks.check_identity(document)
    elif kind == "trust":
        checks.check_trust(document)
    else:
        checks.check_resource(document)
    if kind != "resource":
        checks.check_sid_characters(document)
    statements = tuple(
        _statement(index, statement, compiled, document)
        for index, (statement, compiled) in enumerate(zip(document.statements, conditions, strict=True))
    )
    return Policy(kind, name, statements, text)


def _statement(
    index: int, source: StatementDocument, conditions: tuple[Condition | Null, ...], document: Document
) -> Statement:
    negated = source.not_principal is not UNSET
    element = source.not_principal if negated else source.principal
    principals = None
    if isinstance(element, dict):
        principals = compile_principals({key: many(values) for key, values in element.items()})
    elif element is not UNSET:
        principals = compile_principals({"AWS": ["*"]})
    variables = _has_variables(document)
    listed = many(source.resource) + many(source.not_resource)
    return Statement(
        sid=source.sid or str(index),
        allow=source.effect == "Allow",
        actions=_actions(source),
        resources=_resources(listed, negated=source.not_resource is not UNSET, variables=variables),
        principals=principals,
        not_principal=negated,
        conditions=conditions,
        asks=frozenset[str]().union(
            *(condition.asks for condition in conditions), *map(variables_of, listed if variables else ())
        ),
    )


def _actions(source: StatementDocument) -> Actions:
    exact, patterns = set(), []
    for action in many(source.action) + many(source.not_action):
        tokens = tokenize(action.lower(), wildcards=True, variables=False)
        if all(isinstance(token, str) for token in tokens):
            exact.add(action.lower())
        else:
            patterns.append(compile_pattern(tokens))
    return Actions(frozenset(exact), tuple(patterns), source.not_action is not UNSET)


def _resources(listed: Sequence[str], *, negated: bool, variables: bool) -> Resources:
    """A trust policy has no resource: it is about the role that it hangs on."""
    everything, exact, patterns = not listed, set(), []
    for tokens in (tokens for resource in listed for tokens in resource_patterns(resource, variables=variables)):
        if tokens == (MANY,):
            everything = True
        elif all(isinstance(token, str) for token in tokens):
            exact.add("".join(token for token in tokens if isinstance(token, str)))
        else:
            patterns.append(matcher(tokens))
    return Resources(everything, frozenset(exact), tuple(patterns), negated)


def _conditions(source: StatementDocument, document: Document) -> tuple[Condition | Null, ...]:
    compiled: list[Condition | Null] = []
    for operator, keys in source.condition.items():
        for key, values in keys.items():
            texts = [_text(value) for value in (values if isinstance(values, list) else [values])]
            try:
                condition = compile_condition(operator, key, texts, variables=_has_variables(document))
            except BadValue:
                raise PolicySyntaxError(checks.LEGACY) from None
            if condition is not None:
                compiled.append(condition)
    return tuple(compiled)


def _text(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _has_variables(document: Document) -> bool:
    return document.version == checks.CURRENT
