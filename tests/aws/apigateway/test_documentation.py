"""Documentation parts and versions of REST APIs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from tests.aws.apigateway.mock_api import mock_api


@pytest.fixture
def api(client: Callable[..., Any]) -> Any:
    """The API Gateway v1 client."""
    return client("apigateway")


@pytest.fixture
def api_id(api: Any) -> str:
    """A REST API."""
    made: str = api.create_rest_api(name="documented")["id"]
    return made


def test_a_documentation_part_is_made_shown_changed_and_deleted(api: Any, api_id: str, aws_error: Any) -> None:
    properties = json.dumps({"description": "Sample API description"})
    made = api.create_documentation_part(restApiId=api_id, location={"type": "API"}, properties=properties)
    part = {"restApiId": api_id, "documentationPartId": made["id"]}
    shown = {"id": made["id"], "location": {"type": "API"}, "properties": properties}
    assert {key: made[key] for key in shown} == shown
    assert api.get_documentation_parts(restApiId=api_id)["items"] == [shown]
    changed = json.dumps({"description": "Updated"})
    patches = [{"op": "replace", "path": "/properties", "value": changed}]
    assert api.update_documentation_part(**part, patchOperations=patches)["properties"] == changed
    assert api.get_documentation_part(**part)["properties"] == changed
    api.delete_documentation_part(**part)
    missing = ("NotFoundException", "Invalid Documentation part identifier specified", 404)
    assert aws_error(lambda: api.get_documentation_part(**part)) == missing


def test_what_a_documentation_part_cannot_be(api: Any, api_id: str, account: str, aws_error: Any) -> None:
    def create(**members: Any) -> tuple[str, str, int]:
        arguments = {"restApiId": api_id, "location": {"type": "API"}, "properties": "{}", **members}
        error: tuple[str, str, int] = aws_error(lambda: api.create_documentation_part(**arguments))
        return error

    missing = ("NotFoundException", f"Invalid API identifier specified {account}:api_id", 404)
    assert create(restApiId="api_id") == missing
    text = (
        "1 validation error detected: Value 'INVALID' at 'createDocumentationPartInput.location.type' failed to satisfy constraint: "
        "Member must satisfy enum value set: [RESPONSE_BODY, RESPONSE, METHOD, MODEL, AUTHORIZER, RESPONSE_HEADER, RESOURCE, "
        "PATH_PARAMETER, REQUEST_BODY, QUERY_PARAMETER, API, REQUEST_HEADER]"
    )
    assert create(location={"type": "INVALID"}) == ("ValidationException", text, 400)
    for properties in ("", "no json", "[]", "[" * 100_000):
        assert create(properties=properties)[0] == "BadRequestException"
    api.create_documentation_part(restApiId=api_id, location={"type": "API"}, properties="{}")
    taken = "Documentation part already exists for the specified location: type 'API'."
    assert create() == ("ConflictException", taken, 409)


def test_documentation_parts_are_found_by_type_path_and_name(api: Any, api_id: str) -> None:
    for location in (
        {"type": "METHOD", "path": "/pets", "method": "GET"},
        {"type": "METHOD", "path": "/toys", "method": "GET"},
        {"type": "MODEL", "name": "Pet"},
    ):
        api.create_documentation_part(restApiId=api_id, location=location, properties="{}")

    def count(**asked: str) -> int:
        return len(api.get_documentation_parts(restApiId=api_id, **asked)["items"])

    assert count() == 3
    assert count(type="METHOD") == 2
    assert count(type="METHOD", path="/pets") == count(nameQuery="Pet") == 1
    assert count(path="/nothing") == 0


def test_what_has_no_documentation(api: Any) -> None:
    api_id = mock_api(api, {"pets": "GET", "toys": "POST"})

    def missing(**asked: Any) -> list[dict[str, str]]:
        found = api.get_documentation_parts(restApiId=api_id, locationStatus="UNDOCUMENTED", **asked)["items"]
        assert [set(item) for item in found] == [{"location"}] * len(found)
        return [item["location"] for item in found]

    pets = {"path": "/pets", "method": "GET"}
    assert missing(path="/pets") == [
        {"type": "RESOURCE", "path": "/pets"},
        {"type": "METHOD", **pets},
        {"type": "RESPONSE", **pets, "statusCode": "200"},
    ]
    assert missing(type="API") == [{"type": "API"}]
    whole = [location for location in missing(limit=500) if location["type"] != "MODEL"]
    for location in ({"type": "API"}, {"type": "METHOD", "path": "/pets", "method": "*"}):
        api.create_documentation_part(restApiId=api_id, location=location, properties="{}")
    whole.remove({"type": "API"})
    whole.remove({"type": "METHOD", **pets})
    assert [location for location in missing(limit=500) if location["type"] != "MODEL"] == whole
    pages = api.get_paginator("get_documentation_parts").paginate(
        restApiId=api_id, locationStatus="UNDOCUMENTED", PaginationConfig={"PageSize": 2}
    )
    paged = [item["location"] for page in pages for item in page["items"]]
    assert paged == missing(limit=500)


def test_documentation_versions_keep_what_was_said(api: Any, api_id: str, aws_error: Any) -> None:
    part = api.create_documentation_part(restApiId=api_id, location={"type": "API"}, properties='{"foo": "bar"}')
    names = {"restApiId": api_id, "documentationVersion": "v123"}
    made = api.create_documentation_version(**names)
    assert made["version"] == "v123"
    assert "description" not in made
    patches = [{"op": "replace", "path": "/description", "value": "doc version new"}]
    assert api.update_documentation_version(**names, patchOperations=patches)["description"] == "doc version new"
    assert api.get_documentation_version(**names)["description"] == "doc version new"
    assert [one["version"] for one in api.get_documentation_versions(restApiId=api_id)["items"]] == ["v123"]
    assert aws_error(lambda: api.create_documentation_version(**names))[0] == "ConflictException"
    api.delete_documentation_part(restApiId=api_id, documentationPartId=part["id"])
    api.delete_documentation_version(**names)
    missing = ("NotFoundException", "Invalid Documentation version specified", 404)
    assert aws_error(lambda: api.get_documentation_version(**names)) == missing


def test_a_documentation_version_becomes_its_stages(api: Any, api_id: str) -> None:
    deployed = mock_api(api)
    api.create_documentation_version(restApiId=deployed, documentationVersion="1", stageName="dev")
    assert api.get_stage(restApiId=deployed, stageName="dev")["documentationVersion"] == "1"


def test_documentation_parts_are_imported(api: Any, api_id: str, aws_error: Any) -> None:
    def body(*locations: dict[str, str]) -> bytes:
        parts = [{"location": location, "properties": {"description": "d"}} for location in locations]
        return json.dumps({"x-amazon-apigateway-documentation": {"documentationParts": parts}}).encode()

    whole, method = {"type": "API"}, {"type": "METHOD", "path": "/", "method": "GET"}
    first = api.import_documentation_parts(restApiId=api_id, mode="merge", body=body(whole))
    api.import_documentation_parts(restApiId=api_id, mode="merge", body=body(method, whole))
    found = api.get_documentation_parts(restApiId=api_id)["items"]
    assert sorted(part["location"]["type"] for part in found) == ["API", "METHOD"]
    assert first["ids"][0] in [part["id"] for part in found]
    api.import_documentation_parts(restApiId=api_id, mode="overwrite", body=body(method))
    assert [part["location"] for part in api.get_documentation_parts(restApiId=api_id)["items"]] == [method]
    for wrong in (b"[]", b"{}", b'{"x-amazon-apigateway-documentation": {"documentationParts": [1]}}', b"\xff"):
        code, _, _ = aws_error(lambda wrong=wrong: api.import_documentation_parts(restApiId=api_id, body=wrong))
        assert code == "BadRequestException"


def test_a_merge_replaces_the_properties_that_it_names(api: Any, api_id: str) -> None:
    def body(location: dict[str, str], **properties: str) -> bytes:
        part = {"location": location, "properties": properties}
        return yaml.safe_dump({"x-amazon-apigateway-documentation": {"documentationParts": [part]}}).encode()

    location = {"type": "METHOD", "method": "GET"}
    api.import_documentation_parts(restApiId=api_id, body=body(location, summary="s", description="old"))
    api.import_documentation_parts(restApiId=api_id, mode="merge", body=body(location, description="new"))
    (part,) = api.get_documentation_parts(restApiId=api_id)["items"]
    assert part["location"] == {**location, "path": "/"}
    assert json.loads(part["properties"]) == {"summary": "s", "description": "new"}
