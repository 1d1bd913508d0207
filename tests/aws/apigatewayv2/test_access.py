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
