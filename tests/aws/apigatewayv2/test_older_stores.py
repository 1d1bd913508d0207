"""A data directory in which an older Atoll left HTTP APIs opens with this one: they are shown, answer, change and go as if made today.

`tests/data/stores/http-apis` was recorded with Atoll as it was before it had REST and WebSocket APIs and authorizers (commit 255cb1f):
`shown.json` is what that one answered. The directory is never made again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.conftest import Region

STORE = Path(__file__).parents[2] / "data" / "stores" / "http-apis"
ACCOUNT = "123456789012"
SHOWN = json.loads((STORE / "shown.json").read_text())
API = SHOWN["api"]


@pytest.fixture
def older(new_region: Callable[..., Region], tmp_path: Path) -> Region:
    """A region that was an older Atoll's."""
    return new_region(data_dir=shutil.copytree(STORE, tmp_path / "older"))


def shown(gateway: Any) -> dict[str, Any]:
    """What is shown of the two APIs, by the names in shown.json."""
    quick = next(api["ApiId"] for api in gateway.get_apis()["Items"] if api["Name"] == "quick")
    answers = {
        "api": gateway.get_api(ApiId=API),
        "apis": gateway.get_apis(),
        "routes": gateway.get_routes(ApiId=API),
        "integrations": gateway.get_integrations(ApiId=API),
        "stages": gateway.get_stages(ApiId=API),
        "deployments": gateway.get_deployments(ApiId=API),
        "tags": gateway.get_tags(ResourceArn=f"arn:aws:apigateway:us-east-1::/apis/{API}"),
        "quick": gateway.get_api(ApiId=quick),
        "quick-routes": gateway.get_routes(ApiId=quick),
        "quick-stages": gateway.get_stages(ApiId=quick),
        "quick-integrations": gateway.get_integrations(ApiId=quick),
    }
    for answer in answers.values():
        del answer["ResponseMetadata"]
    plain: dict[str, Any] = json.loads(json.dumps(answers, default=str))
    return plain


def calls(region: Region) -> dict[str, list[Any]]:
    """Status, body and CORS header of the answer to each path in shown.json."""
    headers = {"Host": f"{API}.execute-api.us-east-1.amazonaws.com", "Origin": "https://a.example"}
    answers = {path: httpx.get(f"{region.endpoint}/{path}", headers=headers, timeout=60) for path in SHOWN["calls"]}
    return {
        path: [answer.status_code, answer.text, answer.headers.get("access-control-allow-origin")]
        for path, answer in answers.items()
    }


def test_http_apis_of_an_older_atoll_are_shown_and_answer_and_change_and_go(older: Region) -> None:
    gateway = older.client("apigatewayv2", key=ACCOUNT)
    assert shown(gateway) == SHOWN["shown"]
    assert calls(older) == SHOWN["calls"]

    gateway.update_stage(ApiId=API, StageName="$default", StageVariables={"colour": "green"})
    route = next(route for route in SHOWN["shown"]["routes"]["Items"] if route["RouteKey"] == "POST /nowhere")
    gateway.update_route(
        ApiId=API, RouteId=route["RouteId"], RouteKey="GET /nowhere", Target=f"integrations/{SHOWN['integration']}"
    )
    gateway.update_integration(ApiId=API, IntegrationId=SHOWN["integration"], TimeoutInMillis=8000)
    assert {path: body for path, (_, body, _) in calls(older).items()} == {
        "pets/1": "2.0 GET /pets/{id} green",
        "old/a/b": "1.0 /old/{proxy+} green",
        "else": "2.0 $default green",
        "nowhere": "2.0 GET /nowhere green",
        "test/pets/1": "2.0 GET /pets/{id} blue",  # what a stage runs that is not deployed automatically stays
    }
    older.kill()
    older.start()
    assert calls(older)["nowhere"][:2] == [200, "2.0 GET /nowhere green"]
    for api in gateway.get_apis()["Items"]:
        gateway.delete_api(ApiId=api["ApiId"])
    assert "apigateway" not in httpx.get(f"{older.endpoint}/_atoll/accounts").json()["accounts"][ACCOUNT]
