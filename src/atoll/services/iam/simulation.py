"""What SimulateCustomPolicy and SimulatePrincipalPolicy compute: the decisions of the same engine that decides real requests.

Where AWS's own simulator knows less than its engine we follow the engine: a role's trust policy given as the ResourcePolicy of
`sts:AssumeRole` counts (AWS's simulator reads and forgets it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from atoll.auth.policy.evaluate import PolicySet, Question, evaluate
from atoll.auth.policy.parse import Policy, Statement
from atoll.auth.policy.positions import Span
from atoll.auth.policy.principals import Reach
from atoll.kernel.context import Principal
from atoll.services.iam.sources import Source

Verdict = Literal["allowed", "explicitDeny", "implicitDeny"]
IDENTITY, RESOURCE, BOUNDARY = "IAM Policy", "Resource Policy", "Permissions Boundary Policy"
_WORST: tuple[Verdict, ...] = ("explicitDeny", "implicitDeny", "allowed")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A source, what it says, and where its statements stand."""

    source: Source
    policy: Policy
    spans: Mapping[int, Span]
    """By the statements' identities: two may be equal."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """All that a simulation is given. `keys` are the condition keys that its policies ask about, as written, by lower-case name;
    `owner` is the account of resources whose ARNs name none."""

    identity: Sequence[Compiled]
    boundary: Compiled | None
    resource: Compiled | None
    principal: Principal
    owner: str
    context: Mapping[str, Sequence[str]]
    keys: Mapping[str, str]
    policies: PolicySet = field(init=False)

    def __post_init__(self) -> None:
        boundary = self.boundary.policy if self.boundary else None
        own = PolicySet(tuple(one.policy for one in self.identity), boundary)
        object.__setattr__(self, "policies", own)

    def result(self, action: str, resources: Sequence[str]) -> dict[str, Any]:
        """The EvaluationResult of one action on these resources, () for all. docs: API_EvaluationResult."""
        found = [self._on(action, resource) for resource in resources or ("*",)]
        decision = min((one["EvalResourceDecision"] for one in found), key=_WORST.index)
        matched = [
            one for each in found if each["EvalResourceDecision"] == decision for one in each["MatchedStatements"]
        ]
        result = {
            "EvalActionName": action,
            "EvalResourceName": resources[0] if len(resources) == 1 else "*",
            "EvalDecision": decision,
            "MatchedStatements": _without_repeats(matched) if decision != "implicitDeny" else [],
            "MissingContextValues": [] if resources else self._missing(action, "*"),
        }
        if self.boundary:
            allowed = all(one["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"] for one in found)
            result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": allowed}
        if resources:
            details = [one.get("EvalDecisionDetails", {}) for one in found]
            result["EvalDecisionDetails"] = {
                kind: min((each[kind] for each in details if kind in each), key=_WORST.index)
                for kind in (IDENTITY, RESOURCE, BOUNDARY)
                if any(kind in each for each in details)
            }
            result["ResourceSpecificResults"] = found
        return result

    def _on(self, action: str, resource: str) -> dict[str, Any]:
        """A ResourceSpecificResult. docs: API_ResourceSpecificResult."""
        question = Question(self.principal, action, resource, self.context)
        account = self._account_of(resource)
        trusted = self.resource.policy if self.resource else None
        decision = evaluate(question, self.policies, trusted, resource_account=account)
        verdict: Verdict = "allowed" if decision.allowed else "explicitDeny" if decision.explicit else "implicitDeny"
        verdicts = self._verdicts(question)
        shown: dict[str, Any] = {
            "EvalResourceName": resource,
            "EvalResourceDecision": verdict,
            "MatchedStatements": self._matched(question),
            "MissingContextValues": self._missing(action, resource),
        }
        if self.resource and account != self.principal.account:
            shown["EvalDecisionDetails"] = verdicts
        if self.boundary:
            allowed = verdicts[BOUNDARY] == "allowed"
            shown["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": allowed}
        return shown

    def _account_of(self, resource: str) -> str:
        """Without a resource policy only the caller's own policies are simulated, whoever owns the resource."""
        if self.resource is None:
            return self.principal.account
        parts = resource.split(":", 5)
        return parts[4] if len(parts) == 6 and parts[4].isdecimal() else self.owner

    def _missing(self, action: str, resource: str) -> list[str]:
        """The keys that any of the policies asks about and nobody gave, whichever action it is for, as on AWS."""
        question = Question(self.principal, action, resource, self.context)
        return [written for key, written in self.keys.items() if not question.values(key)]

    def _verdicts(self, question: Question) -> dict[str, Verdict]:
        """What each type of policy says by itself."""
        verdicts: dict[str, Verdict] = {IDENTITY: _verdict(self._covering(question, self.identity))}
        if self.resource:
            verdicts[RESOURCE] = _verdict(self._covering(question, [self.resource]))
        if self.boundary:
            verdicts[BOUNDARY] = _verdict(self._covering(question, [self.boundary]))
        return verdicts

    def _matched(self, question: Question) -> list[dict[str, Any]]:
        """The statements that count: of each type of policy those that deny, else those that allow; of a boundary only the former."""
        kinds = ((RESOURCE, [self.resource] if self.resource else []), (IDENTITY, self.identity))
        found = [
            _shown(kind, one, statement)
            for kind, compiled in kinds
            for one, statement in _decisive(self._covering(question, compiled))
        ]
        limits = self._covering(question, [self.boundary] if self.boundary else [])
        return found + [_shown(BOUNDARY, one, statement) for one, statement in limits if not statement.allow]

    def _covering(self, question: Question, compiled: Sequence[Compiled]) -> list[tuple[Compiled, Statement]]:
        action = question.action.lower()
        return [
            (one, statement)
            for one in compiled
            for statement in (*one.policy.about(action).denies, *one.policy.about(action).allows)
            if self._means(statement) and statement.covers(question.resource, question.values)
        ]

    def _means(self, statement: Statement) -> bool:
        """Whether a statement is about the caller: those of identity policies always are."""
        if statement.principals is None:
            return True
        if statement.not_principal:
            return self.boundary is not None or not statement.principals.excepts(self.principal)
        return statement.principals.reach(self.principal) is not Reach.NONE


def _decisive(found: Sequence[tuple[Compiled, Statement]]) -> list[tuple[Compiled, Statement]]:
    denies = [each for each in found if not each[1].allow]
    return denies or list(found)


def _verdict(found: Sequence[tuple[Compiled, Statement]]) -> Verdict:
    if any(not statement.allow for _, statement in found):
        return "explicitDeny"
    return "allowed" if found else "implicitDeny"


def _shown(kind: str, compiled: Compiled, statement: Statement) -> dict[str, Any]:
    """docs: API_Statement."""
    start, end = compiled.spans[id(statement)]
    return {
        "SourcePolicyId": compiled.source.id,
        "SourcePolicyType": kind,
        "StartPosition": {"Line": start.line, "Column": start.column},
        "EndPosition": {"Line": end.line, "Column": end.column},
    }


def _without_repeats(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({(one["SourcePolicyId"], *one["StartPosition"].values()): one for one in found}.values())
