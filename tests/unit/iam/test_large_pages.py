"""Pages that are read in turns are those that are read at once, and documents are encoded by RFC 3986 whatever is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.kernel.context import Context
from atoll.kernel.store.api import Reader
from atoll.services.iam import documents, paging

NAMES = [f"r{number}" for number in range(7)]


class Reads:
    """A store, and a clock by which each turn is over at once; `made` counts the reads."""

    def __init__(self) -> None:
        self.made = 0
        self.seconds = 0.0

    async def read(self, fn: Callable[[Any], Any]) -> Any:
        self.made += 1
        return fn(None)

    def monotonic(self) -> float:
        self.seconds += 1
        return self.seconds


def entries(_tx: Reader, after: str) -> Iterator[tuple[str, str | None]]:
    for name in NAMES:
        if name > after:
            yield name, None if name == "r1" else name.upper()


async def page(request: dict[str, Any]) -> tuple[list[str], dict[str, Any], int]:
    reads = Reads()
    ctx = cast(Context, SimpleNamespace(store=reads, clock=reads))
    found, more = await paging.page_in_turns(ctx, request, entries)
    return found, more, reads.made


@pytest.mark.parametrize("limit", range(1, 8))
async def test_pages_read_in_turns_hold_everything_once(limit: int) -> None:
    seen: list[str] = []
    request: dict[str, Any] = {"MaxItems": limit}
    while True:
        found, more, _ = await page(request)
        seen += found
        if not more["IsTruncated"]:
            break
        assert len(found) == limit
        request["Marker"] = more["Marker"]
    assert seen == ["R0", "R2", "R3", "R4", "R5", "R6"]


async def test_a_large_page_is_read_in_many_turns() -> None:
    found, more, reads = await page({})
    assert found == ["R0", "R2", "R3", "R4", "R5", "R6"]
    assert more == {"IsTruncated": False}
    assert reads == len(NAMES) + 1


@given(st.text(st.characters(codec="utf-8")) | st.text(st.characters(codec="ascii")))
def test_documents_are_percent_encoded(text: str) -> None:
    assert documents.encoded(text) == quote(text, safe="")
