"""`atoll aws …`: the real aws CLI, pointed at the region."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Region


@pytest.fixture(autouse=True)
def _aws(need: Any) -> None:
    need(shutil.which("aws"), "aws")


def test_aws_calls_the_region(own: Region) -> None:
    made = own.atoll("aws", "logs", "create-log-group", "--log-group-name", "g")
    assert made.stdout == ""
    listed = own.atoll("aws", "logs", "describe-log-groups", "--query", "logGroups[].logGroupName")
    assert json.loads(listed.stdout) == ["g"]
    assert json.loads(own.atoll("aws", "sts", "get-caller-identity").stdout)["Account"] == "000000000000"


def test_the_callers_keys_and_region_stay(own: Region) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "123456789012", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "eu-west-1"}
    made = own.atoll("aws", "logs", "create-log-group", "--log-group-name", "g", **keys)
    assert made.returncode == 0
    groups = own.client("logs", key="123456789012", region="eu-west-1").describe_log_groups()["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["g"]


def test_nothing_points_it_elsewhere(own: Region, tmp_path: Path) -> None:
    """A profile or a variable for one service could send a command to AWS with real keys."""
    (tmp_path / "config").write_text("[profile real]\nregion = us-west-2\nendpoint_url = http://127.0.0.1:9\n")
    elsewhere = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_PROFILE": "real",
        "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    }
    assert json.loads(own.atoll("aws", "sts", "get-caller-identity", **elsewhere).stdout)["Account"] == "000000000000"


def test_exit_status_input_and_help_are_its_own(own: Region) -> None:
    failed = own.atoll("aws", "dynamodb", "describe-table", "--table-name", "missing", check=False)
    assert failed.returncode in (254, 255)
    assert "(ResourceNotFoundException)" in failed.stderr
    usage = own.atoll("aws", "no-such-service", check=False)
    assert usage.returncode in (2, 252)
    assert (
        "GET-CALLER-IDENTITY"
        in own.atoll("aws", "sts", "get-caller-identity", "help", PAGER="cat", AWS_PAGER="cat").stdout
    )


def test_without_aws_or_a_region(own: Region) -> None:
    missing = own.atoll("aws", "sts", "get-caller-identity", check=False, PATH="/nowhere")
    assert missing.returncode == 1
    assert missing.stderr.startswith("error: aws is not installed (or not on PATH).\nhttps://docs.aws.amazon.com/cli/")
    nobody = own.atoll("aws", "sts", "get-caller-identity", check=False, ATOLL_PORT="1")
    assert nobody.stderr.startswith("error: No region is running")
