"""Users, roles and service-specific credentials answer as was recorded of AWS (tests/data/observed/iam, Apache-2.0)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.aws.apigateway.recorded import Recording
from tests.aws.iam.people import document, iam, user

__all__ = ["iam", "user"]
OBSERVED = Path(__file__).parents[2] / "data" / "observed" / "iam" / "users_and_roles.snapshot.json"
Recorded = Callable[[str], Recording]
EC2 = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
CREDENTIALS = "TestIAMServiceSpecificCredentials::test_"


@pytest.fixture
def recorded(account: str) -> Iterator[Recorded]:
    """`recorded("TestIAMIntegrations::test_create_describe_role")`: the scenario; its differences fail the test at its end."""
    opened: list[Recording] = []

    def open_one(scenario: str) -> Recording:
        opened.append(Recording(OBSERVED, scenario, account))
        opened[-1].bind("<partition>", "aws")
        opened[-1].bind("<region>", "us-east-1")
        return opened[-1]

    yield open_one
    if differences := [difference for recording in opened for difference in recording.differences]:
        pytest.fail("\n".join(["not as recorded:", *differences]), pytrace=False)


def test_update_assume_role_policy(iam: Any, recorded: Recorded) -> None:
    seen = recorded("TestIAMIntegrations::test_update_assume_role_policy")
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com"]}, "Action": ["sts:AssumeRole"]}
            ],
        }
    )
    seen.answers("created_role", lambda: iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust))
    seen.answers("updated_policy", lambda: iam.update_assume_role_policy(RoleName="app", PolicyDocument=trust))


def test_create_and_describe_a_role(iam: Any, recorded: Recorded) -> None:
    seen = recorded("TestIAMIntegrations::test_create_describe_role")
    seen.bind("<path-prefix>", "prefix")
    trust = json.dumps(EC2)
    create = lambda: iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust, Path="/prefix/")  # noqa: E731
    seen.answers("create_role_result", create)
    seen.answers("get_role_result", lambda: iam.get_role(RoleName="app"))
    seen.answers("list_roles_result", lambda: iam.list_roles(PathPrefix="/prefix/"))


@pytest.mark.parametrize(
    ("scenario", "described"),
    [
        ("TestBasicCRD::test_black_box", "describe-resource"),
        ("TestBasicCRD::test_getatt", "describe-resource"),
        ("TestUpdates::test_update_without_replacement", "describe-resource-before-update"),
        ("TestUpdates::test_update_without_replacement", "describe-resource-after-update"),
    ],
)
def test_describe_a_user(iam: Any, account: str, scenario: str, described: str) -> None:
    """These were made by CloudFormation, which gives a renamed user another id; what they show of stacks is for when it is here."""
    seen = Recording(OBSERVED.with_name("basic_users.snapshot.json"), scenario, account)
    seen.bind("<partition>", "aws")
    seen.bind("<user-name>", "ann")
    name = "ann-updated" if "after" in described else "ann"
    iam.create_user(UserName=name)
    seen.answers(described, lambda: iam.get_user(UserName=name))
    assert not seen.differences


def test_attach_a_policy_to_a_user(iam: Any, recorded: Recorded) -> None:
    seen = recorded("TestIAMIntegrations::test_user_attach_policy")
    iam.create_user(UserName="ann")
    create = lambda: iam.create_policy(PolicyName="pol", PolicyDocument=document("*"))  # noqa: E731
    arn = seen.answers("create_policy_response", create)["Policy"]["Arn"]

    def attach(name: str, policy: str) -> None:
        seen.answers(name, lambda: iam.attach_user_policy(UserName="ann", PolicyArn=policy))

    attach("non_existent_malformed_policy_arn", "longpolicynamebutnoarn")
    attach("existing_policy_name_provided", "a-policy-name-of-20-characters")
    attach("valid_arn_not_existent", f"{arn}123")
    attach("valid_policy_arn", arn)


def test_encoded_values_stay_encoded(iam: Any, recorded: Recorded) -> None:
    seen = recorded("TestIAMPolicyEncoding::test_put_role_policy_encoding")
    encoded = "arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Faaeeieije"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceArn": encoded}},
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["apigatway:PUT"],
                "Resource": [f"arn:aws:apigateway:us-east-1::/tags/{encoded}"],
            }
        ],
    }
    seen.bind("<path:1>", "/in/")
    seen.bind("<role-name:1>", "app")
    create = lambda: iam.create_role(RoleName="app", Path="/in/", AssumeRolePolicyDocument=trust)  # noqa: E731
    seen.answers("create-role-response", create)
    iam.put_role_policy(RoleName="app", PolicyName="own", PolicyDocument=json.dumps(policy))
    seen.answers("get-policy-response", lambda: iam.get_role_policy(RoleName="app", PolicyName="own"))
    seen.answers("get-role-response", lambda: iam.get_role(RoleName="app"))
    seen.answers("list-roles-response", lambda: iam.list_roles(PathPrefix="/in/"))


@pytest.mark.parametrize("service", ["codecommit.amazonaws.com", "cassandra.amazonaws.com"])
def test_the_life_of_a_service_specific_credential(iam: Any, recorded: Recorded, service: str) -> None:
    seen = recorded(f"{CREDENTIALS}service_specific_credential_lifecycle[{service}]")
    seen.bind("<user-name:1>", "ann")
    seen.answers("create-user-response", lambda: iam.create_user(UserName="ann"))
    create = lambda: iam.create_service_specific_credential(UserName="ann", ServiceName=service)  # noqa: E731
    made = seen.answers("create-service-specific-credential-response", create)["ServiceSpecificCredential"]
    which = {"UserName": "ann", "ServiceSpecificCredentialId": made["ServiceSpecificCredentialId"]}
    listed = lambda: iam.list_service_specific_credentials(UserName="ann", ServiceName=service)  # noqa: E731
    seen.answers("list-service-specific-credentials-response-before-update", listed)
    update = lambda: iam.update_service_specific_credential(**which, Status="Inactive")  # noqa: E731
    seen.answers("update-service-specific-credential-response", update)
    seen.answers("list-service-specific-credentials-response-after-update", listed)
    reset = lambda: iam.reset_service_specific_credential(**which)  # noqa: E731
    seen.answers("reset-service-specific-credential-response", reset)
    delete = lambda: iam.delete_service_specific_credential(**which)  # noqa: E731
    seen.answers("delete-service-specific-credentials-response", delete)


def test_service_specific_credentials_of_nobody(iam: Any, recorded: Recorded) -> None:
    seen = recorded(f"{CREDENTIALS}create_service_specific_credential_invalid_user")
    for name, service in (("name", "codecommit.amazonaws.com"), ("and-service", "none.amazonaws.com")):
        create = lambda service=service: iam.create_service_specific_credential(  # noqa: E731
            UserName="non-existent-user", ServiceName=service
        )
        seen.answers(f"invalid-user-{name}-exception", create)


@pytest.mark.parametrize("wrong", ["totally-wrong-credential-id-with-hyphens", "satisfiesregexbutstillinvalid"])
def test_wrong_ids_of_service_specific_credentials(iam: Any, recorded: Recorded, wrong: str) -> None:
    seen = recorded(f"{CREDENTIALS}user_match_id_mismatch[{wrong}]")
    seen.answers("create-user-response", lambda: iam.create_user(UserName="ann"))
    create = lambda: iam.create_service_specific_credential(  # noqa: E731
        UserName="ann", ServiceName="codecommit.amazonaws.com"
    )
    seen.answers("create-service-specific-credential-response", create)
    which = {"UserName": "ann", "ServiceSpecificCredentialId": wrong}
    update = lambda: iam.update_service_specific_credential(**which, Status="Inactive")  # noqa: E731
    seen.answers("update-wrong-id", update)
    seen.answers("reset-wrong-id", lambda: iam.reset_service_specific_credential(**which))
    seen.answers("delete-wrong-id", lambda: iam.delete_service_specific_credential(**which))


def test_a_wrong_status_of_a_service_specific_credential(iam: Any, recorded: Recorded) -> None:
    seen = recorded(f"{CREDENTIALS}invalid_update_parameters")
    seen.answers("create-user-response", lambda: iam.create_user(UserName="ann"))
    create = lambda: iam.create_service_specific_credential(  # noqa: E731
        UserName="ann", ServiceName="codecommit.amazonaws.com"
    )
    made = seen.answers("create-service-specific-credential-response", create)["ServiceSpecificCredential"]
    update = lambda: iam.update_service_specific_credential(  # noqa: E731
        UserName="ann", ServiceSpecificCredentialId=made["ServiceSpecificCredentialId"], Status="Invalid"
    )
    seen.answers("update-invalid-status", update)


def test_what_service_specific_credentials_there_may_be(iam: Any, aws_error: Callable[..., Any]) -> None:
    iam.create_user(UserName="ann")
    create = lambda service: iam.create_service_specific_credential(UserName="ann", ServiceName=service)  # noqa: E731
    assert aws_error(lambda: create("none.amazonaws.com")) == (
        "NoSuchEntity",
        "No such service none.amazonaws.com is supported for Service Specific Credentials",
        404,
    )
    assert aws_error(lambda: create("bedrock.amazonaws.com"))[0] == "NotImplemented"
    made = [create("codecommit.amazonaws.com")["ServiceSpecificCredential"] for _ in range(2)]
    assert made[0]["ServiceUserName"] != made[1]["ServiceUserName"]
    assert aws_error(lambda: create("codecommit.amazonaws.com"))[0] == "LimitExceeded"
    assert len(iam.list_service_specific_credentials(AllUsers=True)["ServiceSpecificCredentials"]) == 2
    assert aws_error(lambda: iam.delete_user(UserName="ann")) == (
        "DeleteConflict",
        "Cannot delete entity, must remove referenced objects first.",
        409,
    )


def test_who_may_list_the_credentials_of_all_users(iam: Any, user: Any, account: str, aws_error: Any) -> None:
    ann = user("ann")("iam")
    own = document("iam:ListServiceSpecificCredentials", resource=f"arn:aws:iam::{account}:user/ann")
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=own)
    assert ann.list_service_specific_credentials()["ServiceSpecificCredentials"] == []
    assert aws_error(lambda: ann.list_service_specific_credentials(AllUsers=True))[0] == "AccessDenied"
