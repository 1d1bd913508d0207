"""Pages of ExecuteStatement: Limit, 1 MB, NextToken and LastEvaluatedKey; and what is read of indexes."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import msgspec
import pytest


@pytest.fixture
def pages(dynamodb: Any) -> Callable[..., list[dict[str, Any]]]:
    """All answers to a statement, following NextToken."""

    def read(statement: str, **more: Any) -> list[dict[str, Any]]:
        answers = [dynamodb.execute_statement(Statement=statement, **more)]
        while token := answers[-1].get("NextToken"):
            answers.append(dynamodb.execute_statement(Statement=statement, NextToken=token, **more))
        return answers

    return read


def put(dynamodb: Any, *items: dict[str, Any], table: str = "t-1") -> None:
    for at in range(0, len(items), 25):
        dynamodb.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": one}} for one in items[at : at + 25]]})


def numbers(answers: list[dict[str, Any]]) -> list[list[int]]:
    return [[int(one["sk"]["N"]) for one in answer["Items"]] for answer in answers]


def test_a_page_ends_at_the_limit_and_counts_what_was_looked_at(dynamodb: Any, make_table: Any, pages: Any) -> None:
    make_table("t-1", "pk", sort=("sk", "N"))
    put(dynamodb, *({"pk": {"S": pk}, "sk": {"N": str(at)}} for pk in "ab" for at in range(5)))
    statement = "SELECT sk FROM \"t-1\" WHERE pk = 'a'"
    answers = pages(statement, Limit=2)
    assert numbers(answers) == [[0, 1], [2, 3], [4]]
    assert answers[0]["LastEvaluatedKey"] == {"pk": {"S": "a"}, "sk": {"N": "1"}}
    assert "LastEvaluatedKey" not in answers[-1]
    assert numbers(pages(statement + " ORDER BY sk DESC", Limit=3)) == [[4, 3, 2], [1, 0]]
    assert numbers(pages(statement + " AND (sk = 1 OR sk > 2)", Limit=2)) == [[1, 3], [4]]
    assert numbers(pages("SELECT sk FROM \"t-1\" WHERE pk IN ['a', 'none', 'b'] AND sk < 3", Limit=2)) == [
        [0, 1], [2, 0], [1, 2], [],
    ]  # fmt: skip
    scanned = pages('SELECT sk FROM "t-1" WHERE sk > 3', Limit=4)
    assert len(scanned) == 3
    assert sorted(at for page in numbers(scanned) for at in page) == [4, 4]


def test_a_page_ends_at_one_megabyte(dynamodb: Any, make_table: Any, pages: Any) -> None:
    make_table("t-1", "pk", sort=("sk", "N"))
    for pk in "ab":
        put(dynamodb, *({"pk": {"S": pk}, "sk": {"N": str(at)}, "x": {"S": "x" * 99_000}} for at in range(8)))
    one = pages("SELECT sk FROM \"t-1\" WHERE pk IN ['a', 'b']", ReturnConsumedCapacity="TOTAL")
    assert [len(answer["Items"]) for answer in one] == [11, 5]
    assert one[0]["LastEvaluatedKey"] == {"pk": {"S": "b"}, "sk": {"N": "2"}}
    assert one[0]["ConsumedCapacity"]["CapacityUnits"] == pytest.approx(11 * 99_000 / 8192, abs=1)
    scan = pages('SELECT sk FROM "t-1"')
    assert [len(answer["Items"]) for answer in scan] == [11, 5]


def test_a_token_is_of_its_statement(dynamodb: Any, make_table: Any, aws_error: Any) -> None:
    make_table("t-1", "pk", sort=("sk", "N"))
    put(dynamodb, *({"pk": {"S": "a"}, "sk": {"N": str(at)}} for at in range(3)))
    statement = 'SELECT * FROM "t-1" WHERE pk = ?'
    given = {"Parameters": [{"S": "a"}]}
    token = dynamodb.execute_statement(Statement=statement, **given, Limit=1)["NextToken"]

    def error(statement: str, token: str, **more: Any) -> Any:
        return aws_error(lambda: dynamodb.execute_statement(Statement=statement, NextToken=token, **more))

    mismatch = ("ValidationException", "NextToken does not match request", 400)
    assert error("SELECT sk FROM \"t-1\" WHERE pk = 'a'", token) == mismatch
    assert error(statement, token, Parameters=[{"S": "b"}]) == mismatch
    invalid = ("ValidationException", "Invalid NextToken", 400)
    assert error(statement, "garbage", **given) == invalid
    assert error(statement, token[:-8], **given) == invalid
    digest, at, last = msgspec.msgpack.decode(base64.b64decode(token))
    for forged in (
        [digest, 7, last], [digest, -1, last], [digest, at, {}], [digest, at, {"pk": {"S": "a"}, "sk": {"N": "x"}}],
        [digest, at, {"pk": {"S": "a"}, "sk": {"S": "1"}}], [digest, at, {"pk": {"S": b"a"}, "sk": {"N": "1"}}],
        [digest, at, {"pk": {"S": ""}, "sk": {"N": "1"}}],
    ):  # fmt: skip
        tampered = base64.b64encode(msgspec.msgpack.encode(forged)).decode()
        assert error(statement, tampered, **given)[::2] == ("ValidationException", 400)
    # A key of another partition leads out of what is read, never into it.
    other = base64.b64encode(msgspec.msgpack.encode([digest, at, {"pk": {"S": "zz"}, "sk": {"N": "1"}}])).decode()
    answer = dynamodb.execute_statement(Statement=statement, NextToken=other, **given)
    assert all(one["pk"] == {"S": "a"} for one in answer["Items"])


@pytest.fixture
def indexed(dynamodb: Any, make_table: Any) -> None:
    """A table with indexes of every projection, and items of which one is in none of them."""
    make_table(
        "t-1", "pk", sort=("sk", "S"),
        also=[{"AttributeName": name, "AttributeType": "S"} for name in ("g", "l")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": name,
                "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": kind, **({"NonKeyAttributes": ["p"]} if kind == "INCLUDE" else {})},
            }
            for name, kind in (("gsi-all", "ALL"), ("gsi-keys", "KEYS_ONLY"), ("gsi-inc", "INCLUDE"))
        ],
        LocalSecondaryIndexes=[
            {
                "IndexName": "lsi-keys",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "l", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )  # fmt: skip
    rows = [("s1", "x", "l1"), ("s2", "y", "l2"), ("s3", "", ""), ("s4", "x", "l4")]
    for sk, g, local in rows:
        item = {"pk": "p", "sk": sk, "p": f"p-{sk}", "np": f"np-{sk}", **({"g": g, "l": local} if g else {})}
        dynamodb.put_item(TableName="t-1", Item={name: {"S": value} for name, value in item.items()})


@pytest.mark.usefixtures("indexed")
class TestIndexes:
    @pytest.fixture
    def select(self, dynamodb: Any) -> Callable[..., Any]:
        """select("sk", "gsi-all", "g = 'x'") gives items and capacity."""

        def read(what: str, index: str, where: str = "", **more: Any) -> Any:
            condition = f" WHERE {where}" if where else ""
            statement = f'SELECT {what} FROM "t-1"."{index}"{condition}'
            answer = dynamodb.execute_statement(Statement=statement, ReturnConsumedCapacity="INDEXES", **more)
            return answer["Items"], answer["ConsumedCapacity"]

        return read

    @pytest.fixture
    def refused(self, select: Any, aws_error: Any) -> Callable[..., str]:
        def message(*arguments: str, **more: Any) -> str:
            code, text, _ = aws_error(lambda: select(*arguments, **more))
            assert code == "ValidationException"
            return text  # type: ignore[no-any-return]

        return message

    def test_an_index_holds_what_has_its_key(self, select: Any) -> None:
        items, capacity = select("pk, sk", "gsi-all", "g = 'x'")
        assert [one["sk"]["S"] for one in items] == ["s1", "s4"]
        assert capacity["Table"]["CapacityUnits"] == 0
        assert capacity["GlobalSecondaryIndexes"]["gsi-all"]["CapacityUnits"] == 0.5
        assert len(select("*", "gsi-all")[0]) == 3

    def test_star_is_what_the_index_has(self, select: Any) -> None:
        assert sorted(select("*", "gsi-keys", "g = 'y'")[0][0]) == ["g", "pk", "sk"]
        assert sorted(select("*", "gsi-inc", "g = 'y'")[0][0]) == ["g", "p", "pk", "sk"]
        items, capacity = select("*", "lsi-keys", "pk = 'p'")
        assert sorted(items[0]) == ["l", "pk", "sk"]
        assert capacity["Table"]["CapacityUnits"] == 0

    def test_a_local_index_fetches_what_it_lacks(self, select: Any) -> None:
        items, capacity = select("np", "lsi-keys", "pk = 'p'")
        assert [one["np"]["S"] for one in items] == ["np-s1", "np-s2", "np-s4"]
        assert capacity["Table"]["CapacityUnits"] == 1.5
        _, strong = select("np", "lsi-keys", "pk = 'p'", ConsistentRead=True)
        assert strong["Table"]["CapacityUnits"] == 3.0
        assert strong["LocalSecondaryIndexes"]["lsi-keys"]["CapacityUnits"] == 1.0

    def test_a_global_index_cannot(self, refused: Any) -> None:
        lacks = "One or more parameter values were invalid: Global secondary index gsi-inc does not project [np, other]"
        assert refused("np, other, p", "gsi-inc", "g = 'y'") == lacks
        assert refused("np, other, p", "gsi-inc") == lacks

    def test_filters_on_what_the_index_lacks(self, select: Any, refused: Any) -> None:
        lacks = "One or more parameter values were invalid: Secondary index {} does not project one or more filter attributes: [np]"
        for condition in ("np = 'x'", "np IS MISSING", "NOT np = 'x'", "begins_with(np, 'n')", "(np = 'x' OR p = 'y')"):
            assert refused("pk", "gsi-inc", f"g = 'y' AND {condition}") == lacks.format("gsi-inc")
        assert refused("pk", "lsi-keys", "pk = 'p' AND np = 'x'") == lacks.format("lsi-keys")
        assert refused("pk", "lsi-keys", "pk = 'p' AND l BETWEEN 'k1' AND 'k4' AND np = 'x'") == lacks.format(
            "lsi-keys"
        )
        assert refused("pk", "gsi-inc", "g IN ['y', 'z'] AND np = 'x'") == lacks.format("gsi-inc")
        assert select("pk", "gsi-inc", "np = 'np-s1'")[0] == []
        assert select("pk", "lsi-keys", "np = 'np-s1'")[0] == []
        assert len(select("pk", "gsi-keys", "NOT np = 'np-s1'")[0]) == 3
        assert [one["sk"]["S"] for one in select("sk", "gsi-inc", "(g = 'x' AND np = 'np-s1') OR (g = 'y')")[0]] == [
            "s2"
        ]
        assert len(select("pk", "gsi-inc", "g = 'x' AND p IS NOT MISSING")[0]) == 2

    def test_what_is_no_index(self, refused: Any) -> None:
        assert refused("*", "none", "pk = 'p'") == "The table does not have the specified index"
        assert refused("*", "", "pk = 'p'") == "Path component cannot be an empty string"
        assert (
            refused("*", 'gsi-all"."extra', "pk = 'p'") == "A path may contain at most 2 components in the FROM clause"
        )
        assert (
            refused("*", "gsi-all", "g = 'x'", ConsistentRead=True)
            == "Strongly consistent read is not supported on Global Secondary Indexes"
        )

    def test_pages_of_an_index(self, pages: Any) -> None:
        answers = pages('SELECT sk FROM "t-1"."gsi-all" WHERE g = \'x\'', Limit=1)
        assert [one["sk"]["S"] for answer in answers for one in answer["Items"]] == ["s1", "s4"]
        assert answers[0]["LastEvaluatedKey"] == {"pk": {"S": "p"}, "sk": {"S": "s1"}, "g": {"S": "x"}}
