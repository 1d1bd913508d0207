"""The engine decides as a slow evaluator does that follows the documentation word by word, on policies and requests drawn at random."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.auth import naive_iam as naive

from atoll.auth.policy.evaluate import PolicySet, Question, evaluate
from atoll.auth.policy.parse import Kind, Policy, parse
from atoll.kernel.context import Principal

HERE, THERE = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{HERE}:role/r"
PRINCIPALS = [
    Principal("user", HERE, f"arn:aws:iam::{HERE}:user/u", "AIDA"),
    Principal("role", HERE, f"arn:aws:sts::{HERE}:assumed-role/r/s", "AROA:s", role_arn=ROLE),
]
TABLES = [f"arn:aws:dynamodb:us-east-1:{owner}:table/{name}" for owner in (HERE, THERE) for name in ("a", "ab", "a*")]
NAMES = st.text("ab*?", min_size=1, max_size=4)
"""Few letters, so that patterns often fit."""

actions = st.sampled_from(["dynamodb:GetItem", "dynamodb:PutItem"])
action_patterns = st.one_of(actions, st.sampled_from(["*", "dynamodb:*", "DYNAMODB:get*", "dynamodb:?utItem", "s3:*"]))
variables = st.sampled_from(
    ["${test:x}", "${test:none}", "${test:none, 'a'}", "${test:many}", "${*}", "${?}", "${$}", "${Test:X}b"]
)
texts = st.one_of(NAMES, variables, st.builds("{}{}".format, NAMES, variables))
resources = st.one_of(
    st.just("*"),
    st.builds(
        "arn:aws:dynamodb:{}:{}:table/{}".format,
        st.sampled_from(["us-east-1", "*", "us-*"]), st.sampled_from([HERE, THERE, "*"]), texts,
    ),
)  # fmt: skip


def some(values: st.SearchStrategy[str]) -> st.SearchStrategy[str | list[str]]:
    return st.one_of(values, st.lists(values, min_size=1, max_size=3))


string_operators = st.sampled_from(
    ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"]
)
qualifiers = st.sampled_from(["", "ForAllValues:", "ForAnyValue:"])
suffixes = st.sampled_from(["", "IfExists"])
keys = st.sampled_from(["test:x", "TEST:Y", "test:many", "test:none"])
conditions = st.one_of(
    st.builds(lambda q, o, s, k, v: {f"{q}{o}{s}": {k: v}}, qualifiers, string_operators, suffixes, keys, some(texts)),
    st.builds(
        lambda q, o, s, k, v: {f"{q}{o}{s}": {k: v}},
        qualifiers, st.sampled_from(["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericGreaterThanEquals"]),
        suffixes, st.sampled_from(["test:number", "test:none"]), some(st.sampled_from(["1", "2", "2.0", "-1"])),
    ),
    st.builds(
        lambda o, s, v: {f"{o}{s}": {"aws:SourceIp": v}},
        st.sampled_from(["IpAddress", "NotIpAddress"]), suffixes, some(st.sampled_from(["10.0.0.0/8", "10.1.2.3", "::1"])),
    ),
    st.builds(lambda k, v: {"Null": {k: v}}, keys, st.sampled_from(["true", "false"])),
    st.builds(
        lambda o, s, v: {f"{o}{s}": {"test:arn": v}},
        st.sampled_from(["ArnLike", "ArnNotLike"]), suffixes,
        some(st.builds("arn:aws:s3:{}::{}".format, st.sampled_from(["", "*"]), st.one_of(NAMES, st.just("${test:x}")))),
    ),
    st.builds(lambda v: {"Bool": {"test:flag": v}}, st.sampled_from(["true", "false", "${test:flag}"])),
)  # fmt: skip
named = some(st.sampled_from([HERE, f"arn:aws:iam::{HERE}:root", ROLE, *(one.arn for one in PRINCIPALS), THERE]))
principal_elements = st.one_of(st.just("*"), st.builds(lambda names: {"AWS": names}, named))


@st.composite
def statements(draw: Any, *, principal: bool) -> dict[str, Any]:
    made: dict[str, Any] = {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(some(action_patterns)),
        draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(some(resources)),
    }
    if draw(st.booleans()):
        made["Condition"] = draw(conditions)
    if principal:
        element = draw(st.sampled_from(["Principal", "NotPrincipal"])) if made["Effect"] == "Deny" else "Principal"
        made[element] = draw(principal_elements)
    return made


def documents(*, principal: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    listed = st.lists(statements(principal=principal), min_size=1, max_size=3)
    return listed.map(lambda found: {"Version": "2012-10-17", "Statement": found})


contexts = st.fixed_dictionaries(
    {},
    optional={
        "test:x": NAMES.map(lambda text: [text]),
        "test:y": st.sampled_from([["a"], ["A"], [""], []]),
        "test:many": st.lists(st.sampled_from(["a", "b", "ab", ""]), max_size=3),
        "test:number": st.lists(st.sampled_from(["1", "2", "3.5"]), min_size=1, max_size=2),
        "test:flag": st.sampled_from([["true"], ["false"]]),
        "test:arn": NAMES.map(lambda text: [f"arn:aws:s3:::{text}"]),
        "aws:sourceip": st.sampled_from([["10.1.2.3"], ["127.0.0.1"], ["::1"]]),
    },
)


def compiled(document: dict[str, Any] | None, kind: Kind = "identity") -> Policy | None:
    return parse(json.dumps(document), kind) if document else None


@settings(max_examples=1000, deadline=None)
@given(
    principal=st.sampled_from(PRINCIPALS),
    action=actions,
    resource=st.sampled_from(TABLES),
    context=contexts,
    identity=st.lists(documents(), max_size=2),
    boundary=st.none() | documents(),
    session=st.none() | documents(),
    resource_policy=st.none() | documents(principal=True),
)
def test_decides_as_the_documentation_says(
    principal: Principal,
    action: str,
    resource: str,
    context: dict[str, list[str]],
    identity: list[dict[str, Any]],
    boundary: dict[str, Any] | None,
    session: dict[str, Any] | None,
    resource_policy: dict[str, Any] | None,
) -> None:
    owner = resource.split(":")[4]
    names = [principal.arn, *([principal.role_arn] if principal.role_arn else [])]
    request = naive.Request(
        principal.account, names, action, resource, owner, context, identity, boundary, session, resource_policy
    )
    owned = PolicySet(
        tuple(parse(json.dumps(one)) for one in identity),
        boundary=compiled(boundary),
        session=tuple(filter(None, [compiled(session)])),
    )
    question = Question(principal, action, resource, context)
    decision = evaluate(question, owned, compiled(resource_policy, "resource"), resource_account=owner)
    ours = "allow" if decision.allowed else "explicit" if decision.explicit else "implicit"
    assert ours == naive.decide(request)
