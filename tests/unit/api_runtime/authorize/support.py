"""Visits without a region: what authorizers need of one, and a function in place of Lambda."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.visit import Caller, Visit
from atoll.kernel.context import Principal
from atoll.kernel.http import HttpRequest
from atoll.kernel.tracing import Span

ACCOUNT, REGION, API = "123456789012", "us-east-1", "abc123"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:authorizer"


class FakeClock:
    """Region time and real time that stand until they are moved."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0
        self.real = 100.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.real


class OpenSessions:
    """Stands for a store that knows every session."""

    async def read(self, _fn: Any) -> Any:
        return object()


class Region:
    """Stands for the region: `answer(event)` is what the authorizer's function returns, or raises; `calls` are what was invoked."""

    def __init__(self, answer: Callable[[Any], Any] = lambda event: None) -> None:
        self.clock = FakeClock()
        self.answer = answer
        self.events: list[Any] = []
        self.calls: list[tuple[str, str, Mapping[str, Any], Principal]] = []

    async def call(self, service: str, operation: str, request: Mapping[str, Any], *, principal: Principal) -> Any:
        self.calls.append((service, operation, request, principal))
        if operation == "AssumeRole":
            user = {"Arn": "arn:aws:sts::123456789012:assumed-role/caller/x", "AssumedRoleId": "AROA:x"}
            return {"AssumedRoleUser": user, "Credentials": {"AccessKeyId": "ASIA", "Expiration": 2e9}}
        event = msgspec.json.decode(request["Payload"])
        self.events.append(event)
        answer = self.answer(event)
        if isinstance(answer, Awaitable):
            answer = await answer
        if isinstance(answer, FunctionFailed):
            return {"FunctionError": "Unhandled", "Payload": msgspec.json.encode({"errorMessage": answer.text})}
        return {"Payload": answer if isinstance(answer, bytes) else msgspec.json.encode(answer)}

    def visit(self, path: str = "/pets", **changes: Any) -> Visit:
        """A request that found its route. `kind`, `method`, `headers`, `query`, `source_ip` and members of Visit."""
        request = HttpRequest(
            changes.pop("method", "GET"), path, changes.pop("query", ""), changes.pop("headers", []),
            source_ip=changes.pop("source_ip", "192.0.2.7"), port=443, secure=True,
        )  # fmt: skip
        settings = serving.Stage(snapshot="s1")
        api = serving.Api(ACCOUNT, REGION, {"dev": settings}, changes.pop("kind", "REST"))
        ctx: Any = SimpleNamespace(
            account=ACCOUNT,
            request_id="r",
            call=self.call,
            clock=self.clock,
            store=OpenSessions(),
            span=Span("test", "t"),
        )
        members: dict[str, Any] = {
            "ctx": ctx, "request": request, "api_id": API, "api": api, "stage": "dev", "settings": settings, "path": path,
            "domain": "d", "request_id": "r", "extended_id": "x", "trace_id": "t", "time": self.clock.time, "began": 0.0,
            "route_key": "GET /pets",
        }  # fmt: skip
        return Visit(**{**members, **changes})


class FunctionFailed:
    """What a function returns that raised."""

    def __init__(self, text: str) -> None:
        self.text = text


def policy(effect: str = "Allow", resource: str = "*", **more: Any) -> dict[str, Any]:
    """A Lambda authorizer's answer."""
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}
    return {"principalId": "alice", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}, **more}


async def refusal(admission: Awaitable[Caller]) -> Refused:
    """Why nobody is let in; fails the test where somebody is."""
    try:
        caller = await admission
    except Refused as refused:
        return refused
    raise AssertionError(f"let in: {caller}")
