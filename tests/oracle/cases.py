"""Policies and requests drawn at random, alike in every run, to be decided by two engines. Plain JSON values; no engine is used here."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

HERE, THERE = "111122223333", "444455556666"
USER = f"arn:aws:iam::{HERE}:user/team/bob"
ROLE = f"arn:aws:iam::{HERE}:role/app/r"
SESSION = f"arn:aws:sts::{HERE}:assumed-role/r/s"
SERVICE = "lambda.amazonaws.com"
ACTIONS = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
ACTION_PATTERNS = [
    *ACTIONS,
    "*",
    "dynamodb:*",
    "DYNAMODB:get*",
    "dynamodb:?utItem",
    "dynamodb:*Item",
    "s3:*",
    "dynamodb:**Put**",
]
CONTEXT: dict[str, list[str | list[str]]] = {
    "aws:UserAgent": ["red", "Red", "green", "re*"],
    "dynamodb:Attributes": [["red", "green"], ["red"], ["blue", "Red"], ["green", "black"]],
    "aws:MultiFactorAuthAge": ["1", "2.0", "10", "-3"],
    "aws:CalledVia": [["1", "2"], ["10"], ["3", "10"]],
    "aws:CurrentTime": ["2026-01-01T00:00:00Z", "2026-06-15T12:30:00Z", "2025-12-31"],
    "aws:SecureTransport": ["true", "false"],
    "aws:PrincipalTag/bytes": ["QmluYXJ5", "b3RoZXI="],
    "aws:SourceIp": ["10.1.2.3", "192.168.0.7", "2001:db8::1"],
    "aws:SourceArn": [ROLE, f"arn:aws:sns:us-east-1:{HERE}:topic", "arn:aws:s3:::bucket/a/b", f"arn:aws:iam::{THERE}:role/r"],
    "aws:PrincipalTag/team": ["red", "green"],
}  # fmt: skip
STRINGS = [
    "red",
    "Red",
    "green",
    "blue",
    "re*",
    "r?d",
    "*",
    "${aws:UserAgent}",
    "${aws:PrincipalTag/team}",
    "${aws:Referer, 'red'}",
    "x${*}",
]
ARNS = [
    ROLE, "arn:aws:iam::*:role/*", f"arn:aws:*:*:{HERE}:*", "arn:aws:s3:::bucket/*", "arn:aws:sns:*:*:top?c", "arn:*:iam::*:role/r",
    f"arn:aws:iam::{THERE}:role/r",
]  # fmt: skip
Operator = tuple[list[str], list[str], list[str]]
OPERATORS: list[Operator] = [
    (
        ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"],
        ["aws:UserAgent", "AWS:useragent", "dynamodb:Attributes", "aws:Referer", "aws:PrincipalTag/team"],
        STRINGS,
    ),
    (
        ["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"],
        ["aws:MultiFactorAuthAge", "aws:CalledVia", "aws:Referer"],
        ["1", "2", "2.0", "10", "-3"],
    ),
    (
        ["DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"],
        ["aws:CurrentTime", "aws:Referer"],
        ["2026-01-01T00:00:00Z", "2026-06-15T12:30:00Z", "2026-03-01"],
    ),
    (["Bool"], ["aws:SecureTransport", "aws:Referer"], ["true", "false"]),
    (["BinaryEquals"], ["aws:PrincipalTag/bytes", "aws:Referer"], ["QmluYXJ5", "b3RoZXI="]),
    (["IpAddress", "NotIpAddress"], ["aws:SourceIp", "aws:Referer"], ["10.0.0.0/8", "10.1.2.3", "192.168.0.0/16", "2001:db8::/32"]),
    (["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"], ["aws:SourceArn", "aws:PrincipalArn", "aws:Referer"], ARNS),
]  # fmt: skip
RESOURCES = [
    "*", "arn:aws:dynamodb:us-east-1:*:table/*", f"arn:aws:dynamodb:us-east-1:{HERE}:table/red", "arn:aws:dynamodb:*:*:table/r?d",
    "arn:aws:dynamodb:*:*:table/${aws:UserAgent}", "arn:aws:dynamodb:*:*:table/${aws:Referer, 'red'}", "arn:aws:dynamodb:*",
    "arn:aws:dynamodb:us-east-1:*:table/*/index/*", "arn:aws:s3:::*",
]  # fmt: skip
TABLES = [
    f"arn:aws:dynamodb:us-east-1:{account}:table/{name}"
    for account in (HERE, THERE)
    for name in ("red", "green", "red/index/i")
]
NAMES = [
    HERE,
    f"arn:aws:iam::{HERE}:root",
    USER,
    ROLE,
    SESSION,
    THERE,
    f"arn:aws:iam::{HERE}:user/eve",
    f"arn:aws:iam::{THERE}:root",
]


def some(rnd: random.Random, values: list[str]) -> str | list[str]:
    return rnd.choice(values) if rnd.random() < 0.5 else rnd.sample(values, min(len(values), rnd.randint(1, 3)))


def condition(rnd: random.Random) -> dict[str, Any]:
    if rnd.random() < 0.1:
        return {"Null": {rnd.choice(list(CONTEXT)): rnd.choice(["true", "false"])}}
    operators, keys, values = rnd.choice(OPERATORS)
    key = rnd.choice(keys)
    many = key.lower() in ("dynamodb:attributes", "aws:calledvia")
    qualifier = rnd.choice(["ForAllValues:", "ForAnyValue:"]) if many else ""
    suffix = rnd.choice(["", "", "IfExists"])
    return {f"{qualifier}{rnd.choice(operators)}{suffix}": {key: some(rnd, values)}}


def statement(rnd: random.Random, *, principal: bool) -> dict[str, Any]:
    made: dict[str, Any] = {
        "Effect": rnd.choice(["Allow", "Allow", "Allow", "Deny"]),
        rnd.choice(["Action", "Action", "Action", "NotAction"]): some(rnd, ACTION_PATTERNS),
        rnd.choice(["Resource", "Resource", "Resource", "NotResource"]): some(rnd, RESOURCES),
    }
    for _ in range(rnd.choice([0, 0, 1, 1, 2])):
        made["Condition"] = made.get("Condition", {}) | condition(rnd)
    if principal:
        element = "NotPrincipal" if made["Effect"] == "Deny" and rnd.random() < 0.3 else "Principal"
        made[element] = rnd.choice(
            ["*", {"AWS": "*"}, {"AWS": some(rnd, NAMES)}, {"AWS": some(rnd, NAMES)}, {"Service": SERVICE}]
        )
        if element == "NotPrincipal":
            made[element] = {"AWS": some(rnd, NAMES)}
    return made


def policy(rnd: random.Random, *, principal: bool = False) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [statement(rnd, principal=principal) for _ in range(rnd.randint(1, 3))],
    }


def maybe(rnd: random.Random, chance: float, make: Callable[[], Any]) -> Any:
    return make() if rnd.random() < chance else None


def case(number: int) -> dict[str, Any]:
    """One request with all that applies to it."""
    rnd = random.Random(number)
    who = rnd.choice([USER, USER, SESSION, SESSION, SERVICE])
    resource = rnd.choice(TABLES)
    context = {key: rnd.choice(values) for key, values in CONTEXT.items() if rnd.random() < 0.6}
    own = who != SERVICE
    return {
        "principal": who,
        "action": rnd.choice(ACTIONS),
        "resource": resource,
        "account": resource.split(":")[4],
        "context": context,
        "identity": [policy(rnd) for _ in range(rnd.randint(0, 2))] if own else [],
        "boundary": maybe(rnd, 0.25 if own else 0, lambda: policy(rnd)),
        "session": maybe(rnd, 0.25 if who == SESSION else 0, lambda: policy(rnd)),
        "resource_policy": maybe(rnd, 0.5 if own else 1, lambda: policy(rnd, principal=True)),
    }
