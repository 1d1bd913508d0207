"""Damaged statements against a region with data: each has an answer or AWS's error, whichever operation runs it; never a failure."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

WHOLE = [
    "SELECT a, b.c FROM \"t-1\".\"by-g\" WHERE g = 'x' AND (sk > 1 OR n IN [1, ?]) ORDER BY g DESC",
    "SELECT * FROM \"t-1\" WHERE pk IN ['x', 'y'] AND sk BETWEEN 1 AND 3 AND size(s) > 1",
    "SELECT * FROM \"t-1\" WHERE (pk = 'x' AND sk = 1) OR (pk = 'y' AND sk > 1 AND NOT attribute_exists(a.b[0]) = true)",
    "SELECT * FROM \"t-1\" WHERE contains(l, ?) OR n + 1 = 2 OR l[0] IS NOT NULL",
    "INSERT INTO \"t-1\" VALUE {'pk': ?, 'sk': 7, 'g': 'x', 'm': {'a': [1, <<'b'>>, null]}, 'n': -1.5e3}",
    "UPDATE \"t-1\" SET n = n + 1, l = list_append(l, [?]) REMOVE a.b[1] SET s = set_add(s, <<'q'>>) WHERE pk = 'x' AND sk = 1 "
    "RETURNING ALL NEW *",
    "FROM \"t-1\" WHERE pk = 'x' AND sk = 2 AND n <> 1 SET g = ?",
    "DELETE FROM \"t-1\" WHERE pk = 'x' AND sk = 3 AND NOT contains(s, 'b') RETURNING ALL OLD *",
    "EXISTS(SELECT * FROM \"t-1\" WHERE pk = 'x' AND sk = 1 AND a IS NOT MISSING)",
]  # fmt: skip
PARTS = [
    "'x'", "'1'", "1", "-1", "?", "pk", "sk", "g", "n", "l[0]", "a.b", "s", '"t-1"', '"by-g"', ".", ",", "(", ")", "[", "]", "{", "}",
    "<<", ">>", ":", "=", "<>", "<", ">=", "+", "-", "AND", "OR", "NOT", "IN", "BETWEEN", "IS", "MISSING", "NULL", "LIKE", "WHERE",
    "SET", "REMOVE", "RETURNING", "ORDER BY", "DESC", "*", "size(", "attribute_exists(", "set_delete(", "null", "true", "1e400",
    "''", "é", "",
]  # fmt: skip
VALUES: list[dict[str, Any]] = [
    {"S": "x"}, {"S": ""}, {"N": "1"}, {"BOOL": True}, {"NULL": True}, {"L": [{"N": "1"}]}, {"M": {"a": {"S": "b"}}},
    {"SS": ["q"]}, {"B": b"\x00"},
]  # fmt: skip


def damaged(chance: random.Random) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Statements of which some words were taken out, doubled or replaced, and parameters of any type."""
    while True:
        words = chance.choice(WHOLE).split(" ")
        for _ in range(chance.randrange(3)):
            at = chance.randrange(len(words))
            words[at : at + chance.randrange(3)] = [chance.choice(PARTS) for _ in range(chance.randrange(3))]
            words = words or ["?"]
        yield " ".join(words), [chance.choice(VALUES) for _ in range(4)]


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 20))])
def test_damaged_statements(dynamodb: Any, make_table: Callable[..., str], seed: int) -> None:
    make_table(
        "t-1", "pk", sort=("sk", "N"), also=[{"AttributeName": "g", "AttributeType": "S"}],
        GlobalSecondaryIndexes=[{
            "IndexName": "by-g",
            "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }],
    )  # fmt: skip
    for sk in range(4):
        dynamodb.put_item(
            TableName="t-1",
            Item={
                "pk": {"S": "x"}, "sk": {"N": str(sk)}, "g": {"S": "x"}, "n": {"N": "1"}, "s": {"SS": ["a", "b"]},
                "l": {"L": [{"S": "x"}]}, "a": {"M": {"b": {"L": [{"N": "1"}, {"N": "2"}]}}},
            },
        )  # fmt: skip
    chance = random.Random(seed)
    source = damaged(chance)
    ran = 0
    for _ in range(250):
        (one, values), (other, more) = next(source), next(source)
        parts = [{"Statement": one, "Parameters": values}, {"Statement": other, "Parameters": more}]
        for call in (
            lambda parts=parts: dynamodb.execute_statement(**parts[0], Limit=2),
            lambda parts=parts: dynamodb.batch_execute_statement(Statements=parts),
            lambda parts=parts: dynamodb.execute_transaction(TransactStatements=parts),
        ):
            status = status_of(call)
            assert status in (200, 400), parts
            ran += status == 200
    assert ran > 50


def status_of(call: Callable[[], dict[str, Any]]) -> int:
    """The HTTP status of an answer or error."""
    try:
        answer = call()
    except ClientError as error:
        answer = error.response  # type: ignore[assignment]
    return answer["ResponseMetadata"]["HTTPStatusCode"]  # type: ignore[no-any-return]
