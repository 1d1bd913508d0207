"""What a REST API answers to a request that it refuses: AWS's own answers, and what its owner put in their place. Pure.

A template of a gateway response is no mapping template: variables are put in, and that is all.
docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from atoll.api_runtime.refused import Reason, Refused
from atoll.api_runtime.rest_api.records import GatewayResponse
from atoll.kernel.http import HttpResponse


class Kind(NamedTuple):
    """A type of gateway response: its status, the value of x-amzn-errortype, its message, and what AWS writes before that: some
    answers come from another part of API Gateway than others."""

    status: int
    error: str
    text: str | None
    opening: str = '{"message":'


_SPACED = '{"message": '
KINDS: Mapping[Reason, Kind] = {
    "ACCESS_DENIED": Kind(403, "AccessDeniedException", "User is not authorized to access this resource", '{"Message":'),
    "API_CONFIGURATION_ERROR": Kind(500, "InternalServerErrorException", "Internal server error", _SPACED),
    "AUTHORIZER_CONFIGURATION_ERROR": Kind(500, "AuthorizerConfigurationException", None),
    "AUTHORIZER_FAILURE": Kind(500, "AuthorizerFailureException", None),
    "BAD_REQUEST_BODY": Kind(400, "BadRequestException", "Invalid request body", _SPACED),
    "BAD_REQUEST_PARAMETERS": Kind(400, "BadRequestException", "Missing required request parameters", _SPACED),
    "EXPIRED_TOKEN": Kind(403, "ExpiredTokenException", "The security token included in the request is expired"),
    "INTEGRATION_FAILURE": Kind(504, "InternalServerErrorException", "Network error communicating with endpoint", _SPACED),
    "INTEGRATION_TIMEOUT": Kind(504, "InternalServerErrorException", "Endpoint request timed out", _SPACED),
    "INVALID_API_KEY": Kind(403, "ForbiddenException", "Forbidden"),
    "INVALID_SIGNATURE": Kind(403, "InvalidSignatureException", "Forbidden"),
    "MISSING_AUTHENTICATION_TOKEN": Kind(403, "MissingAuthenticationTokenException", "Missing Authentication Token"),
    "QUOTA_EXCEEDED": Kind(429, "LimitExceededException", "Limit Exceeded"),
    "REQUEST_TOO_LARGE": Kind(413, "BadRequestException", "Request Too Long", _SPACED),
    "RESOURCE_NOT_FOUND": Kind(404, "ResourceNotFoundException", "Not Found"),
    "THROTTLED": Kind(429, "TooManyRequestsException", "Too Many Requests"),
    "UNAUTHORIZED": Kind(401, "UnauthorizedException", "Unauthorized"),
    "UNSUPPORTED_MEDIA_TYPE": Kind(415, "BadRequestException", "Unsupported Media Type", _SPACED),
    "WAF_FILTERED": Kind(403, "ForbiddenException", "Forbidden"),
}  # fmt: skip
_JSON = "application/json"
_VARIABLE = re.compile(r"\$(?:\{([\w.\-]+)\}|([\w\-]+(?:\.[\w\-]+)+))")
_HEADER = "gatewayresponse.header."
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def status_of(refused: Refused) -> int:
    """The status that AWS answers with, where the API's owner set no other."""
    return KINDS[refused.reason].status if refused.status is None else refused.status


def text_of(refused: Refused) -> str | None:
    """The message, None for AWS's null."""
    return KINDS[refused.reason].text if refused.text is None else refused.text


def gateway_response(
    refused: Refused,
    responses: Mapping[str, GatewayResponse],
    values: Callable[[str], Sequence[str]],
    accept: str | None = None,
) -> HttpResponse:
    """The answer to a refused request. `responses` are the API's own; `values` gives what an expression (`context.requestId`,
    `method.request.header.X`, `'literal'`) stands for; `accept` is the request's header."""
    kind = KINDS[refused.reason]
    usual = status_of(refused)
    own = responses.get(refused.reason) or responses.get("DEFAULT_4XX" if usual < 500 else "DEFAULT_5XX")
    headers = [("x-amzn-errortype", refused.error or kind.error), *refused.headers]
    if own is None:
        return HttpResponse(usual, [("content-type", _JSON), *headers], _usual_body(refused, kind))
    media, template = _template(own.templates, accept)
    body = _usual_body(refused, kind) if template is None else _filled(template, values).encode()
    named: dict[str, list[str]] = {"content-type": [media]}
    for name, value in headers:
        named[name] = [value]
    for target, expression in own.parameters.items():
        if target.startswith(_HEADER) and (found := values(expression)):
            named[target.removeprefix(_HEADER).lower()] = [safe(value) for value in found]
    status = int(own.status) if own.status and own.status >= "200" else usual  # 1xx would be no answer
    return HttpResponse(status, [(name, value) for name, given in named.items() for value in given], body)


def message_string(text: str | None) -> str:
    """`$context.error.messageString`: the message with its quotes."""
    return msgspec.json.encode(text).decode()


def safe(value: str) -> str:
    """A header's value without what would break it."""
    return _UNPRINTABLE.sub("", value).encode("latin-1", "replace").decode("latin-1").strip()


def _usual_body(refused: Refused, kind: Kind) -> bytes:
    return f"{kind.opening}{message_string(text_of(refused))}}}".encode()


def _template(templates: Mapping[str, str], accept: str | None) -> tuple[str, str | None]:
    """The template whose type the client accepts, else the one for JSON, else the first; (type, None) where there is none."""
    for media in [part.partition(";")[0].strip() for part in (accept or "").split(",")] + [_JSON]:
        if media in templates:
            return media, templates[media]
    return next(iter(templates.items()), (_JSON, None))


def _filled(template: str, values: Callable[[str], Sequence[str]]) -> str:
    def fill(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return (
            ",".join(values(name)) if name.startswith(("context.", "stageVariables.", "method.request.")) else found[0]
        )

    return _VARIABLE.sub(fill, template)
