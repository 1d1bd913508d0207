"""Decisions: who may do what, by which statement. Docs: IAM User Guide, "Policy evaluation logic"."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from atoll.auth.denied import sentence
from atoll.auth.policy.evaluate import Decision, PolicySet, Question, evaluate
from atoll.auth.policy.parse import Kind, Policy, parse
from atoll.kernel.context import Principal

HERE, THERE = "123456789012", "210987654321"
TABLE = f"arn:aws:dynamodb:us-east-1:{HERE}:table/T"
USER = Principal("user", HERE, f"arn:aws:iam::{HERE}:user/team/bob", "AIDAEXAMPLE", "AKIAEXAMPLE")
ROLE_ARN = f"arn:aws:iam::{HERE}:role/service-role/r"
ROLE = Principal("role", HERE, f"arn:aws:sts::{HERE}:assumed-role/r/f", "AROAEXAMPLE:f", role_arn=ROLE_ARN)
ROOT = Principal.root(HERE)
STRANGER = Principal("user", THERE, f"arn:aws:iam::{THERE}:user/eve")
GATEWAY = Principal.service("apigateway.amazonaws.com", HERE, "arn:aws:execute-api:us-east-1:123456789012:api/*/GET/x")
NOTHING = PolicySet(())


def policy(*statements: dict[str, Any], kind: Kind = "identity", name: str = "p") -> Policy:
    full = [
        {"Effect": "Allow", "Action": "dynamodb:GetItem", **({} if kind == "trust" else {"Resource": TABLE}), **s}
        for s in statements
    ]
    for statement in full:
        if "NotAction" in statement:
            del statement["Action"]
        if "NotResource" in statement:
            del statement["Resource"]
    return parse(json.dumps({"Version": "2012-10-17", "Statement": full}), kind, name)


ALLOW = policy({"Sid": "Reads"})
DENY = policy({"Effect": "Deny", "Sid": "Never"})
OTHER = policy({"Action": "dynamodb:Query"})


def on_resource(principal: Any, **members: Any) -> Policy:
    return policy({"Principal": principal, **members}, kind="resource")


def decide(
    principal: Principal = ROLE,
    policies: PolicySet | Policy = NOTHING,
    resource_policy: Policy | None = None,
    *,
    action: str = "dynamodb:GetItem",
    resource: str = TABLE,
    account: str = HERE,
    **context: str,
) -> Decision:
    question = Question(principal, action, resource, {key: [value] for key, value in context.items()})
    owned = policies if isinstance(policies, PolicySet) else PolicySet((policies,))
    return evaluate(question, owned, resource_policy, resource_account=account)


class TestIdentityPolicies:
    def test_nothing_is_allowed_by_nothing(self) -> None:
        assert decide() == Decision(False, False, "identity-based policy")

    def test_the_allowing_statement_is_named(self) -> None:
        assert decide(policies=ALLOW) == Decision(True, False, "identity-based policy", "Reads", "p")

    def test_a_statement_without_sid_is_named_by_its_place(self) -> None:
        assert decide(policies=policy({"Action": "s3:x"}, {})).statement == "1"

    def test_an_explicit_deny_wins_wherever_it_stands(self) -> None:
        assert decide(policies=PolicySet((ALLOW, DENY))) == Decision(False, True, "identity-based policy", "Never", "p")
        assert decide(policies=PolicySet((DENY, ALLOW))).explicit
        assert decide(policies=PolicySet((ALLOW,), boundary=DENY)).by == "permissions boundary"
        assert decide(policies=PolicySet((ALLOW,), session=(DENY,))).by == "session policy"

    @pytest.mark.parametrize(
        "action", ["dynamodb:getitem", "DYNAMODB:GETITEM", "dynamodb:Get*", "dynamodb:?etItem", "*"]
    )
    def test_actions_ignore_case_and_have_wildcards(self, action: str) -> None:
        assert decide(policies=policy({"Action": action})).allowed

    @pytest.mark.parametrize(
        "resource", [TABLE.lower(), TABLE[:-1] + "U", "arn:aws:dynamodb:*:*:table/T/*", TABLE + "*x"]
    )
    def test_resources_do_not_ignore_case(self, resource: str) -> None:
        assert not decide(policies=policy({"Resource": resource})).allowed

    @pytest.mark.parametrize(
        "resource", [TABLE, "*", "arn:aws:dynamodb:*:*:table/*", "arn:aws:dynamodb:us-east-1:*:table/?"]
    )
    def test_resources_have_wildcards(self, resource: str) -> None:
        assert decide(policies=policy({"Resource": ["arn:aws:s3:::b", resource]})).allowed

    def test_an_action_without_resource_needs_a_star(self) -> None:
        assert not decide(policies=policy({"Resource": "arn:aws:dynamodb:*:*:*"}), resource="*").allowed
        assert decide(policies=policy({"Resource": "*"}), resource="*").allowed

    def test_not_action_and_not_resource(self) -> None:
        lists = policy({"NotAction": ["dynamodb:PutItem", "iam:*"]})
        assert decide(policies=lists).allowed
        assert not decide(policies=lists, action="dynamodb:putitem").allowed
        elsewhere = policy({"NotResource": "arn:aws:dynamodb:*:*:table/U*"})
        assert decide(policies=elsewhere).allowed
        assert not decide(policies=elsewhere, resource=TABLE[:-1] + "U1").allowed

    def test_conditions_see_the_request_and_who_makes_it(self) -> None:
        condition = {
            "StringEquals": {"aws:username": "bob", "AWS:RequestedRegion": "us-east-1"},
            "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/team/*"},
        }
        mine = policy({"Condition": condition})
        assert decide(USER, mine, **{"aws:requestedregion": "us-east-1"}).allowed
        assert not decide(USER, mine, **{"aws:requestedregion": "eu-west-1"}).allowed
        assert not decide(ROLE, mine, **{"aws:requestedregion": "us-east-1"}).allowed

    def test_a_roles_sessions_have_the_roles_principal_arn(self) -> None:
        assert decide(ROLE, policy({"Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE_ARN}}})).allowed

    @pytest.mark.parametrize(
        "resource",
        ["arn:aws:dynamodb:*:table/T", "arn:aws:dynamodb:us-*:table/?", "arn:aws:dynamodb", "arn:aws:dynamodb:us-*"],
    )
    def test_a_wildcard_at_a_parts_end_reaches_beyond_the_colon(self, resource: str) -> None:
        """docs: "IAM JSON policy elements: Resource", "Using wildcards in resource ARNs"."""
        assert decide(policies=policy({"Resource": resource})).allowed

    def test_variables_stand_behind_the_fifth_colon_only(self) -> None:
        """docs: "IAM policy elements: Variables and tags", "Resource element"."""
        early = policy({"Resource": "arn:aws:dynamodb:us-east-1:${aws:PrincipalAccount}:table/T"})
        assert not decide(USER, early).allowed
        late = policy({"Resource": "arn:aws:dynamodb:us-east-1:*:table/${aws:PrincipalTag/table}"})
        assert decide(USER, late, **{"aws:principaltag/table": "T"}).allowed

    def test_a_variable_without_value_names_no_resource(self) -> None:
        """docs: "Variables and tags", "Policy variables with no value"; its default, "Specifying default values"."""
        named = "arn:aws:dynamodb:us-east-1:*:table/${aws:PrincipalTag/table%s}"
        assert not decide(USER, policy({"Resource": named % ""})).allowed
        assert decide(USER, policy({"NotResource": named % ""})).allowed
        assert decide(USER, policy({"Resource": named % ", 'T'"})).allowed

    def test_variables_need_the_version_of_2012(self) -> None:
        """docs: "IAM JSON policy elements: Version": elsewhere `${` is text, and a `*` in it a wildcard."""
        text = json.dumps(
            {
                "Version": "2008-10-17",
                "Statement": {
                    "Effect": "Allow", "Principal": "*", "Action": "dynamodb:GetItem", "Resource": TABLE[:-1] + "${*}",
                },
            }
        )  # fmt: skip
        old = parse(text, "resource")
        assert not decide(USER, NOTHING, old).allowed
        assert decide(USER, NOTHING, old, resource=TABLE[:-1] + "${abc}").allowed

    def test_variables_in_resources(self) -> None:
        mine = policy({"Resource": f"arn:aws:dynamodb:*:{HERE}:table/${{aws:username}}"})
        assert decide(USER, mine, resource=TABLE[:-1] + "bob").allowed
        assert not decide(USER, mine).allowed
        assert not decide(ROLE, mine, resource=TABLE[:-1] + "bob").allowed


class TestKeysOfThePrincipal:
    """docs: "AWS global condition context keys", "Properties of the principal"."""

    session = dataclasses.replace(
        ROLE, issued=1_700_000_000, source_function=f"arn:aws:lambda:us-east-1:{HERE}:function:f"
    )

    @pytest.mark.parametrize(
        ("key", "user", "session", "service"),
        [
            ("aws:PrincipalArn", USER.arn, ROLE_ARN, None),
            ("aws:PrincipalAccount", HERE, HERE, None),
            ("aws:PrincipalType", "User", "AssumedRole", None),
            ("aws:userid", "AIDAEXAMPLE", "AROAEXAMPLE:f", None),
            ("aws:username", "bob", None, None),
            ("aws:PrincipalIsAWSService", "false", "false", "true"),
            ("aws:PrincipalServiceName", None, None, GATEWAY.arn),
            ("aws:PrincipalServiceNamesList", None, None, GATEWAY.arn),
            ("aws:SourceArn", None, None, GATEWAY.source_arn),
            ("aws:SourceAccount", None, None, HERE),
            ("aws:TokenIssueTime", None, "2023-11-14T22:13:20Z", None),
            ("aws:MultiFactorAuthPresent", None, "false", None),
            ("lambda:SourceFunctionArn", None, f"arn:aws:lambda:us-east-1:{HERE}:function:f", None),
        ],
    )
    def test_has(self, key: str, user: str | None, session: str | None, service: str | None) -> None:
        for principal, value in ((USER, user), (self.session, session), (GATEWAY, service)):
            values = Question(principal, "a:b", "*", {}).values(key.lower())
            assert values == (value if value is None else (value,))


class TestBoundariesAndSessions:
    def test_the_boundary_limits(self) -> None:
        assert decide(policies=PolicySet((ALLOW,), boundary=OTHER)) == Decision(False, False, "permissions boundary")
        assert decide(policies=PolicySet((ALLOW,), boundary=ALLOW)).allowed
        assert decide(policies=PolicySet((), boundary=ALLOW)).by == "identity-based policy"

    def test_the_sessions_policies_limit_together(self) -> None:
        assert decide(policies=PolicySet((ALLOW,), session=(OTHER,))) == Decision(False, False, "session policy")
        assert decide(policies=PolicySet((ALLOW,), session=(OTHER, ALLOW))).allowed
        assert not decide(policies=PolicySet((), session=(ALLOW,))).allowed


class TestRoot:
    def test_may_do_all_in_its_account(self) -> None:
        assert decide(ROOT) == Decision(True, False, "account root")

    def test_is_bound_by_a_resources_explicit_deny(self) -> None:
        assert decide(ROOT, NOTHING, on_resource("*", Effect="Deny")) == Decision(
            False, True, "resource-based policy", "0", "p"
        )

    def test_needs_another_accounts_leave(self) -> None:
        assert decide(ROOT, account=THERE) == Decision(False, False, "resource-based policy")
        assert decide(ROOT, NOTHING, on_resource({"AWS": HERE}), account=THERE).allowed


class TestResourcePoliciesWithinAnAccount:
    limited = PolicySet((), boundary=OTHER, session=(OTHER,))

    @pytest.mark.parametrize("principal", [USER, ROLE], ids=["user", "session"])
    def test_one_named_itself_needs_nothing_else(self, principal: Principal) -> None:
        assert decide(principal, self.limited, on_resource({"AWS": principal.arn})).by == "resource-based policy"
        assert decide(principal, self.limited, on_resource({"AWS": principal.arn})).allowed

    def test_a_named_role_is_still_limited(self) -> None:
        resource_policy = on_resource({"AWS": ROLE_ARN})
        assert decide(ROLE, NOTHING, resource_policy).allowed
        assert decide(ROLE, PolicySet((), boundary=OTHER), resource_policy).by == "permissions boundary"
        assert decide(ROLE, PolicySet((), session=(OTHER,)), resource_policy).by == "session policy"
        assert not decide(ROLE, self.limited, resource_policy).allowed

    @pytest.mark.parametrize("named", ["*", {"AWS": "*"}])
    @pytest.mark.parametrize("principal", [USER, ROLE], ids=["user", "session"])
    def test_where_everyone_may_nobody_is_limited(self, principal: Principal, named: Any) -> None:
        """docs: "Policy evaluation logic": a wildcard with aws:PrincipalArn grants what boundaries and session policies do not limit."""
        assert decide(principal, self.limited, on_resource(named)).allowed

    @pytest.mark.parametrize("named", [HERE, f"arn:aws:iam::{HERE}:root"])
    def test_a_named_account_still_decides_itself(self, named: str) -> None:
        assert decide(USER, NOTHING, on_resource({"AWS": named})) == Decision(False, False, "identity-based policy")
        assert decide(USER, ALLOW, on_resource({"AWS": named})).allowed

    def test_others_are_not_meant(self) -> None:
        assert not decide(ROLE, NOTHING, on_resource({"AWS": USER.arn, "Service": "lambda.amazonaws.com"})).allowed

    def test_a_deny_means_a_roles_sessions_and_an_accounts_members(self) -> None:
        for named in (ROLE_ARN, HERE, ROLE.arn):
            assert decide(ROLE, ALLOW, on_resource({"AWS": named}, Effect="Deny")).explicit
        assert decide(ROLE, ALLOW, on_resource({"AWS": USER.arn}, Effect="Deny")).allowed

    def test_not_principal_spares_only_those_whose_every_name_is_listed(self) -> None:
        def all_but(*names: str) -> Policy:
            return policy({"Effect": "Deny", "NotPrincipal": {"AWS": list(names)}}, kind="resource")

        assert decide(ROLE, ALLOW, all_but(HERE, ROLE_ARN, ROLE.arn)).allowed
        assert decide(ROLE, ALLOW, all_but(HERE, ROLE_ARN)).explicit
        assert decide(USER, ALLOW, all_but(f"arn:aws:iam::{HERE}:root", USER.arn)).allowed
        assert decide(USER, ALLOW, all_but(USER.arn)).explicit

    def test_not_principal_spares_nobody_who_has_a_boundary(self) -> None:
        """docs: "AWS JSON policy elements: NotPrincipal", key points."""
        all_but_bob = policy({"Effect": "Deny", "NotPrincipal": {"AWS": [HERE, USER.arn]}}, kind="resource")
        assert decide(USER, PolicySet((ALLOW,)), all_but_bob).allowed
        assert decide(USER, PolicySet((ALLOW,), boundary=ALLOW), all_but_bob).explicit


def test_across_accounts_both_must_allow() -> None:
    gift = on_resource({"AWS": THERE})
    assert decide(STRANGER, ALLOW, gift).allowed
    assert decide(STRANGER, NOTHING, gift) == Decision(False, False, "identity-based policy")
    assert decide(STRANGER, ALLOW) == Decision(False, False, "resource-based policy")
    assert decide(STRANGER, ALLOW, on_resource({"AWS": HERE})) == Decision(False, False, "resource-based policy")
    assert decide(STRANGER, NOTHING, on_resource({"AWS": STRANGER.arn})).by == "identity-based policy"
    assert decide(STRANGER, PolicySet((ALLOW,), boundary=OTHER), gift).by == "permissions boundary"


class TestServices:
    def test_are_allowed_by_the_resource_alone(self) -> None:
        condition = {"ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:us-east-1:123456789012:api/*/*/*"}}
        invoke = on_resource({"Service": GATEWAY.arn}, Condition=condition)
        assert decide(GATEWAY, NOTHING, invoke).allowed
        assert not decide(GATEWAY, ALLOW).allowed
        assert not decide(
            Principal.service(GATEWAY.arn, HERE, "arn:aws:execute-api:us-east-1:1:other/a/b/c"), NOTHING, invoke
        ).allowed
        assert not decide(Principal.service("events.amazonaws.com", HERE, GATEWAY.source_arn), NOTHING, invoke).allowed

    def test_source_account(self) -> None:
        mine = on_resource({"Service": GATEWAY.arn}, Condition={"StringEquals": {"aws:SourceAccount": HERE}})
        assert decide(GATEWAY, NOTHING, mine).allowed
        assert not decide(Principal.service(GATEWAY.arn, THERE), NOTHING, mine).allowed


class TestTrustPolicies:
    @staticmethod
    def assume(principal: Principal, named: Any, policies: PolicySet | Policy = NOTHING, **members: Any) -> Decision:
        trust = policy({"Action": "sts:AssumeRole", "Principal": named, **members}, kind="trust")
        return decide(principal, policies, trust, action="sts:AssumeRole", resource=ROLE_ARN)

    may = policy({"Action": "sts:AssumeRole", "Resource": ROLE_ARN})

    def test_a_service_may_if_it_is_trusted(self) -> None:
        assert self.assume(GATEWAY, {"Service": "apigateway.amazonaws.com"}).allowed
        assert not self.assume(GATEWAY, {"Service": "lambda.amazonaws.com"}).allowed

    def test_without_trust_nobody_may(self) -> None:
        denied = Decision(False, False, "role trust policy")
        assert self.assume(USER, {"Service": "lambda.amazonaws.com"}, self.may) == denied
        assert self.assume(ROOT, {"Service": "lambda.amazonaws.com"}) == denied

    def test_who_is_named_may_and_who_is_only_of_the_account_needs_leave(self) -> None:
        assert self.assume(USER, {"AWS": USER.arn}).allowed
        assert self.assume(USER, {"AWS": HERE}) == Decision(False, False, "identity-based policy")
        assert self.assume(USER, {"AWS": HERE}, self.may).allowed

    def test_conditions(self) -> None:
        condition = {"StringEquals": {"sts:ExternalId": "x"}}
        assert not self.assume(USER, {"AWS": USER.arn}, Condition=condition).allowed


@pytest.mark.parametrize(
    ("policies", "resource_policy", "end"),
    [
        (NOTHING, None, "because no identity-based policy allows the dynamodb:GetItem action"),
        (DENY, None, "with an explicit deny in an identity-based policy"),
        (
            DENY.named("arn:aws:iam::1:policy/d"),
            None,
            "with an explicit deny in an identity-based policy: arn:aws:iam::1:policy/d",
        ),
        (PolicySet((ALLOW,), OTHER), None, "because no permissions boundary allows the dynamodb:GetItem action"),
        (PolicySet((ALLOW,), DENY), None, "with an explicit deny in a permissions boundary"),
        (PolicySet((ALLOW,), None, (OTHER,)), None, "because no session policy allows the dynamodb:GetItem action"),
        (PolicySet((ALLOW,), None, (DENY,)), None, "with an explicit deny in a session policy"),
        (ALLOW, on_resource("*", Effect="Deny"), "with an explicit deny in a resource-based policy"),
    ],
)
def test_the_sentence(policies: PolicySet | Policy, resource_policy: Policy | None, end: str) -> None:
    question = Question(ROLE, "dynamodb:GetItem", TABLE, {})
    assert sentence(question, decide(ROLE, policies, resource_policy)) == (
        "User: arn:aws:sts::123456789012:assumed-role/r/f is not authorized to perform: dynamodb:GetItem "
        f"on resource: arn:aws:dynamodb:us-east-1:123456789012:table/T {end}"
    )


@pytest.mark.parametrize(
    ("action", "resource", "shown"),
    [
        ("iam:GetRole", ROLE_ARN, "role r"),
        ("iam:DeleteUser", USER.arn, "user bob"),
        ("iam:CreateRole", ROLE_ARN, ROLE_ARN),
        ("iam:PassRole", ROLE_ARN, ROLE_ARN),
        ("iam:CreatePolicy", f"arn:aws:iam::{HERE}:policy/x/p", "policy p"),
        ("iam:GetPolicy", f"arn:aws:iam::{HERE}:policy/x/p", f"policy arn:aws:iam::{HERE}:policy/x/p"),
        ("dynamodb:ListTables", "*", "*"),
    ],
)
def test_how_the_sentence_names_resources(action: str, resource: str, shown: str) -> None:
    decision = decide(ROLE, action=action, resource=resource)
    assert f" on resource: {shown} because no " in sentence(Question(ROLE, action, resource, {}), decision)
