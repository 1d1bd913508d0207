"""Resource policies of functions, tables and REST APIs mean users and roles by unique id, as trust policies do (test_roles.py)."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from tests import in_the_middle
from tests.functions import make_function, trust

INVALID = "The provided principal was invalid. Please check the principal and try again."
Use = Callable[[Credentials], bool]


class Holder(NamedTuple):
    """Something with a resource policy. `let(arn)` sets one that lets an ARN in, `named()` is whom it shows, `use(credentials)` says
    whether they are let in; `refusal` is the error for whoever is not there."""

    let: Callable[[str], None]
    named: Callable[[], Any]
    use: Use
    refusal: tuple[str, str, int]


def policy(principal: str, action: str, resource: str = "*") -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": [principal]}, "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def asks(call: Callable[..., Any], **request: Any) -> bool:
    try:
        call(**request)
    except ClientError as error:
        if "is not authorized to perform" not in str(error):
            raise
        return False
    return True


@pytest.fixture
def session(region: Any) -> Callable[[str, Credentials], Any]:
    """A client of whoever has these credentials."""
    return lambda service, who: region.client(service, key=who.access_key, secret=who.secret_key, token=who.token)


@pytest.fixture
def function(client: Any, session: Any) -> Holder:
    lambda_, arn = client("lambda"), make_function(client, "shared", "def handler(event, context):\n    return 1\n")
    lets = {"FunctionName": "shared", "StatementId": "them"}

    def let(principal: str) -> None:
        with suppress(lambda_.exceptions.ResourceNotFoundException):
            lambda_.remove_permission(**lets)
        lambda_.add_permission(**lets, Action="lambda:GetFunctionConfiguration", Principal=principal)

    return Holder(
        let,
        lambda: json.loads(lambda_.get_policy(FunctionName="shared")["Policy"])["Statement"][0]["Principal"]["AWS"],
        lambda who: asks(session("lambda", who).get_function_configuration, FunctionName=arn),
        ("InvalidParameterValueException", INVALID, 400),
    )


@pytest.fixture
def table(client: Any, session: Any) -> Holder:
    dynamodb = client("dynamodb")
    key = {"AttributeName": "id"}
    arn = dynamodb.create_table(
        TableName="shared", BillingMode="PAY_PER_REQUEST", KeySchema=[key | {"KeyType": "HASH"}],
        AttributeDefinitions=[key | {"AttributeType": "S"}],
    )["TableDescription"]["TableArn"]  # fmt: skip

    def let(principal: str) -> None:
        dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy(principal, "dynamodb:Scan", arn))

    return Holder(
        let,
        lambda: json.loads(dynamodb.get_resource_policy(ResourceArn=arn)["Policy"])["Statement"][0]["Principal"]["AWS"],
        lambda who: asks(session("dynamodb", who).scan, TableName=arn),
        (
            "ValidationException",
            "One or more parameter values were invalid: Invalid principal in policy document.",
            400,
        ),
    )


@pytest.fixture
def api(client: Any, region: Any) -> Holder:
    rest = client("apigateway")
    made = rest.create_rest_api(name="shared")
    place = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    rest.put_method(**place, authorizationType="AWS_IAM")
    rest.put_integration(**place, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    rest.put_method_response(**place, statusCode="200")
    rest.put_integration_response(**place, statusCode="200")

    def let(principal: str) -> None:
        patch = {"op": "replace", "path": "/policy", "value": policy(principal, "execute-api:Invoke", "execute-api:/*")}
        shown = rest.update_rest_api(restApiId=made["id"], patchOperations=[patch])["policy"]
        assert read(shown) == principal
        rest.create_deployment(restApiId=made["id"], stageName="dev")

    def read(shown: str) -> Any:
        return json.loads(shown.replace('\\"', '"'))["Statement"][0]["Principal"]["AWS"][0]

    def named() -> Any:
        body = rest.get_export(restApiId=made["id"], stageName="dev", exportType="oas30",
                               parameters={"extensions": "apigateway"})["body"].read()  # fmt: skip
        exported = json.loads(body)["x-amazon-apigateway-policy"]["Statement"][0]["Principal"]["AWS"]
        (listed,) = rest.get_rest_apis()["items"]
        assert [read(rest.get_rest_api(restApiId=made["id"])["policy"])] == [read(listed["policy"])] == exported
        return exported[0]

    def use(who: Credentials) -> bool:
        url = f"{region.endpoint}/_aws/execute-api/{made['id']}/dev/"
        request = AWSRequest("GET", url)
        SigV4Auth(who, "execute-api", "us-east-1").add_auth(request)
        return httpx.get(url, headers=dict(request.headers), timeout=60).status_code == 200

    bad = "Invalid policy document. Please check the policy syntax and ensure that Principals are valid."
    return Holder(let, named, use, ("BadRequestException", bad, 400))


@pytest.fixture(params=["function", "table", "api"])
def holder(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture
def people(client: Any, account: str) -> Any:
    return People(client, account)


class People:
    """Makes and unmakes users and roles. Each has credentials, its ARN and its unique id."""

    def __init__(self, client: Any, account: str) -> None:
        self.client, self.iam, self.account = client, client("iam"), account

    def user(self) -> tuple[Credentials, str, str]:
        made = self.iam.create_user(UserName="ann")["User"]
        key = self.iam.create_access_key(UserName="ann")["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"]), made["Arn"], made["UserId"]

    def no_user(self, name: str = "ann") -> None:
        for key in self.iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            self.iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        self.iam.delete_user(UserName=name)

    def role(self) -> tuple[Credentials, str, str]:
        document = trust("lambda.amazonaws.com").replace(
            '"Service": ["lambda.amazonaws.com"]', f'"AWS": "{self.account}"'
        )
        made = self.iam.create_role(RoleName="ann", AssumeRolePolicyDocument=document)["Role"]
        got = self.client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="one")["Credentials"]
        return (
            Credentials(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"]), made["Arn"], made["RoleId"],
        )  # fmt: skip

    def no_role(self) -> None:
        self.iam.delete_role(RoleName="ann")


def test_a_resource_policy_never_means_another_user_under_the_name_of_a_deleted_one(
    holder: Holder, people: Any, aws_error: Any
) -> None:
    ann, arn, unique = people.user()
    holder.let(arn)
    assert holder.named() == arn
    assert holder.use(ann)
    people.no_user()
    assert holder.named() == unique
    other, _, _ = people.user()
    assert not holder.use(other)
    assert holder.named() == unique
    assert aws_error(lambda: holder.let(unique)) == holder.refusal
    holder.let(arn)
    assert holder.use(other)


def test_a_resource_policy_never_means_another_role_under_the_name_of_a_deleted_one(
    holder: Holder, people: Any
) -> None:
    first, arn, unique = people.role()
    holder.let(arn)
    assert holder.use(first)
    people.no_role()
    assert holder.named() == unique
    other, _, _ = people.role()
    assert not holder.use(other)


def test_nor_a_session_of_another_role(holder: Holder, people: Any, account: str) -> None:
    first, _, unique = people.role()
    arn = f"arn:aws:sts::{account}:assumed-role/ann/one"
    holder.let(arn)
    assert holder.named() == arn
    assert holder.use(first)
    people.no_role()
    assert holder.named() == f"{unique}:one"
    other, _, _ = people.role()
    assert not holder.use(other)


def test_a_resource_policy_means_a_user_whatever_it_is_called(holder: Holder, people: Any, account: str) -> None:
    ann, arn, _ = people.user()
    holder.let(arn)
    people.iam.update_user(UserName="ann", NewUserName="anna", NewPath="/staff/")
    assert holder.named() == f"arn:aws:iam::{account}:user/staff/anna"
    assert holder.use(ann)
    other, _, _ = people.user()
    assert not holder.use(other)


@pytest.mark.parametrize(
    "principal",
    [
        "arn:aws:iam::{account}:user/nobody", "arn:aws:iam::{account}:role/nobody", "arn:aws:iam::{account}:group/g",
        "arn:aws:iam::444455556666:role/nobody", "arn:aws:iam::{account}:user/wrong/path/ann",
    ],
)  # fmt: skip
def test_a_resource_policy_names_nobody_who_is_not_there(
    holder: Holder, people: Any, account: str, aws_error: Any, principal: str
) -> None:
    """Of this account and of others."""
    people.user()
    named = principal.format(account=account)
    assert aws_error(lambda: holder.let(named)) == holder.refusal


@pytest.mark.parametrize("principal", ["arn:aws:iam::{account}:user/ann", "arn:aws:sts::{account}:assumed-role/x/y"])
@pytest.mark.parametrize("kind", ["table", "api"])  # Lambda takes no blanks anyway
def test_nobody_gives_unique_ids_in_the_form_in_which_they_are_kept(
    request: Any, people: Any, account: str, aws_error: Any, principal: str, kind: str
) -> None:
    holder: Holder = request.getfixturevalue(kind)
    _, _, unique = people.user()
    named = f"{principal.format(account=account)} {unique}"
    assert aws_error(lambda: holder.let(named)) == holder.refusal


def test_a_resource_policy_means_users_of_other_accounts_by_unique_id(table: Holder, region: Any, client: Any) -> None:
    """They need both policies, and who was made anew under the name has only its own."""
    there = People(lambda service: region.client(service, key="444455556666"), "444455556666")

    def made() -> tuple[Credentials, str, str]:
        who = there.user()
        there.iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=ALL)
        return who

    ann, arn, unique = made()
    table.let(arn)
    assert table.use(ann)
    there.iam.delete_user_policy(UserName="ann", PolicyName="p")
    assert not table.use(ann)
    there.no_user()
    other, _, _ = made()
    assert not table.use(other)
    assert table.named() == unique
    there.iam.delete_user_policy(UserName="ann", PolicyName="p")
    there.no_user()


ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def test_a_deny_means_who_signed_though_renamed_in_the_middle_of_the_request(
    table: Holder, people: Any, region: Any, client: Any
) -> None:
    """Whose key it is, is known before the body comes; the policy is read after."""
    ann, arn, _ = people.user()
    people.iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=ALL)
    dynamodb = client("dynamodb")
    shared = dynamodb.describe_table(TableName="shared")["Table"]["TableArn"]
    keep_out = policy(arn, "dynamodb:*", shared).replace("Allow", "Deny")
    dynamodb.put_resource_policy(ResourceArn=shared, Policy=keep_out)
    answer = in_the_middle.call(
        region, ann, "DynamoDB_20120810.Scan", {"TableName": "shared"},
        lambda: people.iam.update_user(UserName="ann", NewUserName="anna"),
    )  # fmt: skip
    assert answer.status == 400
    assert "with an explicit deny in a resource-based policy" in answer.text
