"""AssumeRoleWithWebIdentity: tokens of an issuer that the account knows, really verified, become a role's session."""

from __future__ import annotations

import base64
import json
import time

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from tests.oidc import Provider
from tests.told import Told

NO_JWT = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity "
    "documentation for requirements"
)


def document(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


@pytest.fixture(scope="module")
def issuer():
    provider = Provider()
    provider.rotate("one")
    yield provider
    provider.close()


@pytest.fixture
def host(issuer):
    return issuer.issuer.removeprefix("http://")


@pytest.fixture
def iam(client):
    return client("iam")


@pytest.fixture
def provider(iam, issuer):
    return iam.create_open_id_connect_provider(Url=issuer.issuer, ClientIDList=["app", "other"])[
        "OpenIDConnectProviderArn"
    ]


@pytest.fixture
def make_role(iam, provider):
    def make(name="web", policy=None, actions="sts:AssumeRoleWithWebIdentity", **more):
        trust = document(Principal={"Federated": provider}, Action=actions, **more)
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy or document(Action="*", Resource="*"))
        return arn

    return make


@pytest.fixture
def assume(region):
    """assume(role, token): what anybody does, without credentials."""
    sts = boto3.client(
        "sts", endpoint_url=region.endpoint, region_name="us-east-1",
        config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
    )  # fmt: skip
    return lambda role, token, **more: sts.assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="me", WebIdentityToken=token, **more
    )


def test_a_token_becomes_a_session(make_role, provider, assume, issuer, session, account):
    answer = assume(make_role(), issuer.token())
    assert answer["SubjectFromWebIdentityToken"] == "alice"
    assert (answer["Audience"], answer["Provider"]) == ("app", provider)
    arn = f"arn:aws:sts::{account}:assumed-role/web/me"
    assert answer["AssumedRoleUser"]["Arn"] == arn
    assert session(answer, "sts").get_caller_identity()["Arn"] == arn
    assert session(answer, "iam").list_users()["Users"] == []


def test_trust_policies_ask_about_claims(make_role, assume, issuer, host, aws_error):
    role = make_role(
        Condition={
            "StringEquals": {f"{host}:aud": "app"},
            "StringLike": {f"{host}:sub": "repo:mine/*"},
            "ForAnyValue:StringEquals": {f"{host}:amr": "mfa"},
        }
    )
    good = {"sub": "repo:mine/a", "amr": ["pwd", "mfa"]}
    assert assume(role, issuer.token(**good))
    for wrong in ({"sub": "repo:other/a"}, {"aud": "other"}, {"amr": ["pwd"]}, {"amr": None}):
        assert aws_error(lambda wrong=wrong: assume(role, issuer.token(**{**good, **wrong}))) == (
            "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403,
        )  # fmt: skip


def test_a_role_that_trusts_others(make_role, iam, assume, issuer, account, aws_error):
    refused = ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)
    make_role()
    for trusted in ({"AWS": account}, {"AWS": "*"}, {"Federated": "cognito-identity.amazonaws.com"}):
        policy = document(Principal=trusted, Action="sts:AssumeRoleWithWebIdentity")
        iam.update_assume_role_policy(RoleName="web", PolicyDocument=policy)
        role = f"arn:aws:iam::{account}:role/web"
        assert aws_error(lambda role=role: assume(role, issuer.token())) == refused
    assert aws_error(lambda: assume(f"arn:aws:iam::{account}:role/none", issuer.token())) == refused


def test_what_the_session_may_do_knows_who_it_is(make_role, assume, issuer, host, session, provider, aws_error):
    policy = document(
        Action="iam:GetUser",
        Resource=f"arn:aws:iam::*:user/${{{host}:sub}}",
        Condition={"StringEquals": {"aws:FederatedProvider": provider}},
    )
    answer = assume(make_role(policy=policy), issuer.token(sub="bob"))
    assert aws_error(lambda: session(answer, "iam").get_user(UserName="bob"))[0] == "NoSuchEntity"
    assert aws_error(lambda: session(answer, "iam").get_user(UserName="ann"))[0] == "AccessDenied"


def segment(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_tokens_that_prove_nothing(make_role, assume, issuer, aws_error):
    role, token = make_role(), issuer.token()
    head, claims, signature = token.split(".")
    invalid = "InvalidIdentityToken"
    unsigned = f"{segment({'alg': 'none'})}.{claims}."
    other = f"{head}.{segment({'iss': issuer.issuer, 'sub': 'root', 'aud': 'app', 'exp': 2e9})}.{signature}"
    hmac = f"{segment({'alg': 'HS256', 'kid': 'one'})}.{claims}.{signature}"
    unknown = f"{segment({'alg': 'RS256', 'kid': 'none'})}.{claims}.{signature}"
    for wrong, text in (
        ("abcd", NO_JWT), ("a.b.c", NO_JWT), (unsigned, NO_JWT), (hmac, NO_JWT), (other, NO_KEY), (unknown, NO_KEY),
        (issuer.token(aud="stranger"), "Incorrect token audience"),
        (issuer.token(aud=None), "Missing a required claim: aud"),
        (issuer.token(sub=None), "Missing a required claim: sub"),
        (issuer.token(azp="stranger"), "Incorrect token audience"),
        (issuer.token(iss="https://unknown.example"), "No OpenIDConnect provider found in your account for https://unknown.example"),
    ):  # fmt: skip
        assert aws_error(lambda wrong=wrong: assume(role, wrong)) == (invalid, text, 400)


def test_expired_tokens(make_role, assume, issuer, aws_error):
    expired = int(time.time()) - 10
    code, text, status = aws_error(lambda: assume(make_role(), issuer.token(exp=expired)))
    assert (code, status) == ("ExpiredTokenException", 400)
    assert text.startswith("Token expired: current date/time ")
    assert text.endswith(f" must be before the expiration date/time{expired}")


def test_an_issuer_that_is_down(make_role, assume, iam, issuer, aws_error):
    gone = Provider()
    gone.rotate("one")
    arn = iam.create_open_id_connect_provider(Url=gone.issuer, ClientIDList=["app"])["OpenIDConnectProviderArn"]
    trust = document(Principal={"Federated": arn}, Action="sts:AssumeRoleWithWebIdentity")
    role = iam.create_role(RoleName="gone", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    gone.close()
    assert aws_error(lambda: assume(role, gone.token())) == ("InvalidIdentityToken", NO_KEY, 400)


def test_missing_members_are_told_before_anything_is_judged(region, account, aws_error):
    import httpx

    body = f"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::{account}:role/x"
    answer = httpx.post(region.endpoint, content=body, headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 400
    assert "ValidationError" in answer.text
    signed_only = httpx.post(
        region.endpoint,
        content="Action=GetCallerIdentity&Version=2011-06-15",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert "MissingAuthenticationToken" in signed_only.text


def test_session_tags_and_source_identity_in_tokens(make_role, assume, issuer, session, aws_error):
    said = {
        "https://aws.amazon.com/tags": {"principal_tags": {"team": ["red"]}, "transitive_tag_keys": ["team"]},
        "https://aws.amazon.com/source_identity": "ann",
    }
    plain = make_role("plain")
    assert aws_error(lambda: assume(plain, issuer.token(**said)))[1] == "Not authorized to perform sts:TagSession"
    policy = document(Action="*", Resource="*", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})
    actions = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"]
    answer = assume(make_role("tagged", policy, actions), issuer.token(**said))
    assert answer["SourceIdentity"] == "ann"
    assert answer["PackedPolicySize"] >= 1
    assert session(answer, "iam").list_users()


ACTIONS = ("sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity")


@pytest.mark.parametrize("lacking", ACTIONS)
def test_exactly_the_declared_actions_are_needed(make_role, assume, issuer, aws_error, lacking):
    said = {
        "https://aws.amazon.com/tags": {"principal_tags": {"team": ["red"]}},
        "https://aws.amazon.com/source_identity": "ann",
    }
    role = make_role(actions=[action for action in ACTIONS if action != lacking])
    refused = aws_error(lambda: assume(role, issuer.token(**said)))
    assert refused == ("AccessDenied", f"Not authorized to perform {lacking}", 403)


def test_durations_and_policies(make_role, assume, issuer, session, aws_error):
    role = make_role()
    assert aws_error(lambda: assume(role, issuer.token(), DurationSeconds=3601)) == (
        "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", 400,
    )  # fmt: skip
    answer = assume(role, issuer.token(), Policy=document(Action="iam:ListRoles", Resource="*"))
    assert session(answer, "iam").list_roles()
    assert aws_error(session(answer, "iam").list_users)[0] == "AccessDenied"


def test_no_token_is_in_a_log_or_trace(make_role, assume, issuer, region):
    token = issuer.token()
    given = assume(make_role(), token)["Credentials"]
    told = Told(region)
    assert "sts.AssumeRoleWithWebIdentity" in told
    for secret in (token, token.rpartition(".")[2], given["SecretAccessKey"], given["SessionToken"]):
        assert secret not in told
