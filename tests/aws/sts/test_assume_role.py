"""AssumeRole: who may, for how long, and what the session can do."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.aws.apigateway.recorded import Recording

OBSERVED = Path(__file__).parents[2] / "data" / "observed" / "sts" / "session_tags.snapshot.json"


def document(action, effect="Allow", resource="*", **more):
    statement = {"Effect": effect, "Action": action, "Resource": resource} | more
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal, **more):
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"} | more
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def iam(client):
    return client("iam")


@pytest.fixture
def sts(client):
    return client("sts")


@pytest.fixture
def role(iam, account):
    """The role worker, which its account trusts, and which may list roles and users."""
    made = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust({"AWS": account}), Path="/app/")["Role"]
    iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=document(["iam:ListRoles", "iam:ListUsers"]))
    return made


@pytest.fixture
def user(iam, region):
    """user("bob") makes a user; its value gives clients under the user's key."""

    def make(name):
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return lambda service: region.client(service, key=key["AccessKeyId"], secret=key["SecretAccessKey"])

    return make


@pytest.fixture
def session(region):
    """session(credentials) gives clients under them."""

    def make(answer):
        given = answer["Credentials"]
        return lambda service: region.client(
            service, key=given["AccessKeyId"], secret=given["SecretAccessKey"], token=given["SessionToken"]
        )

    return make


def test_a_session(role, sts, session, account, aws_error):
    answer = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="me@work")
    arn = f"arn:aws:sts::{account}:assumed-role/worker/me@work"
    identity = f"{role['RoleId']}:me@work"
    assert answer["AssumedRoleUser"] == {"AssumedRoleId": identity, "Arn": arn}
    assert re.fullmatch(r"ASIA[A-Z2-7]{16}", answer["Credentials"]["AccessKeyId"])
    left = answer["Credentials"]["Expiration"] - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    clients = session(answer)
    caller = clients("sts").get_caller_identity()
    assert (caller["UserId"], caller["Account"], caller["Arn"]) == (identity, account, arn)
    assert clients("iam").list_roles()["Roles"]
    assert aws_error(clients("iam").list_policies) == (
        "AccessDenied",
        f"User: {arn} is not authorized to perform: iam:ListPolicies on resource: policy path / because no "
        "identity-based policy allows the iam:ListPolicies action",
        403,
    )


def test_a_session_needs_its_token(role, sts, region, aws_error):
    given = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="me")["Credentials"]
    for token in (None, "wrong"):
        client = region.client("sts", key=given["AccessKeyId"], secret=given["SecretAccessKey"], token=token)
        assert aws_error(client.get_caller_identity) == (
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
            403,
        )


def test_a_session_is_limited_by_its_policy(role, sts, session, aws_error):
    answer = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="me", Policy=document("iam:ListRoles"))
    assert answer["PackedPolicySize"] > 0
    clients = session(answer)
    assert clients("iam").list_roles()
    assert "because no session policy allows the iam:ListUsers action" in aws_error(clients("iam").list_users)[1]


def test_a_session_is_limited_by_managed_policies(role, iam, sts, session, aws_error):
    arn = iam.create_policy(PolicyName="limit", PolicyDocument=document("iam:ListUsers"))["Policy"]["Arn"]
    clients = session(sts.assume_role(RoleArn=role["Arn"], RoleSessionName="me", PolicyArns=[{"arn": arn}]))
    assert clients("iam").list_users()["Users"] == []
    assert aws_error(clients("iam").list_roles)[0] == "AccessDenied"


def test_a_session_is_limited_by_the_roles_boundary(role, iam, sts, session, aws_error):
    clients = session(sts.assume_role(RoleArn=role["Arn"], RoleSessionName="me"))
    arn = iam.create_policy(PolicyName="limit", PolicyDocument=document("iam:ListUsers"))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="worker", PermissionsBoundary=arn)
    assert clients("iam").list_users()["Users"] == []
    assert "because no permissions boundary allows the iam:ListRoles" in aws_error(clients("iam").list_roles)[1]
    iam.delete_role_permissions_boundary(RoleName="worker")
    assert clients("iam").list_roles()


def test_a_role_made_anew_under_the_name_is_another(role, iam, sts, session, account, aws_error):
    clients = session(sts.assume_role(RoleArn=role["Arn"], RoleSessionName="me"))
    assert clients("iam").list_roles()
    iam.delete_role_policy(RoleName="worker", PolicyName="p")
    iam.delete_role(RoleName="worker")
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust({"AWS": account}), Path="/app/")
    iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=document("*"))
    assert aws_error(clients("iam").list_roles)[0] == "AccessDenied"


def test_nobody_assumes_a_role_that_trusts_a_service(iam, sts, user, account, aws_error):
    arn = iam.create_role(RoleName="fn", AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com"}))["Role"][
        "Arn"
    ]
    bob = user("bob")
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=document("sts:*"))
    bob_sts = bob("sts")
    for name, refused in (
        ("root", aws_error(lambda: sts.assume_role(RoleArn=arn, RoleSessionName="me"))),
        ("user/bob", aws_error(lambda: bob_sts.assume_role(RoleArn=arn, RoleSessionName="me"))),
    ):
        who = f"User: arn:aws:iam::{account}:{name} is not authorized to perform: sts:AssumeRole on resource: {arn}"
        assert refused == (
            "AccessDenied",
            f"{who} because no role trust policy allows the sts:AssumeRole action",
            403,
        )


def test_a_role_that_is_not_there_is_denied(sts, account, aws_error):
    arn = f"arn:aws:iam::{account}:role/nobody"
    assert aws_error(lambda: sts.assume_role(RoleArn=arn, RoleSessionName="me")) == (
        "AccessDenied",
        f"User: arn:aws:iam::{account}:root is not authorized to perform: sts:AssumeRole on resource: {arn}",
        403,
    )


def test_of_another_accounts_role_nobody_learns_whether_it_is_there(iam, user, aws_error):
    bob = user("bob")
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=document("sts:AssumeRole"))
    arn = "arn:aws:iam::999999999999:role/nobody"
    bobs = iam.get_user(UserName="bob")["User"]["Arn"]
    assert aws_error(lambda: bob("sts").assume_role(RoleArn=arn, RoleSessionName="me")) == (
        "AccessDenied",
        f"User: {bobs} is not authorized to perform: sts:AssumeRole on resource: {arn}",
        403,
    )


def test_an_account_that_is_trusted_must_still_allow_it(role, iam, user, aws_error):
    bob = user("bob")
    code, message, _ = aws_error(lambda: bob("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="me"))
    assert code == "AccessDenied"
    assert f"is not authorized to perform: sts:AssumeRole on resource: {role['Arn']}" in message
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=document("sts:AssumeRole", resource=role["Arn"]))
    assert bob("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="me")


def test_a_user_that_is_named_needs_no_policy(iam, user, account):
    bob = user("bob")
    document = trust({"AWS": f"arn:aws:iam::{account}:user/bob"})
    arn = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    assert bob("sts").assume_role(RoleArn=arn, RoleSessionName="me")


def test_another_account_needs_both_sides(role, iam, region, account, aws_error):
    other = f"{(int(account) + 1) % 10**12:012d}"
    stranger = region.client("sts", key=other)
    assert aws_error(lambda: stranger.assume_role(RoleArn=role["Arn"], RoleSessionName="me"))[0] == "AccessDenied"
    iam.update_assume_role_policy(RoleName="worker", PolicyDocument=trust({"AWS": other}))
    answer = stranger.assume_role(RoleArn=role["Arn"], RoleSessionName="me")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{account}:assumed-role/worker/me"


def test_conditions_of_the_trust_policy(iam, sts, account, aws_error):
    condition = {"StringEquals": {"sts:ExternalId": "secret"}, "StringLike": {"sts:RoleSessionName": "ci-*"}}
    arn = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust({"AWS": account}, Condition=condition))[
        "Role"
    ]["Arn"]
    assert sts.assume_role(RoleArn=arn, RoleSessionName="ci-1", ExternalId="secret")
    assert aws_error(lambda: sts.assume_role(RoleArn=arn, RoleSessionName="ci-1"))[0] == "AccessDenied"
    named_otherwise = aws_error(lambda: sts.assume_role(RoleArn=arn, RoleSessionName="me", ExternalId="secret"))
    assert named_otherwise[0] == "AccessDenied"


def test_durations(role, iam, sts, session, aws_error):
    assert aws_error(lambda: sts.assume_role(RoleArn=role["Arn"], RoleSessionName="me", DurationSeconds=3601)) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        400,
    )
    iam.update_role(RoleName="worker", MaxSessionDuration=43200)
    answer = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="me", DurationSeconds=43200)
    assert answer["Credentials"]["Expiration"] - datetime.now(UTC) > timedelta(hours=11)
    iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=document("sts:AssumeRole"))
    chained = session(answer)("sts")
    assert chained.assume_role(RoleArn=role["Arn"], RoleSessionName="me")
    assert aws_error(lambda: chained.assume_role(RoleArn=role["Arn"], RoleSessionName="me", DurationSeconds=3601)) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        400,
    )


def test_what_is_not_done_is_refused(role, sts, aws_error):
    contexts = [{"ProviderArn": "arn:aws:iam::aws:contextProvider/IdentityCenter", "ContextAssertion": "a.b.c.d"}]
    for call in (
        lambda: sts.assume_role(RoleArn=role["Arn"], RoleSessionName="me", ProvidedContexts=contexts),
        lambda: sts.assume_root(
            TargetPrincipal="111122223333", TaskPolicyArn={"arn": "arn:aws:iam::aws:policy/root-task/x"}
        ),
        lambda: sts.get_delegated_access_token(TradeInToken="a" * 16),
        lambda: sts.get_web_identity_token(Audience=["a"], SigningAlgorithm="RS256"),
    ):
        code, _, status = aws_error(call)
        assert (code, status) == ("NotImplemented", 501)


def test_no_message_is_encoded(sts, aws_error):
    assert aws_error(lambda: sts.decode_authorization_message(EncodedMessage="x")) == (
        "InvalidAuthorizationMessageException",
        "Message is not valid",
        400,
    )


def test_session_tags_that_contradict_each_other_as_recorded(iam, sts, account):
    seen = Recording(OBSERVED, "TestSTSAssumeRoleTagging::test_assume_role_tag_validation", account)
    seen.bind("<partition>", "aws")
    both = trust({"AWS": account}, Action=["sts:AssumeRole", "sts:TagSession"])
    create = lambda: iam.create_role(RoleName="worker", AssumeRolePolicyDocument=both)  # noqa: E731
    arn = seen.answers("role-1", create)["Role"]["Arn"]

    def assume(recorded, *tags, **more):
        given = [{"Key": key, "Value": "v"} for key in tags]
        seen.answers(recorded, lambda: sts.assume_role(RoleArn=arn, RoleSessionName="me", Tags=given, **more))

    assume("invalid-transitive-tag-keys", "a", TransitiveTagKeys=["b"])
    assume("duplicate-tag-keys-different-casing", "name", "Name")
    assert not seen.differences


def test_what_is_no_policy_or_role(role, sts, aws_error):
    assert aws_error(lambda: sts.assume_role(RoleArn=role["Arn"], RoleSessionName="me", Policy="{"))[0] == (
        "MalformedPolicyDocument"
    )
    assert aws_error(lambda: sts.assume_role(RoleArn="not-an-arn-but-long-enough", RoleSessionName="me")) == (
        "ValidationError",
        "not-an-arn-but-long-enough is invalid",
        400,
    )
    for malformed in ("arn::b:::something/test-role", "arn:a:::something/test-role", "arn:a:a::aaaaaaaaaa:"):
        refused = aws_error(lambda arn=malformed: sts.assume_role(RoleArn=arn, RoleSessionName="me"))
        assert refused == ("ValidationError", f"{malformed} is invalid", 400)
    user = role["Arn"].replace(":role/", ":user/")
    assert aws_error(lambda: sts.assume_role(RoleArn=user, RoleSessionName="me")) == (
        "ValidationError",
        "Request ARN is invalid",
        400,
    )
