"""Methods, integrations and their responses: what AWS accepts, and in which words it refuses the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

NOT_FOUND, BAD, CONFLICT = "NotFoundException", "BadRequestException", "ConflictException"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:nobody"
INVOKE = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
PARAMETERS = {"method.request.header.h": True, "method.request.querystring.q": False}


class Method:
    """Calls about the method GET of an API's root."""

    def __init__(self, rest: Any) -> None:
        self.rest = rest
        made = rest.create_rest_api(name="methods")
        self.api = made["id"]
        self.names = {"restApiId": self.api, "resourceId": made["rootResourceId"], "httpMethod": "GET"}

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**given: Any) -> Any:
            answer = getattr(self.rest, operation)(**{**self.names, **given})
            answer.pop("ResponseMetadata")
            return answer

        return call

    def put(self, **given: Any) -> Any:
        return self.put_method(**{"authorizationType": "NONE", **given})


def ops(*changes: tuple[str, ...]) -> list[dict[str, str]]:
    """Patch operations: (op, path) or (op, path, value)."""
    return [dict(zip(("op", "path", "value"), change, strict=False)) for change in changes]


@pytest.fixture
def method(client: Callable[..., Any]) -> Method:
    """A new API; its root has no method yet."""
    return Method(client("apigateway"))


def mapping(text: str) -> str:
    return f"Invalid mapping expression specified: Validation Result: warnings : [], errors : [{text}]"


def test_a_methods_members(method: Method, aws_error: Any) -> None:
    validator = method.rest.create_request_validator(restApiId=method.api, name="v")["id"]
    made = method.put(
        requestParameters=PARAMETERS,
        requestModels={"application/json": "Empty"},
        requestValidatorId=validator,
        operationName="list",
        apiKeyRequired=True,
    )
    assert made == {
        "apiKeyRequired": True,
        "authorizationType": "NONE",
        "httpMethod": "GET",
        "operationName": "list",
        "requestModels": {"application/json": "Empty"},
        "requestParameters": PARAMETERS,
        "requestValidatorId": validator,
    }
    assert method.get_method() == made
    assert aws_error(method.put) == (CONFLICT, "Method already exists for this resource", 409)
    changed = method.update_method(
        patchOperations=ops(
            ("replace", "/apiKeyRequired", "false"),
            ("replace", "/authorizationType", "AWS_IAM"),
            ("add", "/requestParameters/method.request.header.other", "true"),
            ("remove", "/requestParameters/method.request.querystring.q"),
            ("remove", "/requestModels/application~1json"),
            ("replace", "/operationName", "all"),
        )
    )
    assert changed == {
        "apiKeyRequired": False,
        "authorizationType": "AWS_IAM",
        "httpMethod": "GET",
        "operationName": "all",
        "requestParameters": {"method.request.header.h": True, "method.request.header.other": True},
        "requestValidatorId": validator,
    }
    method.delete_method()
    assert aws_error(method.get_method) == (NOT_FOUND, "Invalid Method identifier specified", 404)


def test_what_methods_are_refused(method: Method, aws_error: Any) -> None:
    authorizer = (
        "Invalid authorizer ID specified. "
        "Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer."
    )
    same = {"method.request.header.foo": True, "method.request.querystring.foo": True}
    for given, message in (
        ({"requestParameters": same}, "Parameter names must be unique across querystring, header and path"),
        ({"requestParameters": {"header.foo": True}}, mapping("Invalid mapping expression specified: header.foo")),
        ({"requestModels": {"application/json": "Nobody"}}, "Invalid model identifier specified: Nobody"),
        ({"requestValidatorId": "nobody"}, "Invalid Request Validator identifier specified"),
        ({"authorizationType": "CUSTOM"}, authorizer),
        ({"authorizationType": "CUSTOM", "authorizerId": "nobody"}, authorizer),
    ):
        assert aws_error(lambda: method.put(**given)) == (BAD, message, 400)  # noqa: B023
    assert aws_error(lambda: method.put(httpMethod="FOO"))[0] == BAD
    assert aws_error(lambda: method.put(authorizationType="foo"))[0] == BAD
    missing = aws_error(lambda: method.put(resourceId="nobody"))
    assert missing == (NOT_FOUND, "Invalid Resource identifier specified", 404)
    method.put()
    gone = ops(("remove", "/requestParameters/method.request.header.x"))
    assert aws_error(lambda: method.update_method(patchOperations=gone)) == (
        NOT_FOUND,
        "Invalid parameter name specified",
        404,
    )


def test_method_responses(method: Method, aws_error: Any) -> None:
    assert aws_error(lambda: method.put_method_response(statusCode="200"))[1] == "Invalid Method identifier specified"
    method.put()
    assert method.put_method_response(statusCode="201") == {"statusCode": "201"}
    made = method.put_method_response(statusCode="200", responseModels={}, responseParameters={})
    assert made == {"responseModels": {}, "responseParameters": {}, "statusCode": "200"}
    assert method.get_method_response(statusCode="200") == made
    assert aws_error(lambda: method.put_method_response(statusCode="200")) == (
        CONFLICT,
        "Response already exists for this resource",
        409,
    )
    changed = method.update_method_response(
        statusCode="200",
        patchOperations=ops(
            ("add", "/responseParameters/method.response.header.my-header", "true"),
            ("add", "/responseModels/application~1json", "Empty"),
        ),
    )
    want = {
        "responseModels": {"application/json": "Empty"},
        "responseParameters": {"method.response.header.my-header": True},
        "statusCode": "200",
    }
    assert changed == want
    assert method.get_method()["methodResponses"] == {"200": want, "201": {"statusCode": "201"}}
    method.delete_method_response(statusCode="200")
    gone = aws_error(lambda: method.get_method_response(statusCode="200"))
    assert gone == (NOT_FOUND, "Invalid Response status code specified", 404)
    wrong = aws_error(lambda: method.put_method_response(statusCode="203", responseParameters={"x": True}))
    assert wrong == (BAD, mapping("Invalid mapping expression specified: x"), 400)


def test_integrations_of_every_type(method: Method, account: str) -> None:
    role = f"arn:aws:iam::{account}:role/r"
    method.put(requestParameters=PARAMETERS)
    shared = {"cacheKeyParameters": [], "cacheNamespace": method.names["resourceId"], "timeoutInMillis": 29000}
    shared["passthroughBehavior"] = "WHEN_NO_MATCH"
    mock = method.put_integration(type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    assert mock == {**shared, "type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
    http = {"type": "HTTP", "uri": "http://127.0.0.1/{id}", "integrationHttpMethod": "POST"}
    made = method.put_integration(**http, requestParameters={"integration.request.path.id": "method.request.header.h"})
    assert made == {
        **shared,
        "type": "HTTP",
        "httpMethod": "POST",
        "uri": "http://127.0.0.1/{id}",
        "connectionType": "INTERNET",
        "requestParameters": {"integration.request.path.id": "method.request.header.h"},
    }
    made = method.put_integration(
        type="AWS",
        uri="arn:aws:apigateway:us-east-1:dynamodb:action/PutItem",
        integrationHttpMethod="POST",
        credentials=role,
        passthroughBehavior="NEVER",
        contentHandling="CONVERT_TO_TEXT",
        timeoutInMillis=50,
        cacheNamespace="mine",
    )
    assert made == {
        "type": "AWS",
        "uri": "arn:aws:apigateway:us-east-1:dynamodb:action/PutItem",
        "httpMethod": "POST",
        "credentials": role,
        "passthroughBehavior": "NEVER",
        "contentHandling": "CONVERT_TO_TEXT",
        "timeoutInMillis": 50,
        "cacheKeyParameters": [],
        "cacheNamespace": "mine",
    }
    method.put_integration(type="AWS_PROXY", uri=INVOKE, integrationHttpMethod="POST")
    assert method.get_integration() == {**shared, "type": "AWS_PROXY", "uri": INVOKE, "httpMethod": "POST"}


def test_what_integrations_are_refused(method: Method, aws_error: Any) -> None:
    missing = aws_error(lambda: method.put_integration(type="MOCK"))
    assert missing == (NOT_FOUND, "Invalid Method identifier specified", 404)
    method.put(requestParameters=PARAMETERS)
    http = {"type": "HTTP", "uri": "http://127.0.0.1/", "integrationHttpMethod": "GET"}
    aws = {"type": "AWS", "uri": INVOKE, "integrationHttpMethod": "POST"}
    table = "arn:aws:apigateway:us-east-1:dynamodb:action/PutItem"
    undeclared = {"integration.request.header.a": "method.request.header.nobody"}
    for given, message in (
        ({"type": "HTTP", "uri": "http://x"}, "Enumeration value for HttpMethod must be non-empty"),
        ({**http, "uri": "nowhere"}, "Invalid HTTP endpoint specified for URI"),
        ({**http, "timeoutInMillis": 29001}, "Timeout should be between 50 ms and 29000 ms"),
        ({**http, "timeoutInMillis": 49}, "Timeout should be between 50 ms and 29000 ms"),
        ({**http, "cacheKeyParameters": ["method.request.header.nobody"]}, "Invalid cache key parameter specified"),
        (
            {**http, "requestParameters": undeclared},
            mapping("Invalid mapping expression parameter specified: method.request.header.nobody"),
        ),
        ({**http, "requestParameters": {"x": "'y'"}}, mapping("Invalid mapping expression specified: x")),
        ({**aws, "uri": "http://127.0.0.1"}, "Invalid ARN specified in the request"),
        ({**aws, "uri": FUNCTION}, "AWS ARN for integration must contain path or action"),
        ({**aws, "credentials": "NONE"}, "Invalid ARN specified in the request"),
        (
            {**aws, "type": "AWS_PROXY", "uri": table},
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.",
        ),
    ):
        assert aws_error(lambda: method.put_integration(**given)) == (BAD, message, 400)  # noqa: B023
    link = {**http, "connectionType": "VPC_LINK", "connectionId": "x"}
    assert aws_error(lambda: method.put_integration(**link))[::2] == ("NotImplemented", 501)
    assert "Invalid Integration identifier specified" in aws_error(method.get_integration)


def test_aws_proxy_without_a_method_is_taken_as_post_with_a_warning_and_refused_when_strict(
    method: Method, region: Any, new_region: Any, aws_error: Any
) -> None:
    method.put()
    assert method.put_integration(type="AWS_PROXY", uri=INVOKE)["httpMethod"] == "POST"
    assert "integrationHttpMethod" in httpx.get(f"{region.endpoint}/_atoll/unsupported", trust_env=False).text
    strict = Method(new_region("--strict").client("apigateway"))
    strict.put()
    refused = aws_error(lambda: strict.put_integration(type="AWS_PROXY", uri=INVOKE))
    assert refused == (BAD, "Enumeration value for HttpMethod must be non-empty", 400)


def test_integrations_are_patched(method: Method, aws_error: Any) -> None:
    method.put(requestParameters=PARAMETERS)
    method.put_integration(type="HTTP", uri="http://127.0.0.1", integrationHttpMethod="GET")
    changed = method.update_integration(
        patchOperations=ops(
            ("replace", "/uri", "http://127.0.0.1/x"),
            ("replace", "/timeoutInMillis", "100"),
            ("replace", "/passthroughBehavior", "NEVER"),
            ("replace", "/httpMethod", "PUT"),
            ("add", "/requestTemplates/application~1json", "{}"),
            ("add", "/requestParameters/integration.request.header.x", "'y'"),
            ("add", "/cacheKeyParameters/method.request.header.h"),
        )
    )
    assert changed == {
        "type": "HTTP",
        "httpMethod": "PUT",
        "uri": "http://127.0.0.1/x",
        "connectionType": "INTERNET",
        "timeoutInMillis": 100,
        "passthroughBehavior": "NEVER",
        "requestTemplates": {"application/json": "{}"},
        "requestParameters": {"integration.request.header.x": "'y'"},
        "cacheNamespace": method.names["resourceId"],
        "cacheKeyParameters": ["method.request.header.h"],
    }
    for change in (("replace", "/timeoutInMillis", "1"), ("replace", "/timeoutInMillis", "x"), ("add", "/x", "y")):
        assert aws_error(lambda: method.update_integration(patchOperations=ops(change)))[0] == BAD  # noqa: B023
    method.delete_integration()
    assert "methodIntegration" not in method.get_method()


def test_integration_responses(method: Method, aws_error: Any) -> None:
    def missing(**given: Any) -> Any:
        return aws_error(lambda: method.put_integration_response(statusCode="200", **given))[1]

    assert missing() == "Invalid Method identifier specified"
    assert missing(resourceId="nobody") == "Invalid Resource identifier specified"
    assert missing(restApiId="nobody") == "Invalid Resource identifier specified"
    method.put()
    assert missing() == "Invalid Integration identifier specified"
    method.put_integration(type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    none = mapping("No method response exists for method.")
    assert missing(responseParameters={"method.response.header.a": "'x'"}) == none
    assert method.put_integration_response(statusCode="200") == {"statusCode": "200"}, (
        "as on AWS before its method response"
    )
    method.put_method_response(statusCode="200", responseParameters={"method.response.header.a": True})
    created = {"application/json": '"created"'}
    made = method.put_integration_response(statusCode="200", selectionPattern="", responseTemplates=created)
    assert made == {"responseTemplates": created, "selectionPattern": "", "statusCode": "200"}
    assert method.get_integration_response(statusCode="200") == made
    patch = ops(("replace", "/selectionPattern", "updated-pattern"))
    changed = method.update_integration_response(statusCode="200", patchOperations=patch)
    assert changed == {**made, "selectionPattern": "updated-pattern"}
    put = method.put_integration_response
    assert put(statusCode="200", selectionPattern="2\\d{2}", responseTemplates={}) == {
        "responseTemplates": {},
        "selectionPattern": "2\\d{2}",
        "statusCode": "200",
    }
    none = {"application/json": ""}
    assert put(statusCode="200", responseTemplates=none)["responseTemplates"] == {"application/json": None}
    wrong = "Validation Result: warnings : [], errors : [Invalid content type specified: 123]"
    assert missing(responseTemplates={"123": "x"}) == wrong
    undeclared = mapping("Invalid mapping expression parameter specified: method.response.header.b")
    assert missing(responseParameters={"method.response.header.b": "'x'"}) == undeclared
    bad = mapping("Invalid mapping expression specified: x")
    assert missing(responseParameters={"method.response.header.a": "x"}) == bad
    for source in ("'x'", "integration.response.header.y", "integration.response.body.a.b", "context.requestId"):
        put(statusCode="200", responseParameters={"method.response.header.a": source})
    method.delete_integration_response(statusCode="200")
    assert "integrationResponses" not in method.get_integration()


def test_whoever_gives_an_integration_a_role_must_be_allowed_to_pass_it(
    method: Method, client: Callable[..., Any], region: Any, account: str, aws_error: Any
) -> None:
    iam = client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = region.client("apigateway", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    method.put()

    def may(*actions: str) -> None:
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=policy)

    role = f"arn:aws:iam::{account}:role/r"
    given = {**method.names, "type": "AWS", "uri": INVOKE, "integrationHttpMethod": "POST", "credentials": role}
    may("apigateway:*")
    assert aws_error(lambda: ann.put_integration(**given))[0] == "AccessDeniedException"
    may("apigateway:*", "iam:PassRole")
    ann.put_integration(**given)


def test_a_role_written_with_stage_variables_is_passed_on_too(
    method: Method, client: Callable[..., Any], region: Any, account: str, aws_error: Any
) -> None:
    """Else whoever may change an API could let it act as any role that trusts API Gateway."""
    iam = client("iam")
    iam.create_user(UserName="eve")
    key = iam.create_access_key(UserName="eve")["AccessKey"]
    eve = region.client("apigateway", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    method.put()

    def may(*statements: dict[str, Any]) -> None:
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})
        iam.put_user_policy(UserName="eve", PolicyName="p", PolicyDocument=policy)

    apis = {"Action": "apigateway:*", "Resource": "*"}
    given = {**method.names, "type": "AWS", "uri": INVOKE, "integrationHttpMethod": "POST"}
    for role in ("${stageVariables.role}", "arn:aws:iam::${stageVariables.account}:role/r"):
        may(apis, {"Action": "iam:PassRole", "Resource": f"arn:aws:iam::{account}:role/r"})
        assert aws_error(lambda role=role: eve.put_integration(**given, credentials=role))[0] == "AccessDeniedException"
        may(apis, {"Action": "iam:PassRole", "Resource": "*"})
        eve.put_integration(**given, credentials=role)
    may(apis)
    eve.put_integration(**given, credentials="arn:aws:iam::*:user/*")  # whoever calls: no role is passed
