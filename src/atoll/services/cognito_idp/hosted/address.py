"""Which user pool's pages, or whose issuer documents, a request is for: read from its Host header or its path. No store: an address may
name a domain or a pool that is not there."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from atoll.kernel.http import HttpRequest
from atoll.services.cognito_idp.names import POOL_ID

_HOST = re.compile(
    r"([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\.auth(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d)"
    r"\.(?:amazoncognito\.com|localhost(?:\.localstack\.cloud)?)"
)
_AWS_HOST = re.compile(r"cognito-idp(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com")
_LOCAL_HOST = re.compile(r"cognito-idp\.[a-z0-9-]+\.(localhost(?:\.localstack\.cloud)?)")
PATH = "/_aws/cognito-idp/"
WELL_KNOWN = "/.well-known/"
JWKS, CONFIGURATION = "jwks.json", "openid-configuration"
LOGO = "/logo"
PAGES = frozenset({
    "/oauth2/authorize", "/oauth2/token", "/oauth2/userInfo", "/oauth2/revoke", "/login", "/logout", "/signup", "/confirm",
    "/confirmUser", "/resendcode", "/forgotPassword", "/confirmForgotPassword", "/challenge", "/error",
    LOGO,
})  # fmt: skip
"""Every path that a domain serves."""


class Address(NamedTuple):
    """`kind` says what `name` is: the prefix of a domain, a host, or the id of a pool; "" asks for the pool of the request's client.

    `path` is that of the page, or the name of the document; `base` is what stands before it in the request's own path.
    `region` is "" where the address names none.
    """

    kind: Literal["prefix", "host", "client", "issuer"]
    name: str
    region: str
    path: str
    base: str = ""


def address(request: HttpRequest) -> Address | None:
    """What a request is addressed to, or None if it is for something else.

    Hosts: `{prefix}.auth.{region}.amazoncognito.com`, `{prefix}.auth.{region}.localhost[:port]` and
    `{prefix}.auth.{region}.localhost.localstack.cloud[:port]`. Paths: `/_aws/cognito-idp/{prefix}/…` where such hosts do not resolve,
    `/_aws/cognito-idp/login?client_id=…`, as others have it; `/{pool}/.well-known/…` on every host.
    """
    host, path = request.host, request.raw_path or "/"
    if ".auth" in host and (found := _HOST.fullmatch(host)):
        return Address("prefix", found[1], found[2], path)
    if path.startswith(PATH):
        below = path[len(PATH) - 1 :]
        if below in PAGES:
            return Address("client", "", "", below, PATH[:-1])
        prefix, _, rest = below[1:].partition("/")
        return Address("prefix", prefix, "", "/" + rest, PATH + prefix)
    if WELL_KNOWN in path:
        pool, _, document = path[1:].partition(WELL_KNOWN)
        if document in (JWKS, CONFIGURATION) and POOL_ID.fullmatch(pool):
            return Address("issuer", pool, pool.partition("_")[0], document)
    return None


def origin(request: HttpRequest) -> str:
    """Where the client reached the region: scheme and host as it named them, no slash at the end."""
    return f"{'https' if request.secure else 'http'}://{request.header('host') or ''}"


def pages_for(request: HttpRequest, prefix: str, region: str) -> str:
    """The address of a domain's pages that who asked for an issuer's documents can reach, by names of the kind that it used."""
    host = request.host
    if _AWS_HOST.fullmatch(host):
        return f"https://{prefix}.auth.{region}.amazoncognito.com"
    if found := _LOCAL_HOST.fullmatch(host):
        scheme, port = origin(request).partition(":")[0], (request.header("host") or "").partition(":")[2]
        return f"{scheme}://{prefix}.auth.{region}.{found[1]}" + (f":{port}" if port else "")
    return f"{origin(request)}{PATH}{prefix}"
