"""A function that is fed from a table's stream, and writes what it got to another table."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .conftest import Lambda

READS_STREAMS = "arn:aws:iam::aws:policy/service-role/AWSLambdaDynamoDBExecutionRole"
RECORDER = """
import boto3, json, time
table = boto3.client("dynamodb")
def handler(event, context):
    for record in event["Records"]:
        record["dynamodb"].get("NewImage", {}).pop("large", None)
    table.put_item(TableName="seen", Item={
        "id": {"S": context.aws_request_id}, "at": {"N": str(time.time())}, "event": {"S": json.dumps(event)},
        "arn": {"S": context.invoked_function_arn},
    })
    %s
"""


@dataclass
class Fed:
    """A table with a stream, and the function that is fed from it."""

    fn: Lambda
    dynamodb: Any
    stream: str = ""
    mappings: list[str] = field(default_factory=list)

    def table(self, name: str = "source", view: str = "NEW_AND_OLD_IMAGES") -> str:
        made = self.dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": view} if view else {"StreamEnabled": False},
        )
        return str(made["TableDescription"].get("LatestStreamArn", ""))

    def function(self, then: str = "return None", name: str = "fn", **settings: Any) -> None:
        self.fn.create(name, RECORDER % then, **settings)

    def connect(self, function: str = "fn", **settings: Any) -> dict[str, Any]:
        given = {"EventSourceArn": self.stream, "StartingPosition": "TRIM_HORIZON"} | settings
        made = self.fn.client.create_event_source_mapping(FunctionName=function, **given)
        self.mappings.append(made["UUID"])
        return made  # type: ignore[no-any-return]

    def get(self) -> dict[str, Any]:
        return self.fn.client.get_event_source_mapping(UUID=self.mappings[-1])  # type: ignore[no-any-return]

    def put(self, *names: str, **more: Any) -> None:
        for name in names:
            self.dynamodb.put_item(TableName="source", Item={"id": {"S": name}, **more})

    def events(self) -> list[dict[str, Any]]:
        """What the function was given, in the order of its runs."""
        rows = sorted(self.dynamodb.scan(TableName="seen")["Items"], key=lambda row: float(row["at"]["N"]))
        return [json.loads(row["event"]["S"]) for row in rows]

    def batches(self) -> list[list[str]]:
        """The ids of the items of each run."""
        return [names(event) for event in self.events()]


def names(event: dict[str, Any]) -> list[str]:
    return [record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]]


def grant(client: Callable[..., Any], *actions: str) -> None:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("iam").put_role_policy(RoleName="fn-role", PolicyName="more", PolicyDocument=document)


def feed(client: Callable[..., Any], fn: Lambda) -> Fed:
    """The tables, and a role that may read the one's stream and write to the other."""
    client("iam").attach_role_policy(RoleName="fn-role", PolicyArn=READS_STREAMS)
    grant(client, "dynamodb:PutItem")
    made = Fed(fn, client("dynamodb"))
    made.table("seen", "")
    made.stream = made.table()
    return made
