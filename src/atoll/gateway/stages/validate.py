"""validate: do the parameters keep the constraints of their shapes?"""

from __future__ import annotations

from atoll.gateway.call import Call


def validate(call: Call) -> None:
    """Raises ValidationFailed with AWS's list of broken constraints."""
    assert call.codec is not None
    if not call.checked:
        call.codec.validate(call.operation, call.params)
