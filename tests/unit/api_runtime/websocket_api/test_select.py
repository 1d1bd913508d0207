"""Selection expressions: which route a message names, which response a status selects."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.api_runtime.websocket_api.select import evaluate, response_key, route_key


@pytest.mark.parametrize(
    ("expression", "message", "key"),
    [
        ("$request.body.action", '{"action":"join"}', "join"),
        ("${request.body.action}", '{"action":"join"}', "join"),
        ("$request.body.a.b", '{"a":{"b":"deep"}}', "deep"),
        ("$request.body.list[1].name", '{"list":[{},{"name":"second"}]}', "second"),
        ("$request.body.list[7]", '{"list":[]}', "$default"),
        ("${request.body.a}-${request.body.b}", '{"a":"x","b":2}', "x-2"),
        ("${request.body.version}-beta", '{"version":1.5}', "1.5-beta"),
        ("$request.body.flag", '{"flag":true}', "true"),
        ("$request.body.action", '{"action":null}', "$default"),
        ("$request.body.action", '{"action":""}', "$default"),
        ("$request.body.action", '{"action":["join"]}', "$default"),
        ("$request.body.action", '{"action":"$disconnect"}', "$default"),
        ("$request.body.action", "[]", "$default"),
        ("$request.body.action", "not json", "$default"),
        ("$request.body.action", '{"action":"${request.body.other}","other":"x"}', "${request.body.other}"),
        ("\\$default", "anything", "$default"),
        ("fixed", "anything", "fixed"),
    ],
)
def test_route_selection(expression: str, message: str, key: str) -> None:
    assert route_key(expression, message) == key


def test_an_expression_of_which_a_variable_has_no_value_has_none() -> None:
    assert evaluate("a-${x}-b", {"x": "1"}.get) == "a-1-b"
    assert evaluate("a-${y}-b", {"x": "1"}.get) is None


def test_response_keys_are_the_value_a_pattern_or_the_default() -> None:
    keys = ("/4\\d\\d/", "/500|502/", "$default")
    assert [response_key(value, keys) for value in ("404", "502", "501", None)] == [
        "/4\\d\\d/", "/500|502/", "$default", "$default",
    ]  # fmt: skip
    assert response_key("200", ("/4\\d\\d/",)) is None
    assert response_key("200", ("/(/",)) is None


@given(st.text(), st.text())
def test_no_expression_and_no_message_breaks_it(expression: str, message: str) -> None:
    assert isinstance(route_key(expression, message), str)
    assert isinstance(route_key("$request.body." + expression, message), str)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON | st.sampled_from(["$connect", "$disconnect"]))
def test_no_message_names_a_reserved_route(value: object) -> None:
    assert route_key("$request.body.action", json.dumps({"action": value})) not in ("$connect", "$disconnect")


@pytest.mark.parametrize("key", ["/((a{999}){999}){999}/", "/(a|aa)+b/", "/[/"])
def test_patterns_that_take_too_long_or_are_wrong_select_nothing(key: str) -> None:
    assert response_key("a" * 40, [key]) is None
    assert response_key("a" * 40, ["$default", key]) == "$default"


def test_a_place_in_a_list_that_is_no_number_that_fits() -> None:
    assert route_key("$request.body.a[" + "9" * 5000 + "]", '{"a": [1]}') == "$default"


def test_a_variable_without_a_name_has_no_value() -> None:
    assert route_key("${}", "{}") == "$default"
    assert route_key("${}$request.body.a", '{"a": "x"}') == "$default"
