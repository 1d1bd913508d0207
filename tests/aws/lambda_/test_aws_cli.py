"""The aws CLI as a client: functions from files, waiters, the tail of a log, pages, the package back."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import package


@pytest.fixture
def aws(region: Any, account: str, tmp_path: Path, need: Callable[[object, str], None]) -> Callable[[str], Any]:
    """`aws("lambda list-functions")`: what the command answers, run where the test's files are."""
    need(shutil.which("aws"), "aws")
    keys = {"AWS_ENDPOINT_URL": region.endpoint, "AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "test"}

    def run(command: str) -> Any:
        done = subprocess.run(
            ["aws", "--output", "json", *command.split()], cwd=tmp_path, env=region.env(AWS_DEFAULT_REGION="us-east-1", **keys),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")

    return run


def test_a_function_from_a_file(
    aws: Callable[[str], Any], role: str, tmp_path: Path, need: Callable[[object, str], None]
) -> None:
    need(shutil.which("curl"), "curl")
    (tmp_path / "app.zip").write_bytes(package("def handler(event, context):\n    print('seen')\n    return event\n"))
    (tmp_path / "event.json").write_text('{"n": "☃"}')
    given = f"--runtime python3.11 --handler app.handler --role {role} --zip-file fileb://app.zip"
    for name in ("one", "two"):
        aws(f"lambda create-function --function-name {name} {given}")
    aws("lambda wait function-active-v2 --function-name one")

    answer = aws("lambda invoke --function-name one --payload fileb://event.json --log-type Tail out.json")
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "\nseen\n" in base64.b64decode(answer["LogResult"]).decode()
    assert json.loads((tmp_path / "out.json").read_text()) == {"n": "☃"}

    assert aws("lambda publish-version --function-name one")["Version"] == "1"
    aws("lambda wait published-version-active --function-name one --qualifier 1")

    first = aws("lambda list-functions --max-items 1")
    rest = aws(f"lambda list-functions --starting-token {first['NextToken']}")
    assert [one["FunctionName"] for one in first["Functions"] + rest["Functions"]] == ["one", "two"]

    location = aws("lambda get-function --function-name one --query Code.Location")
    subprocess.run(["curl", "-sSf", "-o", tmp_path / "again.zip", location], check=True)
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "app.zip").read_bytes()
