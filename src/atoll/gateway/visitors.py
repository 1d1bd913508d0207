"""What data planes ask of the gateway about a request of theirs: who signed it, and may they?

The management API's own requests are judged by the pipeline's stages; these are the same checks for requests that are no operation of a
model: calls of function URLs and APIs with IAM authorization.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from atoll.auth.chunked import KINDS
from atoll.auth.claims import UNSIGNED_PAYLOAD, check_scope_and_date, payload_claim, require_hash
from atoll.auth.presigned import find_authorization
from atoll.auth.sigv4 import verify_signature
from atoll.gateway.call import Call, Parts
from atoll.gateway.stages.authenticate import find_credential, note_use
from atoll.gateway.stages.authorize import authorize
from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.http import HttpRequest
from atoll.kernel.service import Access, Operation


async def signer(parts: Parts, http: HttpRequest, *, service: str, region: str) -> Principal | None:
    """Who signed the request, whose body has been read, for `service` in `region`; None where nobody did.

    Raises IncompleteSignature, InvalidSignature, UnrecognizedClient, ExpiredToken; NotImplementedByAtoll for bodies signed in chunks.
    """
    authorization = find_authorization(http.fields, http.query_string)
    if authorization is None:
        return None
    credential = await find_credential(parts, authorization, http)
    if isinstance(credential, Principal):
        return credential
    timestamp = check_scope_and_date(
        authorization, http.fields, parts.kernel.clock.wall(), service=service, region=region
    )
    claim = payload_claim(authorization, http.fields)
    if claim in KINDS:
        raise NotImplementedByAtoll(f"Atoll takes bodies signed in chunks ({claim}) only for operations of AWS's APIs.")
    body_hash = sha256(http.body).hexdigest()
    verify_signature(
        authorization,
        secret=credential.secret,
        method=http.method,
        raw_path=http.raw_path,
        query_string=http.query_string,
        fields=http.fields,
        payload=claim or body_hash,
        timestamp=timestamp,
        signing_keys=parts.signing_keys,
    )
    if claim is not None and claim != UNSIGNED_PAYLOAD:
        require_hash(authorization, claim, body_hash)
    await note_use(parts, authorization, credential.principal)
    return credential.principal


async def admit(ctx: Context, parts: Parts, http: HttpRequest, access: Sequence[Access], params: Any) -> None:
    """Raises AccessDenied unless `ctx.principal` may all that `access` asks for in respect of `params`."""
    call = Call(
        parts, ctx.span, ctx.request_id, http=http, service=ctx.service, region=ctx.region, operation=ctx.operation,
        principal=ctx.principal, params=params, registered=Operation(ctx.operation, _never, tuple(access), {}),
    )  # fmt: skip
    await authorize(call)


async def _never(_ctx: Context, _request: Any) -> None:
    """The operation that `admit` judges is the data plane's to run."""
