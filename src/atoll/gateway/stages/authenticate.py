"""authenticate: whose key signed this, and did it?

A key that Atoll issued (IAM users, STS, function roles) must have signed the request for real. Any other key acts as root of the
account that it names, unless `--auth strict` or from inside an execution environment. Who calls an operation for people without keys
(Cognito's InitiateAuth, STS's AssumeRoleWithWebIdentity) is nobody, also where he signs. The body is read here only where its hash is
part of what was signed and the headers do not claim it; what they claim of it is held against it in `receive`.
"""

from __future__ import annotations

import logging
from hashlib import sha256
from typing import TYPE_CHECKING

from atoll.auth.chunked import KINDS, ChunkSignatures
from atoll.auth.claims import check_scope_and_date, payload_claim, session_token
from atoll.auth.principal import Credential, check, unknown_key
from atoll.auth.sigv4 import verify_signature
from atoll.gateway.call import Call, Parts
from atoll.gateway.stages.receive import check_syntax, read
from atoll.kernel.context import Principal
from atoll.kernel.errors import CommonError, MissingAuthenticationToken, StoreUnavailable, UnrecognizedClient

if TYPE_CHECKING:
    from atoll.auth.sigv4 import Authorization
    from atoll.kernel.http import HttpRequest
    from atoll.protocol.codec import Codec

log = logging.getLogger(__name__)


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
    if codec.is_public(call.operation):
        call.principal = Principal.anonymous()
        return
    if authorization is None:
        raise MissingAuthenticationToken("Request is missing Authentication Token")
    credential = await find_credential(parts, authorization, http)
    if isinstance(credential, Principal):
        call.principal = credential
        return
    timestamp = check_scope_and_date(authorization, http.fields, parts.kernel.clock.wall())
    claim = call.claim = payload_claim(authorization, http.fields)
    verify_signature(
        authorization,
        secret=credential.secret,
        method=http.method,
        raw_path=http.raw_path,
        query_string=http.query_string,
        fields=http.fields,
        payload=claim or sha256(await read(call, codec.facts.max_body)).hexdigest(),
        timestamp=timestamp,
        signing_keys=parts.signing_keys,
    )
    if claim in KINDS:
        signing_key = parts.signing_keys.get(credential.secret, authorization)
        call.signatures = ChunkSignatures(authorization, timestamp, signing_key)
    if call.service == "iam" and credential.principal.session.no_iam:
        raise UnrecognizedClient("The security token included in the request is invalid.")
    call.principal = credential.principal
    await note_use(parts, authorization, credential.principal)


async def note_use(parts: Parts, authorization: Authorization, principal: Principal) -> None:
    """Lets IAM know that the principal signed a request. That this cannot be stored (the disk is full) does not stop the request."""
    noted = parts.directory.use(principal, authorization.service, authorization.region, parts.kernel.clock.now())
    if noted is not None:
        try:
            await parts.kernel.store.transact(noted)
        except StoreUnavailable as error:
            parts.directory.unused(principal, authorization.service)
            log.warning("the use of an access key could not be noted: %s", error.message)


async def find_credential(parts: Parts, authorization: Authorization, http: HttpRequest) -> Credential | Principal:
    """The credential with which the request says that it was signed, if its key and session token may be used; for a key that Atoll
    did not issue, and whose signature nobody can check, whom it stands for. Raises UnrecognizedClient, ExpiredToken."""
    key = authorization.access_key
    credential = await parts.kernel.store.read(lambda tx: parts.directory.credential(tx, key))
    if credential is None:
        return unknown_key(key, strict=parts.auth == "strict" or await parts.is_inside(http))
    check(credential, session_token(authorization, http.fields), parts.kernel.clock.now())
    return credential
