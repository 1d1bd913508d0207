"""Simulate* operations run on the same engine: SimulateCustomPolicy, SimulatePrincipalPolicy, GetContextKeysFor*Policy.

Where AWS's answers are known they are in the tests: the samples of API_SimulateCustomPolicy and API_SimulatePrincipalPolicy, and answers
that users published.
"""

from __future__ import annotations

import json

import pytest
from tests.functions import trust

BUCKET = "arn:aws:s3:::production"
TRUST = trust("lambda.amazonaws.com")
ADMINISTRATOR = """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "*",
      "Resource": "*"
    }
  ]
}"""
"""AWS's AdministratorAccess as IAM keeps it."""
BEHIND_THE_BRACKET = {"StartPosition": {"Line": 3, "Column": 17}, "EndPosition": {"Line": 8, "Column": 6}}
"""Where AWS says that its statement stands."""


def allow(actions, resource="*", **members):
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource, **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def deny(actions, resource="*", **members):
    return allow(actions, resource, Effect="Deny", **members)


def entry(name, *values, kind="string"):
    return {"ContextKeyName": name, "ContextKeyValues": list(values), "ContextKeyType": kind}


@pytest.fixture
def iam(client):
    return client("iam")


@pytest.fixture
def mateo(account):
    return f"arn:aws:iam::{account}:user/mateo"


@pytest.fixture
def custom(iam):
    """The result for one action."""

    def simulate(*policies, action="s3:GetObject", **more):
        answer = iam.simulate_custom_policy(PolicyInputList=list(policies), ActionNames=[action], **more)
        assert answer["IsTruncated"] is False
        return answer["EvaluationResults"][0]

    return simulate


class TestDecisions:
    def test_allowed_by_a_statement_that_is_shown_where_it_stands(self, custom):
        assert custom(ADMINISTRATOR) == {
            "EvalActionName": "s3:GetObject",
            "EvalResourceName": "*",
            "EvalDecision": "allowed",
            "MatchedStatements": [
                {"SourcePolicyId": "PolicyInputList.1", "SourcePolicyType": "IAM Policy", **BEHIND_THE_BRACKET}
            ],
            "MissingContextValues": [],
        }

    def test_denied_because_nothing_allows(self, custom):
        result = custom(allow("s3:PutObject"))
        assert (result["EvalDecision"], result["MatchedStatements"]) == ("implicitDeny", [])

    def test_an_explicit_deny_is_the_only_statement_shown(self, custom):
        result = custom(ADMINISTRATOR, deny("s3:Get*"))
        assert result["EvalDecision"] == "explicitDeny"
        assert [one["SourcePolicyId"] for one in result["MatchedStatements"]] == ["PolicyInputList.2"]

    def test_every_allowing_statement_is_shown(self, custom):
        result = custom(ADMINISTRATOR, allow("s3:*"))
        assert [one["SourcePolicyId"] for one in result["MatchedStatements"]] == [
            "PolicyInputList.1",
            "PolicyInputList.2",
        ]

    def test_positions_of_later_statements_begin_at_the_comma(self, custom):
        first = '{"Sid":"A","Effect":"Allow","Action":"s3:Put*","Resource":"*"}'
        second = '{"Sid":"B","Effect":"Allow","Action":"s3:Get*","Resource":"*"}'
        text = f'{{"Version":"2012-10-17","Statement":[{first},{second}]}}'
        (shown,) = custom(text)["MatchedStatements"]
        comma = text.index("},{") + 1
        assert shown["StartPosition"] == {"Line": 1, "Column": comma + 1}
        assert shown["EndPosition"] == {"Line": 1, "Column": comma + 1 + len(second) + 1}

    def test_one_result_per_action_with_each_resources_own(self, custom):
        """docs: API_EvaluationResult: the most restrictive decision stands above those of the resources."""
        result = custom(
            allow("s3:GetObject", f"{BUCKET}/*"),
            deny("s3:GetObject", f"{BUCKET}/secret"),
            ResourceArns=[f"{BUCKET}/a", f"{BUCKET}/secret", "arn:aws:s3:::other/a"],
        )
        assert (result["EvalResourceName"], result["EvalDecision"]) == ("*", "explicitDeny")
        each = result["ResourceSpecificResults"]
        assert [(one["EvalResourceName"], one["EvalResourceDecision"]) for one in each] == [
            (f"{BUCKET}/a", "allowed"),
            (f"{BUCKET}/secret", "explicitDeny"),
            ("arn:aws:s3:::other/a", "implicitDeny"),
        ]
        assert [one["SourcePolicyId"] for one in result["MatchedStatements"]] == ["PolicyInputList.2"]

    def test_boundary(self, custom):
        def simulate(boundary):
            return custom(ADMINISTRATOR, PermissionsBoundaryPolicyInputList=[boundary])

        assert simulate(allow("s3:*"))["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": True}
        outside = simulate(allow("iam:*"))
        assert outside["EvalDecision"] == "implicitDeny"
        assert outside["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
        denied = simulate(deny("s3:*"))
        assert denied["EvalDecision"] == "explicitDeny"
        assert "PermissionsBoundaryPolicyInputList.1" in [one["SourcePolicyId"] for one in denied["MatchedStatements"]]


class TestResourcePolicies:
    def test_same_account_simulation_of_the_api_reference(self, custom, account, mateo):
        """docs: API_SimulateCustomPolicy, example 2: the resource's policy names the user itself, which no boundary limits."""
        result = custom(
            allow("iam:*"),
            action="s3:PutObject",
            CallerArn=mateo,
            ResourceArns=[f"{BUCKET}/Test"],
            ResourceOwner=f"arn:aws:iam::{account}:root",
            PermissionsBoundaryPolicyInputList=[allow("iam:*")],
            ResourcePolicy=allow(["s3:List*", "s3:Put*"], f"{BUCKET}/*", Principal={"AWS": mateo}),
        )
        assert result["EvalDecision"] == "allowed"
        assert result["EvalDecisionDetails"] == {}
        assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
        (matched,) = result["MatchedStatements"]
        assert (matched["SourcePolicyId"], matched["SourcePolicyType"]) == ("ResourcePolicy", "Resource Policy")
        (specific,) = result["ResourceSpecificResults"]
        assert "EvalDecisionDetails" not in specific
        assert specific["EvalResourceDecision"] == "allowed"

    def test_cross_account_simulation_of_the_api_reference(self, iam, account):
        """docs: API_SimulatePrincipalPolicy, example 3."""
        arnav = iam.create_user(UserName="arnav")["User"]["Arn"]
        (result,) = iam.simulate_principal_policy(
            ActionNames=["s3:PutObject"],
            ResourceArns=["arn:aws:s3:::mary/Test"],
            ResourceOwner="arn:aws:iam::210987654321:root",
            PolicySourceArn=arnav,
            PermissionsBoundaryPolicyInputList=[allow("iam:*")],
            ResourcePolicy=allow(["s3:List*", "s3:Put*"], "arn:aws:s3:::mary/*", Principal={"AWS": arnav}),
        )["EvaluationResults"]
        details = {
            "IAM Policy": "implicitDeny",
            "Resource Policy": "allowed",
            "Permissions Boundary Policy": "implicitDeny",
        }
        assert (result["EvalDecision"], result["MatchedStatements"]) == ("implicitDeny", [])
        assert result["EvalDecisionDetails"] == details
        (specific,) = result["ResourceSpecificResults"]
        assert (specific["EvalResourceDecision"], specific["EvalDecisionDetails"]) == ("implicitDeny", details)
        assert [one["SourcePolicyId"] for one in specific["MatchedStatements"]] == ["ResourcePolicy"]

    def test_across_accounts_both_must_allow(self, custom, mateo):
        policy = allow("s3:GetObject", f"{BUCKET}/*", Principal={"AWS": mateo})
        shared = {
            "ResourceArns": [f"{BUCKET}/a"],
            "ResourceOwner": "arn:aws:iam::210987654321:root",
            "CallerArn": mateo,
        }
        assert custom(allow("s3:GetObject"), ResourcePolicy=policy, **shared)["EvalDecision"] == "allowed"
        assert custom(allow("s3:PutObject"), ResourcePolicy=policy, **shared)["EvalDecision"] == "implicitDeny"

    def test_a_resource_policys_deny_is_shown_beside_what_allows(self, custom, mateo):
        """As users saw it of AWS: the two types of policy are told apart."""
        result = custom(
            allow("s3:GetObject"),
            CallerArn=mateo,
            ResourceArns=[f"{BUCKET}/a"],
            ResourcePolicy=deny("s3:*", f"{BUCKET}/*", Principal="*"),
        )
        assert result["EvalDecision"] == "explicitDeny"
        assert [one["SourcePolicyId"] for one in result["MatchedStatements"]] == ["ResourcePolicy", "PolicyInputList.1"]

    def test_a_trust_policy_counts(self, custom, account, mateo):
        text = json.dumps(
            {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": {"AWS": mateo}, "Action": "sts:AssumeRole"}}
        )  # fmt: skip
        result = custom(
            ADMINISTRATOR,
            action="sts:AssumeRole",
            CallerArn=mateo,
            ResourceArns=[f"arn:aws:iam::{account}:role/r"],
            ResourcePolicy=text,
        )
        assert result["EvalDecision"] == "explicitDeny"


class TestContext:
    @pytest.mark.parametrize(
        ("operator", "written", "given", "kind"),
        [
            ("StringEquals", "a", "a", "string"),
            ("NumericLessThan", "10", "9", "numeric"),
            ("Bool", "true", "true", "boolean"),
            ("IpAddress", "10.0.0.0/8", "10.1.2.3", "ip"),
            ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", "binary"),
            ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z", "date"),
        ],
    )
    def test_every_type_of_entry(self, custom, operator, written, given, kind):
        policy = allow("s3:GetObject", Condition={operator: {"app:key": written}})
        assert custom(policy, ContextEntries=[entry("app:KEY", given, kind=kind)])["EvalDecision"] == "allowed"
        many = allow("s3:GetObject", Condition={f"ForAnyValue:{operator}": {"app:key": written}})
        assert custom(many, ContextEntries=[entry("app:key", given, kind=f"{kind}List")])["EvalDecision"] == "allowed"
        without = custom(policy)
        assert (without["EvalDecision"], without["MissingContextValues"]) == ("implicitDeny", ["app:key"])

    def test_keys_of_other_actions_are_missing_too(self, custom):
        """As on AWS, whatever the action: users complain of it."""
        policies = [
            allow("s3:ListBucket", BUCKET, Condition={"StringLike": {"aws:PrincipalTag/allowed_service": "s3"}}),
            allow("s3:GetObject", BUCKET + "/${aws:username}"),
        ]
        result = custom(*policies, action="s3:ListBucket", ResourceArns=[BUCKET])
        assert result["MissingContextValues"] == []
        (specific,) = result["ResourceSpecificResults"]
        assert specific["MissingContextValues"] == ["aws:PrincipalTag/allowed_service", "aws:username"]

    def test_the_caller_is_known(self, custom, mateo):
        mine = allow("s3:GetObject", BUCKET + "/${aws:username}")
        result = custom(mine, CallerArn=mateo, ResourceArns=[f"{BUCKET}/mateo"])
        assert result["EvalDecision"] == "allowed"
        assert custom(mine, ResourceArns=[f"{BUCKET}/mateo"])["EvalDecision"] == "implicitDeny"

    def test_keys_of_custom_policies(self, iam):
        policies = [
            allow("*", "arn:aws:s3:::b/${aws:username}", Condition={"Bool": {"aws:SecureTransport": "true"}}),
            allow("*", Condition={"StringEquals": {"aws:securetransport": "x", "aws:PrincipalTag/Team": "${aws:userid, 'n'}"}}),
        ]  # fmt: skip
        assert iam.get_context_keys_for_custom_policy(PolicyInputList=policies)["ContextKeyNames"] == [
            "aws:SecureTransport",
            "aws:username",
            "aws:PrincipalTag/Team",
            "aws:userid",
        ]


class TestPrincipals:
    @pytest.fixture
    def jill(self, iam):
        arn = iam.create_user(UserName="Jill")["User"]["Arn"]
        iam.put_user_policy(UserName="Jill", PolicyName="Reads", PolicyDocument=allow("s3:Get*"))
        return arn

    def test_inline_managed_and_given_policies(self, iam, jill, account):
        managed = iam.create_policy(PolicyName="Lists", PolicyDocument=allow("s3:List*"))["Policy"]["Arn"]
        iam.attach_user_policy(UserName="Jill", PolicyArn=managed)
        results = iam.simulate_principal_policy(
            PolicySourceArn=jill,
            PolicyInputList=[allow("s3:PutObject")],
            ActionNames=["s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:DeleteObject"],
        )["EvaluationResults"]
        shown = [
            (one["EvalDecision"], [each["SourcePolicyId"] for each in one["MatchedStatements"]]) for one in results
        ]
        assert shown == [
            ("allowed", ["user_Jill_Reads"]),
            ("allowed", ["Lists"]),
            ("allowed", ["PolicyInputList.1"]),
            ("implicitDeny", []),
        ]

    def test_a_users_groups_and_a_group_itself(self, iam, jill):
        group = iam.create_group(GroupName="Writers")["Group"]["Arn"]
        iam.put_group_policy(GroupName="Writers", PolicyName="Writes", PolicyDocument=allow("s3:PutObject"))
        asked = {"ActionNames": ["s3:PutObject"]}
        before = iam.simulate_principal_policy(PolicySourceArn=jill, **asked)["EvaluationResults"][0]
        assert before["EvalDecision"] == "implicitDeny"
        iam.add_user_to_group(GroupName="Writers", UserName="Jill")
        for arn in (jill, group):
            (result,) = iam.simulate_principal_policy(PolicySourceArn=arn, **asked)["EvaluationResults"]
            assert result["EvalDecision"] == "allowed"
            assert [one["SourcePolicyId"] for one in result["MatchedStatements"]] == ["group_Writers_Writes"]

    def test_what_the_accounts_password_policy_gives_to_every_user(self, iam, jill, account):
        asked = {"PolicySourceArn": jill, "ActionNames": ["iam:ChangePassword"]}

        def decided(whose):
            arn = f"arn:aws:iam::{account}:user/{whose}"
            return iam.simulate_principal_policy(ResourceArns=[arn], **asked)["EvaluationResults"][0]

        assert decided("Jill")["EvalDecision"] == "implicitDeny"
        iam.update_account_password_policy(AllowUsersToChangePassword=True)
        (matched,) = decided("Jill")["MatchedStatements"]
        assert matched["SourcePolicyId"] == "AllowUsersToChangePassword"
        assert decided("Jack")["EvalDecision"] == "implicitDeny"

    def test_a_role_within_its_boundary(self, iam):
        boundary = iam.create_policy(PolicyName="limit", PolicyDocument=allow("s3:Get*"))["Policy"]["Arn"]
        role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=boundary)["Role"][
            "Arn"
        ]
        iam.put_role_policy(RoleName="worker", PolicyName="all", PolicyDocument=ADMINISTRATOR)
        get, put = iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=["s3:GetObject", "s3:PutObject"])[
            "EvaluationResults"
        ]
        assert (get["EvalDecision"], put["EvalDecision"]) == ("allowed", "implicitDeny")
        assert get["MatchedStatements"][0]["SourcePolicyId"] == "role_worker_all"
        given = iam.simulate_principal_policy(
            PolicySourceArn=role, ActionNames=["s3:PutObject"], PermissionsBoundaryPolicyInputList=[allow("s3:*")]
        )
        assert given["EvaluationResults"][0]["EvalDecision"] == "allowed"

    def test_another_caller_with_these_policies(self, iam, jill, account):
        iam.put_user_policy(
            UserName="Jill", PolicyName="Own", PolicyDocument=allow("s3:Put*", BUCKET + "/${aws:username}")
        )
        asked = {"PolicySourceArn": jill, "ActionNames": ["s3:PutObject"], "ResourceArns": [f"{BUCKET}/Bob"]}
        bob = iam.simulate_principal_policy(CallerArn=f"arn:aws:iam::{account}:user/Bob", **asked)
        assert bob["EvaluationResults"][0]["EvalDecision"] == "allowed"
        assert iam.simulate_principal_policy(**asked)["EvaluationResults"][0]["EvalDecision"] == "implicitDeny"

    def test_keys_of_a_principals_policies(self, iam, jill):
        keyed = allow("s3:*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
        iam.put_user_policy(UserName="Jill", PolicyName="Keyed", PolicyDocument=keyed)
        keys = iam.get_context_keys_for_principal_policy(
            PolicySourceArn=jill, PolicyInputList=[allow("*", "arn:aws:s3:::${aws:userid}")]
        )
        assert keys["ContextKeyNames"] == ["aws:SourceIp", "aws:userid"]

    def test_pages(self, iam, jill):
        actions = [f"s3:Get{n}" for n in range(5)]
        pages = list(
            iam.get_paginator("simulate_principal_policy").paginate(
                PolicySourceArn=jill, ActionNames=actions, PaginationConfig={"PageSize": 2}
            )
        )
        assert [len(page["EvaluationResults"]) for page in pages] == [2, 2, 1]
        assert [one["EvalActionName"] for page in pages for one in page["EvaluationResults"]] == actions


class TestRefusals:
    @pytest.mark.parametrize(
        ("members", "message"),
        [
            ({"ResourceArns": ["14a050d4"]}, "ResourceNames are not in a valid ARN format: 14a050d4."),
            ({"ResourceOwner": "123456789012"}, "'123456789012' is not a valid as a Resource Owner."),
            ({"ResourcePolicy": allow("s3:*", Principal="*")}, "Invalid caller - Caller cannot be null or empty."),
            (
                {"CallerArn": "arn:aws:sts::123456789012:assumed-role/r/s"},
                "Invalid caller - Caller must be an IAM user, role or group in this context.",
            ),
            (
                {"PermissionsBoundaryPolicyInputList": [ADMINISTRATOR] * 2},
                "The list of Permissions Boundary policies cannot exceed 1 items.",
            ),
            ({"PolicyInputList": ["{}"]}, "Syntax errors in policy."),
            ({"ActionNames": ["GetObject"]}, "The action is invalid since it is missing names"),
            (
                {"ResourceHandlingOption": "EC2-VPC-EBS", "ResourceArns": [BUCKET]},
                "Invalid input resource handling options. Action does not support resource handling options: s3:GetObject.",
            ),
            (
                {"ContextEntries": [entry("app:n", "x", kind="numeric")]},
                "Context key app:n has an invalid value for type numeric: x",
            ),
            (
                {"ContextEntries": [entry("app:n", "1", "2")]},
                "Context key app:n of type string must have a single value.",
            ),
        ],
    )
    def test_invalid_input(self, iam, aws_error, members, message):
        asked = {"PolicyInputList": [ADMINISTRATOR], "ActionNames": ["s3:GetObject"], **members}
        assert aws_error(lambda: iam.simulate_custom_policy(**asked)) == ("InvalidInput", message, 400)

    def test_entities(self, iam, account, aws_error):
        session = f"arn:aws:sts::{account}:assumed-role/Admin/me"
        unclear = f"Invalid Entity Arn: {session} does not clearly define entity type and name."

        def simulate(arn):
            return aws_error(lambda: iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=["s3:GetObject"]))

        assert simulate(f"arn:aws:iam::{account}:user/nobody") == (
            "NoSuchEntity",
            "The user with name nobody cannot be found.",
            404,
        )
        assert simulate(session) == ("InvalidInput", unclear, 400)

    def test_other_accounts_entities_are_not_disclosed(self, iam, aws_error):
        there = "arn:aws:iam::210987654321:user/eve"
        error = aws_error(lambda: iam.simulate_principal_policy(PolicySourceArn=there, ActionNames=["s3:GetObject"]))
        assert error[0] == "AccessDenied"
