"""The system of seed 004: applied by the real terraform, called with curl, killed, changed, destroyed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.stacks.conftest import Stack

JOY = {"user_id": "01", "name": "Joy"}


@pytest.fixture
def users(stack: Callable[[str], Stack], need: Callable[[object, str], None]) -> Stack:
    need(shutil.which("curl"), "curl")
    return stack("users-terraform")


def curl(stack: Stack, *arguments: str, path: str = "/users") -> tuple[int, Any]:
    """Status and JSON body of a call of the deployed API, as the README makes it."""
    base = stack.region.atoll("urls", "users-api").stdout.strip()
    done = subprocess.run(
        ["curl", "-sS", "-w", "\n%{http_code}", *arguments, base + path],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def post(stack: Stack, body: str) -> tuple[int, Any]:
    return curl(stack, "-X", "POST", "-H", "Content-Type: application/json", "-d", body)


def test_deploy_call_restart_kill_and_destroy(users: Stack) -> None:
    applied = users.apply()
    assert "Apply complete! Resources: 11 added, 0 changed, 0 destroyed." in applied.stdout

    assert post(users, json.dumps(JOY)) == (201, JOY)
    assert curl(users, path="/users?id=01") == (200, JOY)
    assert curl(users, path="/users?id=99") == (404, {"error": "there is no user 99"})
    assert curl(users) == (400, {"error": "the query parameter id must be 1 to 64 letters, digits, - or _"})
    assert post(users, '{"user_id": "02"}') == (400, {"error": "name must be a text of 1 to 200 characters"})
    assert post(users, "{") == (400, {"error": "the body must be JSON"})
    assert curl(users, "-X", "DELETE") == (404, {"message": "Not Found"})
    assert curl(users, path="/elsewhere") == (404, {"message": "Not Found"})
    assert users.plan_is_empty()
    log = users.region.atoll("logs", "users-api").stdout
    assert "created user 01" in log
    assert "REPORT RequestId:" in log

    assert users.region.stop() == 0
    users.region.start()
    assert curl(users, path="/users?id=01") == (200, JOY)

    users.region.kill()
    users.region.start()
    assert curl(users, path="/users?id=01") == (200, JOY)
    assert users.plan_is_empty()

    users.destroy()
    assert_nothing_left(users)


def test_kill_in_the_middle_of_an_apply(users: Stack) -> None:
    """Killed between two calls: what it had made is there, and the next apply completes.

    Terraform is stopped before the kill and what it had asked is answered: a change that was made but never answered for would leave it
    with "already exists", as on AWS. So the moment does not depend on how busy this machine is.
    """
    command = [
        shutil.which("terraform"),
        f"-chdir={users.directory}",
        "apply",
        "-auto-approve",
        "-input=false",
        "-no-color",
    ]
    environment = users.region.env(
        AWS_ENDPOINT_URL=users.region.endpoint,
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_REGION="us-east-1",
    )
    with (users.directory / "first-apply.log").open("w") as log:
        apply = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(lambda: "lambda.CreateFunction" in users.region.log.read_text())
        os.killpg(apply.pid, signal.SIGSTOP)
        users.region.client("sts").get_caller_identity()
        users.region.kill()
        users.region.start()
    finally:
        os.killpg(apply.pid, signal.SIGCONT)
        apply.wait(timeout=200)
        print((users.directory / "first-apply.log").read_text(), users.region.log.read_text(), sep="\n")
    users.apply()
    assert post(users, json.dumps(JOY)) == (201, JOY)
    assert users.plan_is_empty()


def test_least_privilege_holds(users: Stack) -> None:
    """Code swapped in to call DeleteItem is denied with AWS's text: the role allows PutItem and GetItem only."""
    users.edit("lambda.py", "TABLE.put_item(Item=user)", 'TABLE.delete_item(Key={"user_id": user_id})')
    users.apply()
    assert post(users, json.dumps(JOY)) == (500, {"message": "Internal Server Error"})
    log = users.region.atoll("logs", "users-api").stdout
    expected = (
        "An error occurred (AccessDeniedException) when calling the DeleteItem operation: "
        "User: arn:aws:sts::000000000000:assumed-role/users-api-function/users-api is not authorized to perform: dynamodb:DeleteItem "
        "on resource: arn:aws:dynamodb:us-east-1:000000000000:table/users "
        "because no identity-based policy allows the dynamodb:DeleteItem action"
    )
    assert expected in log

    users.edit("lambda.py", 'TABLE.delete_item(Key={"user_id": user_id})', "TABLE.put_item(Item=user)")
    assert "0 added, 1 changed, 0 destroyed" in users.apply().stdout
    assert post(users, json.dumps(JOY)) == (201, JOY)


def test_changes_take_effect_in_place(users: Stack) -> None:
    """Terraform's updates: tags, time to live, recovery, policy, function settings and code, a route's key."""
    users.apply()
    users.edit(
        "main.tf",
        '  hash_key     = "user_id"\n',
        '  hash_key     = "user_id"\n  tags         = { team = "users" }\n'
        '  ttl {\n    attribute_name = "expires"\n    enabled        = true\n  }\n'
        "  point_in_time_recovery {\n    enabled = true\n  }\n",
    )
    users.edit("main.tf", '"dynamodb:GetItem"]', '"dynamodb:GetItem", "dynamodb:DeleteItem"]')
    users.edit(
        "main.tf",
        "  timeout          = 10\n",
        '  timeout          = 20\n  memory_size      = 256\n  tags             = { team = "users" }\n',
    )
    users.edit("main.tf", '"POST /users"', '"PUT /users"')
    users.edit("lambda.py", 'method == "POST"', 'method == "PUT"')
    users.apply()
    assert users.plan_is_empty()
    assert curl(users, "-X", "PUT", "-d", json.dumps(JOY)) == (201, JOY)
    function = users.region.client("lambda").get_function(FunctionName="users-api")
    assert function["Configuration"]["Timeout"] == 20
    assert function["Tags"] == {"team": "users"}
    users.destroy()
    assert_nothing_left(users)


def assert_nothing_left(stack: Stack) -> None:
    region = stack.region
    assert region.client("dynamodb").list_tables()["TableNames"] == []
    assert region.client("lambda").list_functions()["Functions"] == []
    assert region.client("apigatewayv2").get_apis()["Items"] == []
    assert region.client("iam").list_roles()["Roles"] == []
    assert region.client("iam").list_policies(Scope="Local")["Policies"] == []


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
