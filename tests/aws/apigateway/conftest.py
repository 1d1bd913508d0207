"""A REST API to test, built and called as its owner and its users do; functions that answer as they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from tests.functions import API_GATEWAY, let_apis_invoke, make_function, make_role

ECHO = """
import json, time

def handler(event, context):
    body = event.get("body") if isinstance(event, dict) else None
    try:
        told = json.loads(body) if isinstance(body, str) else event
    except ValueError:
        told = None
    if isinstance(told, dict) and "raise" in told:
        raise ValueError(told["raise"])
    if isinstance(told, dict) and "sleep" in told:
        time.sleep(told["sleep"])
    if isinstance(told, dict) and "answer" in told:
        return told["answer"]
    if isinstance(event, dict) and "requestContext" in event:
        return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
    return event
"""
OK_TEMPLATE = '{"statusCode": 200}'


@dataclass
class Rest:
    """A REST API under construction, and its caller: `rest("/pets", "POST", json={…})` calls the stage `dev`."""

    client: Any
    endpoint: str
    http: httpx.Client
    id: str
    ids: dict[str, str] = field(default_factory=dict)
    responses: set[tuple[str, str, str]] = field(default_factory=set)

    def resource(self, path: str) -> str:
        """The id of the resource, made with all above it where it is not there."""
        if path not in self.ids:
            parent, _, part = path.rpartition("/")
            created = self.client.create_resource(
                restApiId=self.id, parentId=self.resource(parent or "/"), pathPart=part
            )
            self.ids[path] = created["id"]
        return self.ids[path]

    def at(self, path: str, method: str) -> dict[str, str]:
        """What names a method in calls."""
        return {"restApiId": self.id, "resourceId": self.resource(path), "httpMethod": method}

    def method(self, path: str, method: str = "GET", **members: Any) -> None:
        """Makes a method that asks for nobody in particular."""
        self.client.put_method(**self.at(path, method), **{"authorizationType": "NONE", **members})

    def integrate(self, path: str, method: str = "GET", **members: Any) -> None:
        """Puts an integration behind a method."""
        self.client.put_integration(**self.at(path, method), **members)

    def respond(
        self,
        path: str,
        method: str = "GET",
        status: str = "200",
        *,
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        """Makes a method response and the integration response for it, anew where they are there. `headers` map names to expressions."""
        if (path, method, status) in self.responses:
            self.client.delete_method_response(**self.at(path, method), statusCode=status)
        self.responses.add((path, method, status))
        mapped = {f"method.response.header.{name}": expression for name, expression in (headers or {}).items()}
        self.client.put_method_response(
            **self.at(path, method), statusCode=status, responseParameters=dict.fromkeys(mapped, False)
        )
        self.client.put_integration_response(
            **self.at(path, method), statusCode=status, responseParameters=mapped, **members
        )

    def mock(
        self, path: str, method: str = "GET", *, template: str = OK_TEMPLATE, answer: str = "", **members: Any
    ) -> None:
        """A method whose MOCK integration answers 200 with what the template `answer` says."""
        self.method(path, method, **members)
        self.integrate(path, method, type="MOCK", requestTemplates={"application/json": template})
        self.respond(path, method, responseTemplates={"application/json": answer})

    def proxy(self, path: str, method: str, function: str, **members: Any) -> None:
        """A method with a Lambda proxy integration."""
        self.method(path, method, **members)
        self.integrate(path, method, type="AWS_PROXY", integrationHttpMethod="POST", uri=invocations(function))

    def deploy(self, stage: str = "dev", **members: Any) -> str:
        """Deploys the API as it is now; the deployment's id."""
        return str(self.client.create_deployment(restApiId=self.id, stageName=stage, **members)["id"])

    def url(self, path: str = "/", stage: str = "dev") -> str:
        """The address of a path of a stage."""
        return f"{self.endpoint}/_aws/execute-api/{self.id}/{stage}{path}"

    def __call__(self, path: str = "/", method: str = "GET", stage: str = "dev", **options: Any) -> httpx.Response:
        return self.http.request(method, self.url(path, stage), **options)


def invocations(function: str) -> str:
    """The URI of an integration with a function."""
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"


@pytest.fixture
def apigateway(client: Callable[..., Any]) -> Any:
    """The API Gateway v1 client."""
    return client("apigateway")


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """An HTTP client without proxies, redirects or default headers."""
    with httpx.Client(timeout=60, trust_env=False) as made:
        yield made


@pytest.fixture
def rest_in(http: httpx.Client, account: str) -> Callable[..., Rest]:
    """`rest_in(own)`: a new, empty REST API in a region."""

    def make(region: Any, **members: Any) -> Rest:
        client = region.client("apigateway", key=account)
        created = client.create_rest_api(**{"name": "test", **members})
        return Rest(client, region.endpoint, http, created["id"], {"/": created["rootResourceId"]})

    return make


@pytest.fixture
def new_rest(region: Any, rest_in: Callable[..., Rest]) -> Callable[..., Rest]:
    """`new_rest(binaryMediaTypes=["image/png"])`: a new, empty REST API."""
    return lambda **members: rest_in(region, **members)


@pytest.fixture
def rest(new_rest: Callable[..., Rest]) -> Rest:
    """A new, empty REST API."""
    return new_rest()


@pytest.fixture
def function(client: Callable[..., Any]) -> str:
    """The ARN of a function that answers with its event, or as its JSON body or event says: {"answer"}, {"raise"}, {"sleep"}."""
    return make_function(client, "echo", ECHO)


@pytest.fixture
def allow(client: Callable[..., Any], account: str) -> Callable[[str], None]:
    """`allow(f"{rest.id}/*/GET/pets")`: lets API Gateway call the function for that source."""

    def permit(source: str) -> None:
        let_apis_invoke(client, "echo", f"{account}:{source}")

    return permit


@pytest.fixture
def role(client: Callable[..., Any]) -> Callable[..., str]:
    """`role("dynamodb:GetItem", …)`: the ARN of a role that API Gateway may assume, and that may do these on everything."""

    def make(*actions: str, name: str = "api", trusted: str = API_GATEWAY) -> str:
        return make_role(client, name, trusted, *actions)

    return make
