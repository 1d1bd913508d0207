"""Which function URL a request is for, read from its Host header or its path. No store: it may name one that is not there."""

from __future__ import annotations

import re
from typing import NamedTuple

from atoll.kernel.http import HttpRequest

_HOST = re.compile(
    r"([a-z0-9]+)\.lambda-url\.(?:[a-z0-9-]+\.on\.aws|(?:[a-z0-9-]+\.)?localhost(?:\.localstack\.cloud)?)"
)
PATH = "/_aws/lambda-url/"


class Address(NamedTuple):
    """`path` is undecoded and begins with /; `by_host` says that the host named the URL."""

    url_id: str
    path: str
    by_host: bool


def address(request: HttpRequest) -> Address | None:
    """The URL that a request is addressed to, or None if it is for something else.

    Hosts: `{id}.lambda-url.{region}.on.aws`, `{id}.lambda-url[.{region}].localhost[:port]` and
    `{id}.lambda-url.{region}.localhost.localstack.cloud[:port]`. Where such hosts do not resolve: `/_aws/lambda-url/{id}/…`.
    """
    if ".lambda-url." in request.host and (found := _HOST.fullmatch(request.host)):
        return Address(found[1], request.raw_path or "/", True)
    if request.raw_path.startswith(PATH):
        url_id, _, rest = request.raw_path[len(PATH) :].partition("/")
        return Address(url_id, "/" + rest, False)
    return None
