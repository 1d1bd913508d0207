"""Which API and stage a request is for, read from its Host header or its path. No store: an address may name an API that is not there."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from atoll.kernel.http import HttpRequest

_HOST = re.compile(
    r"([a-z0-9]+)\.execute-api\.(?:[a-z0-9-]+\.amazonaws\.com(?:\.cn)?|localhost(?:\.localstack\.cloud)?)"
)
_EXECUTE_API = "/_aws/execute-api/"
_REST_APIS = "/restapis/"
_USER_REQUEST = "_user_request_"


class Address(NamedTuple):
    """`stage` is None where the host alone names the API and the path may begin with a stage. `path` is undecoded and begins with /.

    `base` is the base path that stood before it ("" for none) where a custom domain name was called, else None.
    """

    api_id: str
    stage: str | None
    path: str
    base: str | None = None


def address(request: HttpRequest) -> Address | None:
    """The API that a request is addressed to, or None if it is for something else.

    Hosts: `{api}.execute-api.{region}.amazonaws.com`, `{api}.execute-api.localhost[:port]` and
    `{api}.execute-api.localhost.localstack.cloud[:port]`. Paths: `/_aws/execute-api/{api}/{stage}/…` and
    `/restapis/{api}/{stage}/_user_request_/…`, the forms that work where such hosts do not resolve.
    """
    host = request.host
    if ".execute-api." in host and (found := _HOST.fullmatch(host)):
        return Address(found.group(1), None, request.raw_path or "/")
    path = request.raw_path
    if path.startswith(_EXECUTE_API):
        api_id, _, rest = path[len(_EXECUTE_API) :].partition("/")
        return _with_stage(api_id, rest)
    if path.startswith(_REST_APIS) and _USER_REQUEST in path:
        api_id, _, rest = path[len(_REST_APIS) :].partition("/")
        stage, _, below = rest.partition("/")
        marker, _, tail = below.partition("/")
        if marker == _USER_REQUEST:
            return Address(api_id, unquote(stage), "/" + tail)
    return None


def _with_stage(api_id: str, rest: str) -> Address:
    stage, _, tail = rest.partition("/")
    return Address(api_id, unquote(stage), "/" + tail)
