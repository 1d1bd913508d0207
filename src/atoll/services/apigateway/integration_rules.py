"""What API Gateway accepts as an integration. Pure; raises AWS's errors.

docs: API_PutIntegration; https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-integration-types.html
"""

from __future__ import annotations

import re
from typing import Any

from atoll.api_runtime.rest_api import records
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.services.apigateway import mapping
from atoll.services.apigateway.errors import BadRequestException

SHORTEST, LONGEST = 50, 29_000
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "ANY")
PASSTHROUGH = ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER")
CONTENT_HANDLING = ("CONVERT_TO_BINARY", "CONVERT_TO_TEXT")
_LAMBDA = re.compile(
    r"arn:aws[a-z-]*:apigateway:[a-z0-9-]+:lambda:path/2015-03-31/functions/"
    r"(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:(?:\d{12}|\$\{stageVariables\.\w+\}):function:[A-Za-z0-9_.${}:-]+|\$\{stageVariables\.\w+\})"
    r"/(?:invocations|response-streaming-invocations)"
)
_SERVICE = re.compile(
    r"arn:aws[a-z-]*:apigateway:[a-z0-9-]+:(?P<service>[a-z0-9.${}A-Z_-]+):(?P<kind>path|action)/.+", re.DOTALL
)
_HTTP = re.compile(r"(?:https?://(?:[^\s/?#]+)|\$\{stageVariables\.\w+\}).*", re.DOTALL)
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(?:\*|\d{12}):(?:role|user)/.+|.*\$\{stageVariables\.\w+\}.*")


def check(integration: records.Integration, method: records.Method) -> None:
    """Raises BadRequestException for what AWS does not accept, NotImplementedByAtoll for what Atoll cannot do."""
    if integration.connection_type == "VPC_LINK":
        raise NotImplementedByAtoll(
            "apigateway: VPC links (connectionType VPC_LINK) are not implemented: there are no VPCs here"
        )
    if integration.connection_type is not None:
        one_of("connectionType", integration.connection_type, ("INTERNET", "VPC_LINK"))
    if integration.kind != "MOCK":
        if not integration.method:
            raise BadRequestException("Enumeration value for HttpMethod must be non-empty")
        if integration.method not in METHODS:
            raise BadRequestException(f"Invalid HttpMethod specified. Valid options are {','.join(METHODS[:-1])}")
        _check_uri(integration.kind, integration.uri or "")
    if integration.credentials is not None and not _ROLE.fullmatch(integration.credentials):
        raise BadRequestException("Invalid ARN specified in the request")
    if not SHORTEST <= integration.timeout <= LONGEST:
        raise BadRequestException(f"Timeout should be between {SHORTEST} ms and {LONGEST} ms")
    one_of("passthroughBehavior", integration.passthrough, PASSTHROUGH)
    if integration.content_handling is not None:
        one_of("contentHandling", integration.content_handling, CONTENT_HANDLING)
    mapping.check_integration_request(integration.parameters, method)
    mapping.check_content_types(integration.templates)
    for name in integration.cache_keys:
        if name not in method.parameters and name not in integration.parameters:
            raise BadRequestException("Invalid cache key parameter specified")


def _check_uri(kind: str, uri: str) -> None:
    if kind in ("HTTP", "HTTP_PROXY"):
        if not _HTTP.fullmatch(uri):
            raise BadRequestException("Invalid HTTP endpoint specified for URI")
        return
    if not uri.startswith("arn:"):
        raise BadRequestException("Invalid ARN specified in the request")
    found = _SERVICE.fullmatch(uri)
    if found is None:
        raise BadRequestException("AWS ARN for integration must contain path or action")
    if found["service"] == "lambda" and not _LAMBDA.fullmatch(uri) and "/functions/" in uri:
        raise BadRequestException("AWS ARN for integration contains invalid action")
    if kind == "AWS_PROXY" and not (_LAMBDA.fullmatch(uri) or found["service"] == "firehose"):
        raise BadRequestException(
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations."
        )
    if kind == "AWS_PROXY" and found["service"] == "firehose":
        raise NotImplementedByAtoll("apigateway: AWS_PROXY integrations with Firehose are not implemented")


def one_of(member: str, value: Any, options: tuple[str, ...]) -> Any:
    """The value, if it is one of the options. Raises BadRequestException."""
    if value not in options:
        raise BadRequestException(f"Invalid {member} specified. Must be one of: [{', '.join(options)}]")
    return value
