"""User pools and their clients for tests of Cognito, each in the test's own account."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from tests.aws.cognito_idp.hosted import prefix, visitor
from tests.functions import make_function

if TYPE_CHECKING:
    from tests.conftest import Region

__all__ = ["prefix", "visitor"]

PASSWORD = "Correct-Horse-7"
FLOWS = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"]
WEB = httpx.Client(trust_env=False, timeout=60)
"""For requests by hand: a client of its own for each costs more than most requests."""


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
def here(pool: Callable[..., str]) -> str:
    """A pool of no settings."""
    return pool()


@pytest.fixture
def app(here: str, app_client: Callable[..., str]) -> str:
    """A client of `here`, through which users sign in with their passwords."""
    return app_client(here, ExplicitAuthFlows=FLOWS)


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


@pytest.fixture
def token(anyone: Any) -> Callable[..., str]:
    """`token(client_id, "ada")`: an access token, from a client with ALLOW_USER_PASSWORD_AUTH."""

    def sign_in(client_id: str, name: str, password: str = PASSWORD) -> str:
        given = {"USERNAME": name, "PASSWORD": password}
        answer = anyone.initiate_auth(ClientId=client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)
        found: str = answer["AuthenticationResult"]["AccessToken"]
        return found

    return sign_in


def advance(region: Region, by: str) -> None:
    """Moves region time."""
    WEB.post(f"{region.endpoint}/_atoll/clock", json={"advance": by}).raise_for_status()


def attributes_of(user: dict[str, Any]) -> dict[str, str]:
    """The attributes of a user, as any operation shows him."""
    pairs = user.get("UserAttributes", user.get("Attributes", []))
    return {pair["Name"]: pair.get("Value", "") for pair in pairs}


def pairs(**values: str) -> list[dict[str, str]]:
    """Attributes as the API takes them; `custom__level` is custom:level."""
    return [{"Name": name.replace("__", ":"), "Value": value} for name, value in values.items()]


def unsigned(region: Region) -> Any:
    """A boto3 client of a region that signs nothing."""
    config = Config(signature_version=UNSIGNED, retries={"max_attempts": 0}, connect_timeout=5, read_timeout=60)
    return boto3.client("cognito-idp", endpoint_url=region.endpoint, region_name="us-east-1", config=config)


def messages_of(region: Region, account: str, to: str = "") -> list[dict[str, Any]]:
    """What an account sent, newest first."""
    asked = {"account": account} | ({"to": to} if to else {})
    answer = WEB.get(f"{region.endpoint}/_atoll/mail", params=asked).raise_for_status()
    found: list[dict[str, Any]] = answer.json()["messages"]
    return found


def code_in(message: dict[str, Any]) -> str:
    """The six digits that a message holds."""
    found = re.search(r"\b[0-9]{6}\b", message["body"])
    assert found, message
    return found[0]


@pytest.fixture
def trigger(client: Callable[..., Any], account: str) -> Callable[..., str]:
    """`trigger("pre", "event['response']['autoConfirmUser'] = True")`: the ARN of a new function that user pools may call: it logs
    its event, runs these lines, and returns the event."""

    def make(name: str, body: str = "", *, permitted: bool = True) -> str:
        lines = ["import json", "def handler(event, context):", "    print('EVENT ' + json.dumps(event))"]
        lines += [f"    {line}" for line in body.splitlines()]
        client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
        source = "\n".join([*lines, "    return event", ""])
        arn = make_function(client, name, source, "logs:CreateLogStream", "logs:PutLogEvents")
        if permitted:
            let_pools_invoke(client, name, f"arn:aws:cognito-idp:us-east-1:{account}:userpool/*")
        return arn

    return make


@pytest.fixture
def events(client: Callable[..., Any]) -> Callable[..., list[dict[str, Any]]]:
    """`events("pre", 2)`: the first so many events that a function of `trigger` got, once they are there."""

    def wait(name: str, count: int = 1) -> list[dict[str, Any]]:
        deadline = time.monotonic() + 60
        found: list[dict[str, Any]] = []
        while len(found) < count and time.monotonic() < deadline:
            logged = client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="EVENT")[
                "events"
            ]
            found = [json.loads(one["message"].partition("EVENT ")[2]) for one in logged]
        assert len(found) >= count, f"{name} got {len(found)} of {count} events"
        return found

    return wait


def let_pools_invoke(client: Callable[..., Any], name: str, source: str) -> None:
    """Lets user pools invoke a function: those whose ARN is like `source`."""
    client("lambda").add_permission(
        FunctionName=name, StatementId=f"s{time.monotonic_ns()}", Action="lambda:InvokeFunction",
        Principal="cognito-idp.amazonaws.com", SourceArn=source,
    )  # fmt: skip
