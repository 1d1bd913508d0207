"""How functions may be named, and what a permission becomes: pure."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from atoll.services.lambda_.names import Target, target

CTX: Any = SimpleNamespace(account="111111111111", region="us-east-1")


@pytest.mark.parametrize(
    ("text", "qualifier", "expected"),
    [
        ("fn", None, ("111111111111", "fn", None)),
        ("fn:live", None, ("111111111111", "fn", "live")),
        ("fn", "7", ("111111111111", "fn", "7")),
        ("fn:7", "7", ("111111111111", "fn", "7")),
        ("fn:$LATEST", None, ("111111111111", "fn", "$LATEST")),
        ("222222222222:fn", None, ("222222222222", "fn", None)),
        ("222222222222:function:fn:7", None, ("222222222222", "fn", "7")),
        ("function:fn", None, ("111111111111", "fn", None)),
        ("us-east-1:222222222222:function:fn", None, ("222222222222", "fn", None)),
        ("arn:aws:lambda:us-east-1:222222222222:function:fn", None, ("222222222222", "fn", None)),
        ("arn:aws:lambda:us-east-1:222222222222:function:fn:$LATEST", None, ("222222222222", "fn", "$LATEST")),
        ("arn:aws:s3:::bucket", None, ("111111111111", "arn:aws:s3:::bucket", None)),
    ],
)
def test_every_form_of_a_name(text: str, qualifier: str | None, expected: tuple[str, str, str | None]) -> None:
    request = {"FunctionName": text} | ({"Qualifier": qualifier} if qualifier else {})
    account, name, found = expected
    assert target(CTX, request) == Target(account, "us-east-1", name, found)
