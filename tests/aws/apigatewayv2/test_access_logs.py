"""Access logs: a line per request in the given format, in CloudWatch Logs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

Proxy = Callable[..., str]
CLF = (
    '$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" '
    "$context.status $context.responseLength $context.requestId $context.extendedRequestId"
)
JSON = json.dumps(
    {
        name: f"$context.{name}"
        for name in (
            "requestId", "routeKey", "status", "path", "error.message", "error.messageString", "error.responseType",
            "integration.status", "integration.integrationStatus", "integration.error", "integrationErrorMessage", "responseLength",
            "domainName", "apiId", "stage", "identity.userAgent", "authorizer.claims.sub",
        )
    }
).replace('"$context.error.messageString"', "$context.error.messageString")  # fmt: skip
XML = '<request id="$context.requestId"><status>$context.status</status></request>'
CSV = "$context.requestId,$context.status,$context.routeKey"


def lines(logs: Any, group: str, count: int) -> list[str]:
    """The group's lines, once there are `count`."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
        if len(found) >= count:
            return found
    raise AssertionError(f"{len(found)} lines of {count}: {found}")


@pytest.fixture
def logged(
    api: Any, api_id: str, client: Callable[..., Any], account: str, proxy: Proxy
) -> Callable[[str], Callable[[int], list[str]]]:
    """`logged(format)` turns the API's log on; what it returns gives the lines, once there are so many."""

    def turn_on(format_: str) -> Callable[[int], list[str]]:
        client("logs").create_log_group(logGroupName="access")
        arn = f"arn:aws:logs:us-east-1:{account}:log-group:access"
        settings = {"DestinationArn": arn, "Format": format_}
        api.update_stage(ApiId=api_id, StageName="$default", AccessLogSettings=settings)
        return lambda count: lines(client("logs"), "access", count)

    return turn_on


def test_common_log_format(api_id: str, proxy: Proxy, call: Any, logged: Any) -> None:
    proxy("GET /{proxy+}", "/{proxy}")
    read = logged(CLF)
    answer = call(api_id, "/big/1234")
    line = read(1)[0]
    request_id = answer.headers["apigw-requestid"]
    before, _, after = line.partition("[")
    assert before == "127.0.0.1 - - "
    assert after.partition("] ")[2] == f'"GET GET /{{proxy+}} HTTP/1.1" 200 1234 {request_id} {request_id}'


def test_json_of_answers_and_refusals(api_id: str, proxy: Proxy, call: Any, logged: Any) -> None:
    proxy("GET /ok", "/json")
    proxy("GET /away", "http://nowhere.invalid/")
    read = logged(JSON)
    for path in ("/ok", "/away", "/none"):
        call(api_id, path, headers={"user-agent": "test/1"})
    ok, away, none = (json.loads(line.replace(":-", ':"-"').replace(": -", ': "-"')) for line in read(3))
    assert (ok["status"], ok["routeKey"], ok["path"], ok["identity.userAgent"]) == ("200", "GET /ok", "/ok", "test/1")
    assert (ok["integration.status"], ok["error.message"], ok["authorizer.claims.sub"]) == ("200", "-", "-")
    assert (away["status"], away["error.message"], away["error.responseType"]) == (
        "503", "Service Unavailable", "INTEGRATION_FAILURE",
    )  # fmt: skip
    assert "ConnectError" in away["integrationErrorMessage"]
    assert (none["status"], none["routeKey"], none["error.messageString"]) == ("404", "-", "Not Found")


@pytest.mark.parametrize(
    ("format_", "line"), [(XML, '<request id="{}"><status>200</status></request>'), (CSV, "{},200,$default")]
)
def test_xml_and_csv(api_id: str, proxy: Proxy, call: Any, logged: Any, format_: str, line: str) -> None:
    proxy("$default", "/")
    read = logged(format_)
    request_id = call(api_id).headers["apigw-requestid"]
    assert read(1) == [line.format(request_id)]


def test_functions_and_their_failures(api: Any, echo: str, call: Any, client: Callable[..., Any], account: str) -> None:
    client("logs").create_log_group(logGroupName="access")
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:access"
    integration = "$context.integration.status $context.integration.integrationStatus $context.integration.error"
    format_ = f"$context.status {integration} $context.requestId"
    api.update_stage(ApiId=echo, StageName="$default", AccessLogSettings={"DestinationArn": arn, "Format": format_})
    call(echo, "/", "POST", json={"answer": {"statusCode": 418}})
    call(echo, "/", "POST", json={"raise": "x"})
    call(echo, "/", "POST", json={"answer": {"statusCode": "many"}})
    found = [line.rpartition(" ")[0] for line in lines(client("logs"), "access", 3)]
    assert found == [
        "418 418 200 -",
        "500 - 200 the function failed",
        "500 - 200 the function's response is malformed",
    ]


def test_request_ids_lead_to_the_functions_own_log(
    api: Any, echo: str, call: Any, client: Callable[..., Any], account: str
) -> None:
    policy = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    client("iam").put_role_policy(RoleName="echo", PolicyName="logs", PolicyDocument=document)
    for group in ("access", "/aws/lambda/echo"):
        client("logs").create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:access"
    format_ = "$context.integration.requestId $context.awsEndpointRequestId $context.requestId"
    api.update_stage(ApiId=echo, StageName="$default", AccessLogSettings={"DestinationArn": arn, "Format": format_})
    assert call(echo, "/").status_code == 200
    first, second, _ = lines(client("logs"), "access", 1)[0].split()
    (report,) = [line for line in lines(client("logs"), "/aws/lambda/echo", 4) if line.startswith("REPORT")]
    assert f"REPORT RequestId: {first}" in report
    assert first == second


def test_a_log_group_that_is_not_there_gets_no_lines_and_costs_no_answer(
    api: Any, api_id: str, proxy: Proxy, call: Any, client: Callable[..., Any], account: str
) -> None:
    proxy("$default", "/")
    client("logs").create_log_group(logGroupName="access")
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:access"
    api.update_stage(
        ApiId=api_id, StageName="$default", AccessLogSettings={"DestinationArn": arn, "Format": "$context.requestId"}
    )
    client("logs").delete_log_group(logGroupName="access")
    assert call(api_id).status_code == 200
    assert client("logs").describe_log_groups()["logGroups"] == []


def test_nothing_is_lost_at_shutdown(new_region: Callable[..., Any], account: str, backend: Any) -> None:
    region = new_region()
    api, logs = region.client("apigatewayv2", key=account), region.client("logs", key=account)
    logs.create_log_group(logGroupName="access")
    api_id = api.create_api(Name="x", ProtocolType="HTTP", Target=backend.url)["ApiId"]
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:access"
    api.update_stage(
        ApiId=api_id, StageName="$default", AccessLogSettings={"DestinationArn": arn, "Format": "$context.requestId"}
    )
    with httpx.Client(trust_env=False) as http:
        url = f"{region.endpoint}/_aws/execute-api/{api_id}/$default/"
        sent = [http.get(url).headers["apigw-requestid"] for _ in range(50)]
    assert region.stop() == 0
    region.start()
    logs = region.client("logs", key=account)
    assert sorted(event["message"] for event in logs.filter_log_events(logGroupName="access")["events"]) == sorted(sent)


def test_lines_are_there_when_a_move_of_the_clock_is_done(own: Any, account: str, backend: Any) -> None:
    api, logs = own.client("apigatewayv2", key=account), own.client("logs", key=account)
    logs.create_log_group(logGroupName="access")
    api_id = api.create_api(Name="x", ProtocolType="HTTP", Target=backend.url)["ApiId"]
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:access"
    api.update_stage(
        ApiId=api_id, StageName="$default", AccessLogSettings={"DestinationArn": arn, "Format": "$context.requestId"}
    )
    answer = httpx.get(f"{own.endpoint}/_aws/execute-api/{api_id}/$default/", trust_env=False)
    own.atoll("clock", "advance", "1s")
    found = logs.filter_log_events(logGroupName="access")["events"]
    assert [event["message"] for event in found] == [answer.headers["apigw-requestid"]]
