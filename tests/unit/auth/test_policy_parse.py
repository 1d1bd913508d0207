"""Policy documents: what IAM refuses, and in which words."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.auth.policy.parse import Kind, Policy, PolicySyntaxError, parse

SYNTAX = "Syntax errors in policy."
LEGACY = "The policy failed legacy parsing"
VERSION = "Policy document must be version 2012-10-17 or greater."
VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
BUCKET = "arn:aws:s3:::b"


def document(*statements: Any, version: str | None = "2012-10-17", **members: Any) -> str:
    head = {} if version is None else {"Version": version}
    return json.dumps({**head, **members, "Statement": list(statements)})


def allow(**members: Any) -> dict[str, Any]:
    """A good statement, changed; a member of None is left out."""
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET, **members}
    return {name: value for name, value in statement.items() if value is not None}


def when(operator: str, **keys: Any) -> str:
    return document(allow(Condition={operator: keys}))


def refused(text: str | bytes, kind: Kind = "identity") -> str:
    with pytest.raises(PolicySyntaxError) as caught:
        parse(text, kind)
    return caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "This is not a json document",
        "{}",
        "[]",
        '"x"',
        b"\xff\xfe",
        "[" * 100_000,
        json.dumps({"Version": "2012-10-17"}),
        json.dumps({"Version": "2012-10-17", "Statement": None}),
        json.dumps({"Version": "2012-10-17", "Statement": "hello"}),
        document(),
        document("afd"),
        document(allow(), version="2013-10-17"),
        document(allow(), Extra="value"),
        document(allow(), Id=["x"]),
        document(allow(Extra="value")),
        document(allow(Effect="invalid")),
        document(allow(Effect=None)),
        document(allow(Sid={})),
        document(allow(Sid=[])),
        document(allow(Action=123)),
        document(allow(Action={})),
        document(allow(Action=[[]])),
        document(allow(Resource={"a": BUCKET})),
        document(allow(Resource=["adfdf", {}])),
        document(allow(NotAction="iam:dsf")),
        document(allow(NotResource="*")),
        document(allow(NotResource=[])),
        document(allow(Condition=[])),
        document(allow(Condition="a")),
        document(allow(Condition={"DateGreaterThan": "b"})),
        document(allow(Condition={"DateGreaterThan": []})),
        document(allow(Action=None, Condition={"DateGreaterThan": {"a": {}}})),
        when("x", a="1"),
        when("ForAnyValue::StringEqualsIfExists", a="1"),
        when("NullIfExists", a="true"),
        document(allow(Principal="everyone")),
        document(allow(Principal={"Nobody": "x"})),
    ],
)
def test_syntax_errors(text: str | bytes) -> None:
    assert refused(text) == SYNTAX


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (document(allow(), version=None), VERSION),
        (document(allow(), version="2008-10-17"), VERSION),
        (document(allow(Effect="denY"), version=None), VERSION),
        (document(allow(Action="invalid")), VENDOR),
        (document(allow(Action=None, NotAction="")), VENDOR),
        (document(allow(Action="a a:ListBucket")), "Vendor a a is not valid"),
        (document(allow(Action=":GetObject")), "Vendor  is not valid"),
        (document(allow(Action="s3:List:Bucket")), "Actions/Condition can contain only one colon."),
        (document(allow(Resource="invalid resource")), 'Resource invalid resource must be in ARN format or "*".'),
        (document(allow(Resource="")), 'Resource  must be in ARN format or "*".'),
        (document(allow(Action="s:3:x", Resource="sdf")), 'Resource sdf must be in ARN format or "*".'),
        (document(allow(Resource="a:bsdf")), 'Partition "bsdf" is not valid for resource "arn:bsdf:*:*:*:*".'),
        (document(allow(Resource="a:b:cad")), 'Partition "b" is not valid for resource "arn:b:cad:*:*:*".'),
        (document(allow(Resource="a:b:c:d:e:f:g:h")), 'Partition "b" is not valid for resource "arn:b:c:d:e:f:g:h".'),
        (document(allow(Resource="aws:s3:::b")), 'Partition "s3" is not valid for resource "arn:s3:::b:*".'),
        (document(allow(Resource="s3::b/*")), 'Partition "" is not valid for resource "arn::b/*:*:*:*".'),
        (
            document(allow(Resource=["arn:error:s3:::b", "arn:error:s3::b"])),
            'Partition "error" is not valid for resource "arn:error:s3:::b".',
        ),
        (document(allow(Resource=None)), "Policy statement must contain resources."),
        (document(allow(Resource=[])), "Policy statement must contain resources."),
        (document(allow(Action="invalid", Resource=None)), "Policy statement must contain resources."),
        (document(allow(Action=None)), "Policy statement must contain actions."),
        (document({"Effect": "Allow"}), "Policy statement must contain actions."),
        (document(allow(Action=[])), "Policy statement must contain actions."),
        (document({"Effect": "Deny"}, allow()), "Policy statement must contain actions."),
        (document(allow(Resource="arn:aws:s3::b")), LEGACY),
        (document(allow(Resource="arn:awss3::b/*")), LEGACY),
        (document(allow(Resource="arn:aws::::b")), LEGACY),
        (document(allow(Resource="arn:aws::b")), LEGACY),
        (document(allow(Action=None, Resource="arn:aws:s3::b")), LEGACY),
        (document(allow(Effect="denY")), LEGACY),
        (document(allow(Resource="arn:aws")), "Resource vendor must be fully qualified and cannot contain regexes."),
        (
            document(allow(Resource="arn:aws:iam:us-east-1::b")),
            "IAM resource arn:aws:iam:us-east-1::b cannot contain region information.",
        ),
        (
            document(allow(Resource="arn:aws:s3:us-east-1::b")),
            "Resource arn:aws:s3:us-east-1::b can not contain region information.",
        ),
        (
            document(allow(Resource="arn:aws:iam:::b")),
            'IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/, '
            "mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.",
        ),
        (document(allow(Sid="a"), allow(Sid="a")), "Statement IDs (SID) in a single policy must be unique."),
        (document(allow(Sid="a"), {"Sid": "a", "Effect": "Allow"}), "Statement IDs (SID) in a single policy must be unique."),
        (document(allow(Sid="a", Effect="aLLow"), allow(Sid="a")), LEGACY),
        (document(allow(Principal="*")), "Policy document should not specify a principal."),
        (when("DateGreaterThan", a="sdfdsf"), LEGACY),
        (when("DateLessThanEquals", a="234-13"), LEGACY),
        (when("DateLessThanEquals", a="2016-12-13t2:00:00.593194+1"), LEGACY),
        (when("DateLessThanEquals", a="2016-12-13t2:00:00.1999999999+10:59"), LEGACY),
        (when("DateLessThan", a="9223372036854775808"), LEGACY),
        (document({"Effect": "Allow", "Condition": {"DateGreaterThan": {"a": "x"}}}), LEGACY),
        (document(allow(Resource="arn:error:s3:::b", Condition={"DateGreaterThan": {"a": "x"}})), LEGACY),
    ],
)  # fmt: skip
def test_what_iam_refuses(text: str, message: str) -> None:
    assert refused(text) == message


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"Version": "2012-10-17", "Statement": allow()}),
        document(allow(), Id="x"),
        document(allow(Action="iam: asdf safdsf af ")),
        document(allow(Action="*")),
        document(allow(Action="service-prefix.x:action-name")),
        document(allow(Resource=[BUCKET, "*"])),
        document(allow(Resource="arn:aws:fdsasf")),
        document(allow(Resource="arn:aws:dynamodb:*:*:table/T")),
        document(allow(Resource="arn:aws:iam::*:user/${aws:username}")),
        document(allow(Resource=None, NotResource=[BUCKET])),
        document(allow(Action=None, NotAction="s3:x", Resource=None, NotResource="*")),
        document(allow(Sid="a"), allow(), allow()),
        document(allow(Condition={})),
        document(allow(Condition={"a": {}})),
        document(allow(Condition={"DateGreaterThan": {}, "Null": {"a": "true"}, "Bool": {"a": False}})),
        when("DateGreaterThan", a=[]),
        when("DateGreaterThan", a="01T"),
        when("DateLessThanEquals", a=["2019-07-01T13:20:15Z", "2016-12-13T21:20:37.593194+00:00"]),
        when("DateLessThanEquals", a="2016-12-13t2:00:00.593194+23"),
        when("DateLessThan", a="-292275054"),
        when("ForAnyValue:StringEqualsIfExists", a="asf"),
        when("NumericLessThan", a=10),
    ],
)
def test_what_iam_takes(text: str) -> None:
    assert isinstance(parse(text), Policy)


def trust(**members: Any) -> dict[str, Any]:
    service = {"Service": "lambda.amazonaws.com"}
    return allow(**{"Resource": None, "Action": "sts:AssumeRole", "Principal": service, **members})


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (trust(Principal=None), "Missing required field Principal"),
        (trust(Principal={}), "Missing required field Principal cannot be empty!"),
        (trust(Principal={"AWS": []}), "Missing required field Principal cannot be empty!"),
        (trust(Principal={"AWS": "nobody"}), 'Invalid principal in policy: "AWS":"nobody"'),
        (
            trust(Principal={"AWS": "arn:aws:iam::123456789012:role/*"}),
            'Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:role/*"',
        ),
        (trust(Principal={"Service": "lambda"}), 'Invalid principal in policy: "SERVICE":"lambda"'),
        (trust(Action=None), "Missing required field Action"),
        (trust(Action="s3:GetObject"), "AssumeRole policy may only specify STS AssumeRole actions."),
        (trust(Action="sts:*"), "AssumeRole policy may only specify STS AssumeRole actions."),
        (trust(Resource="*"), "Has prohibited field Resource"),
        (trust(NotResource="*"), "AssumeRole policy must not contain resources."),
        (trust(Principal=None, NotPrincipal="*"), "AssumeRole policy must not contain NotPrincipal field."),
    ],
)  # fmt: skip
def test_what_iam_refuses_of_a_trust_policy(statement: dict[str, Any], message: str) -> None:
    assert refused(document(statement), "trust") == message


@pytest.mark.parametrize("version", [None, "2008-10-17", "2012-10-17"])
def test_trust_policies_of_any_version(version: str | None) -> None:
    assert parse(document(trust(), version=version), "trust").statements[0].sid == "0"


def test_a_resource_policy_names_somebody() -> None:
    assert refused(document(allow()), "resource") == "Missing required field Principal"
    assert parse(document(allow(Principal="*", Sid="any id-is_fine")), "resource").statements[0].sid == "any id-is_fine"


def test_not_principal_only_denies() -> None:
    assert refused(document(allow(NotPrincipal="*")), "resource") == "Allow with NotPrincipal is not allowed."
    assert parse(document(allow(Effect="Deny", NotPrincipal={"AWS": "123456789012"})), "resource").statements


def test_a_policy_may_be_renamed_without_compiling_it_again() -> None:
    policy = parse(document(allow()), name="one")
    assert (policy.named("two").name, policy.named("two").statements is policy.statements) == ("two", True)


members = st.text(max_size=8) | st.sampled_from(
    ["*", "s3:*", "s3:Get?", BUCKET, "arn:aws:s3", "${aws:username}", "${", "${a,'b'}"]
)
statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny", "deny", ""])},
    optional={
        "Sid": members,
        "Action": members | st.lists(members, max_size=2),
        "NotAction": members,
        "Resource": members | st.lists(members, max_size=2),
        "NotResource": members,
        "Principal": members | st.dictionaries(st.sampled_from(["AWS", "Service", "X"]), members, max_size=2),
        "Condition": st.dictionaries(
            st.sampled_from(
                [
                    "StringLike",
                    "ArnLike",
                    "DateLessThan",
                    "NumericEquals",
                    "Bool",
                    "Null",
                    "IpAddress",
                    "BinaryEquals",
                    "x",
                ]
            ),
            st.dictionaries(members, members | st.booleans() | st.integers() | st.floats(allow_nan=False), max_size=2),
            max_size=2,
        ),
    },
)


@given(
    st.text()
    | st.binary()
    | st.builds(lambda *found: document(*found), statements, statements)
    | st.recursive(
        st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    ).map(json.dumps),
    st.sampled_from(["identity", "trust", "resource"]),
)
def test_any_text_is_a_policy_or_refused(text: str | bytes, kind: Kind) -> None:
    with contextlib.suppress(PolicySyntaxError):
        assert isinstance(parse(text, kind), Policy)


@pytest.mark.parametrize(
    "text",
    [
        '{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": []}',
        '{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}}',
        '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", '
        '"Condition": {"Bool": {"aws:SecureTransport": "true"}, "Bool": {"aws:ViaAWSService": "true"}}}}',
        '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", '
        '"Condition": {"Bool": {"aws:SecureTransport": "true", "aws:SecureTransport": "false"}}}}',
    ],
)
def test_no_key_stands_twice(text: str) -> None:
    """docs: "Grammar of the IAM JSON policy language"."""
    assert refused(text) == "Syntax errors in policy."


@pytest.mark.parametrize("number", ["9" * 5000, "1e400", "-0", "1" * 400 + ".5", "1e-400"])
def test_huge_numbers(number: str) -> None:
    condition = f'"Condition": {{"NumericEquals": {{"aws:MultiFactorAuthAge": {number}}}}}'
    text = (
        f'{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "*", "Resource": "*", {condition}}}}}'
    )
    with contextlib.suppress(PolicySyntaxError):
        assert parse(text).statements
