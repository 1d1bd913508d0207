"""Deployments and stages of REST APIs: test_apigateway_{api,canary,extended}.snapshot.json."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

RUNNING = "Active stages pointing to this deployment must be moved or deleted"
SETTINGS = {
    "cacheDataEncrypted": False,
    "cacheTtlInSeconds": 300,
    "cachingEnabled": False,
    "dataTraceEnabled": False,
    "metricsEnabled": False,
    "requireAuthorizationForCacheControl": True,
    "throttlingBurstLimit": 5000,
    "throttlingRateLimit": 10000.0,
    "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
}


class Stages:
    """An API whose root answers by itself, and its stages."""

    def __init__(self, rest: Any) -> None:
        self.rest = rest
        made = rest.create_rest_api(name="stages")
        self.api, self.root = made["id"], made["rootResourceId"]
        names = {"restApiId": self.api, "resourceId": self.root, "httpMethod": "GET"}
        rest.put_method(**names, authorizationType="NONE")
        rest.put_integration(**names, type="MOCK")

    def deploy(self, **given: Any) -> str:
        return str(self.rest.create_deployment(restApiId=self.api, **given)["id"])

    def stage(self, name: str = "dev") -> Any:
        return shown(self.rest.get_stage(restApiId=self.api, stageName=name))

    def update(self, *changes: dict[str, str], name: str = "dev") -> Any:
        return shown(self.rest.update_stage(restApiId=self.api, stageName=name, patchOperations=list(changes)))


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what differs each time."""
    without = ("ResponseMetadata", "createdDate", "lastUpdatedDate")
    return {name: value for name, value in answer.items() if name not in without}


def replace(path: str, value: str) -> dict[str, str]:
    return {"op": "replace", "path": path, "value": value}


def remove(path: str) -> dict[str, str]:
    return {"op": "remove", "path": path}


def plain(deployment: str, name: str = "dev", **more: Any) -> dict[str, Any]:
    """A stage for which nothing was set."""
    return {
        "cacheClusterEnabled": False,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "deploymentId": deployment,
        "methodSettings": {},
        "stageName": name,
        "tracingEnabled": False,
        **more,
    }


@pytest.fixture
def stages(client: Callable[..., Any]) -> Stages:
    """A new API."""
    return Stages(client("apigateway"))


@pytest.fixture
def log_role(client: Callable[..., Any]) -> str:
    """The role that writes the logs of the account's APIs."""
    trust = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn: str = client("iam").create_role(RoleName="logs", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    client("apigateway").update_account(patchOperations=[replace("/cloudwatchRoleArn", arn)])
    return arn


def test_what_cannot_be_deployed(client: Callable[..., Any], aws_error: Any) -> None:
    rest = client("apigateway")
    made = rest.create_rest_api(name="empty")

    def deploy() -> Any:
        return aws_error(lambda: rest.create_deployment(restApiId=made["id"]))

    assert deploy() == ("BadRequestException", "The REST API doesn't contain any methods", 400)
    names = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    rest.put_method(**names, authorizationType="NONE")
    assert deploy() == ("BadRequestException", "No integration defined for method", 400)


@pytest.mark.parametrize("with_stage", [True, False])
def test_deployments_are_deleted_only_when_no_stage_runs_them(stages: Stages, aws_error: Any, with_stage: bool) -> None:
    rest = stages.rest
    if with_stage:
        first = stages.deploy(stageName="s1")
    else:
        first = stages.deploy()
        rest.create_stage(restApiId=stages.api, stageName="s1", deploymentId=first)
    assert [shown(one) for one in rest.get_stages(restApiId=stages.api)["item"]] == [plain(first, "s1")]
    assert shown(rest.get_deployment(restApiId=stages.api, deploymentId=first)) == {"id": first}
    summary = rest.get_deployment(restApiId=stages.api, deploymentId=first, embed=["apisummary"])["apiSummary"]
    assert summary == {"/": {"GET": {"apiKeyRequired": False, "authorizationType": "NONE"}}}

    def delete(deployment: str) -> Any:
        return rest.delete_deployment(restApiId=stages.api, deploymentId=deployment)

    assert aws_error(lambda: delete(first)) == ("BadRequestException", RUNNING, 400)
    second = stages.deploy(description="second")
    stages.update(replace("/deploymentId", second), name="s1")
    delete(first)
    assert aws_error(lambda: delete(second))[1] == RUNNING
    assert aws_error(lambda: delete(first))[:2] == ("NotFoundException", "Invalid Deployment identifier specified")
    rest.update_deployment(restApiId=stages.api, deploymentId=second, patchOperations=[replace("/description", "x")])
    assert [one["description"] for one in rest.get_deployments(restApiId=stages.api)["items"]] == ["x"]
    rest.delete_stage(restApiId=stages.api, stageName="s1")
    delete(second)


@pytest.mark.usefixtures("log_role")
def test_a_stage_with_all_its_members(stages: Stages, aws_error: Any) -> None:
    deployment = stages.deploy()
    stages.rest.create_documentation_version(restApiId=stages.api, documentationVersion="v123")
    certificate = stages.rest.generate_client_certificate()["clientCertificateId"]
    made = stages.rest.create_stage(
        restApiId=stages.api,
        stageName="dev",
        deploymentId=deployment,
        description="my stage",
        variables={"testVar": "default"},
        documentationVersion="v123",
        tags={"a": "b"},
    )
    want = plain(
        deployment,
        description="my stage",
        variables={"testVar": "default"},
        documentationVersion="v123",
        tags={"a": "b"},
    )
    assert shown(made) == want
    assert stages.stage() == want
    again = aws_error(lambda: stages.rest.create_stage(restApiId=stages.api, stageName="dev", deploymentId=deployment))
    assert again == ("ConflictException", "Stage already exists", 409)
    logs = "arn:aws:logs:us-east-1:123456789012:log-group:g"
    changed = stages.update(
        replace("/description", "other"),
        replace("/variables/more", "x y"),
        remove("/variables/testVar"),
        replace("/accessLogSettings/destinationArn", logs),
        replace("/accessLogSettings/format", "$context.requestId"),
        replace("/clientCertificateId", certificate),
    )
    assert changed == {
        **want,
        "description": "other",
        "variables": {"more": "x y"},
        "accessLogSettings": {"destinationArn": logs, "format": "$context.requestId"},
        "clientCertificateId": certificate,
    }
    changed = stages.update(remove("/accessLogSettings"), replace("/clientCertificateId", ""))
    assert "accessLogSettings" not in changed
    assert "clientCertificateId" not in changed
    unknown = aws_error(lambda: stages.update(replace("/deploymentId", "nobody")))
    assert unknown[0] == "BadRequestException"
    assert aws_error(lambda: stages.stage("nobody"))[:2] == ("NotFoundException", "Invalid stage identifier specified")


def test_names_and_variables_of_stages(stages: Stages, aws_error: Any) -> None:
    assert aws_error(lambda: stages.deploy(stageName="a b"))[1] == "Stage name only allows a-zA-Z0-9_"
    symbols = "' ', -', '.', '_', ':', '/', '?', '&', '=', and ','."
    value = (
        "Invalid stage variable value: {}.  Please use values with alphanumeric characters and the symbols " + symbols
    )
    for variables, message in (
        ({"owner:x": "y"}, "Invalid stage variable name: owner:x.  Please use names with only word characters."),
        ({"a": ""}, value.format("")),
        ({"a": "$LATEST"}, value.format("$LATEST")),
    ):
        error = aws_error(lambda: stages.deploy(stageName="dev", variables=variables))  # noqa: B023
        assert error == ("BadRequestException", message, 400)
    stages.deploy(stageName="dev", variables={"url": "https://x.y/z?a=b&c=d,e_f-g"})
    assert aws_error(lambda: stages.update(replace("/variables/a", "ö")))[1] == value.format("ö")


@pytest.mark.usefixtures("log_role")
def test_method_settings(stages: Stages, aws_error: Any) -> None:
    stages.deploy(stageName="dev")
    gone = "Cannot remove method setting */* because there is no method setting for this method "
    assert aws_error(lambda: stages.update(remove("/*/*"))) == ("BadRequestException", gone, 400)
    changed = stages.update(
        replace("/*/*/throttling/rateLimit", "5.5"),
        replace("/*/*/throttling/burstLimit", "3"),
        replace("/~1pets~1{id}/GET/logging/loglevel", "INFO"),
        replace("/~1pets~1{id}/GET/logging/dataTrace", "true"),
        replace("/pets/POST/metrics/enabled", "true"),
    )
    assert changed["methodSettings"] == {
        "*/*": {**SETTINGS, "throttlingRateLimit": 5.5, "throttlingBurstLimit": 3},
        "~1pets~1{id}/GET": {**SETTINGS, "loggingLevel": "INFO", "dataTraceEnabled": True},
        "pets/POST": {**SETTINGS, "metricsEnabled": True},
    }
    changed = stages.update(remove("/*/*"), remove("/pets/POST"))
    assert list(changed["methodSettings"]) == ["~1pets~1{id}/GET"]
    wrong = aws_error(lambda: stages.update(replace("/nothing", "x")))
    assert wrong[1].startswith("Invalid method setting path: /nothing. Must be one of: [/deploymentId, /description, ")
    wrong = aws_error(lambda: stages.update(replace("/*/*/accessLogSettings/format", "x")))
    assert wrong[1].startswith(
        "Invalid method setting path: accessLogSettings/format. Must be one of: [.../metrics/enabled, .../logging/dataTrace, "
    )
    for path, value in (("/*/*/throttling/burstLimit", "x"), ("/*/*/logging/loglevel", "LOUD"), ("/*/*/x/y", "z")):
        assert aws_error(lambda: stages.update(replace(path, value)))[0] == "BadRequestException"  # noqa: B023


def test_logs_need_a_role_in_the_accounts_settings(stages: Stages, aws_error: Any) -> None:
    stages.deploy(stageName="dev")
    group = "arn:aws:logs:us-east-1:123456789012:log-group:g"
    text = "CloudWatch Logs role ARN must be set in account settings to enable logging"
    for path, value in (
        ("/accessLogSettings/destinationArn", group),
        ("/*/*/logging/loglevel", "ERROR"),
        ("/pets/GET/logging/loglevel", "INFO"),
    ):
        assert aws_error(lambda: stages.update(replace(path, value))) == ("BadRequestException", text, 400)  # noqa: B023
    assert stages.stage()["methodSettings"] == {}
    assert stages.update(replace("/*/*/logging/loglevel", "OFF"))["methodSettings"]["*/*"]["loggingLevel"] == "OFF"


def test_the_documentation_and_the_certificate_of_a_stage_are_there(stages: Stages, aws_error: Any) -> None:
    deployment = stages.deploy(stageName="dev")
    names = {"restApiId": stages.api, "stageName": "other", "deploymentId": deployment}
    for failing in (
        lambda: stages.rest.create_stage(**names, documentationVersion="none"),
        lambda: stages.update(replace("/documentationVersion", "none")),
    ):
        assert aws_error(failing) == ("NotFoundException", "Invalid Documentation version specified", 404)
    unknown = ("NotFoundException", "Invalid Client Certificate identifier specified", 404)
    assert aws_error(lambda: stages.update(replace("/clientCertificateId", "none"))) == unknown
    assert stages.stage() == plain(deployment)
    certificate = stages.rest.generate_client_certificate()["clientCertificateId"]
    stages.update(replace("/clientCertificateId", certificate))
    stages.rest.delete_client_certificate(clientCertificateId=certificate)
    assert stages.update(replace("/description", "still changed"))["clientCertificateId"] == certificate


def test_canary_settings_by_updates_of_the_stage(stages: Stages) -> None:
    first, second = stages.deploy(), stages.deploy()
    stages.rest.create_stage(restApiId=stages.api, stageName="dev", deploymentId=first)
    canary = {"deploymentId": second, "percentTraffic": 0.0, "useStageCache": False}
    assert stages.update(replace("/canarySettings/deploymentId", second)) == plain(first, canarySettings=canary)
    assert stages.update(remove("/canarySettings")) == plain(first)
    canary = {"deploymentId": first, "percentTraffic": 50.0, "useStageCache": False}
    assert stages.update(replace("/canarySettings/percentTraffic", "50")) == plain(first, canarySettings=canary)
    assert stages.stage() == plain(first, canarySettings=canary)


def test_canary_settings_of_deployments(stages: Stages, aws_error: Any) -> None:
    bad = "Invalid deployment content specified."
    named = f"{bad}Non null and non empty stageName must be provided for canary deployment. Provided value is "
    for given, message in (
        ({}, f"{named}null"),
        ({"stageName": ""}, named),
        ({"stageName": "x"}, f"{bad}Stage x must already be created before making a canary release deployment"),
    ):
        error = aws_error(lambda: stages.deploy(canarySettings={"percentTraffic": 50}, **given))  # noqa: B023
        assert error == ("BadRequestException", message, 400)


def test_a_canary_is_promoted_by_copy_patches(stages: Stages, aws_error: Any) -> None:
    variables = {"testVar": "test", "testVar2": "test2"}
    first = stages.deploy(stageName="dev", variables=variables)

    def copy(source: str, path: str) -> dict[str, str]:
        return {"op": "copy", "from": source, "path": path}

    wrong = aws_error(lambda: stages.update(copy("/variables", "/canarySettings/stageVariableOverrides")))
    assert wrong[1] == (
        "Invalid copy operation with path: /canarySettings/stageVariableOverrides and from /variables. Valid copy:path are "
        "[/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, "
        "/canarySettings/stageVariableOverrides]"
    )
    promote = (
        copy("/canarySettings/stageVariableOverrides", "/variables"),
        copy("/canarySettings/deploymentId", "/deploymentId"),
    )
    assert aws_error(lambda: stages.update(*promote))[1] == "Promotion not available. Canary does not exist."
    settings = {"percentTraffic": 50, "stageVariableOverrides": {"testVar": "override"}}
    second = stages.deploy(stageName="dev", canarySettings=settings)
    canary = {
        "deploymentId": second,
        "percentTraffic": 50.0,
        "stageVariableOverrides": {"testVar": "override"},
        "useStageCache": False,
    }
    assert stages.stage() == plain(first, variables=variables, canarySettings=canary)
    assert aws_error(lambda: stages.rest.delete_deployment(restApiId=stages.api, deploymentId=second))[1] == RUNNING
    promoted = stages.update(replace("/canarySettings/percentTraffic", "0.0"), *promote)
    assert promoted == plain(
        second,
        variables={"testVar": "override", "testVar2": "test2"},
        canarySettings={**canary, "percentTraffic": 0.0},
    )


def test_a_cache_cluster_is_there_with_its_stage(stages: Stages) -> None:
    deployment = stages.deploy()
    made = stages.rest.create_stage(
        restApiId=stages.api, stageName="dev", deploymentId=deployment, cacheClusterEnabled=True
    )
    assert (made["cacheClusterSize"], made["cacheClusterStatus"]) == ("0.5", "AVAILABLE")


def test_stages_survive_kill_9_as_they_were_answered(new_region: Any) -> None:
    region = new_region()
    stages = Stages(region.client("apigateway"))
    stages.deploy(stageName="dev", variables={"a": "b"})
    before = stages.stage()
    region.kill()
    region.start()
    assert Stages.stage(stages) == before


def test_only_who_may_can_change_stages(
    stages: Stages, client: Callable[..., Any], region: Any, aws_error: Any
) -> None:
    iam = client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = region.client("apigateway", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    stages.deploy(stageName="dev")
    stages.deploy(stageName="prod")
    statement = {
        "Effect": "Allow",
        "Action": "apigateway:PATCH",
        "Resource": f"arn:aws:apigateway:us-east-1::/restapis/{stages.api}/stages/dev",
        "Condition": {"Null": {"apigateway:Request/AccessLoggingDestination": "true"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=policy)

    def update(stage: str, path: str) -> Any:
        return ann.update_stage(restApiId=stages.api, stageName=stage, patchOperations=[replace(path, "x")])

    update("dev", "/description")
    assert aws_error(lambda: update("prod", "/description"))[0] == "AccessDeniedException"
    assert aws_error(lambda: update("dev", "/accessLogSettings/destinationArn"))[0] == "AccessDeniedException"
