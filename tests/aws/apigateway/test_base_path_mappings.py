"""Base path mappings of custom domain names, and REST APIs called through them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.aws.apigateway.mock_api import mock_api
from tests.aws.apigateway.test_domain_names import REGIONAL


@pytest.fixture
def api(client: Callable[..., Any]) -> Any:
    """The API Gateway v1 client."""
    return client("apigateway")


@pytest.fixture
def domain(api: Any, account: str) -> str:
    """A custom domain name of this test's own."""
    name = f"rest.a{account}.example"
    api.create_domain_name(domainName=name, **REGIONAL)
    return name


def replace(path: str, value: str) -> dict[str, str]:
    return {"op": "replace", "path": path, "value": value}


def test_mappings_are_made_shown_changed_and_deleted(api: Any, domain: str, aws_error: Any) -> None:
    first, second = mock_api(api), mock_api(api, stage="prod")
    made = api.create_base_path_mapping(domainName=domain, basePath="v1", restApiId=first, stage="dev")
    assert (made["basePath"], made["restApiId"], made["stage"]) == ("v1", first, "dev")
    whole = api.create_base_path_mapping(domainName=domain, restApiId=first)
    assert whole["basePath"] == "(none)"
    items = api.get_base_path_mappings(domainName=domain)["items"]
    assert [item["basePath"] for item in items] == ["(none)", "v1"]
    pages = api.get_paginator("get_base_path_mappings").paginate(domainName=domain, PaginationConfig={"PageSize": 1})
    assert [item["basePath"] for page in pages for item in page["items"]] == ["(none)", "v1"]
    assert api.get_base_path_mapping(domainName=domain, basePath="(none)")["restApiId"] == first
    operations = [replace("/basePath", "v2"), replace("/restapiId", second), replace("/stage", "prod")]
    changed = api.update_base_path_mapping(domainName=domain, basePath="v1", patchOperations=operations)
    assert (changed["basePath"], changed["restApiId"], changed["stage"]) == ("v2", second, "prod")
    api.delete_base_path_mapping(domainName=domain, basePath="v2")
    missing = ("NotFoundException", "Invalid base path mapping identifier specified", 404)
    assert aws_error(lambda: api.get_base_path_mapping(domainName=domain, basePath="v2")) == missing
    api.delete_base_path_mapping(domainName=domain, basePath="(none)")
    assert api.get_base_path_mappings(domainName=domain)["items"] == []


def test_what_a_mapping_cannot_be(api: Any, domain: str, aws_error: Any) -> None:
    api_id = mock_api(api)

    def create(**members: Any) -> tuple[str, str, int]:
        arguments = {"domainName": domain, "restApiId": api_id, "stage": "dev", **members}
        error: tuple[str, str, int] = aws_error(lambda: api.create_base_path_mapping(**arguments))
        return error

    bad = "BadRequestException"
    slash = (
        "API Gateway V1 doesn't support the slash character (/) in base path mappings. "
        "To create a multi-level base path mapping, use API Gateway V2."
    )
    assert create(basePath="a/b") == (bad, slash, 400)
    assert create(basePath="a b")[0] == bad
    assert create(restApiId="nope") == (bad, "Invalid REST API identifier specified", 400)
    assert create(stage="nope") == (bad, "Invalid stage identifier specified", 400)
    missing = ("NotFoundException", "Invalid domain name identifier specified", 404)
    assert create(domainName="nobody.example") == missing
    api.create_base_path_mapping(domainName=domain, restApiId=api_id, stage="dev", basePath="a")
    taken = ("ConflictException", "Base path already exists for this domain name", 409)
    assert create(basePath="a") == taken
    other = [replace("/other", "x")]
    update = aws_error(lambda: api.update_base_path_mapping(domainName=domain, basePath="a", patchOperations=other))
    assert update[0] == bad


def test_calls_reach_the_api_behind_the_base_path(api: Any, domain: str, region: Any) -> None:
    """The base path is no part of what is matched, but of the path that the API is shown."""
    api_id = mock_api(api, key=False)
    api.create_base_path_mapping(domainName=domain, basePath="v1", restApiId=api_id, stage="dev")

    def get(path: str) -> httpx.Response:
        return httpx.get(region.endpoint + path, headers={"host": domain}, trust_env=False)

    assert get("/v1/pets").json()["path"] == "/v1/pets"
    unknown = get("/v1/nothing")
    assert (unknown.status_code, unknown.json()) == (403, {"message": "Missing Authentication Token"})
    unmapped = get("/pets")
    assert (unmapped.status_code, unmapped.json()) == (403, {"message": "Forbidden"})


def test_a_mapping_without_a_stage_lets_the_path_name_it(api: Any, domain: str, region: Any) -> None:
    api_id = mock_api(api, key=False)
    api.create_base_path_mapping(domainName=domain, basePath="any", restApiId=api_id)
    headers = {"host": domain}
    answered = httpx.get(f"{region.endpoint}/any/dev/pets", headers=headers, trust_env=False)
    assert answered.json()["path"] == "/any/dev/pets"
    assert httpx.get(f"{region.endpoint}/any/pets", headers=headers, trust_env=False).status_code == 403


def test_v2_maps_keys_of_several_levels_to_rest_apis(client: Callable[..., Any], domain: str, region: Any) -> None:
    api, second = client("apigateway"), client("apigatewayv2")
    api_id = mock_api(api, key=False)
    second.create_api_mapping(DomainName=domain, ApiId=api_id, Stage="dev", ApiMappingKey="shop/v1")
    answered = httpx.get(f"{region.endpoint}/shop/v1/pets", headers={"host": domain}, trust_env=False)
    assert answered.json()["path"] == "/shop/v1/pets"
    assert api.get_base_path_mappings(domainName=domain)["items"][0]["basePath"] == "shop/v1"


def test_edge_domain_names_are_mapped_by_v1_only(client: Callable[..., Any], account: str, aws_error: Any) -> None:
    api, second = client("apigateway"), client("apigatewayv2")
    name, certificate = f"edge.b{account}.example", REGIONAL["regionalCertificateArn"]
    api.create_domain_name(domainName=name, certificateArn=certificate)
    api_id = mock_api(api)
    code, text, _ = aws_error(lambda: second.create_api_mapping(DomainName=name, ApiId=api_id, Stage="dev"))
    assert code == "BadRequestException"
    assert text.startswith("Only REGIONAL domain names can be managed through the API Gateway V2 API.")
    api.create_base_path_mapping(domainName=name, restApiId=api_id, stage="dev")


def test_an_api_with_mappings_is_not_deleted(api: Any, domain: str, aws_error: Any) -> None:
    api_id = mock_api(api)
    api.create_base_path_mapping(domainName=domain, restApiId=api_id, stage="dev")
    text = f"Deleting RestApi {api_id} failed. Please remove all base path mappings related to the RestApi in your domains: {domain}"
    assert aws_error(lambda: api.delete_rest_api(restApiId=api_id)) == ("BadRequestException", text, 400)
    api.delete_base_path_mapping(domainName=domain, basePath="(none)")
    api.delete_rest_api(restApiId=api_id)
