"""Credentials that SDKs and the aws CLI get by themselves: from profiles with a role, MFA or a token file, and from the environment."""

from __future__ import annotations

import json
import shutil
import subprocess

import boto3
import botocore.session
import pytest
from tests.oidc import Provider
from tests.totp import Phone, to_the_next_step


def document(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


@pytest.fixture
def iam(own, account):
    return own.client("iam", key=account)


@pytest.fixture
def surroundings(own, tmp_path, monkeypatch):
    """surroundings(config, **environment): what the SDK finds; nothing else of this machine's."""

    def set_up(config="", **environment):
        (tmp_path / "config").write_text(config)
        (tmp_path / "none").write_text("")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        found = {
            "AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
            "AWS_ENDPOINT_URL": own.endpoint, "AWS_DEFAULT_REGION": "us-east-1", **environment,
        }  # fmt: skip
        for name, value in found.items():
            monkeypatch.setenv(name, value)

    return set_up


@pytest.fixture
def web(iam, account, tmp_path):
    """A role for an issuer's tokens, and a file with one: (role ARN, file)."""
    issuer = Provider()
    issuer.rotate("one")
    arn = iam.create_open_id_connect_provider(Url=issuer.issuer, ClientIDList=["app"])["OpenIDConnectProviderArn"]
    trust = document(Principal={"Federated": arn}, Action="sts:AssumeRoleWithWebIdentity")
    role = iam.create_role(RoleName="web", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    file = tmp_path / "token"
    file.write_text(issuer.token())
    yield role, str(file)
    issuer.close()


def test_a_role_and_a_token_file_in_the_environment(web, surroundings, account):
    role, file = web
    surroundings(AWS_ROLE_ARN=role, AWS_WEB_IDENTITY_TOKEN_FILE=file, AWS_ROLE_SESSION_NAME="pod")
    arn = f"arn:aws:sts::{account}:assumed-role/web/pod"
    assert boto3.Session().client("sts").get_caller_identity()["Arn"] == arn


def test_a_profile_with_a_token_file(web, surroundings, account):
    role, file = web
    surroundings(f"[profile ci]\nrole_arn = {role}\nweb_identity_token_file = {file}\nrole_session_name = ci\n")
    session = boto3.Session(profile_name="ci")
    assert session.client("sts").get_caller_identity()["Arn"] == f"arn:aws:sts::{account}:assumed-role/web/ci"


def test_the_aws_cli_with_tokens(web, surroundings, account, need):
    need(shutil.which("aws"), "aws")
    role, file = web
    surroundings(AWS_ROLE_ARN=role, AWS_WEB_IDENTITY_TOKEN_FILE=file, AWS_ROLE_SESSION_NAME="pod")
    arn = f"arn:aws:sts::{account}:assumed-role/web/pod"
    assert cli("get-caller-identity")["Arn"] == arn
    given = ["--role-arn", role, "--role-session-name", "pod", "--web-identity-token", f"file://{file}"]
    answer = cli("assume-role-with-web-identity", *given)
    assert (answer["AssumedRoleUser"]["Arn"], answer["SubjectFromWebIdentityToken"]) == (arn, "alice")


def cli(*arguments):
    done = subprocess.run(
        ["aws", "--output", "json", "sts", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_profile_that_assumes_roles_one_by_another_and_asks_for_mfa(own, iam, surroundings, account):
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="ann")["VirtualMFADevice"]
    phone = Phone(own, device["Base32StringSeed"])
    to_the_next_step(own)
    iam.enable_mfa_device(UserName="ann", SerialNumber=device["SerialNumber"], **phone.pair())
    to_the_next_step(own)
    with_mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "StringEquals": {"sts:ExternalId": "shop"}}
    ann = f"arn:aws:iam::{account}:user/ann"
    trust = document(Principal={"AWS": ann}, Action="sts:AssumeRole", Condition=with_mfa)
    first = iam.create_role(RoleName="first", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    trust = document(Principal={"AWS": first}, Action="sts:AssumeRole")
    second = iam.create_role(RoleName="second", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    surroundings(
        f"[profile ann]\naws_access_key_id = {key['AccessKeyId']}\naws_secret_access_key = {key['SecretAccessKey']}\n"
        f"[profile first]\nrole_arn = {first}\nsource_profile = ann\nmfa_serial = {device['SerialNumber']}\n"
        "external_id = shop\n"
        f"[profile second]\nrole_arn = {second}\nsource_profile = first\nrole_session_name = end\n"
    )
    session = botocore.session.Session(profile="second")
    provider = session.get_component("credential_provider").get_provider("assume-role")
    provider._prompter = lambda _question: phone.code()  # what a person types
    client = session.create_client("sts")
    assert client.get_caller_identity()["Arn"] == f"arn:aws:sts::{account}:assumed-role/second/end"
