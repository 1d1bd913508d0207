"""What conditions of policies can ask about a request to an API: policies that authorizers answer, and those on the API itself. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policy-condition-keys.html (VPCs have none here).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote, unquote_to_bytes

from atoll.api_runtime.visit import Visit
from atoll.auth.sigv4 import octets

INVOKE = "execute-api:Invoke"
MANAGE = "execute-api:ManageConnections"
INVALIDATE = "execute-api:InvalidateCache"
_SAFE = "!$&'()+,;=:@~"
"""What a path may hold as it is beside letters, digits and `-._`: RFC 3986's `pchar` without the wildcards of policies."""
_PLAIN = re.compile(r"[\w\-.!$&'()+,;=:@~/]*", re.ASCII)


def facts(visit: Visit) -> Mapping[str, Sequence[str]]:
    """The condition keys, in lower case; one without a value is absent."""
    request = visit.request
    found = {
        "aws:currenttime": f"{datetime.fromtimestamp(visit.time, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "aws:epochtime": str(int(visit.time)),
        "aws:referer": request.header("referer"),
        "aws:requestedregion": visit.api.region,
        "aws:securetransport": "true" if request.secure else "false",
        "aws:sourceip": request.source_ip,
        "aws:useragent": request.header("user-agent"),
    }
    return {name: (value,) for name, value in found.items() if value}


def invoked_arn(visit: Visit) -> str:
    """What the request invokes, as policies and authorizers' events name it; of a WebSocket API its route."""
    return visit.arn_prefix + visit.route_key if visit.api.kind == "WEBSOCKET" else method_arn(visit)


def method_arn(visit: Visit) -> str:
    """`arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/path`, with one spelling for each path: what a policy denies is not reached by
    another (`/%61dmin`), and what a client sends is no wildcard in a policy that an authorizer makes from it."""
    return f"{visit.arn_prefix}{visit.request.method}{_spelled(visit.path)}"


def _spelled(path: str) -> str:
    if _PLAIN.fullmatch(path):
        return path
    return "/".join(quote(unquote_to_bytes(octets(segment)), safe=_SAFE) for segment in path.split("/"))
