"""What holds the event loop longest: `python -m benchmarks.holds [identity] [rest] [http]`. The aim is 2 ms (design principle 9).

A region runs in a thread of this process, its loop asyncio's own, which tells of each step how much processor time its thread took. Each
operation on large things is called a few times; shown are the median and the worst of its longest steps, in milliseconds. Work in other
threads does not count, though where it is Python the loop has to share the interpreter with it.
"""

from __future__ import annotations

import asyncio
import asyncio.events
import json
import os
import statistics
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import boto3
import yaml
from botocore.config import Config

from atoll.app import serve
from atoll.config import Settings

TIMES = 5
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
MOCK = {
    "type": "mock",
    "requestTemplates": {"application/json": '{"statusCode": 200}'},
    "responses": {"default": {"statusCode": "200"}},
}
TRUSTED = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


class Steps:
    """The longest step of the loop since one last asked, in milliseconds of its thread's processor time."""

    longest = 0.0

    def install(self) -> None:
        """Every step of every loop in this process goes through `Handle._run`."""
        run = asyncio.events.Handle._run  # type: ignore[attr-defined]

        def timed(handle: asyncio.events.Handle) -> None:
            began = time.thread_time()
            run(handle)
            self.longest = max(self.longest, (time.thread_time() - began) * 1000)

        asyncio.events.Handle._run = timed  # type: ignore[attr-defined]


class Case(NamedTuple):
    """What is measured: a call, with what `before` made for it."""

    what: str
    call: Callable[[Any], object]
    before: Callable[[], Any] = lambda: None


Client = Callable[[str], Any]
"""Makes boto3's clients of the region."""


@contextmanager
def region(directory: Path) -> Iterator[Client]:
    """A region that runs meanwhile."""
    started: list[tuple[Any, str]] = []
    ready = threading.Event()

    def on_ready(server: Any, endpoint: str) -> None:
        started.append((server, endpoint))
        ready.set()

    settings = Settings(port=0, data_dir=directory / "data", cache_dir=directory / "cache")
    thread = threading.Thread(target=lambda: asyncio.run(serve(settings, on_ready, lambda *_: None)))
    thread.start()
    ready.wait()
    server, endpoint = started[0]

    def client(service: str) -> Any:
        return boto3.client(
            service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="123456789012",
            aws_secret_access_key="test", config=Config(retries={"max_attempts": 0}),
        )  # fmt: skip

    try:
        yield client
    finally:
        server.should_exit = True
        thread.join()


def policy(statement: dict[str, Any]) -> str:
    """A document of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def long_policy(objects: int, name: str) -> str:
    """A document that names so many objects, 60 bytes each."""
    resources = [f"arn:aws:s3:::{name}{number:0>40}/*" for number in range(objects)]
    return policy({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources})


def identity(client: Client) -> Iterator[Case]:
    """IAM: many roles, long policies, many questions."""
    iam = client("iam")
    for number in range(1_000):
        iam.create_role(RoleName=f"r{number}", AssumeRolePolicyDocument=policy(TRUSTED))
        if number < 150:
            iam.put_role_policy(RoleName=f"r{number}", PolicyName="p", PolicyDocument=long_policy(90, f"b{number}"))
    asked = {
        "PolicyInputList": [long_policy(90, "b")],
        "ActionNames": [f"s3:Get{number}" for number in range(20)],
        "ResourceArns": [f"arn:aws:s3:::b{number:0>40}/x" for number in range(30)],
    }
    details = iam.get_account_authorization_details
    yield Case("GetAccountAuthorizationDetails, 150 roles with 5 KB policies", lambda _: details(MaxItems=150))
    yield Case("GetAccountAuthorizationDetails, 1,000 roles", lambda _: details(MaxItems=1000))
    yield Case("ListRoles, 100", lambda _: iam.list_roles())
    yield Case("ListRoles, 1,000", lambda _: iam.list_roles(MaxItems=1000))
    yield Case("SimulateCustomPolicy, 600 questions", lambda _: iam.simulate_custom_policy(**asked))
    yield Case(
        "CreatePolicy, 6 KB",
        lambda name: iam.create_policy(PolicyName=name, PolicyDocument=long_policy(95, name[:4])),
        lambda: os.urandom(8).hex(),
    )


def rest(client: Client) -> Iterator[Case]:
    """REST APIs of 1,000 resources."""
    api = client("apigateway")
    method = {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": MOCK}
    paths = {f"/r{number}": {"get": method} for number in range(1_000)}
    document = {"openapi": "3.0.1", "info": {"title": "rest", "version": "1"}, "paths": paths}
    body = json.dumps(document).encode()
    text = yaml.safe_dump(json.loads(body)).encode()  # without aliases
    made = api.import_rest_api(body=body)["id"]
    of_made = {"restApiId": made}

    def deploy() -> str:
        renamed = [{"op": "replace", "path": "/name", "value": os.urandom(4).hex()}]
        api.update_rest_api(**of_made, patchOperations=renamed)  # nobody has this snapshot decoded
        api.create_deployment(**of_made, stageName="prod")
        return f"{api.meta.endpoint_url}/_aws/execute-api/{made}/prod/r1"

    yield Case("ImportRestApi, 1,000 resources", lambda _: api.import_rest_api(body=body))
    yield Case("… of YAML", lambda _: api.import_rest_api(body=text))
    yield Case("PutRestApi, 1,000 resources", lambda _: api.put_rest_api(**of_made, body=body, mode="overwrite"))
    yield Case("CreateDeployment, 1,000 resources", lambda _: deploy())
    yield Case("the first request after it", urllib.request.urlopen, deploy)
    yield Case("GetResources, 500 with methods", lambda _: api.get_resources(**of_made, limit=500, embed=["methods"]))
    yield Case("GetExport, 1,000 resources", lambda _: api.get_export(**of_made, stageName="prod", exportType="oas30"))
    yield Case(
        "DeleteRestApi, 1,000 resources",
        lambda other: api.delete_rest_api(restApiId=other),
        lambda: api.import_rest_api(body=body)["id"],
    )


def http(client: Client) -> Iterator[Case]:
    """HTTP APIs of 1,000 routes."""
    api = client("apigatewayv2")
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": FUNCTION, "payloadFormatVersion": "2.0"}
    paths = {f"/r{number}": {"get": {"x-amazon-apigateway-integration": integration}} for number in range(1_000)}
    body = json.dumps({"openapi": "3.0.1", "info": {"title": "http", "version": "1"}, "paths": paths})
    made = {"ApiId": api.import_api(Body=body)["ApiId"]}
    api.create_stage(**made, StageName="$default", AutoDeploy=True)
    first = api.get_integrations(**made, MaxResults="1")["Items"][0]["IntegrationId"]
    yield Case("ImportApi, 1,000 routes", lambda _: api.import_api(Body=body))
    yield Case(
        "UpdateIntegration in an auto-deployed API of 1,000 routes",
        lambda text: api.update_integration(**made, IntegrationId=first, Description=text),
        lambda: os.urandom(4).hex(),
    )
    yield Case("ReimportApi, 1,000 routes", lambda _: api.reimport_api(**made, Body=body))
    yield Case("GetRoutes, 1,000", lambda _: api.get_routes(**made, MaxResults="1000"))
    yield Case(
        "DeleteApi, 1,000 routes",
        lambda other: api.delete_api(ApiId=other),
        lambda: api.import_api(Body=body)["ApiId"],
    )


PARTS = {"identity": identity, "rest": rest, "http": http}


def main() -> None:
    steps = Steps()
    steps.install()
    with TemporaryDirectory() as directory, region(Path(directory)) as client:
        for name in sys.argv[1:] or PARTS:
            for case in PARTS[name](client):
                case.call(case.before())  # imports, models
                found = []
                for _ in range(TIMES):
                    made = case.before()
                    steps.longest = 0.0
                    case.call(made)
                    found.append(steps.longest)
                print(f"{statistics.median(found):6.1f} {max(found):6.1f}  {case.what}", flush=True)


if __name__ == "__main__":
    main()
