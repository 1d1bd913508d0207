"""A deployed REST API whose methods answer 200 by themselves, for tests of what stands around APIs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx


def mock_api(
    api: Any, methods: Mapping[str, str] | None = None, *, key: bool = True, stage: str = "dev", **members: Any
) -> str:
    """A new API with a method for each path (`{"pets": "GET"}`), all of which ask for an API key unless `key` is False."""
    api_id: str = api.create_rest_api(name="mock", **members)["id"]
    root = api.get_resources(restApiId=api_id)["items"][0]["id"]
    for path, method in (methods or {"pets": "GET"}).items():
        resource = api.create_resource(restApiId=api_id, parentId=root, pathPart=path)["id"]
        names = {"restApiId": api_id, "resourceId": resource, "httpMethod": method}
        api.put_method(**names, authorizationType="NONE", apiKeyRequired=key)
        api.put_integration(**names, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
        api.put_method_response(**names, statusCode="200")
        template = {"application/json": '{"path": "$context.path", "key": "$context.identity.apiKey"}'}
        api.put_integration_response(**names, statusCode="200", responseTemplates=template)
    api.create_deployment(restApiId=api_id, stageName=stage)
    return api_id


def call(
    region: Any, api_id: str, key: str | None = None, path: str = "/pets", method: str = "GET", stage: str = "dev"
) -> httpx.Response:
    """What the API answers."""
    headers = {} if key is None else {"x-api-key": key}
    url = f"{region.endpoint}/_aws/execute-api/{api_id}/{stage}{path}"
    with httpx.Client(trust_env=False) as http:
        return http.request(method, url, headers=headers)


def plan_with_key(api: Any, api_id: str, stage: str = "dev", **members: Any) -> tuple[str, str, str]:
    """A usage plan for the API's stage with a key in it: the plan's id, the key's id, the key's value."""
    stages = members.pop("apiStages", [{"apiId": api_id, "stage": stage}])
    plan = api.create_usage_plan(name="plan", apiStages=stages, **members)["id"]
    key = api.create_api_key(name="key", enabled=True)
    api.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    return plan, key["id"], key["value"]
