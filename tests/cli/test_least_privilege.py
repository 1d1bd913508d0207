"""`atoll iam least-privilege`: the policy that a role needs, from the calls really made under it; what it has beside; and the proof."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml
from botocore.exceptions import ClientError
from tests.functions import make_function, make_role

if TYPE_CHECKING:
    from tests.conftest import Region
    from tests.stacks.conftest import Plugins

Clients = Callable[..., Any]
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})


class Worker:
    """A role, and clients of its sessions."""

    def __init__(self, region: Region, account: str, name: str = "worker") -> None:
        self.region, self.account, self.name = region, account, name
        self.iam = region.client("iam", key=account)
        trust = document({"Principal": {"AWS": account}, "Action": "sts:AssumeRole"})
        self.arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]

    def may(self, *statements: dict[str, Any]) -> None:
        self.iam.put_role_policy(RoleName=self.name, PolicyName="own", PolicyDocument=document(*statements))

    def __call__(self, service: str) -> Any:
        sts = self.region.client("sts", key=self.account)
        session = sts.assume_role(RoleArn=self.arn, RoleSessionName="job")["Credentials"]
        return self.region.client(
            service, session["AccessKeyId"], session["SecretAccessKey"], token=session["SessionToken"]
        )

    def least(self, *options: str, role: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        named = role or self.name
        return self.region.atoll(
            "iam", "least-privilege", named, *options, check=check,
            AWS_ACCESS_KEY_ID=self.account, AWS_SECRET_ACCESS_KEY="x",
        )  # fmt: skip

    def statements(self) -> list[dict[str, Any]]:
        return list(json.loads(self.least().stdout)["Statement"])


@pytest.fixture
def worker(region: Region, account: str) -> Worker:
    return Worker(region, account)


@pytest.fixture
def tables(client: Clients) -> Callable[..., None]:
    """Makes tables, each with an index by name."""

    def make(*names: str) -> None:
        for name in names:
            keys = [{"AttributeName": "id", "KeyType": "HASH"}]
            index = {
                "IndexName": "by-name", "Projection": {"ProjectionType": "ALL"},
                "KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}],
            }  # fmt: skip
            client("dynamodb").create_table(
                TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=keys, GlobalSecondaryIndexes=[index],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("id", "name")],
            )  # fmt: skip

    return make


def query(dynamodb: Any, table: str, index: str = "", key: str = "id") -> None:
    dynamodb.query(
        TableName=table, KeyConditionExpression="#k = :v", ExpressionAttributeNames={"#k": key},
        ExpressionAttributeValues={":v": {"S": "1"}}, **({"IndexName": index} if index else {}),
    )  # fmt: skip


def test_the_calls_really_made_grouped_and_sorted(worker: Worker, account: str, tables: Callable[..., None]) -> None:
    tables("users", "orders")
    worker.may({"Action": "*", "Resource": "*"})
    dynamodb = worker("dynamodb")
    for table in ("users", "orders", "users"):
        dynamodb.put_item(TableName=table, Item={"id": {"S": "1"}})
        dynamodb.get_item(TableName=table, Key={"id": {"S": "1"}})
    query(dynamodb, "users")
    query(dynamodb, "users", "by-name", "name")
    dynamodb.list_tables()
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/"
    assert worker.statements() == [
        {
            "Effect": "Allow",
            "Action": ["dynamodb:GetItem", "dynamodb:PutItem"],
            "Resource": [f"{arn}orders", f"{arn}users"],
        },
        {"Effect": "Allow", "Action": "dynamodb:ListTables", "Resource": f"{arn}*"},
        {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": [f"{arn}users", f"{arn}users/index/by-name"]},
    ]


def test_a_functions_role_and_what_of_a_managed_policy_it_never_used(
    region: Region, account: str, client: Clients, tables: Callable[..., None]
) -> None:
    tables("users")
    make_function(
        client, "writer",
        'import boto3\ndef handler(event, context):\n    print("here")\n'
        '    boto3.client("dynamodb").put_item(TableName="users", Item={"id": {"S": "1"}})\n',
        "dynamodb:Put*", "dynamodb:Delete*", "s3:*",
    )  # fmt: skip
    client("iam").attach_role_policy(RoleName="writer", PolicyArn=BASIC)
    assert "FunctionError" not in client("lambda").invoke(FunctionName="writer")
    role = f"arn:aws:iam::{account}:role/writer"

    def least(*options: str) -> subprocess.CompletedProcess[str]:
        return region.atoll("iam", "least-privilege", role, *options)

    while "logs:PutLogEvents" not in least().stdout:  # it logs after its answer
        pass
    ran = least("--verify")
    group = f"arn:aws:logs:us-east-1:{account}:log-group:/aws/lambda/writer:*"
    assert json.loads(ran.stdout)["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "dynamodb:PutItem",
            "Resource": f"arn:aws:dynamodb:us-east-1:{account}:table/users",
        },
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": group,
        },
    ]
    assert "Granted today and never used:\n  may, statement 1: dynamodb:Delete*, s3:*\n" in ran.stderr
    assert (
        "Wildcards that grant more than was used:\n  may, statement 1: dynamodb:Put* for dynamodb:PutItem\n"
        in ran.stderr
    )
    assert ran.stderr.endswith("Verified: the 4 recorded calls would all be allowed by it.\n")
    lists = client("iam").create_policy(
        PolicyName="lists", PolicyDocument=document({"Sid": "Lists", "Action": ["s3:List*"], "Resource": "*"})
    )["Policy"]["Arn"]
    client("iam").attach_role_policy(RoleName="writer", PolicyArn=lists)
    assert f"{lists}, statement Lists: s3:List* (all of it)\n" in least().stderr


def test_a_managed_policy_that_nothing_used(worker: Worker) -> None:
    worker.iam.attach_role_policy(RoleName=worker.name, PolicyArn=BASIC)
    worker.may({"Action": "dynamodb:ListTables", "Resource": "*"})
    worker("dynamodb").list_tables()
    told = worker.least().stderr
    assert f"  {BASIC}, statement 1: logs:CreateLogGroup, logs:CreateLogStream, logs:PutLogEvents (all of it)\n" in told


def test_resources_that_nothing_used(worker: Worker, account: str, tables: Callable[..., None]) -> None:
    tables("users", "orders")
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/"
    worker.may(
        {"Action": "dynamodb:PutItem", "Resource": [f"{arn}users", f"{arn}orders"]},
        {"Action": "dynamodb:Query", "Resource": f"{arn}*"},
    )
    worker("dynamodb").put_item(TableName="users", Item={"id": {"S": "1"}})
    query(worker("dynamodb"), "users")
    told = worker.least().stderr
    assert f"Resources that were never used:\n  own, statement 1: {arn}orders\n" in told
    assert f"Resources that were used only in part:\n  own, statement 2: {arn}* for {arn}users\n" in told


def test_calls_that_were_denied_are_not_in_it(worker: Worker, client: Clients) -> None:
    """Also not what a call was allowed before it was denied: until a call of its own is made."""
    role = make_role(client, "passed", "lambda.amazonaws.com")
    worker.may({"Action": ["dynamodb:ListTables", "lambda:CreateFunction"], "Resource": "*"})
    worker("dynamodb").list_tables()
    settings = {"Runtime": "python3.11", "Role": role, "Handler": "a.b", "Code": {"ZipFile": b"no zip file"}}
    functions = worker("lambda")
    for _ in range(2):
        with pytest.raises(ClientError, match="iam:PassRole"):
            functions.create_function(FunctionName="f", **settings)
    with pytest.raises(ClientError, match="AccessDenied"):
        worker("dynamodb").describe_limits()
    assert [one["Action"] for one in worker.statements()] == ["dynamodb:ListTables"]
    worker.may({"Action": ["dynamodb:ListTables", "lambda:CreateFunction", "iam:PassRole"], "Resource": "*"})
    with pytest.raises(ClientError, match="InvalidParameterValueException"):
        functions.create_function(FunctionName="f", **settings)
    assert [one["Action"] for one in worker.statements()] == [
        "dynamodb:ListTables",
        "iam:PassRole",
        "lambda:CreateFunction",
    ]


def test_conditions_stay(worker: Worker, account: str, tables: Callable[..., None]) -> None:
    """The policy never allows what the present one does not."""
    tables("users")
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["1", "2"]}}
    worker.may(
        {"Action": "dynamodb:GetItem", "Resource": "*", "Condition": condition},
        {"Action": "dynamodb:PutItem", "Resource": "arn:aws:dynamodb:*:*:table/${aws:PrincipalAccount, 'x'}*"},
        {"Effect": "Deny", "Action": "dynamodb:DeleteItem", "Resource": "*"},
    )
    dynamodb = worker("dynamodb")
    for key in ("1", "2", "1"):
        dynamodb.get_item(TableName="users", Key={"id": {"S": key}})
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.get_item(TableName="users", Key={"id": {"S": "3"}})
    table = f"arn:aws:dynamodb:us-east-1:{account}:table/users"
    assert worker.statements() == [
        {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": table, "Condition": condition}
    ]
    (call,) = json.loads(worker.least("--json").stdout)["calls"]
    assert [context["dynamodb:leadingkeys"] for context in call["contexts"]] == [["1"], ["2"]]
    ran = worker.least("--verify")
    assert "The Deny statement of its present policies is not in it: keep it.\n" in ran.stderr
    assert "the 2 recorded calls would all be allowed" in ran.stderr


def test_what_a_resources_policy_allows_needs_no_role(worker: Worker, account: str, client: Clients) -> None:
    make_function(client, "open", "def handler(event, context):\n    return 1\n")
    worker.may({"Action": "dynamodb:ListTables", "Resource": "*"})
    client("lambda").add_permission(
        FunctionName="open", StatementId="s", Action="lambda:InvokeFunction", Principal=worker.arn
    )
    worker("dynamodb").list_tables()
    worker("lambda").invoke(FunctionName="open")
    assert [one["Action"] for one in worker.statements()] == ["dynamodb:ListTables"]


def test_verify_fails_where_a_call_would_be_denied(worker: Worker) -> None:
    """By a boundary that came since: the policy alone would not do."""
    worker.may({"Action": "*", "Resource": "*"})
    worker("dynamodb").list_tables()
    edge = worker.iam.create_policy(PolicyName="edge", PolicyDocument=document({"Action": "s3:*", "Resource": "*"}))
    worker.iam.put_role_permissions_boundary(RoleName=worker.name, PermissionsBoundary=edge["Policy"]["Arn"])
    ran = worker.least("--verify", check=False)
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1].startswith("would be denied: dynamodb:ListTables on arn:aws:dynamodb:")
    assert worker.least().returncode == 0


def test_the_policy_put_in_place_of_all_others_serves(worker: Worker, tables: Callable[..., None]) -> None:
    """And anything else is denied."""
    tables("users", "orders")
    worker.may({"Action": "*", "Resource": "*"})

    def work() -> None:
        dynamodb = worker("dynamodb")
        dynamodb.put_item(TableName="users", Item={"id": {"S": "1"}})
        query(dynamodb, "users", "by-name", "name")
        stream = worker("logs")
        stream.describe_log_groups()

    work()
    worker.iam.put_role_policy(RoleName=worker.name, PolicyName="own", PolicyDocument=worker.least().stdout)
    work()
    dynamodb = worker("dynamodb")
    for other in (
        lambda: dynamodb.get_item(TableName="users", Key={"id": {"S": "1"}}),
        lambda: dynamodb.put_item(TableName="orders", Item={"id": {"S": "1"}}),
        lambda: query(dynamodb, "users"),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            other()


@pytest.mark.timeout(1800)
def test_terraform_that_is_valid_and_formatted(
    worker: Worker, tables: Callable[..., None], terraform_plugins: Plugins, tmp_path: Path
) -> None:
    tables("users")
    condition = {
        "StringLike": {
            "aws:PrincipalArn": ["arn:aws:iam::*:role/w*", "${aws:username, '%{x'}"],
            "aws:RequestedRegion": "us-*",
        },
        "Bool": {"aws:SecureTransport": False},
    }
    worker.may(
        {"Action": "dynamodb:Put*", "Resource": "*", "Condition": condition}, {"Action": "logs:*", "Resource": "*"}
    )
    worker("dynamodb").put_item(TableName="users", Item={"id": {"S": "1"}})
    worker("logs").create_log_group(logGroupName="/my/group")
    (tmp_path / "policy.tf").write_text(worker.least("--format", "terraform").stdout)
    (tmp_path / "main.tf").write_text(
        'terraform {\n  required_providers {\n    aws = {\n      source = "hashicorp/aws"\n    }\n  }\n}\n\n'
        'output "policy" {\n  value = data.aws_iam_policy_document.worker.json\n}\n'
    )

    def terraform(*arguments: str) -> subprocess.CompletedProcess[str]:
        ran = worker.region.atoll(
            "terraform", f"-chdir={tmp_path}", *arguments, check=False, timeout=280, **terraform_plugins.environment,
            AWS_ACCESS_KEY_ID=worker.account, AWS_SECRET_ACCESS_KEY="x",
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran

    terraform("fmt", "-check", "-diff")
    terraform("init", "-input=false", *terraform_plugins.options)
    terraform("validate")
    terraform("apply", "-auto-approve", "-input=false")
    applied = json.loads(json.loads(terraform("output", "-json", "policy").stdout))
    kept = worker.iam.get_role_policy(RoleName="worker", PolicyName="least-privilege")["PolicyDocument"]
    assert kept == applied
    first, second = worker.statements()
    shown = [{k: v for k, v in one.items() if k != "Condition"} for one in applied["Statement"]]
    assert shown == [{k: v for k, v in one.items() if k != "Condition"} for one in (first, second)]
    assert applied["Statement"][0]["Condition"] == {
        "StringLike": {**condition["StringLike"]}, "Bool": {"aws:SecureTransport": "false"},
    }  # fmt: skip


def test_a_sam_templates_policies(worker: Worker) -> None:
    worker.may({"Action": "dynamodb:ListTables", "Resource": "*"})
    worker("dynamodb").list_tables()
    block = worker.least("--format", "sam").stdout
    assert block.startswith("Policies:\n- Version: '2012-10-17'\n  Statement:\n  - Effect: Allow\n")
    assert yaml.safe_load(block) == {"Policies": [{"Version": "2012-10-17", "Statement": worker.statements()}]}


def test_a_role_without_calls_and_no_role(worker: Worker) -> None:
    nothing = worker.least(check=False)
    assert nothing.returncode == 1
    assert nothing.stderr.startswith(f"error: No call of {worker.arn} is recorded yet.\nRun what uses it")
    missing = worker.least(role="nobody", check=False)
    assert missing.stderr == f"error: There is no role nobody in account {worker.account}.\n"
    assert worker.least(role="arn:aws:iam::1:user/x", check=False).stderr.startswith(
        "error: arn:aws:iam::1:user/x is no ARN"
    )


def test_forgetting_begins_anew(worker: Worker) -> None:
    worker.may({"Action": "dynamodb:*", "Resource": "*"})
    dynamodb = worker("dynamodb")
    dynamodb.list_tables()
    dynamodb.describe_limits()
    worker.least("--forget")
    assert worker.least(check=False).returncode == 1
    dynamodb.list_tables()
    assert [one["Action"] for one in worker.statements()] == ["dynamodb:ListTables"]
    assert httpx.post(f"{worker.region.endpoint}/_atoll/least-privilege", json={"forget": "x"}).status_code == 400


def test_what_was_recorded_survives_kill_9_and_goes_with_the_role(new_region: Callable[..., Region]) -> None:
    region = new_region()
    worker = Worker(region, "111122223333")
    worker.may({"Action": "dynamodb:ListTables", "Resource": "*"})
    worker("dynamodb").list_tables()
    region.kill()
    region.start()
    assert [one["Action"] for one in worker.statements()] == ["dynamodb:ListTables"]
    worker.iam = region.client("iam", key="111122223333")
    worker.iam.delete_role_policy(RoleName="worker", PolicyName="own")
    worker.iam.delete_role(RoleName="worker")
    again = Worker(region, "111122223333")
    assert again.least(check=False).stderr.startswith("error: No call of")


def test_recording_is_bounded(own: Region, account: str) -> None:
    worker = Worker(own, account)
    worker.may({"Action": "logs:*", "Resource": "*"})
    logs = worker("logs")
    for number in range(1005):
        with pytest.raises(ClientError, match="ResourceNotFound"):
            logs.delete_log_group(logGroupName=f"g{number}")
    found = json.loads(worker.least("--json").stdout)
    assert (len(found["calls"]), found["lost"]) == (1000, 5)
    ran = worker.least()
    assert "5 calls more found no room in the recording: the policy may lack them." in ran.stderr
    assert "than an inline policy may be (10240)." in ran.stderr


def test_recording_can_be_switched_off(new_region: Callable[..., Region]) -> None:
    worker = Worker(new_region("--no-record-calls"), "111122223333")
    worker.may({"Action": "dynamodb:ListTables", "Resource": "*"})
    worker("dynamodb").list_tables()
    assert worker.least(check=False).stderr.endswith(
        "The region was started with --no-record-calls: it notes nothing.\n"
    )


def test_log_streams_of_a_group_are_one(worker: Worker) -> None:
    worker.may({"Action": "logs:*", "Resource": "*"})
    logs = worker("logs")
    logs.create_log_group(logGroupName="/a/b")
    for stream in ("one", "two"):
        logs.create_log_stream(logGroupName="/a/b", logStreamName=stream)
    group = f"arn:aws:logs:us-east-1:{worker.account}:log-group:/a/b:*"
    assert worker.statements() == [
        {"Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream"], "Resource": group}
    ]


@pytest.fixture(scope="session")
def terraform_plugins(tmp_path_factory: pytest.TempPathFactory, need: Callable[[object, str], None]) -> Plugins:
    """As in tests/stacks."""
    from tests.stacks.conftest import terraform_plugins as made

    need(shutil.which("terraform"), "terraform")
    return made.__wrapped__(tmp_path_factory, need)  # type: ignore[attr-defined]
