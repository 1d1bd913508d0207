"""A WebSocket API to test: made with boto3, its functions from one source, its clients those of the `websockets` library."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from tests.functions import let_apis_invoke, make_function
from websockets.sync.client import ClientConnection, connect

HANDLER = """
import json, os, time
import boto3

def handler(event, context):
    print("EVENT " + json.dumps(event))
    kind = event["requestContext"]["eventType"]
    if kind == "CONNECT":
        query = event.get("queryStringParameters") or {}
        if "raise" in query:
            raise ValueError("no")
        if "sleep" in query:
            time.sleep(float(query["sleep"]))
        if "answer" in query:
            return json.loads(query["answer"])
        headers = {k.lower(): v for k, v in event["headers"].items()}
        if "sec-websocket-protocol" in headers:
            chosen = headers["sec-websocket-protocol"].split(",")[0].strip()
            return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": chosen}}
        return {"statusCode": 200, "body": json.dumps(event)}
    if kind == "DISCONNECT":
        return {"statusCode": 200}
    try:
        said = json.loads(event["body"])
    except ValueError:
        said = {}
    said = said if isinstance(said, dict) else {}
    if "raise" in said:
        raise ValueError(said["raise"])
    if "sleep" in said:
        time.sleep(said["sleep"])
    if "post" in said:
        here = os.environ["AWS_ENDPOINT_URL"]
        url = f"{here}/_aws/execute-api/{event['requestContext']['apiId']}/{event['requestContext']['stage']}"
        client = boto3.client("apigatewaymanagementapi", endpoint_url=url)
        try:
            client.post_to_connection(ConnectionId=event["requestContext"]["connectionId"], Data=said["post"].encode())
        except Exception as error:
            return {"statusCode": 200, "body": f"{type(error).__name__}: {error}"}
        return {"statusCode": 200, "body": "posted"}
    if "answer" in said:
        return said["answer"]
    return {"statusCode": 200, "body": json.dumps(event)}
"""


@dataclass
class Sockets:
    """A WebSocket API with a stage `dev` that deploys by itself, and a function to put behind its routes."""

    region: Any
    account: str
    api_id: str = ""
    role: str = ""
    function: str = ""
    integrations: dict[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A boto3 client of the account's root."""
        return self.region.client(service, key=self.account)

    def make(self, selection: str = "$request.body.action", **stage: Any) -> Sockets:
        """The function and the API, yet without routes; `stage` are further parameters of CreateStage."""
        api = self.client("apigatewayv2")
        self.function = make_function(self.client, "ws", HANDLER, "logs:*")
        self.api_id = api.create_api(Name="ws", ProtocolType="WEBSOCKET", RouteSelectionExpression=selection)["ApiId"]
        api.create_stage(ApiId=self.api_id, StageName="dev", AutoDeploy=True, **stage)
        let_apis_invoke(self.client, "ws", f"{self.account}:{self.api_id}/*/*", "api")
        return self

    def integration(self, **parameters: Any) -> str:
        """An integration, by default with the function; `integrations/ID`."""
        uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{self.function}/invocations"
        defaults = {"IntegrationType": "AWS_PROXY", "IntegrationUri": uri, "IntegrationMethod": "POST"}
        created = self.client("apigatewayv2").create_integration(ApiId=self.api_id, **(defaults | parameters))
        return f"integrations/{created['IntegrationId']}"

    def route(self, key: str, target: str | None = None, *, two_way: bool = False, **parameters: Any) -> str:
        """A route to an integration (by default a new one with the function); its id."""
        api = self.client("apigatewayv2")
        if two_way:
            parameters["RouteResponseSelectionExpression"] = "$default"
        made = api.create_route(ApiId=self.api_id, RouteKey=key, Target=target or self.integration(), **parameters)
        if two_way:
            api.create_route_response(ApiId=self.api_id, RouteId=made["RouteId"], RouteResponseKey="$default")
        route_id: str = made["RouteId"]
        return route_id

    def url(self, stage: str = "dev", scheme: str = "ws") -> str:
        """Where clients connect, and backends manage connections."""
        return f"{scheme}://127.0.0.1:{self.region.port}/_aws/execute-api/{self.api_id}/{stage}"

    def connect(self, query: str = "", **options: Any) -> AbstractContextManager[ClientConnection]:
        """A client's connection to the stage."""
        return connect(self.url() + query, proxy=None, **options)

    def management(self, key: str | None = None, secret: str = "test", token: str | None = None) -> Any:
        """The client of the API Gateway Management API, as backends use it."""
        return boto3.client(
            "apigatewaymanagementapi", endpoint_url=self.url(scheme="http"), region_name="us-east-1",
            aws_access_key_id=key or self.account, aws_secret_access_key=secret, aws_session_token=token,
            config=Config(retries={"max_attempts": 0}),
        )  # fmt: skip

    def events(self, kind: str, count: int = 1, seconds: float = 20) -> list[dict[str, Any]]:
        """The events of a kind (`DISCONNECT`) that the function logged, once there are `count`."""
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + seconds
        while len(found) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} events of kind {kind}"
            found = [event for event in self._logged() if event["requestContext"]["eventType"] == kind]
        return found

    def _logged(self) -> list[dict[str, Any]]:
        logs = self.client("logs")
        try:
            lines = logs.filter_log_events(logGroupName="/aws/lambda/ws")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [json.loads(line["message"][6:]) for line in lines if line["message"].startswith("EVENT ")]


def asked(client: ClientConnection, message: Any) -> Any:
    """What the client is sent for a message, as JSON where it is any."""
    client.send(message if isinstance(message, str) else json.dumps(message))
    answer = client.recv(timeout=20)
    try:
        return json.loads(answer)
    except ValueError:
        return answer


Make = Callable[..., Sockets]
