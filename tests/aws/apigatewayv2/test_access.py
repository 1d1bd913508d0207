"""Condition keys of API Gateway's actions. docs: Service Authorization Reference, "Amazon API Gateway Management V2"."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def test_names_tags_and_logs_of_apis_and_stages(client: Callable[..., Any], region: Any, aws_error: Any) -> None:
    iam, owner = client("iam"), client("apigatewayv2")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = region.client("apigatewayv2", key=key["AccessKeyId"], secret=key["SecretAccessKey"])

    def may(action: str, **condition: dict[str, Any]) -> None:
        statement = {"Effect": "Allow", "Action": f"apigateway:{action}", "Resource": "*", "Condition": condition}
        policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=policy)

    def denied(call: Callable[[], Any]) -> bool:
        return aws_error(call)[0] == "AccessDeniedException"

    may("POST", StringLike={"apigateway:Request/ApiName": "ann-*"}, StringEquals={"aws:RequestTag/team": "a"})
    tags = {"team": "a"}
    mine = ann.create_api(Name="ann-1", ProtocolType="HTTP", Tags=tags)["ApiId"]
    assert denied(lambda: ann.create_api(Name="bob-1", ProtocolType="HTTP", Tags=tags))
    assert denied(lambda: ann.create_api(Name="ann-2", ProtocolType="HTTP"))
    other = owner.create_api(Name="bob-1", ProtocolType="HTTP")["ApiId"]
    may("GET", StringEquals={"aws:ResourceTag/team": "a", "apigateway:Resource/ApiName": "ann-1"})
    ann.get_api(ApiId=mine)
    assert denied(lambda: ann.get_api(ApiId=other))
    assert denied(lambda: ann.get_api(ApiId="nope"))
    owner.create_stage(ApiId=mine, StageName="$default", Tags={"stage": "live"})
    may(
        "*",
        StringEquals={"aws:ResourceTag/stage": "live"},
        Null={"apigateway:Request/AccessLoggingDestination": "true"},
    )
    ann.get_stage(ApiId=mine, StageName="$default")
    ann.update_stage(ApiId=mine, StageName="$default", Description="x")
    logs = {"DestinationArn": "arn:aws:logs:us-east-1:1:log-group:g", "Format": "$context.requestId"}
    assert denied(lambda: ann.update_stage(ApiId=mine, StageName="$default", AccessLogSettings=logs))


def test_kinds_of_authorizers_and_of_guards(client: Callable[..., Any], region: Any, aws_error: Any) -> None:
    iam, owner = client("iam"), client("apigatewayv2")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = region.client("apigatewayv2", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    api = owner.create_api(Name="a", ProtocolType="HTTP")["ApiId"]

    def may(action: str, **condition: dict[str, Any]) -> None:
        statement = {"Effect": "Allow", "Action": f"apigateway:{action}", "Resource": "*", "Condition": condition}
        policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=policy)

    def denied(call: Callable[[], Any]) -> bool:
        return aws_error(call)[0] == "AccessDeniedException"

    may("POST", StringEquals={"apigateway:Request/AuthorizerType": "JWT"})
    jwt = {"Audience": ["a"], "Issuer": "https://issuer.example.com"}
    asked = {"ApiId": api, "IdentitySource": ["$request.header.Authorization"], "Name": "x"}
    authorizer = ann.create_authorizer(AuthorizerType="JWT", JwtConfiguration=jwt, **asked)["AuthorizerId"]
    uri = (
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f"
    )
    given = {"AuthorizerUri": f"{uri}/invocations", "AuthorizerPayloadFormatVersion": "2.0"}
    assert denied(lambda: ann.create_authorizer(AuthorizerType="REQUEST", **given, **asked))
    may("POST", StringLike={"apigateway:Request/AuthorizerUri": "*:function:f/invocations"})
    named = {**asked, "Name": "y"}
    ann.create_authorizer(AuthorizerType="REQUEST", **given, **named)
    may("PATCH", StringEquals={"apigateway:Resource/AuthorizerType": "JWT"})
    ann.update_authorizer(ApiId=api, AuthorizerId=authorizer, Name="z")

    may("POST", StringEquals={"apigateway:Request/RouteAuthorizationType": ["JWT", "AWS_IAM"]})
    assert denied(lambda: ann.create_route(ApiId=api, RouteKey="GET /a", AuthorizationType="NONE"))
    assert denied(lambda: ann.create_route(ApiId=api, RouteKey="GET /a"))
    route = ann.create_route(ApiId=api, RouteKey="GET /a", AuthorizationType="AWS_IAM")["RouteId"]
    may("DELETE", StringNotEquals={"apigateway:Resource/RouteAuthorizationType": "AWS_IAM"})
    assert denied(lambda: ann.delete_route(ApiId=api, RouteId=route))
    may("DELETE", Bool={"apigateway:Resource/ApiKeyRequired": "false"})
    ann.delete_route(ApiId=api, RouteId=route)
