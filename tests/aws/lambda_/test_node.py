"""Node.js functions in a region: the SDK under the function's own role, runtimes, warnings."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from atoll.config import settings
from atoll.lambda_runtime.runtimes import node_sdk

from .conftest import package

READ = """
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));

export const handler = async ({ write, id }) => {
  try {
    if (write) await client.send(new PutCommand({ TableName: 'items', Item: { id } }));
    return (await client.send(new GetCommand({ TableName: 'items', Key: { id } }))).Item;
  } catch (error) {
    return [error.name, error.message];
  }
};
"""
COMMON = """
const { STSClient, GetCallerIdentityCommand } = require('@aws-sdk/client-sts');
exports.handler = async () => (await new STSClient({}).send(new GetCallerIdentityCommand({}))).Arn;
"""


@pytest.fixture(autouse=True)
def node(need: Callable[[object, str], None]) -> None:
    need(shutil.which("node"), "node")


@pytest.fixture
def sdk(need: Callable[[object, str], None]) -> None:
    need(node_sdk.installed(settings().cache_dir / "runtimes"), "the SDK of Node.js: atoll runtimes install nodejs")


def create(fn: Any, source: str, name: str = "fn", file: str = "app.mjs", **settings: Any) -> dict[str, Any]:
    made: dict[str, Any] = fn.create(name, {file: source}, **({"Runtime": "nodejs20.x", "Timeout": 30} | settings))
    return made


def test_the_sdk_acts_as_the_functions_role(
    client: Callable[..., Any], account: str, fn: Any, role: str, sdk: None
) -> None:
    client("dynamodb").create_table(
        TableName="items",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    client("dynamodb").put_item(TableName="items", Item={"id": {"S": "a"}, "n": {"N": "1"}})
    table = f"arn:aws:dynamodb:us-east-1:{account}:table/items"
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": table}],
    }
    client("iam").put_role_policy(RoleName="fn-role", PolicyName="read", PolicyDocument=json.dumps(policy))
    create(fn, READ)
    assert fn.invoke(event={"id": "a"}).payload == {"id": "a", "n": 1}
    kind, message = fn.invoke(event={"id": "b", "write": True}).payload
    assert kind == "AccessDeniedException"
    assert message == (
        f"User: arn:aws:sts::{account}:assumed-role/fn-role/fn is not authorized to perform: dynamodb:PutItem on resource: "
        f"{table} because no identity-based policy allows the dynamodb:PutItem action"
    )


def test_common_js_finds_it_too(account: str, fn: Any, sdk: None) -> None:
    create(fn, COMMON, file="app.js")
    assert fn.invoke().payload == f"arn:aws:sts::{account}:assumed-role/fn-role/fn"


@pytest.mark.parametrize("runtime", ["nodejs18.x", "nodejs20.x", "nodejs22.x", "nodejs24.x"])
def test_each_runtime_runs(fn: Any, runtime: str) -> None:
    source = "export const handler = async () => process.env.AWS_EXECUTION_ENV;"
    create(fn, source, Runtime=runtime)
    answer = fn.invoke()
    assert answer.payload == f"AWS_Lambda_{runtime}"
    assert answer.log.startswith("START RequestId: ")


def test_errors_come_with_the_tail_of_the_log(fn: Any) -> None:
    create(fn, "export const handler = async () => { console.log('here'); throw new TypeError('no'); };")
    answer = fn.invoke()
    assert (answer.error, answer.payload["errorType"], answer.payload["errorMessage"]) == (
        "Unhandled",
        "TypeError",
        "no",
    )
    assert answer.payload["trace"][1] == "    at Runtime.handler (file:///var/task/app.mjs:1:65)"
    request = answer.raw["ResponseMetadata"]["RequestId"]
    assert f"\t{request}\tINFO\there\n" in answer.log
    assert f'\t{request}\tERROR\tInvoke Error \t{{"errorType":"TypeError"' in answer.log


def test_new_code_is_served_at_once(fn: Any) -> None:
    create(fn, "export const handler = async () => 1;")
    assert fn.invoke().payload == 1
    code = package({"app.mjs": "export const handler = async () => 2;"})
    fn.client.update_function_code(FunctionName="fn", ZipFile=code)
    assert fn.invoke().payload == 2
