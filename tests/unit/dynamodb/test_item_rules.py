"""What an item may be, and what is said where it may not."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.expressions.condition import equal
from atoll.services.dynamodb.items.item_rules import MAX_ITEM, check_item, check_value, item_size
from atoll.services.dynamodb.items.storage import decode_item, encode_item, stored_size

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBER = st.integers(-(10**30), 10**30).map(str)
SCALARS = st.one_of(
    st.builds(lambda v: {"S": v}, TEXT),
    st.builds(lambda v: {"N": v}, NUMBER),
    st.builds(lambda v: {"B": v}, st.binary(max_size=8)),
    st.builds(lambda v: {"BOOL": v}, st.booleans()),
    st.just({"NULL": True}),
    st.builds(lambda v: {"SS": v}, st.lists(TEXT, min_size=1, max_size=3, unique=True)),
    st.builds(lambda v: {"NS": v}, st.lists(NUMBER, min_size=1, max_size=3, unique=True)),
    st.builds(lambda v: {"BS": v}, st.lists(st.binary(max_size=4), min_size=1, max_size=3, unique=True)),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.builds(lambda v: {"L": v}, st.lists(inner, max_size=3)),
        st.builds(lambda v: {"M": v}, st.dictionaries(TEXT, inner, max_size=3)),
    ),
    max_leaves=12,
)
ITEMS = st.dictionaries(TEXT, VALUES, max_size=6)


@given(ITEMS)
def test_an_item_comes_back_from_the_store_as_it_went(item: dict[str, Any]) -> None:
    checked, size = check_item(item)
    raw = encode_item(checked, size)
    assert decode_item(raw) == checked
    assert equal({"M": checked}, {"M": item})
    assert stored_size(raw) == size == item_size(checked)


@given(VALUES)
def test_a_value_equals_itself_and_its_sets_in_any_order(value: dict[str, Any]) -> None:
    assert equal(value, value)
    for kind in ("SS", "NS", "BS"):
        if kind in value:
            assert equal(value, {kind: value[kind][::-1]})


JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), TEXT, st.binary(max_size=3)),
    lambda inner: st.one_of(
        st.builds(lambda v: {"L": [{"S": "x"}, *([v] if isinstance(v, dict) else [])]}, inner),
        st.dictionaries(st.sampled_from(["S", "N", "SS"]), TEXT, max_size=3),
        st.builds(lambda v: {"NS": v}, st.lists(TEXT, max_size=3)),
    ),
    max_leaves=5,
)


@given(JUNK.filter(lambda value: isinstance(value, dict)))
def test_a_broken_value_is_refused_and_nothing_else(value: dict[str, Any]) -> None:
    with contextlib.suppress(ValidationFailed):
        check_value({kind: list(v) if kind == "SS" and isinstance(v, str) else v for kind, v in value.items()})


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(depth):
        value = {"L": [value]}
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        (
            {"S": "a", "N": "1"},
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
        ),
        ({"S": "a", "N": "b"}, "The parameter cannot be converted to a numeric value: b"),
        (
            {"NULL": False},
            "One or more parameter values were invalid: Null attribute value types must have the value of true",
        ),
        ({"SS": []}, "One or more parameter values were invalid: An string set  may not be empty"),
        ({"NS": []}, "One or more parameter values were invalid: An number set  may not be empty"),
        ({"BS": []}, "One or more parameter values were invalid: Binary sets should not be empty"),
        (
            {"SS": ["a", "b", "a"]},
            "One or more parameter values were invalid: Input collection [a, b, a] contains duplicates.",
        ),
        ({"NS": ["1", "1.0"]}, "Input collection contains duplicates"),
        (
            {"BS": [b"\x01", b"\x01"]},
            "One or more parameter values were invalid: Input collection [AQ==, AQ==]of type BS contains duplicates.",
        ),
        (
            nested(32),
            "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
        ),
    ],
)
def test_messages(value: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        check_item({"a": value})
    assert caught.value.message == message


def test_limits_are_allowed() -> None:
    check_item({"a": nested(31)})
    assert check_item({"a": {"S": "é" * ((MAX_ITEM - 2) // 2)}, "b": {"S": ""}})[1] == MAX_ITEM
    empty: dict[str, Any] = {"M": {}}
    for _ in range(31):
        empty = {"M": {"m": empty}}
    check_item({"a": empty})  # the 32nd level, with nothing in it
    with pytest.raises(ValidationFailed, match="Item size has exceeded the maximum allowed size"):
        check_item({"a": {"S": "x" * MAX_ITEM}})


def test_size_as_the_developer_guide_counts_it() -> None:
    # "shirt-color": "R", "shirt-size": "M" is the guide's example of 23 bytes.
    assert item_size({"shirt-color": {"S": "R"}, "shirt-size": {"S": "M"}}) == 23
    assert item_size({"l": {"L": [{"S": "ab"}, {"BOOL": True}]}}) == 1 + 3 + (1 + 2) + (1 + 1)
    assert item_size({"m": {"M": {"k": {"NULL": True}}}}) == 1 + 3 + 1 + 1 + 1
