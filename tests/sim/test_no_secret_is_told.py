"""Secrets in every operation of IAM, STS, user pools and identity pools that takes some, and on the hosted pages: right ones, wrong
ones, and such as are no secrets at all by AWS's rules. None of them may stand in the log, a trace, what IAM explains and records, or an
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import botocore.session
import httpx
import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.serialize import create_serializer
from tests.aws.cognito_idp.conftest import PASSWORD, code_in
from tests.aws.cognito_idp.hosted import CALLBACK, OAUTH, Visitor, answer, authorize
from tests.functions import may, trust

from atoll.services import SERVICES

ACCOUNT = "100000000042"
SECRET = re.compile(
    r"password$|token$|code\d?$|secret|^session$|assertion$|privatekey|secrethash|^logins$|authparameters|challengeresponses",
    re.IGNORECASE,
)
"""Members that hold secrets. NextToken and its like are none."""
NO_SECRET = re.compile(r"next|pagination|required|generate|secretid|roleName", re.IGNORECASE)
ECHOED = re.compile(r"Value '[^']*' at '(?:confirmationCode|code|tokenCode|authenticationCode\d|logins)")
"""Where AWS's own messages quote what its models do not call sensitive; to the client alone."""
NAMES = ("cognito-idp", "cognito-identity", "sts", "iam")
MOST_TRACES = 1000


class Marks:
    """Secrets that can be told from everything else."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def variants(self, shape: Shape) -> Iterator[str]:
        """A secret that AWS's rules take where they take letters, and some that they do not."""
        for around in ("{}", " {} ", "\u00e9{}", "{}" + "x" * 300, "{}" + "x" * 140_000):
            mark = f"Mark-{len(self.made):05d}-secret"
            self.made.append(mark)
            yield around.format(mark)


def everything(region: Any) -> str:
    """All that the region says of its work: to whoever reads its log or asks its admin API."""
    with httpx.Client(base_url=region.endpoint, timeout=60) as http:
        traces = http.get("/_atoll/trace", params={"limit": MOST_TRACES}).json()["traces"]
        told = [http.get(f"/_atoll/{kind}/{one['id']}").text for one in traces for kind in ("trace", "why")]
        told += [http.get(f"/_atoll/{path}").text for path in ("status", "unsupported", "why", "trace", "audit")]
        told.append(http.get(f"/_atoll/least-privilege/{ACCOUNT}/app").text)
    return "\n".join([region.log.read_text(), *told])


def filled(shape: Shape, secret: str, name: str = "", depth: int = 0) -> Any:
    """A request of this shape whose secret members all are `secret`."""
    if isinstance(shape, StructureShape):
        wanted = {
            member: of
            for member, of in shape.members.items()
            if member in shape.required_members or (SECRET.search(member) and not NO_SECRET.search(member))
        }
        return {member: filled(of, secret, member, depth + 1) for member, of in wanted.items()} if depth < 4 else {}
    if isinstance(shape, ListShape):
        return [filled(shape.member, secret, name, depth + 1)]
    if isinstance(shape, MapShape):
        keys = (
            "USERNAME",
            "PASSWORD",
            "REFRESH_TOKEN",
            "SRP_A",
            "SMS_MFA_CODE",
            "cognito-idp.us-east-1.amazonaws.com/x",
        )
        return dict.fromkeys(keys, secret)
    if shape.type_name in ("integer", "long", "float", "double"):
        return 1
    if shape.type_name == "boolean":
        return True
    if SECRET.search(name) and not NO_SECRET.search(name):
        return secret
    return (
        getattr(shape, "enum", None)[0] if getattr(shape, "enum", None) else "x" * max(1, shape.metadata.get("min", 1))
    )


@pytest.mark.parametrize("name", NAMES)
def test_what_is_sent_as_a_secret_is_told_nowhere(new_region: Callable[..., Any], name: str) -> None:
    region, marks = new_region(), Marks()
    service = next(one for one in SERVICES if one.name == name)
    model = botocore.session.get_session().get_service_model(name)
    serializer, errors = create_serializer(model.protocol, include_validation=False), []
    credential = f"{ACCOUNT}/20260101/us-east-1/{model.signing_name}/aws4_request"
    signed = {"authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"}
    sent = 0
    with httpx.Client(base_url=region.endpoint, timeout=60) as http:
        for operation in map(model.operation_model, sorted(service.operations())):
            shape = operation.input_shape
            if shape is None or not any(SECRET.search(one) and not NO_SECRET.search(one) for one in shape.members):
                continue
            for secret in marks.variants(shape):
                wire = serializer.serialize_to_request(filled(shape, secret), operation)
                body = wire["body"]
                body = urlencode(body).encode() if isinstance(body, dict) else body
                headers = {key: str(value) for key, value in wire["headers"].items()}
                answered = http.post("/", content=body, headers=headers | signed)
                assert answered.status_code != 500, (operation.name, answered.text)
                sent += 1
                if answered.status_code >= 400 and marks.made[-1] in ECHOED.sub("", answered.text):
                    errors.append(f"{operation.name}: {answered.text[:300]}")
    told = everything(region)
    assert sent >= len(marks.made) > 0
    assert [f"{one}: {told[told.index(one) - 300 : told.index(one) + 50]}" for one in marks.made if one in told][
        :5
    ] == []
    assert errors == []


def test_what_people_and_their_applications_know_is_told_nowhere(new_region: Callable[..., Any]) -> None:
    """A whole life of a user, by the API, on the pages and with credentials of AWS; passwords and tokens do not even lie in the data."""
    region = new_region()
    idp, iam, identities = (
        region.client(service, key=ACCOUNT) for service in ("cognito-idp", "iam", "cognito-identity")
    )
    iam.create_user(UserName="ada")
    iam.create_login_profile(UserName="ada", Password="Console-Pass-1")
    iam.update_login_profile(UserName="ada", Password="Console-Pass-2")
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    iam.put_user_policy(UserName="ada", PolicyName="may", PolicyDocument=may("iam:*", "sts:*"))
    region.client("iam", key["AccessKeyId"], key["SecretAccessKey"]).change_password(
        OldPassword="Console-Pass-2", NewPassword="Console-Pass-3"
    )
    seed = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]["Base32StringSeed"].decode()
    given = region.client("sts", key["AccessKeyId"], key["SecretAccessKey"]).get_session_token()["Credentials"]
    pool = idp.create_user_pool(PoolName="people", AutoVerifiedAttributes=["email"])["UserPool"]["Id"]
    made = idp.create_user_pool_client(
        UserPoolId=pool,
        ClientName="app",
        ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"],
        GenerateSecret=True,
        **OAUTH,
    )["UserPoolClient"]
    client, client_secret = made["ClientId"], made["ClientSecret"]
    idp.create_user_pool_domain(UserPoolId=pool, Domain="people-told")
    somebody = Visitor(f"{region.endpoint}/_aws/cognito-idp/people-told")
    shown = somebody.submit(
        somebody.get("/signup", **authorize(client)),
        **{"username": "joy", "password": PASSWORD, "requiredAttributes[email]": "joy@example.com"},
    )
    mailed = code_in(httpx.get(f"{region.endpoint}/_atoll/mail?account={ACCOUNT}").json()["messages"][0])
    code = answer(somebody.submit(shown, code=mailed))["code"]
    form = {"client_id": client, "client_secret": client_secret, "redirect_uri": CALLBACK}
    tokens = somebody.post("/oauth2/token", grant_type="authorization_code", code=code, **form).json()
    cookie = next(one.value for one in somebody.http.cookies.jar if one.name == "cognito")
    for path in ("/oauth2/token", "/oauth2/userInfo", "/login", "/nowhere"):  # where none of it belongs
        somebody.get(
            path, code=code, password=PASSWORD, client_secret=client_secret, access_token=tokens["access_token"]
        )
    provider = f"cognito-idp.us-east-1.amazonaws.com/{pool}"
    place = identities.create_identity_pool(
        IdentityPoolName="people", AllowUnauthenticatedIdentities=False,
        CognitoIdentityProviders=[{"ProviderName": provider, "ClientId": client}],
    )["IdentityPoolId"]  # fmt: skip
    federated = {
        "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "cognito-identity.amazonaws.com"},
        "Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": place}},
    }  # fmt: skip
    document = json.dumps({"Version": "2012-10-17", "Statement": [federated]})
    role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    identities.set_identity_pool_roles(IdentityPoolId=place, Roles={"authenticated": role})
    identity = identities.get_id(IdentityPoolId=place, Logins={provider: tokens["id_token"]})["IdentityId"]
    got = identities.get_credentials_for_identity(IdentityId=identity, Logins={provider: tokens["id_token"]})[
        "Credentials"
    ]
    own = region.client("iam", got["AccessKeyId"], got["SecretKey"], got["SessionToken"])
    with pytest.raises(own.exceptions.ClientError):
        own.list_users()
    iam.update_assume_role_policy(RoleName="app", PolicyDocument=trust("lambda.amazonaws.com"))
    with pytest.raises(identities.exceptions.ClientError):
        identities.get_credentials_for_identity(IdentityId=identity, Logins={provider: tokens["id_token"]})
    session = idp.admin_create_user(
        UserPoolId=pool, Username="new", TemporaryPassword="Temporary-1", MessageAction="SUPPRESS"
    )
    assert session
    told = everything(region)
    secrets = {
        "passwords": (PASSWORD, "Console-Pass-1", "Console-Pass-2", "Console-Pass-3", "Temporary-1"),
        "tokens": (tokens["access_token"], tokens["id_token"], tokens["refresh_token"], cookie, code),
        "more": (client_secret, mailed, seed, key["SecretAccessKey"], given["SecretAccessKey"], given["SessionToken"],
                 got["SecretKey"], got["SessionToken"]),
    }  # fmt: skip
    for kind, values in secrets.items():
        for value in values:
            assert re.search(rf"(?<![\w.]){re.escape(value)}(?![\w.])", told) is None, kind
            assert len(value) < 40 or value[-40:] not in told, kind
    somebody.close()
    region.stop()
    kept = b"".join(path.read_bytes() for path in region.data_dir.rglob("*") if path.is_file())
    assert b"joy@example.com" in kept
    for value in (*secrets["passwords"], *secrets["tokens"]):
        assert value.encode() not in kept, value
