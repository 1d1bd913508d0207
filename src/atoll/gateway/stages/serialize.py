"""serialize: the output as the protocol writes it."""

from __future__ import annotations

from atoll.gateway.call import Call
from atoll.kernel.http import HttpResponse


def serialize(call: Call) -> None:
    """Sets `response`."""
    assert call.codec is not None
    assert call.ctx is not None
    wire = call.codec.serialize(call.operation, call.output or {}, call.request_id)
    call.response = HttpResponse(wire.status, [*wire.headers, *call.ctx.headers], wire.body)
