"""A visit: one request to the pages or the OAuth 2.0 endpoints of a user pool's domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import punctuation
from urllib.parse import parse_qsl, quote, urlencode

from atoll.kernel.context import Context
from atoll.kernel.http import HttpRequest, HttpResponse
from atoll.services.cognito_idp.hosted.address import origin
from atoll.services.cognito_idp.store import Client, Look, Pool, find_client

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 100
CONTROL = frozenset(map(chr, [*range(0x20), 0x7F]))


@dataclass
class Visit:
    """`ctx` is in the account and region of `pool`. `path` is that of the page, below `base`, which is "" where a host names the domain.
    `look` is what the pool's owner made of the pages."""

    ctx: Context
    pool: Pool
    request: HttpRequest
    path: str
    base: str
    look: Look | None = None

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The parameters in the address. Of one that comes more than once, the first."""
        return parameters(self.request.query_string)

    @cached_property
    def form(self) -> Mapping[str, str]:
        """The fields of the body; none where it is not a form."""
        kind = (self.request.header("content-type") or "").partition(";")[0].strip().lower()
        return parameters(self.request.body.decode("latin-1")) if kind == FORM else {}

    @cached_property
    def cookies(self) -> Mapping[str, Sequence[str]]:
        """Cookies by name: what another page of this host, on whatever port, has set may come beside ours."""
        found: dict[str, list[str]] = {}
        for piece in (self.request.header("cookie") or "").replace(",", ";").split(";"):
            name, _, value = piece.strip().partition("=")
            found.setdefault(name, []).append(value)
        return found

    @property
    def origin(self) -> str:
        """Where the browser reached this page: `http://prefix.auth.us-east-1.localhost:4566`."""
        return origin(self.request)

    def link(self, path: str, parameters: Mapping[str, str] | None = None) -> str:
        """The address of another page of this domain, without host."""
        return f"{self.base}{path}" + (f"?{urlencode(parameters)}" if parameters else "")

    async def client(self, client_id: str) -> Client | None:
        """An app client of this pool."""
        return await self.ctx.store.read(lambda tx: find_client(tx, self.ctx, self.pool.id, client_id))


def parameters(text: str) -> dict[str, str]:
    """The parameters of a query string or a form; of one that comes more than once, the first. What is more than MAX_FIELDS is not read."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MAX_FIELDS)
    except ValueError:
        return {}
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found


def redirect(location: str, cookies: Sequence[tuple[str, str]] = ()) -> HttpResponse:
    """Sends the browser elsewhere. What only an attack has in an address (line ends) is left out, and what no header can say is quoted."""
    plain = quote("".join(character for character in location if character not in CONTROL), safe=punctuation)
    headers = [("location", plain), ("cache-control", "no-store"), ("referrer-policy", "no-referrer"), *cookies]
    return HttpResponse(302, headers)


def with_parameters(url: str, parameters: Mapping[str, str], *, fragment: bool = False) -> str:
    """A redirect URI with an answer added to its query, or as its fragment."""
    mark = "#" if fragment else "&" if "?" in url else "?"
    return f"{url}{mark}{urlencode(parameters)}"
