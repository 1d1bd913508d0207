"""The system that is measured, made with boto3 on any of the servers: a table, a user who may use it, functions, an HTTP API."""

from __future__ import annotations

import io
import json
import time
import urllib.request
import zipfile
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.servers import Server

TABLE = "items"
TRIVIAL = """
def handler(event, context):
    return {}
"""
IMPORTING = """
import boto3

dynamodb = boto3.client("dynamodb")

def handler(event, context):
    return {}
"""
READING = """
import json

import boto3

dynamodb = boto3.client("dynamodb")

def handler(event, context):
    item = dynamodb.get_item(TableName="items", Key={"id": {"S": "user-1"}})["Item"]
    return {"statusCode": 200, "body": json.dumps(item)}
"""
TRIVIAL_NODE = "exports.handler = async () => ({});"
IMPORTING_NODE = """
const { DynamoDBClient } = require("@aws-sdk/client-dynamodb");

const dynamodb = new DynamoDBClient({});

exports.handler = async () => ({});
"""
PYTHON, NODE = "python3.11", "nodejs20.x"
FILES = {PYTHON: "app.py", NODE: "app.js"}
SETTLES_WITHIN = 30.0


class Cannot(Exception):
    """The server cannot do what is to be measured. The message is its own answer."""


def table(server: Server, name: str = TABLE, *, sort: str = "") -> None:
    """Makes a table whose partition key is the string `id`, and its sort key, where it has one, the number `sort`."""
    client, keys = server.client("dynamodb"), [("id", "HASH", "S"), *([(sort, "RANGE", "N")] if sort else [])]
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": key, "KeyType": role} for key, role, _ in keys],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, _, kind in keys],
    )
    deadline = time.monotonic() + SETTLES_WITHIN
    while client.describe_table(TableName=name)["Table"]["TableStatus"] != "ACTIVE":
        if time.monotonic() > deadline:
            raise RuntimeError(f"{server.kind.column}: table {name} did not become active")
        time.sleep(0.02)


def key(server: Server, *actions: str, resource: str) -> tuple[str, str]:
    """An access key of a user whose policy names just these actions on the resource, and its secret."""
    iam = server.client("iam")
    iam.create_user(UserName="bench")
    iam.put_user_policy(UserName="bench", PolicyName="bench", PolicyDocument=_allowed(*actions, resource=resource))
    made = iam.create_access_key(UserName="bench")["AccessKey"]
    return made["AccessKeyId"], made["SecretAccessKey"]


def table_arn(server: Server, name: str = TABLE) -> str:
    """What a policy has to name for the table."""
    account = server.client("sts").get_caller_identity()["Account"]
    return server.kind.resource or f"arn:aws:dynamodb:us-east-1:{account}:table/{name}"


def refuses_wrong_secret(server: Server, access_key: str) -> bool:
    """Whether the server looks at signatures."""
    try:
        server.client("dynamodb", access_key, "wrong").get_item(TableName=TABLE, Key={"id": {"S": "1"}})
    except ClientError:
        return True
    return False


def function(server: Server, name: str, code: str, answer: object, runtime: str = PYTHON) -> str:
    """Makes a function whose role may just read the table, and returns its ARN once it gives `answer`. Raises Cannot."""
    iam, client = server.client("iam"), server.client("lambda")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))["Role"]["Arn"]
    allowed = _allowed("dynamodb:GetItem", resource=table_arn(server))
    iam.put_role_policy(RoleName=name, PolicyName="items", PolicyDocument=allowed)
    try:
        arn: str = client.create_function(
            FunctionName=name, Runtime=runtime, Role=role, Handler="app.handler",
            Code={"ZipFile": _zipped(FILES[runtime], code)}, Timeout=20, MemorySize=256,
        )["FunctionArn"]  # fmt: skip
        settle(server, name)
        said = client.invoke(FunctionName=name)["Payload"].read()
    except (BotoCoreError, ClientError) as error:
        raise Cannot(f"Invoke on {server.kind.column}: {error}") from error
    if not _says(said, answer):
        raise Cannot(f"Invoke on {server.kind.column}: {said.decode(errors='replace')}")
    return arn


def _says(payload: bytes, answer: object) -> bool:
    """Whether it is the answer, however it is spaced."""
    try:
        return bool(json.loads(payload) == answer)
    except ValueError:
        return False


def settle(server: Server, name: str) -> None:
    """Waits until the last change of a function is through."""
    client, deadline = server.client("lambda"), time.monotonic() + SETTLES_WITHIN
    while time.monotonic() < deadline:
        found = client.get_function_configuration(FunctionName=name)
        if found["State"] == "Active" and found.get("LastUpdateStatus", "Successful") == "Successful":
            return
        time.sleep(0.02)
    raise Cannot(f"function {name} did not become active")


def http_api(server: Server, arn: str) -> str:
    """Puts an HTTP API in front of a function, deployed, and returns the host by which it is called. Raises Cannot."""
    api = server.client("apigatewayv2")
    made: str = api.create_api(Name=f"api-{arn.rpartition(':')[2]}", ProtocolType="HTTP")["ApiId"]
    integration = api.create_integration(
        ApiId=made, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    api.create_route(ApiId=made, RouteKey="GET /items", Target=f"integrations/{integration}")
    api.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
    server.client("lambda").add_permission(
        FunctionName=arn, StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    host = f"{made}.execute-api.localhost:{server.port}"
    request = urllib.request.Request(f"{server.endpoint}/items", headers={"Host": host})
    try:
        urllib.request.urlopen(request, timeout=30).close()
    except OSError as error:
        raise Cannot(f"GET of the API on {server.kind.column}: {error}") from error
    return host


def _allowed(*actions: str, resource: str) -> str:
    return _document({"Effect": "Allow", "Action": actions, "Resource": resource})


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _zipped(file: str, code: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(file, code)
    return buffer.getvalue()
