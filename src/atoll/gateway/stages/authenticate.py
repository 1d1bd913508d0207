"""authenticate: whose key signed this, and did it?

A key that Atoll issued (IAM users, STS, function roles) must have signed the request for real. Any other key acts as root of the
account that it names, unless `--auth strict` or from inside an execution environment. The body is read here only where its hash is
part of what was signed and the headers do not claim it; what they claim of it is held against it in `receive`.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from atoll.auth.chunked import KINDS, ChunkSignatures
from atoll.auth.claims import check_scope_and_date, payload_claim, session_token
from atoll.auth.principal import check, unknown_key
from atoll.auth.sigv4 import verify_signature
from atoll.gateway.call import Call
from atoll.gateway.stages.receive import check_syntax, read
from atoll.kernel.errors import CommonError, MissingAuthenticationToken

if TYPE_CHECKING:
    from atoll.protocol.codec import Codec


async def authenticate(call: Call) -> None:
    """Sets `principal`, `claim` and `signatures`. Raises the error of whatever is wrong with the key or the signature, but that of a
    body that is no syntax at all comes first, as on AWS."""
    codec = call.codec
    assert codec is not None
    try:
        await _authenticate(call, codec)
    except CommonError:
        await check_syntax(call)
        raise


async def _authenticate(call: Call, codec: Codec) -> None:
    authorization, http, parts = call.authorization, call.http, call.parts
    assert http is not None
    if authorization is None:
        raise MissingAuthenticationToken("Request is missing Authentication Token")
    key = authorization.access_key
    credential = await parts.kernel.store.read(lambda tx: parts.directory.credential(tx, key))
    if credential is None:
        strict = parts.auth == "strict" or await parts.is_inside(http)
        call.principal = unknown_key(key, strict=strict)
        return
    clock, fields = parts.kernel.clock, http.fields
    check(credential, session_token(authorization, fields), clock.now())
    timestamp = check_scope_and_date(authorization, fields, clock.wall())
    claim = call.claim = payload_claim(authorization, fields)
    verify_signature(
        authorization,
        secret=credential.secret,
        method=http.method,
        raw_path=http.raw_path,
        query_string=http.query_string,
        fields=fields,
        payload=claim or sha256(await read(call, codec.facts.max_body)).hexdigest(),
        timestamp=timestamp,
        signing_keys=parts.signing_keys,
    )
    if claim in KINDS:
        signing_key = parts.signing_keys.get(credential.secret, authorization)
        call.signatures = ChunkSignatures(authorization, timestamp, signing_key)
    call.principal = credential.principal
