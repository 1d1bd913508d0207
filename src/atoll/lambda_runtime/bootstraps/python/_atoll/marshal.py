"""What a handler returns, as JSON text, as Lambda's runtime writes it: Decimals as numbers, named tuples as objects, bytes inside as
text (it uses the library simplejson)."""

import decimal
import json
import json.encoder
import math
import os

PLAIN = frozenset({str, int, float, bool, type(None)})
ESCAPED = frozenset("AWS_Lambda_python3.%d" % minor for minor in range(8, 12))
"""Since Python 3.12, Lambda's runtime writes characters beyond ASCII as they are."""


class _Decimal(Exception):
    """Met a Decimal: the fast encoder cannot write it."""


class _Number(str):
    """A number that is already written."""


def dump(value):
    """The JSON of `value` and its content type; bytes as they are. Raises TypeError or ValueError for what JSON has no form for."""
    if isinstance(value, bytes):
        return value, "application/unknown"
    escaped = os.environ.get("AWS_EXECUTION_ENV", "") in ESCAPED
    if not _is_common(value):
        value = _unnamed(value)
    try:
        text = json.dumps(value, default=_find, ensure_ascii=escaped)
    except _Decimal:
        text = _dump_with_decimals(value, escaped)
    return text, "application/json"


def _is_common(value):
    """Whether the library's encoder knows everything in `value`: it would take a named tuple for a list."""
    seen, waiting = set(), [value]
    while waiting:
        each = waiting.pop()
        kind = type(each)
        if kind in PLAIN:
            continue
        if kind is dict:
            parts = each.values()
            if not PLAIN.issuperset(map(type, each)):
                return False
        elif kind is list or kind is tuple:
            parts = each
        else:
            return False
        if id(each) in seen:
            continue  # perhaps in itself: the encoder says so
        if not PLAIN.issuperset(map(type, parts)):
            seen.add(id(each))
            waiting.extend(parts)
    return True


def _unnamed(value):
    """The same with mappings for named tuples and text for bytes."""
    if isinstance(value, tuple) and callable(getattr(value, "_asdict", None)):
        value = value._asdict()
    if isinstance(value, dict):
        return {name.decode() if isinstance(name, bytes) else name: _unnamed(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_unnamed(each) for each in value]
    return value.decode() if isinstance(value, bytes) else value


def _find(value):
    if isinstance(value, decimal.Decimal):
        raise _Decimal
    return json.JSONEncoder().default(value)


def _convert(value):
    if isinstance(value, decimal.Decimal):
        return math.nan if value.is_nan() else _Number(value)
    return json.JSONEncoder().default(value)


def _dump_with_decimals(value, escaped):
    quote = json.encoder.encode_basestring_ascii if escaped else json.encoder.encode_basestring

    def write(text):
        return str(text) if type(text) is _Number else quote(text)

    encode = json.encoder._make_iterencode({}, _convert, write, None, _write_float, ": ", ", ", False, False, False)
    return "".join(encode(value, 0))


def _write_float(value):
    if value != value:
        return "NaN"
    return float.__repr__(value) if abs(value) != math.inf else ("Infinity" if value > 0 else "-Infinity")
