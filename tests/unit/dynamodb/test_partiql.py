"""PartiQL's parser and what it comes to: words of errors as AWS has them, work linear in the text, and plans that miss nothing."""

from __future__ import annotations

import contextlib
import itertools
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import pack
from atoll.services.dynamodb.expressions.condition import holds
from atoll.services.dynamodb.expressions.nodes import Compare, Literal, Logical, Path
from atoll.services.dynamodb.items.keys import element
from atoll.services.dynamodb.partiql.binding import bind
from atoll.services.dynamodb.partiql.parser import parse
from atoll.services.dynamodb.partiql.plan import KeySchema, decompose, exact_key
from atoll.services.dynamodb.store import Attribute

MALFORMED = "Statement wasn't well formed, can't be processed: "
LEFT_OVER = MALFORMED + "Unexpected token after expression"
TERM = MALFORMED + "Unexpected term"
NO_IN = (
    "IN operator must have a left hand argument of type Variable Reference and right hand argument of type Seq with at least "
    "one member"
)


def refusal(text: str, *parameters: dict[str, Any]) -> str:
    with pytest.raises(ValidationFailed) as refused:
        bind({"Statement": text, "Parameters": list(parameters)})
    return refused.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('SELECT * FROM "S" WHERE', TERM),
        ('SELECT * FROM "S" WHERE;', TERM),
        ('UPDATE "S" SET a = 1 WHERE', TERM),
        ('DELETE FROM "S" WHERE', TERM),
        ('SELECT * FROM "S" WHERE NOT', TERM),
        ('SELECT * FROM "S" WHERE (', TERM),
        ("SELECT * FROM", TERM),
        ("", TERM),
        ("SELECT * FROM \"S\" WHERE pk = 'p' AND", MALFORMED + "Missing right-hand side expression of infix operator"),
        ('SELECT * FROM "S" WHERE a BETWEEN 1', MALFORMED + "Expected AND keyword"),
        ('SELECT * FROM "S" WHERE a BETWEEN 1 AND', MALFORMED + "Expected expression after AND"),
        ('SELECT * FROM "S" WHERE ORDER BY pk', MALFORMED + "Unexpected keyword"),
        ("SELECT pad FROM t", MALFORMED + "Unexpected keyword"),
        ("INSERT INTO urls (key, secret_key) VALUES (?, ?)", MALFORMED + "Unexpected keyword"),
        ("INSERT Music VALUE {}", MALFORMED + "Unexpected keyword"),
        ('SELECT * FROM "S" WHERE IS NULL', MALFORMED + "Unexpected operator"),
        ('SELECT * FROM "S" WHERE pk = LIKE', MALFORMED + "Unexpected operator"),
        ("SELECT * FROM \"S\" WHERE pk = 'a' AND x IS FOO", MALFORMED + "Expected type name"),
        ("x IS INT4", "Unsupported operation: IsType"),
        ("x IS DOUBLE PRECISION", "Unsupported operation: IsType"),
        ("x IS CHARACTER VARYING", "Unsupported operation: IsType"),
        ("DELETE FROM", MALFORMED + "Expected identifier for simple path"),
        ("DELETE FROM WHERE pk = 'a'", MALFORMED + "Expected identifier for simple path"),
        ("SLECT * FROM \"T\" WHERE pk = 'x'", MALFORMED + "Expected data manipulation"),
        ("UPDATE Payment-dev SET active=? WHERE s=?", MALFORMED + "Expected data manipulation"),
        ("NOT A STATEMENT", LEFT_OVER),
        ('SELECTT * FROMM "T"', LEFT_OVER),
        ('SELECT * FROM "N" WHERE pk = 1 e5', LEFT_OVER),
        ('SELECT * FROM "N" WHERE pk = 1)', LEFT_OVER),
        ("INSERT INTO \"N\" VALUE {'pk': 1} foo", LEFT_OVER),
        ('DELETE FROM "N" WHERE pk = 1 ORDER BY pk', LEFT_OVER),
        ('SELECT * FROM "N" ORDER BY pk WHERE pk = 1', LEFT_OVER),
        ("INSERT INTO \"S\" t VALUE {'pk': 'x'}", LEFT_OVER),
        ("FROM \"S\" SET c = 1 WHERE pk = 'x'", LEFT_OVER),
        ('SELECT * FROM "N" WHERE pk = 1e2147483648', MALFORMED),
        ('SELECT * FROM "N" WHERE pk = 1e99999999999', MALFORMED),
        ('SELECT * FROM "N" WHERE pk = 1.5e-2147483647', MALFORMED),
        ('SELECT * FROM "N" WHERE pk = 1 # note', MALFORMED),
        ('SELECT * FROM "N" WHERE pk = 1 /* note', MALFORMED),
        ('SELECT * FROM "N', MALFORMED),
        ("SELECT * FROM \"S\" t WHERE pk = 'x'", "Aliasing is not supported"),
        ("SELECT * FROM \"S\" AS t WHERE pk = 'x'", "Aliasing is not supported"),
        ('UPDATE "S" t SET a = 3', "Aliasing is not supported"),
        ("SELECT s AS x FROM abc", "Aliasing is not supported"),
        ('SELECT COUNT(*) FROM "T"', "Unexpected path component at 1:8:5"),
        ('SELECT attribute_exists(ss) FROM "T"', "Unexpected path component at 1:8:16"),
        ("SELECT 1 FROM abc", "Unexpected path component at 1:8:1"),
        ("SELECT l[-1] FROM abc", "List index is not within the allowable range; index: [-1] at 1:11:1"),
        ("SELECT l[2147483648] FROM abc", "List index is not within the allowable range; index: [2147483648] at 1:10:10"),
        ("SELECT id\nFROM abc\n  LIMIT 5", "Unsupported clause: LIMIT at 3:9:1"),
        ("SELECT m.z, z FROM abc", "Duplicate identifiers in select clause: z"),
        ("SELECT m.inner FROM abc", MALFORMED + "Invalid path dot component"),
        ("SELECT a.*.b FROM abc", "Unpivot path component like a.*.b are not supported"),
        ("SELECT a[*].b FROM abc", "Wildcard path component like a[*].b are not supported"),
        ("SELECT * FROM a.b.c", "A path may contain at most 2 components in the FROM clause"),
        ("SELECT * FROM abc, def", "Only select from a single table or index is supported."),
        ("SELECT * FROM abc LEFT OUTER JOIN def ON a = b", "Only select from a single table or index is supported."),
        ("SELECT * FROM abc WHERE pk", "WHERE clause must contain an expression that resolves to a boolean"),
        ("SELECT * FROM abc WHERE pk = `5`", "Ion Literals are not supported: `5` under key root at 1:30:3"),
        ("UPDATE abc SET a", MALFORMED + "Expected '='"),
        ("UPDATE abc SET a = b = c", "Unsupported operator in Update Expression. Operator: ="),
        ("UPDATE abc SET a = b + c + d", "Unsupported operator in Update Expression. Operator: +"),
        ("UPDATE abc SET a = if_not_exists(a, 1)", "Unrecognized function: if_not_exists at 1:20:13"),
        ("DELETE abc", MALFORMED + "Expected FROM after DELETE"),
        ("DELETE FROM abc RETURNING OLD *", MALFORMED + "Expected ( MODIFIED | ALL ) ( NEW | OLD ) in the returning clause."),
        ("SELECT * FROM abc WHERE a IN 5", NO_IN),
    ],
)  # fmt: skip
def test_what_cannot_be_read(text: str, message: str) -> None:
    assert refusal(text) == message


def test_a_statement_is_read_once() -> None:
    parse.cache_clear()
    first = parse("SELECT * FROM abc WHERE pk = ?")
    assert parse("SELECT * FROM abc WHERE pk = ?") is first


@pytest.mark.parametrize(
    "text",
    [
        "/**/SELECT/**/* FROM \"abc\" -- the table\nWHERE pk/* key */='x' --",
        "select * from abc where pk = .5e1;",
        'SELECT a."b c"[0][\'d\'], "quo""ted" FROM abc."i" WHERE a != 1 AND (b OR NOT c IS MISSING) = true',
        "UPDATE abc SET n = n - - 2, l = [- 1, +2] REMOVE x SET y = {'a': {}} WHERE pk = 'a--b /*c*/'",
    ],
)
def test_what_can_be_read(text: str) -> None:
    parse(text.replace("(b OR", "(b = 1 OR"))


DEEP = {
    "parentheses": lambda n: "SELECT * FROM abc WHERE " + "(" * n + "a = 1" + ")" * n,
    "open parentheses": lambda n: "SELECT * FROM abc WHERE " + "(" * n,
    "lists": lambda n: "UPDATE abc SET a = " + "[" * n + "]" * n,
    "maps": lambda n: "INSERT INTO abc VALUE " + "{'a': " * n + "1" + "}" * n,
    "bags": lambda n: "UPDATE abc SET a = " + "<<" * n + ">>" * n,
    "negations": lambda n: "SELECT * FROM abc WHERE " + "NOT " * n + "a = 1",
    "signs": lambda n: "SELECT * FROM abc WHERE a = " + "- " * n + "1",
    "signs of names": lambda n: "SELECT * FROM abc WHERE a = " + "- " * n + "b",
    "calls": lambda n: "SELECT * FROM abc WHERE " + "size(" * n + "a" + ")" * n,
    "conjunctions": lambda n: "SELECT * FROM abc WHERE a = 1" + " AND a = 1" * n,
    "alternating": lambda n: "SELECT * FROM abc WHERE " + "a=1 OR (a=1 AND (" * n + "a=1" + "))" * n,
    "comparisons": lambda n: "SELECT * FROM abc WHERE " + "(" * n + "a" + " = a)" * n,
    "sums": lambda n: "UPDATE abc SET a = b" + " + b" * n,
    "paths": lambda n: "SELECT a" + ".a" * n + " FROM abc",
    "projections": lambda n: "SELECT " + ", ".join(f"a{at}" for at in range(n)) + " FROM abc",
    "assignments": lambda n: "UPDATE abc " + " ".join(f"SET a{at} = 1" for at in range(n)),
    "quotes": lambda n: "SELECT * FROM abc WHERE a = '" + "''" * n,
    "comments": lambda n: "/*" * n,
    "numbers": lambda n: "SELECT * FROM abc WHERE a = " + "1" * n + "x",
    "statements": lambda n: "FROM a WHERE " * n,
    "subqueries": lambda n: "SELECT * FROM (" * n,
    "checks": lambda n: "EXISTS(SELECT * FROM a WHERE " * n,
    "types": lambda n: "SELECT * FROM abc WHERE a" + " IS NULL" * n,
    "ranges": lambda n: "SELECT * FROM abc WHERE a" + " BETWEEN 1" * n,
}


@pytest.mark.parametrize("shape", DEEP)
def test_depth_and_length_are_no_trouble(shape: str) -> None:
    """Statements have at most 8192 characters. Work is linear: eight times the text takes nowhere near 64 times as long."""

    def cost(n: int) -> float:
        text = DEEP[shape](n)
        times = []
        for _ in range(3):
            parse.cache_clear()
            begun = time.process_time()
            with contextlib.suppress(ValidationFailed):
                bind({"Statement": text})
            times.append(time.process_time() - begun)
        return min(times)

    assert cost(8000) < 40 * max(cost(1000), 0.001)


@pytest.mark.parametrize("shape", ["negations", "alternating", "comparisons"])
def test_the_deepest_condition_holds_or_does_not(shape: str) -> None:
    """300 operators may nest: what reads, plans and evaluates them does with the stack that there is."""
    text = DEEP[shape]({"alternating": 74}.get(shape, 298))
    condition = bind({"Statement": text.replace(" = a)", " = true)").replace("(a = true)", "(a = 1)")}).condition
    assert condition is not None
    decompose(condition, SCHEMA)
    decompose(Logical("AND", (Compare("=", Path(("pk",)), Literal("S", "a")), condition)), SCHEMA)
    holds(condition, {"a": {"N": "1"}})


WORDS = [
    "SELECT", "*", "FROM", "INSERT", "INTO", "VALUE", "UPDATE", "SET", "REMOVE", "DELETE", "WHERE", "ORDER", "BY", "RETURNING",
    "ALL", "OLD", "MODIFIED", "NEW", "AND", "OR", "NOT", "IN", "BETWEEN", "IS", "MISSING", "NULL", "LIKE", "EXISTS", "(", ")",
    "[", "]", "{", "}", "<<", ">>", ",", ".", ":", ";", "?", "=", "<>", "<", ">=", "+", "-", "/", "||", "@", "'", '"', "`", "'s'",
    '"abc"', '"q"', "abc", "a", "pk", "1", "-1", ".5", "1e3", "size", "list_append", "set_add", "begins_with", "attribute_exists",
    "true", "count", "--", "/*", "*/", "é", "\x00", "LIMIT", "JOIN", "DISTINCT", "AS", "DESC",
]  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join)))
@settings(max_examples=400, deadline=None)
def test_any_text_is_a_statement_or_refused(text: str) -> None:
    with contextlib.suppress(ValidationFailed):
        bind({"Statement": text, "Parameters": [{"S": "x"}, {"N": "1"}]})


@given(
    st.sampled_from(
        [
            "SELECT a, b.c FROM \"abc\" WHERE pk = 'x' AND (sk > 1 OR n IN [1, ?]) ORDER BY sk DESC",
            "INSERT INTO abc VALUE {'pk': ?, 'm': {'a': [1, <<'b'>>]}}",
            "UPDATE abc SET a = a + 1, b = list_append(b, [?]) REMOVE c[1] SET s = set_add(s, <<1>>) WHERE pk = 'x' RETURNING ALL NEW *",
            "DELETE FROM abc WHERE pk = 'x' AND NOT contains(a, 'b') RETURNING ALL OLD *",
            "EXISTS(SELECT * FROM abc WHERE pk = 'x' AND a IS NOT MISSING)",
        ]
    ),
    st.lists(st.tuples(st.integers(0, 140), st.integers(0, 6), st.sampled_from([*WORDS, ""])), min_size=1, max_size=3),
)
@settings(max_examples=400, deadline=None)
def test_any_damaged_statement_is_a_statement_or_refused(text: str, damages: list[tuple[int, int, str]]) -> None:
    for at, length, word in damages:
        text = text[:at] + word + text[at + length :]
    with contextlib.suppress(ValidationFailed):
        bind({"Statement": text, "Parameters": [{"S": "x"}, {"N": "1"}]})


SCHEMA = KeySchema(Attribute("pk", "S"), Attribute("sk", "N"))
VALUES = [0, 1, 2, 3]
_KEY_CONDITIONS = st.one_of(
    st.sampled_from(["pk = 'a'", "'b' = pk", "pk = 'c'", "pk <> 'a'", "pk > 'a'", "begins_with(pk, 'a')"]),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True).map(
        lambda names: "pk IN [" + ", ".join(f"'{name}'" for name in names) + "]"
    ),
)
_SORT_CONDITIONS = st.one_of(
    st.builds("sk {} {}".format, st.sampled_from(["=", "<", "<=", ">", ">=", "<>"]), st.sampled_from(VALUES)),
    st.builds("{} {} sk".format, st.sampled_from(VALUES), st.sampled_from(["=", "<", "<=", ">", ">="])),
    st.sampled_from(["sk BETWEEN 1 AND 2", "sk IN [0, 3]", "sk IN (1)", "sk IS MISSING"]),
)
_OTHERS = st.sampled_from(["n = 1", "n > 0", "attribute_exists(n)", "n IN [0, 2]"])
CONDITIONS = st.recursive(
    st.one_of(_KEY_CONDITIONS, _KEY_CONDITIONS, _SORT_CONDITIONS, _OTHERS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "(" + " AND ".join(parts) + ")"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "(" + " OR ".join(parts) + ")"),
        inner.map("NOT ({})".format),
        inner.map("({}) = true".format),
    ),
    max_leaves=8,
)
ITEMS: list[dict[str, Any]] = [
    {"pk": {"S": pk}, "sk": {"N": str(sk)}, **({} if n is None else {"n": {"N": str(n)}})}
    for pk, sk, n in itertools.product("abc", VALUES, (None, 1, 2))
]


@given(CONDITIONS)
@settings(max_examples=400, deadline=None)
def test_the_ranges_of_a_condition_hold_all_that_meets_it_and_overlap_nowhere(where: str) -> None:
    condition = bind({"Statement": f"SELECT * FROM abc WHERE {where}"}).condition
    assert condition is not None
    assert SCHEMA.sort is not None
    try:
        sought = decompose(condition, SCHEMA)
    except ValidationFailed:
        return
    if sought is None:
        return
    for item in ITEMS:
        at = pack((element("N", item["sk"]),))
        inside = [
            one
            for one in sought
            if one.partition == item["pk"] and (one.sort is None or one.sort[0] <= at < one.sort[1])
        ]
        assert len(inside) <= 1
        assert inside or not holds(condition, item)


@pytest.mark.parametrize(
    ("where", "ranges"),
    [
        ("pk = 'a'", 1), ("pk = 'a' AND n = 1", 1), ("pk = 'a' OR pk = 'b'", 2), ("pk IN ['a', 'b'] AND sk IN [1, 2]", 4),
        ("pk = 'a' AND (n = 1 OR n = 2) AND (n = 3 OR n = 4)", 1), ("pk = 'a' AND NOT (sk = 1 OR sk = 2)", 1),
        ("pk = 'a' AND sk = 1 OR pk = 'a' AND sk > 2", 2), ("pk = 'a' AND sk = 1 OR pk = 'a' AND sk <> 2", 1),
        ("pk > 'a'", None), ("pk = 'a' OR n = 1", None), ("n = 1", None), ("NOT pk = 'a'", None), ("pk <> 'a'", None),
        ("(pk = 'a') = true", None), ("pk = 'a' AND pk = 'b'", None), ("pk = 'a' AND (pk = 'b' OR n = 1)", None), ("pk = sk", None),
    ],
)  # fmt: skip
def test_what_is_sought(where: str, ranges: int | None) -> None:
    sought = decompose(bind({"Statement": f"SELECT * FROM abc WHERE {where}"}).condition, SCHEMA)
    assert (None if sought is None else len(sought)) == ranges


@pytest.mark.parametrize(
    ("where", "exact"),
    [
        ("pk = 'a' AND sk = 1", True), ("(sk IN [1]) AND 'a' = pk AND pk = 'a'", True), ("pk = 'a'", False),
        ("pk = 'a' AND sk = 1 AND n = 1", False), ("pk = 'a' AND sk = 1 AND sk = 2", False), ("pk = 'a' AND sk IN [1, 2]", False),
        ("pk = 'a' AND sk >= 1", False), ("pk = 'a' OR sk = 1", False),
    ],
)  # fmt: skip
def test_whole_keys(where: str, exact: bool) -> None:
    key = exact_key(bind({"Statement": f"SELECT * FROM abc WHERE {where}"}).condition, SCHEMA)
    assert key == ({"pk": {"S": "a"}, "sk": {"N": "1"}} if exact else None)
