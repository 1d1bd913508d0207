"""AWS's documented evaluation examples: what the IAM User Guide says of each combination of policies, and what the engine decides.

A case is named after its page and what the page says there; policies are the page's own in substance.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from atoll.auth.policy.evaluate import Decision, PolicySet, Question, evaluate
from atoll.auth.policy.parse import Kind, Policy, parse
from atoll.kernel.context import Principal

ACCOUNT, OTHER = "111122223333", "444455556666"
CARLOS = Principal("user", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/carlossalazar", "AIDACARLOS")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Role1"
SESSION = Principal("role", ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/Role1/s", "AROAROLE:s", role_arn=ROLE)
ROOT = Principal.root(ACCOUNT)
JIAO = Principal("user", OTHER, f"arn:aws:iam::{OTHER}:user/DivisionB/Jiao", "AIDAJIAO")
ANYONE = Principal.anonymous()
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:topic"
LOGS = "arn:aws:s3:::amzn-s3-demo-bucket-carlossalazar-logs"
OWN = "arn:aws:s3:::amzn-s3-demo-bucket-carlossalazar"
PRODUCTION = "arn:aws:s3:::amzn-s3-demo-bucket-production"
CLOUDTRAIL = Principal.service("cloudtrail.amazonaws.com", ACCOUNT, f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/t")

ALLOWED, EXPLICIT, IMPLICIT = "allowed", "explicit deny", "implicit deny"


def allow(actions: Any, resources: Any = "*", **members: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **members}


def deny(actions: Any, resources: Any = "*", **members: Any) -> dict[str, Any]:
    return allow(actions, resources, Effect="Deny", **members)


class Case(NamedTuple):
    """`page` is the guide's, `says` what it says; policies are statements, None where there is none."""

    page: str
    says: str
    expected: str
    principal: Principal = CARLOS
    action: str = "s3:GetObject"
    resource: str = f"{OWN}/a"
    owner: str = ACCOUNT
    identity: tuple[dict[str, Any], ...] = ()
    boundary: tuple[dict[str, Any], ...] | None = None
    session: tuple[dict[str, Any], ...] | None = None
    on_resource: tuple[dict[str, Any], ...] | None = None
    context: Mapping[str, Any] = MappingProxyType({})


SINGLE = "reference_policies_evaluation-logic_policy-eval-basics"
DENYALLOW = "reference_policies_evaluation-logic_policy-eval-denyallow"
CROSS = "reference_policies_evaluation-logic-cross-account"
INTERPLAY = "reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay"
BOUNDARIES = "access_policies_boundaries"
SESSIONS = "access_policies"
NOT_PRINCIPAL = "reference_policies_elements_notprincipal"
PRINCIPAL = "reference_policies_elements_principal"
KEYS = "reference_policies_condition-keys"
OPERATORS = "reference_policies_elements_condition_operators"
MULTIVALUED = "reference_policies_condition-single-vs-multi-valued-context-keys"
VARIABLES = "reference_policies_variables"
NOT_ACTION = "reference_policies_elements_notaction"
DEPUTY = "confused-deputy"
SERVICES_DENY = "reference_policies_examples_aws_deny-requested-region"

CARLOS_POLICY = (
    allow(["s3:GetBucketLocation", "s3:ListAllMyBuckets"], "arn:aws:s3:::*"),
    allow("s3:*", [OWN, f"{OWN}/*"]),
    deny("s3:*", "arn:aws:s3:::*log*"),
)
LOGS_POLICY = (allow("s3:*", [LOGS, f"{LOGS}/*"], Principal={"AWS": CARLOS.arn}),)
GIFT = (allow(["s3:GetObject*", "s3:PutObject*"], f"{PRODUCTION}/*", Principal={"AWS": JIAO.arn}),)
S3 = (allow("s3:*"),)
OTHERS = (allow("ec2:*"),)


def granting(principal: Any, **members: Any) -> tuple[dict[str, Any], ...]:
    return (allow("s3:GetObject", f"{OWN}/*", Principal=principal, **members),)


def all_but(*names: str) -> tuple[dict[str, Any], ...]:
    return (deny("s3:*", f"{OWN}/*", NotPrincipal={"AWS": list(names)}),)


CASES = [
    # Policy evaluation for requests within a single account
    Case(SINGLE, "the identity policy allows Carlos his own bucket", ALLOWED, identity=CARLOS_POLICY),
    Case(SINGLE, "an explicit deny overrides what the bucket policy allows", EXPLICIT, action="s3:PutObject",
         resource=f"{LOGS}/x", identity=CARLOS_POLICY, on_resource=LOGS_POLICY),
    Case(SINGLE, "of the identity and the resource policy one is enough", ALLOWED, resource=f"{LOGS}/x", on_resource=LOGS_POLICY),
    Case(SINGLE, "the identity policy is enough where the resource policy is about others", ALLOWED, identity=S3,
         on_resource=granting({"AWS": OTHER})),
    # How AWS enforcement code logic evaluates requests
    Case(DENYALLOW, "by default all requests are implicitly denied", IMPLICIT),
    Case(DENYALLOW, "but those of the account's root", ALLOWED, ROOT),
    Case(DENYALLOW, "a resource policy that names the user needs no identity policy", ALLOWED, on_resource=granting({"AWS": CARLOS.arn})),
    Case(DENYALLOW, "and no boundary's implicit deny limits it", ALLOWED, boundary=OTHERS, on_resource=granting({"AWS": CARLOS.arn})),
    Case(DENYALLOW, "a boundary limits what names the role", IMPLICIT, SESSION, boundary=OTHERS, on_resource=granting({"AWS": ROLE})),
    Case(DENYALLOW, "a session policy limits what names the role", IMPLICIT, SESSION, session=OTHERS, on_resource=granting({"AWS": ROLE})),
    Case(DENYALLOW, "the role's identity policy need not allow what names the role", ALLOWED, SESSION, on_resource=granting({"AWS": ROLE})),
    Case(DENYALLOW, "no boundary limits what names the session", ALLOWED, SESSION, boundary=OTHERS,
         on_resource=granting({"AWS": SESSION.arn})),
    Case(DENYALLOW, "no session policy limits what names the session", ALLOWED, SESSION, session=OTHERS,
         on_resource=granting({"AWS": SESSION.arn})),
    Case(DENYALLOW, "neither limits a wildcard with aws:PrincipalArn", ALLOWED, SESSION, boundary=OTHERS, session=OTHERS,
         on_resource=granting("*", Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}})),
    Case(DENYALLOW, "an explicit deny of the boundary does", EXPLICIT, SESSION, boundary=(deny("s3:*"),),
         on_resource=granting({"AWS": SESSION.arn})),
    Case(DENYALLOW, "an explicit deny of the session policy does", EXPLICIT, SESSION, session=(deny("s3:*"),),
         on_resource=granting({"AWS": SESSION.arn})),
    Case(DENYALLOW, "another session of the role is not the one that is named", IMPLICIT, SESSION,
         on_resource=granting({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/Role1/another"})),
    # The difference between explicit and implicit denies
    Case(INTERPLAY, "what no statement is about is implicitly denied", IMPLICIT, identity=OTHERS),
    Case(INTERPLAY, "an explicit deny overrides all allows", EXPLICIT, identity=(allow("*"), deny("s3:*"))),
    # Cross-account policy evaluation logic
    Case(CROSS, "both accounts allow", ALLOWED, JIAO, resource=f"{PRODUCTION}/a",
         identity=(allow("s3:*", f"{PRODUCTION}*"),), on_resource=GIFT),
    Case(CROSS, "the trusted account does not allow", IMPLICIT, JIAO, resource=f"{PRODUCTION}/a", identity=OTHERS, on_resource=GIFT),
    Case(CROSS, "the trusted account denies", EXPLICIT, JIAO, resource=f"{PRODUCTION}/a", identity=(*S3, deny("s3:*", f"{PRODUCTION}*")),
         on_resource=GIFT),
    Case(CROSS, "the trusting account does not allow", IMPLICIT, JIAO, resource=f"{PRODUCTION}/a", identity=S3,
         on_resource=granting({"AWS": CARLOS.arn})),
    Case(CROSS, "the trusting account denies", EXPLICIT, JIAO, resource=f"{PRODUCTION}/a", identity=S3,
         on_resource=(*GIFT, deny("s3:*", f"{PRODUCTION}/*", Principal="*"))),
    Case(CROSS, "there is no resource policy", IMPLICIT, JIAO, resource=f"{PRODUCTION}/a", identity=S3),
    Case(CROSS, "a boundary limits across accounts", IMPLICIT, JIAO, resource=f"{PRODUCTION}/a", identity=S3,
         boundary=OTHERS, on_resource=GIFT),
    Case(CROSS, "even everyone needs leave of his own account", IMPLICIT, JIAO, on_resource=granting("*")),
    # Permissions boundaries
    Case(BOUNDARIES, "a boundary alone grants nothing", IMPLICIT, boundary=S3),
    Case(BOUNDARIES, "what both allow is allowed", ALLOWED, identity=S3, boundary=S3),
    Case(BOUNDARIES, "an identity policy cannot exceed the boundary", IMPLICIT, action="iam:CreateUser", resource="*",
         identity=(allow("iam:CreateUser"),), boundary=(allow(["s3:*", "cloudwatch:*", "ec2:*"]),)),
    Case(BOUNDARIES, "NotPrincipal with Deny always denies a principal with a boundary", EXPLICIT, identity=S3, boundary=S3,
         on_resource=all_but(CARLOS.arn, f"arn:aws:iam::{ACCOUNT}:root")),
    # Session policies
    Case(SESSIONS, "a session may what role and session policy allow", ALLOWED, SESSION, identity=S3, session=S3),
    Case(SESSIONS, "a session policy limits the role's policies", IMPLICIT, SESSION, identity=S3, session=OTHERS),
    Case(SESSIONS, "a session policy grants nothing", IMPLICIT, SESSION, session=S3),
    Case(SESSIONS, "session policy and boundary intersect", IMPLICIT, SESSION, identity=S3, session=S3, boundary=OTHERS),
    # NotPrincipal
    Case(NOT_PRINCIPAL, "the user and its account are excepted", ALLOWED, identity=S3,
         on_resource=all_but(CARLOS.arn, f"arn:aws:iam::{ACCOUNT}:root")),
    Case(NOT_PRINCIPAL, "without its account the user is denied", EXPLICIT, identity=S3, on_resource=all_but(CARLOS.arn)),
    Case(NOT_PRINCIPAL, "an excepted role needs its session named, too", EXPLICIT, SESSION, identity=S3,
         on_resource=all_but(ROLE, f"arn:aws:iam::{ACCOUNT}:root")),
    Case(NOT_PRINCIPAL, "account, role and session are excepted", ALLOWED, SESSION, identity=S3,
         on_resource=all_but(ROLE, SESSION.arn, f"arn:aws:iam::{ACCOUNT}:root")),
    # Principal
    Case(PRINCIPAL, "an account delegates to its own policies", IMPLICIT, on_resource=granting({"AWS": ACCOUNT})),
    Case(PRINCIPAL, "which then decide", ALLOWED, identity=S3, on_resource=granting({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})),
    Case(PRINCIPAL, "everyone includes the anonymous", ALLOWED, ANYONE, on_resource=granting("*")),
    Case(PRINCIPAL, "an account is not everyone", IMPLICIT, ANYONE, on_resource=granting({"AWS": ACCOUNT})),
    Case(PRINCIPAL, "a service is allowed by its name", ALLOWED, CLOUDTRAIL, on_resource=granting({"Service": "cloudtrail.amazonaws.com"})),
    Case(PRINCIPAL, "and by no other", IMPLICIT, CLOUDTRAIL, on_resource=granting({"Service": "config.amazonaws.com"})),
    Case(PRINCIPAL, "a federated user is none of its account's users", IMPLICIT,
         on_resource=granting({"AWS": f"arn:aws:sts::{ACCOUNT}:federated-user/carlossalazar"})),
    Case(PRINCIPAL, "whoever signed in with a web identity is no user", IMPLICIT,
         on_resource=granting({"Federated": "cognito-identity.amazonaws.com"})),
    # The confused deputy problem
    Case(DEPUTY, "aws:SourceArn of the own trail", ALLOWED, CLOUDTRAIL, on_resource=granting(
        {"Service": "cloudtrail.amazonaws.com"}, Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"}})),
    Case(DEPUTY, "aws:SourceArn of another's trail", IMPLICIT, CLOUDTRAIL, on_resource=granting(
        {"Service": "cloudtrail.amazonaws.com"}, Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:cloudtrail:*:{OTHER}:trail/*"}})),
    Case(DEPUTY, "aws:SourceAccount of another", IMPLICIT, CLOUDTRAIL, on_resource=granting(
        {"Service": "cloudtrail.amazonaws.com"}, Condition={"StringEquals": {"aws:SourceAccount": OTHER}})),
    Case(DEPUTY, "a user's request has no aws:SourceArn", IMPLICIT, on_resource=granting(
        "*", Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"}})),
    # Global condition keys
    Case(KEYS, "aws:PrincipalOrgID is absent where there is no organization", IMPLICIT, on_resource=granting(
        "*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}})),
    Case(KEYS, "so that a deny of strangers to the organization denies", EXPLICIT, identity=S3, on_resource=(
        deny("s3:*", f"{OWN}/*", Principal="*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-1234567890"}}),)),
    Case(KEYS, "unless services are spared by aws:PrincipalIsAWSService", ALLOWED, CLOUDTRAIL, on_resource=(
        *granting({"Service": "cloudtrail.amazonaws.com"}),
        deny("s3:*", f"{OWN}/*", Principal="*", Condition={
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1234567890"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}))),
    Case(KEYS, "long-term credentials have no aws:MultiFactorAuthPresent", ALLOWED, identity=(
        allow("*"), deny("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}))),
    Case(KEYS, "BoolIfExists denies them", EXPLICIT, identity=(
        allow("*"), deny("*", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}))),
    Case(SERVICES_DENY, "another region is denied", EXPLICIT, action="ec2:RunInstances", resource="*", identity=(
        allow("*"), {"Effect": "Deny", "NotAction": ["cloudfront:*", "iam:*"], "Resource": "*",
                     "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1"]}}}),
         context={"aws:requestedregion": "eu-west-1"}),
    Case(SERVICES_DENY, "global services are spared by NotAction", ALLOWED, action="iam:GetUser", resource="*", identity=(
        allow("*"), {"Effect": "Deny", "NotAction": ["cloudfront:*", "iam:*"], "Resource": "*",
                     "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1"]}}}),
         context={"aws:requestedregion": "us-east-1"}),
    # NotAction
    Case(NOT_ACTION, "NotAction with Allow allows all others", ALLOWED, identity=({"Effect": "Allow",
         "NotAction": "s3:DeleteBucket", "Resource": "arn:aws:s3:::*"},)),
    Case(NOT_ACTION, "but not what is listed", IMPLICIT, action="s3:DeleteBucket", resource=OWN,
         identity=({"Effect": "Allow", "NotAction": "s3:DeleteBucket", "Resource": "arn:aws:s3:::*"},)),
    Case(NOT_ACTION, "NotAction with Deny spares what is listed and allows nothing", IMPLICIT, action="iam:GetUser", resource="*",
         identity=({"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"},)),
    # Condition operators
    Case(OPERATORS, "values of a key are alternatives, keys and operators are not", ALLOWED, identity=(allow("*", Condition={
        "StringEquals": {"aws:PrincipalTag/department": ["finance", "hr"], "aws:PrincipalTag/role": ["audit"]},
        "ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/*"}}),),
        context={"aws:principaltag/department": "hr", "aws:principaltag/role": "audit"}),
    Case(OPERATORS, "one key that does not match is enough", IMPLICIT, identity=(allow("*", Condition={
        "StringEquals": {"aws:PrincipalTag/department": ["finance", "hr"], "aws:PrincipalTag/role": ["audit"]}}),),
        context={"aws:principaltag/department": "hr", "aws:principaltag/role": "other"}),
    Case(OPERATORS, "negated values are all excluded", IMPLICIT, identity=(
        allow("*", Condition={"StringNotEquals": {"aws:PrincipalTag/department": ["finance", "hr"]}}),),
         context={"aws:principaltag/department": "hr"}),
    Case(OPERATORS, "negated operators match an absent key", ALLOWED, identity=(
        allow("*", Condition={"StringNotEquals": {"aws:PrincipalTag/department": "hr"}}),)),
    Case(OPERATORS, "IfExists matches an absent key", ALLOWED, identity=(
        allow("*", Condition={"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*"]}}),)),
    Case(OPERATORS, "IfExists is as the operator where the key is there", IMPLICIT, identity=(
        allow("*", Condition={"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*"]}}),), context={"ec2:instancetype": "m5.large"}),
    Case(OPERATORS, "Null is true of what is absent", ALLOWED, identity=(allow("*", Condition={"Null": {"aws:TokenIssueTime": "true"}}),)),
    Case(OPERATORS, "Null is false of what is there", IMPLICIT, identity=(
        allow("*", Condition={"Null": {"aws:TokenIssueTime": "true"}}),), context={"aws:tokenissuetime": "2026-01-01T00:00:00Z"}),
    Case(OPERATORS, "IpAddress is about networks", ALLOWED, identity=(allow("*",
         Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),),
         context={"aws:sourceip": "203.0.113.9"}),
    Case(OPERATORS, "IPv6, too", ALLOWED, identity=(
        allow("*", Condition={"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:DB8:1234:5678::/64"]}}),),
        context={"aws:sourceip": "2001:db8:1234:5678::1"}),
    Case(OPERATORS, "BinaryEquals compares bytes", ALLOWED, identity=(allow("*",
         Condition={"BinaryEquals": {"app:key": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}}),),
         context={"app:key": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}),
    # Multivalued keys
    Case(MULTIVALUED, "ForAllValues: every value is one of the policy's", ALLOWED, identity=(
        allow("*", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["env", "team"]}}),), context={"aws:tagkeys": ["team", "env"]}),
    Case(MULTIVALUED, "ForAllValues: one is not", IMPLICIT, identity=(
        allow("*", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["env", "team"]}}),), context={"aws:tagkeys": ["team", "cost"]}),
    Case(MULTIVALUED, "ForAllValues is true without values", ALLOWED, identity=(
        allow("*", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["env"]}}),)),
    Case(MULTIVALUED, "which Null prevents", IMPLICIT, identity=(
        allow("*", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["env"]}, "Null": {"aws:TagKeys": "false"}}),)),
    Case(MULTIVALUED, "ForAnyValue: one is", ALLOWED, identity=(
        allow("*", Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": ["env"]}}),), context={"aws:tagkeys": ["team", "env"]}),
    Case(MULTIVALUED, "ForAnyValue is false without values", IMPLICIT, identity=(
        allow("*", Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": ["env"]}}),)),
    # Variables
    Case(VARIABLES, "a variable stands for the user's name", ALLOWED, identity=(allow("s3:*",
         "arn:aws:s3:::amzn-s3-demo-bucket-${aws:username}/*"),)),
    Case(VARIABLES, "a role has none, and no resource matches", IMPLICIT, SESSION, identity=(allow("s3:*",
         "arn:aws:s3:::amzn-s3-demo-bucket-${aws:username}/*"),)),
    Case(VARIABLES, "a default takes its place", ALLOWED, resource="arn:aws:s3:::amzn-s3-demo-bucket-company-wide/a", identity=(
        allow("s3:*", "arn:aws:s3:::amzn-s3-demo-bucket-${aws:PrincipalTag/team, 'company-wide'}/*"),)),
    Case(VARIABLES, "but not of one that has a value", IMPLICIT, resource="arn:aws:s3:::amzn-s3-demo-bucket-company-wide/a", identity=(
        allow("s3:*", "arn:aws:s3:::amzn-s3-demo-bucket-${aws:PrincipalTag/team, 'company-wide'}/*"),),
         context={"aws:principaltag/team": "yellow"}),
    Case(VARIABLES, "in a NotResource without a value it matches no resource", ALLOWED, identity=(
        {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::amzn-s3-demo-bucket-${aws:PrincipalTag/team}/*"},)),
    Case(VARIABLES, "inverted operators match against one without a value", EXPLICIT, identity=(
        allow("*"), deny("s3:GetObject", Condition={"StringNotEquals": {"s3:ExistingObjectTag/Team": "${aws:PrincipalTag/Team}"}})),
        context={"s3:existingobjecttag/team": "red"}),
    Case(VARIABLES, "${*} is an asterisk", IMPLICIT, identity=(allow("s3:*", "arn:aws:s3:::amzn-s3-demo-bucket-carlossalazar/${*}"),)),
]  # fmt: skip


def compiled(statements: tuple[dict[str, Any], ...] | None, kind: Kind = "identity") -> Policy | None:
    return None if statements is None else parse(json.dumps({"Version": "2012-10-17", "Statement": statements}), kind)


def decide(case: Case) -> Decision:
    context = {key: value if isinstance(value, list) else [value] for key, value in case.context.items()}
    identity, boundary, session = map(compiled, (case.identity or None, case.boundary, case.session))
    policies = PolicySet((identity,) if identity else (), boundary, (session,) if session else ())
    question = Question(case.principal, case.action, case.resource, context)
    return evaluate(question, policies, compiled(case.on_resource, "resource"), resource_account=case.owner)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.page}: {case.says}" for case in CASES])
def test_documented_evaluations(case: Case) -> None:
    decision = decide(case)
    assert (ALLOWED if decision.allowed else EXPLICIT if decision.explicit else IMPLICIT) == case.expected, decision
