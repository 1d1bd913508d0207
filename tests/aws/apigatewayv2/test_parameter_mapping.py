"""Parameter mapping: append, overwrite and remove, of requests and answers, from every kind of source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Proxy = Callable[..., str]


def headers(asked: Any, name: str) -> list[str]:
    return [value for key, value in asked["headers"] if key == name]


def test_append_overwrite_and_remove_headers(api_id: str, proxy: Proxy, call: Any) -> None:
    mapping = {
        "append:header.x-more": "new",
        "overwrite:header.X-Set": "mine",
        "remove:header.x-secret": "''",
        "append:header.x-fresh": "only",
    }
    proxy("$default", "/", RequestParameters=mapping)
    asked = call(api_id, headers={"x-more": "old", "x-set": "yours", "x-secret": "1"}).json()
    found = [headers(asked, name) for name in ("x-more", "x-set", "x-secret", "x-fresh")]
    assert found == [["old", "new"], ["mine"], [], ["only"]]


def test_append_overwrite_and_remove_query_parameters(api_id: str, proxy: Proxy, call: Any) -> None:
    mapping = {
        "append:querystring.more": "ü b",
        "overwrite:querystring.set": "$request.querystring.from",
        "remove:querystring.secret": "''",
    }
    proxy("$default", "/", RequestParameters=mapping)
    asked = call(api_id, "/?more=1&set=x&set=y&secret=1&from=a&from=b").json()
    assert asked["path"] == "/?more=1&from=a&from=b&more=%C3%BC%20b&set=a%2Cb"


def test_the_path_is_overwritten(api_id: str, proxy: Proxy, call: Any) -> None:
    proxy("GET /pets/{id}", "/ignored", RequestParameters={"overwrite:path": "/animals/${request.path.id}/"})
    proxy("GET /whole", "/ignored", RequestParameters={"overwrite:path": "$request.path"})
    assert call(api_id, "/pets/a%20b?q=1").json()["path"] == "/animals/a%20b/?q=1"
    assert call(api_id, "/whole").json()["path"] == "/whole"


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("$request.header.X-Here", "h"),
        ("$request.querystring.q", "1,2"),
        ("$request.path", "/pets/7"),
        ("$request.path.id", "7"),
        ("$request.body.name", "Rex"),
        ("$request.body.tags[1]", "b"),
        ("$request.body.tags[*]", '["a","b"]'),
        ("$request.body['owner'].age", "40"),
        ("$request.body.owner", '{"age":40}'),
        ("$context.httpMethod", "POST"),
        ("$context.routeKey", "POST /pets/{id}"),
        ("$context.identity.sourceIp", "127.0.0.1"),
        ("$stageVariables.color", "blue"),
        ("static", "static"),
        ("${request.path.id}-${stageVariables.color}-${request.body.none}.", "7-blue-."),
        ("$request.header.none", None),
        ("$request.body.none", None),
        ("$context.none", None),
    ],
)
def test_sources_of_values(api: Any, api_id: str, proxy: Proxy, call: Any, source: str, value: str | None) -> None:
    proxy("POST /pets/{id}", "/", RequestParameters={"overwrite:header.x-mapped": source})
    api.update_stage(ApiId=api_id, StageName="$default", StageVariables={"color": "blue"})
    body = {"name": "Rex", "tags": ["a", "b"], "owner": {"age": 40}}
    asked = call(api_id, "/pets/7?q=1&q=2", "POST", json=body, headers={"x-here": "h"}).json()
    assert headers(asked, "x-mapped") == ([] if value is None else [value])


def test_the_whole_body_in_one_line(api_id: str, proxy: Proxy, call: Any) -> None:
    proxy("POST /x", "/", RequestParameters={"overwrite:header.x-body": "$request.body"})
    asked = call(api_id, "/x", "POST", content=b"a\r\nx-evil: 1").json()
    assert headers(asked, "x-body") == ["a  x-evil: 1"]
    assert headers(asked, "x-evil") == []


def test_a_json_path_looks_into_100_kilobytes(api_id: str, proxy: Proxy, call: Any) -> None:
    proxy("POST /x", "/", RequestParameters={"overwrite:header.x-found": "$request.body.a"})
    asked = call(api_id, "/x", "POST", json={"a": "1", "rest": "x" * (100 << 10)}).json()
    assert headers(asked, "x-found") == []


def test_the_host_header_can_be_overwritten(api_id: str, proxy: Proxy, call: Any) -> None:
    proxy("GET /x", "/", RequestParameters={"overwrite:header.host": "inner.example"})
    assert headers(call(api_id, "/x").json(), "host") == ["inner.example"]


def test_functions_get_the_mapped_request(api: Any, echo: str, function: str, call: Any) -> None:
    created = api.create_integration(
        ApiId=echo, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0",
        RequestParameters={"append:header.x-new": "$context.stage", "overwrite:path": "/other", "overwrite:querystring.q": "2"},
    )  # fmt: skip
    api.create_route(ApiId=echo, RouteKey="GET /mapped", Target=f"integrations/{created['IntegrationId']}")
    event = call(echo, "/mapped?q=1").json()
    assert (event["headers"]["x-new"], event["rawPath"], event["rawQueryString"]) == ("$default", "/other", "q=2")
    assert event["routeKey"] == "GET /mapped"


def test_answers_are_mapped_by_their_status(api_id: str, proxy: Proxy, call: Any) -> None:
    responses = {
        "200": {
            "append:header.x-both": "mine",
            "overwrite:header.x-old": "$response.header.x-both",
            "append:header.x-id": "$response.body.id",
            "append:header.x-list": "${response.body.deep.list[1].n}/${context.requestId}",
            "overwrite:statuscode": "201",
        },
        "404": {"overwrite:statuscode": "410", "remove:header.content-type": "''"},
    }
    proxy("GET /{proxy+}", "/{proxy}", ResponseParameters=responses)
    answer = call(api_id, "/json")
    assert answer.status_code == 201
    assert answer.headers.get_list("x-both") == ["b", "mine"]
    assert (answer.headers["x-old"], answer.headers["x-id"]) == (
        "b",
        "x1",
    )  # what the service answered, not what mappings made of it
    assert answer.headers["x-list"] == f"2/{answer.headers['apigw-requestid']}"
    assert answer.json()["flag"] is True
    gone = call(api_id, "/status/404")
    assert (gone.status_code, gone.text, "content-type" in gone.headers) == (410, "said so", False)
    assert call(api_id, "/status/403").status_code == 403


def test_a_functions_answers_are_mapped_too(api: Any, echo: str, function: str, call: Any) -> None:
    created = api.create_integration(
        ApiId=echo, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0",
        ResponseParameters={"403": {"overwrite:statuscode": "401", "append:header.x-why": "$response.body.why"}},
    )  # fmt: skip
    api.create_route(ApiId=echo, RouteKey="POST /mapped", Target=f"integrations/{created['IntegrationId']}")
    answer = {"statusCode": 403, "body": '{"why":"no"}'}
    response = call(echo, "/mapped", "POST", json={"answer": answer})
    assert (response.status_code, response.headers["x-why"], response.text) == (401, "no", '{"why":"no"}')


@pytest.mark.parametrize(
    "header", ["Authorization", "content-length", "Via", "forwarded", "x-amz-date", "X-Amzn-Trace-Id", "apigw-x", "origin"]
)  # fmt: skip
def test_reserved_headers_are_refused(proxy: Proxy, aws_error: Any, header: str) -> None:
    code, message, status = aws_error(
        lambda: proxy("GET /x", "/", RequestParameters={f"overwrite:header.{header}": "1"})
    )
    assert (code, status) == ("BadRequestException", 400)
    assert f"Operations on header {header} are restricted" in message
