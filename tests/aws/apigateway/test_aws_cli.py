"""The aws CLI as a client of REST APIs: `aws apigateway …` as AWS's guides have it, from the first command to the last."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.aws_cli import Cli


@pytest.fixture
def aws(aws_cli: Cli) -> Cli:
    """`aws("create-rest-api", "--name", "a")`: what the command answers."""
    return partial(aws_cli, "apigateway")


def url(region: Any, api_id: str, path: str) -> str:
    """Where a path of the API's stage `dev` answers."""
    return f"{region.endpoint}/_aws/execute-api/{api_id}/dev{path}"


def test_a_whole_rest_api(aws: Cli, region: Any, http: Any, tmp_path: Path) -> None:
    """AWS's guide for a REST API with a mock integration, by the commands that it names; then a key, an export, and its end."""
    api = aws("create-rest-api", "--name", "pets")
    here = ("--rest-api-id", api["id"])
    pets = aws("create-resource", *here, "--parent-id", api["rootResourceId"], "--path-part", "pets")["id"]
    there = (*here, "--resource-id", pets, "--http-method", "GET")
    aws("put-method", *there, "--authorization-type", "NONE", "--api-key-required")
    aws("put-method-response", *there, "--status-code", "200")
    template = ("--request-templates", '{"application/json": "{\\"statusCode\\": 200}"}')
    aws("put-integration", *there, "--type", "MOCK", *template)
    answer = json.dumps({"application/json": '{"kind": "$input.params(\'kind\')"}'})
    aws("put-integration-response", *there, "--status-code", "200", "--response-templates", answer)
    tried = aws("test-invoke-method", *there, "--path-with-query-string", "/pets?kind=dog")
    assert (tried["status"], tried["body"]) == (200, '{"kind": "dog"}')
    assert "Method completed with status: 200" in tried["log"]

    aws("create-deployment", *here, "--stage-name", "dev")
    assert http.get(url(region, api["id"], "/pets")).json() == {"message": "Forbidden"}
    plan = aws("create-usage-plan", "--name", "some", "--api-stages", f"apiId={api['id']},stage=dev")["id"]
    key = aws("create-api-key", "--name", "mine", "--enabled")
    aws("create-usage-plan-key", "--usage-plan-id", plan, "--key-id", key["id"], "--key-type", "API_KEY")
    sent = {"x-api-key": key["value"]}
    assert http.get(url(region, api["id"], "/pets?kind=cat"), headers=sent).json() == {"kind": "cat"}

    exported = tmp_path / "exported.json"
    of = ("--stage-name", "dev", "--export-type", "oas30", "--parameters", "extensions=apigateway")
    assert aws("get-export", *here, *of, str(exported))["contentType"] == "application/octet-stream"
    method = json.loads(exported.read_text())["paths"]["/pets"]["get"]
    assert method["x-amazon-apigateway-integration"]["type"] == "mock"
    assert method["security"] == [{"api_key": []}]

    stage = ("--patch-operations", f"op=remove,path=/apiStages,value={api['id']}:dev")
    aws("update-usage-plan", "--usage-plan-id", plan, *stage)
    aws("delete-usage-plan", "--usage-plan-id", plan)
    aws("delete-api-key", "--api-key", key["id"])
    aws("delete-stage", *here, "--stage-name", "dev")
    assert http.get(url(region, api["id"], "/pets"), headers=sent).json() == {"message": "Forbidden"}
    aws("delete-rest-api", *here)
    assert aws("get-rest-apis")["items"] == []


def test_a_document_is_imported_merged_and_overwritten(aws: Cli, region: Any, http: Any, tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text(document("/pets", "pets"))
    second.write_text(document("/toys", "toys"))
    api = aws("import-rest-api", "--body", f"fileb://{first}", "--parameters", "endpointConfigurationTypes=REGIONAL")
    here = ("--rest-api-id", api["id"])
    assert api["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert paths(aws, here) == ["/", "/pets"]
    aws("put-rest-api", *here, "--mode", "merge", "--body", f"fileb://{second}")
    assert paths(aws, here) == ["/", "/pets", "/toys"]
    aws("create-deployment", *here, "--stage-name", "dev")
    assert [http.get(url(region, api["id"], path)).json() for path in ("/pets", "/toys")] == ["pets", "toys"]
    aws("put-rest-api", *here, "--mode", "overwrite", "--body", f"fileb://{second}")
    assert paths(aws, here) == ["/", "/toys"]
    assert http.get(url(region, api["id"], "/pets")).json() == "pets"  # until it is deployed


def paths(aws: Cli, here: tuple[str, ...]) -> list[str]:
    """The API's resources."""
    return sorted(item["path"] for item in aws("get-resources", *here)["items"])


def document(path: str, answer: str) -> str:
    """An OpenAPI document of one GET whose mock answers with a text."""
    response = {"statusCode": "200", "responseTemplates": {"application/json": f'"{answer}"'}}
    integration = {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {"default": response},
    }
    method = {"responses": {"200": {"description": "it"}}, "x-amazon-apigateway-integration": integration}
    return json.dumps({"openapi": "3.0.1", "info": {"title": "pets", "version": "1"}, "paths": {path: {"get": method}}})
