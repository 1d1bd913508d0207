"""Explanations agree with the engine: on policies and requests drawn at random, what is said to decide decides, and what is said to
allow allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.auth.test_policy_against_naive import PRINCIPALS, TABLES, actions, compiled, contexts, documents

from atoll.auth.policy.evaluate import PolicySet, evaluate
from atoll.auth.policy.explain import explain
from atoll.auth.policy.judgement import Judgement, owner_of
from atoll.auth.policy.remedy import Change, extended, remedy
from atoll.kernel.context import Principal

HERE = "111122223333"
SERVICE = Principal.service("lambda.amazonaws.com", HERE, f"arn:aws:lambda:us-east-1:{HERE}:function:f*")
EVERYBODY = [*PRINCIPALS, SERVICE, Principal.anonymous(), Principal.root(HERE)]


@st.composite
def judgements(draw: Any) -> Judgement:
    context = {key: values for key, values in draw(contexts).items() if values}
    policies = PolicySet(
        tuple(compiled(one) for one in draw(st.lists(documents(), max_size=2))),  # type: ignore[misc]
        compiled(draw(st.none() | documents())),
        tuple(compiled(one) for one in draw(st.lists(documents(), max_size=1))),  # type: ignore[misc]
    )
    policy = compiled(draw(st.none() | documents(principal=True)), "resource")
    principal, action, resource = draw(st.sampled_from(EVERYBODY)), draw(actions), draw(st.sampled_from(TABLES))
    attachable = policy is not None or draw(st.booleans())
    judged = Judgement(principal, action, resource, HERE, context, policies, policy, attachable, None)  # type: ignore[arg-type]
    judged.decision = evaluate(judged.question, policies, policy, resource_account=owner_of(resource, HERE))
    return judged


def allowed_with(judged: Judgement, changes: Sequence[Change]) -> bool:
    """Whether the engine allows the request once the statements stand where it was said."""
    policies, policy = judged.policies, judged.resource_policy
    for change in changes:
        match change.where:
            case "identity-based policy":
                added = extended(None, change.statement, "identity")
                policies = replace(policies, identity=(*policies.identity, added))
            case "permissions boundary":
                policies = replace(policies, boundary=extended(policies.boundary, change.statement, "identity"))
            case "session policy":
                added = extended(None, change.statement, "identity")
                policies = replace(policies, session=(*policies.session, added))
            case _:
                policy = extended(policy, change.statement, "resource")
    return evaluate(judged.question, policies, policy, resource_account=judged.owner).allowed


@settings(max_examples=300, deadline=None)
@given(judgements())
def test_the_suggested_statements_make_the_engine_allow_or_nothing_would(judged: Judgement) -> None:
    found = remedy(judged)
    if judged.decision.allowed:
        assert found.changes == []
        assert found.hopeless == ""
    elif found.changes:
        assert allowed_with(judged, found.changes)
        for left_out in range(len(found.changes)):  # none of them is there for nothing
            assert not allowed_with(judged, found.changes[:left_out] + found.changes[left_out + 1 :])
    else:
        assert found.hopeless
        assert judged.decision.explicit or not judged.attachable


@settings(max_examples=300, deadline=None)
@given(judgements())
def test_the_statement_that_is_said_to_decide_is_the_engines(judged: Judgement) -> None:
    told = explain(judged)
    decided = [one for policy in told.policies for one in policy.statements if one.decided]
    by_statement = judged.decision.explicit or (judged.decision.allowed and judged.decision.by != "account root")
    if by_statement:
        assert decided
        assert all(not one.failed for one in decided)
        assert {one.effect for one in decided} == {"Allow" if judged.decision.allowed else "Deny"}
    else:
        assert decided == []
    if not judged.decision.allowed:  # a statement that covers the request and denies is always the reason
        covering = [one for policy in told.policies for one in policy.statements if not one.failed]
        assert judged.decision.explicit is any(one.effect == "Deny" for one in covering)


@settings(max_examples=200, deadline=None)
@given(judgements())
def test_what_failed_in_a_statement_is_what_keeps_it_from_covering(judged: Judgement) -> None:
    """Each statement alone, in a policy of its own: it decides exactly where nothing of it is said to fail."""
    for policy in judged.policies.identity:
        told = explain(judged)
        for number, statement in enumerate(policy.statements):
            covers = statement.actions.match(judged.action.lower()) and statement.covers(
                judged.resource, judged.question.values
            )
            listed = [
                one for found in told.policies if found.type == "identity-based policy" for one in found.statements
            ]
            index = sum(
                len(one.statements) for one in judged.policies.identity[: judged.policies.identity.index(policy)]
            )
            assert (listed[index + number].failed == []) is covers
