"""CreateStage, GetStage(s), UpdateStage, DeleteStage and deployments: what is live, and when."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

AwsError = Callable[[Callable[[], Any]], tuple[str, str, int]]
LIVE = 500
"""The answer of a route whose function is not there; 404 is that of no route."""


def test_a_new_stage_has_awss_defaults(api: Any, api_id: str) -> None:
    created = api.create_stage(ApiId=api_id, StageName="dev")
    del created["ResponseMetadata"], created["CreatedDate"], created["LastUpdatedDate"]
    assert created == {
        "DefaultRouteSettings": {"DetailedMetricsEnabled": False},
        "RouteSettings": {},
        "StageName": "dev",
        "StageVariables": {},
        "Tags": {},
    }
    assert [stage["StageName"] for stage in api.get_stages(ApiId=api_id)["Items"]] == ["dev"]


def test_names(api: Any, api_id: str, aws_error: AwsError) -> None:
    api.create_stage(ApiId=api_id, StageName="a-b_C9")
    taken = aws_error(lambda: api.create_stage(ApiId=api_id, StageName="a-b_C9"))
    assert taken == ("ConflictException", "Stage already exists", 409)
    for name in ("a b", "a/b", "$other", "é"):
        code, _, status = aws_error(lambda name=name: api.create_stage(ApiId=api_id, StageName=name))  # type: ignore[misc]
        assert (code, status) == ("BadRequestException", 400)
    missing = aws_error(lambda: api.get_stage(ApiId=api_id, StageName="none"))
    assert missing == ("NotFoundException", "Invalid stage identifier specified", 404)


def test_with_auto_deploy_every_change_is_live_at_once(api: Any, api_id: str, integration: str, call: Any) -> None:
    stage = api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    assert stage["LastDeploymentStatusMessage"] == (
        "Deployment attempt failed: Unable to deploy API because no routes exist in this API"
    )
    assert call.status(api_id, "/a") == 404
    route = api.create_route(ApiId=api_id, RouteKey="GET /a", Target=integration)["RouteId"]
    assert call.status(api_id, "/a") == LIVE
    stage = api.get_stage(ApiId=api_id, StageName="$default")
    message = f"Successfully deployed stage with deployment ID '{stage['DeploymentId']}'"
    assert stage["LastDeploymentStatusMessage"] == message
    (deployment,) = api.get_deployments(ApiId=api_id)["Items"]
    assert (deployment["DeploymentId"], deployment["AutoDeployed"], deployment["DeploymentStatus"]) == (
        stage["DeploymentId"],
        True,
        "DEPLOYED",
    )
    api.update_route(ApiId=api_id, RouteId=route, RouteKey="GET /b")
    assert (call.status(api_id, "/a"), call.status(api_id, "/b")) == (404, LIVE)
    api.delete_route(ApiId=api_id, RouteId=route)
    assert call.status(api_id, "/b") == 404
    api.delete_stage(ApiId=api_id, StageName="$default")
    assert api.get_deployments(ApiId=api_id)["Items"] == []


def test_without_it_a_change_is_live_after_a_deployment(
    api: Any, api_id: str, integration: str, call: Any, aws_error: AwsError
) -> None:
    api.create_stage(ApiId=api_id, StageName="dev")
    no_routes = ("BadRequestException", "Unable to deploy API because no routes exist in this API", 400)
    assert aws_error(lambda: api.create_deployment(ApiId=api_id, StageName="dev")) == no_routes
    api.create_route(ApiId=api_id, RouteKey="GET /a", Target=integration)
    assert call.status(api_id, "/a", stage="dev") == 404
    first = api.create_deployment(ApiId=api_id, StageName="dev", Description="first")["DeploymentId"]
    assert re.fullmatch(r"[a-z0-9]{6}", first)
    api.create_route(ApiId=api_id, RouteKey="GET /b", Target=integration)
    assert (call.status(api_id, "/a", stage="dev"), call.status(api_id, "/b", stage="dev")) == (LIVE, 404)
    second = api.create_deployment(ApiId=api_id)["DeploymentId"]
    assert call.status(api_id, "/b", stage="dev") == 404
    api.update_stage(ApiId=api_id, StageName="dev", DeploymentId=second)
    assert call.status(api_id, "/b", stage="dev") == LIVE
    api.update_stage(ApiId=api_id, StageName="dev", DeploymentId=first)
    assert call.status(api_id, "/b", stage="dev") == 404
    used = aws_error(lambda: api.delete_deployment(ApiId=api_id, DeploymentId=first))
    assert used[0] == "BadRequestException"
    api.delete_deployment(ApiId=api_id, DeploymentId=second)
    gone = aws_error(lambda: api.update_stage(ApiId=api_id, StageName="dev", DeploymentId=second))
    assert gone == ("NotFoundException", "Invalid Deployment identifier specified", 404)


def test_switching_auto_deploy_on_deploys(
    api: Any, api_id: str, integration: str, call: Any, aws_error: AwsError
) -> None:
    api.create_route(ApiId=api_id, RouteKey="GET /a", Target=integration)
    deployment = api.create_deployment(ApiId=api_id)["DeploymentId"]
    api.create_stage(ApiId=api_id, StageName="dev")
    assert call.status(api_id, "/a", stage="dev") == 404
    api.update_stage(ApiId=api_id, StageName="dev", AutoDeploy=True)
    assert call.status(api_id, "/a", stage="dev") == LIVE
    fixed = aws_error(lambda: api.update_stage(ApiId=api_id, StageName="dev", DeploymentId=deployment))
    assert fixed[0] == "BadRequestException"
    api.update_stage(ApiId=api_id, StageName="dev", AutoDeploy=False)
    api.create_route(ApiId=api_id, RouteKey="GET /b", Target=integration)
    assert (call.status(api_id, "/a", stage="dev"), call.status(api_id, "/b", stage="dev")) == (LIVE, 404)


def test_variables_and_settings_are_merged(api: Any, api_id: str, aws_error: AwsError) -> None:
    api.create_route(ApiId=api_id, RouteKey="GET /a")
    api.create_stage(ApiId=api_id, StageName="dev", StageVariables={"a": "1", "b": "2"})
    updated = api.update_stage(ApiId=api_id, StageName="dev", StageVariables={"a": "", "c": "3"})
    assert updated["StageVariables"] == {"b": "2", "c": "3"}
    settings = {"GET /a": {"ThrottlingBurstLimit": 5, "ThrottlingRateLimit": 2.5}}
    assert api.update_stage(ApiId=api_id, StageName="dev", RouteSettings=settings)["RouteSettings"] == settings
    api.delete_route_settings(ApiId=api_id, StageName="dev", RouteKey="GET /a")
    assert api.get_stage(ApiId=api_id, StageName="dev")["RouteSettings"] == {}
    unknown = {"GET /zzz": {"ThrottlingBurstLimit": 5}}
    assert aws_error(lambda: api.update_stage(ApiId=api_id, StageName="dev", RouteSettings=unknown)) == (
        "NotFoundException",
        "Unable to find Route by key GET /zzz within the provided RouteSettings",
        404,
    )


def test_what_has_no_effect_is_reported(api: Any, api_id: str, region: Any) -> None:
    api.create_stage(
        ApiId=api_id,
        StageName="dev",
        ClientCertificateId="abcdef",
        DefaultRouteSettings={"ThrottlingBurstLimit": 5, "DetailedMetricsEnabled": True},
    )
    listed = httpx.get(f"{region.endpoint}/_atoll/unsupported", trust_env=False).text
    for member in ("ClientCertificateId", "DetailedMetricsEnabled"):
        assert member in listed
    assert "Throttling" not in listed


GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:/apis/access-1.a_b"
STREAM = "arn:aws:firehose:us-east-1:123456789012:deliverystream/amazon-apigateway-x"


def test_access_log_settings(api: Any, api_id: str, aws_error: AwsError) -> None:
    settings = {"DestinationArn": GROUP, "Format": '{"id":"$context.requestId"}'}
    made = api.create_stage(
        ApiId=api_id, StageName="dev", AccessLogSettings={**settings, "DestinationArn": f"{GROUP}:*"}
    )
    assert made["AccessLogSettings"] == settings
    extended = {"Format": "$context.extendedRequestId $context.status"}
    changed = api.update_stage(ApiId=api_id, StageName="dev", AccessLogSettings=extended)
    assert changed["AccessLogSettings"] == {**settings, **extended}
    no_id = "Access Log format must include either $context.requestId or $context.extendedRequestId"
    no_group = (
        "Access log destination must only contain characters a-z, A-Z, 0-9, '_', '-', '/', '.': "
        "'deliverystream/amazon-apigateway-x'"
    )
    for wrong, message in (
        ({"Format": "$context.status"}, no_id),
        ({"Format": "$context.requestIdea"}, no_id),
        ({"DestinationArn": STREAM}, no_group),
    ):
        refused = aws_error(
            lambda wrong=wrong: api.update_stage(ApiId=api_id, StageName="dev", AccessLogSettings=wrong)
        )  # type: ignore[misc]
        assert refused == ("BadRequestException", message, 400)
    api.delete_access_log_settings(ApiId=api_id, StageName="dev")
    assert "AccessLogSettings" not in api.get_stage(ApiId=api_id, StageName="dev")
    api.update_stage(ApiId=api_id, StageName="dev", AccessLogSettings=settings)
    assert "AccessLogSettings" not in api.update_stage(ApiId=api_id, StageName="dev", AccessLogSettings={})


def test_stage_variables_have_awss_characters(api: Any, api_id: str, aws_error: AwsError) -> None:
    taken = {"a_B9": "v1 v2-x.y_z:8/p?q=1&r=2,end"}
    assert api.create_stage(ApiId=api_id, StageName="dev", StageVariables=taken)["StageVariables"] == taken
    value = (
        "Invalid stage variable value of key a.  Please use values with alphanumeric characters and the symbols ' ', -', "
        "'.', '_', ':', '/', '?', '&', '=', and ','."
    )
    wrong = aws_error(lambda: api.update_stage(ApiId=api_id, StageName="dev", StageVariables={"a": "ü"}))
    assert wrong == ("BadRequestException", value, 400)
    assert aws_error(lambda: api.update_stage(ApiId=api_id, StageName="dev", StageVariables={"a-b": "x"}))[2] == 400
    assert api.get_stage(ApiId=api_id, StageName="dev")["StageVariables"] == taken


def test_settings_of_a_route_are_effective_at_once_and_so_is_their_end(
    api: Any, api_id: str, integration: str, call: Any
) -> None:
    api.create_route(ApiId=api_id, RouteKey="GET /a", Target=integration)
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    never = {"GET /a": {"ThrottlingBurstLimit": 0, "ThrottlingRateLimit": 0}}
    api.update_stage(ApiId=api_id, StageName="$default", RouteSettings=never)
    answer = call(api_id, "/a")
    assert (answer.status_code, answer.json()) == (429, {"message": "Too Many Requests"})
    api.delete_route_settings(ApiId=api_id, StageName="$default", RouteKey="GET /a")
    assert call.status(api_id, "/a") == LIVE


def test_throttling_limits_are_not_negative(api: Any, api_id: str, aws_error: AwsError) -> None:
    for limits in ({"ThrottlingBurstLimit": -1}, {"ThrottlingRateLimit": -0.5}):
        refused = aws_error(
            lambda limits=limits: api.create_stage(ApiId=api_id, StageName="dev", DefaultRouteSettings=limits)  # type: ignore[misc]
        )
        assert (refused[0], refused[2]) == ("BadRequestException", 400)


@pytest.mark.parametrize("settings", [{"LoggingLevel": "INFO"}, {"DataTraceEnabled": True}])
def test_execution_logs_are_not_for_http_apis(
    api: Any, api_id: str, aws_error: AwsError, settings: dict[str, Any]
) -> None:
    refused = aws_error(lambda: api.create_stage(ApiId=api_id, StageName="dev", DefaultRouteSettings=settings))
    assert refused == ("BadRequestException", "Execution logs are not supported on protocolType HTTP", 400)


def test_tags_of_apis_and_stages(api: Any, api_id: str, aws_error: AwsError) -> None:
    api.create_stage(ApiId=api_id, StageName="$default", Tags={"made": "here"})
    for resource in (f"/apis/{api_id}", f"/apis/{api_id}/stages/$default"):
        arn = f"arn:aws:apigateway:us-east-1::{resource}"
        before = api.get_tags(ResourceArn=arn)["Tags"]
        tagged = api.tag_resource(ResourceArn=arn, Tags={"a": "1", "b c": "ü"})
        assert tagged["ResponseMetadata"]["HTTPStatusCode"] == 201
        assert api.get_tags(ResourceArn=arn)["Tags"] == {**before, "a": "1", "b c": "ü"}
        api.untag_resource(ResourceArn=arn, TagKeys=["a", "b c", "none"])
        assert api.get_tags(ResourceArn=arn)["Tags"] == before
    assert api.get_stage(ApiId=api_id, StageName="$default")["Tags"] == {"made": "here"}
    nowhere = "arn:aws:apigateway:us-east-1::/apis/nothere"
    assert aws_error(lambda: api.get_tags(ResourceArn=nowhere))[0] == "NotFoundException"


def test_iam_decides_by_verb_and_path(
    region: Any, client: Callable[..., Any], account: str, api_id: str, aws_error: AwsError
) -> None:
    iam = client("iam")
    iam.create_user(UserName="reader")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "apigateway:GET",
                "Resource": f"arn:aws:apigateway:us-east-1::/apis/{api_id}/*",
            }
        ],
    }
    iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    reader = region.client("apigatewayv2", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert reader.get_routes(ApiId=api_id)["Items"] == []
    code, message, status = aws_error(lambda: reader.create_route(ApiId=api_id, RouteKey="GET /a"))
    assert (code, status) == ("AccessDeniedException", 403)
    arn = f"arn:aws:apigateway:us-east-1::/apis/{api_id}/routes"
    assert message.startswith(
        f"User: arn:aws:iam::{account}:user/reader is not authorized to perform: apigateway:POST on resource: {arn}"
    )
