"""Functions and roles for tests of what calls functions, or acts under roles."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

Client = Callable[..., Any]
API_GATEWAY = "apigateway.amazonaws.com"
ECHO = "def handler(event, context):\n    return event\n"


def package(files: Mapping[str, str | bytes] | str = ECHO) -> bytes:
    """A zip file of these files; text alone is app.py."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ({"app.py": files} if isinstance(files, str) else files).items():
            archive.writestr(zipfile.ZipInfo(name), content)  # without the time: equal files, equal packages
    return buffer.getvalue()


def trust(*services: str) -> str:
    """A trust policy for these services."""
    return _document({"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"})


def may(*actions: str, resource: str = "*") -> str:
    """A policy that allows these actions."""
    return _document({"Effect": "Allow", "Action": list(actions), "Resource": resource})


def make_role(client: Client, name: str, service: str, *actions: str) -> str:
    """The ARN of a new role which the service may assume and that may do these actions on everything."""
    iam = client("iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))["Role"]["Arn"]
    if actions:
        iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=may(*actions))
    return arn


def make_function(client: Client, name: str, source: str, *actions: str) -> str:
    """The ARN of a new function, whose role of the same name may do these actions. `source` defines `handler(event, context)`."""
    functions = client("lambda")
    arn: str = functions.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=make_role(client, name, "lambda.amazonaws.com", *actions),
        Handler="app.handler",
        Code={"ZipFile": package(source)},
        Timeout=30,
    )["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return arn


def let_apis_invoke(client: Client, name: str, source: str | None = None, statement: str = "") -> None:
    """Lets API Gateway invoke a function: for `source`, `ACCOUNT:API/STAGE/METHOD/path`, or for every API."""
    client("lambda").add_permission(
        FunctionName=name,
        StatementId=statement or f"s{time.monotonic_ns()}",
        Action="lambda:InvokeFunction",
        Principal=API_GATEWAY,
        **({} if source is None else {"SourceArn": f"arn:aws:execute-api:us-east-1:{source}"}),
    )


def _document(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
