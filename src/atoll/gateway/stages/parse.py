"""parse: which operation, with what parameters?"""

from __future__ import annotations

from atoll.gateway.call import Call


async def parse(call: Call) -> None:
    """Sets `operation` and `params`. Raises UnknownOperation or MalformedRequest."""
    assert call.codec is not None
    assert call.wire is not None
    call.operation = call.codec.operation_of(call.wire)
    call.span.name = f"{call.service}.{call.operation}"
    if call.operation in call.parts.operations.get(call.service, ()):
        # What is not implemented is refused before anything can be wrong with its parameters.
        call.params = call.codec.parse(call.operation, call.wire)
