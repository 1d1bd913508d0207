"""What DynamoDB's tests share: clients and tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config

Types = dict[str, str]


@pytest.fixture
def dynamodb(client: Callable[..., Any]) -> Any:
    """A client of the test's own account."""
    return client("dynamodb")


@pytest.fixture
def unchecked(region: Any, account: str) -> Any:
    """A client that sends what boto3 would refuse."""
    config = Config(parameter_validation=False, retries={"max_attempts": 0})
    return boto3.client(
        "dynamodb", "us-east-1", endpoint_url=region.endpoint, aws_access_key_id=account, aws_secret_access_key="test", config=config
    )  # fmt: skip


@pytest.fixture
def make_table(dynamodb: Any) -> Callable[..., str]:
    """make_table("users", "id", "S", sort=("at", "N")) creates an on-demand table and returns its name."""

    def make(
        name: str = "users", key: str = "id", kind: str = "S", sort: tuple[str, str] | None = None, **more: Any
    ) -> str:
        attributes = [(key, kind), *([sort] if sort else [])]
        dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": a, "AttributeType": t} for a, t in attributes]
            + more.pop("also", []),
            KeySchema=[
                {"AttributeName": a, "KeyType": k} for (a, _), k in zip(attributes, ("HASH", "RANGE"), strict=False)
            ],
            **({"BillingMode": "PAY_PER_REQUEST"} | more),
        )
        return name

    return make


@pytest.fixture
def table(make_table: Callable[..., str]) -> str:
    """A table "t-1" whose key is pk (S) and sk (S)."""
    return make_table("t-1", "pk", sort=("sk", "S"))


@pytest.fixture
def item(dynamodb: Any, table: str) -> Callable[..., dict[str, Any]]:
    """item("a") is what is stored under pk a and sk 1; item("a", n={"N": "1"}) puts it there."""

    def stored(pk: str, sk: str = "1", **attributes: Any) -> dict[str, Any]:
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        if attributes:
            dynamodb.put_item(TableName=table, Item={**key, **attributes})
        found: dict[str, Any] = dynamodb.get_item(TableName=table, Key=key).get("Item", {})
        return {name: value for name, value in found.items() if name not in key}

    return stored


@pytest.fixture
def user(region: Any, client: Callable[..., Any], account: str) -> Callable[..., Any]:
    """user(statement, …) is a DynamoDB client of an IAM user with just these statements."""

    def make(*statements: dict[str, Any]) -> Any:
        iam = client("iam")
        iam.create_user(UserName="ann")
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **s} for s in statements]}
        iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=json.dumps(document))
        key = iam.create_access_key(UserName="ann")["AccessKey"]
        return region.client("dynamodb", key=key["AccessKeyId"], secret=key["SecretAccessKey"])

    return make


@pytest.fixture
def events(dynamodb: Any, make_table: Callable[..., str]) -> str:
    """A table with a sort key and an index of each sort: `local` (keys only), `ranked` (v is projected), `kinds` (all, no sort key)."""
    return make_table(
        "events",
        sort=("at", "S"),
        also=[{"AttributeName": "kind", "AttributeType": "S"}, {"AttributeName": "rank", "AttributeType": "N"}],
        LocalSecondaryIndexes=[
            {
                "IndexName": "local",
                "KeySchema": [
                    {"AttributeName": "id", "KeyType": "HASH"},
                    {"AttributeName": "rank", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "ranked",
                "KeySchema": [
                    {"AttributeName": "kind", "KeyType": "HASH"},
                    {"AttributeName": "rank", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["v"]},
            },
            {
                "IndexName": "kinds",
                "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            },
        ],
    )
