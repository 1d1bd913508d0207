"""An HTTP API and a WebSocket API with all that Terraform knows of them: applied, called, planned again, changed, destroyed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

if TYPE_CHECKING:
    from tests.stacks.conftest import Stack

APP = """
def handler(event, context):
    return {"statusCode": 200, "body": event["stageVariables"]["env"]}
"""


def pack(stack: Stack) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), APP)
    (stack.directory / "app.zip").write_bytes(buffer.getvalue())


def one(items: list[dict[str, Any]], **members: str) -> dict[str, Any]:
    (found,) = [item for item in items if members.items() <= item.items()]
    return found


def test_http_and_websocket_apis(stack: Callable[[str], Stack]) -> None:
    apis = stack("http-api")
    pack(apis)
    assert "Apply complete! Resources: 30 added, 0 changed, 0 destroyed." in apis.apply().stdout
    outputs = {name: found["value"] for name, found in json.loads(apis.run("output", "-json").stdout).items()}
    http, chat, described = (urlsplit(outputs[name]) for name in ("http", "chat", "described"))
    assert (chat.scheme, chat.path) == ("wss", "/live")
    http_id, chat_id = (str(url.hostname).partition(".")[0] for url in (http, chat))

    def get(path: str, host: str = http.netloc) -> httpx.Response:
        return httpx.get(apis.region.endpoint + path, headers={"host": host}, trust_env=False)

    assert (get("/open").status_code, get("/open").text) == (200, "test")
    assert (get("/jwt").status_code, get("/jwt").json()) == (401, {"message": "Unauthorized"})
    assert (get("/request/a").status_code, get("/request/a").json()) == (401, {"message": "Unauthorized"})
    assert get("/described/0/x", described.netloc).text == "described"
    assert apis.plan_is_empty()

    apis.edit("main.tf", "step = 0", "step = 1")
    changed = apis.apply().stdout
    assert "Apply complete! Resources: 1 added, 15 changed, 1 destroyed." in changed
    assert get("/open").text == "live"
    assert (get("/request/a").status_code, get("/request/a").json()) == (403, {"message": "Forbidden"})
    assert [get(f"/described/{step}/x", described.netloc).status_code for step in (0, 1)] == [404, 401]
    assert apis.plan_is_empty()

    client = apis.region.client("apigatewayv2")
    proxy = one(client.get_integrations(ApiId=http_id)["Items"], IntegrationType="HTTP_PROXY")
    assert set(proxy["RequestParameters"]) == {"append:header.step", "overwrite:path", "append:querystring.stage"}
    assert set(proxy["ResponseParameters"]) == {"410", "500"}
    route = one(client.get_routes(ApiId=http_id)["Items"], RouteKey="ANY /request/{proxy+}")
    assert (route["AuthorizationType"], "AuthorizerId" in route) == ("AWS_IAM", False)
    stage = client.get_stage(ApiId=http_id, StageName="$default")
    assert (stage["StageVariables"], list(stage["RouteSettings"])) == ({"env": "live"}, ["GET /open"])
    assert one(client.get_deployments(ApiId=chat_id)["Items"])["Description"] == "chat 1"

    apis.destroy()
    assert client.get_apis()["Items"] == []
