"""Any settings at all: each is taken or refused clearly, never an error of Atoll's own; and what was refused changed nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.aws.cognito_idp.conftest import WEB

if TYPE_CHECKING:
    from tests.conftest import Region

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
ODD: list[Any] = [
    None, True, 0, -1, 10**20, 1.5, "", "x", "\u0000", "\ud83d\ude00" * 50, "x" * 5000, [], {}, [[]], [None], {"": {}}, [{}],
    "COGNITO", "email", "phone_number", "ON", "OPTIONAL", "ACTIVE", "ENABLED", "DEVELOPER", "days", "seconds", "custom:a", "openid",
    "code", "http://[", "//", "a:b", "http://localhost", "https://a#b", FUNCTION, ["email"], ["email", "email"], "LITE", "PLUS",
    "{####}", "arn:aws:iam::123456789012:role/r", "%s%n{0}", "../..", "1e5", "-0", "0x10", "\u0661",
]  # fmt: skip


class Fuzz:
    """Good requests with something wrong in them, by seeded randomness."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def spoil(self, request: dict[str, Any]) -> dict[str, Any]:
        """A copy in which one to three values are replaced, taken away or added."""
        copy: dict[str, Any] = json.loads(json.dumps(request))
        for _ in range(self.random.randint(1, 3)):
            if not (found := list(places(copy))):
                break
            holder, key = self.random.choice(found)
            if self.random.random() < 0.2:
                del holder[key]
            else:
                holder[key] = self.random.choice(ODD)
        return copy


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Where values are: each container with a key of it."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from places(value[key])


@pytest.fixture
def send(region: Region, account: str) -> Callable[[str, Any], httpx.Response]:
    """A signed request whose body no client has looked at."""

    def post(operation: str, body: Any) -> httpx.Response:
        target = f"AWSCognitoIdentityProviderService.{operation}"
        headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
        request = AWSRequest("POST", f"{region.endpoint}/", headers=headers, data=json.dumps(body).encode())
        SigV4Auth(Credentials(account, "test"), "cognito-idp", "us-east-1").add_auth(request)
        return WEB.post(request.url, content=request.data, headers=dict(request.headers.items()))

    return post


POOL: dict[str, Any] = {
    "Policies": {
        "PasswordPolicy": {"MinimumLength": 9, "RequireNumbers": True, "TemporaryPasswordValidityDays": 3},
        "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]},
    },
    "DeletionProtection": "INACTIVE",
    "LambdaConfig": {
        "PreSignUp": FUNCTION,
        "PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": FUNCTION},
    },
    "AutoVerifiedAttributes": ["email"],
    "VerificationMessageTemplate": {"EmailMessage": "{####}", "DefaultEmailOption": "CONFIRM_WITH_CODE"},
    "MfaConfiguration": "OFF",
    "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
    "EmailConfiguration": {"ReplyToEmailAddress": "a@example.com"},
    "UserPoolTags": {"team": "a"},
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False, "InviteMessageTemplate": {"EmailSubject": "Hi"}},
    "UserPoolAddOns": {"AdvancedSecurityMode": "OFF"},
    "AccountRecoverySetting": {"RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]},
    "UserPoolTier": "ESSENTIALS",
}
CLIENT: dict[str, Any] = {
    "ClientName": "app",
    "RefreshTokenValidity": 10,
    "AccessTokenValidity": 60,
    "TokenValidityUnits": {"AccessToken": "minutes", "RefreshToken": "days"},
    "ReadAttributes": ["email"],
    "WriteAttributes": ["email"],
    "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    "SupportedIdentityProviders": ["COGNITO"],
    "CallbackURLs": ["https://a.example.com/in"],
    "LogoutURLs": ["https://a.example.com/out"],
    "DefaultRedirectURI": "https://a.example.com/in",
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid", "email"],
    "AllowedOAuthFlowsUserPoolClient": True,
    "PreventUserExistenceErrors": "ENABLED",
    "AuthSessionValidity": 5,
    "RefreshTokenRotation": {"Feature": "DISABLED", "RetryGracePeriodSeconds": 5},
}
ATTRIBUTES = [
    {"Name": "a", "AttributeDataType": "String", "StringAttributeConstraints": {"MinLength": "1", "MaxLength": "9"}},
    {"Name": "b", "AttributeDataType": "Number", "NumberAttributeConstraints": {"MinValue": "1"}, "Mutable": False},
]
SCOPES = [{"ScopeName": "read", "ScopeDescription": "reads"}, {"ScopeName": "write", "ScopeDescription": "writes"}]
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"
GOOD: dict[str, dict[str, Any]] = {
    "CreateUserPool": {
        "PoolName": "p",
        **POOL,
        "Schema": ATTRIBUTES,
        "AliasAttributes": ["email"],
        "UsernameConfiguration": {"CaseSensitive": False},
    },
    "UpdateUserPool": {"PoolName": "q", **POOL},
    "ListUserPools": {"MaxResults": 3, "NextToken": "YQ=="},
    "AddCustomAttributes": {"CustomAttributes": ATTRIBUTES},
    "SetUserPoolMfaConfig": {"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": True}},
    "CreateUserPoolClient": {**CLIENT, "GenerateSecret": True},
    "UpdateUserPoolClient": CLIENT,
    "AddUserPoolClientSecret": {"ClientSecret": "s" * 24},
    "DeleteUserPoolClientSecret": {"ClientSecretId": "x--1"},
    "ListUserPoolClients": {"MaxResults": 3, "NextToken": "YQ=="},
    "CreateGroup": {"GroupName": "g", "Description": "d", "Precedence": 1},
    "UpdateGroup": {"GroupName": "name", "Description": "d", "Precedence": 1},
    "ListGroups": {"Limit": 3, "NextToken": "YQ=="},
    "CreateResourceServer": {"Identifier": "api", "Name": "api", "Scopes": SCOPES},
    "UpdateResourceServer": {"Identifier": "name", "Name": "api", "Scopes": SCOPES},
    "ListResourceServers": {"MaxResults": 3, "NextToken": "YQ=="},
    "CreateUserPoolDomain": {"Domain": "fuzz", "ManagedLoginVersion": 1},
    "UpdateUserPoolDomain": {"Domain": "fuzz", "CustomDomainConfig": {"CertificateArn": CERTIFICATE}},
    "DescribeUserPoolDomain": {"Domain": "fuzz"},
    "DeleteUserPoolDomain": {"Domain": "fuzz"},
    "TagResource": {"Tags": {"a": "b"}},
    "UntagResource": {"TagKeys": ["a"]},
}
GONE = ("already", "at most", "does not exist", "No such")
"""What the good request is answered where one that was taken has changed things, or where it names what is not there."""


@pytest.mark.parametrize("operation", GOOD)
def test_any_settings_are_taken_or_refused(
    idp: Any,
    pool: Callable[..., str],
    app_client: Callable[..., str],
    send: Callable[[str, Any], httpx.Response],
    account: str,
    operation: str,
) -> None:
    pool_id = pool()
    own = {
        "UserPoolId": pool_id,
        "ClientId": app_client(pool_id, GenerateSecret=True),
        "ResourceArn": f"arn:aws:cognito-idp:us-east-1:{account}:userpool/{pool_id}",
    }
    idp.create_group(UserPoolId=pool_id, GroupName="name")
    idp.create_resource_server(UserPoolId=pool_id, Identifier="name", Name="name")
    members = idp.meta.service_model.operation_model(operation).input_shape.members
    good = GOOD[operation] | {name: value for name, value in own.items() if name in members}
    fuzz, before = Fuzz(7), described(idp, pool_id, own["ClientId"])
    for _ in range(40):
        body = fuzz.spoil(good)
        answer = send(operation, body)
        assert answer.status_code in (200, 400, 501), f"{operation} {body}: {answer.text}"
        if answer.status_code == 200:
            before = described(idp, pool_id, own["ClientId"])
        else:
            assert answer.json()["__type"], answer.text
    assert described(idp, pool_id, own["ClientId"]) == before, "something that was refused has changed something"
    final = send(operation, good)
    assert final.status_code == 200 or any(word in final.text for word in GONE), final.text


def described(idp: Any, pool_id: str, client_id: str) -> list[Any]:
    """All that a request might have changed."""
    pool = idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    client = idp.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)["UserPoolClient"]
    groups = idp.list_groups(UserPoolId=pool_id)["Groups"]
    servers = idp.list_resource_servers(UserPoolId=pool_id, MaxResults=50)["ResourceServers"]
    mfa = {**idp.get_user_pool_mfa_config(UserPoolId=pool_id), "ResponseMetadata": None}
    return [pool, client, groups, servers, mfa]


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{", b'{"PoolName": "a", "PoolName": 5}', b'"x"', b"\xff\xfe", b"[" * 5000]
)
def test_bodies_that_are_no_requests_are_refused(region: Region, account: str, body: bytes) -> None:
    headers = {"X-Amz-Target": "AWSCognitoIdentityProviderService.CreateUserPool"}
    request = AWSRequest("POST", f"{region.endpoint}/", headers=headers, data=body)
    SigV4Auth(Credentials(account, "test"), "cognito-idp", "us-east-1").add_auth(request)
    answer = WEB.post(request.url, content=body, headers=dict(request.headers.items()))
    assert (answer.status_code, "__type" in answer.json()) == (400, True)
