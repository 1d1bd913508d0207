"""Bad input to what changes REST APIs: whatever a patch says, the answer is AWS's or a clean refusal, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atoll.services.apigateway import (
    api_rules,
    authorizers,
    deployments,
    gateway_responses,
    integration_responses,
    integrations,
    method_responses,
    methods,
    models,
    resources,
    validators,
)

RULES: dict[str, Any] = {
    "rest_api": api_rules.RULES,
    "authorizer": authorizers.RULES,
    "deployment": deployments.RULES,
    "gateway_response": gateway_responses.RULES,
    "integration": integrations.RULES,
    "integration_response": integration_responses.RULES,
    "method": methods.RULES,
    "method_response": method_responses.RULES,
    "model": models.RULES,
    "resource": resources.RULES,
    "request_validator": validators.RULES,
    "stage": {
        "replace": [
            "/*/*/throttling/burstLimit",
            "/{name}/GET/throttling/rateLimit",
            "/canarySettings/percentTraffic",
            "/canarySettings/deploymentId",
            "/variables/{name}",
            "/deploymentId",
            "/accessLogSettings/destinationArn",
        ],
        "remove": ["/*/*", "/{name}", "/canarySettings", "/variables/{name}"],
    },
}
WORDS = st.sampled_from(
    [
        "",
        "x",
        "true",
        "0",
        "-1",
        "9" * 400,
        "nan",
        "1e999",
        "method.request.header.h",
        "application/json",
        "a~b",
        "{}",
        "$",
    ]
) | st.text(st.characters(codec="utf-8"), max_size=8)
CHANGES = st.lists(st.tuples(st.integers(0, 10_000), WORDS, st.none() | WORDS), min_size=1, max_size=3)
LOGS = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:f/invocations"


def status_of(call: Callable[[], Any]) -> int:
    try:
        answer = call()
    except ClientError as error:
        answer = error.response
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


@pytest.fixture
def names(client: Callable[..., Any]) -> dict[str, str]:
    """One thing of each kind, by the members that name them."""
    rest = client("apigateway")
    api = rest.create_rest_api(name="x")
    own = {"restApiId": api["id"]}
    found = {**own, "httpMethod": "GET", "statusCode": "200", "modelName": "Empty", "responseType": "DEFAULT_4XX"}
    part = rest.create_resource(**own, parentId=api["rootResourceId"], pathPart="x")["id"]
    method = {**own, "resourceId": part, "httpMethod": "GET"}
    rest.put_method(**method, authorizationType="NONE")
    rest.put_integration(**method, type="MOCK")
    rest.put_method_response(**method, statusCode="200")
    rest.put_integration_response(**method, statusCode="200")
    deployment = rest.create_deployment(**own, stageName="dev")["id"]
    validator = rest.create_request_validator(**own, name="v")["id"]
    header = "method.request.header.h"
    authorizer = rest.create_authorizer(**own, name="a", type="TOKEN", authorizerUri=LOGS, identitySource=header)["id"]
    return {
        **found,
        "resourceId": part,
        "deploymentId": deployment,
        "stageName": "dev",
        "requestValidatorId": validator,
        "authorizerId": authorizer,
    }


@pytest.mark.parametrize("noun", sorted(RULES))
def test_whatever_a_patch_says_nothing_breaks(noun: str, names: dict[str, str], client: Callable[..., Any]) -> None:
    rest = client("apigateway")
    update, get = getattr(rest, f"update_{noun}"), getattr(rest, f"get_{noun}")
    members = rest.meta.service_model.operation_model(rest.meta.method_to_api_mapping[f"get_{noun}"]).input_shape
    own = {name: names[name] for name in members.required_members}
    paths = [(op, path) for op, rules in RULES[noun].items() for path in rules] + [("add", "/x"), ("test", "/name")]

    @settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(changes=CHANGES)
    def check(changes: list[tuple[int, str, str | None]]) -> None:
        operations = []
        for index, word, value in changes:
            op, path = paths[index % len(paths)]
            escaped = word.replace("~", "~0").replace("/", "~1")
            segments = [escaped if part.startswith("{") else part for part in path.split("/")]
            operations.append({"op": op, "path": "/".join(segments)} | ({} if value is None else {"value": value}))
        assert status_of(lambda: update(**own, patchOperations=operations)) in (200, 400, 404, 409, 501), operations
        get(**own)

    check()
    api = {"restApiId": names["restApiId"]}
    rest.get_resources(**api, embed=["methods"])
    rest.create_deployment(**api, stageName="again")
