"""AddPermission, RemovePermission, GetPolicy, and what they do to Invoke."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .conftest import Lambda

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]


def allow(fn: Lambda, sid: str, principal: str = "s3.amazonaws.com", **more: Any) -> Any:
    return json.loads(
        fn.client.add_permission(
            FunctionName="fn", StatementId=sid, Action="lambda:InvokeFunction", Principal=principal, **more
        )["Statement"]
    )


def test_statements_read_back_as_aws_writes_them(fn: Lambda, client: Callable[..., Any]) -> None:
    arn = fn.create()["FunctionArn"]
    plain = allow(fn, "logs", "logs.amazonaws.com")
    assert plain == {
        "Sid": "logs", "Effect": "Allow", "Principal": {"Service": "logs.amazonaws.com"},
        "Action": "lambda:InvokeFunction", "Resource": arn,
    }  # fmt: skip
    limited = allow(fn, "s3", SourceArn="arn:aws:s3:::bucket", SourceAccount="111122223333")
    assert limited["Condition"] == {
        "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"},
        "StringEquals": {"AWS:SourceAccount": "111122223333"},
    }
    asked = {
        "FunctionUrlAuthType": "NONE",
        "PrincipalOrgID": "o-1234567890",
        "SourceArn": "arn:aws:s3:::b",
        "SourceAccount": "111122223333",
    }
    text = fn.client.add_permission(
        FunctionName="fn", StatementId="url", Action="lambda:InvokeFunctionUrl", Principal="*", **asked
    )["Statement"]
    assert text.partition('"Condition":')[2] == (
        '{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE","aws:PrincipalOrgID":"o-1234567890","AWS:SourceAccount":"111122223333"},'
        '"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"}}}'
    )
    assert allow(fn, "account", "111122223333")["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    user = client("iam").create_user(UserName="u")["User"]["Arn"]
    assert allow(fn, "user", user)["Principal"] == {"AWS": user}
    assert allow(fn, "all", "*")["Principal"] == "*"
    answer = fn.client.get_policy(FunctionName="fn")
    policy = json.loads(answer["Policy"])
    assert list(policy) == ["Version", "Id", "Statement"]
    assert (policy["Version"], policy["Id"]) == ("2012-10-17", "default")
    assert [one["Sid"] for one in policy["Statement"]] == ["logs", "s3", "url", "account", "user", "all"]
    assert policy["Statement"][0] == plain
    assert answer["RevisionId"] == fn.client.get_function_configuration(FunctionName="fn")["RevisionId"]


def test_errors(fn: Lambda, account: str, aws_error: Error) -> None:
    c = fn.client
    missing = f"Function not found: arn:aws:lambda:us-east-1:{account}:function:fn"
    assert aws_error(lambda: allow(fn, "s")) == ("ResourceNotFoundException", missing, 404)
    assert aws_error(lambda: c.get_policy(FunctionName="fn")) == ("ResourceNotFoundException", missing, 404)
    fn.create()
    no_policy = ("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    assert aws_error(lambda: c.get_policy(FunctionName="fn")) == no_policy
    assert aws_error(lambda: c.remove_permission(FunctionName="fn", StatementId="s"))[:2] == (
        "ResourceNotFoundException", "No policy is associated with the given resource.",
    )  # fmt: skip
    allow(fn, "s")
    assert aws_error(lambda: allow(fn, "s")) == (
        "ResourceConflictException",
        "The statement id (s) provided already exists. Please provide a new statement id, or remove the existing "
        "statement.",
        409,
    )
    assert aws_error(lambda: allow(fn, "t", "nobody"))[:2] == (
        "InvalidParameterValueException",
        "The provided principal was invalid. Please check the principal and try again.",
    )
    assert aws_error(lambda: allow(fn, "t", Qualifier="$LATEST"))[:2] == (
        "InvalidParameterValueException",
        "We currently do not support adding policies for $LATEST.",
    )
    assert aws_error(lambda: allow(fn, "t", RevisionId="stale")) == (
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id",
        412,
    )
    for qualifier in ("42", "valid-with-$-but-doesnotexist"):
        assert aws_error(lambda qualifier=qualifier: allow(fn, "t", Qualifier=qualifier))[1] == f"{missing}:{qualifier}"
        assert aws_error(lambda qualifier=qualifier: c.get_policy(FunctionName="fn", Qualifier=qualifier)) == no_policy
    assert aws_error(lambda: allow(fn, "t", Qualifier="no"))[1].startswith("Cannot find alias arn: ")
    assert aws_error(lambda: c.remove_permission(FunctionName="fn", StatementId="t"))[1] == (
        "Statement t is not found in resource policy."
    )
    c.remove_permission(FunctionName="fn", StatementId="s")
    assert aws_error(lambda: c.get_policy(FunctionName="fn")) == no_policy


def test_a_policy_has_a_size(fn: Lambda, aws_error: Error) -> None:
    fn.create()

    def fill() -> None:
        for number in range(200):
            allow(fn, f"statement-{number}-" + "x" * 80)

    code, message, _ = aws_error(fill)
    assert code == "PolicyLengthExceededException"
    assert message.endswith("is bigger than the limit (20480).")


def test_another_account_may_invoke_once_it_is_allowed(fn: Lambda, region: Any, account: str, aws_error: Error) -> None:
    arn = fn.create()["FunctionArn"]
    other = "444455556666"
    stranger = region.client("lambda", key=other)
    assert aws_error(lambda: stranger.invoke(FunctionName=arn))[0] == "AccessDeniedException"
    allow(fn, "other", other)
    assert stranger.invoke(FunctionName=arn, Payload=b"7")["Payload"].read() == b"7"
    assert aws_error(lambda: stranger.get_function(FunctionName=arn))[0] == "AccessDeniedException"
    fn.client.remove_permission(FunctionName="fn", StatementId="other")
    assert aws_error(lambda: stranger.invoke(FunctionName=arn))[0] == "AccessDeniedException"


def test_users_need_pass_role_and_invoke(fn: Lambda, region: Any, client: Callable[..., Any], aws_error: Error) -> None:
    iam = client("iam")
    iam.create_user(UserName="dev")
    key = iam.create_access_key(UserName="dev")["AccessKey"]
    statement: dict[str, Any] = {"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}

    def grant(*statements: dict[str, Any]) -> None:
        iam.put_user_policy(
            UserName="dev", PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}),
        )  # fmt: skip

    grant(statement)
    dev = Lambda(region.client("lambda", key=key["AccessKeyId"], secret=key["SecretAccessKey"]), fn.role)
    code, message, status = aws_error(dev.create)
    assert (code, status) == ("AccessDeniedException", 403)
    assert f"is not authorized to perform: iam:PassRole on resource: {fn.role}" in message
    passed = {
        "Effect": "Allow", "Action": "iam:PassRole", "Resource": fn.role,
        "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
    }  # fmt: skip
    grant(statement, passed)
    dev.create()
    assert dev.invoke(event=1).payload == 1
    grant({"Effect": "Allow", "Action": "lambda:CreateFunction", "Resource": "*"}, passed)
    dev.create("untagged")
    assert "lambda:TagResource" in aws_error(lambda: dev.create("tagged", Tags={"a": "b"}))[1]
    grant(
        {
            "Effect": "Allow", "Action": "lambda:AddPermission", "Resource": "*",
            "Condition": {"StringEquals": {"lambda:Principal": "apigateway.amazonaws.com"}},
        }
    )  # fmt: skip
    allow(dev, "api", "apigateway.amazonaws.com")
    assert "lambda:AddPermission" in aws_error(lambda: allow(dev, "s3", "s3.amazonaws.com"))[1]
    fn.client.tag_resource(
        Resource=fn.client.get_function(FunctionName="fn")["Configuration"]["FunctionArn"], Tags={"team": "a"}
    )
    grant(
        {
            "Effect": "Allow", "Action": "lambda:GetFunction", "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/team": "a"}},
        }
    )  # fmt: skip
    dev.client.get_function(FunctionName="fn")
    assert aws_error(lambda: dev.client.get_function(FunctionName="untagged"))[0] == "AccessDeniedException"
    assert "lambda:InvokeFunction" in aws_error(dev.invoke)[1]
