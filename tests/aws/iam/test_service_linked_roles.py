"""Service-linked roles: made by AWS's names, changed by nobody, deleted through a task."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.aws.apigateway.recorded import Recording

OBSERVED = Path(__file__).parents[2] / "data" / "observed" / "iam" / "service_linked_roles.snapshot.json"
SCENARIOS = sorted(
    (name.partition("::")[2] for name in json.loads(OBSERVED.read_text())), key=lambda name: "already" in name
)
"""That a name is taken comes last: somebody must have taken it."""


@pytest.fixture
def iam(client):
    return client("iam")


def test_a_role_of_a_service(iam, account):
    made = iam.create_service_linked_role(AWSServiceName="ops.apigateway.amazonaws.com")["Role"]
    path = "/aws-service-role/ops.apigateway.amazonaws.com/"
    assert (made["RoleName"], made["Path"]) == ("AWSServiceRoleForAPIGateway", path)
    assert made["Arn"] == f"arn:aws:iam::{account}:role{path}AWSServiceRoleForAPIGateway"
    assert made["AssumeRolePolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Principal": {"Service": "ops.apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]
    (attached,) = iam.list_attached_role_policies(RoleName="AWSServiceRoleForAPIGateway")["AttachedPolicies"]
    assert attached == {
        "PolicyName": "APIGatewayServiceRolePolicy",
        "PolicyArn": "arn:aws:iam::aws:policy/aws-service-role/APIGatewayServiceRolePolicy",
    }
    assert iam.list_role_policies(RoleName="AWSServiceRoleForAPIGateway")["PolicyNames"] == []


def test_all_that_aws_was_seen_to_make_and_to_refuse(iam, account):
    differences = []
    for scenario in SCENARIOS:
        seen = Recording(OBSERVED, scenario, account)
        seen.bind("<partition>", "aws")
        service = scenario.partition("[")[2].rstrip("]")
        if "already_exists" in scenario:
            twice = lambda: iam.create_service_linked_role(AWSServiceName="batch.amazonaws.com")  # noqa: E731
            seen.answers("role-already-exists-error", twice)
        elif "not_allowed" in scenario:
            suffixed = {"AWSServiceName": service, "CustomSuffix": "x"}
            seen.answers(
                "custom-suffix-not-allowed", lambda suffixed=suffixed: iam.create_service_linked_role(**suffixed)
            )
        else:
            made = {"RoleName": iam.create_service_linked_role(AWSServiceName=service)["Role"]["RoleName"]}
            seen.answers("describe-response", lambda made=made: iam.get_role(**made))
            seen.answers("attached-role-policies", lambda made=made: iam.list_attached_role_policies(**made))
            seen.answers("inline-role-policies", lambda made=made: iam.list_role_policies(**made))
        # Some of the recorded account's roles had been used.
        differences += [f"{scenario}: {one}" for one in seen.differences if ".RoleLastUsed." not in one]
    assert not differences


def test_suffixes(iam, aws_error):
    create = iam.create_service_linked_role
    made = create(AWSServiceName="autoscaling.amazonaws.com", CustomSuffix="mine", Description="My own")["Role"]
    assert (made["RoleName"], made["Description"]) == ("AWSServiceRoleForAutoScaling_mine", "My own")
    assert create(AWSServiceName="autoscaling.amazonaws.com")["Role"]["RoleName"] == "AWSServiceRoleForAutoScaling"
    assert aws_error(lambda: create(AWSServiceName="acm.amazonaws.com", CustomSuffix="mine")) == (
        "InvalidInput", "Custom suffix is not allowed for acm.amazonaws.com", 400,
    )  # fmt: skip


def test_names_that_are_taken_and_services_that_have_none(iam, aws_error):
    create = iam.create_service_linked_role
    create(AWSServiceName="batch.amazonaws.com")
    assert aws_error(lambda: create(AWSServiceName="batch.amazonaws.com")) == (
        "InvalidInput",
        "Service role name AWSServiceRoleForBatch has been taken in this account, please try a different suffix.",
        400,
    )
    assert aws_error(lambda: create(AWSServiceName="none.amazonaws.com")) == (
        "InvalidInput", "Cannot find Service Linked Role template for none.amazonaws.com", 400,
    )  # fmt: skip


def test_nobody_changes_one(iam, aws_error):
    name = iam.create_service_linked_role(AWSServiceName="replicator.lambda.amazonaws.com")["Role"]["RoleName"]
    assert name == "AWSServiceRoleForLambdaReplicator"
    text = f"Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
    policy = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    trust = json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}
    )
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    for call in (
        lambda: iam.attach_role_policy(RoleName=name, PolicyArn=admin),
        lambda: iam.detach_role_policy(
            RoleName=name, PolicyArn="arn:aws:iam::aws:policy/aws-service-role/AWSLambdaReplicator"
        ),
        lambda: iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy),
        lambda: iam.delete_role_policy(RoleName=name, PolicyName="p"),
        lambda: iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=admin),
        lambda: iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust),
        lambda: iam.update_role(RoleName=name, MaxSessionDuration=7200),
        lambda: iam.delete_role(RoleName=name),
    ):
        assert aws_error(call) == ("UnmodifiableEntity", text, 400)
    iam.update_role(RoleName=name, Description="Mine")
    iam.tag_role(RoleName=name, Tags=[{"Key": "a", "Value": "b"}])


def test_deleting_through_a_task(iam, aws_error):
    name = iam.create_service_linked_role(AWSServiceName="acm.amazonaws.com")["Role"]["RoleName"]
    task = iam.delete_service_linked_role(RoleName=name)["DeletionTaskId"]
    assert task.startswith(f"task/aws-service-role/acm.amazonaws.com/{name}/")
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    assert aws_error(lambda: iam.get_role(RoleName=name))[0] == "NoSuchEntity"
    assert (
        aws_error(lambda: iam.get_service_linked_role_deletion_status(DeletionTaskId="task/none"))[0] == "NoSuchEntity"
    )
    assert aws_error(lambda: iam.delete_service_linked_role(RoleName="none"))[0] == "NoSuchEntity"


def test_no_other_role_has_such_a_path(iam, aws_error):
    trust = json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}
    )
    refused = aws_error(
        lambda: iam.create_role(RoleName="r", Path="/aws-service-role/x/", AssumeRolePolicyDocument=trust)
    )
    assert refused[0] == "InvalidInput"
