"""REST APIs in front of AWS's services, with mapping templates on both sides: DynamoDB, Lambda, STS, IAM and CloudWatch Logs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

PREFIX = "arn:aws:apigateway:us-east-1:"
FAILED = {"message": "Internal server error"}


@pytest.fixture
def table(client: Callable[..., Any]) -> Any:
    """The DynamoDB client of an account with a table `pets`."""
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName="pets",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(TableName="pets", WaiterConfig={"Delay": 1})
    return dynamodb


def integrate(rest: Any, path: str, method: str, uri: str, **members: Any) -> None:
    rest.method(path, method)
    rest.integrate(path, method, type="AWS", integrationHttpMethod="POST", uri=PREFIX + uri, **members)


def test_dynamodb_actions_with_mapping_templates(rest: Any, role: Callable[..., str], table: Any) -> None:
    """The tutorial's API: PUT stores an item, GET maps the items found to a list."""
    credentials = role("dynamodb:PutItem", "dynamodb:Scan")
    integrate(
        rest, "/pets", "POST", "dynamodb:action/PutItem", credentials=credentials,
        requestTemplates={
            "application/json": """#set($pet = $input.path('$'))
{"TableName": "pets", "Item": {"id": {"S": "$pet.id"}, "name": {"S": "$util.escapeJavaScript($pet.name)"},
 "tags": {"L": [#foreach($tag in $pet.tags){"S": "$tag"}#if($foreach.hasNext),#end#end]}, "stage": {"S": "$context.stage"}}}"""
        },
    )  # fmt: skip
    rest.respond("/pets", "POST")
    integrate(
        rest, "/pets", "GET", "dynamodb:action/Scan", credentials=credentials,
        requestTemplates={"application/json": '{"TableName": "pets"}'},
    )  # fmt: skip
    rest.respond(
        "/pets",
        responseTemplates={
            "application/json": """#set($found = $input.path('$'))
{"pets": [#foreach($item in $found.Items){"id": "$item.id.S", "name": "$item.name.S", "tags": $item.tags.L.size()}#if($foreach.hasNext),#end
#end]}"""
        },
    )
    rest.deploy()
    stored = rest("/pets", "POST", json={"id": "1", "name": "Rex", "tags": ["a", "b"]})
    assert (stored.status_code, stored.text) == (200, "{}")
    item = table.get_item(TableName="pets", Key={"id": {"S": "1"}})["Item"]
    assert item["stage"] == {"S": "dev"}
    assert item["tags"] == {"L": [{"S": "a"}, {"S": "b"}]}
    assert rest("/pets").json() == {"pets": [{"id": "1", "name": "Rex", "tags": 2}]}


def test_a_role_that_may_not_gets_the_services_own_answer(
    rest: Any, role: Callable[..., str], table: Any, account: str
) -> None:
    integrate(rest, "/pets", "GET", "dynamodb:action/Scan", credentials=role("dynamodb:PutItem"))
    rest.respond("/pets", status="200")
    rest.respond("/pets", status="403", selectionPattern="4\\d{2}")
    rest.deploy()
    answer = rest("/pets", content=b'{"TableName": "pets"}')
    assert answer.status_code == 403
    assert answer.json() == {
        "__type": "com.amazon.coral.service#AccessDeniedException",
        "Message": f"User: arn:aws:sts::{account}:assumed-role/api/BackplaneAssumeRoleSession is not authorized to perform: dynamodb:Scan "
        f"on resource: arn:aws:dynamodb:us-east-1:{account}:table/pets because no identity-based policy allows the dynamodb:Scan action",
    }


def test_the_callers_own_credentials(rest: Any, client: Callable[..., Any], table: Any, account: str) -> None:
    """`arn:aws:iam::*:user/*`: whoever signed the request acts, not a role."""
    rest.method("/pets", "POST", authorizationType="AWS_IAM")
    rest.integrate(
        "/pets", "POST", type="AWS", integrationHttpMethod="POST", uri=f"{PREFIX}dynamodb:action/Scan",
        credentials="arn:aws:iam::*:user/*",
    )  # fmt: skip
    rest.respond("/pets", "POST")
    rest.deploy()
    iam = client("iam")

    def scan_as(name: str, *actions: str) -> httpx.Response:
        iam.create_user(UserName=name)
        allowed = [{"Effect": "Allow", "Action": ["execute-api:Invoke", *actions], "Resource": "*"}]
        document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        request = AWSRequest("POST", rest.url("/pets"), data=b'{"TableName": "pets"}')
        credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
        SigV4Auth(credentials, "execute-api", "us-east-1").add_auth(request)
        answer: httpx.Response = rest("/pets", "POST", content=request.data, headers=dict(request.headers))
        return answer

    assert scan_as("reader", "dynamodb:Scan").json() == {"Count": 0, "Items": [], "ScannedCount": 0}
    assert (
        f"User: arn:aws:iam::{account}:user/other is not authorized to perform: dynamodb:Scan" in scan_as("other").text
    )
    assert rest("/pets", "POST", json={"TableName": "pets"}).status_code == 403


def test_errors_of_a_service_select_the_response(rest: Any, role: Callable[..., str], table: Any) -> None:
    integrate(
        rest, "/pets", "POST", "dynamodb:action/PutItem", credentials=role("dynamodb:*"),
        requestTemplates={"application/json": '{"TableName": "$input.params(\'table\')", "Item": {"id": {"N": "1"}}}'},
    )  # fmt: skip
    rest.respond("/pets", "POST")
    rest.respond(
        "/pets", "POST", "400", selectionPattern="400",
        responseTemplates={
            "application/json": '#set($context.responseOverride.status = 409){"type": $input.json("$.__type")}'
        },
    )  # fmt: skip
    rest.deploy()
    wrong = rest("/pets?table=pets", "POST", json={})
    assert (wrong.status_code, wrong.json()) == (409, {"type": "com.amazon.coral.validate#ValidationException"})
    missing = rest("/pets?table=none", "POST", json={})
    assert missing.json() == {"type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}


def test_a_query_services_action_takes_parameters_and_answers_in_json(
    rest: Any, role: Callable[..., str], account: str
) -> None:
    credentials = role("iam:GetRole")
    integrate(rest, "/me", "GET", "sts:action/GetCallerIdentity", credentials=credentials)
    rest.respond("/me")
    rest.method("/roles/{name}", requestParameters={"method.request.path.name": True})
    rest.integrate(
        "/roles/{name}", type="AWS", integrationHttpMethod="POST", uri=f"{PREFIX}iam:action/GetRole", credentials=credentials,
        requestParameters={"integration.request.querystring.RoleName": "method.request.path.name"},
    )  # fmt: skip
    rest.respond("/roles/{name}")
    rest.deploy()
    answer = rest("/me").json()["GetCallerIdentityResponse"]
    assert list(answer) == ["GetCallerIdentityResult", "ResponseMetadata"]
    assert answer["GetCallerIdentityResult"]["Account"] == account
    assert answer["GetCallerIdentityResult"]["Arn"].endswith("assumed-role/api/BackplaneAssumeRoleSession")
    found = rest("/roles/api").json()["GetRoleResponse"]["GetRoleResult"]["Role"]
    assert found["Arn"] == f"arn:aws:iam::{account}:role/api"
    assert found["Description"] is None
    assert found["CreateDate"] > 0
    missing = rest("/roles/none").json()
    assert missing["Error"] == {
        "Code": "NoSuchEntity",
        "Message": "The role with name none cannot be found.",
        "Type": "Sender",
    }
    assert list(missing) == ["Error", "RequestId"]


def test_logs_by_their_target(rest: Any, role: Callable[..., str], client: Callable[..., Any]) -> None:
    integrate(rest, "/groups", "POST", "logs:action/CreateLogGroup", credentials=role("logs:CreateLogGroup"))
    rest.respond("/groups", "POST")
    rest.deploy()
    assert rest("/groups", "POST", json={"logGroupName": "made"}).status_code == 200
    assert [group["logGroupName"] for group in client("logs").describe_log_groups()["logGroups"]] == ["made"]


def test_lambdas_paths_with_a_role(rest: Any, role: Callable[..., str], function: str) -> None:
    """Any operation of Lambda's, not only Invoke."""
    assert function.endswith(":echo")
    rest.method("/function")
    rest.integrate(
        "/function", type="AWS", integrationHttpMethod="GET", credentials=role("lambda:ListFunctions"),
        uri=f"{PREFIX}lambda:path/2015-03-31/functions",
    )  # fmt: skip
    rest.respond("/function", responseTemplates={"application/json": "$input.path('$.Functions[0].Handler')"})
    rest.deploy()
    assert rest("/function").text == "app.handler"


@pytest.mark.parametrize(
    "uri",
    [
        "states:action/StartExecution",
        "kinesis:action/PutRecord",
        "dynamodb:action/NoSuchAction",
        "logs:action/CreateDelivery",
    ],
)
def test_step_functions_and_what_the_region_has_not(rest: Any, role: Callable[..., str], uri: str) -> None:
    integrate(rest, "/x", "POST", uri, credentials=role("dynamodb:*"))
    rest.respond("/x", "POST")
    rest.deploy()
    answer = rest("/x", "POST", json={})
    assert (answer.status_code, answer.json()) == (500, FAILED)


def test_a_role_that_does_not_trust_api_gateway(rest: Any, role: Callable[..., str], table: Any) -> None:
    integrate(
        rest, "/x", "POST", "dynamodb:action/Scan", credentials=role("dynamodb:*", trusted="lambda.amazonaws.com")
    )
    rest.respond("/x", "POST")
    rest.deploy()
    answer = rest("/x", "POST", json={"TableName": "pets"})
    assert (answer.status_code, answer.json()) == (500, FAILED)


def test_bad_templates_and_templates_that_loop(rest: Any) -> None:
    looping = "#macro(m)#foreach($i in [1..1000])#m()#end#end#m()"
    for path, template in (("/bad", "#if("), ("/loop", looping), ("/fails", "$input.body.substring(99)")):
        rest.mock(path, answer=template)
    rest.mock("/good", answer='{"q": "$input.params("q")"}')
    rest.deploy()
    for path in ("/bad", "/loop", "/fails"):
        answer = rest(path)
        assert (answer.status_code, answer.json()) == (500, FAILED)
    assert rest("/good?q=1").json() == {"q": "1"}


def test_templates_see_parameters_context_and_stage_variables(rest: Any, account: str) -> None:
    template = json.dumps({"statusCode": 200})
    rest.mock(
        "/pets/{id}", template=template,
        answer='{"path": "$context.resourcePath", "id": "$input.params().path.id", "v": "$stageVariables.v", "none": "$stageVariables.x"}',
    )  # fmt: skip
    rest.deploy(variables={"v": "one"})
    assert rest("/pets/7").json() == {"path": "/pets/{id}", "id": "7", "v": "one", "none": ""}
