"""HTTP proxy integrations of HTTP APIs: the request goes on to an HTTP service, and its answer comes back as it is.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-http.html
"""

from __future__ import annotations

import logging
import re
from urllib.parse import quote, urlsplit

from atoll.api_runtime.http_api.answers import SERVICE_UNAVAILABLE
from atoll.api_runtime.http_api.parameters import IN_PATHS, Outgoing
from atoll.api_runtime.integrate.http_client import Answer, Failed, HttpClient, TimedOut
from atoll.api_runtime.refused import Reason, Refused
from atoll.api_runtime.serving import Integration, with_variables
from atoll.api_runtime.visit import Visit

log = logging.getLogger(__name__)

VIA = "HTTP/1.1 AmazonAPIGateway"
_PARAMETER = re.compile(r"\{([^{}]+?)\+?\}")
_OURS = frozenset(("host", "via", "forwarded", "x-amzn-trace-id"))


async def forward(http: HttpClient, visit: Visit, integration: Integration, outgoing: Outgoing) -> Answer:
    """The service's answer. Raises Refused where there is none."""
    outcome, clock = visit.integration, visit.ctx.clock
    method = integration.method or "ANY"
    began = clock.monotonic()
    try:
        answer = await http.send(
            visit.request.method if method == "ANY" else method,
            target(visit, integration, outgoing),
            headers(visit, outgoing),
            visit.request.body,
            seconds=integration.timeout,
            server_name=integration.tls_server_name,
        )
    except (Failed, TimedOut) as error:
        outcome.error = str(error)
        visit.ctx.span.note(error=outcome.error)
        log.warning("%s %s: %s: %s", visit.api_id, visit.route_key, integration.uri, error)
        reason: Reason = "INTEGRATION_TIMEOUT" if isinstance(error, TimedOut) else "INTEGRATION_FAILURE"
        raise Refused(reason, SERVICE_UNAVAILABLE, detail=outcome.error) from error
    finally:
        outcome.latency = round((clock.monotonic() - began) * 1000)
    outcome.status = outcome.call_status = answer.status
    outcome.request_id = next((value for name, value in answer.headers if name == "x-amzn-requestid"), None)
    return answer._replace(headers=[header for header in answer.headers if header[0] != "date"])


def target(visit: Visit, integration: Integration, outgoing: Outgoing) -> str:
    """The URL: the integration's with stage variables and the route's path variables put in, a path that a mapping wrote in place
    of its own, and the query string behind."""
    url = with_variables(integration.uri or "", visit.variables)
    if "{" in url:
        url = _PARAMETER.sub(lambda found: quote(visit.parameters.get(found[1], ""), safe="/:@!$&'()*+,;=~"), url)
    if outgoing.path is not None:
        parts = urlsplit(url)
        url = f"{parts.scheme}://{parts.netloc}{outgoing.path}"
    if not outgoing.request.query_string:
        return url
    query = quote(outgoing.request.query_string.encode("latin-1", "replace"), safe=IN_PATHS + "?")
    return f"{url}{'&' if '?' in url else '?'}{query}"


def headers(visit: Visit, outgoing: Outgoing) -> list[tuple[str, str]]:
    """The client's headers as mappings left them, and those that say who sent them on.

    Observed on AWS: `forwarded: by=…;for=…;host=…;proto=https` and `via: HTTP/1.1 AmazonAPIGateway` (expressjs/session#886).
    """
    request = visit.request
    proto = "https" if request.secure else "http"
    here = request.connection.local[0] if request.connection else "127.0.0.1"
    forwarded = f"by={here};for={request.source_ip};host={visit.domain};proto={proto}"
    before = [value for name, value in request.headers if name == "forwarded"]
    sent = [header for header in outgoing.request.headers if header[0] not in _OURS]
    if (host := outgoing.request.header("host")) is not None and host != request.header("host"):
        sent.insert(0, ("host", host))  # a mapping's
    return [
        *sent,
        ("forwarded", ", ".join([*before, forwarded])),
        ("via", VIA),
        ("x-amzn-trace-id", visit.trace_id),
    ]
