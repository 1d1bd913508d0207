"""Code.Location of GetFunction: a URL of this endpoint under which the package can be fetched for ten minutes, by whoever has it.

docs: API_FunctionCodeLocation. The URL says until when it holds (region time), signed with a key that the region draws once.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from dataclasses import dataclass
from urllib.parse import parse_qs

from atoll.kernel.context import GLOBAL_ACCOUNT
from atoll.kernel.http import HttpRequest, HttpResponse
from atoll.kernel.ids import Ids
from atoll.kernel.service import Host
from atoll.kernel.store.api import Store, Transaction

PREFIX = "/_aws/lambda/code/"
VALID_SECONDS = 600
KEY = (GLOBAL_ACCOUNT, "", "lambda", "download-key")
_PATH = re.compile(re.escape(PREFIX) + "([0-9a-f]{64})")
_DENIED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
)


async def download_key(store: Store, ids: Ids) -> bytes:
    """The key that signs URLs, drawn on first use."""
    fresh = ids.secret().encode()

    def once(tx: Transaction) -> bytes:
        found = tx.get(KEY)
        if found is None:
            tx.set(KEY, fresh)
        return found or fresh

    return await store.transact(once)


def url(endpoint: str, key: bytes, digest: str, now: float) -> str:
    """Where the package can be fetched until ten minutes from `now` (region time, s)."""
    expires = int(now) + VALID_SECONDS
    return f"{endpoint}{PREFIX}{digest}?expires={expires}&signature={_signature(key, digest, str(expires))}"


def _signature(key: bytes, digest: str, expires: str) -> str:
    return hmac.new(key, f"{digest} {expires}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Download:
    """What a URL asks for."""

    digest: str
    expires: str
    signature: str


class Downloads:
    """Serves packages: an `edge.edge.DataPlane`."""

    def __init__(self, host: Host) -> None:
        self._kernel = host.kernel

    def claims(self, request: HttpRequest) -> Download | None:
        """The package that the request asks for, or None."""
        if request.method not in ("GET", "HEAD") or (match := _PATH.fullmatch(request.raw_path)) is None:
            return None
        query = parse_qs(request.query_string)
        return Download(match[1], query.get("expires", [""])[0], query.get("signature", [""])[0])

    async def handle(self, address: Download, request: HttpRequest) -> HttpResponse:
        """The package, or S3's AccessDenied where the URL was altered, has expired, or the package is gone."""
        key = await download_key(self._kernel.store, self._kernel.ids)
        right = hmac.compare_digest(
            _signature(key, address.digest, address.expires).encode(), address.signature.encode()
        )
        path = self._kernel.blobs.path(address.digest)
        if not right or int(address.expires) < self._kernel.clock.now() or not path.exists():
            return HttpResponse(403, [("content-type", "application/xml")], _DENIED)
        body = await asyncio.to_thread(path.read_bytes)
        return HttpResponse(200, [("content-type", "application/zip")], body)
