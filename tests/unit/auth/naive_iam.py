"""IAM's rules once more, slowly and as the documentation puts them, to hold the engine against. No tests live here.

Documents are plain JSON values; nothing is compiled, indexed or remembered. Each function names the page that it follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any

Context = dict[str, list[str]]
NOT_SET = None


@dataclass
class Request:
    """Who asks for what. `names` are the principal's: itself first, then its role's, if it has one."""

    account: str
    names: list[str]
    action: str
    resource: str
    owner: str
    context: Context
    identity: list[Any] = field(default_factory=list)
    boundary: Any = None
    session: Any = None
    resource_policy: Any = None


def decide(request: Request) -> str:
    """ "Policy evaluation logic": "allow", or "explicit" or "implicit" deny."""
    own = [
        *request.identity,
        *([request.boundary] if request.boundary else []),
        *([request.session] if request.session else []),
    ]
    if any(says(policy, "Deny", request) for policy in own):
        return "explicit"
    if request.resource_policy and any(
        applies(statement, request) and means(statement, request)
        for statement in statements(request.resource_policy, "Deny")
    ):
        return "explicit"
    by_identity = any(says(policy, "Allow", request) for policy in request.identity)
    in_boundary = request.boundary is None or says(request.boundary, "Allow", request)
    in_session = request.session is None or says(request.session, "Allow", request)
    directly, by_role, by_account = granted(request)
    if request.account != request.owner:  # "Cross-account policy evaluation logic"
        allowed = by_identity and in_boundary and in_session and (directly or by_role or by_account)
    else:
        allowed = directly or ((by_role or by_identity) and in_boundary and in_session)
    return "allow" if allowed else "implicit"


def granted(request: Request) -> tuple[bool, bool, bool]:
    """Whether the resource's policy allows the principal by its own name (or everyone), by its role's, or by its account's."""
    found = [
        principals(statement["Principal"])
        for statement in statements(request.resource_policy, "Allow")
        if applies(statement, request)
    ]
    directly = any(request.names[0] in named or "*" in named for named in found)
    by_role = any(name in named for named in found for name in request.names[1:])
    return directly, by_role, any(account(request) & set(named) for named in found)


def means(statement: Any, request: Request) -> bool:
    """ "Principal", and "NotPrincipal" (which spares nobody who has a boundary) of a statement that denies."""
    if "Principal" in statement:
        named = principals(statement["Principal"])
        return "*" in named or bool({*request.names, *account(request)} & set(named))
    named = principals(statement["NotPrincipal"])
    spared = "*" in named or (account(request) & set(named) and set(request.names) <= set(named))
    return request.boundary is not None or not spared


def account(request: Request) -> set[str]:
    return {request.account, f"arn:aws:iam::{request.account}:root"}


def principals(element: Any) -> list[str]:
    return [element] if isinstance(element, str) else many(element["AWS"])


def says(policy: Any, effect: str, request: Request) -> bool:
    return any(applies(statement, request) for statement in statements(policy, effect))


def statements(policy: Any, effect: str) -> list[Any]:
    return [statement for statement in policy["Statement"] if statement["Effect"] == effect] if policy else []


def applies(statement: Any, request: Request) -> bool:
    """Whether action, resource and conditions of a statement fit."""
    actions = many(statement.get("Action") or statement["NotAction"])
    fits = any(like(action.lower(), request.action.lower()) for action in actions)
    if fits is ("NotAction" in statement):
        return False
    resources = many(statement.get("Resource") or statement["NotResource"])
    fits = any(
        (pattern := substituted(resource, request.context)) is not NOT_SET and like(pattern, request.resource)
        for resource in resources
    )
    if fits is ("NotResource" in statement):
        return False
    return all(
        holds(operator, request.context.get(key.lower()), many(values), request.context)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def holds(operator: str, given: Sequence[str] | None, wanted: list[str], context: Context) -> bool:
    """ "Condition operators" and "Set operators for multivalued context keys"."""
    qualifier, colon, base = operator.partition(":")
    if not colon:
        qualifier, base = "", operator
    optional, base = base.endswith("IfExists"), base.removesuffix("IfExists")
    if base == "Null":
        return str(not any(given or [])).lower() in wanted
    if qualifier:
        given = [value for value in given or [] if value != ""]
    negated = "Not" in base
    if not given:
        return optional or qualifier == "ForAllValues" or (negated and not qualifier)
    fits = [
        any(compare(base.replace("Not", ""), value, text, context) for text in wanted) is not negated for value in given
    ]
    return all(fits) if qualifier == "ForAllValues" or (negated and not qualifier) else any(fits)


def compare(operator: str, given: str, wanted: str, context: Context) -> bool:
    """One value of the request with one of the policy."""
    if operator.startswith("Numeric"):
        a, b = float(given), float(wanted)
        return {"Equals": a == b, "LessThan": a < b, "GreaterThanEquals": a >= b}[operator[7:]]
    if operator == "IpAddress":
        return ip_address(given) in ip_network(wanted)
    pattern = substituted(wanted, context, wildcards=operator in ("StringLike", "ArnLike"))
    if pattern is NOT_SET:
        return False
    if operator in ("StringEqualsIgnoreCase", "Bool"):
        return like([part.lower() for part in pattern], given.lower())
    if operator == "ArnLike":
        parts: list[list[str]] = [[]]
        for one in pattern:
            if one == "\\:" and len(parts) < 6:
                parts.append([])
            else:
                parts[-1].append(one)
        return len(given.split(":", 5)) == 6 and all(map(like, parts, given.split(":", 5)))
    return like(pattern, given)


def substituted(text: str, context: Context, *, wildcards: bool = True) -> list[str] | None:
    """ "Variables and tags": the characters of a pattern, those that stand for themselves marked by a backslash. None where a variable
    has no value."""
    out: list[str] = []
    while text:
        if text.startswith("${") and "}" in text:
            name, _, text = text[2:].partition("}")
            name, comma, default = name.partition(", ")
            values = context.get(name.lower())
            if name in ("*", "?", "$"):
                out += ["\\" + name]
            elif values is not None and len(values) == 1:
                out += ["\\" + character for character in values[0]]
            elif comma and not values:
                out += ["\\" + character for character in default.strip("'")]
            else:
                return NOT_SET
        else:
            out.append(text[0] if wildcards and text[0] in "*?" else "\\" + text[0])
            text = text[1:]
    return out


def like(pattern: str | list[str], text: str) -> bool:
    """Wildcards, by definition: `*` is nothing, or one character and `*` again."""
    marked = [one if one in ("*", "?") else "\\" + one for one in pattern] if isinstance(pattern, str) else pattern

    @cache
    def fits(at: int, position: int) -> bool:
        if at == len(marked):
            return position == len(text)
        if marked[at] == "*":
            return fits(at + 1, position) or (position < len(text) and fits(at, position + 1))
        return position < len(text) and marked[at] in ("?", "\\" + text[position]) and fits(at + 1, position + 1)

    return fits(0, 0)


def many(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
