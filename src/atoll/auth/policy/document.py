"""The policy document as written: its JSON shape, and what IAM refuses in it, in IAM's order and words.

Meaning is given to it in `parse.py`. The texts are those of IAM's MalformedPolicyDocument (CreatePolicy, PutRolePolicy, CreateRole).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from atoll.auth.policy.conditions import is_operator

Kind = Literal["identity", "trust", "resource"]
"""Identity policies also serve as boundaries and session policies; trust policies are those of roles."""

Many = str | list[str]
Scalar = str | bool | int | float

SYNTAX = "Syntax errors in policy."
NO_JSON = "This policy contains invalid Json"
"""So CreateRole and UpdateAssumeRolePolicy; CreatePolicy and its like call this a syntax error, too."""
LEGACY = "The policy failed legacy parsing"
CURRENT = "2012-10-17"
_VERSIONS = (CURRENT, "2008-10-17")
_PARTITIONS = frozenset({"aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"})
_IAM_PATHS = (
    "user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/", "policy/",
    "sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/",
)  # fmt: skip
_TRUST_ACTIONS = frozenset(
    f"sts:{action}"
    for action in ("assumerole", "assumerolewithsaml", "assumerolewithwebidentity", "tagsession", "setsourceidentity", "setcontext")
)  # fmt: skip
_VENDOR = re.compile(r"[A-Za-z0-9.-]+|\*", re.ASCII)
_SID = re.compile(r"[0-9A-Za-z]*", re.ASCII)
_AWS_PRINCIPAL = re.compile(r"\*|\d{12}|arn:[a-z-]+:(iam|sts)::(\d{12}|cloudfront):.+", re.ASCII)
_UNIQUE_ID = re.compile(r"A(?:ID|RO)A[A-Z0-9]{16,}", re.ASCII)
"""Whom IAM shows so was deleted: trust policies that name one stay valid, and mean nobody."""
_FEDERATED = re.compile(r"\*|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|arn:[a-z-]+:iam::\d{12}:(oidc|saml)-provider/.+", re.ASCII)
_SERVICE_PRINCIPAL = re.compile(r"[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal)", re.ASCII)


class PolicySyntaxError(ValueError):
    """The document is not one that IAM takes. `message` is IAM's."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class StatementDocument(msgspec.Struct, rename="pascal", forbid_unknown_fields=True, frozen=True):
    """A statement, under IAM's own names."""

    effect: str
    sid: str = ""
    principal: str | dict[str, Many] | UnsetType = UNSET
    not_principal: str | dict[str, Many] | UnsetType = UNSET
    action: Many | UnsetType = UNSET
    not_action: Many | UnsetType = UNSET
    resource: Many | UnsetType = UNSET
    not_resource: Many | UnsetType = UNSET
    condition: dict[str, dict[str, Scalar | list[Scalar]]] = {}


class Document(msgspec.Struct, rename="pascal", forbid_unknown_fields=True, frozen=True):
    """A policy document. Without a version it is of 2008, which has no policy variables."""

    statement: StatementDocument | list[StatementDocument]
    version: str = ""
    id: str = ""

    @property
    def statements(self) -> list[StatementDocument]:
        """The statements, of which one may stand without a list."""
        return self.statement if isinstance(self.statement, list) else [self.statement]


_DECODER = msgspec.json.Decoder(Document)


def read(text: str | bytes, kind: Kind = "identity") -> Document:
    """The document in `text`. Raises PolicySyntaxError where its shape is wrong; the kind tells only what is said of no JSON at all."""
    try:
        document = _DECODER.decode(text)
        json.loads(text, object_pairs_hook=_once)
    except (msgspec.ValidationError, PolicySyntaxError):
        raise PolicySyntaxError(SYNTAX) from None
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise PolicySyntaxError(NO_JSON if kind == "trust" else SYNTAX) from None
    if not document.statements or (document.version and document.version not in _VERSIONS):
        raise PolicySyntaxError(SYNTAX)
    for statement in document.statements:
        if not _well_formed(statement):
            raise PolicySyntaxError(SYNTAX)
    return document


def _once(members: list[tuple[str, Any]]) -> None:
    """docs: "Grammar of the IAM JSON policy language": no key stands twice in one object, of which the decoder would forget one."""
    if len({name for name, _ in members}) < len(members):
        raise PolicySyntaxError(SYNTAX)


def many(value: Many | UnsetType) -> list[str]:
    """The strings of a member that may hold one, a list, or be absent."""
    if isinstance(value, UnsetType):
        return []
    return [value] if isinstance(value, str) else value


def check_effects(document: Document) -> None:
    """Effects are written `Allow` and `Deny`."""
    if any(statement.effect not in ("Allow", "Deny") for statement in document.statements):
        raise PolicySyntaxError(LEGACY)


def check_identity(document: Document) -> None:
    """What IAM asks of managed and inline policies, boundaries and session policies. Conditions have been read before."""
    statements = document.statements
    if any(s.principal is not UNSET or s.not_principal is not UNSET for s in statements):
        raise PolicySyntaxError("Policy document should not specify a principal.")
    problems = [resource_problem(many(s.resource) + many(s.not_resource)) for s in statements]
    if LEGACY in problems:
        raise PolicySyntaxError(LEGACY)
    _check_sids(statements)
    _check_actions_exist(statements)
    _check_resources_exist(statements)
    for problem in problems:
        if problem is not None:
            raise PolicySyntaxError(problem)
    _check_vendors(statements)


def check_version(document: Document) -> None:
    """Identity policies must be of the current version."""
    if document.version != CURRENT:
        raise PolicySyntaxError("Policy document must be version 2012-10-17 or greater.")


def check_resource(document: Document) -> None:
    """What every service asks of the policies on its resources."""
    statements = document.statements
    _check_sids(statements)
    _check_principals_exist(statements)
    _check_actions_exist(statements)
    _check_resources_exist(statements)
    _check_vendors(statements)
    _check_principals(statements)


def check_trust(document: Document) -> None:
    """What IAM asks of the policies that say who may assume a role."""
    statements = document.statements
    if any(s.not_principal is not UNSET for s in statements):
        raise PolicySyntaxError("AssumeRole policy must not contain NotPrincipal field.")
    _check_principals_exist(statements)
    if any(not many(s.action) and not many(s.not_action) for s in statements):
        raise PolicySyntaxError("Missing required field Action")
    if any(s.resource is not UNSET for s in statements):
        raise PolicySyntaxError("Has prohibited field Resource")
    if any(s.not_resource is not UNSET for s in statements):
        raise PolicySyntaxError("AssumeRole policy must not contain resources.")
    _check_sids(statements)
    _check_vendors(statements)
    if any(action.lower() not in _TRUST_ACTIONS for s in statements for action in many(s.action) + many(s.not_action)):
        raise PolicySyntaxError("AssumeRole policy may only specify STS AssumeRole actions.")
    _check_principals(statements, ids=True)
    if not all(_FEDERATED.fullmatch(value) for s in statements for value in _principals_of(s, "Federated")):
        raise PolicySyntaxError("Federated principals must be valid domain names or SAML metadata ARNs")


def _well_formed(statement: StatementDocument) -> bool:
    exclusive = (
        (statement.action, statement.not_action),
        (statement.resource, statement.not_resource),
        (statement.principal, statement.not_principal),
    )
    if statement.effect.lower() not in ("allow", "deny"):
        return False
    if any(one is not UNSET and other is not UNSET for one, other in exclusive):
        return False
    for principal in (statement.principal, statement.not_principal):
        if isinstance(principal, str) and principal != "*":
            return False
        if isinstance(principal, dict) and not principal.keys() <= {"AWS", "Service", "Federated", "CanonicalUser"}:
            return False
    return all(is_operator(operator) for operator, keys in statement.condition.items() if keys)


def resource_problem(resources: Iterable[str]) -> str | None:
    """The first thing wrong with these resources, or None."""
    return next((problem for resource in resources if (problem := _problem(resource)) is not None), None)


def _problem(resource: str) -> str | None:
    if resource == "*":
        return None
    parts = resource.split(":", 5)
    if len(parts) == 1:
        return f'Resource {resource} must be in ARN format or "*".'
    if parts[0] == "arn" and len(parts) > 2 and (not parts[2] or (len(parts) < 6 and "" in parts)):
        return LEGACY
    if parts[1] not in _PARTITIONS and parts[1] != "*":
        completed = ":".join(["arn", *parts[1:], *["*"] * (6 - len(parts))])
        return f'Partition "{parts[1]}" is not valid for resource "{completed}".'
    if len(parts) == 2:
        return "Resource vendor must be fully qualified and cannot contain regexes."
    return _service_problem(resource, parts)


def _service_problem(resource: str, parts: Sequence[str]) -> str | None:
    service, region = parts[2], parts[3] if len(parts) > 3 else ""
    if service == "s3" and region not in ("", "*"):
        return f"Resource {resource} can not contain region information."
    if service == "iam" and region not in ("", "*"):
        return f"IAM resource {resource} cannot contain region information."
    if service == "iam" and len(parts) == 6 and not parts[5].startswith(("*", *_IAM_PATHS)):
        return f'IAM resource path must either be "*" or start with {", ".join(_IAM_PATHS)}.'
    return None


def _check_sids(statements: Sequence[StatementDocument]) -> None:
    sids = [s.sid for s in statements if s.sid]
    if len(sids) != len(set(sids)):
        raise PolicySyntaxError("Statement IDs (SID) in a single policy must be unique.")


def check_sid_characters(document: Document) -> None:
    """IAM's own policies have alphanumeric statement ids; services allow more in theirs."""
    if not all(_SID.fullmatch(s.sid) for s in document.statements):
        raise PolicySyntaxError(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
        )


def _check_actions_exist(statements: Sequence[StatementDocument]) -> None:
    if any(not many(s.action) and not many(s.not_action) for s in statements):
        raise PolicySyntaxError("Policy statement must contain actions.")


def _check_resources_exist(statements: Sequence[StatementDocument]) -> None:
    if any(not many(s.resource) and not many(s.not_resource) for s in statements):
        raise PolicySyntaxError("Policy statement must contain resources.")


def _check_vendors(statements: Sequence[StatementDocument]) -> None:
    for action in (action for s in statements for action in many(s.action) + many(s.not_action)):
        vendor, colon, rest = action.partition(":")
        if action == "*":
            continue
        if not colon:
            raise PolicySyntaxError("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
        if ":" in rest:
            raise PolicySyntaxError("Actions/Condition can contain only one colon.")
        if not _VENDOR.fullmatch(vendor):
            raise PolicySyntaxError(f"Vendor {vendor} is not valid")


def _check_principals_exist(statements: Sequence[StatementDocument]) -> None:
    for statement in statements:
        principal = statement.principal if statement.principal is not UNSET else statement.not_principal
        if principal is UNSET:
            raise PolicySyntaxError("Missing required field Principal")
        if isinstance(principal, dict) and not any(many(values) for values in principal.values()):
            raise PolicySyntaxError("Missing required field Principal cannot be empty!")
        if statement.effect == "Allow" and statement.not_principal is not UNSET:
            raise PolicySyntaxError("Allow with NotPrincipal is not allowed.")


def _principals_of(statement: StatementDocument, kind: str) -> list[str]:
    return many(statement.principal.get(kind, UNSET)) if isinstance(statement.principal, dict) else []


def _check_principals(statements: Sequence[StatementDocument], *, ids: bool = False) -> None:
    for statement in statements:
        for principal in (statement.principal, statement.not_principal):
            if not isinstance(principal, dict):
                continue
            for value in many(principal.get("AWS", UNSET)):
                if ids and _UNIQUE_ID.fullmatch(value):
                    continue
                if not _AWS_PRINCIPAL.fullmatch(value) or ("*" in value and value != "*"):
                    raise PolicySyntaxError(f'Invalid principal in policy: "AWS":"{value}"')
            for value in many(principal.get("Service", UNSET)):
                if not _SERVICE_PRINCIPAL.fullmatch(value):
                    raise PolicySyntaxError(f'Invalid principal in policy: "SERVICE":"{value}"')
