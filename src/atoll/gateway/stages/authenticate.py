"""authenticate: whose key signed this, and did it?

A key that Atoll issued (IAM users, STS, function roles) must have signed the request for real. Any other key acts as root of the
account that it names, unless `--auth strict`.
"""

from __future__ import annotations

from hashlib import sha256

from atoll.auth.chunked import KINDS
from atoll.auth.claims import UNSIGNED_PAYLOAD, check_scope_and_date, payload_claim, require_hash, session_token
from atoll.auth.principal import check, unknown_key
from atoll.auth.sigv4 import verify_signature
from atoll.gateway.call import Call
from atoll.kernel.errors import MissingAuthenticationToken, NotImplementedByAtoll


async def authenticate(call: Call) -> None:
    """Sets `principal`. Raises the error of whatever is wrong with the key or the signature."""
    authorization, http, parts = call.authorization, call.http, call.parts
    assert http is not None
    if authorization is None:
        raise MissingAuthenticationToken("Request is missing Authentication Token")
    key = authorization.access_key
    credential = await parts.kernel.store.read(lambda tx: parts.directory.credential(tx, key))
    if credential is None:
        call.principal = unknown_key(key, strict=parts.auth == "strict")
        return
    clock, fields = parts.kernel.clock, http.fields
    check(credential, session_token(authorization, fields), clock.now())
    timestamp = check_scope_and_date(authorization, fields, clock.wall())
    claim = payload_claim(authorization, fields)
    if claim in KINDS:
        raise NotImplementedByAtoll(f"Atoll does not take bodies signed in chunks apart yet ({claim}).")
    body_hash = sha256(http.body).hexdigest()
    verify_signature(
        authorization,
        secret=credential.secret,
        method=http.method,
        raw_path=http.raw_path,
        query_string=http.query_string,
        fields=fields,
        payload=claim or body_hash,
        timestamp=timestamp,
        signing_keys=parts.signing_keys,
    )
    if claim is not None and claim != UNSIGNED_PAYLOAD:
        require_hash(authorization, claim, body_hash)
    call.principal = credential.principal
