"""Bad input: any JSON as a policy. It is refused in IAM's words or it counts; nothing is an error of the region's own."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

WORDS = [
    "*",
    "iam:*",
    "iam:Get?*",
    "s3:GetObject",
    "arn:aws:iam::*:role/*",
    "${aws:username}",
    "${",
    "${a, 'b'}",
    "",
    "é",
    "\u00ff*",
    "a:b:c",
]
texts = st.sampled_from(WORDS) | st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=6)
many = texts | st.lists(texts, max_size=3)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
OPERATORS = [
    "StringLike", "StringNotEqualsIfExists", "ForAllValues:StringLike", "ForAnyValue:ArnLike", "NumericLessThan", "DateEquals",
    "Bool", "Null", "IpAddress", "BinaryEquals", "ForAnyValue:Null", "Nonsense",
]  # fmt: skip
conditions = st.dictionaries(
    st.sampled_from(OPERATORS),
    st.dictionaries(texts, many | st.booleans() | st.integers() | anything, max_size=2),
    max_size=2,
)
statements = st.fixed_dictionaries(
    {},
    optional={
        "Effect": st.sampled_from(["Allow", "Deny", "allow", ""]) | anything,
        "Sid": texts | anything,
        "Action": many,
        "NotAction": many,
        "Resource": many | st.just("*"),
        "NotResource": many,
        "Principal": many | anything,
        "Condition": conditions | anything,
        "Extra": anything,
    },
)
documents = st.one_of(
    anything,
    st.fixed_dictionaries(
        {"Statement": statements | st.lists(statements, max_size=3) | anything},
        optional={"Version": st.sampled_from(["2012-10-17", "2008-10-17", ""]), "Id": texts},
    ),
    st.builds(
        lambda action, resource, condition: {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition},
        },
        many, many | st.just("*"), conditions,
    ),
)  # fmt: skip
REFUSALS = {"MalformedPolicyDocument", "ValidationError", "LimitExceeded"}


@pytest.fixture
def worker(region, client, account):
    """A role's own client."""
    trusted = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    arn = client("iam").create_role(RoleName="worker", AssumeRolePolicyDocument=text)["Role"]["Arn"]
    given_ = client("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    return region.client("iam", given_["AccessKeyId"], given_["SecretAccessKey"], given_["SessionToken"])


def outcome(call):
    """The error's code and status, or ("", 200)."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    return "", 200


def test_any_json_is_a_policy_or_refused(client, worker):
    iam = client("iam")

    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
    @given(documents)
    def fuzz(document):
        text = json.dumps(document, ensure_ascii=False)
        code, status = outcome(lambda: iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=text))
        assert status < 500
        assert code in REFUSALS | {""}
        for other in (
            lambda: iam.create_role(RoleName="other", AssumeRolePolicyDocument=text),
            lambda: iam.simulate_custom_policy(PolicyInputList=[text], ActionNames=["iam:GetRole"]),
            lambda: iam.get_context_keys_for_custom_policy(PolicyInputList=[text]),
        ):
            code_of_other, status = outcome(other)
            assert status < 500
            assert code_of_other in REFUSALS | {"", "InvalidInput", "EntityAlreadyExists"}
        if not code:
            kept = iam.get_role_policy(RoleName="worker", PolicyName="p")["PolicyDocument"]
            assert kept == document
        assert outcome(lambda: worker.get_role(RoleName="worker"))[0] in ("", "AccessDenied")

    fuzz()


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '"x"', "null", "{}" * 2, "[" * 5000, '{"a":' * 5000, '{"Statement": 1e999}', " ", "\t{}"],
    ids=lambda text: text[:12],
)
def test_what_is_no_policy(client, aws_error, text):
    error = aws_error(lambda: client("iam").create_policy(PolicyName="p", PolicyDocument=text))
    assert error == ("MalformedPolicyDocument", "Syntax errors in policy.", 400)
