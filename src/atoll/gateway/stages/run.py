"""run: does it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from atoll.gateway.call import Call


async def run(call: Call) -> None:
    """Sets `output`. Raises whatever the operation raises."""
    assert call.registered is not None
    assert call.ctx is not None
    for path, reason in call.registered.not_honoured.items():
        if any(_matters(value) for value in _values(call.params, path.split("."))):
            call.ctx.warn(path, reason)
    call.output = await call.registered.handler(call.ctx, call.params)


def _values(params: Any, path: list[str]) -> Iterator[Any]:
    """What the request holds at a dotted path; a list on the way means each of its members."""
    if isinstance(params, list):
        for member in params:
            yield from _values(member, path)
    elif not path:
        yield params
    elif isinstance(params, Mapping) and path[0] in params:
        yield from _values(params[path[0]], path[1:])


def _matters(value: Any) -> bool:
    """An empty list, string or structure, False and None ask for nothing."""
    return value not in (None, False, "", [], {}, ())
