"""The guard: local does not mean open. Which requests may reach the management APIs at all.

A web page that the user happens to visit can make the browser send requests to 127.0.0.1. So management calls are refused with a
foreign or missing Host (DNS rebinding), with a foreign Origin, and when the browser says that they come from another site. Data planes
are not guarded here: their owners configure CORS.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit

import msgspec

from atoll.kernel.http import HttpRequest, HttpResponse, host_name

OWN_SUFFIXES = (".localhost", ".localhost.localstack.cloud", ".amazonaws.com")
ADMIN = ("/_atoll/", "/_localstack/")
OLD_HEALTH = "/health"
OWN_NAMES = ("localhost", "localhost.localstack.cloud")
SERVED = (".lambda-url.", ".execute-api.")
"""In the names of hosts whose pages functions make."""
LONGEST_HOST = 253 + len(":65535")
"""Characters: the longest name that DNS has, and a port. What is longer is not remembered either."""
CORS_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


class Guard:
    """Judges requests by their headers. `allow_origins` are further origins (`https://app.example`) that may call."""

    def __init__(self, allow_origins: Sequence[str] = ()) -> None:
        self._allowed = frozenset(origin.rstrip("/").lower() for origin in allow_origins)

    def refuse(self, request: HttpRequest) -> HttpResponse | None:
        """The refusal, or None where the request may pass."""
        host = request.header("host")
        if not host or not is_own_host(host, admin=is_admin(request) and not _is_harmless(request)):
            return foreign_host(host)
        origin = request.header("origin")
        if origin is not None:
            return (
                None if self.allows(origin) else forbidden(f"The origin {origin} is not allowed (see --allow-origin).")
            )
        if request.header("sec-fetch-site") in ("cross-site", "same-site"):
            return forbidden("Requests from another site are not allowed.")
        return None

    def allows(self, origin: str) -> bool:
        """Whether pages of this origin may call: loopback ones, and those the user named."""
        if origin.rstrip("/").lower() in self._allowed:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:  # what no browser sends
            return False
        # An origin is scheme, host and port. What has more (user:password@) names another host than it seems to.
        return "@" not in parts.netloc and _is_loopback(host_name(parts.netloc))

    def preflight(self, request: HttpRequest) -> HttpResponse | None:
        """The answer to a browser's preflight, None where the request is none."""
        if request.method != "OPTIONS" or request.header("access-control-request-method") is None:
            return None
        wanted = request.header("access-control-request-headers") or ""
        return HttpResponse(
            204,
            [
                ("access-control-allow-methods", CORS_METHODS),
                ("access-control-allow-headers", wanted),
                ("access-control-max-age", "600"),
                *self.cors(request),
            ],
        )

    def cors(self, request: HttpRequest) -> list[tuple[str, str]]:
        """The headers that let an allowed origin read the answer; never a wildcard."""
        origin = request.header("origin")
        if origin is None or not self.allows(origin):
            return []
        return [
            ("access-control-allow-origin", origin),
            ("access-control-expose-headers", "*"),
            ("vary", "Origin"),
        ]


def is_of_a_functions_page(request: HttpRequest) -> bool:
    """Whether a page that a function made sends this. Such pages have hosts of their own, or come from this region's port, where there
    are no others."""
    page = request.header("origin") or request.header("referer") or ""
    host = page.partition("://")[2].partition("/")[0].lower()
    if not host:  # pages can leave both out, but not what the browser says of them
        return request.header("sec-fetch-site") == "same-origin"
    return any(name in host for name in SERVED) or (
        _is_loopback(host_name(host)) and _port(host) == _port(request.header("host") or "")
    )


def _port(host: str) -> str:
    return host.rpartition("]")[2].partition(":")[2]


def is_admin(request: HttpRequest) -> bool:
    """Whether the request is for the admin API or for what it answers of LocalStack's. A signed one for /health is for a bucket."""
    path = request.raw_path
    return path.startswith(ADMIN) or (path == OLD_HEALTH and request.header("authorization") is None)


def _is_harmless(request: HttpRequest) -> bool:
    """What tools made for LocalStack poll, under the names that they have for a region: it tells what is there, and no more."""
    return request.method in ("GET", "HEAD") and not request.raw_path.startswith(ADMIN[0])


def is_own_host(host: str, *, admin: bool = False) -> bool:
    """Whether a Host header names this region: loopback, or one of AWS's and the ecosystem's names for it.

    The admin API, which answers without a key, has loopback names only: those of others could be made to point here.
    """
    return len(host) <= LONGEST_HOST and _is_own_host(host, admin)


@lru_cache(maxsize=1024)
def _is_own_host(host: str, admin: bool) -> bool:
    if "," in host:  # it came twice, and the first may end with its port
        return False
    name = host_name(host)
    return _is_loopback(name) or (not admin and (name in OWN_NAMES or name.endswith(OWN_SUFFIXES)))


def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def foreign_host(host: str | None) -> HttpResponse:
    """The refusal of a request for a host that is none of this region's."""
    return forbidden(f"This region does not answer for the host {host or '(none)'}.")


def forbidden(message: str) -> HttpResponse:
    """A refusal that says why."""
    return HttpResponse(403, [("content-type", "application/json")], msgspec.json.encode({"message": message}))
