"""Functions that answer WebSocket clients as AWS's samples do, unchanged: by the address that their events name."""

from __future__ import annotations

import io
import json
import shutil
import socket
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from websockets.sync.client import connect

from atoll.config import settings
from atoll.lambda_runtime.runtimes import node_sdk

from .sockets import Sockets

PYTHON = """
import boto3

def handler(event, context):
    said = event["requestContext"]
    url = f"https://{said['domainName']}/{said['stage']}"
    if said["domainName"].startswith("ws."):
        url = f"https://{said['domainName']}/"
    client = boto3.client("apigatewaymanagementapi", endpoint_url=url)
    posted = client.post_to_connection(ConnectionId=said["connectionId"], Data=event["body"].upper().encode())
    assert client.get_connection(ConnectionId=said["connectionId"])["Identity"]["SourceIp"] == "127.0.0.1"
    return {"statusCode": posted["ResponseMetadata"]["HTTPStatusCode"]}
"""
MODULE = """
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";

export const handler = async (event) => {
  const { domainName, stage, connectionId } = event.requestContext;
  const client = new ApiGatewayManagementApiClient({ endpoint: `https://${domainName}/${stage}` });
  await client.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: event.body.toUpperCase() }));
  return { statusCode: 200 };
};
"""
COMMON = """
const { ApiGatewayManagementApi } = require("@aws-sdk/client-apigatewaymanagementapi");

exports.handler = async (event) => {
  const { domainName, stage, connectionId } = event.requestContext;
  const callback = new ApiGatewayManagementApi({ apiVersion: "2018-11-29", endpoint: `https://${domainName}/${stage}` });
  await callback.postToConnection({ ConnectionId: connectionId, Data: Buffer.from(event.body.toUpperCase()) });
  return { statusCode: 200 };
};
"""


@pytest.fixture
def api(region: Any, account: str) -> Sockets:
    """Its `$default` runs the function, which may manage connections, and answers nothing itself."""
    made = Sockets(region, account).make()
    made.route("$default")
    resource = f"arn:aws:execute-api:us-east-1:{account}:{made.api_id}/dev/*/@connections/*"
    statement = {"Effect": "Allow", "Action": "execute-api:ManageConnections", "Resource": resource}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made.client("iam").put_role_policy(RoleName="ws", PolicyName="connections", PolicyDocument=policy)
    return made


def program(api: Sockets, name: str, code: str, **configuration: Any) -> None:
    """Puts another program behind the API."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, code)
    functions = api.client("lambda")
    functions.update_function_code(FunctionName="ws", ZipFile=archive.getvalue())
    functions.get_waiter("function_updated_v2").wait(FunctionName="ws", WaiterConfig={"Delay": 1})
    if configuration:
        functions.update_function_configuration(FunctionName="ws", **configuration)


def answered(api: Sockets, host: str | None = None, path: str = "/dev") -> Any:
    """What a client is sent for `hello`; `host` is the name that it calls the API by, instead of its path."""
    url = api.url() if host is None else f"ws://{host}{path}"
    address = ("127.0.0.1", api.region.port)
    with socket.create_connection(address) as raw, connect(url, sock=raw, proxy=None) as client:
        client.send("hello")
        return client.recv(timeout=30)


@pytest.mark.parametrize("fresh", [False, True], ids=["preloaded", "an interpreter of its own"])
def test_a_python_function_posts_to_the_address_that_its_event_names(api: Sockets, fresh: bool) -> None:
    program(api, "app.py", PYTHON, **({"Environment": {"Variables": {"PYTHONOPTIMIZE": "0"}}} if fresh else {}))
    assert answered(api) == "HELLO"
    assert answered(api, f"{api.api_id}.execute-api.us-east-1.amazonaws.com") == "HELLO"
    assert answered(api, f"{api.api_id}.execute-api.localhost:{api.region.port}") == "HELLO"


@pytest.mark.parametrize(("name", "code"), [("app.mjs", MODULE), ("app.js", COMMON)])
def test_a_node_function_posts_to_the_address_that_its_event_names(
    api: Sockets, need: Callable[[object, str], None], name: str, code: str
) -> None:
    need(shutil.which("node"), "node")
    need(node_sdk.installed(settings().cache_dir / "runtimes"), "the SDK of Node.js: atoll runtimes install nodejs")
    program(api, name, code, Runtime="nodejs20.x")
    assert answered(api) == "HELLO"
    assert answered(api, f"{api.api_id}.execute-api.us-east-1.amazonaws.com") == "HELLO"


def test_a_function_posts_to_a_custom_domain_name(api: Sockets) -> None:
    program(api, "app.py", PYTHON)
    control, name = api.client("apigatewayv2"), f"ws.{api.api_id}.example.com"
    certificate = f"arn:aws:acm:us-east-1:{api.account}:certificate/1"
    control.create_domain_name(DomainName=name, DomainNameConfigurations=[{"CertificateArn": certificate}])
    control.create_api_mapping(DomainName=name, ApiId=api.api_id, Stage="dev")
    assert answered(api, name, "/") == "HELLO"
