"""The decision: may this principal do this to this resource, by all the policies that apply?

Docs: IAM User Guide, "Policy evaluation logic" (within one account, across accounts, and the rules for whom a resource-based
policy names) and "Difference between explicit and implicit denies".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from atoll.auth.policy.parse import Policy, Statement
from atoll.auth.policy.principals import Reach
from atoll.kernel.context import Principal

PolicyType = Literal[
    "identity-based policy",
    "resource-based policy",
    "permissions boundary",
    "session policy",
    "role trust policy",
    "account root",
]


Deciding = tuple[Policy, PolicyType]
"""A policy in its part: one and the same document can be attached, and a boundary."""


@dataclass(slots=True)
class Question:
    """One permission that a request needs. `context` maps condition keys, in lower case, to their values.

    The keys that follow from the principal (`aws:PrincipalArn`, `aws:username`, `aws:SourceArn` of a service, …) need not be in it.
    """

    principal: Principal
    action: str
    resource: str
    context: Mapping[str, Sequence[str]]

    def values(self, key: str) -> Sequence[str] | None:
        """The values of a condition key (in lower case), or None if the request has none."""
        found = self.context.get(key)
        if found is None and key in _OF_PRINCIPAL:
            value = _OF_PRINCIPAL[key](self.principal)
            return (value,) if value else None
        return found


@dataclass(frozen=True, slots=True)
class PolicySet:
    """The policies of a principal: attached and inline ones, its boundary, and those its session was limited to; and its tags."""

    identity: tuple[Policy, ...]
    boundary: Policy | None = None
    session: tuple[Policy, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    all: tuple[Deciding, ...] = field(init=False, compare=False)
    """Each policy with its part, in the order in which a denial names them."""

    def __post_init__(self) -> None:
        found: list[Deciding] = [(policy, "identity-based policy") for policy in self.identity]
        if self.boundary is not None:
            found.append((self.boundary, "permissions boundary"))
        found += [(policy, "session policy") for policy in self.session]
        object.__setattr__(self, "all", tuple(found))

    def asks(self, action: str) -> frozenset[str]:
        """The condition keys (in lower case) on which the decision about `action` (in lower case) depends."""
        return frozenset[str]().union(*(policy.about(action).asks for policy, _ in self.all))


NO_POLICIES = PolicySet(())


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, and what gave it.

    `explicit` says that a statement denied; `by` the type of policy that decided (for an implicit deny, the one that allows nothing);
    `statement` and `policy` name the deciding statement, and are "" where it is the lack of one that decided.
    """

    allowed: bool
    explicit: bool
    by: PolicyType
    statement: str = ""
    policy: str = ""

    def __str__(self) -> str:
        """As traces show it."""
        if self.allowed or self.explicit:
            where = f" {self.policy}" if self.policy else ""
            which = f", statement {self.statement}" if self.statement else ""
            return f"{'allowed' if self.allowed else 'denied'} by {self.by}{where}{which}"
        return f"denied: no {self.by} allows it"


def evaluate(
    question: Question, policies: PolicySet, resource_policy: Policy | None, *, resource_account: str
) -> Decision:
    """Decides `question`. `resource_account` is the account that owns the resource.

    A `resource_policy` of kind "trust" must itself allow: without it nobody, not even the account's root, assumes a role.
    """
    action = question.action.lower()
    denied = _explicit_deny(question, action, policies, resource_policy)
    if denied is not None:
        return denied
    principal = question.principal
    if resource_policy is None and principal.account == resource_account and principal.kind != "service":
        return _own_grant(question, action, policies)
    granted, reach = _resource_grant(question, action, resource_policy)
    if principal.kind == "service":
        return granted
    if resource_policy is not None and resource_policy.kind == "trust" and reach is Reach.NONE:
        return granted
    if principal.account != resource_account:
        own = _own_grant(question, action, policies)
        return granted if own.allowed else own
    if reach is Reach.DIRECT:
        return granted
    if reach is Reach.ROLE:
        limit = _limits(question, action, policies)
        return granted if limit is None else limit
    return _own_grant(question, action, policies)


def _explicit_deny(question: Question, action: str, policies: PolicySet, resource: Policy | None) -> Decision | None:
    """The first statement that denies, wherever it stands."""
    for policy, kind in policies.all:
        for statement in policy.about(action).denies:
            if statement.covers(question.resource, question.values):
                return Decision(False, True, kind, statement.sid, policy.name)
    for statement in resource.about(action).denies if resource is not None else ():
        reach = _denied_reach(statement, question.principal, policies)
        if reach is not Reach.NONE and statement.covers(question.resource, question.values):
            assert resource is not None
            return Decision(False, True, _resource_type(resource), statement.sid, resource.name)
    return None


def _denied_reach(statement: Statement, principal: Principal, policies: PolicySet) -> Reach:
    """docs: "NotPrincipal": a principal that has a boundary is always denied, whether it is excepted or not."""
    if statement.principals is None:
        return Reach.NONE
    if not statement.not_principal:
        return statement.principals.reach(principal)
    spared = policies.boundary is None and statement.principals.excepts(principal)
    return Reach.NONE if spared else Reach.DIRECT


def _resource_grant(question: Question, action: str, policy: Policy | None) -> tuple[Decision, Reach]:
    """What the resource's policy allows, by the statement that means the principal most directly."""
    if policy is None:
        return Decision(False, False, "resource-based policy"), Reach.NONE
    kind = _resource_type(policy)
    best, decision = Reach.NONE, Decision(False, False, kind)
    for statement in policy.about(action).allows:
        reach = statement.principals.reach(question.principal) if statement.principals else Reach.NONE
        if reach > best and statement.covers(question.resource, question.values):
            best, decision = reach, Decision(True, False, kind, statement.sid, policy.name)
    return decision, best


def _own_grant(question: Question, action: str, policies: PolicySet) -> Decision:
    """What the principal's own policies allow: identity policies, within its boundary and its session's policies."""
    if question.principal.kind == "root":
        return Decision(True, False, "account root")
    decision = _allowed_by(question, action, policies.identity, "identity-based policy")
    if not decision.allowed:
        return decision
    return _limits(question, action, policies) or decision


def _limits(question: Question, action: str, policies: PolicySet) -> Decision | None:
    """The implicit deny of the boundary or of the session's policies, or None if both leave the action."""
    if policies.boundary is not None:
        decision = _allowed_by(question, action, (policies.boundary,), "permissions boundary")
        if not decision.allowed:
            return decision
    if policies.session:
        decision = _allowed_by(question, action, policies.session, "session policy")
        if not decision.allowed:
            return decision
    return None


def _allowed_by(question: Question, action: str, policies: Sequence[Policy], kind: PolicyType) -> Decision:
    for policy in policies:
        for statement in policy.about(action).allows:
            if statement.covers(question.resource, question.values):
                return Decision(True, False, kind, statement.sid, policy.name)
    return Decision(False, False, kind)


def _resource_type(policy: Policy) -> PolicyType:
    return "role trust policy" if policy.kind == "trust" else "resource-based policy"


_TYPES = {"root": "Account", "user": "User", "role": "AssumedRole", "service": ""}

PRINCIPAL_KEYS: Mapping[str, Callable[[Principal], str]] = {
    "aws:MultiFactorAuthPresent": lambda p: "false" if p.issued else "",
    "aws:PrincipalAccount": lambda p: "" if p.kind == "service" else p.account,
    "aws:PrincipalArn": lambda p: "" if p.kind == "service" else p.role_arn or p.arn,
    "aws:PrincipalIsAWSService": lambda p: "true" if p.kind == "service" else "false",
    "aws:PrincipalServiceName": lambda p: p.arn if p.kind == "service" else "",
    "aws:PrincipalServiceNamesList": lambda p: p.arn if p.kind == "service" else "",
    "aws:PrincipalType": lambda p: _TYPES[p.kind],
    "aws:SourceAccount": lambda p: p.source_account,
    "aws:SourceArn": lambda p: p.source_arn,
    "aws:TokenIssueTime": lambda p: f"{datetime.fromtimestamp(p.issued, UTC):%Y-%m-%dT%H:%M:%SZ}" if p.issued else "",
    "aws:userid": lambda p: p.user_id,
    "aws:username": lambda p: p.arn.rpartition("/")[2] if p.kind == "user" else "",
    "lambda:SourceFunctionArn": lambda p: p.source_function,
}
"""The condition keys that follow from who asks; one without a value is absent. docs: "AWS global condition context keys"; Lambda Developer
Guide, "Using source function ARN to control function access behavior"."""
_OF_PRINCIPAL = {name.lower(): find for name, find in PRINCIPAL_KEYS.items()}
