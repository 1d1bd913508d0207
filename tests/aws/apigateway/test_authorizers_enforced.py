"""Authorizers TOKEN and REQUEST, IAM authorization and resource policies of a running REST API."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from botocore.credentials import Credentials
from tests.aws.apigatewayv2.guarded import add_authorizer_function, permit_authorizer, uri_of
from tests.aws.apigatewayv2.test_iam_authorization import signed

TOKEN_AUTHORIZER = """
import json

def handler(event, context):
    print("asked", json.dumps(event))
    what = json.loads(event["authorizationToken"])
    if "raise" in what:
        raise Exception(what["raise"])
    if what.get("echo"):
        what["answer"]["context"] = {"event": json.dumps(event)}
    return what["answer"]
"""
UNAUTHORIZED = (401, {"message": "Unauthorized"})
BROKEN = (500, {"message": None})


def policy(effect: str = "Allow", resource: str = "*", **more: Any) -> dict[str, Any]:
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}
    return {"principalId": "alice", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}, **more}


@dataclass
class RestApi:
    """An API whose one resource, /pets/{id}, answers 200 to whoever is let in (MOCK); each stage is a deployment of its own."""

    client: Any
    endpoint: str
    id: str
    resource: str
    root: str

    def method(self, kind: str, authorizer: str | None = None) -> None:
        """Gives GET /pets/{id} a guard, and deploys it to the stage `dev`."""
        place = {"restApiId": self.id, "resourceId": self.resource, "httpMethod": "GET"}
        members = {"authorizerId": authorizer} if authorizer else {}
        if "resourceMethods" in self.client.get_resource(restApiId=self.id, resourceId=self.resource):
            self.client.delete_method(**place)
        self.client.put_method(**place, authorizationType=kind, **members)
        self.client.put_integration(**place, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
        self.client.put_method_response(**place, statusCode="200")
        self.client.put_integration_response(
            **place, statusCode="200",
            responseTemplates={
                "application/json": '{"principal": "$context.authorizer.principalId", "plan": "$context.authorizer.plan"}'
            },
        )  # fmt: skip
        self.deploy()

    def deploy(self) -> None:
        self.client.create_deployment(restApiId=self.id, stageName="dev")

    def url(self, path: str = "/pets/7") -> str:
        return f"{self.endpoint}/restapis/{self.id}/dev/_user_request_{path}"

    def get(self, headers: dict[str, str] | None = None, path: str = "/pets/7") -> tuple[int, Any]:
        response = httpx.get(self.url(path), headers=headers or {}, timeout=30, trust_env=False)
        return response.status_code, response.json()

    def token(self, path: str = "/pets/7", **what: Any) -> tuple[int, Any]:
        """The answer to a request whose token tells the authorizer's function what to do."""
        return self.get({"authorization": json.dumps(what)}, path)


def make(client: Any, endpoint: str) -> RestApi:
    api_id = client.create_rest_api(name="guarded")["id"]
    root = client.get_resources(restApiId=api_id)["items"][0]["id"]
    pets = client.create_resource(restApiId=api_id, parentId=root, pathPart="pets")["id"]
    one = client.create_resource(restApiId=api_id, parentId=pets, pathPart="{id}")["id"]
    return RestApi(client, endpoint, api_id, one, root)


@pytest.fixture
def rest(client: Callable[..., Any], region: Any) -> RestApi:
    return make(client("apigateway"), region.endpoint)


@pytest.fixture
def function(client: Callable[..., Any], account: str, rest: RestApi, monkeypatch: pytest.MonkeyPatch) -> str:
    """The authorizers' function: its token, or the header x-answer, says what it answers."""
    monkeypatch.setattr("tests.aws.apigatewayv2.guarded.AUTHORIZER", TOKEN_AUTHORIZER)
    arn = add_authorizer_function(client)
    permit_authorizer(client, account, rest.id)
    return arn


def token_authorizer(rest: RestApi, function: str, **members: Any) -> str:
    made: str = rest.client.create_authorizer(
        restApiId=rest.id, name=f"a{time.monotonic_ns()}", type="TOKEN", authorizerUri=uri_of(function),
        identitySource="method.request.header.Authorization", **{"authorizerResultTtlInSeconds": 0, **members},
    )["id"]  # fmt: skip
    return made


def test_token_authorizer(rest: RestApi, function: str, account: str) -> None:
    rest.method("CUSTOM", token_authorizer(rest, function))
    assert rest.token(answer=policy(context={"plan": "gold"})) == (200, {"principal": "alice", "plan": "gold"})
    assert rest.get() == UNAUTHORIZED
    assert rest.token(**{"raise": "Unauthorized"}) == UNAUTHORIZED
    assert rest.token(**{"raise": "boom"}) == BROKEN
    assert rest.token(answer="yes") == BROKEN
    assert rest.token(answer=policy(context={"list": [1]})) == BROKEN
    assert rest.token(answer=policy("Deny")) == (
        403, {"Message": "User is not authorized to access this resource with an explicit deny"},
    )  # fmt: skip
    one = f"arn:aws:execute-api:us-east-1:{account}:{rest.id}/dev/GET/pets/7"
    assert rest.token(answer=policy(resource=one))[0] == 200
    assert rest.token("/pets/8", answer=policy(resource=one)) == (
        403, {"Message": "User is not authorized to access this resource"},
    )  # fmt: skip


def test_identity_validation(rest: RestApi, function: str) -> None:
    """A token that does not match is refused without asking the function, which would have said something else."""
    rest.method("CUSTOM", token_authorizer(rest, function, identityValidationExpression=r'\{"answer".*'))
    assert rest.token(answer=policy())[0] == 200
    assert rest.token(**{"raise": "boom"}) == UNAUTHORIZED


def test_an_authorizer_that_may_not_call_its_function(rest: RestApi, function: str, client: Callable[..., Any]) -> None:
    rest.method("CUSTOM", token_authorizer(rest, function))
    client("lambda").remove_permission(FunctionName="authorizer", StatementId=f"s{rest.id}")
    assert rest.token(answer=policy()) == BROKEN


def test_cache_ttl_by_the_clock(own: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A remembered policy is held against each request; after its TTL the function is asked again."""
    monkeypatch.setattr("tests.aws.apigatewayv2.guarded.AUTHORIZER", TOKEN_AUTHORIZER.replace(
        'what = json.loads(event["authorizationToken"])',
        'what = {"answer": dict(json.loads(event["authorizationToken"]), principalId=context.aws_request_id)}',
    ))  # fmt: skip
    account = "321098765432"

    def client(service: str) -> Any:
        return own.client(service, key=account)

    function = add_authorizer_function(client)
    rest = make(client("apigateway"), own.endpoint)
    permit_authorizer(client, account, rest.id)
    rest.method("CUSTOM", token_authorizer(rest, function, authorizerResultTtlInSeconds=300))
    token = {"authorization": json.dumps(policy(resource=f"arn:aws:execute-api:*:*:{rest.id}/dev/GET/pets/7"))}

    first = rest.get(token)
    assert first[0] == 200
    assert rest.get(token) == first
    assert rest.get(token, "/pets/8")[0] == 403
    own.atoll("clock", "advance", "250")
    assert rest.get(token) == first
    own.atoll("clock", "advance", "60")
    second = rest.get(token)
    assert second[0] == 200
    assert second != first
    assert rest.get(token) == second
    rest.client.flush_stage_authorizers_cache(restApiId=rest.id, stageName="dev")
    assert rest.get(token) not in (first, second)


def test_request_authorizer_with_many_identity_sources(rest: RestApi, client: Callable[..., Any], account: str) -> None:
    function = add_authorizer_function(client)
    permit_authorizer(client, account, rest.id)
    authorizer = rest.client.create_authorizer(
        restApiId=rest.id, name="r", type="REQUEST", authorizerUri=uri_of(function), authorizerResultTtlInSeconds=300,
        identitySource="method.request.header.X-User,method.request.querystring.q",
    )["id"]  # fmt: skip
    rest.method("CUSTOM", authorizer)
    headers = {"x-answer": json.dumps({"answer": policy()}), "x-user": "alice"}
    assert rest.get(headers) == UNAUTHORIZED
    assert rest.get(headers, "/pets/7?q=") == UNAUTHORIZED
    assert rest.get(headers, "/pets/7?q=1")[0] == 200


def test_iam_authorization(rest: RestApi, client: Callable[..., Any], account: str) -> None:
    rest.method("AWS_IAM")
    iam = client("iam")
    iam.create_user(UserName="bob")
    key = iam.create_access_key(UserName="bob")["AccessKey"]
    bob = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    resource = f"arn:aws:execute-api:us-east-1:********{account[-4:]}:{rest.id}/dev/GET/pets/7"

    assert rest.get() == (403, {"message": "Missing Authentication Token"})
    gone = signed(rest.url(), Credentials("ASIAGONE", "any"))
    assert (gone.status_code, gone.json()) == (
        403,
        {"message": "The security token included in the request is invalid."},
    )
    assert gone.headers["x-amzn-errortype"] == "UnrecognizedClientException"
    wrong = signed(rest.url(), Credentials(bob.access_key, "wrong"))
    assert (wrong.status_code, wrong.headers["x-amzn-errortype"]) == (403, "InvalidSignatureException")
    assert wrong.json()["message"].startswith(
        "The request signature we calculated does not match the signature you provided."
    )
    denied = signed(rest.url(), bob)
    assert (denied.status_code, denied.json()) == (
        403,
        {
            "Message": f"User: arn:aws:iam::{account}:user/bob is not authorized to perform: execute-api:Invoke on resource: "
            f"{resource} because no identity-based policy allows the execute-api:Invoke action"
        },
    )
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource.replace("*" * 8, account[:8])}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=document)
    assert signed(rest.url(), bob).status_code == 200


def deploy_policy(rest: RestApi, *statements: dict[str, Any]) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    rest.client.update_rest_api(
        restApiId=rest.id, patchOperations=[{"op": "replace", "path": "/policy", "value": text}]
    )
    rest.deploy()


def statement(effect: str = "Allow", principal: Any = "*", **more: Any) -> dict[str, Any]:
    return {
        "Effect": effect, "Principal": principal, "Action": "execute-api:Invoke", "Resource": "execute-api:/*", **more,
    }  # fmt: skip


def test_resource_policies(rest: RestApi, account: str) -> None:
    """IP ranges, and who signs from another account."""
    rest.method("NONE")
    deploy_policy(rest, statement(Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}))
    assert rest.get()[0] == 200
    deploy_policy(rest, statement(), statement("Deny", Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}))
    resource = f"arn:aws:execute-api:us-east-1:********{account[-4:]}:{rest.id}/dev/GET/pets/7"
    assert rest.get() == (
        403,
        {
            "Message": f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {resource} "
            "with an explicit deny in a resource-based policy"
        },
    )
    rest.method("AWS_IAM")
    deploy_policy(rest, statement(principal={"AWS": "arn:aws:iam::111122223333:root"}))
    assert signed(rest.url(), Credentials("111122223333", "any")).status_code == 200
    assert signed(rest.url(), Credentials("444455556666", "any")).status_code == 403
    assert signed(rest.url(), Credentials(account, "any")).status_code == 200


def test_lambda_authorizer_beside_a_resource_policy(rest: RestApi, function: str) -> None:
    """Its deny goes before the function; its allow is enough where the function says nothing of the request."""
    rest.method("CUSTOM", token_authorizer(rest, function))
    deploy_policy(rest, statement("Deny"))
    assert "explicit deny in a resource-based policy" in rest.token(**{"raise": "boom"})[1]["Message"]
    deploy_policy(rest, statement())
    assert rest.token(answer=policy(resource="arn:aws:execute-api:*:*:other/*"))[0] == 200
    assert rest.token(answer=policy("Deny"))[0] == 403
    assert rest.get() == UNAUTHORIZED


def test_the_authorizer_names_the_api_key_where_the_source_is_authorizer(rest: RestApi, function: str) -> None:
    rest.method("CUSTOM", token_authorizer(rest, function))
    place = {"restApiId": rest.id, "resourceId": rest.resource, "httpMethod": "GET"}
    source = {"op": "replace", "path": "/apiKeySource", "value": "AUTHORIZER"}
    rest.client.update_rest_api(restApiId=rest.id, patchOperations=[source])
    rest.client.update_method(**place, patchOperations=[{"op": "replace", "path": "/apiKeyRequired", "value": "true"}])
    rest.deploy()
    key = rest.client.create_api_key(name="k", enabled=True)
    plan = rest.client.create_usage_plan(name="p", apiStages=[{"apiId": rest.id, "stage": "dev"}])["id"]
    rest.client.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    assert rest.token(answer=policy(usageIdentifierKey=key["value"]))[0] == 200
    assert rest.token(answer=policy(usageIdentifierKey="guess")) == (403, {"message": "Forbidden"})
    sent = {"authorization": json.dumps({"answer": policy()}), "x-api-key": key["value"]}
    assert rest.get(sent) == (403, {"message": "Forbidden"})  # what the client sends does not count
