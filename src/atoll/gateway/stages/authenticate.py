"""authenticate: whose key signed this, and did it?

A key that Atoll issued (IAM users, STS, function roles) must have signed the request for real. Any other key acts as root of the
account that it names, unless `--auth strict` or from inside an execution environment.
"""

from __future__ import annotations

import hashlib

from atoll.auth.principal import check, unknown_key
from atoll.auth.sigv4 import verify
from atoll.gateway.call import Call
from atoll.kernel.errors import MissingAuthenticationToken


async def authenticate(call: Call) -> None:
    """Sets `principal`. Raises the error of whatever is wrong with the key or the signature."""
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
    clock = parts.kernel.clock
    check(credential, http.header("x-amz-security-token"), clock.now())
    verify(
        authorization,
        secret=credential.secret,
        method=http.method,
        raw_path=http.raw_path,
        query_string=http.query_string,
        headers=http.headers,
        body_hash=hashlib.sha256(http.body).hexdigest(),
        now=clock.wall(),
        signing_keys=parts.signing_keys,
    )
    call.principal = credential.principal
