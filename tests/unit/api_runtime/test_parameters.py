"""Parameter mapping: reading it, and what it makes of requests and answers."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from visits import visit

from atoll.api_runtime.http_api.parameters import Mappings, apply_to_request, apply_to_response, changes
from atoll.api_runtime.http_api.sources import Answered, Malformed, parse


def test_an_integration_without_mappings_costs_nothing() -> None:
    assert Mappings.of({}, {}) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("header.x", "1"),
        ("append:path", "1"),
        ("overwrite:statuscode", "200"),
        ("append:header.a b", "1"),
        ("append:header.content-length", "1"),
        ("append:header.x", "$request.nothing"),
        ("append:header.x", "${request.body..name}"),
        ("append:header.x", "$request.body[?(@.a)]"),
        ("append:header.x", "$request.header."),
    ],
)
def test_what_cannot_be_read(key: str, value: str) -> None:
    with pytest.raises(Malformed):
        changes({key: value})


@pytest.mark.parametrize("key", ["overwrite:path", "append:querystring.x"])
def test_answers_have_neither_path_nor_query(key: str) -> None:
    with pytest.raises(Malformed):
        changes({key: "1"}, response=True)


@given(st.text(max_size=40), st.binary(max_size=40))
def test_no_value_breaks_a_header(text: str, body: bytes) -> None:
    seen = visit(body=body, variables={"x": text}, headers=[("x-in", "1")])
    mapped = changes(
        {
            "append:header.x-a": "$stageVariables.x",
            "append:header.x-b": "[${request.body}]",
            "overwrite:path": "$stageVariables.x",
        }
    )
    outgoing = apply_to_request(mapped, seen)
    for name, value in outgoing.request.headers:
        (name + value).encode("latin-1")
        assert not set(value) & {"\r", "\n", "\0"}
    assert outgoing.path is not None
    assert outgoing.path.startswith("/")
    assert outgoing.path.isascii()
    assert " " not in outgoing.path


@given(st.text(alphabet="$.{}[]*'\"requestbodyheader", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(Malformed):
        parse(text).of(visit(body=b'{"a":[1]}'))


@pytest.mark.parametrize("value", ["99", "600", "abc", "٢٠٠", ""])
def test_a_status_code_that_is_none_is_left(value: str) -> None:
    mapped = changes({"overwrite:statuscode": "$response.header.x-code"}, response=True)
    status, _ = apply_to_response(mapped, visit(), 200, Answered([("x-code", value)], b""))
    assert status == 200
