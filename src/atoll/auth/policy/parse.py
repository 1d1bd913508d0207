"""Policy documents, compiled: what evaluation asks of a policy, answered without reading its text again.

What IAM refuses in a document is in `document.py`; how one statement decides a request is in `evaluate.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec import UNSET

from atoll.auth.policy import document as checks
from atoll.auth.policy.conditions import BadValue, Condition, Null, compile_condition
from atoll.auth.policy.document import Document, Kind, PolicySyntaxError, Scalar, StatementDocument, many
from atoll.auth.policy.match import MANY, Lookup, Matcher, arn_matcher, compile_pattern, tokenize
from atoll.auth.policy.principals import Principals, compile_principals

__all__ = ["Kind", "Policy", "PolicySyntaxError", "Statement", "parse"]


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
    variables: bool

    def match(self, resource: str, lookup: Lookup) -> bool:
        """Whether the element covers `resource`."""
        found = self.everything or resource in self.exact or any(pattern(resource, lookup) for pattern in self.patterns)
        return found is not self.negated


@dataclass(frozen=True, slots=True)
class Statement:
    """A compiled statement. `sid` is its Sid, or its position (from 0) where it has none; `principals` are None in identity policies."""

    sid: str
    allow: bool
    actions: Actions
    resources: Resources
    principals: Principals | None
    not_principal: bool
    conditions: tuple[Condition | Null, ...]

    def covers(self, action: str, resource: str, lookup: Lookup) -> bool:
        """Whether the statement is about this action (in lower case), resource and request, whoever asks."""
        return (
            self.actions.match(action)
            and self.resources.match(resource, lookup)
            and all(condition.holds(lookup) for condition in self.conditions)
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """A compiled policy. `name` is its ARN where it is managed, else its name; it is what traces and messages say."""

    kind: Kind
    name: str
    statements: tuple[Statement, ...]
    _by_action: Mapping[str, tuple[Statement, ...]]
    _others: tuple[Statement, ...]

    def about(self, action: str) -> Iterator[Statement]:
        """The statements that may cover `action` (in lower case). Those that list it plainly are found by index."""
        yield from self._by_action.get(action, ())
        yield from self._others

    def asks(self, action: str) -> bool:
        """Whether what it says about `action` depends on the request's condition keys."""
        return any(statement.conditions or statement.resources.variables for statement in self.about(action))

    def named(self, name: str) -> Policy:
        """The same policy under another name: compiled ones may be shared by text."""
        return dataclasses.replace(self, name=name)


def parse(text: str | bytes, kind: Kind = "identity", name: str = "") -> Policy:
    """Checks and compiles a policy document. Raises PolicySyntaxError with IAM's message."""
    document = checks.read(text)
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
    return _indexed(kind, name, statements)


def _indexed(kind: Kind, name: str, statements: Sequence[Statement]) -> Policy:
    by_action: dict[str, list[Statement]] = {}
    others = []
    for statement in statements:
        if statement.actions.patterns or statement.actions.negated:
            others.append(statement)
        else:
            for action in statement.actions.exact:
                by_action.setdefault(action, []).append(statement)
    index = {action: tuple(found) for action, found in by_action.items()}
    return Policy(kind, name, tuple(statements), index, tuple(others))


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
    return Statement(
        sid=source.sid or str(index),
        allow=source.effect == "Allow",
        actions=_actions(source),
        resources=_resources(source, variables=_has_variables(document)),
        principals=principals,
        not_principal=negated,
        conditions=conditions,
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


def _resources(source: StatementDocument, *, variables: bool) -> Resources:
    """A trust policy has no resource: it is about the role that it hangs on."""
    listed = many(source.resource) + many(source.not_resource)
    negated = source.not_resource is not UNSET
    everything, exact, patterns = not listed, set(), []
    for resource in listed:
        tokens = tokenize(resource, wildcards=True, variables=variables)
        if tokens == (MANY,):
            everything = True
        elif all(isinstance(token, str) for token in tokens) and resource.count(":") >= 5:
            exact.add("".join(token for token in tokens if isinstance(token, str)))
        else:
            patterns.append(arn_matcher(resource, variables=variables))
    has_variables = variables and any("${" in resource for resource in listed)
    return Resources(everything, frozenset(exact), tuple(patterns), negated, has_variables)


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
