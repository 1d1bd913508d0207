"""What DynamoDB's tests share: a client and tables."""

from __future__ import annotations

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
