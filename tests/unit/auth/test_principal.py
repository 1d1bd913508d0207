"""Access keys: whom one stands for, and when it may not be used."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.auth.principal import Credential, check, unknown_key
from atoll.kernel.context import Principal
from atoll.kernel.errors import ExpiredToken, UnrecognizedClient

INVALID = "The security token included in the request is invalid."
KEY = Credential("secret", None, None, Principal.root("123456789012"), active=True)
SESSION = replace(KEY, session_token="token", expires=100.0)


@pytest.mark.parametrize(
    ("access_key", "account"),
    [
        ("123456789012", "123456789012"),
        ("test", "000000000000"),
        ("AKIAIOSFODNN7EXAMPLE", "000000000000"),
        ("1234567890123", "000000000000"),
        ("١٢٣٤٥٦٧٨٩٠١٢", "000000000000"),
        ("", "000000000000"),
    ],
)
def test_an_unknown_key_acts_as_a_root(access_key: str, account: str) -> None:
    assert unknown_key(access_key, strict=False) == Principal.root(account, access_key)


def test_an_unknown_key_is_refused_when_strict() -> None:
    with pytest.raises(UnrecognizedClient) as caught:
        unknown_key("123456789012", strict=True)
    assert caught.value.message == INVALID


def test_what_may_be_used() -> None:
    check(KEY, None, now=1e12)
    check(SESSION, "token", now=99.9)


@pytest.mark.parametrize(
    ("credential", "token"),
    [(SESSION, None), (SESSION, ""), (SESSION, "other"), (KEY, "token"), (replace(KEY, active=False), None)],
    ids=["token missing", "token empty", "token of another", "token with a plain key", "inactive"],
)
def test_what_may_not(credential: Credential, token: str | None) -> None:
    with pytest.raises(UnrecognizedClient) as caught:
        check(credential, token, now=0)
    assert caught.value.message == INVALID


def test_an_ended_session() -> None:
    with pytest.raises(ExpiredToken) as caught:
        check(SESSION, "token", now=100.0)
    assert caught.value.message == "The security token included in the request is expired"


@given(st.text().filter(lambda token: token != "token"))
def test_any_other_token_is_refused(token: str) -> None:
    with pytest.raises(UnrecognizedClient):
        check(SESSION, token, now=0)


def test_what_s3_calls_each_of_them() -> None:
    key = replace(KEY, principal=Principal.root("123456789012", "AKID"))
    session = replace(SESSION, principal=key.principal)
    unknown = 403, "InvalidAccessKeyId", {"AWSAccessKeyId": "AKID"}
    cases = [
        (replace(key, active=False), None, unknown),
        (session, None, unknown),
        (session, "x", (400, "InvalidToken", {"Token-0": "x"})),
        (session, "token", (400, "ExpiredToken", {"Token-0": "token"})),
    ]
    for credential, token, expected in cases:
        with pytest.raises((UnrecognizedClient, ExpiredToken)) as caught:
            check(credential, token, now=100.0)
        assert caught.value.s3 is not None
        assert (caught.value.s3.status, caught.value.s3.code, caught.value.s3.members) == expected
