"""Functions to test with: packages from source, roles, and what an invocation answered."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.functions import ECHO, package, trust

if TYPE_CHECKING:
    from tests.conftest import Region

BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


@dataclass
class Invoked:
    """What an invocation answered."""

    payload: Any
    error: str | None
    log: str
    raw: dict[str, Any]


@dataclass
class Lambda:
    """A Lambda client with short cuts."""

    client: Any
    role: str

    def create(self, name: str = "fn", code: Mapping[str, str | bytes] | str = ECHO, **settings: Any) -> dict[str, Any]:
        """Creates a function from source; its handler is app.handler."""
        given = {"Runtime": "python3.11", "Handler": "app.handler", "Role": self.role} | settings
        return self.client.create_function(FunctionName=name, Code={"ZipFile": package(code)}, **given)

    def invoke(self, name: str = "fn", event: Any = None, **settings: Any) -> Invoked:
        """Invokes it with the tail of its log."""
        raw = self.client.invoke(FunctionName=name, Payload=json.dumps(event or {}), LogType="Tail", **settings)
        log = base64.b64decode(raw.get("LogResult", "")).decode()
        return Invoked(json.loads(raw["Payload"].read() or "null"), raw.get("FunctionError"), log, raw)


@pytest.fixture
def role(client: Callable[..., Any]) -> str:
    """A role that Lambda may assume and that may write logs."""
    iam = client("iam")
    arn = iam.create_role(RoleName="fn-role", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    iam.attach_role_policy(RoleName="fn-role", PolicyArn=BASIC)
    return str(arn)


@pytest.fixture
def fn(client: Callable[..., Any], role: str) -> Lambda:
    """Makes and invokes functions of the test's account."""
    return Lambda(client("lambda"), role)


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """`eventually(read, wanted)`: reads until `wanted(value)` holds, and returns the value; fails after a minute."""

    def wait(read: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
        deadline = time.monotonic() + 60
        while True:
            value = read()
            if wanted(value):
                return value
            assert time.monotonic() < deadline, f"still {value!r}"
            time.sleep(0.02)

    return wait


@pytest.fixture
def url(fn: Lambda, region: Any) -> Iterator[Callable[..., httpx.Client]]:
    """`url(InvokeMode=…)`: gives `fn` a URL that everyone may call, and a client that calls it by its host name."""
    clients: list[httpx.Client] = []

    def make(**settings: Any) -> httpx.Client:
        made = fn.client.create_function_url_config(FunctionName="fn", AuthType="NONE", **settings)["FunctionUrl"]
        for action, more in (
            ("lambda:InvokeFunctionUrl", {"FunctionUrlAuthType": "NONE"}),
            ("lambda:InvokeFunction", {"InvokedViaFunctionUrl": True}),
        ):
            fn.client.add_permission(FunctionName="fn", StatementId=action[7:], Action=action, Principal="*", **more)
        headers = {"host": made.removeprefix("https://").rstrip("/")}
        clients.append(httpx.Client(base_url=region.endpoint, headers=headers, trust_env=False, timeout=30))
        return clients[-1]

    yield make
    for one in clients:
        one.close()


@pytest.fixture
def logged(region: Region, eventually: Callable[..., Any]) -> Callable[[str], None]:
    """`logged(text)`: waits until the region's log has it."""

    def wait(text: str) -> None:
        eventually(region.log.read_text, lambda log: text in log)

    return wait
