"""Last accessed information: which services policies grant, who used them when, and which policies grant them."""

from __future__ import annotations

import time

import pytest
from tests.aws.iam.people import TRUST, document, iam, user

__all__ = ["iam", "user"]


@pytest.fixture
def staff(iam, user, account):
    """ann and bob are devs, who may use STS and DynamoDB; ann has used STS. The ARN of the policy that says so."""
    iam.create_group(GroupName="devs")
    policy = iam.create_policy(PolicyName="p", PolicyDocument=document(["sts:*", "dynamodb:GetItem"]))["Policy"]["Arn"]
    iam.attach_group_policy(GroupName="devs", PolicyArn=policy)
    for name in ("ann", "bob"):
        client = user(name)
        iam.add_user_to_group(GroupName="devs", UserName=name)
        if name == "ann":
            client("sts").get_caller_identity()
    return policy


def details(iam, arn):
    """What there is to say of an ARN, and the job's id."""
    job = iam.generate_service_last_accessed_details(Arn=arn)["JobId"]
    answer = iam.get_service_last_accessed_details(JobId=job)
    assert (answer["JobStatus"], answer["JobType"]) == ("COMPLETED", "SERVICE_LEVEL")
    return {one["ServiceNamespace"]: one for one in answer["ServicesLastAccessed"]}, job


def test_what_a_user_accessed_last(iam, staff, account):
    arn = f"arn:aws:iam::{account}:user/ann"
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=document("s3:Get*"))
    services, _ = details(iam, arn)
    assert list(services) == ["dynamodb", "s3", "sts"]
    assert services["dynamodb"] == {
        "ServiceName": "Amazon DynamoDB",
        "ServiceNamespace": "dynamodb",
        "TotalAuthenticatedEntities": 0,
    }
    sts = services["sts"]
    assert abs(sts.pop("LastAuthenticated").timestamp() - time.time()) < 60
    assert sts == {
        "ServiceName": "AWS Security Token Service",
        "ServiceNamespace": "sts",
        "LastAuthenticatedEntity": arn,
        "LastAuthenticatedRegion": "us-east-1",
        "TotalAuthenticatedEntities": 1,
    }


@pytest.mark.parametrize("about", ["group", "policy"])
def test_who_used_what_a_group_or_policy_grants(iam, staff, account, about):
    arn = staff if about == "policy" else f"arn:aws:iam::{account}:group/devs"
    services, job = details(iam, arn)
    assert list(services) == ["dynamodb", "sts"]
    assert services["sts"]["TotalAuthenticatedEntities"] == 1
    assert services["sts"]["LastAuthenticatedEntity"] == f"arn:aws:iam::{account}:user/ann"
    answer = iam.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="sts")
    ann, bob = answer["EntityDetailsList"]
    assert (ann["EntityInfo"]["Name"], ann["EntityInfo"]["Type"], "LastAuthenticated" in ann) == ("ann", "USER", True)
    assert (bob["EntityInfo"]["Name"], "LastAuthenticated" in bob) == ("bob", False)
    first = iam.get_service_last_accessed_details(JobId=job, MaxItems=1)
    rest = iam.get_service_last_accessed_details(JobId=job, Marker=first["Marker"])
    assert [one["ServiceNamespace"] for one in rest["ServicesLastAccessed"]] == ["sts"]


def test_what_cannot_be_asked(iam, staff, account, aws_error):
    generate = iam.generate_service_last_accessed_details
    assert aws_error(lambda: generate(Arn=f"arn:aws:iam::{account}:user/eve")) == (
        "NoSuchEntity",
        "The user with name eve cannot be found.",
        404,
    )
    assert aws_error(lambda: generate(Arn="arn:aws:s3:::bucket-of-mine"))[0] == "InvalidInput"
    action = lambda: generate(Arn=f"arn:aws:iam::{account}:user/ann", Granularity="ACTION_LEVEL")  # noqa: E731
    assert aws_error(action)[0] == "NotImplemented"
    unknown = "00000000-0000-4000-8000-000000000000"
    assert aws_error(lambda: iam.get_service_last_accessed_details(JobId=unknown))[0] == "NoSuchEntity"


def test_policies_that_grant_access_to_services(iam, staff, account):
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=document("s3:*"))
    iam.put_group_policy(GroupName="devs", PolicyName="all", PolicyDocument=document("*"))
    answer = iam.list_policies_granting_service_access(
        Arn=f"arn:aws:iam::{account}:user/ann", ServiceNamespaces=["s3", "sts", "ec2"]
    )
    everything = {"PolicyName": "all", "PolicyType": "INLINE", "EntityType": "GROUP", "EntityName": "devs"}
    assert answer["PoliciesGrantingServiceAccess"] == [
        {
            "ServiceNamespace": "s3",
            "Policies": [
                {"PolicyName": "own", "PolicyType": "INLINE", "EntityType": "USER", "EntityName": "ann"},
                everything,
            ],
        },
        {
            "ServiceNamespace": "sts",
            "Policies": [{"PolicyName": "p", "PolicyType": "MANAGED", "PolicyArn": staff}, everything],
        },
        {"ServiceNamespace": "ec2", "Policies": [everything]},
    ]


def test_a_role_that_was_never_used(iam, account):
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="app", PolicyName="own", PolicyDocument=document(["logs:*"], "Allow"))
    services, job = details(iam, f"arn:aws:iam::{account}:role/app")
    assert [one["TotalAuthenticatedEntities"] for one in services.values()] == [0]
    (entity,) = iam.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="logs")[
        "EntityDetailsList"
    ]
    assert entity["EntityInfo"]["Type"] == "ROLE"
