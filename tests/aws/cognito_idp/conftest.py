"""User pools and their clients for tests of Cognito, each in the test's own account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

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
