"""ExecuteStatement: statements of every kind. Expectations are what AWS answered, as public conformance suites recorded it
(eu-west-2, 2026), unless said otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., dict[str, Any]]
Refused = Callable[..., str]
MALFORMED = "Statement wasn't well formed, can't be processed: "
PATH_WANTED = "Operator or function requires a document path; operator or function: "
WRONG_COUNT = "Incorrect number of operands for operator or function; operator or function: "
WRONG_TYPE = "Incorrect operand type for operator or function; operator or function: "
NO_TYPE = (
    "Unsupported data type for IS operator: INT4. Supported data types are "
    "[MISSING, NULL, BOOLEAN, BLOB, STRING, NUMERIC, STRUCT, TUPLE, LIST]"
)


@pytest.fixture
def run(dynamodb: Any) -> Run:
    """run("SELECT …", {"S": "x"}, Limit=1) executes a statement with these parameters."""

    def execute(statement: str, *parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
        if parameters:
            more["Parameters"] = list(parameters)
        return dynamodb.execute_statement(Statement=statement, **more)  # type: ignore[no-any-return]

    return execute


@pytest.fixture
def refused(run: Run, aws_error: Callable[..., Any]) -> Refused:
    """The message with which a statement is refused as invalid."""

    def message(statement: str, *parameters: dict[str, Any], **more: Any) -> str:
        code, text, status = aws_error(lambda: run(statement, *parameters, **more))
        assert (code, status) == ("ValidationException", 400), (code, text)
        return text  # type: ignore[no-any-return]

    return message


def sort_keys(answer: dict[str, Any]) -> list[str]:
    return [one["sk"]["S"] for one in answer["Items"]]


class TestInsert:
    def test_literals_of_all_types(self, run: Run, item: Any) -> None:
        answer = run(
            """INSERT INTO "t-1" VALUE {'pk': 'a', 'sk': '1', 'n': 1E3, 'm': {'x': 'v', 'y': [1, 'it''s', true, null]},
            'ns': <<1, 34, 4.50>>, 'ss': <<'b', 'c'>>, 'neg': - 1.5e-3, 'zero': -0, 'e': ''} -- done"""
        )
        assert answer["Items"] == []
        assert item("a") == {
            "n": {"N": "1000"},
            "m": {"M": {"x": {"S": "v"}, "y": {"L": [{"N": "1"}, {"S": "it's"}, {"BOOL": True}, {"NULL": True}]}}},
            "ns": {"NS": ["1", "4.5", "34"]},
            "ss": {"SS": ["b", "c"]},
            "neg": {"N": "-0.0015"},
            "zero": {"N": "0"},
            "e": {"S": ""},
        }

    def test_parameters(self, run: Run, item: Any) -> None:
        run("INSERT INTO \"t-1\" VALUE {'pk': ?, 'sk': '1', 'b': ?}", {"S": "a"}, {"B": b"\x01"})
        assert item("a") == {"b": {"B": b"\x01"}}

    def test_an_item_that_is_there_is_a_duplicate(self, run: Run, item: Any, aws_error: Any) -> None:
        item("a", n={"N": "1"})
        assert aws_error(lambda: run("INSERT INTO \"t-1\" VALUE {'pk': 'a', 'sk': '1'}")) == (
            "DuplicateItemException",
            "Duplicate primary key exists in table",
            400,
        )
        assert item("a") == {"n": {"N": "1"}}

    def test_what_is_no_item(self, refused: Refused, table: str) -> None:
        insert = 'INSERT INTO "t-1" VALUE '
        assert refused(insert + "{'pk': 'a'}") == "Key attribute should be present in the item: Key sk"
        assert (
            refused(insert + "{'pk': 1, 'sk': '1'}")
            == "Key attribute's data type should match its data type in table's schema: Key pk"
        )
        assert (
            refused(insert + "?", {"M": {}})
            == "Unsupported format in item expression. Please use struct format {...} to express item values for insert statement."
        )
        assert refused(insert + "{'pk': 'a', 'sk': '1', 's': <<>>}") == "Empty bags are not supported"
        assert (
            refused(insert + "{'pk': 'a', 'sk': '1', 's': <<1, 'a'>>}")
            == "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags"
        )
        assert (
            refused(insert + "{'pk': 'a', 'sk': '1', 's': <<'a', 'a'>>}")
            == "One or more parameter values were invalid: Input collection [a, a] contains duplicates."
        )
        nested = insert + "{'pk': 'a', 'sk': '1', 'm': {'k': ?}}"
        assert (
            refused(nested, {"S": "v"})
            == f"Unsupported data type: Parameter under key root.k at 1:{nested.index('?') + 1}:1"
        )
        call = insert + "{'pk': 'a', 'sk': '1', 's': set_add(<<'a'>>, <<'b'>>)}"
        assert refused(call) == f"Unsupported data type: set_add under key root at 1:{call.index('set_add') + 1}:7"
        assert refused("INSERT INTO \"t-1\" <<{'pk': 'a'}>>") == (
            "Unsupported operation: Inserting multiple items in a single statement is not supported, "
            'use "INSERT INTO tableName VALUE item" instead'
        )
        assert refused(insert + "{'pk': 'a', 'sk': '1'} RETURNING ALL OLD *") == "RETURNING is not supported in INSERT"

    def test_numbers_out_of_range_say_where(self, refused: Refused, table: str) -> None:
        large = "Number overflow. Attempting to store a number with magnitude larger than supported range"
        assert refused("INSERT INTO \"t-1\" VALUE {'pk': 1e126}") == f"{large} under root"
        assert refused("INSERT INTO \"t-1\" VALUE {'pk': 'a', 'm': {'x': 1e126}}") == f"{large} under root.x"
        assert refused("INSERT INTO \"t-1\" VALUE {'pk': 'a', 'l': [1, 1e126]}") == f"{large} under root[1]"
        assert (
            refused("UPDATE \"t-1\" SET a = 1e-131 WHERE pk = 'a' AND sk = '1'")
            == "Number underflow. Attempting to store a number with magnitude smaller than supported range under root"
        )
        assert (
            refused('SELECT * FROM "t-1" WHERE pk = 123456789012345678901234567890123456789')
            == "Attempting to store more than 38 significant digits in a Number under root"
        )

    def test_nesting(self, run: Run, refused: Refused, item: Any) -> None:
        insert = "INSERT INTO \"t-1\" VALUE {'pk': 'a', 'sk': '1', 'd': "
        assert refused(insert + "{'a':" * 32 + "1" + "}" * 33) == (
            "Nesting Levels have exceeded supported limits under root" + ".a" * 32
        )
        run(insert + "{'a':" * 31 + "1" + "}" * 32)
        assert item("a")


class TestUpdate:
    def test_set_remove_and_arithmetic(self, run: Run, item: Any) -> None:
        item("a", n={"N": "1"}, l={"L": [{"N": "1"}, {"S": "x"}]}, m={"M": {}}, ns={"NS": ["1"]}, ss={"SS": ["a"]})
        run(
            """UPDATE "t-1" SET n=n + 100 SET m.k=[2020, 'v', 2.4] SET l = LIST_APPEND(l, [4, <<'s'>>])
            SET ns = SET_ADD(ns, <<345>>), ss = set_delete(ss, <<'a'>>) WHERE (pk='a' AND sk='1')"""
        )
        run(
            "UPDATE \"t-1\" REMOVE l[1] REMOVE other SET fresh = set_add(fresh, ?) WHERE pk='a' AND sk='1'",
            {"BS": [b"1"]},
        )
        assert item("a") == {
            "n": {"N": "101"},
            "m": {"M": {"k": {"L": [{"N": "2020"}, {"S": "v"}, {"N": "2.4"}]}}},
            "l": {"L": [{"N": "1"}, {"N": "4"}, {"SS": ["s"]}]},
            "ns": {"NS": ["1", "345"]},
            "fresh": {"BS": [b"1"]},
        }
        run("UPDATE \"t-1\" SET n=n-1 WHERE pk='a' AND sk='1'")
        assert item("a")["n"] == {"N": "100"}

    def test_from_first(self, run: Run, item: Any) -> None:
        item("a", a={"N": "1"})
        answer = run(
            "from \"t-1\" where pk = ? and sk = '1' and a = 1 set c = 2 remove a RETURNING ALL NEW *", {"S": "a"}
        )
        assert answer["Items"] == [{"pk": {"S": "a"}, "sk": {"S": "1"}, "c": {"N": "2"}}]

    @pytest.mark.parametrize(
        ("change", "returning", "shown"),
        [
            ("SET a = 'new'", "ALL OLD", [{"pk": {"S": "a"}, "sk": {"S": "1"}, "a": {"S": "old"}, "l": {"L": [{"S": "x"}, {"S": "y"}]}}]),
            ("SET a = 'new'", "MODIFIED OLD", [{"a": {"S": "old"}}]),
            ("SET a = 'new'", "MODIFIED NEW", [{"a": {"S": "new"}}]),
            ("SET l[1] = 'z'", "MODIFIED NEW", [{"l": {"L": [{"S": "z"}]}}]),
            ("SET l[5] = 'z'", "MODIFIED NEW", []),
            ("REMOVE l[0]", "MODIFIED NEW", [{"l": {"L": [{"S": "y"}]}}]),
            ("REMOVE a", "MODIFIED NEW", []),
            ("SET other = 1", "MODIFIED OLD", []),
        ],
    )  # fmt: skip
    def test_returning(self, run: Run, item: Any, change: str, returning: str, shown: list[Any]) -> None:
        item("a", a={"S": "old"}, l={"L": [{"S": "x"}, {"S": "y"}]})
        assert run(f"UPDATE \"t-1\" {change} WHERE pk='a' AND sk='1' RETURNING {returning} *")["Items"] == shown

    def test_it_creates_nothing(self, run: Run, item: Any, aws_error: Any) -> None:
        for statement in (
            "UPDATE \"t-1\" SET a = 1 WHERE pk = 'none' AND sk = '1'",
            "UPDATE \"t-1\" SET a = 1 WHERE pk = 'none' AND sk = '1' AND attribute_not_exists(pk)",
        ):
            assert aws_error(lambda statement=statement: run(statement)) == (
                "ConditionalCheckFailedException",
                "The conditional request failed",
                400,
            )
        assert item("none") == {}

    def test_conditions(self, dynamodb: Any, run: Run, item: Any, aws_error: Any) -> None:
        item("a", n={"N": "5"}, kind={"S": "alpha"})
        run("UPDATE \"t-1\" SET y = 1 WHERE pk = 'a' AND sk = '1' AND attribute_not_exists(y)")
        again = "UPDATE \"t-1\" SET y = 2 WHERE pk = 'a' AND sk = '1' AND attribute_not_exists(y)"
        assert aws_error(lambda: run(again))[0] == "ConditionalCheckFailedException"
        with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as failed:
            run(again, ReturnValuesOnConditionCheckFailure="ALL_OLD")
        assert failed.value.response["Item"]["y"] == {"N": "1"}
        assert item("a")["y"] == {"N": "1"}

    def test_what_is_no_update(self, refused: Refused, item: Any) -> None:
        item("a", ss={"SS": ["a"]}, s={"S": "x"}, n={"N": "1"})
        where = " WHERE pk='a' AND sk='1'"

        def of(change: str) -> str:
            return refused(f'UPDATE "t-1" SET {change}{where}')

        start = len('UPDATE "t-1" SET ')
        other = f"The first argument to SET_ADD must equal the assignment value at 1:{start + 5}:7"
        assert of("t = set_add(ss, <<'x'>>)") == other
        typed = f"The second argument to SET_ADD must be a value with type SET at 1:{start + 14}:2"
        assert of("ss = set_add(ss, 'x')") == typed
        assert of("ss = set_add(ss, ['x'])") == typed
        assert of("ss = set_add(ss)") == f"SET_ADD must have exactly two arguments at 1:{start + 6}:7"
        for change in ("ss = set_add(ss, <<1>>)", "s = set_add(s, <<'x'>>)", "ss = set_delete(ss, <<1>>)"):
            assert of(change) == "An operand in the update expression has an incorrect data type"
        assert (
            of("nope = list_append(nope, [1])")
            == "The provided expression refers to an attribute that does not exist in the item"
        )
        assert of("n = 'a' + 1") == WRONG_TYPE + "+, operand type: S"
        assert of("n = n - null") == WRONG_TYPE + "-, operand type: NULL"
        assert of("newlist[0] = 'x'") == "The document path provided in the update expression is invalid for update"
        assert (
            of("a = 1, a = 2")
            == "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]"
        )
        assert (
            of("pk = 'b'")
            == "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key"
        )

    def test_the_key_must_be_whole(self, run: Run, refused: Refused, item: Any) -> None:
        item("a", n={"N": "1"})
        whole = "Where clause does not contain a mandatory equality on all key attributes"
        for statement in (
            "UPDATE \"t-1\" SET a = 1 WHERE pk = 'a'",
            "DELETE FROM \"t-1\" WHERE sk = '1'",
            "UPDATE \"t-1\" SET a = 1 WHERE pk IN ['a'] AND sk = '1'",
            'UPDATE "t-1" SET a = 1',
            'DELETE FROM "t-1"',
            'FROM "t-1" SET c = 1',
        ):
            assert refused(statement) == whole
        assert (
            refused("UPDATE \"t-1\" SET a=1 WHERE pk='a' AND sk='1' AND pk='b'")
            == "Multiple conditions on same key pk. Only single item Update/Insert/Delete are supported"
        )
        assert (
            refused("DELETE FROM \"t-1\" WHERE pk='a' AND sk=1")
            == "Key attribute's data type should match its data type in table's schema: Key sk"
        )
        run("UPDATE \"t-1\" SET a=2 WHERE pk='a' AND sk='1' AND pk='a'")
        assert item("a")["a"] == {"N": "2"}

    def test_an_index_cannot_be_written(self, refused: Refused, table: str) -> None:
        for statement in (
            'UPDATE "t-1"."i" SET a = 1 WHERE pk = 1',
            'DELETE FROM "t-1"."i" WHERE pk = 1',
        ):
            assert refused(statement) == "This operation is not supported on an index"
        assert (
            refused('INSERT INTO "t-1"."i" VALUE {\'pk\': 1}')
            == "FROM clause may only contain a single table name in data manipulation statements"
        )


class TestDelete:
    def test_deleting_returns_what_was_there(self, run: Run, item: Any) -> None:
        item("a", n={"N": "1"})
        delete = "DELETE FROM \"t-1\" WHERE pk='a' AND sk='1' RETURNING ALL OLD *"
        assert run(delete)["Items"] == [{"pk": {"S": "a"}, "sk": {"S": "1"}, "n": {"N": "1"}}]
        assert run(delete)["Items"] == []
        assert run("DELETE FROM \"t-1\" WHERE pk='a' AND sk='1' AND n = 7")["Items"] == []

    def test_conditions(self, run: Run, item: Any, aws_error: Any) -> None:
        item("a", kind={"S": "alpha"})
        failing = "DELETE FROM \"t-1\" WHERE pk='a' AND sk='1' AND NOT begins_with(kind, 'al')"
        assert aws_error(lambda: run(failing))[0] == "ConditionalCheckFailedException"
        assert item("a")
        run("DELETE FROM \"t-1\" WHERE pk='a' AND sk='1' AND kind = 'alpha'")
        assert item("a") == {}

    def test_only_all_old_is_returned(self, refused: Refused, table: str) -> None:
        for words in ("MODIFIED OLD", "ALL NEW", "MODIFIED NEW"):
            assert refused(f"DELETE FROM \"t-1\" WHERE pk = 'x' RETURNING {words} *") == (
                f"Invalid returning clause: RETURNING {words} *. Only RETURNING ALL OLD * is allowed in DELETE statements."
            )


class TestSelect:
    @pytest.fixture(autouse=True)
    def items(self, item: Any) -> None:
        item("a", "1", n={"N": "1"}, kind={"S": "alpha"}, m={"M": {"k": {"L": [{"S": "c"}]}, "x": {"S": "y"}}})
        item("a", "2", n={"N": "2"}, kind={"S": "beta"}, nul={"NULL": True}, flag={"BOOL": True})
        item("a", "3", n={"N": "3"}, ss={"SS": ["p", "q"]})
        item("b", "1", n={"N": "4"})

    def test_projections_go_by_the_last_name(self, run: Run) -> None:
        answer = run("SELECT m.k[0], m['x'], n, nope FROM \"t-1\" WHERE pk = 'a' AND sk = '1'")
        assert answer["Items"] == [{"k[0]": {"S": "c"}, "x": {"S": "y"}, "n": {"N": "1"}}]
        assert run("SELECT nope FROM \"t-1\" WHERE pk = 'a' AND sk = '1'")["Items"] == [{}]

    @pytest.mark.parametrize(
        ("where", "found"),
        [
            ("sk = '2'", "2"), ("sk > '1'", "23"), ("'2' > sk", "1"), ("sk BETWEEN '1' AND '2'", "12"),
            ("begins_with(sk, '3')", "3"), ("sk IN ['1', '3']", "13"), ("(sk = '3' OR sk = '1')", "31"),
            ("(sk < '2' OR sk > '2')", "13"), ("sk > '1' AND sk < '3'", "2"), ("sk = '1' AND sk > '2'", ""),
            ("NOT sk = '1'", "23"), ("sk <> '1'", "23"), ("NOT sk IN ['1', '3']", "2"),
            ("n = 2", "2"), ("n != 2", "13"), ("n IN [1, 3]", "13"), ("n IN (1, 3)", "13"), ("n NOT IN [1, 3]", "2"),
            ("n NOT BETWEEN 1 AND 2", "3"), ("n = - - 2", "2"), ("n>-5", "123"), ("kind IS MISSING", "3"),
            ("kind IS NOT MISSING", "12"), ("nul IS NULL", "2"), ("kind IS NULL", ""), ("flag IS BOOL", "2"),
            ("kind IS STRING", "12"), ("attribute_exists(ss)", "3"), ("NOT attribute_not_exists(ss)", "3"),
            ("ATTRIBUTE_EXISTS(m.x)", "1"), ("attribute_type(ss, 'SS')", "3"), ("size(kind) = 4", "2"),
            ("contains(ss, 'p')", "3"), ("contains(kind, 'et')", "2"), ("ss = <<'q', 'p'>>", "3"), ("m.k[0] = 'c'", "1"),
            ("attribute_exists(kind) = false", "3"), ("true = attribute_exists(kind)", "12"), ("(n BETWEEN 2 AND 5) = true", "23"),
            ("(n = 5 OR kind = 'beta') = false", "13"), ("attribute_exists(nul) IN [true]", "2"),
            ("attribute_exists(nul) = flag", "2"), ("attribute_exists(kind) = attribute_exists(flag)", "23"),
            ("attribute_exists(n) <> 1", "123"), ("NOT attribute_exists(kind) = true", "3"), ("n = ?", "2"), ("n IN [?, 9]", "2"),
        ],
    )  # fmt: skip
    def test_conditions(self, run: Run, where: str, found: str) -> None:
        parameters = [{"N": "2"}] * where.count("?")
        answer = run(f"SELECT * FROM \"t-1\" WHERE pk = 'a' AND {where}", *parameters)
        assert "".join(sort_keys(answer)) == found
        unkeyed = run(f"SELECT * FROM \"t-1\" WHERE contains(pk, 'a') AND {where}", *parameters)
        assert sorted(sort_keys(unkeyed)) == sorted(found)

    def test_several_partitions(self, run: Run) -> None:
        assert sort_keys(run("SELECT * FROM \"t-1\" WHERE pk IN ['b', 'none', 'a'] AND n > 1")) == ["1", "2", "3"]
        assert sort_keys(run("SELECT * FROM \"t-1\" WHERE pk = 'a' AND sk = '3' OR pk = 'b'")) == ["3", "1"]
        assert len(run('SELECT * FROM "t-1"')["Items"]) == 4
        assert len(run("SELECT * FROM \"t-1\" WHERE pk = 'a' OR sk = '1'")["Items"]) == 4
        assert run("SELECT * FROM \"t-1\" WHERE pk = 'a' AND pk = 'b'")["Items"] == []

    def test_branches_that_exclude_sort_keys_may_overlap(self, run: Run) -> None:
        other = " OR pk = 'a' AND sk = '2'"
        for left, found in (
            ("NOT sk = '1'", "23"),
            ("sk <> '1'", "23"),
            ("NOT begins_with(sk, 'x')", "123"),
            ("NOT sk IN ['1', '3']", "2"),
        ):
            answer = run(f"SELECT * FROM \"t-1\" WHERE pk = 'a' AND {left}{other}")
            assert "".join(sort_keys(answer)) == found
        assert len(run("SELECT * FROM \"t-1\" WHERE pk = 'a' OR pk = 'a' AND NOT sk = '1'")["Items"]) == 3

    @pytest.mark.parametrize(
        "where",
        [
            "pk IN ['a', 'a']", "pk='a' OR pk='a'", "pk='a' AND (sk > '0' OR sk < '5')", "pk='a' AND (sk='1' OR kind='x')",
            "(pk='a' AND kind='x') OR (pk='a' AND kind='y')", "pk='a' AND kind <> 'x' OR pk = 'a' AND sk = '2'",
        ],
    )  # fmt: skip
    def test_overlapping_branches(self, refused: Refused, where: str) -> None:
        overlapping = "Overlapping conditions with range keys are not supported in where clause"
        assert refused(f'SELECT * FROM "t-1" WHERE {where}') == overlapping

    def test_too_many_reads_and_operands(self, run: Run, refused: Refused) -> None:
        def values(count: int) -> str:
            return ", ".join(f"'v{at}'" for at in range(count))

        select = 'SELECT sk FROM "t-1" WHERE '
        for where in (
            f"pk IN [{values(51)}]",
            f"pk='a' AND sk IN [{values(51)}]",
            f"pk IN [{values(26)}] AND sk IN ['1', '2']",
        ):
            assert refused(select + where) == "Too many decomposed read operations for a given query."
        run(f"{select}pk IN [{values(50)}] AND n IN [{values(100)}]")
        run(f"{select}pk IN [{values(51)}] OR n = 1")
        assert (
            refused(f"{select}pk = 'a' AND n IN [{values(101)}]")
            == "The IN operator is provided with too many operands; number of operands: 101"
        )
        assert refused(select + " AND ".join(["n = 1"] * 200)).startswith("The expression contains too many operators")

    def test_types_of_keys(self, run: Run, refused: Refused) -> None:
        mismatch = "Key attribute's data type should match its data type in table's schema: Key "
        assert refused("SELECT * FROM \"t-1\" WHERE pk = 1 OR pk = 'a'") == mismatch + "pk"
        assert refused("SELECT * FROM \"t-1\" WHERE pk = 'a' AND sk IN ['1', 2]") == mismatch + "sk"
        assert (
            refused('SELECT * FROM "t-1" WHERE pk = true')
            == "Key value must be of type S, N, or B. Key name: pk, Key type: BOOL"
        )
        assert run('SELECT * FROM "t-1" WHERE pk > 1')["Items"] == []

    def test_order(self, run: Run, refused: Refused) -> None:
        def order(rest: str) -> list[str]:
            return [f"{one['pk']['S']}{one['sk']['S']}" for one in run(f'SELECT * FROM "t-1" WHERE {rest}')["Items"]]

        assert order("pk = 'a' ORDER BY sk DESC") == ["a3", "a2", "a1"]
        assert order("pk = 'a' ORDER BY sk ASC") == ["a1", "a2", "a3"]
        assert order("pk = 'a' ORDER BY pk ASC") == ["a3", "a2", "a1"]  # so it is
        assert order("pk IN ['a', 'b'] ORDER BY pk DESC, sk ASC") == ["b1", "a1", "a2", "a3"]
        assert order("pk = 'a' AND sk IN ['1', '3', '2'] ORDER BY sk DESC") == ["a3", "a2", "a1"]
        select = 'SELECT * FROM "t-1" '
        assert refused(select + "ORDER BY sk") == "Must have WHERE clause in the statement when using ORDER BY clause."
        assert (
            refused(select + "WHERE pk = 'a' ORDER BY n DESC")
            == "Attribute n in ORDER BY clause must be part of the primary key"
        )
        assert (
            refused(select + "WHERE pk > 'a' ORDER BY sk")
            == "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
        )
        assert (
            refused(select + "WHERE pk IN ['a', 'b'] ORDER BY sk DESC")
            == "Must have hash key in ORDER BY clause when more than one hash key condition specified in WHERE clause."
        )

    @pytest.mark.parametrize(
        ("condition", "message"),
        [
            ("attribute_exists('ss')", PATH_WANTED + "attribute_exists"),
            ("attribute_exists()", WRONG_COUNT + "attribute_exists, number of operands: 0"),
            ("attribute_exists(ss, ns)", WRONG_COUNT + "attribute_exists, number of operands: 2"),
            ("EXISTS(ss)", "Unrecognized function: exists at 1:40:6"),
            ("set_add(ss, <<'x'>>) = ss", "Unrecognized function: set_add at 1:40:7"),
            ("attribute_type(l, 1)", WRONG_TYPE + "attribute_type, operand type: N"),
            ("n < ?", WRONG_TYPE + "<, operand type: BOOL"),
            ("attribute_exists(n) > false", WRONG_TYPE + ">, operand type: BOOL"),
            ("n + 1 = 2", "Unsupported operator in Condition Expression. Operator: +"),
            ("n > -n", "Unsupported operator in Condition Expression. Operator: -"),
            ("kind LIKE 'a'", "Unsupported operator in Condition Expression. Operator: LIKE"),
            ("kind = MISSING", "MISSING must be compared using IS operator"),
            ("kind", "The arguments to AND/OR must be Expressions"),
            ("NOT kind", "The argument to NOT must be a Type or Expression"),
            ("s = <<'a','a'>>", "One or more parameter values were invalid: Input collection [a, a] contains duplicates."),
            ("kind IS INT4", NO_TYPE),
            ("sk.x = 1", "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: sk"),
        ],
    )  # fmt: skip
    def test_what_is_no_condition(self, refused: Refused, condition: str, message: str) -> None:
        parameters = [{"BOOL": True}] if "?" in condition else []
        assert refused(f"SELECT * FROM \"t-1\" WHERE pk = 'a' AND {condition}", *parameters) == message

    def test_parameters(self, refused: Refused) -> None:
        assert (
            refused('SELECT * FROM "t-1" WHERE pk = ? AND sk = ?', {"S": "a"})
            == "Number of parameters in request and statement don't match."
        )
        unconvertible = "The parameter cannot be converted to a numeric value"
        assert refused('UPDATE "t-1" SET WHERE', {"N": "abc"}) == f"{unconvertible}: abc"
        assert (
            refused('UPDATE "t-1" SET WHERE', {"SS": ["a", "a"]})
            == "One or more parameter values were invalid: Input collection [a, a] contains duplicates."
        )

    def test_a_transactions_check_is_no_statement(self, refused: Refused) -> None:
        assert (
            refused("EXISTS(SELECT * FROM \"t-1\" WHERE pk = 'a' AND sk = '1' AND n = 1)")
            == "EXISTS can only be used in ExecuteTransaction write requests."
        )


def test_the_table(refused: Refused, run: Run, aws_error: Any) -> None:
    assert aws_error(lambda: run("SELECT * FROM \"none\" WHERE pk = 'x'")) == (
        "ResourceNotFoundException",
        "Requested resource not found",
        400,
    )
    wrong = WRONG_TYPE + "<, operand type: BOOL"
    assert refused('SELECT pk FROM "none" WHERE val < ?', {"BOOL": True}) == wrong
    assert refused("SELECT * FROM \"\" WHERE pk = 'x'") == "Path component cannot be an empty string"
    assert refused('SELECT * FROM "no table"') == (
        "Table name should be within the length [3, 255] and only contain 'a-z', 'A-Z', '0-9', '-', '_', '.'."
    )
    assert refused("SELECT * FROM none WHERE") == f"{MALFORMED}Unexpected term"


def test_consumed_capacity(run: Run, item: Any) -> None:
    item("a", "1", x={"S": "x" * 5000})
    item("a", "2", x={"S": "x" * 5000})

    def units(statement: str, **more: Any) -> float:
        answer = run(statement, ReturnConsumedCapacity="TOTAL", **more)["ConsumedCapacity"]
        assert answer["TableName"] == "t-1"
        return answer["CapacityUnits"]  # type: ignore[no-any-return]

    assert units("SELECT sk FROM \"t-1\" WHERE pk = 'a'") == 1.5
    assert units("SELECT sk FROM \"t-1\" WHERE pk = 'a'", ConsistentRead=True) == 3.0
    assert units("SELECT sk FROM \"t-1\" WHERE pk = 'a' AND sk = '1'", ConsistentRead=True) == 2.0
    assert units("SELECT sk FROM \"t-1\" WHERE pk IN ['a', 'none']") == 2.0
    assert units("INSERT INTO \"t-1\" VALUE {'pk': 'b', 'sk': '1'}") == 1.0
    assert units("UPDATE \"t-1\" SET y = 1 WHERE pk = 'a' AND sk = '1'") == 5.0
    assert units("DELETE FROM \"t-1\" WHERE pk = 'a' AND sk = '1'") == 5.0
