"""A judgement in words: every policy that was looked at, what each statement has to do with the request, and what would allow it. Pure.

It is worked out when somebody asks, from the policies as they were. `tests/unit/auth/test_explain.py` holds it against the engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from atoll.auth.policy.evaluate import Decision, PolicyType
from atoll.auth.policy.judgement import Judgement
from atoll.auth.policy.parse import Policy, Statement
from atoll.auth.policy.principals import Reach
from atoll.auth.policy.remedy import Remedy, remedy
from atoll.kernel.context import Principal


class Mismatch(msgspec.Struct, frozen=True, omit_defaults=True):
    """An element of a statement that the request does not meet. `operator` and `key` are a condition's; `had` None means no value."""

    element: str
    wants: Any
    had: Any
    operator: str = ""
    key: str = ""


class Considered(msgspec.Struct, frozen=True):
    """A statement and the request. `failed` is empty where it covers the request; `near` where only one thing keeps it from that."""

    sid: str
    number: int
    """Its place in the policy, from 1."""
    effect: str
    quoted: dict[str, Any]
    failed: list[Mismatch]
    near: bool
    decided: bool


class LookedAt(msgspec.Struct, frozen=True):
    """A policy. `name` is an ARN or a name, or whose it is where it has none; `form` says how it belongs to the principal."""

    type: PolicyType
    name: str
    form: str
    statements: list[Considered]


class Explanation(msgspec.Struct, frozen=True):
    """See the module. `decision` is the engine's, as a sentence; `absent` names the types of policy of which there was none."""

    action: str
    resource: str
    allowed: bool
    explicit: bool
    decision: str
    by: PolicyType
    principal: dict[str, str]
    context: Mapping[str, Sequence[str]]
    policies: list[LookedAt]
    absent: list[str]
    remedy: Remedy


def explain(judged: Judgement) -> Explanation:
    """All there is to say of it."""
    decision = judged.decision
    policies = [_looked_at(judged, *found) for found in _policies(judged)]
    return Explanation(
        action=judged.action,
        resource=judged.resource,
        allowed=decision.allowed,
        explicit=decision.explicit,
        decision=_sentence(decision, policies),
        by=decision.by,
        principal=_described(judged.principal),
        context={**judged.context},
        policies=policies,
        absent=_absent(judged),
        remedy=Remedy() if decision.allowed else remedy(judged),
    )


def _sentence(decision: Decision, policies: Sequence[LookedAt]) -> str:
    """The decision, its statement named as a reader finds it."""
    for policy in policies:
        for one in policy.statements:
            if one.decided:
                sid = f" ({one.sid})" if one.sid else ""
                verb = "allowed" if decision.allowed else "denied explicitly"
                return f"{verb} by {policy.type} {policy.name}, statement {one.number}{sid}"
    return str(decision)


def _described(principal: Principal) -> dict[str, str]:
    """Who asked, and how that is known. What has no value is left out."""
    of_role = bool(principal.role_arn)
    found = {
        "arn": principal.arn,
        "kind": principal.kind,
        "account": principal.account,
        "role": principal.role_arn,
        "session": principal.arn.rpartition("/")[2] if of_role else "",
        "authenticated": _how(principal),
        "function": principal.source_function,
        "source_arn": principal.source_arn,
        "source_account": principal.source_account,
    }
    return {name: value for name, value in found.items() if value}


def _how(principal: Principal) -> str:
    match principal.kind:
        case "anonymous":
            return "nobody signed the request"
        case "service":
            return "a service of the region itself"
    if not principal.access_key:
        return "inside the region, by a service that acts as it"
    key = principal.access_key
    if principal.kind == "root":
        return f"as root, by the access key {key}"
    return f"by the signature of the access key {key}"


def _policies(judged: Judgement) -> Iterator[tuple[PolicyType, str, Policy]]:
    """Every policy that the engine looks at, with its type and form."""
    policies = judged.policies
    for policy in policies.identity:
        form = "managed" if policy.name.startswith("arn:") else "inline"
        yield "identity-based policy", f"{form}, of group {policy.group}" if policy.group else form, policy
    if policies.boundary is not None:
        yield "permissions boundary", "managed", policies.boundary
    for policy in policies.session:
        yield "session policy", "session", policy
    if judged.resource_policy is not None:
        trust = judged.resource_policy.kind == "trust"
        kind: PolicyType = "role trust policy" if trust else "resource-based policy"
        yield kind, "trust" if trust else "resource", judged.resource_policy


def _absent(judged: Judgement) -> list[str]:
    """The types of policy that could have decided and of which there is none."""
    found = []
    if not judged.policies.identity and judged.principal.kind in ("user", "role"):
        found.append("identity-based policy")
    if judged.resource_policy is None and judged.attachable:
        found.append("resource-based policy")
    return found


def _looked_at(judged: Judgement, kind: PolicyType, form: str, policy: Policy) -> LookedAt:
    considered = [
        _considered(judged, kind, policy, number, *pair)
        for number, pair in enumerate(zip(policy.statements, policy.sources(), strict=True), 1)
    ]
    decided = next((at for at, one in enumerate(considered) if one.decided), -1)
    statements = [
        one if at <= decided or not one.decided else msgspec.structs.replace(one, decided=False)
        for at, one in enumerate(considered)
    ]
    return LookedAt(kind, policy.name or _unnamed(judged, kind), form, statements)


def _unnamed(judged: Judgement, kind: PolicyType) -> str:
    if kind == "session policy":
        return judged.principal.arn.rpartition("/")[2]
    return judged.resource


def _considered(
    judged: Judgement, kind: PolicyType, policy: Policy, number: int, statement: Statement, source: dict[str, Any]
) -> Considered:
    failed = list(_failures(judged, statement, source))
    return Considered(
        sid=statement.sid if source.get("Sid") else "",
        number=number,
        effect="Allow" if statement.allow else "Deny",
        quoted=source,
        failed=failed,
        near=len(failed) == 1 and _relevant(judged, failed[0]),
        decided=not failed and _decides(judged.decision, kind, policy, statement),
    )


def _decides(decision: Decision, kind: PolicyType, policy: Policy, statement: Statement) -> bool:
    if not (decision.allowed or decision.explicit) or decision.allowed is not statement.allow:
        return False
    return (decision.by, decision.policy, decision.statement) == (kind, policy.name, statement.sid)


def _relevant(judged: Judgement, failed: Mismatch) -> bool:
    """A statement about another service's actions is not near, though only its actions differ."""
    if failed.element not in ("Action", "NotAction"):
        return True
    service = judged.action.partition(":")[0].lower() + ":"
    wanted = [failed.wants] if isinstance(failed.wants, str) else failed.wants or []
    return any(action.lower().startswith(service) for action in wanted)


def _failures(judged: Judgement, statement: Statement, source: Mapping[str, Any]) -> Iterator[Mismatch]:
    """Every element that keeps the statement from covering the request."""
    question = judged.question
    if statement.principals is not None and not _means(judged, statement):
        name = "NotPrincipal" if statement.not_principal else "Principal"
        yield Mismatch(name, source.get(name), judged.principal.role_arn or judged.principal.arn)
    if not statement.actions.match(question.action.lower()):
        name = "NotAction" if statement.actions.negated else "Action"
        yield Mismatch(name, source.get(name), question.action)
    if not statement.resources.match(question.resource, question.values):
        name = "NotResource" if statement.resources.negated else "Resource"
        yield Mismatch(name, source.get(name), question.resource)
    written = [
        (operator, key, wants) for operator, keys in source.get("Condition", {}).items() for key, wants in keys.items()
    ]
    for number, condition in enumerate(statement.conditions):
        if condition.holds(question.values):
            continue
        operator, key, wants = written[number] if number < len(written) else ("", condition.key, None)
        had = question.values(condition.key)
        yield Mismatch("Condition", wants, None if had is None else list(had), operator, key)


def _means(judged: Judgement, statement: Statement) -> bool:
    """Whether a statement of a resource's policy is about the principal."""
    assert statement.principals is not None
    if statement.not_principal:
        return judged.policies.boundary is not None or not statement.principals.excepts(judged.principal)
    return statement.principals.reach(judged.principal) is not Reach.NONE
