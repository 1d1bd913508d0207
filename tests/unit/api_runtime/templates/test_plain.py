"""Templates that are seen to write themselves without a look at the language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.api_runtime.templates.render import Rendered, Scope, is_plain, render


@given(st.text(st.sampled_from("a\\ \n\r\t{}[]*'\"$#")))
def test_plain_templates_write_themselves(template: str) -> None:
    if is_plain(template):
        assert render(template, Scope()) == Rendered(template)


@pytest.mark.parametrize("template", ["$", "#", "\\$x", "##", "#[[a]]#", "a" * 5_000])
def test_what_needs_a_look_is_not_plain(template: str) -> None:
    assert not is_plain(template)
