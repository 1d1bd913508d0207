"""The API half of the system of seed 000: applied by the real terraform, called with curl, changed, destroyed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.stacks.conftest import Stack

UNKNOWN = (403, '{"message":"Missing Authentication Token"}')


@pytest.fixture
def college(stack: Callable[[str], Stack], need: Callable[[object, str], None]) -> Stack:
    need(shutil.which("curl"), "curl")
    return stack("college")


def curl(stack: Stack, *arguments: str, path: str = "/example") -> tuple[int, str]:
    """Status and body of a call of the deployed API, as the README makes it."""
    base = stack.region.atoll("urls", "example_api").stdout.strip()
    command = ["curl", "-sS", "-w", "\n%{http_code}", *arguments, base + path]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def test_deploy_call_change_restart_and_destroy(college: Stack) -> None:
    applied = college.apply()
    assert "Apply complete! Resources: 10 added, 0 changed, 0 destroyed." in applied.stdout
    assert curl(college) == (200, '"Hello from Lambda!"')
    assert curl(college, path="/elsewhere") == UNKNOWN
    assert curl(college, "-X", "POST") == UNKNOWN
    assert college.plan_is_empty()

    college.edit("main.tf", 'path_part   = "example"', 'path_part   = "hello"')
    college.apply()
    assert curl(college, path="/hello") == (200, '"Hello from Lambda!"')
    assert curl(college) == UNKNOWN

    college.region.kill()
    college.region.start()
    assert curl(college, path="/hello") == (200, '"Hello from Lambda!"')
    assert college.plan_is_empty()

    college.destroy()
    assert college.region.client("apigateway").get_rest_apis()["items"] == []
    assert college.region.client("lambda").list_functions()["Functions"] == []
    assert college.region.client("iam").list_roles()["Roles"] == []
