"""identify: which service is this for, which operation, in which region, and who says they sent it?

The scope of the signature names the service; X-Amz-Target and the query protocol's Version name it where nothing is signed. Only a
form's body is read for that: there alone the operation stands in it.
"""

from __future__ import annotations

from atoll.auth.presigned import find_authorization
from atoll.gateway.call import Call
from atoll.gateway.stages.receive import read_form
from atoll.kernel.errors import (
    IncompleteSignature,
    InvalidSignature,
    MissingAuthenticationToken,
    NotImplementedByAtoll,
)
from atoll.protocol.wire import WireRequest

FORM = "application/x-www-form-urlencoded"
"""What requests of the query protocol are; elsewhere it says nothing: curl calls any data so."""


async def identify(call: Call) -> None:
    """Sets `wire`, `service`, `codec`, `authorization`, `region`, `operation` and `registered`.

    Raises UnknownOperation, IncompleteSignature, and NotImplementedByAtoll where Atoll has no codec for the service.
    """
    http = call.http
    assert http is not None
    call.wire = WireRequest(http.method, http.raw_path, http.query_string, http.fields, b"")
    is_form = http.fields.get("content-type", "").startswith(FORM)
    try:
        authorization = call.authorization = find_authorization(http.fields, http.query_string)
    except (IncompleteSignature, InvalidSignature):
        if is_form:
            await read_form(call)
        _find(call, None)  # also this is answered in the protocol of the service that it came for
        raise
    named = authorization.service if authorization else None
    if named not in call.parts.loading.done:
        await call.parts.loading.load(named)
    if is_form and call.parts.models.takes_forms(named):
        await read_form(call)
    if authorization is None:
        _find(call, None)
        if not call.service:
            raise MissingAuthenticationToken("Missing Authentication Token")
    else:
        _find(call, authorization.service)
        call.region = authorization.region
    _name(call, authorization.service if authorization else "")


def identify_as(call: Call, signing_name: str) -> None:
    """`identify`, for a request that nobody signed and whose body is there, to the service that signatures call by this name."""
    http = call.http
    assert http is not None
    call.wire = WireRequest(http.method, http.raw_path, http.query_string, http.fields, http.body)
    _find(call, signing_name)
    _name(call, signing_name)


def _name(call: Call, signing_name: str) -> None:
    if call.codec is None:
        raise NotImplementedByAtoll(f"Atoll does not implement the service {call.service or signing_name}.")
    assert call.wire is not None
    call.operation = call.codec.operation_of(call.wire)
    call.registered = call.parts.operations.get(call.service, {}).get(call.operation)
    call.span.name = f"{call.service}.{call.operation}"


def _find(call: Call, signing_name: str | None) -> None:
    assert call.wire is not None
    models = call.parts.models
    service = models.find(call.wire, signing_name)
    if service is None:
        return
    call.service = service
    call.codec = models.codec(service, call.wire)
