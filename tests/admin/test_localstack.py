"""`/_localstack/health` and its kind, for tools that poll them; and who may call what changes something."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import pytest

from atoll import __version__

if TYPE_CHECKING:
    from tests.conftest import Region

    from .conftest import Owner


@pytest.mark.parametrize("path", ["/_localstack/health", "/health"])
def test_health(own: Region, path: str) -> None:
    answer = httpx.get(own.endpoint + path)
    assert answer.status_code == 200
    facts = answer.json()
    assert facts["services"] == dict.fromkeys(
        (
            "apigateway",
            "apigatewayv2",
            "cognito-identity",
            "cognito-idp",
            "dynamodb",
            "dynamodbstreams",
            "iam",
            "lambda",
            "logs",
            "sts",
        ),
        "available",
    )
    assert (facts["edition"], facts["version"]) == ("community", __version__)
    head = httpx.head(own.endpoint + path)
    assert (head.status_code, head.content) == (200, b"")


def test_scripts_that_grep_find_what_they_look_for(own: Region) -> None:
    found = subprocess.run(
        f"""curl -s {own.endpoint}/_localstack/health | grep -q '"dynamodb": "available"'""", shell=True, check=False
    )
    assert found.returncode == 0


def test_info_says_nothing_of_the_machine(own: Region) -> None:
    facts = httpx.get(f"{own.endpoint}/_localstack/info").json()
    assert (facts["version"], facts["edition"], facts["is_license_activated"]) == (__version__, "community", False)
    assert facts["machine_id"] == ""


def test_init(own: Region) -> None:
    assert httpx.get(f"{own.endpoint}/_localstack/init").json()["completed"]["READY"] is True
    assert httpx.get(f"{own.endpoint}/_localstack/init/ready").json() == {
        "stage": "READY", "completed": True, "scripts": [],
    }  # fmt: skip
    assert httpx.get(f"{own.endpoint}/_localstack/init/lunch").status_code == 404


def test_what_is_not_known_says_what_is(own: Region) -> None:
    for answer in (httpx.get(f"{own.endpoint}/_localstack/diagnose"), httpx.post(f"{own.endpoint}/_atoll/status")):
        assert answer.status_code == 404
        assert "/_atoll/clock" in answer.json()["message"]
    assert httpx.put(f"{own.endpoint}/_atoll/clock", content=b"{}").status_code == 405


def test_harmless_answers_have_the_ecosystems_names_too(own: Region) -> None:
    for host, allowed in (
        ("localhost:4566", True),
        ("127.0.0.1", True),
        ("localhost.localstack.cloud:4566", True),
        ("evil.example", False),
    ):
        for path in ("/_localstack/health", "/_localstack/info", "/health"):
            assert (httpx.get(own.endpoint + path, headers={"host": host}).status_code == 200) == allowed


@pytest.mark.parametrize("path", ["/_localstack/state/reset", "/_atoll/reset", "/_atoll/clock"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"host": "evil.example"},
        {"host": "localhost.localstack.cloud:4566"},
    ],
    ids=str,
)
def test_no_page_of_another_site_changes_anything(owner: Owner, path: str, headers: dict[str, str]) -> None:
    owner.client("logs").create_log_group(logGroupName="g")
    before = httpx.get(f"{owner.region.endpoint}/_atoll/clock").json()["offset"]
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/json"):
        body = b'{"advance": 1000}' if path.endswith("clock") else b""
        answer = httpx.post(
            owner.region.endpoint + path, content=body, headers={"content-type": content_type, **headers}
        )
        assert answer.status_code == 403
    assert owner.held() == {"logs": 1}
    assert httpx.get(f"{owner.region.endpoint}/_atoll/clock").json()["offset"] == pytest.approx(before, abs=1)


def test_nothing_is_changed_by_getting(own: Region) -> None:
    """An <img> or a link can only GET."""
    for path in ("/_localstack/state/reset", "/_atoll/reset"):
        assert httpx.get(own.endpoint + path).status_code == 404


def test_tools_reset_the_state(owner: Owner) -> None:
    owner.table("users")
    assert httpx.post(f"{owner.region.endpoint}/_localstack/state/reset").status_code == 200
    assert owner.held() == {}


def test_a_signed_request_for_a_bucket_called_health_is_not_the_admin_apis(
    own: Region, aws_error: Callable[..., tuple[str, str, int]]
) -> None:
    assert aws_error(lambda: own.client("s3").list_objects_v2(Bucket="health"))[0] == "NotImplemented"
