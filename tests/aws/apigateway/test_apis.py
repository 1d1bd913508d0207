"""REST APIs: what AWS answered in ../shared/vectors/aws-observed/apigateway/test_apigateway_api.snapshot.json."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def rest(client: Callable[..., Any]) -> Any:
    """The client of API Gateway v1."""
    return client("apigateway")


def shown(answer: dict[str, Any], *without: str) -> dict[str, Any]:
    """An answer without what differs each time."""
    return {name: value for name, value in answer.items() if name not in ("ResponseMetadata", "createdDate", *without)}


def test_create_get_list_update_and_delete_a_rest_api(rest: Any, account: str, aws_error: Any) -> None:
    made = rest.create_rest_api(name="pets", description="this is my api", tags={"MY_TAG1": "MY_VALUE1"})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert len(made["id"]) == 10
    want = {
        "apiKeySource": "HEADER",
        "description": "this is my api",
        "disableExecuteApiEndpoint": False,
        "endpointConfiguration": {"ipAddressType": "ipv4", "types": ["EDGE"]},
        "id": made["id"],
        "name": "pets",
        "rootResourceId": made["rootResourceId"],
        "tags": {"MY_TAG1": "MY_VALUE1"},
    }
    assert shown(made) == want
    assert shown(rest.get_rest_api(restApiId=made["id"])) == want
    assert [shown(api) for api in rest.get_rest_apis()["items"]] == [want]
    upper = made["id"].upper()
    assert aws_error(lambda: rest.get_rest_api(restApiId=upper)) == (
        "NotFoundException",
        f"Invalid API identifier specified {account}:{upper}",
        404,
    )
    changed = rest.update_rest_api(
        restApiId=made["id"],
        patchOperations=[
            {"op": "replace", "path": "/name", "value": "dogs"},
            {"op": "replace", "path": "/description", "value": "woof"},
            {"op": "add", "path": "/binaryMediaTypes/image~1png"},
            {"op": "replace", "path": "/minimumCompressionSize", "value": "10"},
            {"op": "replace", "path": "/apiKeySource", "value": "AUTHORIZER"},
            {"op": "replace", "path": "/disableExecuteApiEndpoint", "value": "true"},
        ],
    )
    assert shown(changed) == {
        **want,
        "name": "dogs",
        "description": "woof",
        "binaryMediaTypes": ["image/png"],
        "minimumCompressionSize": 10,
        "apiKeySource": "AUTHORIZER",
        "disableExecuteApiEndpoint": True,
    }
    rest.delete_rest_api(restApiId=made["id"])
    assert rest.get_rest_apis()["items"] == []
    assert aws_error(lambda: rest.get_resources(restApiId=made["id"]))[0] == "NotFoundException"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"types": []}, "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED."),
        ({"types": ["EDGE", "REGIONAL"]}, "Cannot create an api with multiple Endpoint Types."),
    ],
)
def test_endpoint_configurations_that_are_refused(rest: Any, aws_error: Any, given: Any, message: str) -> None:
    error = aws_error(lambda: rest.create_rest_api(name="x", endpointConfiguration=given))
    assert error == ("BadRequestException", message, 400)


def test_endpoint_configuration_defaults_and_updates(rest: Any, aws_error: Any) -> None:
    def made(**given: Any) -> Any:
        return rest.create_rest_api(name="x", **given)

    assert made(endpointConfiguration={"types": ["PRIVATE"]})["endpointConfiguration"] == {
        "ipAddressType": "dualstack",
        "types": ["PRIVATE"],
    }
    assert aws_error(lambda: made(description=""))[1] == "Description cannot be an empty string"
    api = made()["id"]

    def patch(op: str, path: str, value: str | None = None) -> Any:
        change = {"op": op, "path": path} | ({"value": value} if value else {})
        return rest.update_rest_api(restApiId=api, patchOperations=[change])

    kind, addresses = "/endpointConfiguration/types/EDGE", "/endpointConfiguration/ipAddressType"
    assert shown(patch("replace", kind, "PRIVATE"))["endpointConfiguration"] == {
        "ipAddressType": "dualstack",
        "types": ["PRIVATE"],
    }
    for op, path, value, message in (
        ("replace", addresses, "ipv4", "Only dualstack ipAddressType is supported for Private APIs."),
        ("replace", addresses, "wrong", "ipAddressType must be either ipv4 or dualstack."),
        ("replace", kind, "wrong", "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE"),
        ("add", addresses, "dualstack", "Invalid patch operation specified. Must be one of: [replace]"),
        ("test", kind, "EDGE", "Invalid patch operation specified. Must be 'add'|'remove'|'replace'"),
    ):
        assert aws_error(lambda: patch(op, path, value)) == ("BadRequestException", message, 400)  # noqa: B023


def test_a_resource_policy_names_its_own_api_and_is_checked(rest: Any, account: str, aws_error: Any) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = rest.create_rest_api(name="x", policy=policy)
    kept = json.loads(json.loads(f'"{made["policy"]}"'))  # AWS escapes the quotes once more
    assert kept["Statement"][0]["Resource"] == f"arn:aws:execute-api:us-east-1:{account}:{made['id']}/*"
    bad = "Invalid policy document. Please check the policy syntax and ensure that Principals are valid."
    for wrong in ("{", "[]", '{"Statement": [{"Effect": "Allow"}]}', "[" * 10_000):
        assert aws_error(lambda: rest.create_rest_api(name="x", policy=wrong))[1] == bad  # noqa: B023
    patch = [{"op": "replace", "path": "/policy", "value": ""}]
    assert "policy" not in rest.update_rest_api(restApiId=made["id"], patchOperations=patch)


def test_clone_from_another_api(rest: Any, aws_error: Any) -> None:
    source = rest.create_rest_api(name="source", binaryMediaTypes=["image/png"])
    pets = rest.create_resource(restApiId=source["id"], parentId=source["rootResourceId"], pathPart="pets")["id"]
    rest.create_resource(restApiId=source["id"], parentId=pets, pathPart="{id}")
    rest.put_method(restApiId=source["id"], resourceId=pets, httpMethod="GET", authorizationType="NONE")
    rest.put_integration(restApiId=source["id"], resourceId=pets, httpMethod="GET", type="MOCK")
    made = rest.create_rest_api(name="copy", cloneFrom=source["id"])
    assert made["binaryMediaTypes"] == ["image/png"]
    found = rest.get_resources(restApiId=made["id"], embed=["methods"])["items"]
    assert {one["path"] for one in found} == {"/", "/pets", "/pets/{id}"}
    assert {one["id"] for one in found if one["path"] == "/"} == {made["rootResourceId"]}
    assert [list(one.get("resourceMethods", {})) for one in found if one["path"] == "/pets"] == [["GET"]]
    rest.delete_rest_api(restApiId=source["id"])
    assert len(rest.get_models(restApiId=made["id"])["items"]) == 2
    gone = aws_error(lambda: rest.create_rest_api(name="copy", cloneFrom=source["id"]))
    assert gone == ("BadRequestException", "Invalid API identifier specified", 400)


def test_tags_of_apis_and_stages(rest: Any, aws_error: Any) -> None:
    api = rest.create_rest_api(name="x")["id"]
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api}"
    rest.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    rest.untag_resource(resourceArn=arn, tagKeys=["a", "nobody"])
    assert rest.get_tags(resourceArn=arn)["tags"] == {"b": "2"}
    assert rest.get_rest_api(restApiId=api)["tags"] == {"b": "2"}
    assert aws_error(lambda: rest.get_tags(resourceArn=f"{arn}/stages/none"))[0] == "NotFoundException"
    assert aws_error(lambda: rest.get_tags(resourceArn="arn:aws:x"))[0] == "BadRequestException"
    assert aws_error(lambda: rest.tag_resource(resourceArn=arn, tags={str(n): "" for n in range(51)}))[2] == 400
    refused = ("BadRequestException", "Invalid tag key. Tag keys cannot start with 'aws:' (case insensitive)", 400)
    assert aws_error(lambda: rest.tag_resource(resourceArn=arn, tags={"AWS:x": "1"})) == refused
    assert aws_error(lambda: rest.create_usage_plan(name="p", tags={"aws:x": "1"})) == refused


def test_condition_keys_of_apis(rest: Any, client: Callable[..., Any], region: Any, aws_error: Any) -> None:
    """docs: Service Authorization Reference, "Amazon API Gateway Management"."""
    iam = client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = region.client("apigateway", key=key["AccessKeyId"], secret=key["SecretAccessKey"])

    def may(*actions: str, **condition: dict[str, Any]) -> None:
        names = [f"apigateway:{action}" for action in actions]
        statement = {"Effect": "Allow", "Action": names, "Resource": "*", "Condition": condition}
        policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=policy)

    def denied(call: Callable[[], Any]) -> bool:
        return bool(aws_error(call)[0] == "AccessDeniedException")

    regional = {"types": ["REGIONAL"]}
    may("POST", StringLike={"apigateway:Request/ApiName": "ann-*", "apigateway:Request/EndpointType": "REGIONAL"})
    mine = ann.create_rest_api(name="ann-1", endpointConfiguration=regional)["id"]
    assert denied(lambda: ann.create_rest_api(name="bob-1", endpointConfiguration=regional))
    assert denied(lambda: ann.create_rest_api(name="ann-2"))
    statement = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    assert denied(lambda: ann.create_rest_api(name="ann-2", endpointConfiguration=regional, policy=policy))
    may("POST", "UpdateRestApiPolicy", StringLike={"apigateway:Request/ApiName": "ann-*"})
    ann.create_rest_api(name="ann-2", endpointConfiguration=regional, policy=policy)
    rest.tag_resource(resourceArn=f"arn:aws:apigateway:us-east-1::/restapis/{mine}", tags={"team": "a"})
    may("PATCH", StringEquals={"aws:ResourceTag/team": "a", "apigateway:Resource/ApiName": "ann-1"})
    patch = [{"op": "replace", "path": "/name", "value": "ann-3"}]
    ann.update_rest_api(restApiId=mine, patchOperations=patch)
    assert denied(lambda: ann.update_rest_api(restApiId=mine, patchOperations=patch))
