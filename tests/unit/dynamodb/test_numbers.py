"""DynamoDB's numbers: exact, ordered, bounded."""

from decimal import Context, Decimal, getcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb import numbers

EXACT = Context(prec=200, Emax=999999, Emin=-999999)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Valid numbers, also oddly written."""
    digits = draw(st.text("0123456789", min_size=1, max_size=38))
    point = draw(st.integers(0, len(digits)))
    shift = draw(st.integers(-80, 80))
    sign = draw(st.sampled_from(["", "-", "+"]))
    mantissa = f"{digits[:point]}.{digits[point:]}" if draw(st.booleans()) and 0 < point < len(digits) else digits
    return f"{sign}{mantissa}" + (draw(st.sampled_from("eE")) + str(shift) if shift else "")


@given(texts())
def test_a_number_comes_back_with_the_value_it_had(text: str) -> None:
    normal = numbers.normalise(text)
    assert EXACT.create_decimal(normal) == EXACT.create_decimal(text)
    assert "e" not in normal.lower()
    assert numbers.normalise(normal) == normal


@given(texts(), texts())
def test_keys_are_in_the_order_of_the_numbers(left: str, right: str) -> None:
    a, b = EXACT.create_decimal(left), EXACT.create_decimal(right)
    one, two = numbers.key(left), numbers.key(right)
    assert (one < two, one == two) == (a < b, a == b)


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.integers(0, 12))
def test_keys_of_near_numbers_are_in_order(left: int, right: int, places: int) -> None:
    a, b = Decimal(left).scaleb(-places), Decimal(right).scaleb(-places)
    assert (numbers.key(f"{a:f}") < numbers.key(f"{b:f}")) == (a < b)


@given(st.text())
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        normal = numbers.normalise(text)
    except ValidationFailed:
        return
    assert EXACT.create_decimal(normal) == EXACT.create_decimal(text)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("1.00", "1"), ("-0", "0"), ("007", "7"), ("1E3", "1000"), ("1.5e-3", "0.0015"), (".5", "0.5"), ("5.", "5"),
        ("1E125", "1" + "0" * 125), ("-1E-130", "-0." + "0" * 129 + "1"), ("9" * 38, "9" * 38), ("0E125", "0"), ("-0.0e-129", "0"),
        ("1" + "0" * 100, "1" + "0" * 100),
    ],
)  # fmt: skip
def test_normal_form(text: str, normal: str) -> None:
    assert numbers.normalise(text) == normal


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The parameter cannot be converted to a numeric value"),
        ("abc", "The parameter cannot be converted to a numeric value: abc"),
        (" 1", "The parameter cannot be converted to a numeric value:  1"),
        ("NaN", "The parameter cannot be converted to a numeric value: NaN"),
        ("1_0", "The parameter cannot be converted to a numeric value: 1_0"),
        ("٣", "The parameter cannot be converted to a numeric value: ٣"),
        ("1" * 39, "Attempting to store more than 38 significant digits in a Number"),
        ("1E126", "Number overflow. Attempting to store a number with magnitude larger than supported range"),
        (
            "-1e9223372036854775807",
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
        ),
        ("1e-9223372036854775808", "The parameter cannot be converted to a numeric value: 1e-9223372036854775808"),
        ("1e" + "9" * 5000, "The parameter cannot be converted to a numeric value: 1e" + "9" * 5000),
        ("0e126", "Number overflow. Attempting to store a number with magnitude larger than supported range"),
        ("0e-131", "Number underflow. Attempting to store a number with magnitude smaller than supported range"),
        ("1E-131", "Number underflow. Attempting to store a number with magnitude smaller than supported range"),
    ],
)
def test_what_is_no_number(text: str, message: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        numbers.normalise(text)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("text", "size"), [("0", 1), ("1", 2), ("12", 2), ("123", 3), ("1200", 2), ("-12", 3), ("0.01", 2), ("9" * 38, 20)]
)
def test_sizes(text: str, size: int) -> None:
    assert numbers.size(text) == size


def test_precision_of_the_process_does_not_matter() -> None:
    before = getcontext().prec
    getcontext().prec = 5
    try:
        assert numbers.normalise("1" * 38) == "1" * 38
    finally:
        getcontext().prec = before
