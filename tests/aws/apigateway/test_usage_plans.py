"""Usage plans: managing them and their keys, and their throttles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.aws.apigateway.mock_api import call, mock_api, plan_with_key

TOO_MANY = (429, {"message": "Too Many Requests"})


@pytest.fixture
def api(client: Callable[..., Any]) -> Any:
    """The API Gateway v1 client."""
    return client("apigateway")


@pytest.fixture
def api_id(api: Any) -> str:
    """A REST API whose only method asks for a key."""
    return mock_api(api)


def replace(path: str, value: str) -> dict[str, str]:
    return {"op": "replace", "path": path, "value": value}


def test_a_usage_plan_is_made_shown_changed_and_deleted(api: Any, api_id: str, aws_error: Any) -> None:
    stages = [{"apiId": api_id, "stage": "dev"}]
    made = api.create_usage_plan(name="n", description="d", apiStages=stages)
    plan = made["id"]
    assert made["apiStages"] == stages
    assert not made.keys() & {"tags", "quota", "throttle"}
    assert api.get_usage_plan(usagePlanId=plan)["tags"] == {}
    [item] = api.get_usage_plans()["items"]
    assert (item["id"], item["apiStages"]) == (plan, stages)
    assert "tags" not in item
    changed = api.update_usage_plan(
        usagePlanId=plan,
        patchOperations=[
            replace("/throttle/burstLimit", "100"),
            replace("/throttle/rateLimit", "200"),
            replace("/quota/limit", "5000"),
            replace("/quota/period", "MONTH"),
            replace("/productCode", "code"),
        ],
    )
    assert changed["quota"] == {"limit": 5000, "offset": 0, "period": "MONTH"}
    assert changed["throttle"] == {"burstLimit": 100, "rateLimit": 200.0}
    assert changed["productCode"] == "code"
    removals = [{"op": "remove", "path": path} for path in ("/quota", "/throttle", "/productCode")]
    bare = api.update_usage_plan(usagePlanId=plan, patchOperations=removals)
    assert not bare.keys() & {"quota", "throttle", "productCode"}

    text = f"Cannot delete Usage Plan {plan} because there are API Stages associated with it, including {api_id}:dev"
    assert aws_error(lambda: api.delete_usage_plan(usagePlanId=plan)) == ("BadRequestException", text, 400)
    away = {"op": "remove", "path": "/apiStages", "value": f"{api_id}:dev"}
    assert api.update_usage_plan(usagePlanId=plan, patchOperations=[away])["apiStages"] == []
    api.delete_usage_plan(usagePlanId=plan)
    missing = ("NotFoundException", "Invalid Usage Plan ID specified", 404)
    assert aws_error(lambda: api.get_usage_plan(usagePlanId=plan)) == missing
    assert aws_error(lambda: api.update_usage_plan(usagePlanId=plan, patchOperations=[away])) == missing


def test_stages_that_are_not_there_are_refused_in_awss_words(api: Any, api_id: str, aws_error: Any) -> None:
    plan = api.create_usage_plan(name="n", apiStages=[{"apiId": api_id, "stage": "dev"}])["id"]

    def update(**patch: str) -> tuple[str, str, int]:
        operations = [{"op": "add", "path": "/apiStages", **patch}]
        error: tuple[str, str, int] = aws_error(
            lambda: api.update_usage_plan(usagePlanId=plan, patchOperations=operations)
        )
        return error

    nothing = ("BadRequestException", "Invalid API Stage specified", 400)
    assert update() == update(value="one") == nothing
    for api_, stage in ((f"{api_id}b", "dev"), (api_id, "fakestagename")):
        text = f"Invalid API Stage {{api: {api_}, stage: {stage}}} specified for usageplan {plan}"
        assert update(value=f"{api_}:{stage}") == ("NotFoundException", text, 404)


@pytest.mark.parametrize("whole", [False, True])
def test_a_deleted_stage_leaves_its_plans(api: Any, api_id: str, whole: bool) -> None:
    plan = api.create_usage_plan(name="n", apiStages=[{"apiId": api_id, "stage": "dev"}])["id"]
    if whole:
        api.delete_rest_api(restApiId=api_id)
    else:
        deployment = api.get_stage(restApiId=api_id, stageName="dev")["deploymentId"]
        api.delete_stage(restApiId=api_id, stageName="dev")
        api.create_stage(restApiId=api_id, stageName="dev", deploymentId=deployment)
    assert api.get_usage_plan(usagePlanId=plan)["apiStages"] == []
    api.delete_usage_plan(usagePlanId=plan)


def test_keys_of_a_plan(api: Any, api_id: str, aws_error: Any) -> None:
    plan, key_id, value = plan_with_key(api, api_id)
    shown = {"id": key_id, "type": "API_KEY", "value": value, "name": "key"}
    found = api.get_usage_plan_key(usagePlanId=plan, keyId=key_id)
    assert {name: found[name] for name in shown} == shown
    second = api.create_api_key(name="second")["id"]
    api.create_usage_plan_key(usagePlanId=plan, keyId=second, keyType="API_KEY")

    def names(**asked: Any) -> list[str]:
        return sorted(item["name"] for item in api.get_usage_plan_keys(usagePlanId=plan, **asked)["items"])

    assert names() == ["key", "second"]
    assert names(nameQuery="sec") == ["second"]
    assert names(nameQuery="SEC") == names(nameQuery="x") == []
    assert api.get_usage_plan_keys(usagePlanId="nope")["items"] == []
    assert [item["id"] for item in api.get_usage_plans(keyId=key_id)["items"]] == [plan]
    missing = ("NotFoundException", "Invalid API Key identifier specified", 404)
    assert aws_error(lambda: api.create_usage_plan_key(usagePlanId=plan, keyId="no", keyType="API_KEY")) == missing
    again = aws_error(lambda: api.create_usage_plan_key(usagePlanId=plan, keyId=key_id, keyType="API_KEY"))
    assert again[::2] == ("ConflictException", 409)
    api.delete_api_key(apiKey=second)
    assert names() == ["key"]
    api.delete_usage_plan_key(usagePlanId=plan, keyId=key_id)
    assert aws_error(lambda: api.get_usage_plan_key(usagePlanId=plan, keyId=key_id)) == missing


def test_a_key_has_one_plan_for_a_stage(api: Any, api_id: str, aws_error: Any) -> None:
    _, key_id, _ = plan_with_key(api, api_id)
    other = api.create_usage_plan(name="other", apiStages=[{"apiId": api_id, "stage": "dev"}])["id"]
    code, text, status = aws_error(
        lambda: api.create_usage_plan_key(usagePlanId=other, keyId=key_id, keyType="API_KEY")
    )
    assert (code, status) == ("ConflictException", 409)
    assert f"cannot reference multiple Usage Plans with the same API stage: {api_id}:dev" in text


def test_a_plan_throttles_its_keys_by_the_regions_clock(client: Callable[..., Any], own: Any, account: str) -> None:
    """Two at once, one a second: the third is too many, until the clock moves. Keys have buckets of their own."""
    api = own.client("apigateway", key=account)
    api_id = mock_api(api)
    plan, _, value = plan_with_key(api, api_id, throttle={"burstLimit": 2, "rateLimit": 0.001})
    answers = [call(own, api_id, value) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert (answers[2].status_code, answers[2].json()) == TOO_MANY
    assert answers[2].headers["x-amzn-errortype"] == "TooManyRequestsException"
    other = api.create_api_key(enabled=True)
    api.create_usage_plan_key(usagePlanId=plan, keyId=other["id"], keyType="API_KEY")
    assert call(own, api_id, other["value"]).status_code == 200
    own.atoll("clock", "advance", "1001s")
    assert [call(own, api_id, value).status_code for _ in range(2)] == [200, 429]


def test_a_plan_throttles_single_methods(api: Any, region: Any) -> None:
    api_id = mock_api(api, {"pets": "GET", "toys": "ANY"})
    limit = {"burstLimit": 1, "rateLimit": 0.001}
    stages = [{"apiId": api_id, "stage": "dev", "throttle": {"/pets/GET": limit, "/toys/POST": limit}}]
    plan, _, value = plan_with_key(api, api_id, apiStages=stages)
    assert api.get_usage_plan(usagePlanId=plan)["apiStages"] == stages

    def statuses(path: str, method: str = "GET") -> list[int]:
        return [call(region, api_id, value, path, method).status_code for _ in range(2)]

    assert statuses("/pets") == [200, 429]
    assert statuses("/toys", "POST") == [200, 429]
    assert statuses("/toys", "PUT") == [200, 200]


@pytest.mark.parametrize("path", ["~1pets/GET", "/pets/GET"], ids=["escaped", "as Terraform writes it"])
def test_patches_of_a_methods_throttle(api: Any, api_id: str, path: str) -> None:
    plan, *_ = plan_with_key(api, api_id)
    place = f"/apiStages/{api_id}:dev/throttle/{path}"
    operations = [replace(f"{place}/rateLimit", "5"), replace(f"{place}/burstLimit", "7")]
    changed = api.update_usage_plan(usagePlanId=plan, patchOperations=operations)
    assert changed["apiStages"][0]["throttle"] == {"/pets/GET": {"burstLimit": 7, "rateLimit": 5.0}}
    removal = [{"op": "remove", "path": place}]
    assert "throttle" not in api.update_usage_plan(usagePlanId=plan, patchOperations=removal)["apiStages"][0]


def test_patches_that_a_plan_does_not_have(api: Any, api_id: str, aws_error: Any) -> None:
    plan, *_ = plan_with_key(api, api_id)
    wrong = [
        replace("/id", "x"),
        replace("/quota", "1"),
        replace("/throttle/other", "1"),
        replace("/throttle/rateLimit", "much"),
        replace("/quota/limit", "1"),  # without a period
        replace("/throttle/burstLimit", "9" * 30),
        replace("/throttle/rateLimit", "-1"),
        {"op": "remove", "path": "/name"},
        replace(f"/apiStages/{api_id}:dev/other", "1"),
        {"op": "test", "path": "/name", "value": "x"},
    ]
    for patch in wrong:
        code, _, status = aws_error(
            lambda patch=patch: api.update_usage_plan(usagePlanId=plan, patchOperations=[patch])
        )
        assert (code, status) == ("BadRequestException", 400), patch
