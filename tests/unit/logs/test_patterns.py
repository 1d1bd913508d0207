"""Filter patterns, after the examples of AWS's "Filter pattern syntax"."""

from __future__ import annotations

import pytest

from atoll.services.logs.errors import InvalidParameterException
from atoll.services.logs.patterns import compile_pattern

ERROR, MIXED = "[ERROR] 400 BAD REQUEST", "[WARN] ERROR handling: Exiting gracefully"
EVENT = '{"eventType": "UpdateTrail", "sourceIPAddress": "111.111.111.111", "arrayKey": ["value", "another value"], ' \
    '"objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}], "SomeObject": null, "ThisFlag": true, ' \
    '"user": {"email": "John.Stiles@example.com", "id": 1}, "bytes": "12.5"}'  # fmt: skip
ACCESS = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("", ERROR, True),
        ("ERROR", ERROR, True),
        ("error", ERROR, False),
        ("ERROR BAD", ERROR, True),
        ("ERROR WARN", ERROR, False),
        ("ERROR -Exiting", ERROR, True),
        ("ERROR -Exiting", MIXED, False),
        ('ERROR -"Exiting gracefully"', MIXED, False),
        ("?ERROR ?WARN", MIXED, True),
        ("?nope ?never", MIXED, False),
        ("?nope ERROR", MIXED, True),
        ('"400 BAD"', ERROR, True),
        ('"BAD 400"', ERROR, False),
        ("-nope", ERROR, True),
        ("%4[0-9]{2} B%", ERROR, True),
        ("%5[0-9]{2}%", ERROR, False),
        ('{ $.eventType = "UpdateTrail" }', EVENT, True),
        ('{ $.eventType = "Update*" }', EVENT, True),
        ('{ $.eventType != "UpdateTrail" }', EVENT, False),
        ('{ $.missing != "x" }', EVENT, False),
        ("{ $.sourceIPAddress = 111.111.* }", EVENT, True),
        ('{ $.arrayKey[0] = "value" }', EVENT, True),
        ('{ $.arrayKey[*] = "another value" }', EVENT, True),
        ("{ $.objectList[1].id = 2 }", EVENT, True),
        ("{ $.objectList[*].id > 2 }", EVENT, False),
        ("{ $.SomeObject IS NULL }", EVENT, True),
        ("{ $.ThisFlag IS TRUE }", EVENT, True),
        ("{ $.ThisFlag IS FALSE }", EVENT, False),
        ("{ $.SomeOtherObject NOT EXISTS }", EVENT, True),
        ("{ $.user NOT EXISTS }", EVENT, False),
        ('{ ($.user.id = 1) && ($.user.email = "John.Stiles@example.com") }', EVENT, True),
        ('{ ($.user.id = 2 || $.user.id = 1) && $.eventType = "x" }', EVENT, False),
        ('{ $.user.id = 2 && $.x = 1 || $.eventType = "UpdateTrail" }', EVENT, True),
        ("{ $.user.email = %Stiles@% }", EVENT, True),
        ("{ $.bytes >= 12.5 }", EVENT, True),
        ("{ $.bytes < 1e1 }", EVENT, False),
        ("{ $['eventType'] = \"UpdateTrail\" }", EVENT, True),
        ('{ $.eventType = "UpdateTrail" }', "no json", False),
        ('{ $.eventType = "UpdateTrail" }', "[1]", False),
        ("{ $.x NOT EXISTS }", "no json", False),
        ("[ip, id, user, timestamp, request, status_code, size]", ACCESS, True),
        ("[ip, id, user, timestamp, request, status_code = 4*, size]", ACCESS, True),
        ("[ip, id, user, timestamp, request, status_code = 404, size > 1533]", ACCESS, True),
        ("[ip, id, user, timestamp, request, status_code = 404, size > 1534]", ACCESS, False),
        ("[..., status_code = 4*, size]", ACCESS, True),
        ("[ip, ..., size < 10]", ACCESS, False),
        ('[ip, id, user, timestamp, request = "*html*", status_code = 404 || status_code = 410, size]', ACCESS, True),
        ("[ip, id, user != frank, ...]", ACCESS, False),
        ("[ip, id]", ACCESS, False),
    ],
)
def test_what_matches(pattern: str, message: str, matches: bool) -> None:
    assert compile_pattern(pattern)(message) is matches


@pytest.mark.parametrize(
    "pattern",
    ['"open', "{ $.a = 1", "{ $.a }", "{ a = 1 }", '{ $.a > "x" }', "{ ($.a = 1 }", "{ $.a = 1 && }", "{ $.a IS SO }",
     "{}", "[a, b", "[a, ..., ...]", "[a b]", "%(%"],
)  # fmt: skip
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(InvalidParameterException):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    "pattern", ["{ " + "(" * 400 + "$.a = 1" + ")" * 400 + " }", "%(a+)+$%", "%a{99999999999999}%", "%a!%", "%ä%"]
)
def test_what_would_run_away_is_no_pattern_on_aws_either(pattern: str) -> None:
    with pytest.raises(InvalidParameterException):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{ $.a = 1 }", '{"a": 1' + "0" * 400 + "}"),
        ('{ $.a = "' + "*a" * 30 + '*b" }', '{"a": "' + "a" * 20_000 + '"}'),
        ("{ $.a = 1 }", "[" * 100_000),
    ],
    ids=["a number past floats", "many wildcards", "depth"],
)
@pytest.mark.timeout(10)
def test_odd_messages_are_looked_at_quickly(pattern: str, message: str) -> None:
    assert not compile_pattern(pattern)(message)
