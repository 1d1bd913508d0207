"""receive: the whole body, within the service's limit, and what its headers say of it."""

from __future__ import annotations

from atoll.gateway.call import Call
from atoll.kernel.errors import RequestTooLarge
from atoll.kernel.http import BodyTooLarge

FORM_LIMIT = 4 << 20
"""Bytes of a form: 1 MiB, the most that any query service takes, percent-encoded."""


async def receive(call: Call) -> None:
    """Puts the body into `wire`. Raises RequestTooLarge. What no operation will look at is not read."""
    assert call.codec is not None
    if call.registered is not None:
        await read(call, call.codec.facts.max_body)


async def read_form(call: Call) -> None:
    """Reads a form, before it is known for which service. Raises RequestTooLarge."""
    await read(call, FORM_LIMIT)


async def read(call: Call, limit: int) -> bytes:
    """The body as it was sent, read once."""
    assert call.http is not None
    assert call.wire is not None
    if call.http.incoming is not None:
        try:
            call.wire.body = await call.http.read_body(limit)
        except BodyTooLarge:
            where = f" for the {call.operation} operation" if call.operation else ""
            raise RequestTooLarge(f"Request must be smaller than {limit} bytes{where}") from None
    return call.wire.body
