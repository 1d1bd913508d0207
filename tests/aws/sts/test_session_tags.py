"""Session tags, source identity, and what chaining roles keeps of them."""

from __future__ import annotations

import json

import pytest

ALL = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]


def document(effect="Allow", **statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, **statement}]})


def may(action="*", **more):
    return document(Action=action, Resource="*", **more)


@pytest.fixture
def iam(client):
    return client("iam")


@pytest.fixture
def make_role(iam, account):
    def make(name, actions=ALL, policy=None, **more):
        trust = document(Principal={"AWS": account}, Action=actions, **more)
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy or may())
        return arn

    return make


def tags(**given):
    return [{"Key": key, "Value": value} for key, value in given.items()]


def test_session_tags_are_the_principals(make_role, iam, client, session, aws_error):
    """They go before the role's own of the same key, whatever its case."""
    policy = may(
        "iam:ListUsers", Condition={"StringEquals": {"aws:PrincipalTag/team": "red", "aws:PrincipalTag/x": "1"}}
    )
    role = make_role("worker", policy=policy)
    iam.tag_role(RoleName="worker", Tags=tags(Team="blue", x="1"))
    assume = client("sts").assume_role
    plain = assume(RoleArn=role, RoleSessionName="me")
    assert "PackedPolicySize" not in plain
    assert aws_error(session(plain, "iam").list_users)[0] == "AccessDenied"
    tagged = assume(RoleArn=role, RoleSessionName="me", Tags=tags(team="red"))
    assert tagged["PackedPolicySize"] >= 1
    assert session(tagged, "iam").list_users()


def test_tagging_a_session_needs_its_permission(make_role, client, account, aws_error):
    role = make_role("worker", actions="sts:AssumeRole")
    refused = aws_error(lambda: client("sts").assume_role(RoleArn=role, RoleSessionName="me", Tags=tags(team="red")))
    assert refused == (
        "AccessDenied",
        f"User: arn:aws:iam::{account}:root is not authorized to perform: sts:TagSession on resource: {role} "
        "because no role trust policy allows the sts:TagSession action",
        403,
    )


def test_trust_policies_ask_about_tags(make_role, client, aws_error):
    only = {
        "StringEquals": {"aws:RequestTag/team": ["red", "blue"]},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]},
    }
    role = make_role("worker", Condition=only)
    assume = client("sts").assume_role
    assert assume(RoleArn=role, RoleSessionName="me", Tags=tags(team="red"))
    for wrong in (tags(team="green"), tags(team="red", more="x"), []):
        assert (
            aws_error(lambda wrong=wrong: assume(RoleArn=role, RoleSessionName="me", Tags=wrong))[0] == "AccessDenied"
        )


def test_transitive_tags_go_on(make_role, client, session, aws_error):
    """Of a chain of roles: those that are said to; none of them can be set anew."""
    second = make_role("second", policy=may(Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}}))
    third = make_role("third", policy=may(Condition={"StringEquals": {"aws:PrincipalTag/other": "x"}}))
    first = make_role("first")
    given = client("sts").assume_role(
        RoleArn=first, RoleSessionName="one", Tags=tags(team="red", other="x"), TransitiveTagKeys=["team"]
    )
    sts = session(given, "sts")
    chained = sts.assume_role(RoleArn=second, RoleSessionName="two")
    assert session(chained, "iam").list_users()
    further = session(chained, "sts").assume_role(RoleArn=second, RoleSessionName="three")
    assert session(further, "iam").list_users()
    assert (
        aws_error(session(sts.assume_role(RoleArn=third, RoleSessionName="two"), "iam").list_users)[0] == "AccessDenied"
    )
    for key in ("team", "TEAM"):
        again = [{"Key": key, "Value": "blue"}]
        assert aws_error(lambda again=again: sts.assume_role(RoleArn=second, RoleSessionName="two", Tags=again)) == (
            "InvalidParameterValue",
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the "
            "calling session.",
            400,
        )


def test_too_many_and_too_long_tags(make_role, client, aws_error):
    role = make_role("worker")
    assume = client("sts").assume_role
    many = [{"Key": f"k{n}", "Value": "v"} for n in range(51)]
    assert aws_error(lambda: assume(RoleArn=role, RoleSessionName="me", Tags=many))[0] == "ValidationError"
    long = [{"Key": f"k{n}", "Value": "v" * 256} for n in range(50)]
    code, text, _ = aws_error(lambda: assume(RoleArn=role, RoleSessionName="me", Tags=long))
    assert code == "PackedPolicyTooLarge"
    assert text.startswith("Packed size of session tags consumes ")


def test_a_source_identity_is_kept_over_chains(make_role, client, session, aws_error):
    first, second = (
        make_role("first"),
        make_role("second", policy=may(Condition={"StringEquals": {"aws:SourceIdentity": "ann"}})),
    )
    closed = make_role("closed", actions="sts:AssumeRole")
    given = client("sts").assume_role(RoleArn=first, RoleSessionName="one", SourceIdentity="ann")
    assert given["SourceIdentity"] == "ann"
    sts = session(given, "sts")
    chained = sts.assume_role(RoleArn=second, RoleSessionName="two")
    assert chained["SourceIdentity"] == "ann"
    assert session(chained, "iam").list_users()
    assert "sts:SetSourceIdentity" in aws_error(lambda: sts.assume_role(RoleArn=closed, RoleSessionName="two"))[1]
    assert aws_error(lambda: sts.assume_role(RoleArn=second, RoleSessionName="two", SourceIdentity="bob"))[0] == (
        "InvalidParameterValue"
    )


def test_setting_a_source_identity_needs_its_permission(make_role, client, aws_error):
    role = make_role("worker", actions=["sts:AssumeRole", "sts:TagSession"])
    refused = aws_error(lambda: client("sts").assume_role(RoleArn=role, RoleSessionName="me", SourceIdentity="ann"))
    assert "is not authorized to perform: sts:SetSourceIdentity on resource" in refused[1]
    only = make_role("only", Condition={"StringLike": {"sts:SourceIdentity": "team-*"}})
    assume = client("sts").assume_role
    assert assume(RoleArn=only, RoleSessionName="me", SourceIdentity="team-ann")
    assert aws_error(lambda: assume(RoleArn=only, RoleSessionName="me", SourceIdentity="ann"))[0] == "AccessDenied"


def test_a_root_that_holds_credentials_assumes_no_role(make_role, client, session, aws_error):
    role = make_role("worker")
    sts = session(client("sts").get_session_token(), "sts")
    assert aws_error(lambda: sts.assume_role(RoleArn=role, RoleSessionName="me")) == (
        "AccessDenied",
        "Roles may not be assumed by root accounts.",
        403,
    )
