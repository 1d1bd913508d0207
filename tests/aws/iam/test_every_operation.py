"""Authorization for every implemented operation of every service: a role with exactly the declared actions may, and may not without each.

The policies are those that one writes from the service authorization reference: the action on every resource type that it has for it.
Requests name everything by the simplest name; what becomes of them once they are authorized is other tests' matter.
"""

from __future__ import annotations

import json
import re

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.unit.auth.test_access_reference import ACCOUNT, MODELS, sample, types_of
from tools.iam_gaps import RESOURCES

from atoll.services import SERVICES

NAMED = [service.name for service in SERVICES if service.operations()]


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def statement(action):
    """The action on the resource types that the reference has for it."""
    resources = [re.sub(r"\$\{\w+\}", "*", kind["arn"]) for kind in types_of(action).values()]
    resources += [
        one.replace("::/apis/", "::/restapis/") for one in resources if "::/apis/" in one
    ]  # see iam_gaps.listed
    if not resources or (action, "") in RESOURCES:
        resources = ["*"]
    return {"Effect": "Allow", "Action": action, "Resource": resources}


PARTIQL = (
    'SELECT * FROM "x"', "INSERT INTO \"x\" VALUE {'a': 'b'}", "UPDATE \"x\" SET c='d' WHERE a='b'", "DELETE FROM \"x\" WHERE a='b'"
)  # fmt: skip
TABLE = {"TableName": "x"}
WRITES = [
    {"TransactItems": [{kind: TABLE | ({"Item": {}} if kind == "Put" else {"Key": {}})}]}
    for kind in ("ConditionCheck", "Put", "Update", "Delete")
]
API_WITH_POLICY = json.dumps({"openapi": "3.0.1", "x-amazon-apigateway-policy": {"Version": "2012-10-17"}}).encode()
FURTHER = {
    "BatchExecuteStatement": [{"Statements": [{"Statement": text}]} for text in PARTIQL],
    "ExecuteStatement": [{"Statement": text} for text in PARTIQL],
    "ExecuteTransaction": [{"TransactStatements": [{"Statement": text}]} for text in PARTIQL],
    "TransactGetItems": [{"TransactItems": [{"Get": {"TableName": "x", "Key": {}}}]}],
    "TransactWriteItems": WRITES,
    "ImportRestApi": [{"body": API_WITH_POLICY}],
    "PutRestApi": [{"restApiId": "x", "body": API_WITH_POLICY}],
    "UpdateRestApi": [{"restApiId": "x", "patchOperations": [{"op": "replace", "path": "/policy", "value": "{}"}]}],
}
"""Requests for operations which need other actions for each."""
BY_TOKEN = {"sts": {"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"}}
"""A token says who asks, and the role's trust policy what they may: tests/aws/sts/test_saml.py and test_web_identity.py."""
NOTHING = {"Effect": "Deny", "Action": "none:None", "Resource": "*"}


@pytest.fixture
def session(region, client, account):
    """A role's client for a service, and what makes `statements` its policy."""
    iam = client("iam")
    trusted = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=document(trusted))["Role"]["Arn"]
    given = client("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]

    def make(service):
        return boto3.client(
            service,
            endpoint_url=region.endpoint,
            region_name="us-east-1",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
            config=Config(retries={"max_attempts": 0}, parameter_validation=False, inject_host_prefix=False),
        )

    def allow(statements):
        iam.put_role_policy(RoleName="worker", PolicyName="may", PolicyDocument=document(*statements, NOTHING))

    return make, allow


def denials(call, requests):
    """The actions that the caller is told it may not do."""
    found = set()
    for request in requests:
        try:
            call(**request)
        except ClientError as error:
            text = error.response["Error"]["Message"]
            found |= set(re.findall(r"is not authorized to perform: (\S+) on resource: ", text))
    return found


def request_for(service, name, account):
    """A request that a client can send: of each member's type, with what addresses need to be written."""
    shape = MODELS.service(service).operation_model(name).input_shape
    members = shape.members if shape else {}
    request = {}
    for member, value in sample(service, name).items():
        kind = members[member].type_name
        if kind == "map" and isinstance(value, list):
            value = {one["Key"]: one["Value"] for one in value}
        request[member] = value.decode() if kind == "string" and isinstance(value, bytes) else value
    for member in shape.required_members if shape else ():
        kind = members[member].type_name
        if member not in request and kind in ("integer", "long"):
            request[member] = 1
    if "RequestItems" in members:
        request["RequestItems"] = {"x": [] if members["RequestItems"].value.type_name == "list" else {}}
    return as_own(request, account)


def as_own(value, account):
    """A request with the test's own account in its ARNs."""
    if isinstance(value, str):
        return value.replace(ACCOUNT, account)
    if isinstance(value, bytes):
        return value.replace(ACCOUNT.encode(), account.encode())
    if isinstance(value, list):
        return [as_own(one, account) for one in value]
    return {key: as_own(one, account) for key, one in value.items()} if isinstance(value, dict) else value


@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", NAMED)
def test_exactly_the_declared_actions_are_needed(service, session, account):
    make, allow = session
    client = make(service)
    operations = next(one for one in SERVICES if one.name == service).operations()
    problems = []
    assert {name for name, operation in operations.items() if operation.speaker} == BY_TOKEN.get(service, set())
    for name, operation in sorted(operations.items()):
        if operation.speaker:
            continue
        call, requests = (
            getattr(client, xform_name(name)),
            [request_for(service, name, account), *FURTHER.get(name, ())],
        )
        actions = list(dict.fromkeys(access.action for access in operation.access))
        allow([statement(action) for action in actions])
        if denied := denials(call, requests):
            problems.append(f"{name}: {denied} denied though {actions} are allowed")
        for action in actions:
            allow([statement(other) for other in actions if other != action])
            if (denied := denials(call, requests)) != {action}:
                problems.append(f"{name}: without {action} {denied or 'nothing'} is denied")
    assert not problems, "\n".join(problems)
