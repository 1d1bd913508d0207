"""Which headers pass through a REST API, and under which names. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html, as observed on AWS
(aws-observed: test_apigateway_header_remapping_aws).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from atoll.api_runtime.refused import Refused
from atoll.api_runtime.rest_api.gateway_responses import safe
from atoll.api_runtime.rest_api.records import IntegrationKind

REMAPPED = frozenset(
    (
        "authorization", "connection", "content-length", "content-md5", "date", "expect", "host", "max-forwards",
        "proxy-authenticate", "server", "trailer", "upgrade", "user-agent", "www-authenticate",
    )
)  # fmt: skip
"""Headers of an answer that reach the client as `x-amzn-remapped-NAME`: the real ones are API Gateway's to write."""
_OURS = frozenset(("x-amzn-requestid", "x-amz-apigw-id"))
_LOST = frozenset(("transfer-encoding", "keep-alive", "proxy-connection"))
_ILLEGAL = frozenset(("content-length", "transfer-encoding", "x-amzn-trace-id", "x-amzn-apigateway-api-id"))
_ILLEGAL_TO_AWS = _ILLEGAL | {"authorization", "connection", "expect", "proxy-authenticate", "te"}
_NOT_SENT = frozenset(("expect", "proxy-authenticate", "te"))
_NAME = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")


def answered(headers: Iterable[tuple[str, str]], lost: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """The headers of an answer as the client gets them, in lower case; without those that are `lost` as well."""
    passed = []
    for given, value in headers:
        name = given.lower()
        if name in _LOST or name in lost or not name or not _NAME.issuperset(name):
            continue
        passed.append((f"x-amzn-remapped-{name}" if name in REMAPPED or name in _OURS else name, safe(value)))
    return passed


def check_mapped(names: Iterable[str], kind: IntegrationKind) -> None:
    """Raises Refused where parameters map to a header that is API Gateway's to write."""
    illegal = _ILLEGAL_TO_AWS if kind in ("AWS", "AWS_PROXY") else _ILLEGAL
    for name in names:
        if name.lower() in illegal:
            raise Refused(
                "API_CONFIGURATION_ERROR",
                detail=f"Execution failed due to configuration error: {name} header already present",
            )


def sent(
    headers: Iterable[tuple[str, str]], kind: IntegrationKind, api_id: str, trace_id: str
) -> list[tuple[str, str]]:
    """The headers of a request to an integration, with those that API Gateway adds."""
    lost = _NOT_SENT | ({"referer"} if kind == "AWS" else {"via"})
    passed = [(name, safe(value)) for name, value in headers if name.lower() not in lost]
    named = {name.lower() for name, _ in passed}
    for name, value in _defaults(api_id):
        if name.lower() not in named:
            passed.append((name, value))
    passed.append(("X-Amzn-Trace-Id", trace_id))
    if kind != "AWS":
        passed.append(("X-Amzn-Apigateway-Api-Id", api_id))
    return passed


def _defaults(api_id: str) -> Sequence[tuple[str, str]]:
    return (("Accept", "application/json"), ("User-Agent", f"AmazonAPIGateway_{api_id}"))
