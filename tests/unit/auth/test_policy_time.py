"""Deciding takes time linear in the size of the policy, whatever its wildcards: four times the policy takes about four times as long.

A policy has at most 10 KB and a request's texts are short; here both are larger, so that anything quadratic would show.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from atoll.auth.policy.evaluate import PolicySet, Question, evaluate
from atoll.auth.policy.parse import parse
from atoll.kernel.context import Principal

ACCOUNT = "123456789012"
USER = Principal("user", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/u", "AIDA")
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/" + "a" * 20_000
LONG = "a" * 20_000
RATIO = 8.0
"""Between 4, which is linear, and 16, which is quadratic."""


def allow(**members: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*", **members}


def in_resource(pattern: str) -> list[dict[str, Any]]:
    return [allow(Resource=f"arn:aws:dynamodb:*:*:table/{pattern}")]


def like(pattern: str | list[str]) -> list[dict[str, Any]]:
    return [allow(Condition={"StringLike": {"test:long": pattern}})]


HOSTILE: dict[str, Callable[[int], list[dict[str, Any]]]] = {
    "stars between letters": lambda n: in_resource("*a" * n + "b"),
    "stars and holes": lambda n: in_resource("?*" * n + "b"),
    "holes between letters": lambda n: in_resource("*" + "?a" * n + "b*"),
    "one long piece": lambda n: in_resource("*" + "a" * n + "b*"),
    "stars alone": lambda n: in_resource("*" * n + "b"),
    "stars in an action": lambda n: [allow(Action="dynamodb:" + "*e" * n + "x")],
    "stars in a condition": lambda n: like("*a?" * n + "b"),
    "thousands of statements": lambda n: [allow(Resource=f"arn:aws:dynamodb:*:*:table/*{i}") for i in range(n)],
    "a list of NotActions": lambda n: [
        {"Effect": "Allow", "Resource": "*", "NotAction": [f"s3:*a*{i}" for i in range(n)]}
    ],
    "a hundred statements with stars everywhere": lambda n: [
        {
            "Effect": "Deny",
            "NotAction": ["dynamodb:" + "*t" * (n // 100), "s3:" + "*?" * (n // 100)],
            "NotResource": "arn:aws:dynamodb:*:*:table/" + "*a" * (n // 100),
            "Condition": {"StringLike": {"test:long": "*${test:x}b" * (n // 100)}},
        }
        for _ in range(100)
    ],
    "statements with conditions": lambda n: like("b") * n,
    "thousands of values": lambda n: like([f"*b{i}" for i in range(n)]),
    "thousands of exact values": lambda n: [
        allow(Condition={"StringEquals": {"test:long": [f"b{i}" for i in range(n)]}})
    ],
    "thousands of resources": lambda n: [allow(Resource=[f"arn:aws:dynamodb:*:*:table/b*{i}" for i in range(n)])],
    "thousands of keys": lambda n: [allow(Condition={"StringNotLike": {f"test:{i}": "*b*" for i in range(n)}})],
    "variables with long values": lambda n: like("*b${test:long}" * (n // 10)),
    "variables without an end": lambda n: like("${" * n),
    "variables and stars in a resource": lambda n: in_resource("${test:x}*" * n + "b"),
    "an ARN of colons": lambda n: [allow(Condition={"ArnLike": {"test:arn": "arn:aws:s3:::" + ":*" * n + "b"}})],
}
CONTEXT = {"test:long": [LONG], "test:x": ["a"], "test:arn": [f"arn:aws:s3:::{LONG}"]}
SIZES = {
    "thousands of statements": 2000,
    "thousands of resources": 2000,
    "one long piece": 4000,
    "holes between letters": 4000,
}


def seconds(statements: list[dict[str, Any]], rounds: int = 5) -> float:
    """The least CPU time of some rounds: to compile the policy and to decide by it, anew each time."""
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    question = Question(USER, "dynamodb:GetItem", TABLE, CONTEXT)
    times = []
    gc.disable()  # its work grows with everything that this process holds
    for _ in range(rounds):
        began = time.process_time()
        decision = evaluate(question, PolicySet((parse(text),)), None, resource_account=ACCOUNT)
        times.append(time.process_time() - began)
        assert not decision.explicit
    gc.enable()
    return min(times)


@pytest.mark.parametrize("kind", HOSTILE)
def test_four_times_the_policy_takes_about_four_times_as_long(kind: str) -> None:
    size = SIZES.get(kind, 1000)
    small, large = seconds(HOSTILE[kind](size)), seconds(HOSTILE[kind](4 * size))
    assert large < RATIO * max(small, 0.001)


@pytest.mark.parametrize("kind", HOSTILE)
def test_nothing_ends_in_a_recursion_error(kind: str) -> None:
    seconds(HOSTILE[kind](10_000), rounds=1)
