"""receive: the whole body, within the service's limit, and what its headers say of it."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from atoll.auth.chunked import KINDS, ChunkedBody
from atoll.auth.claims import UNSIGNED_PAYLOAD, require_hash
from atoll.gateway.call import Call
from atoll.kernel.errors import CommonError, RequestTooLarge
from atoll.kernel.http import BodyTooLarge
from atoll.protocol.bodies.checksums import announced
from atoll.protocol.bodies.encodings import decode_body

FORM_LIMIT = 4 << 20
"""Bytes of a form: 1 MiB, the most that any query service takes, percent-encoded."""
CHUNK_OVERHEAD = 8
"""Of a body in AWS's chunks at most one part in so many may be what surrounds the data."""


async def receive(call: Call) -> None:
    """Puts the body into `wire`, taken out of whatever it travelled in. What no operation will look at is not read.

    Raises RequestTooLarge, BadBody, MalformedRequest (no gzip).
    """
    codec, http, wire = call.codec, call.http, call.wire
    assert codec is not None
    assert http is not None
    assert wire is not None
    if call.registered is None:
        return
    limit, rules = codec.facts.max_body, codec.body_rules(call.operation)
    checksums = announced(http.fields) if rules.checked else None
    # What was signed decides, where anything was: a presigned request does not sign every header.
    kind = http.fields.get("x-amz-content-sha256", "").strip() if call.claim is None else call.claim
    trailers: Mapping[str, str] = {}
    if kind in KINDS:
        chunks = ChunkedBody(kind, http.fields, call.signatures)
        wire.body = chunks.feed(await read(call, limit + limit // CHUNK_OVERHEAD))
        trailers = chunks.finish()
    else:
        await read(call, limit)
        if call.claim is not None and call.claim != UNSIGNED_PAYLOAD:
            assert call.authorization is not None
            try:
                require_hash(call.authorization, call.claim, sha256(wire.body).hexdigest())
            except CommonError:
                await check_syntax(call)
                raise
    if rules.compressed:
        wire.body = decode_body(http.fields, wire.body, limit)
    if checksums is not None:
        checksums.check(wire.body, trailers)


async def check_syntax(call: Call) -> None:
    """Raises MalformedRequest where the service looks at a body's syntax before it looks at the signature, and this one has none."""
    codec = call.codec
    assert codec is not None
    if codec.syntax is not None and (body := await read(call, codec.facts.max_body)):
        codec.syntax(body)


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
