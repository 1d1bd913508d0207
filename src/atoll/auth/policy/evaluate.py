"""The decision: may this principal do this to this resource, by all the policies that apply?

Docs: IAM User Guide, "Policy evaluation logic" (within one account, across accounts, and the rules for whom a resource-based
policy names) and "Difference between explicit and implicit denies".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from atoll.auth.policy.parse import MEMO, Policy, Statement
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


@dataclass(slots=True)
class Question:
    """One permission that a request needs. `context` maps condition keys, in lower case, to their values.

    The keys that follow from the principal (`aws:PrincipalArn`, `aws:username`, `aws:SourceArn` of a service, …) need not be in it.
    """

    principal: Principal
    action: str
    resource: str
    context: Mapping[str, Sequence[str]]
    _known: dict[str, Sequence[str] | None] = field(default_factory=dict, init=False, compare=False, repr=False)

    def values(self, key: str) -> Sequence[str] | None:
        """The values of a condition key (in lower case), or None if the request has none: worked out once, whoever asks how often."""
        known = self._known
        if key in known:
            return known[key]
        found = known[key] = self._find(key)
        return found

    def _find(self, key: str) -> Sequence[str] | None:
        found = self.context.get(key)
        if found is not None:
            return found
        if key in _OF_PRINCIPAL:
            value = _OF_PRINCIPAL[key](self.principal)
            return (value,) if value else None
        of_session = self.principal.session.keys
        return dict(of_session).get(key) if of_session else None


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


Rulings = tuple[tuple[Statement, Decision], ...]
"""Statements, and what is decided where one of them covers the request."""


class Applicable(NamedTuple):
    """What a principal's policies say about one action, by effect and type; `asks` are the condition keys on which that depends.

    `boundary` and `session` are None where there is none, which allows what the identity policies do.
    """

    denies: Rulings
    identity: Rulings
    boundary: Rulings | None
    session: Rulings | None
    asks: frozenset[str]


@dataclass(frozen=True, slots=True)
class PolicySet:
    """The policies of a principal: attached and inline ones, its boundary, and those its session was limited to; and its tags.

    `gone` says that its user or role was deleted: nothing allows it anything then, not even a resource's policy that means everyone.
    """

    identity: tuple[Policy, ...]
    boundary: Policy | None = None
    session: tuple[Policy, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    gone: bool = False
    tag_values: Mapping[str, Sequence[str]] = field(init=False, compare=False, repr=False)
    """The condition keys that its tags are, in lower case."""
    _memo: dict[str, Applicable] = field(default_factory=dict, init=False, compare=False, repr=False)
    _allowed: dict[tuple[str, str], Decision] = field(default_factory=dict, init=False, compare=False, repr=False)
    used: dict[tuple[str, ...], list[Mapping[str, Sequence[str]]]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )
    """What is noted already of the calls that they allowed (`gateway/used_calls.py`)."""

    def __post_init__(self) -> None:
        values = {f"aws:principaltag/{key.lower()}": (value,) for key, value in self.tags.items()}
        object.__setattr__(self, "tag_values", values)

    def remembered(self, action: str, resource: str) -> Decision | None:
        """What allows this action on this resource, where `remember` was told."""
        return self._allowed.get((action, resource))

    def remember(self, action: str, resource: str, allowed: Decision) -> None:
        """Keeps what was decided by these policies and the names of the action and the resource alone. The policies must be one
        identity's; when they change it gets others (`Directory.policies`), so that this is never out of date."""
        if len(self._allowed) >= MEMO:
            self._allowed.clear()
        self._allowed[action, resource] = allowed

    def about(self, action: str) -> Applicable:
        """What they say about `action` (in lower case). The first time every policy is looked at, then it is remembered."""
        found = self._memo.get(action)
        if found is None:
            if len(self._memo) >= MEMO:
                self._memo.clear()
            found = self._memo[action] = self._find(action)
        return found

    def _find(self, action: str) -> Applicable:
        boundary = () if self.boundary is None else (self.boundary,)
        parts: tuple[tuple[PolicyType, tuple[Policy, ...]], ...] = (
            ("identity-based policy", self.identity),
            ("permissions boundary", boundary),
            ("session policy", self.session),
        )
        allows = [
            tuple(
                (statement, Decision(True, False, kind, statement.sid, policy.name))
                for policy in policies
                for statement in policy.about(action).allows
            )
            for kind, policies in parts
        ]
        return Applicable(
            denies=tuple(
                (statement, Decision(False, True, kind, statement.sid, policy.name))
                for kind, policies in parts
                for policy in policies
                for statement in policy.about(action).denies
            ),
            identity=allows[0],
            boundary=allows[1] if boundary else None,
            session=allows[2] if self.session else None,
            asks=frozenset[str]().union(*(policy.about(action).asks for _, policies in parts for policy in policies)),
        )


NO_POLICIES = PolicySet(())
GONE = PolicySet((), gone=True)


def evaluate(
    question: Question, policies: PolicySet, resource_policy: Policy | None, *, resource_account: str
) -> Decision:
    """Decides `question`. `resource_account` is the account that owns the resource.

    A `resource_policy` of kind "trust" must itself allow: without it nobody, not even the account's root, assumes a role.
    """
    action = question.action.lower()
    own = policies.about(action)
    denied = _covering(question, own.denies)
    if denied is None and resource_policy is not None:
        denied = _resource_deny(question, action, policies, resource_policy)
    if denied is not None:
        return denied
    if policies.gone:
        return NO_IDENTITY_POLICY
    principal = question.principal
    if resource_policy is None and principal.account == resource_account and principal.kind not in _ALONE:
        return _own_grant(question, own)
    granted, reach = _resource_grant(question, action, resource_policy)
    if principal.kind in _ALONE or principal.kind == "anonymous":
        return granted
    if resource_policy is not None and resource_policy.kind == "trust" and reach is Reach.NONE:
        return granted
    if principal.account != resource_account:
        allowed = _own_grant(question, own)
        return granted if allowed.allowed else allowed
    if reach is Reach.DIRECT:
        return granted
    if reach is Reach.ROLE:
        return _limit(question, own) or granted
    return _own_grant(question, own)


def _covering(question: Question, rulings: Rulings) -> Decision | None:
    """What the first statement decides that covers the request."""
    for statement, decision in rulings:
        if statement.covers(question.resource, question.values):
            return decision
    return None


def _resource_deny(question: Question, action: str, policies: PolicySet, policy: Policy) -> Decision | None:
    """The first statement of the resource's policy that denies.

    docs: "NotPrincipal": a principal that has a boundary is always denied, whether it is excepted or not.
    """
    principal = question.principal
    for statement in policy.about(action).denies:
        assert statement.principals is not None
        if statement.not_principal:
            meant = policies.boundary is not None or not statement.principals.excepts(principal)
        else:
            meant = statement.principals.reach(principal) is not Reach.NONE
        if meant and statement.covers(question.resource, question.values):
            return Decision(False, True, _resource_type(policy), statement.sid, policy.name)
    return None


def _resource_grant(question: Question, action: str, policy: Policy | None) -> tuple[Decision, Reach]:
    """What the resource's policy allows, by the statement that means the principal most directly."""
    if policy is None:
        return NO_RESOURCE_POLICY, Reach.NONE
    kind = _resource_type(policy)
    best, decision = Reach.NONE, Decision(False, False, kind)
    for statement in policy.about(action).allows:
        assert statement.principals is not None
        reach = statement.principals.reach(question.principal)
        if reach > best and statement.covers(question.resource, question.values):
            best, decision = reach, Decision(True, False, kind, statement.sid, policy.name)
    return decision, best


def _own_grant(question: Question, own: Applicable) -> Decision:
    """What the principal's own policies allow: identity policies, within its boundary and its session's policies."""
    if question.principal.kind == "root":
        return ROOT
    allowed = _covering(question, own.identity)
    if allowed is None:
        return NO_IDENTITY_POLICY
    return _limit(question, own) or allowed


def _limit(question: Question, own: Applicable) -> Decision | None:
    """The implicit deny of the boundary or of the session's policies, or None if both leave the action."""
    if own.boundary is not None and _covering(question, own.boundary) is None:
        return NO_BOUNDARY
    if own.session is not None and _covering(question, own.session) is None:
        return NO_SESSION_POLICY
    return None


def _resource_type(policy: Policy) -> PolicyType:
    return "role trust policy" if policy.kind == "trust" else "resource-based policy"


ROOT = Decision(True, False, "account root")
NO_IDENTITY_POLICY = Decision(False, False, "identity-based policy")
NO_RESOURCE_POLICY = Decision(False, False, "resource-based policy")
NO_BOUNDARY = Decision(False, False, "permissions boundary")
NO_SESSION_POLICY = Decision(False, False, "session policy")

_ALONE = ("service", "identity")
"""Kinds of principals that have no policies of their own: the resource's alone can let them."""
_TYPES = {
    "root": "Account",
    "user": "User",
    "role": "AssumedRole",
    "federated": "FederatedUser",
    "anonymous": "Anonymous",
}

PRINCIPAL_KEYS: Mapping[str, Callable[[Principal], str]] = {
    "aws:FederatedProvider": lambda p: p.session.provider,
    "aws:MultiFactorAuthPresent": lambda p: "true" if p.session.mfa else "false" if p.issued else "",
    "aws:PrincipalAccount": lambda p: "" if p.kind in _ALONE else p.account,
    "aws:PrincipalArn": lambda p: "" if p.kind in (*_ALONE, "anonymous") else p.role_arn if p.kind == "role" else p.arn,
    "aws:PrincipalIsAWSService": lambda p: "true" if p.kind == "service" else "false",
    "aws:PrincipalServiceName": lambda p: p.arn if p.kind == "service" else "",
    "aws:PrincipalServiceNamesList": lambda p: p.arn if p.kind == "service" else "",
    "aws:PrincipalType": lambda p: _TYPES.get(p.kind, ""),
    "aws:SourceAccount": lambda p: p.source_account,
    "aws:SourceArn": lambda p: p.source_arn,
    "aws:SourceIdentity": lambda p: p.session.source_identity,
    "aws:TokenIssueTime": lambda p: f"{datetime.fromtimestamp(p.issued, UTC):%Y-%m-%dT%H:%M:%SZ}" if p.issued else "",
    "aws:userid": lambda p: p.user_id,
    "aws:username": lambda p: p.arn.rpartition("/")[2] if p.kind == "user" else "",
    "lambda:SourceFunctionArn": lambda p: p.source_function,
}
"""The condition keys that follow from who asks; one without a value is absent. docs: "AWS global condition context keys"; Lambda Developer
Guide, "Using source function ARN to control function access behavior"."""
_OF_PRINCIPAL = {name.lower(): find for name, find in PRINCIPAL_KEYS.items()}
KEYS_OF_PRINCIPALS = tuple(_OF_PRINCIPAL)
