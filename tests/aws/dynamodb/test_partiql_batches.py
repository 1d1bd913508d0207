"""BatchExecuteStatement and ExecuteTransaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

RETURNED = (
    "Invalid returning clause: RETURNING MODIFIED OLD *. Only RETURNING ALL OLD * is allowed in DELETE statements."
)
MISMATCH = "The provided key element does not match the schema"


def parts(statements: tuple[str | dict[str, Any], ...]) -> list[dict[str, Any]]:
    return [one if isinstance(one, dict) else {"Statement": one} for one in statements]


def select(pk: str, sk: str = "1") -> str:
    return f"SELECT * FROM \"t-1\" WHERE pk = '{pk}' AND sk = '{sk}'"


def update(pk: str, change: str = "SET a = 1", sk: str = "1") -> str:
    return f"UPDATE \"t-1\" {change} WHERE pk = '{pk}' AND sk = '{sk}'"


class TestBatch:
    @pytest.fixture
    def batch(self, dynamodb: Any) -> Callable[..., list[Any]]:
        """The responses to a batch of statements."""

        def run(*statements: str | dict[str, Any], **more: Any) -> list[Any]:
            answer = dynamodb.batch_execute_statement(Statements=parts(statements), **more)
            return answer["Responses"]  # type: ignore[no-any-return]

        return run

    def test_reads(self, batch: Any, item: Any) -> None:
        item("a", n={"N": "1"})
        key = {"pk": {"S": "a"}, "sk": {"S": "1"}}
        assert batch(
            select("a"),
            {"Statement": "SELECT n FROM \"t-1\" WHERE pk IN [?] AND sk = '2'", "Parameters": [{"S": "a"}]},
        ) == [{"TableName": "t-1", "Item": {**key, "n": {"N": "1"}}}, {"TableName": "t-1"}]

    def test_writes(self, batch: Any, item: Any) -> None:
        item("b", n={"N": "1"})
        item("c", n={"N": "1"})
        assert batch(
            "INSERT INTO \"t-1\" VALUE {'pk': 'a', 'sk': '1', 'n': 1}",
            update("b", "SET n = n + 1") + " RETURNING MODIFIED NEW *",
            "DELETE FROM \"t-1\" WHERE pk = 'c' AND sk = '1' RETURNING ALL OLD *",
            update("b", "REMOVE n", sk="2"),
        ) == [
            {"TableName": "t-1"},
            {"TableName": "t-1", "Item": {"n": {"N": "2"}}},
            {"TableName": "t-1", "Item": {"pk": {"S": "c"}, "sk": {"S": "1"}, "n": {"N": "1"}}},
            {
                "TableName": "t-1",
                "Error": {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"},
            },
        ]
        assert (item("a"), item("b"), item("c")) == ({"n": {"N": "1"}}, {"n": {"N": "2"}}, {})

    def test_each_statement_has_its_error(self, batch: Any, item: Any) -> None:
        item("a", n={"N": "1"})
        failing = update("a") + " AND n = 7"
        responses = batch(
            "SLECT * FROM \"t-1\" WHERE pk = 'a'",
            "INSERT INTO \"t-1\" VALUE {'pk': 'a', 'sk': '1'}",
            {"Statement": failing.replace("'1'", "'2'"), "ReturnValuesOnConditionCheckFailure": "ALL_OLD"},
            "UPDATE \"none\" SET a = 1 WHERE pk = 'a'",
            "DELETE FROM \"t-1\" WHERE pk = 'x'",
            "DELETE FROM \"t-1\" WHERE pk = 'x' RETURNING MODIFIED OLD *",
            "EXISTS(SELECT * FROM \"t-1\" WHERE pk = 'x' AND sk = '1' AND n = 1)",
            {"Statement": update("z", "SET a = ?"), "Parameters": [{"SS": []}]},
            update("ok", "SET a = 1 REMOVE b"),
        )
        assert [(one.get("TableName"), one["Error"]["Code"], one["Error"]["Message"]) for one in responses] == [
            (None, "ValidationError", "Statement wasn't well formed, can't be processed: Expected data manipulation"),
            ("t-1", "DuplicateItem", "Duplicate primary key exists in table"),
            ("t-1", "ConditionalCheckFailed", "The conditional request failed"),
            (None, "ResourceNotFound", "Requested resource not found"),
            (None, "ValidationError", "Where clause does not contain a mandatory equality on all key attributes"),
            (None, "ValidationError", RETURNED),
            (None, "ValidationError", "EXISTS can only be used in ExecuteTransaction write requests."),
            (None, "ValidationError", "One or more parameter values were invalid: An string set  may not be empty"),
            ("t-1", "ConditionalCheckFailed", "The conditional request failed"),
        ]  # fmt: skip

    def test_the_item_of_a_failed_condition(self, batch: Any, item: Any) -> None:
        item("a", n={"N": "1"})
        (failed,) = batch({"Statement": update("a") + " AND n = 7", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"})
        assert failed["Error"]["Item"]["n"] == {"N": "1"}
        assert "Item" not in failed

    def test_reads_are_of_one_item(self, batch: Any, item: Any) -> None:
        item("a", n={"N": "1"})
        wrong = "Select statements within BatchExecuteStatement must specify the primary key in the where clause."
        for condition in (
            "pk = 'a'", "n = 1", "pk = 'a' AND sk = '1' AND n = 1", "pk='a' AND sk='1' AND pk='b'",
            "attribute_exists(n)", "pk = 'a' AND sk > '0'",
        ):  # fmt: skip
            bad, good = batch(f'SELECT * FROM "t-1" WHERE {condition}', select("a"))
            assert bad == {"Error": {"Code": "ValidationError", "Message": wrong}}
            assert good["Item"]["n"] == {"N": "1"}

    def test_what_does_not_go_together(self, dynamodb: Any, table: str, aws_error: Any) -> None:
        def refused(*statements: str) -> Any:
            return aws_error(lambda: dynamodb.batch_execute_statement(Statements=parts(statements)))

        assert refused(select("a"), update("b")) == (
            "ValidationException",
            "Read and write requests together in the same batch is not supported.",
            400,
        )
        twice = ("ValidationException", "Provided list of item keys contains duplicates", 400)
        assert refused(select("a"), select("a")) == twice
        assert refused("INSERT INTO \"t-1\" VALUE {'pk': 'a', 'sk': '1'}", update("a")) == twice
        assert refused(*[select(str(at)) for at in range(26)])[0] == "ValidationException"

    def test_capacity(self, dynamodb: Any, item: Any) -> None:
        item("a", n={"N": "1"})
        answer = dynamodb.batch_execute_statement(
            Statements=[{"Statement": select("a"), "ConsistentRead": True}, {"Statement": select("b")}],
            ReturnConsumedCapacity="TOTAL",
        )
        assert answer["ConsumedCapacity"] == [{"TableName": "t-1", "CapacityUnits": 1.5}]


class TestTransaction:
    @pytest.fixture
    def transact(self, dynamodb: Any) -> Callable[..., Any]:
        def run(*statements: str | dict[str, Any], **more: Any) -> Any:
            return dynamodb.execute_transaction(TransactStatements=parts(statements), **more)

        return run

    @pytest.fixture
    def cancelled(self, dynamodb: Any, transact: Any) -> Callable[..., list[Any]]:
        """The reasons for which a transaction was cancelled."""

        def reasons(*statements: str | dict[str, Any]) -> list[Any]:
            with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as error:
                transact(*statements)
            found: list[Any] = error.value.response["CancellationReasons"]
            codes = ", ".join(reason["Code"] for reason in found)
            message = "Transaction cancelled, please refer cancellation reasons for specific reasons"
            assert error.value.response["Error"]["Message"] == f"{message} [{codes}]"
            return [(reason["Code"], reason.get("Message")) for reason in found]

        return reasons

    @pytest.fixture
    def refused(self, transact: Any, aws_error: Any) -> Callable[..., str]:
        def message(*statements: str | dict[str, Any]) -> str:
            code, text, status = aws_error(lambda: transact(*statements))
            assert (code, status) == ("ValidationException", 400), (code, text)
            return text  # type: ignore[no-any-return]

        return message

    def test_writes(self, transact: Any, item: Any) -> None:
        item("b", n={"N": "1"})
        item("c", n={"N": "1"})
        answer = transact(
            "INSERT INTO \"t-1\" VALUE {'pk': 'a', 'sk': '1', 'n': 1}",
            {"Statement": update("b", "SET n = ?"), "Parameters": [{"N": "2"}]},
            "DELETE FROM \"t-1\" WHERE pk = 'c' AND sk = '1'",
            ReturnConsumedCapacity="TOTAL",
        )
        assert answer["Responses"] == []
        assert answer["ConsumedCapacity"] == [{"TableName": "t-1", "CapacityUnits": 6.0, "WriteCapacityUnits": 6.0}]
        assert (item("a"), item("b"), item("c")) == ({"n": {"N": "1"}}, {"n": {"N": "2"}}, {})

    def test_reads(self, transact: Any, item: Any) -> None:
        item("a", n={"N": "1"})
        assert transact(select("a"), "SELECT n FROM \"t-1\" WHERE sk IN ['1'] AND (pk = 'none')")["Responses"] == [
            {"Item": {"pk": {"S": "a"}, "sk": {"S": "1"}, "n": {"N": "1"}}},
            {},
        ]

    def test_all_or_none(self, cancelled: Any, item: Any) -> None:
        item("a", n={"N": "1"})
        assert cancelled(
            "INSERT INTO \"t-1\" VALUE {'pk': 'new', 'sk': '1'}",
            "INSERT INTO \"t-1\" VALUE {'pk': 'a', 'sk': '1'}",
            update("none"),
        ) == [
            ("None", None),
            ("DuplicateItem", "Duplicate primary key exists in table"),
            ("ConditionalCheckFailed", "The conditional request failed"),
        ]
        assert item("new") == {}

    def test_exists(self, transact: Any, cancelled: Any, refused: Any, item: Any) -> None:
        item("a", n={"N": "1"})
        item("b", n={"N": "1"})
        check = "EXISTS(SELECT * FROM \"t-1\" WHERE (pk = 'a' AND sk = '1') AND Awards IS MISSING)"
        transact(check, update("b", "SET done = 1"))
        assert item("b")["done"] == {"N": "1"}
        transact(update("a", "SET Awards = 1"))
        assert cancelled(check, update("b", "SET done = 2")) == [
            ("ConditionalCheckFailed", "The conditional request failed"),
            ("None", None),
        ]
        bare = "Validation failed in TransactStatements[0]: EXISTS() must contain a single item read with additional condition"
        for condition in ("pk = 'a' AND sk = '1'", "pk IN ['a'] AND sk = '1' AND n = 1", "pk = 'a' AND n = 1"):
            assert refused(f'EXISTS(SELECT * FROM "t-1" WHERE {condition})', update("b")) == bare
        assert cancelled("EXISTS(SELECT * FROM \"t-1\" WHERE pk='a' AND sk='1' AND pk='b' AND n = 1)", update("b")) == [
            ("ConditionalCheckFailed", "The conditional request failed"),
            ("None", None),
        ]

    def test_a_token_runs_it_once(self, transact: Any, region: Any, item: Any, aws_error: Any) -> None:
        item("a", n={"N": "0"})
        statement = update("a", "SET n = n + 1")
        first = transact(statement, ClientRequestToken="token", ReturnConsumedCapacity="INDEXES")
        again = transact(statement, ClientRequestToken="token", ReturnConsumedCapacity="INDEXES")
        assert item("a") == {"n": {"N": "1"}}
        assert first["ConsumedCapacity"][0]["WriteCapacityUnits"] == 2.0
        assert again["ConsumedCapacity"][0]["ReadCapacityUnits"] == 2.0
        assert aws_error(lambda: transact(update("a"), ClientRequestToken="token"))[0] == (
            "IdempotentParameterMismatchException"
        )

    def test_what_is_no_transaction(self, refused: Any, item: Any) -> None:
        item("a", n={"N": "1"})
        at = "Validation failed in TransactStatements[{}]: "
        assert refused(select("a"), update("b")) == (
            "ExecuteTransaction API does not support both read and write operations in the same request."
        )
        assert refused(select("a"), 'SELECT * FROM "t-1" WHERE') == (
            at.format(1) + "Statement wasn't well formed, can't be processed: Unexpected term"
        )
        assert refused(update("a") + " RETURNING ALL NEW *") == (
            at.format(0) + "RETURNING clause is not supported in ExecuteTransaction."
        )
        wrong = (
            at.format(0)
            + "Select statements within ExecuteTransaction must specify the primary key in the where clause."
        )
        for condition in (
            "pk='a' AND sk='1' AND n = 1",
            "pk='a' AND sk='1' AND pk='b'",
            "pk='a'",
            "attribute_exists(n)",
        ):
            assert refused(f'SELECT * FROM "t-1" WHERE {condition}') == wrong
        assert refused("SELECT * FROM \"t-1\" WHERE pk IN ['a', 'a'] AND sk = '1'") == (
            at.format(0) + "Overlapping conditions with range keys are not supported in where clause"
        )
        assert refused('SELECT * FROM "t-1"."i" WHERE g = \'x\'') == (
            at.format(0) + "Reads on indices are not supported within transactions."
        )
        twice = "Transaction request cannot include multiple operations on one item"
        assert refused(select("a"), "SELECT n FROM \"t-1\" WHERE sk='1' AND pk='a'") == twice
        assert refused(update("a"), "DELETE FROM \"t-1\" WHERE pk='a' AND sk='1'") == twice
        assert refused({"Statement": "x", "Parameters": [{"N": "abc"}]}) == (
            "The parameter cannot be converted to a numeric value: abc"
        )

    def test_what_cancels_it(self, cancelled: Any, refused: Any, item: Any) -> None:
        item("a", n={"N": "1"})
        missing = ("ResourceNotFound", "Requested resource not found")
        none = ("None", None)
        at_missing = "UPDATE \"none\" SET a = 1 WHERE pk='x'"
        assert cancelled(at_missing + " RETURNING ALL NEW *", update("a")) == [missing, none]
        assert cancelled(select("a"), 'SELECT * FROM "none"."i" WHERE pk=\'x\'') == [none, missing]
        assert refused(at_missing, update("a") + " RETURNING ALL NEW *").startswith(
            "Validation failed in TransactStatements[1]: "
        )
        keys = [
            "UPDATE \"t-1\" SET a=1 WHERE pk='a'",
            "UPDATE \"t-1\" SET a=1 WHERE pk IN ['a'] AND sk='1'",
            "UPDATE \"t-1\" SET a=1 WHERE pk='a' AND sk='1' AND pk='b'",
            "UPDATE \"t-1\" SET a=1 WHERE pk='a' AND sk=1",
        ]
        assert cancelled(*keys, update("a")) == [("ValidationError", MISMATCH)] * 4 + [none]
        assert cancelled("INSERT INTO \"t-1\" VALUE {'pk':'x'}", "DELETE FROM \"t-1\" WHERE sk='1'") == [
            ("ValidationError", "One or more parameter values were invalid: Missing the key sk in the item"),
            ("ValidationError", MISMATCH),
        ]
        assert cancelled(select("a"), "SELECT * FROM \"t-1\" WHERE pk='a' AND sk=1") == [
            none,
            ("ValidationError", MISMATCH),
        ]
        assert item("a") == {"n": {"N": "1"}}
