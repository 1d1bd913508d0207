"""Identity pools: identities by login, and credentials of roles that IAM enforces."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import httpx
import jwt
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from tests.people import People, people

NO_ROLE = (
    "InvalidIdentityPoolConfigurationException",
    "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
    400,
)


def unsigned(region: Any, service: str) -> Any:
    """A client of somebody without keys."""
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    return boto3.client(service, endpoint_url=region.endpoint, region_name="us-east-1", config=config)


def trust(pool: str, amr: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": "cognito-identity.amazonaws.com"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {"cognito-identity.amazonaws.com:aud": pool},
            "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": amr},
        },
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Pools:
    """An identity pool whose users are a user pool's, with a role for users and one for guests."""

    def __init__(self, region: Any, account: str, **settings: Any) -> None:
        self.region, self.account = region, account
        self.client = region.client("cognito-identity", key=account)
        self.iam = region.client("iam", key=account)
        self.anyone = unsigned(region, "cognito-identity")
        self.people: People = people(region.client("cognito-idp", key=account))
        provider = {"ProviderName": self.people.provider, "ClientId": self.people.client}
        self.id = self.client.create_identity_pool(
            IdentityPoolName="pool", CognitoIdentityProviders=[provider],
            **{"AllowUnauthenticatedIdentities": True, **settings},
        )["IdentityPoolId"]  # fmt: skip
        self.roles = {
            "authenticated": self.role("users", "authenticated", "dynamodb:ListTables", "iam:ListRoles"),
            "unauthenticated": self.role("guests", "unauthenticated", "dynamodb:ListTables", "iam:ListRoles"),
        }
        self.client.set_identity_pool_roles(IdentityPoolId=self.id, Roles=self.roles)

    def role(self, name: str, amr: str, *actions: str) -> str:
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(self.id, amr))["Role"]
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
        self.iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps(policy))
        return str(made["Arn"])

    def logins(self, name: str) -> dict[str, str]:
        return {self.people.provider: self.people.tokens(name)["IdToken"]}

    def as_session(self, credentials: dict[str, Any], service: str) -> Any:
        return self.region.client(
            service, key=credentials["AccessKeyId"], secret=credentials["SecretKey"], token=credentials["SessionToken"]
        )

    def whoami(self, credentials: dict[str, Any]) -> str:
        return str(self.as_session(credentials, "sts").get_caller_identity()["Arn"])


@pytest.fixture
def pools(region: Any, account: str) -> Pools:
    made = Pools(region, account)
    made.people.add("joy")
    return made


def test_get_id_and_credentials_of_a_user(pools: Pools, aws_error: Callable[..., Any]) -> None:
    found = pools.anyone.get_id(IdentityPoolId=pools.id, Logins=pools.logins("joy"))["IdentityId"]
    assert found.startswith("us-east-1:")
    assert pools.anyone.get_id(IdentityPoolId=pools.id, Logins=pools.logins("joy"))["IdentityId"] == found
    shown = pools.client.describe_identity(IdentityId=found)
    assert shown["Logins"] == [pools.people.provider]
    answer = pools.anyone.get_credentials_for_identity(IdentityId=found, Logins=pools.logins("joy"))
    assert answer["IdentityId"] == found
    credentials = answer["Credentials"]
    session = f"arn:aws:sts::{pools.account}:assumed-role/users/CognitoIdentityCredentials"
    assert pools.whoami(credentials) == session
    assert pools.as_session(credentials, "dynamodb").list_tables()["TableNames"] == []
    denied = aws_error(lambda: pools.as_session(credentials, "lambda").list_functions())
    assert denied[0] == "AccessDeniedException"
    assert f"User: {session} is not authorized to perform: lambda:ListFunctions" in denied[1]
    forbidden = ("NotAuthorizedException", f"Access to Identity '{found}' is forbidden.", 400)
    assert aws_error(lambda: pools.anyone.get_credentials_for_identity(IdentityId=found)) == forbidden


def test_a_server_side_token_check_refuses_who_has_signed_out(
    region: Any, account: str, aws_error: Callable[..., Any]
) -> None:
    pools = Pools(region, account)
    provider = {"ProviderName": pools.people.provider, "ClientId": pools.people.client}
    checks = [{**provider, "ServerSideTokenCheck": True}]
    pools.client.update_identity_pool(
        IdentityPoolId=pools.id, IdentityPoolName="pool", AllowUnauthenticatedIdentities=False,
        CognitoIdentityProviders=checks,
    )  # fmt: skip
    pools.people.add("joy")
    before = pools.logins("joy")
    found = pools.anyone.get_id(IdentityPoolId=pools.id, Logins=before)["IdentityId"]
    assert pools.anyone.get_credentials_for_identity(IdentityId=found, Logins=before)["Credentials"]
    pools.people.idp.admin_user_global_sign_out(UserPoolId=pools.people.pool, Username="joy")
    revoked = ("NotAuthorizedException", "Invalid login token. Token has been revoked.", 400)
    assert aws_error(lambda: pools.anyone.get_id(IdentityPoolId=pools.id, Logins=before)) == revoked
    assert aws_error(lambda: pools.anyone.get_credentials_for_identity(IdentityId=found, Logins=before)) == revoked
    again = pools.logins("joy")
    assert pools.anyone.get_credentials_for_identity(IdentityId=found, Logins=again)["IdentityId"] == found
    pools.people.idp.admin_delete_user(UserPoolId=pools.people.pool, Username="joy")
    assert aws_error(lambda: pools.anyone.get_credentials_for_identity(IdentityId=found, Logins=again)) == revoked
    pools.client.update_identity_pool(
        IdentityPoolId=pools.id, IdentityPoolName="pool", AllowUnauthenticatedIdentities=False,
        CognitoIdentityProviders=[provider],
    )  # fmt: skip
    assert pools.anyone.get_credentials_for_identity(IdentityId=found, Logins=again)["IdentityId"] == found


def test_guests_may_less_than_their_role(pools: Pools, aws_error: Callable[..., Any]) -> None:
    guest = pools.anyone.get_id(IdentityPoolId=pools.id)["IdentityId"]
    credentials = pools.anyone.get_credentials_for_identity(IdentityId=guest)["Credentials"]
    assert pools.whoami(credentials).endswith(":assumed-role/guests/CognitoIdentityCredentials")
    assert pools.as_session(credentials, "dynamodb").list_tables()["TableNames"] == []
    denied = aws_error(lambda: pools.as_session(credentials, "iam").list_roles())
    assert denied[1].endswith("because no session policy allows the iam:ListRoles action")
    pools.client.update_identity_pool(
        IdentityPoolId=pools.id, IdentityPoolName="pool", AllowUnauthenticatedIdentities=False
    )
    refused = ("NotAuthorizedException", "Unauthenticated access is not supported for this identity pool.", 400)
    assert aws_error(lambda: pools.anyone.get_id(IdentityPoolId=pools.id)) == refused
    assert aws_error(lambda: pools.anyone.get_credentials_for_identity(IdentityId=guest)) == refused


def test_a_guest_who_signs_in_keeps_his_identity(pools: Pools) -> None:
    guest = pools.anyone.get_id(IdentityPoolId=pools.id)["IdentityId"]
    answer = pools.anyone.get_credentials_for_identity(IdentityId=guest, Logins=pools.logins("joy"))
    assert answer["IdentityId"] == guest
    another = pools.anyone.get_id(IdentityPoolId=pools.id)["IdentityId"]
    answer = pools.anyone.get_credentials_for_identity(IdentityId=another, Logins=pools.logins("joy"))
    assert answer["IdentityId"] == guest
    assert [
        one["IdentityId"] for one in pools.client.list_identities(IdentityPoolId=pools.id, MaxResults=60)["Identities"]
    ] == [guest]


def test_another_users_identity_is_out_of_reach(pools: Pools, aws_error: Callable[..., Any]) -> None:
    pools.people.add("max")
    joys = pools.anyone.get_id(IdentityPoolId=pools.id, Logins=pools.logins("joy"))["IdentityId"]
    refused = (
        "NotAuthorizedException",
        "Logins don't match. Please include at least one valid login for this identity or identity pool.",
        400,
    )
    for _ in range(2):  # also after max has one of his own
        stolen = aws_error(
            lambda: pools.anyone.get_credentials_for_identity(IdentityId=joys, Logins=pools.logins("max"))
        )
        assert stolen == refused
        pools.anyone.get_id(IdentityPoolId=pools.id, Logins=pools.logins("max"))


def test_tokens_that_are_not_good_enough(
    pools: Pools, client: Callable[..., Any], aws_error: Callable[..., Any]
) -> None:
    def get_id(text: str, provider: str = pools.people.provider) -> Any:
        return aws_error(lambda: pools.anyone.get_id(IdentityPoolId=pools.id, Logins={provider: text}))

    def refused(text: str) -> tuple[str, str, int]:
        return ("NotAuthorizedException", f"Invalid login token. {text}", 400)

    tokens = pools.people.tokens("joy")
    claims = jwt.decode(tokens["IdToken"], options={"verify_signature": False})
    head, body, signature = tokens["IdToken"].split(".")
    assert get_id("hello") == refused("Not a valid OpenId Connect identity token.")
    assert get_id(f"{head}.{body}.{signature[:-6]}AAAAAA") == refused("Token signature invalid.")
    assert get_id(jwt.encode(claims, "", "none")) == refused("Not a valid OpenId Connect identity token.")
    assert get_id(tokens["AccessToken"]) == refused("Incorrect token audience.")
    stranger = people(client("cognito-idp"))
    stranger.add("max")
    assert get_id(stranger.tokens("max")["IdToken"]) == refused("Issuer doesn't match providerName")
    unsupported = ("NotAuthorizedException", "Token is not from a supported provider of this identity pool.", 400)
    assert get_id(stranger.tokens("max")["IdToken"], stranger.provider) == unsupported
    assert get_id("hello", "graph.facebook.com") == unsupported


def test_expired_logins_by_the_regions_clock(own: Any, account: str, aws_error: Callable[..., Any]) -> None:
    pools = Pools(own, account)
    pools.people.add("joy")
    logins = pools.logins("joy")
    httpx.post(f"{own.endpoint}/_atoll/clock", json={"advance": "61m"}, timeout=60).raise_for_status()
    code, message, status = aws_error(lambda: pools.anyone.get_id(IdentityPoolId=pools.id, Logins=logins))
    assert (code, status) == ("NotAuthorizedException", 400)
    assert message.startswith("Invalid login token. Token expired: ")


def test_a_role_that_does_not_trust_the_pool(pools: Pools, aws_error: Callable[..., Any]) -> None:
    pools.iam.update_assume_role_policy(RoleName="users", PolicyDocument=trust("us-east-1:another", "authenticated"))
    found = pools.anyone.get_id(IdentityPoolId=pools.id, Logins=pools.logins("joy"))["IdentityId"]
    get = lambda: pools.anyone.get_credentials_for_identity(IdentityId=found, Logins=pools.logins("joy"))  # noqa: E731
    assert aws_error(get) == NO_ROLE
    pools.client.set_identity_pool_roles(IdentityPoolId=pools.id, Roles={})
    assert aws_error(get) == NO_ROLE


def test_role_mapping_by_groups_and_by_rules(pools: Pools, aws_error: Callable[..., Any]) -> None:
    idp, user_pool = pools.people.idp, pools.people.pool
    admins = pools.role("admins", "authenticated", "iam:ListRoles")
    staff = pools.role("staff", "authenticated", "iam:ListUsers")
    idp.create_group(UserPoolId=user_pool, GroupName="admins", RoleArn=admins, Precedence=1)
    idp.create_group(UserPoolId=user_pool, GroupName="staff", RoleArn=staff, Precedence=2)
    for name, groups in (("ann", ("admins", "staff")), ("ben", ("staff",))):
        pools.people.add(name, *groups)
    key = f"{pools.people.provider}:{pools.people.client}"

    def role_of(name: str, **more: Any) -> str:
        logins = pools.logins(name)
        found = pools.anyone.get_id(IdentityPoolId=pools.id, Logins=logins)["IdentityId"]
        answer = pools.anyone.get_credentials_for_identity(IdentityId=found, Logins=logins, **more)
        return pools.whoami(answer["Credentials"]).split("/")[1]

    def mapping(**mapping: Any) -> None:
        pools.client.set_identity_pool_roles(IdentityPoolId=pools.id, Roles=pools.roles, RoleMappings={key: mapping})

    mapping(Type="Token", AmbiguousRoleResolution="AuthenticatedRole")
    assert (role_of("ann"), role_of("ben"), role_of("joy")) == ("admins", "staff", "users")
    assert role_of("ann", CustomRoleArn=staff) == "staff"
    denied = ("NotAuthorizedException", "Access to Role is forbidden.", 400)
    assert aws_error(lambda: role_of("ben", CustomRoleArn=admins)) == denied
    mapping(Type="Token", AmbiguousRoleResolution="Deny")
    assert aws_error(lambda: role_of("joy")) == denied
    rules = [
        {"Claim": "cognito:username", "MatchType": "Equals", "Value": "joy", "RoleARN": admins},
        {"Claim": "cognito:groups", "MatchType": "Contains", "Value": "admins", "RoleARN": staff},
    ]
    mapping(Type="Rules", AmbiguousRoleResolution="AuthenticatedRole", RulesConfiguration={"Rules": rules})
    assert (role_of("ann"), role_of("ben"), role_of("joy")) == ("staff", "users", "admins")
    assert pools.client.get_identity_pool_roles(IdentityPoolId=pools.id)["RoleMappings"][key]["Type"] == "Rules"


def test_the_basic_flow(pools: Pools, region: Any, aws_error: Callable[..., Any]) -> None:
    logins = pools.logins("joy")
    found = pools.anyone.get_id(IdentityPoolId=pools.id, Logins=logins)["IdentityId"]
    refused = aws_error(lambda: pools.anyone.get_open_id_token(IdentityId=found, Logins=logins))
    assert refused[1] == "Basic (classic) flow is not enabled, please use enhanced flow."
    providers = [{"ProviderName": pools.people.provider, "ClientId": pools.people.client}]
    pools.client.update_identity_pool(
        IdentityPoolId=pools.id, IdentityPoolName="pool", AllowUnauthenticatedIdentities=False, AllowClassicFlow=True,
        CognitoIdentityProviders=providers,
    )  # fmt: skip
    token = pools.anyone.get_open_id_token(IdentityId=found, Logins=logins)["Token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["sub"], claims["aud"], claims["iss"]) == (found, pools.id, "https://cognito-identity.amazonaws.com")
    assert claims["amr"][:2] == ["authenticated", pools.people.provider]
    answer = unsigned(region, "sts").assume_role_with_web_identity(
        RoleArn=pools.roles["authenticated"], RoleSessionName="me", WebIdentityToken=token
    )
    assert answer["SubjectFromWebIdentityToken"] == found
    assert answer["AssumedRoleUser"]["Arn"].endswith(":assumed-role/users/me")


def test_developer_identities(region: Any, account: str, aws_error: Callable[..., Any]) -> None:
    pools = Pools(region, account, DeveloperProviderName="login.mine")
    client = pools.client

    def token(user: str, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = client.get_open_id_token_for_developer_identity(
            IdentityPoolId=pools.id, Logins={"login.mine": user}, **more
        )
        return answer

    made = token("u1")
    assert token("u1")["IdentityId"] == made["IdentityId"]
    logins = {"cognito-identity.amazonaws.com": made["Token"]}
    answer = pools.anyone.get_credentials_for_identity(IdentityId=made["IdentityId"], Logins=logins)
    assert pools.whoami(answer["Credentials"]).split("/")[1] == "users"
    other = token("u2")
    stolen = aws_error(lambda: pools.anyone.get_credentials_for_identity(IdentityId=other["IdentityId"], Logins=logins))
    assert stolen[0] in ("NotAuthorizedException", "ResourceConflictException")
    taken = aws_error(lambda: token("u2", IdentityId=made["IdentityId"]))
    assert taken[0] == "DeveloperUserAlreadyRegisteredException"
    merged = client.merge_developer_identities(
        IdentityPoolId=pools.id, DeveloperProviderName="login.mine", SourceUserIdentifier="u2",
        DestinationUserIdentifier="u1",
    )  # fmt: skip
    assert merged["IdentityId"] == made["IdentityId"]
    found = client.lookup_developer_identity(IdentityPoolId=pools.id, DeveloperUserIdentifier="u2")
    assert (found["IdentityId"], found["DeveloperUserIdentifierList"]) == (made["IdentityId"], ["u1", "u2"])
    client.unlink_developer_identity(
        IdentityPoolId=pools.id, IdentityId=made["IdentityId"], DeveloperProviderName="login.mine",
        DeveloperUserIdentifier="u2",
    )  # fmt: skip
    missing = aws_error(lambda: client.lookup_developer_identity(IdentityPoolId=pools.id, DeveloperUserIdentifier="u2"))
    assert missing[0] == "ResourceNotFoundException"


def test_attributes_for_access_control_become_session_tags(pools: Pools, aws_error: Callable[..., Any]) -> None:
    pools.client.set_principal_tag_attribute_map(
        IdentityPoolId=pools.id, IdentityProviderName=pools.people.provider, PrincipalTags={"who": "cognito:username"}
    )
    pools.people.add("max")
    statement = [
        {"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"},
         "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]}
    ]  # fmt: skip
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    pools.iam.update_assume_role_policy(RoleName="users", PolicyDocument=document)
    only = {
        "Effect": "Allow", "Action": "dynamodb:ListTables", "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/who": "joy"}},
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [only]})
    pools.iam.put_role_policy(RoleName="users", PolicyName="may", PolicyDocument=policy)

    def tables(name: str) -> Any:
        logins = pools.logins(name)
        found = pools.anyone.get_id(IdentityPoolId=pools.id, Logins=logins)["IdentityId"]
        answer = pools.anyone.get_credentials_for_identity(IdentityId=found, Logins=logins)
        return pools.as_session(answer["Credentials"], "dynamodb").list_tables()["TableNames"]

    assert tables("joy") == []
    assert aws_error(lambda: tables("max"))[0] == "AccessDeniedException"


def test_identities_survive_kill_and_go_with_their_pool(
    new_region: Callable[..., Any], account: str, aws_error: Callable[..., Any]
) -> None:
    region = new_region()
    pools = Pools(region, account)
    pools.people.add("joy")
    logins = pools.logins("joy")
    found = pools.anyone.get_id(IdentityPoolId=pools.id, Logins=logins)["IdentityId"]
    credentials = pools.anyone.get_credentials_for_identity(IdentityId=found, Logins=logins)["Credentials"]
    region.kill()
    region.start()
    anyone = unsigned(region, "cognito-identity")
    assert anyone.get_id(IdentityPoolId=pools.id, Logins=logins)["IdentityId"] == found
    assert pools.whoami(credentials).split("/")[1] == "users"
    client = region.client("cognito-identity", key=account)
    assert client.delete_identities(IdentityIdsToDelete=[found])["UnprocessedIdentityIds"] == []
    assert aws_error(lambda: client.describe_identity(IdentityId=found))[0] == "ResourceNotFoundException"
    client.delete_identity_pool(IdentityPoolId=pools.id)
    gone = ("ResourceNotFoundException", f"IdentityPool '{pools.id}' not found.", 400)
    assert aws_error(lambda: anyone.get_id(IdentityPoolId=pools.id)) == gone


def test_pools_pages_and_tags(client: Callable[..., Any], account: str, aws_error: Callable[..., Any]) -> None:
    identity = client("cognito-identity")
    ids = sorted(
        identity.create_identity_pool(
            IdentityPoolName=f"p{n}", AllowUnauthenticatedIdentities=False, IdentityPoolTags={"n": str(n)}
        )["IdentityPoolId"]
        for n in range(3)
    )
    first = identity.list_identity_pools(MaxResults=2)
    second = identity.list_identity_pools(MaxResults=2, NextToken=first["NextToken"])
    assert [one["IdentityPoolId"] for one in first["IdentityPools"] + second["IdentityPools"]] == ids
    assert "NextToken" not in second
    arn = f"arn:aws:cognito-identity:us-east-1:{account}:identitypool/{ids[0]}"
    identity.tag_resource(ResourceArn=arn, Tags={"a": "b"})
    identity.untag_resource(ResourceArn=arn, TagKeys=["n"])
    assert identity.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"a": "b"}
    assert identity.describe_identity_pool(IdentityPoolId=ids[0])["IdentityPoolTags"] == {"a": "b"}


def test_setting_roles_needs_pass_role(pools: Pools, aws_error: Callable[..., Any]) -> None:
    pools.iam.create_user(UserName="dev")
    key = pools.iam.create_access_key(UserName="dev")["AccessKey"]

    def may(*actions: str) -> None:
        statement = [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
        pools.iam.put_user_policy(UserName="dev", PolicyName="may", PolicyDocument=policy)

    dev = pools.region.client("cognito-identity", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    set_roles = lambda: dev.set_identity_pool_roles(IdentityPoolId=pools.id, Roles=pools.roles)  # noqa: E731
    may("cognito-identity:SetIdentityPoolRoles")
    assert "iam:PassRole on resource: " + pools.roles["authenticated"] in aws_error(set_roles)[1]
    may("cognito-identity:SetIdentityPoolRoles", "iam:PassRole")
    set_roles()
