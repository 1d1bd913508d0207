"""Numbers: exact decimals of up to 38 significant digits, from 1E-130 to 9.99…E+125. Text in, text or bytes out; no floats.

A number is read once into (negative, digits, exponent), where its value is 0.d1d2d3… * 10**exponent; its text, its
order-preserving key and its size follow from that. docs: Developer Guide, "Supported data types", Number.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal
from typing import NamedTuple

from atoll.kernel.errors import ValidationFailed

MAX_DIGITS = 38
MAX_EXPONENT, MIN_EXPONENT = 126, -129
"""Of the form 0.ddd * 10**e: 9.99…E+125 and 1E-130."""

_SYNTAX = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?", re.ASCII)
_NOT_A_NUMBER = "The parameter cannot be converted to a numeric value"
_HUGE = 10**6
"""An exponent past this decides alone: requests are far shorter than a million digits that could make up for it."""
_MAX_WRITTEN = (1 << 63) - 1
"""The largest exponent that is read at all."""


class Number(NamedTuple):
    """A finite decimal: `digits` has neither leading nor trailing zeros and is "" for zero, whose exponent is the one it was written
    with: AWS holds that, too, against the range."""

    negative: bool
    digits: str
    exponent: int


_EXACT = Context(prec=MAX_EXPONENT - MIN_EXPONENT + MAX_DIGITS)
_OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"


def parse(text: str) -> Number:
    """Reads a number. Raises ValidationFailed with AWS's text where it is none, too large, too small or too precise."""
    if _is_whole(text):
        return Number(False, text.rstrip("0"), len(text))
    number = _in_range(_read(text))
    if len(number.digits) > MAX_DIGITS:
        raise ValidationFailed("Attempting to store more than 38 significant digits in a Number")
    return number


def add(left: str, right: str) -> str:
    """The exact sum of two numbers. Raises ValidationFailed where that is no number: also for one too precise AWS says "overflow"."""
    return _result(_EXACT.add(Decimal(left), Decimal(right)))


def subtract(left: str, right: str) -> str:
    """The exact difference, as `add`."""
    return _result(_EXACT.subtract(Decimal(left), Decimal(right)))


def normalise(text: str) -> str:
    """The number as DynamoDB gives it back: plain notation, no superfluous zeros, no sign on zero."""
    return text if _is_whole(text) else render(parse(text))


def _is_whole(text: str) -> bool:
    """Whether it is a positive integer in plain notation, as most numbers are. No other is so quickly read."""
    return text.isascii() and text.isdigit() and text[0] != "0" and len(text) <= MAX_DIGITS


def render(number: Number) -> str:
    """Plain notation: "-1200", "0.0012"."""
    negative, digits, exponent = number
    if not digits:
        return "0"
    if exponent <= 0:
        plain = f"0.{'0' * -exponent}{digits}"
    elif exponent >= len(digits):
        plain = digits + "0" * (exponent - len(digits))
    else:
        plain = f"{digits[:exponent]}.{digits[exponent:]}"
    return f"-{plain}" if negative else plain


def key(text: str) -> bytes:
    """The number as bytes that compare as the numbers do.

    A byte for the sign, one for the exponent, then two decimal digits per byte; for negative numbers all but the first are
    complemented, and a last byte above every pair makes the shorter of two with one prefix the greater.
    """
    negative, digits, exponent = parse(text)
    if not digits:
        return b"\x02"
    biased = exponent - MIN_EXPONENT
    pairs = [int(digits[at : at + 2].ljust(2, "0")) + 1 for at in range(0, len(digits), 2)]
    if negative:
        return bytes((0x01, 0xFF - biased, *(0xFF - pair for pair in pairs), 0xFF))
    return bytes((0x03, biased, *pairs))


def size(text: str) -> int:
    """Bytes that a normalised number counts for: one per two significant digits, one more, and one for a minus sign; at most 21.

    docs: Developer Guide, "DynamoDB item sizes and formats"; digits pair up from the decimal point.
    """
    if text.isdigit():
        return min(21, (len(text.rstrip("0")) + (len(text) & 1) + 1) // 2 + 1) if text != "0" else 1
    negative = text[0] == "-"
    whole, _, fraction = text.lstrip("-").partition(".")
    whole = whole.lstrip("0")
    if not fraction:
        significant = whole.rstrip("0")
        odd = len(whole) & 1
    elif whole:
        significant, odd = whole + fraction, len(whole) & 1
    else:
        significant = fraction.lstrip("0")
        odd = (len(fraction) - len(significant)) & 1
    if not significant:
        return 1
    return min(21, (len(significant) + odd + 1) // 2 + 1 + negative)


def _read(text: str) -> Number:
    match = _SYNTAX.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        raise ValidationFailed(f"{_NOT_A_NUMBER}: {text}" if text else _NOT_A_NUMBER)
    whole, fraction = match[2], match[3] or ""
    unscaled = (whole + fraction).lstrip("0")
    exponent = (len(unscaled) or 1) - len(fraction) + _exponent(text, match[4])
    digits = unscaled.rstrip("0")
    return Number(match[1] == "-" and digits != "", digits, exponent)


def _in_range(number: Number) -> Number:
    if number.exponent > MAX_EXPONENT:
        raise ValidationFailed(_OVERFLOW)
    if number.exponent < MIN_EXPONENT:
        raise ValidationFailed(
            "Number underflow. Attempting to store a number with magnitude smaller than supported range"
        )
    return number


def _result(exact: Decimal) -> str:
    if not exact:
        return "0"
    number = _in_range(_read(f"{exact:f}"))
    if len(number.digits) > MAX_DIGITS:
        raise ValidationFailed(_OVERFLOW)
    return render(number)


def _exponent(text: str, written: str | None) -> int:
    if written is None:
        return 0
    magnitude = written.lstrip("+-").lstrip("0")
    if len(magnitude) > 19 or int(magnitude or "0") > _MAX_WRITTEN:
        raise ValidationFailed(f"{_NOT_A_NUMBER}: {text}")
    value = min(int(magnitude or "0"), _HUGE)
    return -value if written[0] == "-" else value
