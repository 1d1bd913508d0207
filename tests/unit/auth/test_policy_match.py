"""Wildcards and variables, against a plain reference, and in linear time."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from atoll.auth.policy.match import arn_matcher, compile_pattern, matcher, tokenize

KEYS: dict[str, list[str]] = {"aws:username": ["bob"], "tag": ["a*"], "colon": ["x:y"], "many": ["a", "b"], "none": []}


def matches(pattern: str, text: str) -> bool:
    return compile_pattern(tokenize(pattern, wildcards=True, variables=False))(text)


def reference(pattern: str, text: str) -> bool:
    translated = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(translated, text, re.DOTALL) is not None


small = st.text(alphabet="ab", max_size=12)


@given(st.text(alphabet="ab*?", max_size=9), small)
@example("a*?b", "ab")
@example("*ab?a*", "abaabaa")
@example("?*?", "a")
def test_matches_as_the_reference_does(pattern: str, text: str) -> None:
    assert matches(pattern, text) is reference(pattern, text)


@given(st.text(alphabet="ab*?:", max_size=12), st.text(alphabet="ab:\n", max_size=16))
def test_arns_match_part_by_part(pattern: str, arn: str) -> None:
    if pattern == "*":
        expected = True
    else:
        parts, wanted = arn.split(":", 5), pattern.split(":", 5)
        wanted += ["*"] * (6 - len(wanted))
        expected = len(parts) == 6 and all(map(reference, wanted, parts))
    assert arn_matcher(pattern, variables=False)(arn, KEYS.get) is expected


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*a" * 5000 + "b", "a" * 10_000),
        ("a*" * 5000 + "b*", "a" * 10_000),
        ("*" + "a?" * 500 + "b*", "a" * 10_000),
        ("*" + "?" * 5000 + "b", "a" * 10_000),
        ("*a?b" * 2500, "ab" * 5000),
        ("*" * 10_000 + "b", "a" * 10_000),
    ],
    ids=["stars", "trailing stars", "one long piece with holes", "holes", "many pieces with holes", "only stars"],
)
def test_no_pattern_takes_long(pattern: str, text: str) -> None:
    started = time.process_time()
    assert matches(pattern, text) is False
    assert time.process_time() - started < 0.5  # backtracking would not end in a lifetime


def test_no_pattern_takes_long_to_read() -> None:
    started = time.process_time()
    tokenize("${" * 100_000, wildcards=True, variables=True)
    assert time.process_time() - started < 0.5


def resolved(pattern: str, text: str, keys: Mapping[str, Sequence[str]] = KEYS, *, wildcards: bool = True) -> bool:
    return matcher(tokenize(pattern, wildcards=wildcards, variables=True))(text, keys.get)


class TestVariables:
    @pytest.mark.parametrize(
        ("pattern", "text"),
        [
            ("home/${aws:username}/*", "home/bob/x"),
            ("${AWS:UserName}", "bob"),
            ("${none, 'nobody'}", "nobody"),
            ("${absent,'nobody'}/?", "nobody/x"),
            ("${absent, ''}", ""),
            ("${tag}", "a*"),
            ("${*}${?}${$}", "*?$"),
            ("${unclosed", "${unclosed"),
        ],
    )
    def test_take_their_values_literally(self, pattern: str, text: str) -> None:
        assert resolved(pattern, text)

    @pytest.mark.parametrize(
        ("pattern", "text"),
        [
            ("${aws:username}", "alice"),
            ("${tag}", "ab"),
            ("${*}", "x"),
            ("${absent}", ""),
            ("${absent}", "${absent}"),
            ("*${absent}*", "anything"),
            ("${many}", "a"),
            ("${many, 'c'}", "c"),
            ("${absent, unquoted}", "unquoted"),
        ],
    )
    def test_match_nothing_else(self, pattern: str, text: str) -> None:
        assert not resolved(pattern, text)

    def test_are_ordinary_text_in_policies_of_2008(self) -> None:
        tokens = tokenize("${aws:username}", wildcards=False, variables=False)
        assert matcher(tokens)("${aws:username}", KEYS.get)

    def test_never_reach_into_the_next_part_of_an_arn(self) -> None:
        test = arn_matcher("arn:aws:s3:::${aws:username}/${colon}", variables=True)
        assert test("arn:aws:s3:::bob/x:y", KEYS.get)
        test = arn_matcher("arn:aws:sqs:${colon}:q", variables=True)
        assert not test("arn:aws:sqs:x:y:q", KEYS.get)


@pytest.mark.parametrize(
    ("pattern", "arn", "expected"),
    [
        ("arn:aws:dynamodb:*:*:table/T*", "arn:aws:dynamodb:eu-west-1:123456789012:table/T/index/i", True),
        ("arn:aws:dynamodb:eu-west-?:*:table/T", "arn:aws:dynamodb:eu-west-1:123456789012:table/T", True),
        ("arn:aws:dynamodb:*:table/T", "arn:aws:dynamodb:eu-west-1:123456789012:table/T", False),
        ("arn:aws:dynamodb:*", "arn:aws:dynamodb:eu-west-1:123456789012:table/T", True),
        ("arn:aws:lambda:*:*:function:f:*", "arn:aws:lambda:eu-west-1:123456789012:function:f:1", True),
        ("arn:aws:lambda:*:*:function:f:*", "arn:aws:lambda:eu-west-1:123456789012:function:f", False),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a:b/c", True),
        ("arn:aws:s3:::b", "arn:aws:s3:::B", False),
        ("arn:aws:s3:::*", "*", False),
        ("*", "*", True),
    ],
)
def test_arns(pattern: str, arn: str, expected: bool) -> None:
    assert arn_matcher(pattern, variables=True)(arn, KEYS.get) is expected
