"""Lambda authorizers in front of a running HTTP API: real functions, in both payload formats, with both forms of answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.aws.apigatewayv2.guarded import Guarded, add_authorizer_function, permit_authorizer, uri_of
from tests.functions import API_GATEWAY, make_role, may

UNAUTHORIZED, FORBIDDEN = '{"message":"Unauthorized"}', '{"message":"Forbidden"}'
FAILED = '{"message":"Internal Server Error"}'


@pytest.fixture
def authorizer_function(client: Callable[..., Any]) -> str:
    return add_authorizer_function(client)


@pytest.fixture
def guarded(
    api: Any, echo: str, call: Any, client: Callable[..., Any], account: str, authorizer_function: str
) -> Guarded:
    permit_authorizer(client, account, echo)
    return Guarded(api, echo, call)


def saying(**what: Any) -> dict[str, str]:
    """The header that tells the authorizer's function what to do."""
    return {"x-answer": json.dumps(what), "x-user": "alice"}


def policy(effect: str = "Allow", resource: str = "*", **more: Any) -> dict[str, Any]:
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}
    return {"principalId": "alice", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}, **more}


def request_authorizer(guarded: Guarded, function: str, **members: Any) -> str:
    return guarded.authorizer(
        "REQUEST",
        **{
            "AuthorizerUri": uri_of(function),
            "AuthorizerPayloadFormatVersion": "2.0",
            "EnableSimpleResponses": True,
            "AuthorizerResultTtlInSeconds": 0,
            "IdentitySource": ["$request.header.X-User"],
            **members,
        },
    )


def test_simple_responses(guarded: Guarded, authorizer_function: str) -> None:
    guarded.route("GET /me", "CUSTOM", request_authorizer(guarded, authorizer_function))
    context = {"plan": "gold", "n": 1, "list": [1, {"a": True}]}
    response = guarded.get("/me", saying(answer={"isAuthorized": True, "context": context}))
    assert response.json()["requestContext"]["authorizer"] == {"lambda": context}
    assert guarded.refusal("/me", saying(answer={"isAuthorized": False})) == (403, FORBIDDEN, None)
    assert guarded.refusal("/me", saying(answer={"isAuthorized": "true"})) == (500, FAILED, None)
    assert guarded.refusal("/me", saying(answer="yes")) == (500, FAILED, None)


def test_iam_policy_responses(guarded: Guarded, authorizer_function: str, account: str) -> None:
    one = request_authorizer(
        guarded, authorizer_function, AuthorizerPayloadFormatVersion="1.0", EnableSimpleResponses=False
    )
    guarded.route("GET /pets/{id}", "CUSTOM", one)
    own = f"arn:aws:execute-api:us-east-1:{account}:{guarded.api_id}/$default/GET/pets/7"
    response = guarded.get("/pets/7", saying(answer=policy(resource=own, context={"a": "b"})))
    assert response.json()["requestContext"]["authorizer"] == {"lambda": {"a": "b"}}
    assert guarded.refusal("/pets/8", saying(answer=policy(resource=own))) == (403, FORBIDDEN, None)
    assert guarded.refusal("/pets/7", saying(answer=policy("Deny"))) == (403, FORBIDDEN, None)
    assert guarded.refusal("/pets/7", saying(answer={"isAuthorized": True})) == (500, FAILED, None)
    assert guarded.refusal("/pets/7", saying(**{"raise": "Unauthorized"})) == (401, UNAUTHORIZED, None)
    assert guarded.refusal("/pets/7", saying(**{"raise": "boom"})) == (500, FAILED, None)


def test_a_missing_identity_source(guarded: Guarded, authorizer_function: str) -> None:
    sources = ["$request.header.X-User", "$request.querystring.q"]
    guarded.route("GET /me", "CUSTOM", request_authorizer(guarded, authorizer_function, IdentitySource=sources))
    yes = saying(answer={"isAuthorized": True})
    assert guarded.refusal("/me", yes) == (401, UNAUTHORIZED, None)
    assert guarded.refusal("/me?q=", yes) == (401, UNAUTHORIZED, None)
    assert guarded.get("/me?q=1", yes).status_code == 200


def test_the_authorizers_event(guarded: Guarded, authorizer_function: str, account: str) -> None:
    guarded.route("GET /pets/{id}", "CUSTOM", request_authorizer(guarded, authorizer_function))
    response = guarded.get("/pets/7?a=1", saying(echo=True))
    event = response.json()["requestContext"]["authorizer"]["lambda"]["event"]
    arn = f"arn:aws:execute-api:us-east-1:{account}:{guarded.api_id}/$default/GET/pets/7"
    assert {name: event[name] for name in ("version", "type", "routeArn", "identitySource", "routeKey", "rawPath")} == {
        "version": "2.0", "type": "REQUEST", "routeArn": arn, "identitySource": ["alice"], "routeKey": "GET /pets/{id}",
        "rawPath": "/pets/7",
    }  # fmt: skip
    assert event["pathParameters"] == {"id": "7"}
    assert event["queryStringParameters"] == {"a": "1"}
    assert not {"body", "isBase64Encoded"} & event.keys()


def test_the_functions_policy_decides_whether_it_is_asked(
    api: Any, echo: str, call: Any, client: Callable[..., Any], account: str, authorizer_function: str
) -> None:
    guarded = Guarded(api, echo, call)
    authorizer = request_authorizer(guarded, authorizer_function)
    guarded.route("GET /me", "CUSTOM", authorizer)
    yes = saying(answer={"isAuthorized": True})
    permit_authorizer(client, account, "other")
    assert guarded.refusal("/me", yes) == (500, FAILED, None)
    permit_authorizer(client, account, echo, authorizer)
    assert guarded.get("/me", yes).status_code == 200


def test_the_authorizers_role_calls(
    api: Any, echo: str, call: Any, client: Callable[..., Any], authorizer_function: str
) -> None:
    role = make_role(client, "caller", API_GATEWAY)
    guarded = Guarded(api, echo, call)
    guarded.route("GET /me", "CUSTOM", request_authorizer(guarded, authorizer_function, AuthorizerCredentialsArn=role))
    yes = saying(answer={"isAuthorized": True})
    assert guarded.refusal("/me", yes) == (500, FAILED, None)
    policy = may("lambda:InvokeFunction", resource=authorizer_function)
    client("iam").put_role_policy(RoleName="caller", PolicyName="p", PolicyDocument=policy)
    assert guarded.get("/me", yes).status_code == 200


def test_cache_ttl_by_the_clock_and_reset(own: Any) -> None:
    """An answer counts for its TTL by the region's clock, for its identity values, until the cache is reset."""
    account = "210987654321"

    def client(service: str) -> Any:
        return own.client(service, key=account)

    function = add_authorizer_function(client)
    api = client("apigatewayv2")
    api_id = api.create_api(Name="cached", ProtocolType="HTTP", Target="http://127.0.0.1:1/")["ApiId"]
    permit_authorizer(client, account, api_id)
    authorizer = api.create_authorizer(
        ApiId=api_id, Name="a", AuthorizerType="REQUEST", AuthorizerUri=uri_of(function),
        AuthorizerPayloadFormatVersion="2.0", EnableSimpleResponses=True, AuthorizerResultTtlInSeconds=300,
        IdentitySource=["$request.header.X-User"],
    )["AuthorizerId"]  # fmt: skip
    route = api.get_routes(ApiId=api_id)["Items"][0]["RouteId"]
    api.update_route(ApiId=api_id, RouteId=route, AuthorizationType="CUSTOM", AuthorizerId=authorizer)

    def status(*, allowed: bool, user: str = "alice") -> int:
        """503 for whoever is let in: nobody listens where the integration points."""
        headers = {**saying(answer={"isAuthorized": allowed}), "x-user": user}
        url = f"{own.endpoint}/_aws/execute-api/{api_id}/$default/"
        return httpx.get(url, headers=headers, timeout=30, trust_env=False).status_code

    assert status(allowed=True) == 503
    assert status(allowed=False) == 503
    assert status(allowed=False, user="bob") == 403
    assert status(allowed=True, user="bob") == 403
    own.atoll("clock", "advance", "250")
    assert status(allowed=False) == 503
    own.atoll("clock", "advance", "60")
    assert status(allowed=False) == 403
    assert status(allowed=True) == 403
    api.reset_authorizers_cache(ApiId=api_id, StageName="$default")
    assert status(allowed=True) == 503
