"""The condition keys that a policy document asks about, as its author wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from atoll.auth.policy.document import CURRENT, StatementDocument, many, read

_VARIABLE = re.compile(r"\$\{\s*([^${}*?,\s][^${},]*?)\s*[,}]")


def context_keys(texts: Iterable[str]) -> dict[str, str]:
    """The keys in conditions and policy variables of these documents, by lower-case name, in the order of their first appearance.

    Raises PolicySyntaxError.
    """
    found: dict[str, str] = {}
    for text in texts:
        document = read(text)
        for statement in document.statements:
            for key in _keys(statement, variables=document.version == CURRENT):
                found.setdefault(key.lower(), key)
    return found


def _keys(statement: StatementDocument, *, variables: bool) -> Iterator[str]:
    written = many(statement.resource) + many(statement.not_resource)
    for conditions in statement.condition.values():
        for key, values in conditions.items():
            yield key
            written += [str(value) for value in (values if isinstance(values, list) else [values])]
    if variables:
        for text in written:
            yield from _VARIABLE.findall(text)
