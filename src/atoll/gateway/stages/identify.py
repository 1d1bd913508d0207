"""identify: which service is this for, in which region, and who says they sent it?

The scope of the signature names the service; X-Amz-Target and the query protocol's Version name it where nothing is signed.
"""

from __future__ import annotations

from atoll.auth.sigv4 import parse_authorization
from atoll.gateway.call import Call
from atoll.kernel.errors import IncompleteSignature, MissingAuthenticationToken, NotImplementedByAtoll
from atoll.protocol.wire import WireRequest


async def identify(call: Call) -> None:
    """Sets `wire`, `service`, `codec`, `authorization` and `region`. Raises NotImplementedByAtoll where Atoll has no codec for it."""
    http = call.http
    assert http is not None
    call.wire = WireRequest(http.method, http.raw_path, http.query_string, http.fields, http.body)
    header = http.header("authorization")
    if header is None:
        _find(call, None)
        if not call.service:
            raise MissingAuthenticationToken("Missing Authentication Token")
        return
    try:
        authorization = parse_authorization(header)
    except IncompleteSignature:
        _find(call, None)  # also this is answered in the protocol of the service that it came for
        raise
    _find(call, authorization.service)
    call.authorization, call.region = authorization, authorization.region
    if call.codec is None:
        raise NotImplementedByAtoll(f"Atoll does not implement the service {authorization.service}.")


def _find(call: Call, signing_name: str | None) -> None:
    assert call.wire is not None
    models = call.parts.models
    service = models.find(call.wire, signing_name)
    if service is None:
        return
    call.service = service
    call.codec = models.codec(service, call.wire)
