"""Where the other engine decides otherwise, and the AWS documentation by which we do.

Each explanation restates a case in words that both engines read alike. That changes nothing of our decision, and theirs becomes ours: what
no restatement reconciles is a mistake of somebody's.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

from tests.oracle.cases import HERE, ROLE, SERVICE, SESSION

Case = dict[str, Any]
NOWHERE = "nothing-is-called-so"


class Explanation(NamedTuple):
    """`says` is what AWS documents, and where."""

    says: str
    restate: Callable[[Case], None]


def restated(case: Case, explanation: Explanation) -> Case:
    """The case in other words; equal to it where the explanation is about nothing in it."""
    made = copy.deepcopy(case)
    explanation.restate(made)
    return made


def _statements(case: Case) -> Iterator[dict[str, Any]]:
    policies = [*case["identity"], case["boundary"], case["session"], case["resource_policy"]]
    for policy in policies:
        if policy:
            yield from policy["Statement"]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _without_values(case: Case) -> None:
    known = {key.lower() for key in case["context"]}

    def replace(text: str) -> str:
        return re.sub(r"\$\{([\w:/]+)\}", lambda match: match[0] if match[1].lower() in known else NOWHERE, text)

    for statement in _statements(case):
        for element in ("Resource", "NotResource"):
            if element in statement:
                statement[element] = [replace(text) for text in _listed(statement[element])]
        for keys in statement.get("Condition", {}).values():
            for key, values in keys.items():
                keys[key] = [replace(text) for text in _listed(values)]


def _not_principals(case: Case) -> None:
    """An exception must name the account and every name that the principal has; whoever has a boundary is never excepted."""
    own = {"principal": {case["principal"]}, "role": {ROLE} if case["principal"] == SESSION else set()}
    for statement in (case["resource_policy"] or {"Statement": []})["Statement"]:
        if "NotPrincipal" not in statement:
            continue
        named = set(_listed(statement.pop("NotPrincipal")["AWS"]))
        complete = named & {HERE, f"arn:aws:iam::{HERE}:root"} and own["principal"] | own["role"] <= named
        excepted = complete and case["principal"] != SERVICE and not case["boundary"]
        statement["Principal"] = "*"
        if excepted:
            statement.update(Action=f"none:{NOWHERE}")
            statement.pop("NotAction", None)


def _absent_set_keys(case: Case) -> None:
    known = {key.lower() for key in case["context"]}
    for statement in _statements(case):
        for operator, keys in list(statement.get("Condition", {}).items()):
            absent = [key for key in keys if key.lower() not in known]
            if operator.startswith("ForAnyValue:") and operator.endswith("IfExists") and absent:
                del statement["Condition"][operator]


def _granted_to_the_session(case: Case) -> None:
    """What a session policy leaves out does not matter to what is granted to the session itself, or to everyone."""
    policy = case["resource_policy"]
    if not case["session"] or not policy or case["account"] != HERE:
        return
    named = [name for one in policy["Statement"] for name in _names(one.get("Principal", {}))]
    if SESSION in named or "*" in named:
        case["session"]["Statement"].append({"Effect": "Allow", "Action": "*", "Resource": "*"})


def _names(element: Any) -> list[str]:
    return ["*"] if element == "*" else _listed(element.get("AWS", []))


def _other_addresses(case: Case) -> None:
    """An address is outside every network of the other family."""
    source = case["context"].get("aws:SourceIp")
    for statement in _statements(case):
        for operator in ("NotIpAddress", "NotIpAddressIfExists"):
            keys = statement.get("Condition", {}).get(operator, {})
            if source and "aws:SourceIp" in keys:
                version = ip_address(source).version
                kept = [value for value in _listed(keys["aws:SourceIp"]) if ip_network(value).version == version]
                keys["aws:SourceIp"] = kept or ["203.0.113.7" if version == 4 else "2001:db8:ffff::7"]


EXPLANATIONS = {
    "variables without a value": Explanation(
        'IAM User Guide, "Policy variables with no value": a Resource or NotResource with one matches no resource, so that NotResource is '
        "about all; inverted operators match against a null value",
        _without_values,
    ),
    "NotPrincipal": Explanation(
        'IAM User Guide, "NotPrincipal": the account, the role and the session must all be listed to be excepted, a principal with a '
        "boundary never is, and services are principals, too",
        _not_principals,
    ),
    "ForAnyValue with IfExists": Explanation(
        'IAM User Guide, "...IfExists condition operators": where the key is not present the condition element is true',
        _absent_set_keys,
    ),
    "granted to the session": Explanation(
        'IAM User Guide, "Policies and permissions", Session policies: what a resource-based policy gives to the session is not limited by '
        'the session policy; "Policy evaluation for requests within a single account", IAM role: nor is what a wildcard gives',
        _granted_to_the_session,
    ),
    "addresses of the other family": Explanation(
        'IAM User Guide, "IP address condition operators": NotIpAddress is true of all addresses except the specified ones',
        _other_addresses,
    ),
}  # fmt: skip
