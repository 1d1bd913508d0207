"""SAML responses: whatever is changed in one that was signed, it is refused or says the same; other things that are sent are refused."""

from __future__ import annotations

import base64
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.saml import ATTRIBUTES, IdentityProvider

from atoll.auth.saml.metadata import BadMetadata, Metadata, parse
from atoll.auth.saml.response import Assertion, Invalid, Rejected, decode

NOW = 1_700_000_000.0
IDP = IdentityProvider()
PROVIDER = parse(IDP.metadata())


def attempt(document: bytes, provider: Metadata = PROVIDER) -> Assertion | None:
    try:
        return decode(base64.b64encode(document).decode(), provider)
    except (Invalid, Rejected):
        return None


@pytest.mark.parametrize("sign", ["Assertion", "Response"])
def test_changed_bytes_change_nothing(sign: str) -> None:
    document = base64.b64decode(IDP.response(NOW, {f"{ATTRIBUTES}Role": "a,b"}, sign=sign))
    good = attempt(document)
    assert good is not None
    assert good.attributes == {f"{ATTRIBUTES}Role": ("a,b",)}
    chance = random.Random(7)
    for _ in range(150):
        at = chance.randrange(len(document))
        kind = chance.randrange(3)
        piece = bytes([chance.randrange(32, 127)])
        changed = document[:at] + (b"" if kind == 0 else piece) + document[at + (kind < 2) :]
        assert attempt(changed) in (None, good)


def test_comments_cut_no_names_short() -> None:
    """`ann<!-- -->@example.com` is no ann."""
    document = base64.b64decode(IDP.response(NOW, {}, name="ann@example.com"))
    found = attempt(document.replace(b"ann@example.com", b"ann<!-- x -->@example.com"))
    assert found is None or (found.subject is not None and found.subject.name == "ann@example.com")


@given(st.one_of(st.binary(max_size=200), st.text(alphabet="<>/=\"'& abSAMLResponse:", max_size=80).map(str.encode)))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_bytes(document: bytes) -> None:
    assert attempt(document) is None


@given(st.text(max_size=60))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_metadata(text: str) -> None:
    with pytest.raises(BadMetadata):
        parse(text)


def test_weak_signatures_are_refused() -> None:
    """An unsigned one, one signed by a stranger, and one whose certificate is in the message alone."""
    stranger = IdentityProvider()
    for response in (
        IDP.response(NOW, {}, sign=""),
        stranger.response(NOW, {}),
        stranger.response(NOW, {}, sign="Response"),
    ):
        assert attempt(base64.b64decode(response)) is None
