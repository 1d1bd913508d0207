"""Accounts with something of everything, in a region of the module's own."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.conftest import Region

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com", "AWS": "*"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
LOGS_ONLY = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


@dataclass
class Owner:
    """An account and what acts in it."""

    region: Region
    account: str

    def client(self, service: str) -> Any:
        """A client of the account's root."""
        return self.region.client(service, key=self.account)

    def role(self, name: str = "fn-role") -> str:
        """A role that Lambda and this account may assume, and that may write logs."""
        iam = self.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        iam.attach_role_policy(RoleName=name, PolicyArn=LOGS_ONLY)
        return str(arn)

    def function(self, name: str, code: str, role: str, **settings: Any) -> None:
        """A function from the source of its app.py."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(zipfile.ZipInfo("app.py"), code)
        given = {"Runtime": "python3.11", "Handler": "app.handler", "Timeout": 30, **settings}
        self.client("lambda").create_function(
            FunctionName=name, Code={"ZipFile": buffer.getvalue()}, Role=role, **given
        )

    def invoke(self, name: str) -> Any:
        """What the function answers."""
        return json.loads(self.client("lambda").invoke(FunctionName=name)["Payload"].read())

    def table(self, name: str, items: int = 3) -> None:
        """A table with some items."""
        dynamodb = self.client("dynamodb")
        dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        for n in range(items):
            dynamodb.put_item(TableName=name, Item={"id": {"S": str(n)}})

    def api(self) -> str:
        """The URL of an HTTP API without routes."""
        gateway = self.client("apigatewayv2")
        api = gateway.create_api(Name="api", ProtocolType="HTTP")["ApiId"]
        gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
        return f"{self.region.endpoint}/_aws/execute-api/{api}/%24default/"

    def fill(self) -> tuple[str, dict[str, str]]:
        """Something of everything; returns the API's URL and a user's access key."""
        self.table("users")
        self.function("fn", "def handler(event, context):\n    print('hello')\n    return 'done'\n", self.role())
        assert self.invoke("fn") == "done"
        self.client("logs").create_log_group(logGroupName="group")
        self.client("iam").create_user(UserName="ann")
        return self.api(), self.client("iam").create_access_key(UserName="ann")["AccessKey"]

    def held(self) -> dict[str, int]:
        """How many records of each service the account has."""
        accounts = httpx.get(f"{self.region.endpoint}/_atoll/accounts").json()["accounts"]
        return dict(accounts.get(self.account, {}))


@pytest.fixture
def owner(own: Region, account: str) -> Owner:
    """A fresh account of the module's region."""
    return Owner(own, account)


@pytest.fixture
def owner_of() -> Callable[[Region, str], Owner]:
    """An account of another region."""
    return Owner


@pytest.fixture
def post(own: Region) -> Callable[..., httpx.Response]:
    """POSTs to the admin API of the module's region: post("clock", {"advance": 5})."""

    def send(what: str, body: Any = None, **headers: str) -> httpx.Response:
        return httpx.post(f"{own.endpoint}/_atoll/{what}", json=body, headers=headers, timeout=60)

    return send
