"""What a handler returns, as bytes. Decimals are written as numbers, as Lambda's runtime writes them."""

import decimal
import json
import json.encoder
import math
import os


class _Decimal(Exception):
    """Met a Decimal: the fast encoder cannot write it."""


class _Number(str):
    """A number that is already written."""


def _find(value):
    if isinstance(value, decimal.Decimal):
        raise _Decimal
    return json.JSONEncoder().default(value)


def _convert(value):
    if isinstance(value, decimal.Decimal):
        return math.nan if value.is_nan() else _Number(value)
    return json.JSONEncoder().default(value)


def dump(value):
    """The bytes of `value` and their content type. Raises TypeError or ValueError for what JSON has no form for."""
    if isinstance(value, bytes):
        return value, "application/unknown"
    ascii_only = os.environ.get("AWS_EXECUTION_ENV", "") in _ASCII
    try:
        text = json.dumps(value, default=_find, ensure_ascii=ascii_only)
    except _Decimal:
        text = _dump_with_decimals(value, ascii_only)
    return text.encode("utf-8", "surrogatepass"), "application/json"


_ASCII = frozenset("AWS_Lambda_python3.%d" % minor for minor in range(8, 12))
"""Since Python 3.12, Lambda's runtime writes characters beyond ASCII as they are."""


def _dump_with_decimals(value, ascii_only):
    quote = json.encoder.encode_basestring_ascii if ascii_only else json.encoder.encode_basestring

    def write(text):
        return str(text) if type(text) is _Number else quote(text)

    encode = json.encoder._make_iterencode({}, _convert, write, None, _write_float, ": ", ", ", False, False, False)
    return "".join(encode(value, 0))


def _write_float(value):
    if value != value:
        return "NaN"
    return float.__repr__(value) if abs(value) != math.inf else ("Infinity" if value > 0 else "-Infinity")
