"""Filter patterns: text in, a predicate on messages out. Pure.

docs: "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail". One module per kind:
terms (`ERROR -timeout ?warn "a phrase" %regex%`), JSON (`{ $.level = "ERROR" }`) and fields (`[ip, user, status = 4*]`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from atoll.services.logs.patterns import fields, json_selectors, terms

Predicate = Callable[[str], bool]


@lru_cache(maxsize=256)
def compile_pattern(text: str) -> Predicate:
    """The predicate that a filter pattern says. Raises InvalidParameterException for what is no pattern."""
    text = text.strip()
    if text.startswith("{"):
        return json_selectors.compile_json(text)
    if text.startswith("["):
        return fields.compile_fields(text)
    return terms.compile_terms(text)
