"""API keys: managing them, importing them, and calling with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.aws.apigateway.mock_api import call, mock_api, plan_with_key

VALUE = "a-value-of-enough-characters"
FORBIDDEN = (403, {"message": "Forbidden"})


@pytest.fixture
def api(client: Callable[..., Any]) -> Any:
    """The API Gateway v1 client."""
    return client("apigateway")


def test_an_api_key_is_made_shown_changed_and_deleted(api: Any, aws_error: Any) -> None:
    made = api.create_api_key(name="mine", value=VALUE, description="d", customerId="c", tags={"a": "b"})
    assert (made["value"], made["enabled"], made["stageKeys"]) == (VALUE, False, [])
    shown = api.get_api_key(apiKey=made["id"])
    assert "value" not in shown
    assert (shown["name"], shown["description"], shown["customerId"], shown["tags"]) == ("mine", "d", "c", {"a": "b"})
    assert api.get_api_key(apiKey=made["id"], includeValue=True)["value"] == VALUE
    changes = {"/name": "yours", "/description": "e", "/enabled": "true", "/customerId": "f"}
    patches = [{"op": "replace", "path": path, "value": value} for path, value in changes.items()]
    changed = api.update_api_key(apiKey=made["id"], patchOperations=patches)
    assert (changed["name"], changed["description"], changed["enabled"], changed["customerId"]) == (
        "yours",
        "e",
        True,
        "f",
    )
    assert "value" not in changed
    api.delete_api_key(apiKey=made["id"])
    missing = ("NotFoundException", "Invalid API Key identifier specified", 404)
    assert aws_error(lambda: api.get_api_key(apiKey=made["id"])) == missing
    assert aws_error(lambda: api.delete_api_key(apiKey=made["id"])) == missing


def test_keys_without_a_value_get_one_and_without_a_name_have_none(api: Any) -> None:
    made = api.create_api_key()
    assert len(made["value"]) == 40
    assert made["value"].isalnum()
    assert "name" not in made
    assert "tags" not in made
    assert "name" not in api.create_api_key(name="")


def test_what_an_api_key_cannot_be(api: Any, aws_error: Any) -> None:
    def create(**members: Any) -> tuple[str, str, int]:
        error: tuple[str, str, int] = aws_error(lambda: api.create_api_key(**members))
        return error

    bad = "BadRequestException"
    assert create(value="short") == (bad, "API Key value should be at least 20 characters", 400)
    assert create(value="x" * 129)[0] == bad
    long = "Invalid API Key name, can be at most 1024 characters."
    assert create(name="x" * 1025) == (bad, long, 400)
    assert create(description="x" * 1025) == (bad, "Invalid API Key description specified.", 400)
    api.create_api_key(value=VALUE)
    assert create(value=VALUE) == ("ConflictException", "API Key already exists", 409)


def test_patches_of_what_a_key_does_not_let_change(api: Any, aws_error: Any) -> None:
    key = api.create_api_key()["id"]

    def update(path: str, value: str) -> Any:
        return api.update_api_key(apiKey=key, patchOperations=[{"op": "replace", "path": path, "value": value}])

    text = (
        "Invalid patch path  '/id' specified for op 'replace'. "
        "Must be one of: [/description, /enabled, /name, /customerId]"
    )
    assert aws_error(lambda: update("/id", "x")) == ("BadRequestException", text, 400)
    assert update("/enabled", "no truth value")["enabled"] is False


def test_keys_are_listed_by_name_and_customer_in_pages(api: Any) -> None:
    for name, customer in (("red", "1"), ("reddish", "2"), ("blue", "1")):
        api.create_api_key(name=name, customerId=customer)

    def names(**asked: Any) -> list[str]:
        return sorted(item["name"] for item in api.get_api_keys(**asked)["items"])

    assert names() == ["blue", "red", "reddish"]
    assert names(nameQuery="red") == ["red", "reddish"]
    assert names(nameQuery="RED") == []
    assert names(customerId="1") == ["blue", "red"]
    assert all("value" not in item and "tags" not in item for item in api.get_api_keys()["items"])
    assert all(item["value"] for item in api.get_api_keys(includeValues=True)["items"])
    pages = api.get_paginator("get_api_keys").paginate(nameQuery="red", PaginationConfig={"PageSize": 1})
    found = [[item["name"] for item in page["items"]] for page in pages]
    assert sorted(found) == [["red"], ["reddish"]]


def test_keys_are_imported_from_csv_and_put_into_plans(api: Any, aws_error: Any) -> None:
    plan = api.create_usage_plan(name="p")["id"]
    old = api.create_api_key(value=VALUE, name="old")
    body = f"Enabled,Name,KEY,UsageplanIds,Note\ntrue,new,{VALUE},'{plan}',x\nFALSE,off,{VALUE}2,,\n,short,abc,,\n"
    imported = api.import_api_keys(format="csv", body=body.encode())
    assert imported["ids"][0] == old["id"]
    assert imported["warnings"] == ["Line 4: API Key value should be at least 20 characters"]
    assert api.get_api_key(apiKey=old["id"])["name"] == "new"
    assert api.get_api_key(apiKey=imported["ids"][1])["enabled"] is False
    assert [item["id"] for item in api.get_usage_plan_keys(usagePlanId=plan)["items"]] == [old["id"]]

    def strict(text: str) -> str:
        code: str = aws_error(lambda: api.import_api_keys(format="csv", body=text.encode(), failOnWarnings=True))[0]
        return code

    count = len(api.get_api_keys()["items"])
    assert strict(f"name,key,usageplanIds\nx,{VALUE}3,nope\n") == "BadRequestException"
    assert strict("name,value\nx,y\n") == "BadRequestException"
    assert len(api.get_api_keys()["items"]) == count  # all or none


def test_a_method_that_asks_for_a_key_serves_good_ones_only(api: Any, region: Any) -> None:
    """Missing, unknown, disabled, of no plan, of a plan for another stage: all are forbidden."""
    api_id = mock_api(api)
    plan, key_id, value = plan_with_key(api, api_id)

    def answer(key: str | None) -> tuple[int, Any]:
        response = call(region, api_id, key)
        return response.status_code, response.json()

    assert answer(value) == (200, {"path": "/dev/pets", "key": value})
    assert answer(None) == answer("") == answer("x" * 30) == FORBIDDEN
    refused = call(region, api_id)
    assert refused.headers["x-amzn-errortype"] == "ForbiddenException"
    assert answer(api.create_api_key(enabled=True)["value"]) == FORBIDDEN
    api.update_api_key(apiKey=key_id, patchOperations=[{"op": "replace", "path": "/enabled", "value": "false"}])
    assert answer(value) == FORBIDDEN
    api.update_api_key(apiKey=key_id, patchOperations=[{"op": "replace", "path": "/enabled", "value": "true"}])
    assert answer(value)[0] == 200
    api.delete_usage_plan_key(usagePlanId=plan, keyId=key_id)
    assert answer(value) == FORBIDDEN


def test_a_key_is_good_for_its_plans_stages_only(api: Any, region: Any) -> None:
    first, second = mock_api(api), mock_api(api)
    *_, value = plan_with_key(api, first)
    assert call(region, first, value).status_code == 200
    assert call(region, second, value).status_code == 403
    api.create_deployment(restApiId=first, stageName="prod")
    assert call(region, first, value, stage="prod").status_code == 403


def test_methods_that_ask_for_no_key_take_any(api: Any, region: Any) -> None:
    api_id = mock_api(api, key=False)
    assert call(region, api_id).status_code == 200
    assert call(region, api_id, "nonsense").status_code == 200


def test_keys_of_another_account_are_unknown(api: Any, region: Any, aws_error: Any) -> None:
    api_id = mock_api(api)
    other = region.client("apigateway", key="210987654320")
    key = other.create_api_key(enabled=True)
    assert call(region, api_id, key["value"]).status_code == 403
    assert aws_error(lambda: api.get_api_key(apiKey=key["id"]))[0] == "NotFoundException"
    stages = [{"apiId": api_id, "stage": "dev"}]
    assert aws_error(lambda: other.create_usage_plan(name="x", apiStages=stages))[0] == "NotFoundException"


def test_tags_of_api_keys_and_usage_plans(api: Any) -> None:
    key, plan = api.create_api_key(tags={"a": "1"})["id"], api.create_usage_plan(name="p")["id"]
    for path in (f"/apikeys/{key}", f"/usageplans/{plan}"):
        arn = f"arn:aws:apigateway:us-east-1::{path}"
        api.tag_resource(resourceArn=arn, tags={"b": "2"})
        api.untag_resource(resourceArn=arn, tagKeys=["a"])
        assert api.get_tags(resourceArn=arn)["tags"] == {"b": "2"}
    assert api.get_api_key(apiKey=key)["tags"] == {"b": "2"}
