"""Condition and projection expressions: what they mean, and how they are refused."""

import contextlib
import re
import sys
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.expressions.bindings import Bindings
from atoll.services.dynamodb.expressions.condition import holds
from atoll.services.dynamodb.expressions.legacy import comparison
from atoll.services.dynamodb.expressions.projection import project
from atoll.services.dynamodb.expressions.reserved import RESERVED_WORDS

ITEM: dict[str, Any] = {
    "id": {"S": "u-1"},
    "age": {"N": "36"},
    "tags": {"SS": ["a", "b"]},
    "scores": {"NS": ["1", "2.5"]},
    "bin": {"B": b"\x01\x02\x03"},
    "flag": {"BOOL": True},
    "none": {"NULL": True},
    "xs": {"L": [{"S": "x"}, {"M": {"deep": {"N": "7"}}}, {"S": "z"}]},
    "doc": {"M": {"a": {"S": "1"}, "b": {"M": {"c": {"N": "2"}}}}},
}
VALUES: dict[str, Any] = {
    ":s": {"S": "u-1"}, ":u": {"S": "u"}, ":n": {"N": "36.0"}, ":lo": {"N": "1"}, ":hi": {"N": "100"}, ":two": {"N": "2"},
    ":x": {"S": "x"}, ":a": {"S": "a"}, ":b": {"B": b"\x02"}, ":t": {"BOOL": True}, ":ba": {"SS": ["b", "a"]}, ":SS": {"S": "SS"},
}  # fmt: skip


def evaluate(text: str, item: dict[str, Any] | None = None, names: dict[str, str] | None = None) -> bool:
    used = {key: value for key, value in VALUES.items() if key in re.split(r"[ ,()]+", text)}
    bindings = Bindings({"ExpressionAttributeValues": used or None, "ExpressionAttributeNames": names})
    bound = bindings.condition("ConditionExpression", text)
    bindings.check_unused()
    return holds(bound, ITEM if item is None else item)


@pytest.mark.parametrize(
    "text",
    [
        "id = :s", "id <> :u", "age = :n", "age >= :n", "age > :lo AND age < :hi", "age BETWEEN :lo AND :hi",
        "NOT age BETWEEN :hi AND :hi", "id IN ( :u , :s )", "attribute_exists(doc.b.c)", "attribute_not_exists(doc.b.d)",
        "attribute_not_exists(xs[9])", "xs[1].deep > :two", "begins_with(id, :u )", "contains(tags, :a )",
        "contains(xs, :x )", "contains(bin, :b )", "contains(scores, :lo )", "attribute_type(tags, :SS )", "size(tags) = :two",
        "size(xs) > size(tags)", "tags = :ba", "flag = :t", "gone <> :s", "not gone = :s", "NOT (gone = :s )",
        "id = :u OR id = :s AND age = :n", "(id = :s OR id = :u ) AND NOT (age < :lo )", "id = :u or ( age = :n and flag = :t )",
        "NOT flag = :s AND id = :s", "(id) = ( :s )", "(size(id)) > :two",
    ],
)  # fmt: skip
def test_true_of_the_item(text: str) -> None:
    assert evaluate(text) is True
    assert evaluate(f"NOT ({text})") is False


@pytest.mark.parametrize(
    "text",
    ["gone = :s", "gone < :n", "age = :s", "age < :s", "id BETWEEN :lo AND :hi", "size(age) = :lo", "contains(id, :lo )",
     "id.x = :s", "xs.x = :s", "doc[0] = :s", "begins_with(age, :u )", "gone IN ( :s , :u )", "attribute_type(gone, :SS )"],
)  # fmt: skip
def test_false_of_the_item(text: str) -> None:
    assert evaluate(text) is False


def test_nothing_is_there_before_the_item() -> None:
    assert evaluate("(attribute_not_exists(id))", {})
    assert not evaluate("attribute_exists(id)", {})


def test_strings_are_in_the_order_of_their_utf8() -> None:
    bindings = Bindings({"ExpressionAttributeValues": {":v": {"S": "\U0001f600"}}})
    assert holds(bindings.condition("ConditionExpression", "a < :v"), {"a": {"S": "\uffee"}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The expression can not be empty;"),
        ("a", 'Syntax error; token: "<EOF>", near: "a"'),
        ("a = = b", 'Syntax error; token: "=", near: "= = b"'),
        ("a AND b", 'Syntax error; token: "AND", near: "a AND b"'),
        ("attribute_exists(", 'Syntax error; token: "<EOF>", near: "("'),
        ("attribute_exists()", 'Syntax error; token: ")", near: "()"'),
        ("a = b)", 'Syntax error; token: ")", near: "b)"'),
        ("(a = b", 'Syntax error; token: "<EOF>", near: "b"'),
        ("a = b c = d", 'Syntax error; token: "c", near: "b c ="'),
        ("a-b = c", 'Syntax error; token: "-", near: "a-b"'),
        ("NOT NOT a = b", 'Syntax error; token: "NOT", near: "NOT NOT a"'),
        ("a BETWEEN b", 'Syntax error; token: "<EOF>", near: "b"'),
        ("a BETWEEN b OR c", 'Syntax error; token: "OR", near: "b OR c"'),
        ("a[x] = b", 'Syntax error; token: "x", near: "[x]"'),
        ("((a = b))", "The expression has redundant parentheses;"),
        ("((a)) = b", "The expression has redundant parentheses;"),
        ("foo(a)", "Invalid function name; function: foo"),
        ("if_not_exists(a, b)", "The function is not allowed in a condition expression; function: if_not_exists"),
        ("a = b" + " OR a = b" * 200, "The expression contains too many operators; operator count: 301;"),
        ("size(a)", "The function is not allowed to be used this way in an expression; function: size"),
        (
            "attribute_exists(a) = b",
            "The function is not allowed to be used this way in an expression; function: attribute_exists",
        ),
        ("status = b", "Attribute name is a reserved keyword; reserved keyword: status"),
        ("a = :nope", "An expression attribute value used in expression is not defined; attribute value: :nope"),
        ("#nope = b", "An expression attribute name used in the document path is not defined; attribute name: #nope"),
        (
            "attribute_exists(a, b)",
            "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2",
        ),
        (
            "a = a",
            "The first operand must be distinct from the remaining operands for this operator or function; "
            "operator: =, first operand: [a]",
        ),
        (
            "attribute_exists(:s )",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "begins_with(a, :n )",
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        (
            "size(:n ) > a",
            "Incorrect operand type for operator or function; operator or function: size, operand type: N",
        ),
        ("a < :t", "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL"),
        (
            "attribute_type(a, :s )",
            "Invalid attribute type name found; type: u-1, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
        ),
        (
            "a BETWEEN :hi AND :lo",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
            "lower bound operand: AttributeValue: {N:100}, upper bound operand: AttributeValue: {N:1}",
        ),
        ("a IN (" + "b," * 100 + "c)", "The IN operator is provided with too many operands; number of operands: 101"),
        ("a = b" + " " * 4092, "Expression size has exceeded the maximum allowed size; expression size: 4097"),
    ],
)
def test_messages(text: str, message: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        evaluate(text)
    assert caught.value.message == f"Invalid ConditionExpression: {message}"


@pytest.mark.parametrize(
    ("request_members", "message"),
    [
        ({"ExpressionAttributeNames": {}}, "ExpressionAttributeNames must not be empty"),
        (
            {"ExpressionAttributeNames": {"x": "a"}},
            'ExpressionAttributeNames contains invalid key: Syntax error; key: "x"',
        ),
        (
            {"ExpressionAttributeValues": {"#x": {"S": "a"}}},
            'ExpressionAttributeValues contains invalid key: Syntax error; key: "#x"',
        ),
        (
            {"ExpressionAttributeNames": {"#" + "x" * 255: "a"}},
            "ExpressionAttributeNames contains invalid key: The expression attribute map contains a key that is too long; "
            "size of key: 256",
        ),
        (
            {"ExpressionAttributeValues": {":x": {"N": "a"}}},
            "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: a for key :x",
        ),
        (
            {"ExpressionAttributeNames": {"#a": "a", "#b": "b"}},
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b}",
        ),
        (
            {"ExpressionAttributeValues": {":x": {"S": "a"}}},
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:x}",
        ),
    ],
)
def test_names_and_values(request_members: dict[str, Any], message: str) -> None:
    def bind() -> None:
        bindings = Bindings(request_members)
        bindings.condition("ConditionExpression", "attribute_exists(a)")
        bindings.check_unused()

    with pytest.raises(ValidationFailed) as caught:
        bind()
    assert caught.value.message == message


WORDS = ["a", "b.c", "d[0]", "#n", ":v", ":w", "AND", "OR", "NOT", "(", ")", "=", "<", "<>", "BETWEEN", "IN", ",", "size(",
         "contains(", "attribute_exists(", "begins_with(", "foo(", ".", "[", "]", "-", "_", "é", "0", "\x00", "name"]  # fmt: skip
MEMBERS = {"ExpressionAttributeNames": {"#n": "x y"}, "ExpressionAttributeValues": {":v": {"S": "1"}, ":w": {"N": "2"}}}


@given(st.one_of(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join), st.text(max_size=60)))
@settings(max_examples=600)
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    with contextlib.suppress(ValidationFailed):
        bindings = Bindings(MEMBERS)
        holds(bindings.condition("ConditionExpression", text), ITEM)
        bindings.check_unused()


@given(st.one_of(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), st.text(max_size=60)))
def test_any_text_is_a_projection_or_refused(text: str) -> None:
    with contextlib.suppress(ValidationFailed):
        project(ITEM, Bindings(MEMBERS).projection(text))


@pytest.mark.parametrize(
    "text",
    ["(" * 2000 + "a = b" + ")" * 2000, "NOT (" * 290 + "a = b" + ")" * 290, "NOT(" * 900 + "a = b" + ")" * 90,
     "(" * 130 + "a = b" + " AND c = d)" * 130, "size(" * 600 + "a", "size(" * 250 + "a" + ")" * 250 + " = b", "a" + ".b" * 2000 + " = c"],
)  # fmt: skip
def test_no_depth_of_nesting_breaks_the_interpreter(text: str) -> None:
    assert sys.getrecursionlimit() <= 1000
    with contextlib.suppress(ValidationFailed):
        holds(Bindings({}).condition("ConditionExpression", text), ITEM)


def test_projection_takes_parts_and_closes_lists_up() -> None:
    paths = Bindings({"ExpressionAttributeNames": {"#m": "doc"}}).projection("xs[2], xs[0], #m.b.c, gone, id, age.x")
    assert project(ITEM, paths) == {
        "id": {"S": "u-1"},
        "xs": {"L": [{"S": "x"}, {"S": "z"}]},
        "doc": {"M": {"b": {"M": {"c": {"N": "2"}}}}},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a, a",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]",
        ),
        (
            "a.b, a",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a]",
        ),
        (
            "a.b, a[1]",
            "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [1]]",
        ),
        (
            "a.b, a[1], c, c.d",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [c], path two: [c, d]",
        ),
        ("a,", 'Syntax error; token: "<EOF>", near: ","'),
        ("a b", 'Syntax error; token: "b", near: "a b"'),
        ("name", "Attribute name is a reserved keyword; reserved keyword: name"),
    ],
)
def test_projection_messages(text: str, message: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        Bindings({}).projection(text)
    assert caught.value.message == f"Invalid ProjectionExpression: {message}"


def test_the_reserved_words_are_all_there() -> None:
    assert len(RESERVED_WORDS) == 573


SETS = [{"SS": ["a", "b"]}, {"NS": ["1", "2"]}, {"BS": [b"a", b"b"]}]
DOCUMENTS = st.recursive(
    st.sampled_from([{"S": "SS"}, {"S": "a"}, {"N": "1"}, {"BOOL": True}, {"NULL": True}, {"B": b"a"}, *SETS]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda members: {"L": members}),
        st.dictionaries(st.sampled_from(["x", "SS"]), inner, max_size=2).map(lambda entries: {"M": entries}),
    ),
    max_leaves=6,
)


def turned(value: dict[str, Any]) -> dict[str, Any]:
    """The same value, its sets in another order."""
    ((kind, content),) = value.items()
    if kind == "L":
        return {"L": [turned(member) for member in content]}
    if kind == "M":
        return {"M": {name: turned(member) for name, member in reversed(content.items())}}
    return {kind: content[::-1]} if kind in ("SS", "NS", "BS") else value


def canonical(value: dict[str, Any]) -> Any:
    """The value in a form of which Python tells whether two are the same."""
    ((kind, content),) = value.items()
    if kind == "L":
        return kind, tuple(canonical(member) for member in content)
    if kind == "M":
        return kind, frozenset((name, canonical(member)) for name, member in content.items())
    return kind, frozenset(content) if kind in ("SS", "NS", "BS") else content


@given(DOCUMENTS, DOCUMENTS, st.lists(DOCUMENTS, max_size=3))
def test_sets_are_the_same_in_any_order(left: Any, right: Any, members: list[Any]) -> None:
    def true(text: str, **item: Any) -> bool:
        return holds(Bindings({}).condition("ConditionExpression", text), item)

    assert true("a = b", a=left, b=turned(left))
    assert true("a = b", a=left, b=right) == (canonical(left) == canonical(right))
    assert true("a IN (c, b)", a=left, b=right) == (canonical(left) == canonical(right))
    assert true("contains(a, b)", a={"L": [*members, left]}, b=turned(left))
    assert true("contains(a, b)", a={"L": members}, b=left) == (canonical(left) in map(canonical, members))


LARGE = {"L": [{"N": "1"} for _ in range(80_000)]}


@pytest.mark.parametrize(
    ("text", "item"),
    [
        (" OR ".join(["contains(a, b)"] * 150), {"a": LARGE, "b": {"N": "2"}}),
        (" AND ".join(["a = b"] * 150), {"a": LARGE, "b": {"L": [*LARGE["L"]]}}),
        (" OR ".join(["a IN (" + ", ".join(["b"] * 99) + ")"] * 12), {"a": LARGE, "b": {"L": [*LARGE["L"][1:], {"N": "2"}]}}),
    ],
    ids=["contains", "equal", "in"],
)  # fmt: skip
def test_no_expression_holds_the_region_up(text: str, item: dict[str, Any]) -> None:
    """The largest item under the longest expression: a second or two while a filter that walks it in Python takes many."""
    condition = Bindings({}).condition("FilterExpression", text)
    begun = time.process_time()
    holds(condition, item)
    assert time.process_time() - begun < 2


def test_thousands_of_values_are_looked_up_not_gone_through() -> None:
    wanted = comparison("a", "IN", [{"S": str(n)} for n in range(20_000)])
    begun = time.process_time()
    for n in range(5_000):
        assert holds(wanted, {"a": {"S": str(19_999 - n)}})
        assert not holds(wanted, {"a": {"N": str(n)}})
    assert time.process_time() - begun < 2
    assert not holds(wanted, {})
    assert not holds(wanted, {"a": {"L": [{"S": "1"}]}})
