"""authenticate: whose key signed this, and did it?

A key that Atoll issued (IAM users, STS, function roles) must have signed the request for real. Any other key acts as root of the
account that it names, unless `--auth strict`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from atoll.auth.principal import check, unknown_key
from atoll.auth.sigv4 import verify
from atoll.gateway.call import Call
from atoll.gateway.stages.receive import read
from atoll.kernel.errors import CommonError, MissingAuthenticationToken

if TYPE_CHECKING:
    from atoll.protocol.codec import Codec


async def authenticate(call: Call) -> None:
    """Sets `principal`. Raises the error of whatever is wrong with the key or the signature, but that of a body that is no syntax at
    all comes first, as on AWS."""
    codec = call.codec
    assert codec is not None
    try:
        await _authenticate(call, codec)
    except CommonError:
        if codec.syntax is not None and (body := await read(call, codec.facts.max_body)):
            codec.syntax(body)
        raise


async def _authenticate(call: Call, codec: Codec) -> None:
    authorization, http, parts = call.authorization, call.http, call.parts
    assert http is not None
    if authorization is None:
        raise MissingAuthenticationToken("Request is missing Authentication Token")
    key = authorization.access_key
    credential = await parts.kernel.store.read(lambda tx: parts.directory.credential(tx, key))
    if credential is None:
        call.principal = unknown_key(key, strict=parts.auth == "strict")
        return
    clock = parts.kernel.clock
    check(credential, http.header("x-amz-security-token"), clock.now())
    verify(
        authorization,
        secret=credential.secret,
        method=http.method,
        raw_path=http.raw_path,
        query_string=http.query_string,
        headers=http.headers,
        body_hash=hashlib.sha256(await read(call, codec.facts.max_body)).hexdigest(),
        now=clock.wall(),
        signing_keys=parts.signing_keys,
    )
    call.principal = credential.principal
