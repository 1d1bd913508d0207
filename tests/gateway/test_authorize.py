"""The stage `authorize`: what it decides for real clients, in whose words and in which mode, and what it costs."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from benchmarks.authorize import measure

if TYPE_CHECKING:
    from tests.conftest import Region

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
Clients = Callable[..., Any]
MICROSECONDS = 15
TABLE = "arn:aws:dynamodb:us-east-1:{account}:table/{name}"
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole"}


def document(*statements: dict[str, Any]) -> str:
    full = [{"Effect": "Allow", "Resource": "*", **one} for one in statements]
    for one in full:
        if "NotResource" in one:
            del one["Resource"]
    return json.dumps({"Version": "2012-10-17", "Statement": full})


class Ann:
    """An IAM user. `may(…)` replaces her policy; `ann(service)` is a client of hers."""

    def __init__(self, region: Region, account: str, name: str = "ann", **settings: Any) -> None:
        self.region, self.name, self.account = region, name, account
        self.root = region.client("iam", key=account)
        self.arn = self.root.create_user(UserName=name, **settings)["User"]["Arn"]
        key = self.root.create_access_key(UserName=name)["AccessKey"]
        self.key = {"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}

    def __call__(self, service: str, **settings: Any) -> Any:
        return self.region.client(service, **self.key, **settings)

    def may(self, *statements: dict[str, Any]) -> None:
        self.root.put_user_policy(UserName=self.name, PolicyName="p", PolicyDocument=document(*statements))


@pytest.fixture
def ann(region: Region, account: str) -> Ann:
    return Ann(region, account)


@pytest.fixture
def table(client: Clients) -> Callable[..., Any]:
    """Makes a table with a partition key `id`."""

    def make(name: str, **settings: Any) -> None:
        client("dynamodb").create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            **settings,
        )

    return make


def put(who: Any, name: str = "items", **item: str) -> Any:
    values = {key: {"S": value} for key, value in ({"id": "1"} | item).items()}
    return who("dynamodb").put_item(TableName=name, Item=values)


CALLS: dict[str, tuple[str, str, str, Callable[[Any], Any], str, int]] = {
    "json": (
        "dynamodb", "dynamodb:ListTables", "arn:aws:dynamodb:us-east-1:{account}:table/*",
        lambda client: client.list_tables(), "AccessDeniedException", 400,
    ),
    "query": (
        "iam", "iam:ListRoles", "arn:aws:iam::{account}:role/", lambda client: client.list_roles(), "AccessDenied", 403,
    ),
    "rest-json": (
        "lambda", "lambda:GetFunction", "arn:aws:lambda:us-east-1:{account}:function:f",
        lambda client: client.get_function(FunctionName="f"), "AccessDeniedException", 403,
    ),
    "logs": (
        "logs", "logs:DescribeLogGroups", "arn:aws:logs:us-east-1:{account}:log-group::log-stream:",
        lambda client: client.describe_log_groups(), "AccessDeniedException", 400,
    ),
    "apigateway": (
        "apigatewayv2", "apigateway:GET", "arn:aws:apigateway:us-east-1::/apis", lambda client: client.get_apis(),
        "AccessDeniedException", 403,
    ),
}  # fmt: skip


@pytest.mark.parametrize("protocol", CALLS)
def test_denials_are_awss_sentences_in_every_protocol(ann: Ann, account: str, aws_error: Error, protocol: str) -> None:
    service, action, resource, call, code, status = CALLS[protocol]
    said = f"User: {ann.arn} is not authorized to perform: {action} on resource: {resource.format(account=account)} "
    allow, deny = {"Action": action}, {"Effect": "Deny", "Action": action}

    def denied(reason: str) -> bool:
        return aws_error(lambda: call(ann(service))) == (code, said + reason, status)

    assert denied(f"because no identity-based policy allows the {action} action")
    ann.may(allow, deny)
    assert denied("with an explicit deny in an identity-based policy")
    ann.may(allow)
    iam = ann.root
    managed = iam.create_policy(PolicyName="deny", PolicyDocument=document(deny))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="ann", PolicyArn=managed)
    assert denied(f"with an explicit deny in an identity-based policy: {managed}")
    iam.detach_user_policy(UserName="ann", PolicyArn=managed)
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=managed)
    assert denied(f"with an explicit deny in a permissions boundary: {managed}")
    other = iam.create_policy(PolicyName="other", PolicyDocument=document({"Action": "sqs:*"}))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=other)
    assert denied(f"because no permissions boundary allows the {action} action")
    iam.delete_user_permissions_boundary(UserName="ann")
    with contextlib.suppress(ann("lambda").exceptions.ResourceNotFoundException):  # there is no such function
        call(ann(service))


class TestSessions:
    @pytest.fixture
    def assume(self, region: Region, client: Clients, account: str) -> Callable[..., Any]:
        """Makes a role with these statements; assume(statements, …) is a maker of clients with a session of it."""

        def make(*statements: dict[str, Any], **session: Any) -> Any:
            trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST | {"Principal": {"AWS": account}}]})
            role = client("iam").create_role(
                RoleName="r", AssumeRolePolicyDocument=trust, Tags=[{"Key": "Team", "Value": "a"}]
            )
            client("iam").put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=document(*statements))
            answer = client("sts").assume_role(RoleArn=role["Role"]["Arn"], RoleSessionName="me", **session)[
                "Credentials"
            ]
            key = {"key": answer["AccessKeyId"], "secret": answer["SecretAccessKey"], "token": answer["SessionToken"]}
            return lambda service: region.client(service, **key)

        return make

    def test_session_policies_limit(self, assume: Callable[..., Any], account: str, aws_error: Error) -> None:
        deny = {"Effect": "Deny", "Action": "dynamodb:ListTables"}
        session = assume({"Action": "dynamodb:*"}, Policy=document({"Action": "dynamodb:*"}, deny))
        session("dynamodb").describe_limits()
        message = aws_error(lambda: session("dynamodb").list_tables())[1]
        assert message.endswith("with an explicit deny in a session policy")
        assert message.startswith(f"User: arn:aws:sts::{account}:assumed-role/r/me is not authorized")

    def test_what_no_session_policy_allows_is_denied(self, assume: Callable[..., Any], aws_error: Error) -> None:
        session = assume({"Action": "dynamodb:*"}, Policy=document({"Action": "s3:*"}))
        message = aws_error(lambda: session("dynamodb").list_tables())[1]
        assert message.endswith("because no session policy allows the dynamodb:ListTables action")

    def test_the_keys_of_a_session(self, assume: Callable[..., Any]) -> None:
        """docs: "AWS global condition context keys": what temporary credentials have and long-term ones do not."""
        session = assume(
            {
                "Action": "dynamodb:ListTables",
                "Condition": {
                    "DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"},
                    "Bool": {"aws:MultiFactorAuthPresent": "false", "aws:ViaAWSService": "false"},
                    "StringEquals": {"aws:PrincipalTag/team": "a", "aws:PrincipalType": "AssumedRole"},
                    "Null": {"aws:username": "true"},
                },
            }
        )
        session("dynamodb").list_tables()


def test_the_keys_of_a_request(ann: Ann, account: str, aws_error: Error) -> None:
    ann.may(
        {
            "Action": "dynamodb:ListTables",
            "Condition": {
                "StringEquals": {
                    "aws:RequestedRegion": "eu-west-1",
                    "aws:ResourceAccount": account,
                    "aws:PrincipalAccount": "${aws:ResourceAccount}",
                },
                "StringLike": {"aws:UserAgent": "Boto3/*"},
                "IpAddress": {"aws:SourceIp": "127.0.0.0/8"},
                "Bool": {"aws:SecureTransport": "false"},
                "Null": {"aws:TokenIssueTime": "true", "aws:MultiFactorAuthPresent": "true", "aws:Referer": "true"},
                "DateGreaterThan": {"aws:CurrentTime": "2020-01-01"},
                "NumericGreaterThan": {"aws:EpochTime": "1500000000"},
            },
        }
    )
    ann("dynamodb", region="eu-west-1").list_tables()
    assert aws_error(lambda: ann("dynamodb").list_tables())[0] == "AccessDeniedException"


def test_not_action_and_not_resource(ann: Ann, table: Clients, account: str, aws_error: Error) -> None:
    table("items")
    table("secret")
    ann.may({"NotAction": ["dynamodb:Delete*", "iam:*"], "NotResource": TABLE.format(account=account, name="secret")})
    put(ann)
    assert aws_error(lambda: put(ann, "secret"))[0] == "AccessDeniedException"
    assert aws_error(lambda: ann("dynamodb").delete_table(TableName="items"))[0] == "AccessDeniedException"
    assert aws_error(lambda: ann("iam").get_user())[0] == "AccessDenied"


def test_what_was_allowed_is_denied_as_soon_as_a_policy_says_so(
    ann: Ann, table: Clients, account: str, aws_error: Error
) -> None:
    table("there")
    reads = {"Action": "dynamodb:DescribeTable"}

    def look() -> None:
        ann("dynamodb").describe_table(TableName="there")

    ann.may(reads)
    for _ in range(2):
        look()
    ann.may(reads, {"Effect": "Deny", "Action": "*", "Resource": TABLE.format(account=account, name="there")})
    assert aws_error(look)[0] == "AccessDeniedException"
    ann.may({**reads, "Resource": TABLE.format(account=account, name="another")})
    assert aws_error(look)[0] == "AccessDeniedException"
    ann.may(reads)
    look()
    ann.root.put_user_permissions_boundary(
        UserName=ann.name, PermissionsBoundary="arn:aws:iam::aws:policy/IAMFullAccess"
    )
    assert aws_error(look)[0] == "AccessDeniedException"


def test_variables(ann: Ann, table: Clients, account: str, aws_error: Error) -> None:
    table("ann-1")
    table("bob-1")
    table("shared-1")
    ann.may({"Action": "dynamodb:PutItem", "Resource": TABLE.format(account=account, name="${aws:username}-*")})
    put(ann, "ann-1")
    assert aws_error(lambda: put(ann, "bob-1"))[0] == "AccessDeniedException"
    name = "${aws:PrincipalTag/team, 'shared'}-1"
    ann.may({"Action": "dynamodb:PutItem", "Resource": TABLE.format(account=account, name=name)})
    put(ann, "shared-1")
    ann.root.tag_user(UserName="ann", Tags=[{"Key": "Team", "Value": "bob"}])
    put(ann, "bob-1")
    assert aws_error(lambda: put(ann, "shared-1"))[0] == "AccessDeniedException"


def test_leading_keys_and_attributes(ann: Ann, table: Clients, aws_error: Error) -> None:
    """docs: DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control"."""
    table("items")
    ann.may(
        {
            "Action": "dynamodb:PutItem",
            "Condition": {
                "ForAllValues:StringEquals": {
                    "dynamodb:LeadingKeys": ["${aws:userid}", "${aws:username}"],
                    "dynamodb:Attributes": ["id", "text"],
                },
                "StringEqualsIfExists": {"dynamodb:ReturnValues": "NONE"},
            },
        }
    )
    put(ann, id="ann", text="x")
    assert aws_error(lambda: put(ann, id="bob"))[0] == "AccessDeniedException"
    assert aws_error(lambda: put(ann, id="ann", other="x"))[0] == "AccessDeniedException"
    old = {"TableName": "items", "Item": {"id": {"S": "ann"}}, "ReturnValues": "ALL_OLD"}
    assert aws_error(lambda: ann("dynamodb").put_item(**old))[0] == "AccessDeniedException"


def test_tags_of_resources_and_of_requests(ann: Ann, table: Clients, account: str, aws_error: Error) -> None:
    """docs: IAM User Guide, "Controlling access to AWS resources using tags"."""
    mine, yours = [{"Key": "team", "Value": "a"}], [{"Key": "team", "Value": "b"}]
    table("mine", Tags=mine)
    table("yours", Tags=yours)
    ann.root.tag_user(UserName="ann", Tags=mine)
    ann.may(
        {
            "Action": "dynamodb:*",
            "Condition": {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
        },
        {
            "Effect": "Deny", "Action": "dynamodb:TagResource",
            "Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": "team"}},
        },
    )  # fmt: skip
    put(ann, "mine")
    assert aws_error(lambda: put(ann, "yours"))[0] == "AccessDeniedException"
    arn = TABLE.format(account=account, name="mine")
    ann("dynamodb").tag_resource(ResourceArn=arn, Tags=[{"Key": "colour", "Value": "red"}])
    message = aws_error(lambda: ann("dynamodb").tag_resource(ResourceArn=arn, Tags=yours))[1]
    assert message.endswith("with an explicit deny in an identity-based policy")


class TestResourcePolicies:
    """docs: IAM User Guide, "Policy evaluation logic" and "Cross-account policy evaluation logic", on functions' policies."""

    @pytest.fixture
    def function(self, client: Clients) -> Any:
        """A function, as its owner sees it; `allow(principal)` lets someone call it."""
        trust = json.dumps(
            {"Version": "2012-10-17", "Statement": [TRUST | {"Principal": {"Service": "lambda.amazonaws.com"}}]}
        )
        role = client("iam").create_role(RoleName="f", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("app.py", SOURCE)
        made = client("lambda").create_function(
            FunctionName="f",
            Runtime="python3.11",
            Handler="app.handler",
            Role=role,
            Code={"ZipFile": buffer.getvalue()},
        )
        return Function(client, made["FunctionArn"])

    def test_who_is_named_needs_nothing_else(self, function: Any, ann: Ann, aws_error: Error) -> None:
        call = lambda: ann("lambda").invoke(FunctionName="f")  # noqa: E731
        assert aws_error(call)[1].endswith("because no identity-based policy allows the lambda:InvokeFunction action")
        function.allow(ann.arn)
        assert call()["StatusCode"] == 200
        ann.may({"Effect": "Deny", "Action": "lambda:InvokeFunction"})
        assert aws_error(call)[1].endswith("with an explicit deny in an identity-based policy")

    def test_a_boundary_does_not_limit_a_user_who_is_named(self, function: Any, ann: Ann) -> None:
        other = ann.root.create_policy(PolicyName="other", PolicyDocument=document({"Action": "s3:*"}))["Policy"]["Arn"]
        ann.root.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=other)
        function.allow(ann.arn)
        assert ann("lambda").invoke(FunctionName="f")["StatusCode"] == 200

    def test_a_named_account_decides_itself(self, function: Any, ann: Ann, account: str, aws_error: Error) -> None:
        function.allow(account)
        assert aws_error(lambda: ann("lambda").invoke(FunctionName="f"))[0] == "AccessDeniedException"
        ann.may({"Action": "lambda:InvokeFunction"})
        assert ann("lambda").invoke(FunctionName="f")["StatusCode"] == 200

    def test_another_accounts_role_needs_both_sides(self, function: Any, region: Region, aws_error: Error) -> None:
        there = "210987654321"
        iam, sts = region.client("iam", key=there), region.client("sts", key=there)
        trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST | {"Principal": {"AWS": there}}]})
        name = f"caller-{function.arn.split(':')[4]}"
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        keys = sts.assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
        caller = region.client("lambda", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        call = lambda: caller.invoke(FunctionName=function.arn)  # noqa: E731
        said = (
            f"User: arn:aws:sts::{there}:assumed-role/{name}/me is not authorized to perform: lambda:InvokeFunction on resource: "
            f"{function.arn} because no %s policy allows the lambda:InvokeFunction action"
        )
        assert aws_error(call) == ("AccessDeniedException", said % "identity-based", 403)
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document({"Action": "lambda:InvokeFunction"}))
        assert aws_error(call) == ("AccessDeniedException", said % "resource-based", 403)
        function.allow(role)
        assert call()["StatusCode"] == 200
        iam.delete_role_policy(RoleName=name, PolicyName="p")
        assert aws_error(call) == ("AccessDeniedException", said % "identity-based", 403)

    def test_a_function_is_known_by_its_own_arn(self, function: Any, client: Clients) -> None:
        """docs: Lambda Developer Guide, "Using source function ARN to control function access behavior"."""

        def called(arn: str) -> Any:
            condition = {"ArnEquals": {"lambda:SourceFunctionArn": arn}}
            policy = document({"Action": "dynamodb:ListTables", "Condition": condition})
            client("iam").put_role_policy(RoleName="f", PolicyName="p", PolicyDocument=policy)
            return json.loads(client("lambda").invoke(FunctionName="f", Payload=b"{}")["Payload"].read())

        assert called(function.arn) == "allowed"
        assert called(function.arn + "2") == "AccessDeniedException"


SOURCE = """
import boto3
def handler(event, context):
    client = boto3.client("dynamodb")
    try:
        client.list_tables()
    except client.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"
"""


class Function:
    """A function and its owner's clients."""

    def __init__(self, client: Clients, arn: str) -> None:
        self.client, self.arn = client, arn

    def allow(self, principal: str) -> None:
        """Lets a principal invoke it."""
        self.client("lambda").add_permission(
            FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal=principal
        )


class TestModes:
    def test_audit_lets_pass_and_says_so_in_log_and_trace(self, new_region: Callable[..., Region]) -> None:
        region = new_region("--auth", "audit")
        ann = Ann(region, "111122223333")
        answer = ann("dynamodb").list_tables()
        text = (
            f"would be denied: User: {ann.arn} is not authorized to perform: dynamodb:ListTables on resource: "
            "arn:aws:dynamodb:us-east-1:111122223333:table/* because no identity-based policy allows the dynamodb:ListTables action"
        )
        trace = httpx.get(f"{region.endpoint}/_atoll/trace/{answer['ResponseMetadata']['RequestId']}").json()
        assert text in trace["attributes"].values()
        ann.may({"Action": "dynamodb:ListTables"})
        allowed = ann("dynamodb").list_tables()["ResponseMetadata"]["RequestId"]
        attributes = httpx.get(f"{region.endpoint}/_atoll/trace/{allowed}").json()["attributes"]
        assert list(attributes.values()) == ["allowed by identity-based policy p, statement 0"]
        region.stop()  # the log is complete then
        assert region.log.read_text().count(text) == 1

    def test_audit_still_asks_for_a_right_signature(self, new_region: Callable[..., Region], aws_error: Error) -> None:
        region = new_region("--auth", "audit")
        ann = Ann(region, "111122223333")
        ann.key["secret"] = "wrong"
        assert aws_error(lambda: ann("dynamodb").list_tables())[0] == "InvalidSignatureException"

    def test_off_decides_nothing(self, new_region: Callable[..., Region]) -> None:
        region = new_region("--auth", "off")
        ann = Ann(region, "111122223333")
        ann.may({"Effect": "Deny", "Action": "*"})
        answer = ann("dynamodb").list_tables()
        trace = httpx.get(f"{region.endpoint}/_atoll/trace/{answer['ResponseMetadata']['RequestId']}").json()
        assert "attributes" not in trace
        region.stop()
        assert "would be denied" not in region.log.read_text()

    def test_enforce_names_the_deciding_statement_in_the_trace(
        self, region: Region, ann: Ann, aws_error: Error
    ) -> None:
        ann.may({"Action": "dynamodb:*"}, {"Sid": "NoLists", "Effect": "Deny", "Action": "dynamodb:List*"})
        with pytest.raises(ann("dynamodb").exceptions.ClientError) as caught:
            ann("dynamodb").list_tables()
        request_id = caught.value.response["ResponseMetadata"]["RequestId"]
        attributes = httpx.get(f"{region.endpoint}/_atoll/trace/{request_id}").json()["attributes"]
        assert "denied by identity-based policy p, statement NoLists" in attributes.values()


async def test_authorised_calls_cost_less_than_15_microseconds_extra(tmp_path: Path) -> None:
    """The best of the rounds: what the stage takes where nothing else has the processor."""
    on, off = (await measure(tmp_path / "region"))["one policy"]
    assert min(on) - min(off) < MICROSECONDS
