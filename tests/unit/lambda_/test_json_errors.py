"""What AWS says of payloads that do not begin as JSON."""

from __future__ import annotations

import pytest

from atoll.services.lambda_.invocation.json_errors import complaint

PLACE = "\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {}, column: {}]"
VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        # as AWS answered (test_lambda_invoke_payload_encoding_error)
        (b"n\x87r\x9e\xe9\xb5\xd7I\xee\x9bmt", "Invalid UTF-8 start byte 0x87" + PLACE.format(1, 3)),
        (
            b"\x99\xeb,j\x07\xa1zYh",
            f"Unexpected character ((CTRL-CHAR, code 153)): expected a valid value {VALUES}" + PLACE.format(1, 1),
        ),
        # as users of AWS report: the CLI's base 64, and a bare word
        (
            b"eyAia2V5IjogInZhbHVlIiB9",
            f"Unrecognized token 'eyAia2V5IjogInZhbHVlIiB9': was expecting {VALUES}" + PLACE.format(1, 25),
        ),
        (b" \n nope", f"Unrecognized token 'nope': was expecting {VALUES}" + PLACE.format(2, 6)),
        (b"'a'", f"Unexpected character (''' (code 39)): expected a valid value {VALUES}" + PLACE.format(1, 1)),
        (b"x" * 300, f"Unrecognized token '{'x' * 256}...': was expecting {VALUES}" + PLACE.format(1, 301)),
    ],
)
def test_payloads_that_do_not_begin_as_json(payload: bytes, expected: str) -> None:
    assert complaint(payload) == expected


@pytest.mark.parametrize("payload", [b"", b" ", b"{}", b'"a', b"-1", b"[1", b"true", b"null,", b"NaN", b"\xc3\xa9"])
def test_others_are_for_the_parser(payload: bytes) -> None:
    assert complaint(payload) is None
