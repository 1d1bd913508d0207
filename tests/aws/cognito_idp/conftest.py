"""User pools and their clients for tests of Cognito, each in the test's own account."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from tests.aws.cognito_idp.hosted import Visitor

if TYPE_CHECKING:
    from tests.conftest import Region

PASSWORD = "Correct-Horse-7"


@pytest.fixture
def idp(client: Callable[..., Any]) -> Any:
    """A signed boto3 client of the account."""
    return client("cognito-idp")


@pytest.fixture
def pool(idp: Any) -> Callable[..., str]:
    """`pool(AutoVerifiedAttributes=["email"])`: the id of a new user pool."""

    def make(**settings: Any) -> str:
        made: str = idp.create_user_pool(**{"PoolName": "people", **settings})["UserPool"]["Id"]
        return made

    return make


@pytest.fixture
def app_client(idp: Any) -> Callable[..., str]:
    """`app_client(pool, GenerateSecret=True)`: the id of a new client of a pool."""

    def make(pool_id: str, **settings: Any) -> str:
        settings = {"ClientName": "app", **settings}
        made: str = idp.create_user_pool_client(UserPoolId=pool_id, **settings)["UserPoolClient"]["ClientId"]
        return made

    return make


@pytest.fixture
def user(idp: Any) -> Callable[..., str]:
    """`user(pool, "ada", email="ada@example.com")`: the `sub` of a new confirmed user with a password; no message is sent."""

    def make(pool_id: str, name: str, password: str = PASSWORD, **attributes: str) -> str:
        given = [{"Name": key, "Value": value} for key, value in attributes.items()]
        made = idp.admin_create_user(UserPoolId=pool_id, Username=name, UserAttributes=given, MessageAction="SUPPRESS")[
            "User"
        ]
        idp.admin_set_user_password(UserPoolId=pool_id, Username=name, Password=password, Permanent=True)
        return next(one["Value"] for one in made["Attributes"] if one["Name"] == "sub")

    return make


@pytest.fixture
def anyone(region: Region) -> Any:
    """A boto3 client that signs nothing, as applications of users have it."""
    return unsigned(region)


@pytest.fixture
def mail(region: Region, account: str) -> Callable[..., list[dict[str, Any]]]:
    """`mail("ada@example.com")`: the messages that the account sent (to this address), newest first."""
    return lambda to="": messages_of(region, account, to)


def unsigned(region: Region) -> Any:
    """A boto3 client of a region that signs nothing."""
    config = Config(signature_version=UNSIGNED, retries={"max_attempts": 0}, connect_timeout=5, read_timeout=60)
    return boto3.client("cognito-idp", endpoint_url=region.endpoint, region_name="us-east-1", config=config)


def messages_of(region: Region, account: str, to: str = "") -> list[dict[str, Any]]:
    """What an account sent, newest first."""
    asked = {"account": account} | ({"to": to} if to else {})
    answer = httpx.get(f"{region.endpoint}/_atoll/mail", params=asked).raise_for_status()
    found: list[dict[str, Any]] = answer.json()["messages"]
    return found


def code_in(message: dict[str, Any]) -> str:
    """The six digits that a message holds."""
    found = re.search(r"\b[0-9]{6}\b", message["body"])
    assert found, message
    return found[0]


@pytest.fixture
def prefix(idp: Any) -> Callable[[str], str]:
    """`prefix(pool)`: gives a pool a domain; its prefix."""

    def make(pool_id: str) -> str:
        name = f"people-{os.urandom(6).hex()}"
        idp.create_user_pool_domain(UserPoolId=pool_id, Domain=name)
        return name

    return make


@pytest.fixture
def visitor(region: Region, prefix: Callable[[str], str]) -> Iterator[Callable[[str], Visitor]]:
    """`visitor(pool)`: somebody who looks at a pool's hosted pages, which it has from now on."""
    made: list[Visitor] = []

    def make(pool_id: str) -> Visitor:
        made.append(Visitor(f"{region.endpoint}/_aws/cognito-idp/{prefix(pool_id)}"))
        return made[-1]

    yield make
    for one in made:
        one.close()
