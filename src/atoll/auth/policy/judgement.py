"""Judgement: a decision with all that it was made from, so that it can be explained as it was, whatever the policies say since.

It holds references and no copies: an allowed call pays for one small object. `explain.py` puts it into words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from atoll.auth.policy.evaluate import Decision, PolicySet, Question
from atoll.auth.policy.parse import Policy
from atoll.kernel.context import Principal

LONGEST = 2048
MOST_VALUES = 100
NOTHING: Mapping[str, Sequence[str]] = {}


class Judgement(msgspec.Struct, gc=False):
    """One permission of one request. `account` is the one in which the request acts, `context` has the condition values that are known.

    `attachable` says whether the resource is of a kind that can have a policy.
    """

    principal: Principal
    action: str
    resource: str
    account: str
    context: Mapping[str, Sequence[str]]
    policies: PolicySet
    resource_policy: Policy | None
    attachable: bool
    decision: Decision

    @property
    def title(self) -> str:
        """What traces call it."""
        return f"iam {self.action} on {self.resource}"

    def __str__(self) -> str:
        return str(self.decision)

    @property
    def owner(self) -> str:
        """The account that owns the resource."""
        return owner_of(self.resource, self.account)

    @property
    def question(self) -> Question:
        """What was asked."""
        return Question(self.principal, self.action, self.resource, self.context)


def owner_of(arn: str, account: str) -> str:
    """The account that owns a resource: the fifth part of its ARN, `account` where the ARN names none, or AWS itself."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[4].isdecimal() else account


def bounded(values: Sequence[str]) -> tuple[str, ...]:
    """Condition values as they are kept: a request may have a million, of any length."""
    if len(values) == 1 and len(values[0]) <= LONGEST:
        return (values[0],)
    return tuple(value[:LONGEST] for value in values[:MOST_VALUES])
