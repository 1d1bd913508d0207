"""Requests to hosted pages and issuers' documents: finds the pool, then the page, endpoint or document.

Loaded with the first of them: what it needs is much, and most regions have no user pools.
"""

from __future__ import annotations

from atoll.auth import own_issuers
from atoll.kernel.context import Principal
from atoll.kernel.http import HttpRequest, HttpResponse
from atoll.kernel.places import PLACES, Place
from atoll.kernel.service import Host
from atoll.services.cognito_idp.hosted import issuer as documents
from atoll.services.cognito_idp.hosted import routes
from atoll.services.cognito_idp.hosted.address import Address
from atoll.services.cognito_idp.hosted.client_auth import basic
from atoll.services.cognito_idp.hosted.visit import Visit, parameters
from atoll.services.cognito_idp.names import issuer
from atoll.services.cognito_idp.store import CLIENT_IDS, DOMAINS, find_pool
from atoll.services.cognito_idp.tokens.jwt import claims_of

TEXT = [("content-type", "text/plain; charset=utf-8")]
NOT_FOUND = HttpResponse(404, TEXT, b"Not Found")
NO_CLIENT = HttpResponse(400, TEXT, b"Client does not exist")


async def find(host: Host, address: Address, request: HttpRequest) -> Place | None:
    """Whose the domain, the issuer or the client is that the request names; None for nobody's."""
    store = host.kernel.store
    if address.kind == "issuer":
        own = await store.read(lambda tx: own_issuers.find(tx, issuer(address.name)))
        return None if own is None else Place(own.account, own.region, address.name)
    by_client = address.kind == "client"
    key = (*CLIENT_IDS, client_named(request)) if by_client else (*DOMAINS, address.name)
    raw = await store.read(lambda tx: tx.get(key))
    place = None if raw is None else PLACES.decode(raw)
    return place if place is not None and address.region in ("", place.region) else None


async def answer(host: Host, place: Place, address: Address, request: HttpRequest) -> HttpResponse:
    """The answer of a pool's page, endpoint or document."""
    principal = Principal.service("cognito-idp.amazonaws.com", place.account)
    ctx = host.context(
        "cognito-idp", place.account, place.region, principal, f"{request.method} {address.path}"
    ).derive(
        source_ip=request.source_ip, user_agent=request.header("user-agent") or "", secure=request.secure,
        host=request.header("host") or "",
    )  # fmt: skip
    with ctx.span as span:
        span.note(pool=place.pool)
        pool = await ctx.store.read(lambda tx: find_pool(tx, ctx, place.pool))
        if pool is None:
            response = nobody(address)
        elif address.kind == "issuer":
            response = await documents.answer(ctx, pool, request, address.path)
        else:
            response = await routes.answer(Visit(ctx, pool, request, address.path, address.base))
        span.status = response.status
    if request.method == "HEAD":
        return HttpResponse(response.status, response.headers)
    return response


def client_named(request: HttpRequest) -> str:
    """The client of a request whose address names no domain: its `client_id`, or its token's."""
    header = request.header("authorization") or ""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        claims = claims_of(value.strip()) or {}
        return str(claims.get("client_id", ""))
    if scheme.lower() == "basic":
        return basic(value)[0]
    form = parameters(request.body.decode("latin-1")) if request.method == "POST" else {}
    return parameters(request.query_string).get("client_id") or form.get("client_id", "")


def nobody(address: Address) -> HttpResponse:
    """The answer where there is no such domain, pool or client."""
    if address.kind == "issuer":
        return documents.missing(address.name)
    return NO_CLIENT if address.kind == "client" else NOT_FOUND
