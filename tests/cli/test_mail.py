"""`atoll mail` and `/_atoll/mail`, as people and programs meet them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore import UNSIGNED
from botocore.config import Config

if TYPE_CHECKING:
    from tests.conftest import Region

PASSWORD = "Correct-Horse-7"


@pytest.fixture
def sign_up(own: Region, account: str) -> Any:
    """`sign_up("ada")`: a sign-up in the account, whose code goes to ada@example.com."""
    httpx.post(f"{own.endpoint}/_atoll/mail/clear").raise_for_status()
    idp = own.client("cognito-idp", key=account)
    pool_id = idp.create_user_pool(PoolName="people", AutoVerifiedAttributes=["email"])["UserPool"]["Id"]
    client_id = idp.create_user_pool_client(UserPoolId=pool_id, ClientName="app")["UserPoolClient"]["ClientId"]
    anyone = boto3.client("cognito-idp", endpoint_url=own.endpoint, region_name="us-east-1",
                          config=Config(signature_version=UNSIGNED))  # fmt: skip

    def make(name: str) -> None:
        given = [{"Name": "email", "Value": f"{name}@example.com"}]
        anyone.sign_up(ClientId=client_id, Username=name, Password=PASSWORD, UserAttributes=given)

    return make


def test_an_empty_mailbox(own: Region, sign_up: Any) -> None:
    assert own.atoll("mail").stdout == "The mailbox is empty.\n"
    assert json.loads(own.atoll("mail", "list", "--json").stdout) == []
    shown = own.atoll("mail", "show", "1", check=False)
    assert (shown.returncode, shown.stderr) == (1, "error: The mailbox is empty.\n")


def test_list_and_show(own: Region, sign_up: Any, account: str) -> None:
    for name in ("ada", "eve"):
        sign_up(name)
    first, second = own.atoll("mail").stdout.splitlines()
    assert first.split()[0] == "1"
    assert "eve@example.com" in first
    assert "Your verification code  Your confirmation code is " in first
    assert "ada@example.com" in second
    assert own.atoll("mail", "list", "--to", "ADA@example.com").stdout.count("\n") == 1
    shown = own.atoll("mail", "show", "2").stdout.splitlines()
    assert shown[0] == "To:      ada@example.com"
    assert shown[1] == "From:    no-reply@verificationemail.com"
    assert shown[3] == "Subject: Your verification code"
    assert shown[4].startswith("Cause:   arn:aws:cognito-idp:us-east-1:")
    assert shown[4].endswith(" CustomMessage_SignUp")
    assert shown[6].startswith("Your confirmation code is ")
    assert own.atoll("mail", "--to", "bob@example.com").stdout == "There is no message to bob@example.com.\n"
    (message,) = json.loads(own.atoll("mail", "--to", "ada@example.com", "--json").stdout)
    assert (message["account"], message["kind"], message["html"]) == (account, "email", True)
    failed = own.atoll("mail", "show", "3", check=False)
    assert failed.stderr == "error: There are only 2.\n"


def test_wait_for_the_next_message(own: Region, sign_up: Any) -> None:
    sign_up("ada")
    command = [sys.executable, "-m", "atoll", "mail", "--wait", "--json", "--to", "eve@example.com"]
    with subprocess.Popen(command, env=own.env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as waiting:
        assert waiting.stderr
        assert "Waiting for a message" in waiting.stderr.readline()
        sign_up("eve")
        output, _ = waiting.communicate(timeout=120)
    assert json.loads(output)["to"] == "eve@example.com"


def test_clear(own: Region, sign_up: Any) -> None:
    sign_up("ada")
    assert own.atoll("mail", "clear").stdout == "The mailbox is empty.\n"
    assert httpx.get(f"{own.endpoint}/_atoll/mail").json() == {"messages": []}


def test_the_admin_api(own: Region, sign_up: Any, account: str) -> None:
    for name in ("ada", "eve"):
        sign_up(name)
    url = f"{own.endpoint}/_atoll/mail"
    assert [one["to"] for one in httpx.get(url).json()["messages"]] == ["eve@example.com", "ada@example.com"]
    assert len(httpx.get(url, params={"limit": "1"}).json()["messages"]) == 1
    assert len(httpx.get(url, params={"account": account, "to": "ada@example.com"}).json()["messages"]) == 1
    for wrong, message in (
        ({"limit": "all"}, "The limit is a number: /_atoll/mail?limit=100."),
        ({"account": "me"}, "An account is twelve digits, not 'me'."),
        ({"from": "me"}, "There is no 'from' here; there is to, account, limit: /_atoll/mail?to=…."),
    ):
        refused = httpx.get(url, params=wrong)
        assert (refused.status_code, refused.json()["message"]) == (400, message)
    assert httpx.delete(url, params={"account": "000000000000"}).json() == {"cleared": "000000000000"}
    assert len(httpx.get(url).json()["messages"]) == 2
    assert httpx.delete(url).json() == {"cleared": "region"}
    assert httpx.get(url).json() == {"messages": []}
