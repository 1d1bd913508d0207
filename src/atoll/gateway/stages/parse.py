"""parse: with what parameters?"""

from __future__ import annotations

from atoll.gateway.call import Call
from atoll.kernel.errors import NotImplementedByAtoll


def parse(call: Call) -> None:
    """Sets `params` and `checked`.

    Raises MalformedRequest, and NotImplementedByAtoll for an operation without a handler: it is refused before anything can be wrong
    with its parameters.
    """
    assert call.codec is not None
    assert call.wire is not None
    if call.registered is None:
        raise not_implemented(call)
    call.params = call.codec.checked(call.operation, call.wire)
    call.checked = call.params is not None
    if not call.checked:
        call.params = call.codec.parse(call.operation, call.wire)


def not_implemented(call: Call) -> NotImplementedByAtoll:
    """The refusal of an operation that AWS has and Atoll has not."""
    reason = call.parts.refused.get(call.service, {}).get(call.operation)
    why = f": {reason}" if reason else ""
    return NotImplementedByAtoll(f"Atoll does not implement {call.service}:{call.operation}{why}.")
