"""Versions and aliases wherever a function is named: resource policies, IAM, and what an update leaves alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .conftest import Lambda, package

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]


def allow(fn: Lambda, sid: str, principal: str, **more: Any) -> Any:
    answer = fn.client.add_permission(
        FunctionName="fn", StatementId=sid, Action="lambda:InvokeFunction", Principal=principal, **more
    )
    return json.loads(answer["Statement"])


def test_a_policy_is_of_one_qualifier(fn: Lambda, account: str, aws_error: Error) -> None:
    c = fn.client
    arn = fn.create(Publish=True)["FunctionArn"]
    c.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    assert allow(fn, "s", "s3.amazonaws.com")["Resource"] == arn
    none = ("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    assert aws_error(lambda: c.get_policy(FunctionName="fn", Qualifier="1")) == none
    assert aws_error(lambda: c.get_policy(FunctionName="fn:live")) == none
    latest = c.get_policy(FunctionName="fn")["RevisionId"]
    before = c.get_alias(FunctionName="fn", Name="live")["RevisionId"]
    assert allow(fn, "s", "s3.amazonaws.com", Qualifier="live")["Resource"] == f"{arn}:live"
    assert allow(fn, "s", "sns.amazonaws.com", Qualifier="1")["Resource"] == f"{arn}:1"
    after = c.get_alias(FunctionName="fn", Name="live")["RevisionId"]
    assert before != after == c.get_policy(FunctionName="fn:live")["RevisionId"]
    assert c.get_policy(FunctionName="fn")["RevisionId"] == latest
    stale = "The Revision Id provided does not match the latest Revision Id. Call the {} API to retrieve the latest Revision Id"
    assert aws_error(lambda: allow(fn, "t", "s3.amazonaws.com", Qualifier="live", RevisionId=before)) == (
        "PreconditionFailedException", stale.format("GetPolicy"), 412,
    )  # fmt: skip
    remove: dict[str, Any] = {"FunctionName": "fn", "StatementId": "s", "Qualifier": "live"}
    assert aws_error(lambda: c.remove_permission(**remove, RevisionId=before))[1] == stale.format(
        "GetFunction/GetAlias"
    )
    c.remove_permission(**remove, RevisionId=after)
    assert aws_error(lambda: c.get_policy(FunctionName="fn:live")) == none
    assert len(json.loads(c.get_policy(FunctionName="fn", Qualifier="1")["Policy"])["Statement"]) == 1
    assert aws_error(lambda: allow(fn, "s", "s3.amazonaws.com", Qualifier="no")) == (
        "ResourceNotFoundException", f"Cannot find alias arn: {arn}:no", 404,
    )  # fmt: skip
    assert aws_error(lambda: allow(fn, "s", "s3.amazonaws.com", Qualifier="9"))[1] == f"Function not found: {arn}:9"
    assert aws_error(lambda: c.remove_permission(FunctionName="none", StatementId="s")) == (
        "ResourceNotFoundException", f"No policy found for: {arn[:-2]}none", 404,
    )  # fmt: skip


def test_an_alias_takes_its_policy_with_it(fn: Lambda, aws_error: Error) -> None:
    fn.create(Publish=True)
    for _ in range(2):
        fn.client.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
        assert aws_error(lambda: fn.client.get_policy(FunctionName="fn:live"))[0] == "ResourceNotFoundException"
        allow(fn, "s", "s3.amazonaws.com", Qualifier="live")
        fn.client.delete_alias(FunctionName="fn", Name="live")


def test_another_account_may_invoke_what_it_was_allowed_to(fn: Lambda, region: Any, aws_error: Error) -> None:
    arn = fn.create(Publish=True)["FunctionArn"]
    for name in ("live", "test"):
        fn.client.create_alias(FunctionName="fn", Name=name, FunctionVersion="1")
    other = "555566667777"
    stranger = Lambda(region.client("lambda", key=other), "")

    def allowed() -> list[str]:
        found = []
        for name in ("", ":live", ":test", ":1", ":$LATEST"):
            try:
                stranger.invoke(arn + name)
                found.append(name)
            except stranger.client.exceptions.ClientError as error:
                if error.response["Error"]["Code"] != "AccessDeniedException":
                    raise
        return found

    assert allowed() == []
    allow(fn, "alias", other, Qualifier="live")
    assert allowed() == [":live"]
    allow(fn, "version", other, Qualifier="1")
    assert allowed() == [":live", ":1"]
    allow(fn, "all", other)
    assert allowed() == ["", ":live", ":1"]
    fn.client.remove_permission(FunctionName="fn", StatementId="alias", Qualifier="live")
    assert allowed() == ["", ":1"]


def test_iam_judges_the_arn_as_it_was_qualified(
    fn: Lambda, region: Any, client: Callable[..., Any], aws_error: Error
) -> None:
    arn = fn.create(Publish=True)["FunctionArn"]
    fn.client.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    iam = client("iam")
    iam.create_user(UserName="dev")
    key = iam.create_access_key(UserName="dev")["AccessKey"]
    dev = Lambda(region.client("lambda", key=key["AccessKeyId"], secret=key["SecretAccessKey"]), fn.role)

    def grant(resource: str) -> None:
        statement = {"Effect": "Allow", "Action": ["lambda:InvokeFunction", "lambda:GetFunction"], "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName="dev", PolicyName="p", PolicyDocument=document)

    grant(f"{arn}:live")
    assert dev.invoke("fn:live", event=1).payload == 1
    assert dev.client.get_function(FunctionName="fn", Qualifier="live")["Configuration"]["Version"] == "1"
    for name in ("fn", "fn:1"):
        code, message, _ = aws_error(lambda name=name: dev.invoke(name))
        assert code == "AccessDeniedException"
        assert f"is not authorized to perform: lambda:InvokeFunction on resource: {arn[:-2]}{name} because" in message
    grant(arn)
    assert dev.invoke("fn", event=1).payload == 1
    assert aws_error(lambda: dev.invoke("fn:live"))[0] == "AccessDeniedException"
    grant(f"{arn}:*")
    assert dev.invoke("fn:live", event=1).payload == 1
    assert aws_error(lambda: dev.invoke("fn"))[0] == "AccessDeniedException"


def test_an_update_leaves_versions_warm(fn: Lambda) -> None:
    fn.create(code="n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n\n", Publish=True)
    fn.client.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    assert [fn.invoke(name).payload for name in ("fn:1", "fn:live", "fn")] == [1, 2, 1]
    fn.client.update_function_code(FunctionName="fn", ZipFile=package())
    fn.client.update_function_configuration(FunctionName="fn", Timeout=9)
    assert fn.invoke("fn:live").payload == 3
    assert fn.invoke("fn", event="new").payload == "new"
