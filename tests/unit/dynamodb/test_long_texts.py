"""Texts that requests bring to be read: what is remembered of them, and who waits meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.expressions.condition import holds
from atoll.services.dynamodb.expressions.kept import FEW, MANY, SHORT, Kept
from atoll.services.dynamodb.expressions.nodes import Function, Literal, Path
from atoll.services.dynamodb.partiql.execute_transaction import execute_transaction
from atoll.services.dynamodb.partiql.parser import outcome, parse
from atoll.services.dynamodb.partiql.permissions import statement_access


def test_many_short_texts_are_kept_and_few_long_ones() -> None:
    read: list[str] = []
    kept = Kept(read.append)
    short, long = [f"{n}" for n in range(MANY)], [f"{n}".ljust(SHORT + 1) for n in range(FEW)]
    for text in (*short, *long, *short, *long):
        kept(text)
    assert read == [*short, *long]
    kept("one more".ljust(SHORT + 1))
    kept(short[0])
    kept(long[0])
    assert read[len(short) + len(long) :] == ["one more".ljust(SHORT + 1), long[0]]


def test_what_is_wrong_with_a_statement_is_found_out_once() -> None:
    outcome.cache_clear()
    for _ in range(2):
        with pytest.raises(ValidationFailed, match="Expected FROM after DELETE"):
            parse("DELETE abc")
    assert outcome("DELETE abc") is outcome("DELETE abc")


def statements(count: int) -> Any:
    return [{"Statement": f"INSERT INTO abc VALUE {{'pk': '{n}', 'l': [{'1,' * 2000}1]}}"} for n in range(count)]


def test_others_have_their_turn_while_many_statements_are_judged_and_bound() -> None:
    async def turns(work: Any) -> int:
        task, count = asyncio.ensure_future(work), 0
        while not task.done():
            await asyncio.sleep(0)
            count += 1
        error = task.exception()
        assert error is None or isinstance(error, AttributeError)  # there is no context
        return count

    insert = next(one for one in statement_access(lambda request: request) if one.action == "dynamodb:PartiQLInsert")
    assert insert.each is not None
    assert asyncio.run(turns(insert.each(statements(20)))) >= 20
    nothing: Any = None
    assert asyncio.run(turns(execute_transaction(nothing, {"TransactStatements": statements(20)}))) >= 20


@pytest.mark.parametrize(
    ("part", "there"),
    [
        ({"N": "1"}, True), ({"N": "2"}, False), ({"S": "1"}, False), ({"BOOL": True}, True), ({"BOOL": False}, False),
        ({"NULL": True}, True), ({"B": b"x"}, True), ({"S": "a"}, True), ({"SS": ["b", "a"]}, True), ({"SS": ["a"]}, False),
        ({"L": [{"S": "x"}]}, True), ({"M": {"k": {"SS": ["2", "1"]}}}, True), ({"M": {}}, False),
    ],
)  # fmt: skip
def test_what_a_list_contains(part: dict[str, Any], there: bool) -> None:
    item = {
        "l": {"L": [
            {"N": "1"}, {"BOOL": True}, {"NULL": True}, {"B": b"x"}, {"S": "a"}, {"SS": ["a", "b"]}, {"L": [{"S": "x"}]},
            {"M": {"k": {"SS": ["1", "2"]}}},
        ]}
    }  # fmt: skip
    ((kind, content),) = part.items()
    assert holds(Function("contains", (Path(("l",)), Literal(kind, content))), item) is there
