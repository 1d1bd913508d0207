"""The least that a role must be allowed: a policy made from the calls that were recorded, and what of the present ones nothing used. Pure.

Conditions are those under which the calls were allowed: the policy never allows what the present ones do not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from atoll.auth.policy.document import CURRENT, many
from atoll.auth.policy.evaluate import PolicySet, Question, evaluate
from atoll.auth.policy.match import compile_pattern, matcher, resource_patterns, tokenize
from atoll.auth.policy.parse import Policy, Statement, parse
from atoll.auth.used import Use
from atoll.kernel.context import Principal


class Unused(msgspec.Struct, frozen=True):
    """Action patterns of a statement that no recorded call used, `all` where that is every one of them; and its wildcards of which
    calls used these actions (`partly`). Of a statement that was used, the resources that were not (`resources`), and those with
    wildcards of which calls used only these (`wide`)."""

    policy: str
    statement: str
    patterns: list[str]
    all: bool
    partly: dict[str, list[str]] = {}
    resources: list[str] = []
    wide: dict[str, list[str]] = {}


def minimal(uses: Iterable[Use]) -> dict[str, Any]:
    """The policy document that allows these calls: actions on the same resources under the same conditions share a statement."""
    resources = defaultdict[tuple[str, str, str], set[str]](set)
    for use in uses:
        for granted in use.granted:
            service = use.action.partition(":")[0]
            resources[granted.condition, service, use.action].add(use.pattern)
    actions = defaultdict[tuple[str, str, tuple[str, ...]], list[str]](list)
    for (condition, service, action), patterns in sorted(resources.items()):
        actions[condition, service, tuple(sorted(patterns))].append(action)
    statements = [
        _statement(names, patterns, condition)
        for (condition, _, patterns), names in sorted(actions.items(), key=lambda item: (item[1], item[0]))
    ]
    return {"Version": CURRENT, "Statement": statements}


def _statement(actions: Sequence[str], resources: Sequence[str], condition: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": _one_or_many(actions), "Resource": _one_or_many(resources)}
    conditions = msgspec.json.decode(condition)
    return {**statement, "Condition": conditions} if conditions else statement


def _one_or_many(texts: Sequence[str]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else list(texts)


def replay(
    uses: Iterable[Use], document: dict[str, Any], role: Principal, boundary: Policy | None
) -> Iterator[Question]:
    """The recorded calls that the role would be denied if `document` were all that it has, within its boundary."""
    policies = PolicySet((parse(msgspec.json.encode(document)),), boundary)
    for use in uses:
        for question in _questions(use, role):
            if not evaluate(question, policies, None, resource_account=role.account).allowed:
                yield question


def unused(policies: Iterable[Policy], uses: Sequence[Use], role: Principal) -> Iterator[Unused]:
    """What the policies allow and no call used, statement by statement."""
    for policy in policies:
        for number, (statement, source) in enumerate(zip(policy.statements, policy.sources(), strict=True), 1):
            if statement.allow:
                yield from _unused(policy.name, number, statement, source, uses, role)


def _unused(
    policy: str, number: int, statement: Statement, source: dict[str, Any], uses: Sequence[Use], role: Principal
) -> Iterator[Unused]:
    covered = [use for use in uses if _covers(statement, use, role)]
    actions = sorted({use.action for use in covered})
    patterns = many(source.get("Action", []))
    used = {pattern: _meant(pattern, actions) for pattern in patterns}
    idle = [pattern for pattern in patterns if not used[pattern]]
    if "NotAction" in source and not actions:
        idle = [f"all but {msgspec.json.encode(source['NotAction']).decode()}"]
    partly = {pattern: used[pattern] for pattern in patterns if used[pattern] and _is_wild(pattern)}
    reached = {one: _reached(one, covered, role) for one in many(source.get("Resource", []))} if covered else {}
    unreached = [one for one, found in reached.items() if not found]
    wide = {one: found for one, found in reached.items() if found and _is_wild(one) and one not in found}
    if idle or partly or unreached or wide:
        number_or_sid = source.get("Sid") or str(number)
        yield Unused(policy, number_or_sid, idle, len(idle) >= len(patterns), partly, unreached, wide)


def _reached(written: str, uses: Iterable[Use], role: Principal) -> list[str]:
    """What calls used of a statement's resource: the patterns that stand for them in the minimal policy."""
    tests = [matcher(tokens) for tokens in resource_patterns(written, variables=True)]
    return sorted(
        {
            use.pattern
            for use in uses
            if any(test(use.resource, question.values) for question in _questions(use, role) for test in tests)
        }
    )


def _is_wild(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


def _meant(pattern: str, actions: Iterable[str]) -> list[str]:
    """Those of the actions that the pattern means."""
    means = compile_pattern(tokenize(pattern.lower(), wildcards=True, variables=False))
    return [action for action in actions if means(action.lower())]


def _covers(statement: Statement, use: Use, role: Principal) -> bool:
    """Whether the statement allowed a recorded call; its conditions are asked with what is known of the call."""
    return statement.actions.match(use.action.lower()) and any(
        statement.covers(use.resource, question.values) for question in _questions(use, role)
    )


def _questions(use: Use, role: Principal) -> Iterator[Question]:
    """A recorded call, as it was asked about."""
    for granted in use.granted:
        for context in granted.contexts:
            yield Question(role, use.action, use.resource, context)
