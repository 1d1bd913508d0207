"""The real aws CLI for tests."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

Cli = Callable[..., Any]


@pytest.fixture
def aws_cli(region: Any, account: str, need: Callable[[object, str], None]) -> Cli:
    """`aws_cli("apigateway", "create-rest-api", "--name", "a")`: what the command answers, None where it says nothing."""
    need(shutil.which("aws"), "aws")
    keys = {"AWS_ENDPOINT_URL": region.endpoint, "AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "test"}

    def run(*arguments: str) -> Any:
        done = subprocess.run(
            ["aws", "--output", "json", *arguments], env=region.env(AWS_DEFAULT_REGION="us-east-1", **keys),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")

    return run
