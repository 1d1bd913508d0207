"""The system of seed 001: applied by the real terraform, used with the aws CLI, curl and Node.js, changed, destroyed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.curl import curl

if TYPE_CHECKING:
    from tests.stacks.conftest import Stack

PASSWORD = "Secret-Word-1"


class Users:
    """Who signs up and in, as the README does it: with `atoll aws` and `atoll mail`."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.client_id = stack.run("output", "-raw", "client_id").stdout

    def idp(self, *arguments: str) -> Any:
        done = self.stack.region.atoll("aws", "cognito-idp", *arguments, "--output", "json")
        return json.loads(done.stdout or "null")

    def sign_up(self, name: str) -> None:
        self.idp("sign-up", "--client-id", self.client_id, "--username", name, "--password", PASSWORD)
        (mail,) = json.loads(self.stack.region.atoll("mail", "--to", name, "--json").stdout)
        code = next(word.strip(".") for word in mail["body"].split() if word.strip(".").isdecimal())
        self.idp("confirm-sign-up", "--client-id", self.client_id, "--username", name, "--confirmation-code", code)

    def token(self, name: str) -> str:
        answer = self.idp(
            "initiate-auth", "--client-id", self.client_id, "--auth-flow", "USER_PASSWORD_AUTH",
            "--auth-parameters", f"USERNAME={name},PASSWORD={PASSWORD}",
        )  # fmt: skip
        return str(answer["AuthenticationResult"]["IdToken"])


@pytest.fixture
def jwt_api(stack: Callable[[str], Stack], need: Callable[[object, str], None]) -> Stack:
    need(shutil.which("curl"), "curl")
    need(shutil.which("node"), "node")
    need(shutil.which("aws"), "the aws CLI")
    return stack("jwt-api")


def forged(token: str) -> dict[str, str]:
    """Tokens that say what a good one says, and are not the pool's."""
    head, body, signature = token.split(".")
    claims = pyjwt.decode(token, options={"verify_signature": False})
    key = rsa.generate_private_key(65537, 2048)
    return {
        "wrong signature": f"{head}.{body}.{signature[:-4]}AAAA",
        "foreign key": pyjwt.encode(claims, key, "RS256", headers={"kid": pyjwt.get_unverified_header(token)["kid"]}),
        "alg=none": pyjwt.encode(claims, "", "none"),
        "no token": "hello",
    }


def test_deploy_sign_up_use_change_and_destroy(jwt_api: Stack) -> None:
    applied = jwt_api.apply()
    assert "Apply complete! Resources: 19 added, 0 changed, 0 destroyed." in applied.stdout
    with zipfile.ZipFile(jwt_api.directory / "lambda_function.zip") as package:
        assert package.namelist() == ["index.mjs"]
    api = jwt_api.region.atoll("urls", "MyAPIGateway").stdout.strip()
    assert curl(f"{api}/health") == (200, '{"healthy":true}')

    users = Users(jwt_api)
    for name in ("joy@example.com", "max@example.com"):
        users.sign_up(name)
    joy, max_ = users.token("joy@example.com"), users.token("max@example.com")
    for path in ("", "/custom"):
        crud(f"{api}{path}/items", f"Authorization: {joy}", f"Authorization: Bearer {max_}")
        for name, token in forged(joy).items():
            refused = (401, '{"message":"Unauthorized"}') if not path else (403, '{"message":"Forbidden"}')
            assert curl(f"{api}{path}/items", "-H", f"Authorization: {token}") == refused, (path, name)
        assert curl(f"{api}{path}/items") == (401, '{"message":"Unauthorized"}')
    assert jwt_api.plan_is_empty()

    made = node(jwt_api, api, users.client_id)
    assert made.stdout.splitlines()[-1] == "[ ] learn to dive", made.stderr

    jwt_api.region.kill()
    jwt_api.region.start()
    assert curl(f"{api}/items", "-H", f"Authorization: {joy}")[0] == 200
    assert curl(f"{api}/custom/items", "-H", f"Authorization: {joy}")[0] == 200
    httpx.post(f"{jwt_api.region.endpoint}/_atoll/clock", json={"advance": "61m"}, timeout=60).raise_for_status()
    assert curl(f"{api}/items", "-H", f"Authorization: {joy}") == (401, '{"message":"Unauthorized"}')
    assert curl(f"{api}/items", "-H", f"Authorization: {users.token('joy@example.com')}")[0] == 200

    (jwt_api.directory / "api" / "index.mjs").chmod(0o600)  # as somebody with another umask has it
    assert jwt_api.plan_is_empty()
    jwt_api.edit("main.tf", "minimum_length                   = 10", "minimum_length                   = 12")
    assert "0 added, 1 changed, 0 destroyed" in jwt_api.apply().stdout
    assert jwt_api.plan_is_empty()

    jwt_api.destroy()
    assert jwt_api.region.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"] == []
    assert jwt_api.region.client("lambda").list_functions()["Functions"] == []
    assert jwt_api.region.client("dynamodb").list_tables()["TableNames"] == []
    assert jwt_api.region.client("iam").list_roles()["Roles"] == []


def crud(items: str, own: str, others: str) -> None:
    """Everything that a user can do with an item, and that another cannot."""
    status, text = curl(items, "-H", own, "-d", '{"title": "learn to sail"}')
    assert status == 201
    made = json.loads(text)
    item = f"{items}/{made['id']}"
    assert made["title"] == "learn to sail"
    assert json.loads(curl(items, "-H", own)[1]) == {"items": [made]}
    assert curl(item, "-H", own) == (200, text)
    missing = (404, json.dumps({"error": f"there is no item {made['id']}"}, separators=(",", ":")))
    assert curl(items, "-H", others) == (200, '{"items":[]}')
    assert curl(item, "-H", others) == missing
    assert curl(item, "-H", others, "-X", "PUT", "-d", '{"title": "mine"}') == missing
    assert curl(item, "-H", others, "-X", "DELETE") == missing
    changed = curl(item, "-H", own, "-X", "PUT", "-d", '{"title": "sail", "done": true}')
    assert (changed[0], json.loads(changed[1])) == (200, {**made, "title": "sail", "done": True})
    assert curl(items, "-H", own, "-d", "{}") == (400, '{"error":"an item is an object with a title"}')
    assert curl(item, "-H", own, "-X", "DELETE") == (204, "")
    assert curl(item, "-H", own) == missing


def node(stack: Stack, api: str, client_id: str) -> subprocess.CompletedProcess[str]:
    """The README's client, with the SDK from npm."""
    subprocess.run(["npm", "install", "--no-audit", "--no-fund"], cwd=stack.directory, check=True, capture_output=True)
    environment = {**os.environ, "AWS_ENDPOINT_URL": stack.region.endpoint, "API": api, "CLIENT_ID": client_id}
    return subprocess.run(
        ["node", "client.mjs", "joy@example.com", PASSWORD, "learn to dive"],
        cwd=stack.directory, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
