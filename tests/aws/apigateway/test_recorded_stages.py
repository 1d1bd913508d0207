"""Deployments, stages, canaries, usage plans and API keys answer as was recorded of AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.aws.apigateway.conftest import Rest
from tests.aws.apigateway.recorded import Recording, recorded

__all__ = ["recorded"]
Recorded = Callable[[str, str], Recording]


def patch(op: str, path: str, value: str | None = None, **more: str) -> dict[str, str]:
    """A patch operation; `from_` is its source."""
    return {"op": op, "path": path, **({} if value is None else {"value": value}), **more}


@pytest.mark.parametrize("with_description", [True, False])
def test_deployments_are_made_and_deleted(rest: Rest, recorded: Recorded, with_description: bool) -> None:
    seen = recorded("common", f"TestDeployments::test_create_delete_deployments[{with_description}]")
    api, at = rest.client, {"restApiId": rest.id}
    rest.mock("/")
    made = rest.deploy("s1")
    seen.answers("get-deployment", lambda: api.get_deployment(**at, deploymentId=made))
    seen.answers("get-stages", lambda: api.get_stages(**at))
    for count in range(3):
        active = made
        seen.answers(
            f"delete-deployment-error-{count}", lambda active=active: api.delete_deployment(**at, deploymentId=active)
        )
        made = rest.deploy("s1")
        api.delete_deployment(**at, deploymentId=active)
        seen.answers(f"get-deployments-{count}", lambda: api.get_deployments(**at))
        seen.answers(f"get-stages-{count}", lambda: api.get_stages(**at))


def test_a_stage_moves_to_another_deployment(rest: Rest, recorded: Recorded) -> None:
    seen = recorded("common", "TestDeployments::test_create_update_deployments")
    api, at = rest.client, {"restApiId": rest.id}
    rest.mock("/")
    first = rest.deploy("s1")
    read = lambda which: api.get_deployment(**at, deploymentId=which)  # noqa: E731
    delete = lambda which: api.delete_deployment(**at, deploymentId=which)  # noqa: E731
    seen.answers("get-deployment-1", lambda: read(first))
    seen.answers("get-stages", lambda: api.get_stages(**at))
    seen.answers("delete-deployment-error", lambda: delete(first))
    second = rest.deploy("s1")
    seen.answers("get-deployment-1-after-update", lambda: read(first))
    seen.answers("get-deployment-2", lambda: read(second))
    seen.answers("get-stages-after-update", lambda: api.get_stages(**at))
    seen.answers("delete-deployment-1", lambda: delete(first))
    seen.answers("delete-deployment-2-error", lambda: delete(second))


def test_method_settings_of_a_stage(rest: Rest, recorded: Recorded) -> None:
    seen = recorded("common", "TestStages::test_update_stage_remove_wildcard")
    api, at = rest.client, {"restApiId": rest.id, "stageName": "s1"}
    rest.mock("/")
    deployment = api.create_deployment(restApiId=rest.id)["id"]
    location = {"location": {"type": "API"}, "properties": '{"foo":"bar"}'}
    api.create_documentation_part(restApiId=rest.id, **location)
    api.create_documentation_version(restApiId=rest.id, documentationVersion="v123")
    members = {"deploymentId": deployment, "description": "my stage", "documentationVersion": "v123"}

    def update(name: str, *operations: dict[str, str]) -> None:
        seen.answers(name, lambda: api.update_stage(**at, patchOperations=list(operations)))

    seen.answers("create-stage", lambda: api.create_stage(**at, **members))
    seen.answers("get-stage", lambda: api.get_stage(**at))
    update("delete-error", patch("remove", "/*/*"))
    update("update-stage", patch("replace", "/*/*/caching/enabled", "true"))
    update("update-stage-reset", patch("remove", "/*/*"))
    seen.answers("get-stage-after-reset", lambda: api.get_stage(**at))


def test_canary_settings_come_of_updates(rest: Rest, recorded: Recorded) -> None:
    seen = recorded("canary", "TestStageCrudCanary::test_create_canary_deployment_by_stage_update")
    api, at = rest.client, {"restApiId": rest.id, "stageName": "dev"}
    rest.mock("/")
    first = seen.answers("create-deployment", lambda: api.create_deployment(restApiId=rest.id))["id"]
    second = seen.answers("create-deployment-2", lambda: api.create_deployment(restApiId=rest.id))["id"]
    members = {"deploymentId": first, "description": "dev stage", "variables": {"testVar": "default"}}

    def update(name: str, operation: dict[str, str]) -> None:
        seen.answers(name, lambda: api.update_stage(**at, patchOperations=[operation]))

    seen.answers("create-stage", lambda: api.create_stage(**at, **members))
    update("update-stage-with-deployment", patch("replace", "/canarySettings/deploymentId", second))
    update("remove-stage-canary", patch("remove", "/canarySettings"))
    update("update-stage-with-percent", patch("replace", "/canarySettings/percentTraffic", "50"))
    seen.answers("get-stage", lambda: api.get_stage(**at))


def test_canary_deployments_need_a_stage(rest: Rest, recorded: Recorded) -> None:
    seen = recorded("canary", "TestStageCrudCanary::test_create_canary_deployment_validation")
    rest.mock("/")

    def deploy(name: str, **members: Any) -> None:
        canary = {"percentTraffic": 50, "stageVariableOverrides": {"testVar": "canary"}}
        seen.answers(name, lambda: rest.client.create_deployment(restApiId=rest.id, canarySettings=canary, **members))

    deploy("create-canary-deployment-no-stage")
    deploy("create-canary-deployment-empty-stage", stageName="")
    deploy("create-canary-deployment-non-existing-stage", stageName="non-existing")


def test_a_canary_is_promoted_by_copies(rest: Rest, recorded: Recorded) -> None:
    seen = recorded("canary", "TestStageCrudCanary::test_update_stage_with_copy_ops")
    api, at = rest.client, {"restApiId": rest.id, "stageName": "dev"}
    rest.mock("/")
    deploy = lambda **members: api.create_deployment(**at, **members)  # noqa: E731
    variables = {"testVar": "test", "testVar2": "test2"}
    first = seen.answers("deployment-1", lambda: deploy(variables=variables))["id"]

    def update(name: str, *operations: dict[str, str]) -> None:
        seen.answers(name, lambda: api.update_stage(**at, patchOperations=list(operations)))

    overrides, canary = "/canarySettings/stageVariableOverrides", "/canarySettings/deploymentId"
    promote = [{**patch("copy", "/variables"), "from": overrides}, {**patch("copy", "/deploymentId"), "from": canary}]
    update("copy-with-bad-statement", {**patch("copy", overrides), "from": "/variables"})
    update("copy-with-no-replace", *promote)
    update("update-stage-with-copy", patch("replace", canary, first), *promote)
    settings = {"percentTraffic": 50, "stageVariableOverrides": {"testVar": "override"}}
    seen.answers("deployment-canary", lambda: deploy(canarySettings=settings))
    seen.answers("get-stage", lambda: api.get_stage(**at))
    update("update-stage-with-copy-2", *promote, patch("replace", "/canarySettings/percentTraffic", "0"))


def test_usage_plans(rest: Rest, recorded: Recorded) -> None:
    seen = recorded("common", "TestUsagePlans::test_usage_plan_crud")
    api = rest.client
    rest.mock("/")
    rest.deploy("dev")
    stages = [{"apiId": rest.id, "stage": "dev"}]
    create = lambda: api.create_usage_plan(name="plan", description="described", apiStages=stages)  # noqa: E731
    plan = seen.answers("create-usage-plan", create)["id"]

    def update(name: str, *operations: dict[str, str], plan: str = plan) -> None:
        seen.answers(name, lambda: api.update_usage_plan(usagePlanId=plan, patchOperations=list(operations)))

    seen.answers("get-usage-plan", lambda: api.get_usage_plan(usagePlanId=plan))
    seen.answers("get-usage-plans", api.get_usage_plans)
    update(
        "update-usage-plan",
        patch("replace", "/throttle/burstLimit", "100"),
        patch("replace", "/throttle/rateLimit", "200"),
        patch("replace", "/quota/limit", "5000"),
        patch("replace", "/quota/period", "MONTH"),
    )
    update("update-wrong-id", patch("add", "/apiStages", f"{rest.id}:dev"), plan="fake123")
    update("update-wrong-api-stages-no-value", patch("add", "/apiStages"))
    update("update-wrong-api-stages-wrong-api", patch("add", "/apiStages", f"{rest.id}b:dev"))
    update("update-wrong-api-stages-wrong-stage", patch("add", "/apiStages", f"{rest.id}:fakestagename"))
    update("update-wrong-api-stages-wrong-value", patch("remove", "/apiStages", "fakevalue"))
    seen.answers("get-usage-plan-after-update", lambda: api.get_usage_plan(usagePlanId=plan))
    seen.answers("get-usage-plans-after-update", api.get_usage_plans)


def test_a_usage_plan_with_a_key(rest: Rest, recorded: Recorded) -> None:
    seen = recorded("common", "TestUsagePlans::test_api_key_required_for_methods")
    api = rest.client
    rest.mock("/", apiKeyRequired=True)
    rest.deploy("dev")
    members = {
        "name": "plan",
        "description": "Test Usage Plan for API key",
        "quota": {"limit": 10, "period": "DAY", "offset": 0},
        "throttle": {"rateLimit": 2, "burstLimit": 1},
        "apiStages": [{"apiId": rest.id, "stage": "dev"}],
        "tags": {"tag_key": "tag_value"},
    }
    plan = seen.answers("create-usage-plan", lambda: api.create_usage_plan(**members))["id"]
    key = seen.answers("create-api-key", lambda: api.create_api_key(name="testkey", enabled=True))["id"]
    join = lambda: api.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")  # noqa: E731
    seen.answers("create-usage-plan-key", join)
    change = [patch("replace", "/enabled", "false")]
    seen.answers("update-api-key-disabled", lambda: api.update_api_key(apiKey=key, patchOperations=change))


def test_keys_of_usage_plans(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("extended", "TestApigatewayApiKeysCrud::test_get_usage_plan_api_keys")
    api = apigateway
    seen.answers("get-api-keys", api.get_api_keys)
    by_name = lambda answer: {**answer, "items": sorted(answer["items"], key=lambda item: item["name"], reverse=True)}  # noqa: E731
    first, second = "test-key-1", "test-key-2"
    one = seen.answers("create-api-key", lambda: api.create_api_key(name=first))["id"]
    two = seen.answers("create-api-key-2", lambda: api.create_api_key(name=second))["id"]
    seen.answers("get-api-keys-after-create-1", lambda: by_name(api.get_api_keys()))
    plan = seen.answers("create-usage-plan", lambda: api.create_usage_plan(name="plan"))["id"]

    def listed(name: str, plan: str = plan, **members: str) -> None:
        seen.answers(name, lambda: by_name(api.get_usage_plan_keys(usagePlanId=plan, **members)))

    listed("get-up-keys-before-create")
    join = lambda key: api.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")  # noqa: E731
    seen.answers("create-up-key", lambda: join(one))
    seen.answers("create-up-key-2", lambda: join(two))
    listed("get-up-keys")
    listed("get-up-keys-name-query", nameQuery="test-key")
    listed("get-up-keys-name-query-cased", nameQuery="TEST-key")
    listed("get-up-keys-name-query-key-name", nameQuery=first)
    listed("get-up-keys-bad-query", nameQuery="nothing")
    for key in (one, two):
        api.delete_usage_plan_key(usagePlanId=plan, keyId=key)
    listed("get-up-keys-after-delete")
    listed("get-up-keys-bad-usage-plan", "bad")


def test_api_keys(apigateway: Any, recorded: Recorded) -> None:
    api = apigateway
    seen = recorded("extended", "TestApigatewayApiKeysCrud::test_negative_get_usage_plan_api_keys")
    seen.answers("get-api-keys-invalid-limit", lambda: api.get_api_keys(limit=-1))
    key = seen.answers("create-api-key", lambda: api.create_api_key(name="first"))["id"]
    update = lambda operation: api.update_api_key(apiKey=key, patchOperations=[operation])  # noqa: E731
    seen.answers("update-api-key-name", lambda: update(patch("replace", "/name", "second")))

    seen = recorded("extended", "TestApigatewayApiKeysCrud::test_create_api_key_with_invalid_name")
    seen.answers("create-api-key-name-too-long", lambda: api.create_api_key(name="a" * 1025))
    seen.answers("create-api-key-empty-name", lambda: api.create_api_key(name=""))
    key = seen.answers("create-api-key-no-name", api.create_api_key)["id"]

    seen = recorded("extended", "TestApigatewayApiKeysCrud::test_update_api_key_invalid_description_length")
    long = "a" * 125001
    seen.answers("create-api-key-description-too-long", lambda: api.create_api_key(description=long))
    seen.answers("update-api-key-description-too-long", lambda: update(patch("replace", "/description", long)))

    seen = recorded("extended", "TestApigatewayApiKeysCrud::test_update_api_key_invalid_enabled_type")
    seen.answers("update-api-key-invalid-enabled-type", lambda: update(patch("replace", "/enabled", "nonsense")))

    seen = recorded("extended", "TestApigatewayApiKeysCrud::test_update_api_key_immutable_field")
    seen.answers("update-api-key-immutable-field", lambda: update(patch("replace", "/id", "other")))
