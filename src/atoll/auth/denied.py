"""The sentence with which AWS denies access. Docs: IAM User Guide, "Troubleshoot access denied error messages"."""

from __future__ import annotations

from atoll.auth.policy.evaluate import NO_RESOURCE_POLICY, Decision, Question
from atoll.auth.policy.judgement import owner_of

_NAMED = {"role": "role", "user": "user", "group": "group", "instance-profile": "instance profile"}

FOREIGN_ROLE = "Cross-account pass role is not allowed."
_MAKING = frozenset({"CreateRole", "CreateUser", "CreateGroup", "CreateInstanceProfile", "CreateServiceLinkedRole"})


def sentence(question: Question, decision: Decision) -> str:
    """What an AccessDenied error says of a `decision` that is not allowed."""
    if question.principal.kind == "identity":
        return f"Not authorized to perform {question.action}"
    if _passes_foreign_role(question):
        return FOREIGN_ROLE
    who = f"User: {question.principal.arn} is not authorized to perform: {question.action}"
    who = f"{who} on resource: {_resource(question)}"
    if question.action.startswith("sts:") and decision == NO_RESOURCE_POLICY:
        return who  # of another account's role AWS does not tell whether it exists
    return f"{who} {_reason(question.action, decision)}"


def _passes_foreign_role(question: Question) -> bool:
    """Whether a service is given another account's role: nobody may, whatever policies say."""
    own = question.principal.account
    return question.action == "iam:PassRole" and owner_of(question.resource, own) != own


def _reason(action: str, decision: Decision) -> str:
    if not decision.explicit:
        return f"because no {decision.by} allows the {action} action"
    if decision.by == "role trust policy":
        return "with an explicit deny in the role trust policy"
    article = "an" if decision.by[0] in "aeiou" else "a"
    managed = f": {decision.policy}" if decision.policy.startswith("arn:") else ""
    return f"with an explicit deny in {article} {decision.by}{managed}"


def _resource(question: Question) -> str:
    """The resource as AWS names it: by ARN, but IAM names what exists by type and name, save where it is tagged."""
    service, _, operation = question.action.partition(":")
    if service != "iam" or operation == "PassRole":
        return question.resource
    kind, slash, path = question.resource.rpartition(":")[2].partition("/")
    if kind == "policy" and slash:
        name = path.rpartition("/")[2] if operation == "CreatePolicy" else question.resource
        return f"policy {name}"
    name = path.rpartition("/")[2]
    if kind in _NAMED and name and operation not in _MAKING and not operation.startswith("Tag"):
        return f"{_NAMED[kind]} {name}"
    return question.resource
