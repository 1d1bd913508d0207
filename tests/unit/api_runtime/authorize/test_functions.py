"""Lambda authorizers of every kind of API: what they are asked, what their answers mean, and for how long these count."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.api_runtime.authorize.support import FUNCTION, FakeClock, FunctionFailed, Region, policy, refusal

from atoll.api_runtime import serving
from atoll.api_runtime.authorize import functions as module
from atoll.api_runtime.authorize.functions import FunctionAuthorizers
from atoll.api_runtime.authorize.trial import try_authorizer
from atoll.api_runtime.integrate.roles import Roles
from atoll.api_runtime.visit import Caller
from atoll.kernel.errors import AccessDenied, ServiceError

TOKEN = serving.Authorizer(
    "auth1", "token", "TOKEN", identity=("method.request.header.Authorization",), function=FUNCTION
)
REQUEST = serving.Authorizer("auth2", "request", "REQUEST", function=FUNCTION)
HTTP = serving.Authorizer(
    "auth3", "http", "REQUEST", identity=("$request.header.X-User", "$request.querystring.q"), function=FUNCTION,
    payload_format="2.0", simple=True,
)  # fmt: skip
WEBSOCKET = serving.Authorizer(
    "auth4", "ws", "REQUEST", identity=("route.request.header.Auth", "route.request.querystring.q"), function=FUNCTION
)
HEADERS = [("authorization", "allow-me")]
METHOD_ARN = "arn:aws:execute-api:us-east-1:123456789012:abc123/dev/GET/pets"


def made() -> FunctionAuthorizers:
    """Authorizers that remember nothing yet."""
    return FunctionAuthorizers(Roles(FakeClock()))  # type: ignore[arg-type]


def having(authorizer: serving.Authorizer, **changes: Any) -> serving.Authorizer:
    return msgspec.structs.replace(authorizer, **changes)


async def admit(region: Region, authorizer: serving.Authorizer = TOKEN, path: str = "/pets", **visit: Any) -> Caller:
    """One request to an API whose authorizers remember nothing yet."""
    return await made().admit(region.visit(path, **{"headers": HEADERS, **visit}), authorizer, None)


# What the function is asked


async def test_token_authorizer_of_a_rest_api() -> None:
    region = Region(lambda event: policy(context={"plan": "gold", "n": 1.5, "ok": True}, usageIdentifierKey="key1"))
    caller = await admit(region)
    assert region.events == [{"type": "TOKEN", "methodArn": METHOD_ARN, "authorizationToken": "allow-me"}]
    assert caller == Caller(
        "CUSTOM", principal_id="alice", context={"plan": "gold", "n": "1.5", "ok": "true"}, usage_key="key1"
    )
    service, operation, request, principal = region.calls[0]
    assert (service, operation, request["FunctionName"]) == ("lambda", "Invoke", FUNCTION)
    assert principal.arn == "apigateway.amazonaws.com"
    assert principal.source_arn == "arn:aws:execute-api:us-east-1:123456789012:abc123/authorizers/auth1"


async def test_the_authorizers_role_calls() -> None:
    region = Region(lambda event: policy())
    await admit(region, having(TOKEN, credentials="arn:aws:iam::123456789012:role/caller"))
    assert [operation for _, operation, _, _ in region.calls] == ["AssumeRole", "Invoke"]
    assert region.calls[1][3].role_arn == "arn:aws:iam::123456789012:role/caller"


async def test_stage_variables_in_the_functions_arn() -> None:
    region = Region(lambda event: policy())
    await admit(region, having(TOKEN, function="${stageVariables.f}"), variables={"f": "x"})
    assert region.calls[0][2]["FunctionName"] == "x"


async def test_request_authorizer_of_a_rest_api() -> None:
    region = Region(lambda event: policy())
    shown = {
        "resource": "/pets", "path": "/pets", "httpMethod": "GET", "body": "secret", "isBase64Encoded": False,
        "requestContext": {"stage": "dev", "authorizer": None},
    }  # fmt: skip
    await made().admit(region.visit(), REQUEST, lambda: shown)
    assert region.events == [
        {
            "type": "REQUEST", "methodArn": METHOD_ARN, "resource": "/pets", "path": "/pets", "httpMethod": "GET",
            "requestContext": {"stage": "dev"}, "pathParameters": {}, "queryStringParameters": {},
            "multiValueQueryStringParameters": {}, "stageVariables": {},
        }
    ]  # fmt: skip


async def test_http_api_payload_1() -> None:
    region = Region(lambda event: policy())
    await admit(region, having(HTTP, payload_format="1.0"), kind="HTTP", headers=[("x-user", "u")], query="q=1&q=2")
    (event,) = region.events
    assert {name: event[name] for name in ("version", "type", "methodArn", "identitySource", "authorizationToken")} == {
        "version": "1.0", "type": "REQUEST", "methodArn": METHOD_ARN, "identitySource": "u,1,2",
        "authorizationToken": "u,1,2",
    }  # fmt: skip
    assert event["httpMethod"] == "GET"
    assert event["resource"] == "/pets"
    assert not {"body", "isBase64Encoded"} & event.keys()


async def test_http_api_payload_2() -> None:
    region = Region(lambda event: {"isAuthorized": True, "context": {"list": [1, {"a": None}]}})
    caller = await admit(region, HTTP, kind="HTTP", headers=[("x-user", "u")], query="q=1")
    (event,) = region.events
    assert {name: event[name] for name in ("version", "type", "routeArn", "identitySource", "routeKey", "rawPath")} == {
        "version": "2.0", "type": "REQUEST", "routeArn": METHOD_ARN, "identitySource": ["u", "1"],
        "routeKey": "GET /pets", "rawPath": "/dev/pets",
    }  # fmt: skip
    assert "authorizer" not in event["requestContext"]
    assert caller.context == {"list": [1, {"a": None}]}


async def test_websocket_connect() -> None:
    region = Region(lambda event: policy())
    await admit(region, WEBSOCKET, kind="WEBSOCKET", route_key="$connect", headers=[("auth", "a")], query="q=1")
    assert region.events[0]["methodArn"] == "arn:aws:execute-api:us-east-1:123456789012:abc123/dev/$connect"
    assert region.events[0]["type"] == "REQUEST"


# Who is refused before the function is asked


@pytest.mark.parametrize(
    ("authorizer", "visit"),
    [
        (TOKEN, {"headers": []}),
        (TOKEN, {"headers": [("authorization", "")]}),
        (having(TOKEN, validation="Bearer [a-z]+"), {}),
        (having(TOKEN, validation="allow"), {}),
        (having(TOKEN, identity=()), {}),
        (
            having(REQUEST, ttl=300, identity=("method.request.header.A, method.request.querystring.b",)),
            {"query": "b=1"},
        ),
        (having(REQUEST, ttl=300, identity=("stageVariables.v",)), {}),
        (having(REQUEST, ttl=300, identity=("context.nothing",)), {}),
        (HTTP, {"kind": "HTTP", "headers": [("x-user", "u")]}),
        (HTTP, {"kind": "HTTP", "headers": [("x-user", "u")], "query": "q="}),
        (having(HTTP, identity=("$nonsense",)), {"kind": "HTTP"}),
        (WEBSOCKET, {"kind": "WEBSOCKET", "headers": [("auth", "a")]}),
    ],
)
async def test_identity_sources_that_are_missing(authorizer: serving.Authorizer, visit: dict[str, Any]) -> None:
    region = Region(lambda event: policy())
    assert (await refusal(admit(region, authorizer, **visit))).reason == "UNAUTHORIZED"
    assert not region.calls


async def test_many_identity_sources() -> None:
    sources = (
        "method.request.header.A, method.request.querystring.b,stageVariables.v,context.identity.sourceIp, "
        "method.request.multivalueheader.A,method.request.multivaluequerystring.b"
    )
    region = Region(lambda event: policy())
    await admit(
        region, having(REQUEST, ttl=300, identity=(sources,)), headers=[("a", "1")], query="b=2", variables={"v": "3"}
    )
    assert region.calls


async def test_a_request_authorizer_that_remembers_nothing_asks_for_nothing() -> None:
    region = Region(lambda event: policy())
    await admit(region, having(REQUEST, identity=("method.request.header.A",)), headers=[])
    assert region.calls


async def test_identity_validation() -> None:
    region = Region(lambda event: policy())
    await admit(region, having(TOKEN, validation="^allow-[a-z]+$"))
    await admit(region, having(TOKEN, validation=r"\p{L}++-me"))
    assert len(region.calls) == 2


@pytest.mark.parametrize("expression", ["(", "(a|aa)+", "a" * 2000, "(" * 900])
async def test_validation_expressions_that_cannot_be_used_let_nobody_in(expression: str) -> None:
    """One that blows up holds up nobody else for long."""
    region = Region(lambda event: policy())
    began = time.thread_time()
    refused = await refusal(
        admit(region, having(TOKEN, validation=expression), headers=[("authorization", "a" * 500 + "!")])
    )
    assert refused.reason == "AUTHORIZER_CONFIGURATION_ERROR"
    assert time.thread_time() - began < 2
    assert not region.calls


# What an answer means


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (policy("Deny"), "User is not authorized to access this resource with an explicit deny"),
        (policy(resource="arn:aws:execute-api:*:*:*/*/POST/*"), "User is not authorized to access this resource"),
        (
            policy(resource="arn:aws:execute-api:us-east-1:123456789012:other/*"),
            "User is not authorized to access this resource",
        ),
    ],
)
async def test_denied(answer: Any, text: str) -> None:
    refused = await refusal(admit(Region(lambda event: answer)))
    assert (refused.reason, refused.text) == ("ACCESS_DENIED", text)


@pytest.mark.parametrize(
    "resource",
    [
        "*",
        METHOD_ARN,
        "arn:aws:execute-api:us-east-1:123456789012:abc123/dev/GET/*",
        "arn:aws:execute-api:*:*:*/*/*/pets",
    ],
)
async def test_resources_of_a_policy(resource: str) -> None:
    assert await admit(Region(lambda event: policy(resource=resource)))


async def test_conditions_of_a_policy() -> None:
    answer = policy()
    answer["policyDocument"]["Statement"][0]["Condition"] = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    region = Region(lambda event: answer)
    assert await admit(region)
    assert (await refusal(admit(region, source_ip="198.51.100.1"))).reason == "ACCESS_DENIED"


@pytest.mark.parametrize("kind", ["REST", "HTTP", "WEBSOCKET"])
@pytest.mark.parametrize(
    "answer",
    [
        None, True, "allow", [], {}, b"", b"{", b"\xff", b"[" * 9000,
        {"principalId": "alice"},
        {"principalId": "alice", "policyDocument": "allow"},
        {"principalId": "alice", "policyDocument": {}},
        {"principalId": "alice", "policyDocument": {"Version": "2012-10-17", "Statement": []}},
        {"principalId": "alice", "policyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}},
        {**policy(), "principalId": 7},
        {**policy(), "usageIdentifierKey": 7},
        {**policy(), "context": []},
        policy("allow"),
        policy(resource="pets"),
        FunctionFailed("boom"), FunctionFailed("unauthorized"), FunctionFailed("[401] Unauthorized"),
    ],
)  # fmt: skip
async def test_answers_that_are_none_are_configuration_errors(answer: Any, kind: serving.Kind) -> None:
    """Never an invocation, never anybody let in."""
    authorizer = having(REQUEST, payload_format="2.0")
    refused = await refusal(admit(Region(lambda event: answer), authorizer, kind=kind))
    assert refused.reason == "AUTHORIZER_CONFIGURATION_ERROR"
    assert refused.detail


@pytest.mark.parametrize(
    "answer", [{"isAuthorized": "true"}, {"isAuthorized": 1}, {"isAuthorized": None}, {"context": {}}, {}]
)
async def test_simple_answers_that_are_none(answer: Any) -> None:
    authorizer = having(HTTP, identity=())
    refused = await refusal(admit(Region(lambda event: answer), authorizer, kind="HTTP"))
    assert refused.reason == "AUTHORIZER_CONFIGURATION_ERROR"


async def test_simple_answers_count_only_where_they_are_enabled() -> None:
    yes = Region(lambda event: {"isAuthorized": True})
    for authorizer, kind in (
        (having(HTTP, simple=False, identity=()), "HTTP"),
        (REQUEST, "REST"),
        (REQUEST, "WEBSOCKET"),
    ):
        refused = await refusal(admit(yes, authorizer, kind=kind))
        assert refused.reason == "AUTHORIZER_CONFIGURATION_ERROR"


async def test_simple_answers() -> None:
    authorizer = having(HTTP, identity=())
    assert await admit(Region(lambda event: {"isAuthorized": True}), authorizer, kind="HTTP")
    refused = await refusal(admit(Region(lambda event: {"isAuthorized": False}), authorizer, kind="HTTP"))
    assert (refused.reason, refused.text) == ("ACCESS_DENIED", None)
    assert await admit(Region(lambda event: policy()), authorizer, kind="HTTP")


async def test_context_values_of_rest_apis_are_plain() -> None:
    for value in ([1], {"a": 1}):
        refused = await refusal(admit(Region(lambda event, v=value: policy(context={"x": v}))))
        assert refused.reason == "AUTHORIZER_CONFIGURATION_ERROR"
        assert "context: x" in refused.detail


async def test_principal_id_is_asked_for_but_by_http_apis() -> None:
    answer = policy()
    del answer["principalId"]
    region = Region(lambda event: answer)
    assert (await refusal(admit(region))).reason == "AUTHORIZER_CONFIGURATION_ERROR"
    assert (await admit(region, having(HTTP, identity=()), kind="HTTP")).principal_id == ""


@pytest.mark.parametrize(("kind", "authorizer"), [("REST", TOKEN), ("HTTP", REQUEST), ("WEBSOCKET", REQUEST)])
async def test_a_function_that_throws_unauthorized(kind: str, authorizer: serving.Authorizer) -> None:
    region = Region(lambda event: FunctionFailed("Unauthorized"))
    visit = region.visit(kind=kind, headers=HEADERS)
    assert (await refusal(made().admit(visit, authorizer, None))).reason == "UNAUTHORIZED"
    assert visit.authorizer.status == 401


@pytest.mark.parametrize("error", [AccessDenied("no permission"), ServiceError("no such function")])
async def test_a_function_that_may_not_be_called(error: ServiceError) -> None:
    def answer(_event: Any) -> Any:
        raise error

    region = Region(answer)
    visit = region.visit(headers=HEADERS)
    refused = await refusal(made().admit(visit, TOKEN, None))
    assert refused.reason == "AUTHORIZER_CONFIGURATION_ERROR"
    assert visit.authorizer.status == 500
    assert error.message in (visit.authorizer.error or "")


async def test_a_function_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUTS", {"REST": 0.02})
    ended = asyncio.Event()

    async def late() -> Any:
        await asyncio.sleep(0.1)
        ended.set()
        return policy()

    refused = await refusal(admit(Region(lambda event: late())))
    assert refused.reason == "AUTHORIZER_CONFIGURATION_ERROR"
    await asyncio.wait_for(ended.wait(), 60)


async def test_the_outcome_for_access_logs() -> None:
    region = Region(lambda event: policy())
    visit = region.visit(headers=HEADERS)
    await made().admit(visit, TOKEN, None)
    assert (visit.authorizer.status, visit.authorizer.latency, visit.authorizer.error) == (200, 0, None)


# For how long an answer counts


class Cached:
    """An API with one authorizer whose answers are remembered."""

    def __init__(self, authorizer: serving.Authorizer, **visit: Any) -> None:
        self.region = Region(lambda event: policy(resource=METHOD_ARN))
        self.authorizers, self.authorizer, self.visit = made(), authorizer, visit

    async def calls(self, path: str = "/pets", **visit: Any) -> int:
        """How many calls of the function one more request brings the number to."""
        request = self.region.visit(path, **{"headers": HEADERS, **self.visit, **visit})
        await self.authorizers.admit(request, self.authorizer, None)
        return len(self.region.events)


async def test_cache_ttl_by_the_clock() -> None:
    api = Cached(having(TOKEN, ttl=300))
    assert await api.calls() == await api.calls() == 1
    api.region.clock.time += 299
    assert await api.calls() == 1
    api.region.clock.time += 1
    assert await api.calls() == 2


async def test_cache_key() -> None:
    """Another token, stage, deployment, flush or definition of the authorizer: the function is asked anew."""
    api = Cached(having(TOKEN, ttl=300))
    assert await api.calls() == 1
    assert await api.calls(headers=[("authorization", "other")]) == 2
    assert await api.calls(settings=serving.Stage(snapshot="s2")) == 3
    assert await api.calls(settings=serving.Stage(snapshot="s1", authorizers_epoch=1)) == 4
    api.authorizer = having(api.authorizer, function=FUNCTION + "2")
    assert await api.calls() == 5
    assert await api.calls() == 5
    api.authorizer = having(api.authorizer, function=FUNCTION + "${stageVariables.v}")
    assert await api.calls(variables={"v": "3"}) == 6
    assert await api.calls(variables={"v": "4"}) == 7, "a canary's"
    assert await api.calls(variables={"v": "3"}) == 7


async def test_nothing_is_remembered_without_a_ttl_or_without_identity_sources() -> None:
    for authorizer, visit in (
        (TOKEN, {}),
        (having(REQUEST, ttl=0), {}),
        (having(HTTP, ttl=300, identity=(), simple=False), {"kind": "HTTP"}),
        (having(WEBSOCKET, ttl=300, identity=("route.request.header.Authorization",)), {"kind": "WEBSOCKET"}),
    ):
        api = Cached(authorizer, **visit)
        api.region.answer = lambda event: policy()
        assert [await api.calls(), await api.calls()] == [1, 2]


async def test_a_remembered_policy_is_asked_about_each_request_anew() -> None:
    api = Cached(having(TOKEN, ttl=300))
    assert await api.calls() == 1
    visit = api.region.visit("/others", headers=HEADERS)
    refused = await refusal(api.authorizers.admit(visit, api.authorizer, None))
    assert refused.text == "User is not authorized to access this resource"
    assert len(api.region.events) == 1


async def test_refusals_are_remembered_but_failures_are_not() -> None:
    authorizers, authorizer = made(), having(TOKEN, ttl=300)
    for answer, calls in ((policy("Deny"), 1), (FunctionFailed("Unauthorized"), 2), (FunctionFailed("boom"), 2)):
        region = Region(lambda event, a=answer: a)
        for _ in range(2):
            headers = [("authorization", str(answer))]
            await refusal(authorizers.admit(region.visit(headers=headers), authorizer, None))
        assert len(region.events) == calls


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    api = Cached(having(TOKEN, ttl=300))
    for number in range(5):
        await api.calls(headers=[("authorization", str(number))])
    assert await api.calls(headers=[("authorization", "4")]) == 5
    assert await api.calls(headers=[("authorization", "0")]) == 6


# TestInvokeAuthorizer


async def test_test_invoke_authorizer() -> None:
    region = Region(lambda event: policy())
    answer = await try_authorizer(region.visit(headers=HEADERS), TOKEN)
    assert answer.pop("log").startswith("Execution log for request r\n")
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}]}'
    assert answer == {"clientStatus": 200, "latency": 0, "principalId": "alice", "policy": document}


@pytest.mark.parametrize(
    ("answer", "headers", "status"),
    [(policy(), [], 401), (FunctionFailed("Unauthorized"), HEADERS, 401), (FunctionFailed("boom"), HEADERS, 500)],
)
async def test_test_invoke_authorizer_that_refuses(answer: Any, headers: Any, status: int) -> None:
    shown = await try_authorizer(Region(lambda event: answer).visit(headers=headers), TOKEN)
    assert shown["clientStatus"] == status
    assert "principalId" not in shown


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["principalId", "policyDocument", "context", "isAuthorized"]), json_values))
async def test_fuzzed_answers_let_nobody_in(answer: dict[str, Any]) -> None:
    """No answer without a policy that allows, or a plain true, lets anybody in; and none is an error of ours."""
    for authorizer, kind in ((TOKEN, "REST"), (having(HTTP, identity=()), "HTTP")):
        if kind == "HTTP" and answer.get("isAuthorized") is True:
            continue
        refused = await refusal(admit(Region(lambda event: answer), authorizer, kind=kind))
        assert refused.reason in ("AUTHORIZER_CONFIGURATION_ERROR", "ACCESS_DENIED")
