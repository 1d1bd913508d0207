"""Event patterns: each operator, arrays, `$or`, what is refused; and against a model that tries every value."""

from __future__ import annotations

import contextlib
import json
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.kernel.event_patterns import InvalidPattern, compiled


def matches(pattern: Any, event: Any) -> bool:
    return compiled(json.dumps(pattern)).matches(event)


@pytest.mark.parametrize(
    ("wanted", "accepted", "refused"),
    [
        (["a", 1, None, True], ["a", 1, 1.0, None, True], ["b", "1", False, 0]),
        ([300], [300, 300.0, 3.0e2], ["300", 301]),
        ([{"prefix": "us-"}], ["us-east-1", "us-"], ["eu-us-", 5, None]),
        ([{"prefix": {"equals-ignore-case": "US-"}}], ["us-east-1", "Us-"], ["eu"]),
        ([{"suffix": ".png"}], ["a.png"], ["a.PNG", "png"]),
        ([{"suffix": {"equals-ignore-case": ".png"}}], ["a.PNG"], ["a.jpg"]),
        ([{"equals-ignore-case": "alice"}], ["ALICE", "Alice"], ["alic", 1]),
        ([{"anything-but": "x"}], ["y", 1, None, True], ["x"]),
        ([{"anything-but": ["x", 100]}], ["y", 101], ["x", 100, 100.0]),
        ([{"anything-but": {"prefix": "us-"}}], ["eu-", 4], ["us-east-1"]),
        ([{"anything-but": {"suffix": [".png", ".jpg"]}}], ["a.gif"], ["a.png", "b.jpg"]),
        ([{"anything-but": {"equals-ignore-case": ["a", "b"]}}], ["c"], ["A", "b"]),
        ([{"anything-but": {"wildcard": "*/lib/*"}}], ["/usr/bin"], ["/usr/lib/x"]),
        ([{"numeric": ["=", 5]}], [5, 5.0], [4, "5", True]),
        ([{"numeric": [">", 0, "<=", 5]}], [0.5, 5], [0, 5.1, None]),
        ([{"exists": True}], ["", 0, None], []),
        ([{"cidr": "10.0.0.0/24"}], ["10.0.0.255"], ["10.0.1.0", "x", 4, "::1"]),
        ([{"cidr": "2001:db8::/32"}], ["2001:db8::1"], ["2001:db9::1", "10.0.0.1"]),
        ([{"wildcard": "dir/*.png"}], ["dir/a.png", "dir/.png"], ["dir/a.jpg", "a.png"]),
        ([{"wildcard": "*"}], ["", "x"], [1]),
        ([{"wildcard": "a\\*b\\\\*"}], ["a*b\\c"], ["axb\\c"]),
        (["x", {"numeric": [">", 3]}], ["x", 4], ["y", 3]),
        ([""], [""], [" "]),
    ],
)
def test_operators(wanted: list[Any], accepted: list[Any], refused: list[Any]) -> None:
    for value in accepted:
        assert matches({"f": wanted}, {"f": value}), value
        assert matches({"f": wanted}, {"f": [{"no": "leaf"}, value]}), value
    for value in refused:
        assert not matches({"f": wanted}, {"f": value}), value
    assert not matches({"f": wanted}, {})


def test_a_field_that_is_absent() -> None:
    absent = {"detail": {"f": [{"exists": False}]}}
    assert matches(absent, {"detail": {"g": 1}})
    assert matches(absent, {})
    assert matches(absent, {"detail": {"f": {"deeper": 1}}})  # only leaves exist
    assert not matches(absent, {"detail": {"f": None}})
    assert not matches(absent, {"detail": [{"g": 1}, {"f": 1}]})
    assert matches({"f": [{"exists": False}, "x"]}, {"f": "x"})
    assert not matches({"f": [{"exists": True}]}, {"f": {"deeper": 1}})


def test_all_fields_of_one_object_of_an_array() -> None:
    pattern = {"d": {"a": ["1"], "b": ["2"]}}
    assert matches(pattern, {"d": [{"a": "0", "b": "2"}, {"a": "1", "b": "2"}]})
    assert not matches(pattern, {"d": [{"a": "1", "b": "0"}, {"a": "0", "b": "2"}]})
    assert matches({"r": ["x", "y"]}, {"r": ["y", "z"]})
    assert not matches({"r": ["x"]}, {"r": []})


def test_or() -> None:
    pattern = {"s": ["a"], "$or": [{"x": [1]}, {"y": {"z": [2]}}]}
    assert matches(pattern, {"s": "a", "x": 1})
    assert matches(pattern, {"s": "a", "y": {"z": 2}})
    assert not matches(pattern, {"s": "a", "x": 2, "y": {"z": 1}})
    assert not matches(pattern, {"s": "b", "x": 1})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("null", "Filter is not an object"),
        ('"simple string"', "Filter is not an object"),
        ("{", "Filter is not valid JSON"),
        ('[{"eventName": ["INSERT"=123}]', "Filter is not valid JSON"),
        ("{}", "Empty objects are not allowed"),
        ('{"a": {}}', "Empty objects are not allowed"),
        ('{"a": []}', "Empty arrays are not allowed"),
        ('{"a": "b"}', '"a" must be an object or an array'),
        ('{"a": [["b"]]}', "Match value must be String, number, true, false, or null"),
        ('{"a": [{"frefix": "b"}]}', "Unrecognized match type frefix"),
        ('{"a": [{"prefix": "b", "suffix": "c"}]}', "Only one key allowed in match expression"),
        ('{"a": [{"prefix": 1}]}', "prefix match pattern must be a string"),
        ('{"a": [{"exists": "yes"}]}', "exists match pattern must be either true or false."),
        ('{"a": [{"numeric": 5}]}', "Value of numeric must be an array."),
        ('{"a": [{"numeric": ["!", 5]}]}', "Unrecognized numeric range operator: !"),
        ('{"a": [{"numeric": [">", "5"]}]}', "Value of numeric match must be numeric"),
        ('{"a": [{"numeric": [">", 5, "<", 4]}]}', "Bottom must be less than top"),
        ('{"a": [{"numeric": ["=", 6000000000]}]}', "Value must be between -5.0E9 and 5.0E9, inclusive"),
        ('{"a": [{"wildcard": "a**"}]}', "Consecutive wildcard characters at pos 1"),
        ('{"a": [{"wildcard": "a\\\\b"}]}', "Invalid escape character at pos 1"),
        ('{"a": [{"cidr": "10.0.0.0/99"}]}', "Malformed CIDR"),
        ('{"a": [{"anything-but": []}]}', "Empty arrays are not allowed"),
        ('{"a": [{"anything-but": {"numeric": ["=", 1]}}]}', "Unsupported anything-but pattern: numeric"),
        ('{"$or": [{"a": [1]}]}', "There must have at least 2 Objects in $or relationship."),
        ('{"a":' * 2000 + "[1]" + "}" * 2000, ""),
    ],
)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidPattern) as caught:
        compiled(text)
    assert str(caught.value).startswith(reason)


def test_a_wildcard_that_would_hang_a_regular_expression() -> None:
    assert not matches({"f": [{"wildcard": "*a" * 40 + "b"}]}, {"f": "a" * 20_000})


scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "ab", "b", "A"])


def test_a_long_array_is_looked_through_once() -> None:
    """Each of its elements asks whether the field is absent from all."""
    event = {"l": [{"y": 1}] * 30_000 + [{"x": 1}]}
    began = time.process_time()
    assert not matches({"l": {"x": [{"exists": False}]}}, event)
    assert matches({"l": {"z": [{"exists": False}]}}, event)
    assert time.process_time() - began < 2


names = st.sampled_from(["x", "y", "z"])
events = st.dictionaries(
    names, scalars | st.lists(scalars, max_size=3) | st.dictionaries(names, scalars, max_size=3), max_size=3
)
tests = scalars | st.sampled_from(
    [{"exists": True}, {"prefix": "a"}, {"anything-but": ["a", 1]}, {"numeric": [">", 0]}, {"wildcard": "*b"}]
)
leaves = st.lists(tests, min_size=1, max_size=3)
patterns = st.dictionaries(
    names, leaves | st.dictionaries(names, leaves, min_size=1, max_size=2), min_size=1, max_size=3
)


@given(patterns, events)
def test_a_pattern_is_for_an_event_when_each_of_its_parts_is(pattern: dict[str, Any], event: dict[str, Any]) -> None:
    parts = [matches({name: wanted}, event) for name, wanted in pattern.items()]
    assert matches(pattern, event) is all(parts)
    for name, wanted in pattern.items():
        if isinstance(wanted, list):
            single = [matches({name: [one]}, event) for one in wanted]
            assert matches({name: wanted}, event) is any(single)


@given(patterns, patterns, events)
def test_or_is_either(one: dict[str, Any], other: dict[str, Any], event: dict[str, Any]) -> None:
    assert matches({"$or": [one, other]}, event) is (matches(one, event) or matches(other, event))


@given(st.text(alphabet="ab*", max_size=6), st.text(alphabet="ab", max_size=6))
def test_wildcards_as_a_regular_expression_has_them(pattern: str, text: str) -> None:
    if "**" in pattern:
        return
    expected = re.fullmatch(pattern.replace("*", ".*"), text) is not None
    assert matches({"f": [{"wildcard": pattern}]}, {"f": text}) is expected


@given(st.text(max_size=30) | st.binary(max_size=20).map(lambda raw: raw.decode(errors="replace")))
def test_any_text_is_a_pattern_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidPattern):
        compiled(text).matches({"a": 1})
