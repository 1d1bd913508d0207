"""Stages as their callers see them: deployments as snapshots, stage variables, endpoints that are off."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def test_stages_run_their_own_deployments_and_variables(rest: Any) -> None:
    rest.mock("/", answer="one $stageVariables.name $stageVariables.none.")
    rest.deploy("a", variables={"name": "A"})
    rest.deploy("b", variables={"name": "B"})
    assert (rest("/", stage="a").text, rest("/", stage="b").text) == ("one A .", "one B .")
    rest.client.update_stage(
        restApiId=rest.id,
        stageName="a",
        patchOperations=[{"op": "replace", "path": "/variables/name", "value": "changed"}],
    )
    assert rest("/", stage="a").text == "one changed ."


def test_going_back_to_an_earlier_deployment(rest: Any) -> None:
    rest.mock("/", answer="one")
    first = rest.deploy()
    rest.mock("/two", answer="two")
    rest.deploy()
    assert rest("/two").text == "two"
    rest.client.update_stage(
        restApiId=rest.id,
        stageName="dev",
        patchOperations=[{"op": "replace", "path": "/deploymentId", "value": first}],
    )
    assert rest("/two").status_code == 403
    assert rest("/").text == "one"


def test_a_deleted_stage_and_a_deleted_api_answer_nothing(rest: Any) -> None:
    rest.mock("/", answer="one")
    rest.deploy()
    rest.client.delete_stage(restApiId=rest.id, stageName="dev")
    assert (rest("/").status_code, rest("/").text) == (403, '{"message":"Forbidden"}')
    rest.client.delete_rest_api(restApiId=rest.id)
    assert rest("/").status_code == 403


def test_the_default_endpoint_can_be_off(new_rest: Callable[..., Any]) -> None:
    rest = new_rest(disableExecuteApiEndpoint=True)
    rest.mock("/", answer="one")
    rest.deploy()
    assert (rest("/").status_code, rest("/").text) == (403, '{"message":"Forbidden"}')


def test_trailing_slashes_and_encoded_segments(rest: Any) -> None:
    rest.mock("/pets/{id}", answer="$input.params('id') $context.path")
    rest.deploy()
    assert rest("/pets/a%20b/").text == "a%20b /dev/pets/a%20b/"
    assert rest("/p%65ts/7").text == "7 /dev/p%65ts/7"


def test_the_paths_that_localstacks_clients_use(rest: Any, http: Any) -> None:
    rest.mock("/pets", answer="ok")
    rest.deploy()
    assert http.get(f"{rest.endpoint}/restapis/{rest.id}/dev/_user_request_/pets").text == "ok"


def logging_role(rest: Any, role: Callable[..., str]) -> None:
    """Lets the account's API Gateway write logs."""
    arn = role("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", name="logs")
    rest.client.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}])


def logged(client: Callable[..., Any], group: str, count: int) -> list[str]:
    """The messages in a log group, once there are as many."""
    logs, deadline = client("logs"), time.monotonic() + 60
    while True:
        groups = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        events = logs.filter_log_events(logGroupName=group)["events"] if groups else []
        if len(events) >= count or time.monotonic() > deadline:
            return [event["message"] for event in events]
        time.sleep(0.05)


def test_execution_logs(rest: Any, client: Callable[..., Any], role: Callable[..., str]) -> None:
    logging_role(rest, role)
    rest.mock("/pets", answer="secret")
    rest.deploy()
    level = {"op": "replace", "path": "/*/*/logging/loglevel", "value": "INFO"}
    rest.client.update_stage(restApiId=rest.id, stageName="dev", patchOperations=[level])
    request_id = rest("/pets").headers["x-amzn-requestid"]
    group = f"API-Gateway-Execution-Logs_{rest.id}/dev"
    expected = [
        f"({request_id}) Starting execution for request: {request_id}",
        f"({request_id}) HTTP Method: GET, Resource Path: /pets",
        f"({request_id}) Successfully completed execution",
        f"({request_id}) Method completed with status: 200",
    ]
    assert logged(client, group, 4) == expected
    trace = {"op": "replace", "path": "/*/*/logging/dataTrace", "value": "true"}
    rest.client.update_stage(restApiId=rest.id, stageName="dev", patchOperations=[trace])
    request_id = rest("/pets").headers["x-amzn-requestid"]
    assert f"({request_id}) Method response body after transformations: secret" in logged(client, group, 13)


def test_access_logs(rest: Any, client: Callable[..., Any], role: Callable[..., str], account: str) -> None:
    logging_role(rest, role)
    client("logs").create_log_group(logGroupName="access")
    rest.mock("/pets/{id}", answer="ok")
    rest.deploy()
    rest.client.update_stage(
        restApiId=rest.id,
        stageName="dev",
        patchOperations=[
            {
                "op": "replace",
                "path": "/accessLogSettings/destinationArn",
                "value": f"arn:aws:logs:us-east-1:{account}:log-group:access",
            },
            {
                "op": "replace",
                "path": "/accessLogSettings/format",
                "value": "$context.requestId $context.httpMethod $context.resourcePath $context.status $context.error.message",
            },
        ],
    )
    fine, refused = rest("/pets/7"), rest("/none")
    assert sorted(logged(client, "access", 2)) == sorted(
        [
            f"{fine.headers['x-amzn-requestid']} GET /pets/{{id}} 200 -",
            f"{refused.headers['x-amzn-requestid']} GET - 403 Missing Authentication Token",
        ]
    )
