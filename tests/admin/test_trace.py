"""`GET /_atoll/trace`: what happened last, and one request in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from .conftest import Owner


def traces(owner: Owner, query: str = "") -> list[dict[str, Any]]:
    return list(httpx.get(f"{owner.region.endpoint}/_atoll/trace{query}").json()["traces"])


def test_the_latest_requests_come_first(owner: Owner) -> None:
    owner.client("iam").list_roles()
    with pytest.raises(Exception, match="not found"):
        owner.client("dynamodb").describe_table(TableName="missing")
    latest, before = traces(owner, "?limit=2")
    assert (latest["name"], latest["status"]) == ("dynamodb.DescribeTable", 400)
    assert latest["error"].startswith("ResourceNotFoundException: ")
    assert (before["name"], before["status"]) == ("iam.ListRoles", 200)
    assert before["ms"] > 0
    assert 0 <= before["seconds_ago"] < 60
    for limit in ("x", "9" * 20):
        assert httpx.get(f"{owner.region.endpoint}/_atoll/trace?limit={limit}").status_code == 400


def test_one_request_in_full(owner: Owner) -> None:
    answer = owner.client("dynamodb").list_tables()
    trace_id = answer["ResponseMetadata"]["RequestId"]
    trace = httpx.get(f"{owner.region.endpoint}/_atoll/trace/{trace_id}").json()
    assert (trace["id"], trace["name"], trace["status"]) == (trace_id, "dynamodb.ListTables", 200)
    assert {"identify", "authenticate", "authorize", "run", "serialize"} <= set(trace["steps"])
    assert any(name.startswith("iam dynamodb:ListTables on ") for name in trace["attributes"])
    missing = httpx.get(f"{owner.region.endpoint}/_atoll/trace/none")
    assert missing.status_code == 404
    assert missing.json()["message"].endswith("/_atoll/trace.")


def test_a_call_of_an_api_is_traced_with_its_status(owner: Owner) -> None:
    owner.function("fn", "def handler(event, context):\n    return {'statusCode': 418}\n", owner.role())
    url = owner.api()
    api = url.split("/")[5]
    gateway = owner.client("apigatewayv2")
    arn = f"arn:aws:lambda:us-east-1:{owner.account}:function:fn"
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="GET /tea", Target=f"integrations/{integration}")
    owner.client("lambda").add_permission(
        FunctionName="fn", StatementId="s", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    assert httpx.get(url + "tea").status_code == 418
    assert any(line["name"] == "GET /tea" and line["status"] == 418 for line in traces(owner))
