"""Condition operators, one by one. Docs: IAM User Guide, "Condition operators", "Multivalued context keys"."""

from __future__ import annotations

import pytest

from atoll.auth.policy.conditions import BadValue, compile_condition

ABSENT = None


def holds(operator: str, values: str | list[str], given: str | list[str] | None) -> bool:
    listed = [values] if isinstance(values, str) else values
    condition = compile_condition(operator, "Aws:Key", listed, variables=True)
    assert condition is not None
    context = {"user": ["bob"]}
    if given is not None:
        context["aws:key"] = [given] if isinstance(given, str) else given
    return condition.holds(context.get)


@pytest.mark.parametrize(
    ("operator", "value", "true", "false"),
    [
        ("StringEquals", "a*", "a*", "ab"),
        ("StringEquals", "A", "A", "a"),
        ("StringEquals", "${user}", "bob", "${user}"),
        ("StringNotEquals", "A", "a", "A"),
        ("StringEqualsIgnoreCase", "Ab${user}", "aBBOB", "ab"),
        ("StringNotEqualsIgnoreCase", "Ab", "b", "aB"),
        ("StringLike", "h?me/${user}/*", "home/bob/x/y", "home/eve/x"),
        ("StringNotLike", "home/*", "work/x", "home/x"),
        ("NumericEquals", "10", "10.0", "11"),
        ("NumericEquals", "10", "1e1", "ten"),
        ("NumericNotEquals", "10", "9", "10"),
        ("NumericLessThan", "10", "9.5", "10"),
        ("NumericLessThanEquals", "10", "10", "10.1"),
        ("NumericGreaterThan", "-1", "0", "-1"),
        ("NumericGreaterThanEquals", "10", "10", "9"),
        ("DateEquals", "2020-01-01T00:00:00Z", "1577836800", "2020-01-01T00:00:01Z"),
        ("DateEquals", "2020-01-01T01:00:00+01:00", "2020-01-01", "2020-01-01T01:00:00Z"),
        ("DateNotEquals", "2020-01-01", "2020-01-02", "2020-01-01T00:00Z"),
        ("DateLessThan", "2020-01-01T00:00:00Z", "2019-12-31T23:59:59.999Z", "2020-01-01T00:00:00Z"),
        ("DateLessThanEquals", "2020-01-01", "2020-01-01", "2020-01-01T00:00:00.1Z"),
        ("DateGreaterThan", "1577836800", "2020-01-01T00:00:01Z", "2020-01-01T00:00:00Z"),
        ("DateGreaterThanEquals", "2020", "2021-01-01", "today"),
        ("Bool", "true", "True", "false"),
        ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", "QmluYXJ6"),
        ("IpAddress", "10.1.0.0/16", "10.1.2.3", "10.2.0.1"),
        ("IpAddress", "10.1.2.3", "10.1.2.3", "not an address"),
        ("IpAddress", "2001:db8::/32", "2001:db8::1", "10.1.2.3"),
        ("NotIpAddress", "10.1.0.0/16", "10.2.0.1", "10.1.2.3"),
        ("ArnEquals", "arn:aws:s3:::b*", "arn:aws:s3:::bucket", "arn:aws:s3:::c"),
        ("ArnLike", "arn:aws:sns:*:1:t", "arn:aws:sns:eu-west-1:1:t", "arn:aws:sns:t"),
        ("ArnNotEquals", "arn:aws:s3:::b", "arn:aws:s3:::c", "arn:aws:s3:::b"),
        ("ArnNotLike", "arn:aws:s3:::*", "arn:aws:sns:::c", "arn:aws:s3:::c"),
        ("stringequals", "a", "a", "b"),
    ],
)
def test_operator(operator: str, value: str, true: str, false: str) -> None:
    assert holds(operator, value, true)
    assert not holds(operator, value, false)


@pytest.mark.parametrize(
    "operator", ["StringEquals", "NumericLessThan", "DateEquals", "Bool", "IpAddress", "ArnLike", "BinaryEquals"]
)
def test_an_absent_key_meets_no_positive_operator_save_with_if_exists(operator: str) -> None:
    value = "10" if operator != "BinaryEquals" else "QQ=="
    value = "10.0.0.0/8" if operator == "IpAddress" else value
    assert not holds(operator, value, ABSENT)
    assert holds(f"{operator}IfExists", value, ABSENT)


@pytest.mark.parametrize(
    "operator", ["StringNotEquals", "StringNotLike", "NumericNotEquals", "ArnNotLike", "DateNotEquals"]
)
def test_an_absent_key_meets_every_negated_operator(operator: str) -> None:
    assert holds(operator, "10", ABSENT)


def test_if_exists_still_looks_at_what_exists() -> None:
    assert not holds("StringEqualsIfExists", "a", "b")
    assert holds("StringEqualsIfExists", "a", "a")


def test_several_values_are_alternatives_and_of_a_negated_operator_none_may_match() -> None:
    assert holds("StringEquals", ["a", "b"], "b")
    assert holds("StringNotEquals", ["a", "b"], "c")
    assert not holds("StringNotEquals", ["a", "b"], "b")
    assert not holds("StringEquals", [], "b")


@pytest.mark.parametrize(
    ("operator", "given", "expected"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "c"], False),
        ("ForAllValues:StringEquals", ABSENT, True),
        ("ForAllValues:StringEquals", [], True),
        ("ForAnyValue:StringEquals", ["c", "b"], True),
        ("ForAnyValue:StringEquals", ["c", "d"], False),
        ("ForAnyValue:StringEquals", ABSENT, False),
        ("ForAnyValue:StringEquals", [], False),
        ("ForAnyValue:StringEqualsIfExists", ABSENT, True),
        ("ForAllValues:StringNotEquals", ["c", "d"], True),
        ("ForAllValues:StringNotEquals", ["c", "a"], False),
        ("ForAnyValue:StringNotEquals", ["a", "c"], True),
        ("ForAnyValue:StringNotEquals", ["a", "b"], False),
        ("ForAnyValue:StringNotEquals", ABSENT, False),
        ("ForAllValues:StringLike", ["a", "b"], True),
    ],
)
def test_keys_of_several_values(operator: str, given: list[str] | None, expected: bool) -> None:
    assert holds(operator, ["a", "b"], given) is expected


@pytest.mark.parametrize(("value", "given", "expected"), [("true", ABSENT, True), ("true", "x", False), ("true", [], True),
                                                          ("false", ABSENT, False), ("False", "x", True)])  # fmt: skip
def test_null_asks_whether_the_key_is_absent(value: str, given: str | list[str] | None, expected: bool) -> None:
    assert holds("Null", value, given) is expected


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("NumericEquals", "ten"),
        ("NumericEquals", "1_0"),
        ("DateEquals", "2020-13-01"),
        ("IpAddress", "10.0.0.0/33"),
        ("BinaryEquals", "%"),
        ("Null", "maybe"),
    ],
)
def test_values_that_the_operator_cannot_read(operator: str, value: str) -> None:
    with pytest.raises(BadValue):
        compile_condition(operator, "k", [value], variables=True)


class TestEmptyStrings:
    """docs: "Set operators for multivalued context keys": key values that resolve to an empty string are a null data set."""

    def test_are_no_values_to_set_operators(self) -> None:
        assert holds("ForAllValues:StringEquals", "a", [""])
        assert holds("ForAllValues:StringEquals", "a", ["", "a"])
        assert not holds("ForAllValues:StringEquals", "a", ["", "b"])
        assert not holds("ForAnyValue:StringEquals", "", [""])
        assert not holds("ForAnyValue:StringNotEquals", "a", [""])

    def test_are_null(self) -> None:
        assert holds("Null", "true", "")
        assert not holds("Null", "false", "")

    def test_are_values_to_other_operators(self) -> None:
        """docs: "Condition operators", the example in which `s3:prefix` may be ""."""
        assert holds("StringLike", ["", "home/*"], "")
        assert not holds("StringEquals", "a", "")


class TestVariables:
    """docs: "IAM policy elements: Variables and tags"."""

    @pytest.mark.parametrize("operator", ["StringEquals", "StringLike", "StringEqualsIgnoreCase", "ArnLike"])
    def test_without_value_match_nothing(self, operator: str) -> None:
        assert not holds(operator, "${nobody}", "${nobody}")
        assert not holds(operator, "${nobody}", "")

    @pytest.mark.parametrize(
        "operator", ["StringNotEquals", "StringNotLike", "StringNotEqualsIgnoreCase", "ArnNotLike"]
    )
    def test_without_value_do_not_match_negated(self, operator: str) -> None:
        """ "Policy variables with no value": inverted operators match."""
        assert holds(operator, "${nobody}", "x")

    def test_default_values(self) -> None:
        assert holds("StringEquals", "${nobody, 'Any one'}", "Any one")
        assert holds("StringEqualsIgnoreCase", "${nobody, 'Any one'}", "ANY ONE")
        assert not holds("StringEquals", "${user, 'Any one'}", "Any one")

    def test_several_values_are_none(self) -> None:
        """ "You can't use a multivalued context key as a policy variable"."""
        condition = compile_condition("StringEquals", "k", ["${many}"], variables=True)
        assert condition is not None
        assert not condition.holds({"k": ["a"], "many": ["a", "b"]}.get)

    def test_values_are_text(self) -> None:
        condition = compile_condition("StringLike", "k", ["${user}"], variables=True)
        assert condition is not None
        assert not condition.holds({"k": ["abc"], "user": ["a*"]}.get)
        assert condition.holds({"k": ["a*"], "user": ["a*"]}.get)

    def test_of_booleans(self) -> None:
        """ "Condition operators", "Boolean condition operators": they have variables."""
        condition = compile_condition("Bool", "k", ["${secure}"], variables=True)
        assert condition is not None
        assert condition.holds({"k": ["true"], "secure": ["TRUE"]}.get)

    @pytest.mark.parametrize("operator", ["NumericEquals", "DateEquals", "BinaryEquals", "IpAddress", "Null"])
    def test_not_of_others(self, operator: str) -> None:
        with pytest.raises(BadValue):
            compile_condition(operator, "k", ["${user}"], variables=True)

    @pytest.mark.parametrize(("escape", "text"), [("${*}", "*"), ("${?}", "?"), ("${$}", "$")])
    def test_escapes(self, escape: str, text: str) -> None:
        assert holds("StringLike", f"a{escape}b", f"a{text}b")
        assert not holds("StringLike", f"a{escape}b", "axb")


def test_arn_operators_compare_part_by_part() -> None:
    """docs: "Condition operators", the example of "Amazon Resource Name (ARN) condition operators"."""
    pattern = "arn:aws:someservice:*:111122223333:finance/*"
    value = "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"
    assert holds("StringLike", pattern, value)
    assert not holds("ArnLike", pattern, value)
