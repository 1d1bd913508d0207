"""What conditions of policies can ask about a request to an API: policies that authorizers answer, and those on the API itself. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policy-condition-keys.html (VPCs have none here).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from atoll.api_runtime.visit import Visit

INVOKE = "execute-api:Invoke"
MANAGE = "execute-api:ManageConnections"


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
    return visit.arn_prefix + visit.route_key if visit.api.kind == "WEBSOCKET" else visit.method_arn
