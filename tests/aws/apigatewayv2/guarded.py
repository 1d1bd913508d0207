"""An HTTP API whose routes have guards, and functions that authorize: for the tests of authorizers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from tests.aws.apigatewayv2.conftest import Caller
from tests.functions import let_apis_invoke, make_function

AUTHORIZER = """
import json, os, time

def handler(event, context):
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    what = json.loads(headers.get("x-answer") or "{}")
    print("asked", json.dumps(event))
    if "raise" in what:
        raise Exception(what["raise"])
    if "echo" in what:
        return {"isAuthorized": True, "context": {"event": event}}
    return what.get("answer")
"""


def add_authorizer_function(client: Callable[..., Any]) -> str:
    """A function that answers as the request's header x-answer says (JSON): {"answer": …}, {"raise": text} or {"echo": true}."""
    return make_function(client, "authorizer", AUTHORIZER)


def permit_authorizer(client: Callable[..., Any], account: str, api_id: str, authorizer_id: str = "*") -> None:
    """Lets the API's authorizers call the function."""
    let_apis_invoke(client, "authorizer", f"{account}:{api_id}/authorizers/{authorizer_id}", f"s{api_id}")


def uri_of(function: str) -> str:
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"


@dataclass
class Guarded:
    """The API `echo` with routes of its own; each route's function answers with its event."""

    api: Any
    api_id: str
    call: Caller

    def authorizer(self, kind: str, **members: Any) -> str:
        made: str = self.api.create_authorizer(
            ApiId=self.api_id, Name=f"{kind}{len(members)}{abs(hash(str(members)))}", AuthorizerType=kind, **members
        )["AuthorizerId"]
        return made

    def route(self, key: str, kind: str, authorizer: str | None = None, scopes: tuple[str, ...] = ()) -> None:
        target = self.api.get_routes(ApiId=self.api_id)["Items"][0]["Target"]
        members: dict[str, Any] = {"AuthorizationType": kind, "Target": target}
        if authorizer:
            members["AuthorizerId"] = authorizer
        if scopes:
            members["AuthorizationScopes"] = list(scopes)
        self.api.create_route(ApiId=self.api_id, RouteKey=key, **members)

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.call(self.api_id, path, headers=headers or {})

    def refusal(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, str, str | None]:
        """Status, body, and the WWW-Authenticate header."""
        response = self.get(path, headers)
        return response.status_code, response.text, response.headers.get("www-authenticate")
