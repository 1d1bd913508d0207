"""The system of seed 000 as far as it is here (a REST API, Cognito's custom authentication flow): applied by the real terraform, called
with curl and boto3, changed, destroyed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from tests.curl import curl

if TYPE_CHECKING:
    from tests.stacks.conftest import Stack

UNKNOWN = (403, '{"message":"Missing Authentication Token"}')


@pytest.fixture
def college(stack: Callable[[str], Stack], need: Callable[[object, str], None]) -> Stack:
    need(shutil.which("curl"), "curl")
    return stack("college")


def call(stack: Stack, *arguments: str, path: str = "/example") -> tuple[int, str]:
    """Status and body of a call of the deployed API, as the README makes it."""
    return curl(stack.region.atoll("urls", "example_api").stdout.strip() + path, *arguments)


def students(stack: Stack) -> None:
    """A student signs in through the custom authentication flow, and others do not: the README's client."""
    pool, client = (stack.run("output", "-raw", name).stdout for name in ("user_pool_id", "client_id"))
    idp = stack.region.client("cognito-idp")
    word = [{"Name": "custom:word", "Value": "lighthouse"}]
    for name, attributes in (("joy", word), ("max", [])):
        idp.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS", UserAttributes=attributes)
        idp.admin_set_user_password(UserPoolId=pool, Username=name, Password="Never-Used-1", Permanent=True)

    def sign_in(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "AWS_ENDPOINT_URL": stack.region.endpoint, "CLIENT_ID": client}
        command = [sys.executable, stack.directory / "sign_in.py", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    question = "What is the word that you chose when you enrolled?"
    done = sign_in("joy", "harbour", "lighthouse")
    asked = [f"{question} ({left} tries left)" for left in (3, 2, 1)]
    assert done.stdout.splitlines() == [*asked[:2], "signed in: joy"], done.stderr
    for name in ("joy", "max", "nobody"):
        refused = sign_in(name, "a", "b", "c")
        assert (refused.returncode, refused.stderr) == (1, "Incorrect username or password.\n"), name
    logs = stack.region.atoll("logs", "college_verify_auth_challenge").stdout
    assert "START RequestId" in logs
    assert "lighthouse" not in logs


def test_deploy_call_change_restart_and_destroy(college: Stack) -> None:
    applied = college.apply()
    assert "Apply complete! Resources: 18 added, 0 changed, 0 destroyed." in applied.stdout
    assert call(college) == (200, '"Hello from Lambda!"')
    assert call(college, path="/elsewhere") == UNKNOWN
    assert call(college, "-X", "POST") == UNKNOWN
    assert college.plan_is_empty()

    students(college)
    college.edit("main.tf", 'path_part   = "example"', 'path_part   = "hello"')
    college.apply()
    assert call(college, path="/hello") == (200, '"Hello from Lambda!"')
    assert call(college) == UNKNOWN

    college.region.kill()
    college.region.start()
    assert call(college, path="/hello") == (200, '"Hello from Lambda!"')
    assert college.plan_is_empty()

    college.destroy()
    assert college.region.client("apigateway").get_rest_apis()["items"] == []
    assert college.region.client("lambda").list_functions()["Functions"] == []
    assert college.region.client("iam").list_roles()["Roles"] == []
