"""serialize: the output as the protocol writes it."""

from __future__ import annotations

from atoll.gateway.call import Call
from atoll.kernel.http import HttpResponse


async def serialize(call: Call) -> None:
    """Sets `response`."""
    assert call.codec is not None
    wire = call.codec.serialize(call.operation, call.output or {}, call.request_id)
    assert isinstance(wire.body, bytes)  # no operation streams yet
    call.response = HttpResponse(wire.status, wire.headers, wire.body)
