"""Tokens of any shape are read or refused, and never anything else; issuers of this region are asked before any network."""

from __future__ import annotations

import base64
import contextlib
import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.auth.issuers import Issuers, Unreachable
from atoll.auth.web_tokens import Invalid, moment, read


def segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@given(st.one_of(st.text(), st.lists(st.text(alphabet="abcXYZ09-_=", max_size=30), max_size=5).map(".".join)))
def test_any_text(text: str) -> None:
    with contextlib.suppress(Invalid):
        read(text)


@given(
    st.dictionaries(st.sampled_from(["alg", "kid", "typ"]), st.one_of(st.none(), st.integers(), st.text(max_size=8))),
    st.recursive(
        st.none() | st.text(max_size=5), lambda inner: st.dictionaries(st.text(max_size=3), inner), max_leaves=5
    ),
)
def test_any_header_and_claims(header: dict[str, Any], claims: Any) -> None:
    try:
        token = read(f"{segment(header)}.{segment(claims)}.AAAA")
    except Invalid:
        return
    assert token.algorithm.startswith(("RS", "ES"))


@given(st.one_of(st.none(), st.booleans(), st.text(), st.lists(st.integers()), st.integers(), st.floats()))
def test_times_are_numbers(value: Any) -> None:
    try:
        assert moment({"exp": value}, "exp", 0) == value or value != value
    except Invalid:
        assert isinstance(value, bool) or not isinstance(value, (int, float))


async def test_issuers_of_this_region_are_asked_in_turn() -> None:
    asked: list[str] = []

    async def download(issuer: str) -> bytes:
        asked.append(f"network {issuer}")
        raise Unreachable("away")

    async def pools(issuer: str) -> bytes | None:
        asked.append(f"pools {issuer}")
        return b'{"keys":[]}' if issuer == "https://pool" else None

    async def identities(issuer: str) -> bytes | None:
        asked.append(f"identities {issuer}")
        return b'{"keys":[]}' if issuer == "https://identity" else None

    clock: Any = SimpleNamespace(now=lambda: 0.0, monotonic=lambda: 0.0)
    issuers = Issuers(clock, download)
    issuers.resolve(pools)
    issuers.resolve(identities)
    assert await issuers.find("https://pool", "k", "RS256") is None
    assert await issuers.find("https://identity", "k", "RS256") is None
    with pytest.raises(Unreachable):
        await issuers.find("https://other", "k", "RS256")
    assert asked == [
        "pools https://pool", "pools https://identity", "identities https://identity", "pools https://other",
        "identities https://other", "network https://other",
    ]  # fmt: skip
