"""The minimal policy allows exactly the recorded calls: each of them, and none with one element changed. On calls and policies drawn at
random."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.unit.auth.test_policy_against_naive import HERE, compiled, conditions, contexts

from atoll.auth.policy.evaluate import Decision, PolicySet, Question, evaluate
from atoll.auth.policy.judgement import Judgement
from atoll.auth.policy.minimal import minimal, replay, unused
from atoll.auth.policy.parse import parse
from atoll.auth.policy.patterns import general, literal
from atoll.auth.used import Granted, Use
from atoll.gateway.used_calls import _use
from atoll.kernel.context import Principal

ROLE = Principal(
    "role", HERE, f"arn:aws:sts::{HERE}:assumed-role/r/s", "AROA:s", role_arn=f"arn:aws:iam::{HERE}:role/r"
)
NAMES = st.text("ab*?${}:/", min_size=1, max_size=5)
ACTIONS = ("dynamodb:GetItem", "dynamodb:PutItem", "s3:GetObject", "logs:PutLogEvents")
RESOURCES = st.builds(f"arn:aws:{{}}:us-east-1:{HERE}:{{}}".format, st.sampled_from(["dynamodb", "sqs"]), NAMES).filter(
    lambda arn: not arn.endswith((":*", "/*"))
)
"""Such an end is AWS's own way to mean all below (`log-group:x:*`), and so no literal star."""


@st.composite
def grants(draw: Any) -> dict[str, Any]:
    """A statement that allows much, perhaps under a condition."""
    statement = {
        "Effect": "Allow",
        "Action": draw(st.sampled_from(["*", "dynamodb:*", "dynamodb:Get*"])),
        "Resource": "*",
    }
    return {**statement, "Condition": draw(conditions)} if draw(st.booleans()) else statement


def ask(policies: PolicySet, action: str, resource: str, context: Any) -> Decision:
    return evaluate(Question(ROLE, action, resource, context), policies, None, resource_account=HERE)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(grants(), min_size=1, max_size=3),
    st.lists(st.tuples(st.sampled_from(ACTIONS), RESOURCES, contexts), min_size=1, max_size=6),
    st.sampled_from(ACTIONS),
    RESOURCES,
    contexts,
)
def test_the_minimal_policy_allows_the_recorded_calls_and_none_with_an_element_changed(
    statements: list[dict[str, Any]], calls: list[Any], action: str, resource: str, context: Any
) -> None:
    now = compiled({"Version": "2012-10-17", "Statement": statements})
    assert now is not None
    policies = PolicySet((now,))
    uses, made = [], []
    for call in calls:
        asked = {key: call[2][key] for key in policies.about(call[0].lower()).asks if call[2].get(key)}
        decision = ask(policies, call[0], call[1], asked)
        if decision.allowed:
            uses.append(_use(Judgement(ROLE, call[0], call[1], HERE, asked, policies, None, False, decision)))
            made.append((call[0], call[1], asked))
    assume(made)
    document = minimal(uses)
    least = PolicySet((parse(json.dumps(document)),))
    assert list(replay(uses, document, ROLE, None)) == []
    for one in made:
        assert ask(least, *one).allowed
        assert ask(least, action, *one[1:]).allowed is any(
            (action, one[1]) == other[:2] for other in made
        ) or _conditional(made, one, action)
        if (one[0], resource) not in {other[:2] for other in made}:
            assert not ask(least, one[0], resource, one[2]).allowed
        if ask(least, one[0], one[1], context).allowed:  # never what the present policies deny
            assert ask(policies, one[0], one[1], context).allowed


def _conditional(made: list[Any], one: Any, action: str) -> bool:
    """Whether the action was recorded on the resource, but in another context, which its condition may want."""
    return any((action, one[1]) == other[:2] and other[2] != one[2] for other in made)


@given(NAMES)
def test_a_literal_pattern_matches_the_resource_alone(name: str) -> None:
    resource = f"arn:aws:dynamodb:us-east-1:{HERE}:table{name}"
    statement = {"Effect": "Allow", "Action": "*", "Resource": literal(resource)}
    policy = PolicySet((parse(json.dumps({"Version": "2012-10-17", "Statement": [statement]})),))
    assert ask(policy, "dynamodb:GetItem", resource, {}).allowed
    for other in (resource + "a", resource[:-1] + "b" if resource[-1] != "b" else resource[:-1] + "a"):
        open_ended = resource.endswith((":*", "/*"))  # as AWS writes it
        assert ask(policy, "dynamodb:GetItem", other, {}).allowed is (open_ended and other.startswith(resource[:-1]))


def test_names_that_the_region_makes_up_are_generalized() -> None:
    here = f"us-east-1:{HERE}"
    for resource, pattern in {
        f"arn:aws:logs:{here}:log-group:/aws/lambda/f:log-stream:2026/11/26/[$LATEST]ab": f"arn:aws:logs:{here}:log-group:/aws/lambda/f:*",
        f"arn:aws:logs:{here}:log-group:g:log-stream:": f"arn:aws:logs:{here}:log-group:g:*",
        f"arn:aws:logs:{here}:log-group::log-stream:": f"arn:aws:logs:{here}:log-group::log-stream:*",
        f"arn:aws:dynamodb:{here}:table/t/stream/2026-11-26T07:00:00.000": f"arn:aws:dynamodb:{here}:table/t/stream/*",
        f"arn:aws:dynamodb:{here}:table/t/index/by-name": f"arn:aws:dynamodb:{here}:table/t/index/by-name",
        f"arn:aws:execute-api:{here}:api/dev/POST/@connections/abc=": f"arn:aws:execute-api:{here}:api/dev/POST/@connections/*",
        "*": "*",
        "no:arn": "*",
    }.items():  # fmt: skip
        assert general(resource) == pattern
        allowed = {"Effect": "Allow", "Action": "*", "Resource": pattern}
        policy = PolicySet((parse(json.dumps({"Version": "2012-10-17", "Statement": [allowed]})),))
        assert ask(policy, "x:Y", resource, {}).allowed


def test_grants_that_no_call_used_statement_by_statement() -> None:
    table = f"arn:aws:dynamodb:us-east-1:{HERE}:table/t"
    policy = parse(
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": ["dynamodb:get*", "dynamodb:PutItem"], "Resource": "*"},
                    {"Sid": "Other", "Effect": "Allow", "Action": "dynamodb:*", "Resource": f"{table}2"},
                    {"Effect": "Allow", "NotAction": "dynamodb:*", "Resource": "*"},
                    {"Effect": "Deny", "Action": "s3:*", "Resource": "*"},
                ],
            }
        ),
        name="own",
    )
    found = list(unused([policy], [Use("dynamodb:GetItem", table, table, (Granted(),))], ROLE))
    assert [(one.statement, one.patterns, one.all, one.partly) for one in found] == [
        ("1", ["dynamodb:PutItem"], False, {"dynamodb:get*": ["dynamodb:GetItem"]}),
        ("Other", ["dynamodb:*"], True, {}),
        ("3", ['all but "dynamodb:*"'], True, {}),
    ]


def test_resources_that_no_call_used_and_those_that_are_wider_than_their_use() -> None:
    here = f"arn:aws:dynamodb:us-east-1:{HERE}:table/"
    policy = parse(
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": [f"{here}t", f"{here}u", f"{here}${{aws:userid}}"]},
                    {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "arn:aws:dynamodb:*:*:table/*"},
                    {"Effect": "Allow", "Action": "dynamodb:ListTables", "Resource": "*"},
                    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [f"{here}t", "*"]},
                    {"Effect": "Allow", "Action": "dynamodb:GetItem", "NotResource": f"{here}x"},
                    {"Effect": "Allow", "Action": "dynamodb:ListTables", "Resource": f"{here}*"},
                ],
            }
        ),
        name="own",
    )  # fmt: skip
    uses = [
        Use("dynamodb:GetItem", f"{here}t", f"{here}t", (Granted(),)),
        Use("dynamodb:GetItem", f"{here}AROA:s", f"{here}AROA:s", (Granted(),)),
        Use("dynamodb:ListTables", "*", "*", (Granted(),)),
    ]
    found = {one.statement: (one.resources, one.wide) for one in unused([policy], uses, ROLE)}
    assert found == {
        "1": ([f"{here}u"], {}),
        "2": ([], {"arn:aws:dynamodb:*:*:table/*": [f"{here}AROA:s", f"{here}t"]}),
        "4": ([], {}),
        "6": ([], {}),
    }
