"""What would have to be added so that a denied request were allowed: the smallest statements, and where each belongs. Pure.

Each is tried on the engine itself before it is named; where an explicit deny decides, or a kind of policy that is not there to be had,
nothing helps.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from atoll.auth.policy.document import CURRENT
from atoll.auth.policy.evaluate import NO_POLICIES, Decision, PolicySet, PolicyType, evaluate
from atoll.auth.policy.judgement import Judgement
from atoll.auth.policy.parse import Kind, Policy, parse
from atoll.auth.policy.patterns import general, literal
from atoll.kernel.context import Principal

MOST_PLACES = 5
WITH_POLICIES = {"role": "role", "user": "user", "federated": "user"}
"""Kinds of principals that have policies of their own, and whose those are."""


class Change(msgspec.Struct, frozen=True):
    """A statement to add. `where` is the type of policy, `of` whose one."""

    where: PolicyType
    of: str
    statement: dict[str, Any]


class Remedy(msgspec.Struct, frozen=True):
    """All `changes` together allow the request. Without any, `hopeless` says why nothing would."""

    changes: list[Change] = []
    hopeless: str = ""


def remedy(judged: Judgement) -> Remedy:
    """What would allow a denied request. Nothing to add where it is allowed."""
    question, owner = judged.question, judged.owner
    policies, resource_policy, changes = judged.policies, judged.resource_policy, list[Change]()
    for _ in range(MOST_PLACES):
        decision = evaluate(question, policies, resource_policy, resource_account=owner)
        if decision.allowed:
            return Remedy(changes)
        where = decision.by
        if any(change.where == where for change in changes):
            return Remedy(hopeless="No statement that is added would allow it.")
        if reason := _hopeless(judged, decision):
            return Remedy(hopeless=reason)
        change = Change(where, whose(judged, where), smallest(judged, where))
        changes.append(change)
        if where in ("resource-based policy", "role trust policy"):
            kind: Kind = "trust" if where == "role trust policy" else "resource"
            resource_policy = extended(resource_policy, change.statement, kind)
        else:
            policies = _with(policies, change)
    return Remedy(hopeless="No statement that is added would allow it.")


def _hopeless(judged: Judgement, decision: Decision) -> str:
    """Why nothing helps, "" where something may."""
    if decision.explicit:
        called = f" {decision.policy}" if decision.policy else ""
        return (
            f"The {decision.by}{called} denies it explicitly: no Allow helps. Change the statement that denies, so that it does not cover "
            "this request."
        )
    if judged.action == "iam:PassRole" and judged.owner != judged.principal.account:
        return (
            f"{judged.resource} is a role of account {judged.owner}: services are given roles of the own account only."
        )
    if decision.by == "resource-based policy" and judged.action.startswith("sts:AssumeRole"):
        return f"There is no role {judged.resource}: every role has a trust policy."
    if decision.by == "resource-based policy" and not judged.attachable:
        return (
            f"{judged.resource} belongs to account {judged.owner} and cannot have a policy that lets others in: call as a principal of "
            "that account, for instance as a role that may be assumed."
            if judged.principal.kind in (*WITH_POLICIES, "root")
            else f"{judged.resource} cannot have a policy that lets {judged.principal.arn} in: call as a role."
        )
    gone = judged.policies is NO_POLICIES and judged.principal.kind in WITH_POLICIES
    if gone and decision.by == "identity-based policy":
        who = judged.principal.role_arn or judged.principal.arn
        return f"{who} is gone: its credentials may do nothing any more."
    return ""


def smallest(judged: Judgement, where: PolicyType) -> dict[str, Any]:
    """The statement that allows this action on this resource, to this principal where the policy is the resource's, and no more."""
    statement: dict[str, Any] = {"Effect": "Allow"}
    of_resource = where in ("resource-based policy", "role trust policy")
    if of_resource:
        statement["Principal"] = named(judged.principal)
    statement["Action"] = judged.action
    if where != "role trust policy":
        statement["Resource"] = general(judged.resource)
    if of_resource and (condition := _only_for(judged)):
        statement["Condition"] = condition
    return statement


def named(principal: Principal) -> str | dict[str, str]:
    """The `Principal` element that means it: a session's role, for sessions come and go."""
    if principal.kind == "anonymous":
        return "*"
    if principal.kind == "service":
        return {"Service": principal.arn}
    if principal.kind == "identity":
        return {"Federated": principal.arn}
    return {"AWS": principal.role_arn if principal.kind == "role" else principal.arn}


def _only_for(judged: Judgement) -> dict[str, Any]:
    """The conditions without which a principal is more than who asked: of a service for which resource it acts, or for which account;
    of an identity provider for which client and whom it vouches."""
    values, principal = judged.question.values, judged.principal
    if principal.kind == "identity":
        said = {key: texts[0] for key, texts in principal.session.keys if key.endswith((":aud", ":sub"))}
        return {"StringEquals": {key: text.replace("${", "${$}{") for key, text in said.items()}} if said else {}
    if principal.kind != "service":
        return {}
    if source := values("aws:sourcearn"):
        return {"ArnLike": {"aws:SourceArn": literal(source[0])}}
    if account := values("aws:sourceaccount"):
        return {"StringEquals": {"aws:SourceAccount": account[0]}}
    return {}


def extended(policy: Policy | None, statement: dict[str, Any], kind: Kind) -> Policy:
    """The policy with one more statement."""
    added = parse(msgspec.json.encode({"Version": CURRENT, "Statement": [statement]}), kind)
    return added if policy is None else Policy(policy.kind, policy.name, policy.statements + added.statements)


def _with(policies: PolicySet, change: Change) -> PolicySet:
    added = extended(None, change.statement, "identity")
    match change.where:
        case "permissions boundary":
            boundary = extended(policies.boundary, change.statement, "identity")
            return replace(policies, boundary=boundary)
        case "session policy":
            return replace(policies, session=(*policies.session, added))
        case _:
            return replace(policies, identity=(*policies.identity, added))


def whose(judged: Judgement, where: PolicyType) -> str:
    """Whose policy one of this type is: what a person would call it."""
    principal = judged.principal
    name = (principal.role_arn or principal.arn).rpartition("/")[2]
    kind = WITH_POLICIES.get(principal.kind)
    if where == "role trust policy":
        return f"role {judged.resource.rpartition('/')[2]}"
    if where == "resource-based policy":
        return judged.resource
    if where == "session policy":
        return f"session {principal.arn.rpartition('/')[2]} (given to AssumeRole when it began)"
    if where == "permissions boundary" and judged.policies.boundary is not None:
        return f"{judged.policies.boundary.name}, the boundary of {kind} {name}"
    if kind is None and judged.policies.identity:
        return judged.policies.identity[0].name
    return f"{kind} {name}" if kind else principal.arn
