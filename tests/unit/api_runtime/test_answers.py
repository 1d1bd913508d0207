"""How long a request's line and headers may be."""

from __future__ import annotations

import pytest

from atoll.api_runtime.http_api.answers import HEADERS_TOO_LARGE, MOST_HEADERS, oversized
from atoll.kernel.http import HttpRequest

LINE = len("GET / HTTP/1.1")


@pytest.mark.parametrize("names", [["a"], ["a", "b"], ["a", "a"], ["a", "a", "b"]])
def test_all_headers_count_repeated_ones_too(names: list[str]) -> None:
    room = MOST_HEADERS - LINE - sum(len(name) + len(": ") for name in names)
    values = ["x" * (room - len(names) + 1), *["x"] * (len(names) - 1)]
    assert oversized(HttpRequest("GET", "/", "", list(zip(names, values, strict=True)))) is None
    values[-1] += "x"
    assert oversized(HttpRequest("GET", "/", "", list(zip(names, values, strict=True)))) is HEADERS_TOO_LARGE
