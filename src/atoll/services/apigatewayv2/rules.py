"""What API Gateway accepts as a route key, a target, an integration's URI, a CORS configuration. Pure; raises AWS's errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.integrate.roles import CALLER
from atoll.api_runtime.invoke_arns import function_in
from atoll.api_runtime.match import DEFAULT, variable
from atoll.api_runtime.serving import Cors
from atoll.services.apigatewayv2.errors import BadRequestException

METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"))
STAGE_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")

_BAD_ROUTE_KEY = (
    "The provided route key is not formatted properly for HTTP protocol. "
    'Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default"'
)
_WEBSOCKET = frozenset(("$connect", "$disconnect", DEFAULT))
_NAME = re.compile(r"[A-Za-z0-9_.:-]+")
_LITERAL = re.compile(r"[A-Za-z0-9._~:!$&'()*,;=@%+-]+")
_HEADER_TEXT = re.compile(r"[!-~]+")
_FUNCTION = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_.${}:-]+")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")


def check_route_key(kind: serving.Kind, key: str) -> str:
    """The route key, if it is `$default` or `METHOD /path`; of a WebSocket API any text, but that $ begins AWS's own. Raises
    BadRequestException."""
    if kind == "WEBSOCKET":
        if not key or (key.startswith("$") and key not in _WEBSOCKET):
            raise BadRequestException("The provided route key is not formatted properly")
        return key
    if key == DEFAULT:
        return key
    method, space, path = key.partition(" ")
    if not space or method not in METHODS or not path.startswith("/"):
        raise BadRequestException(_BAD_ROUTE_KEY)
    segments = path.split("/")[1:]
    if segments != [""]:
        _check_segments(segments)
    return key


def _check_segments(segments: list[str]) -> None:
    names: list[str] = []
    for position, segment in enumerate(segments):
        name = variable(segment)
        if name is None:
            if not _LITERAL.fullmatch(segment):
                raise BadRequestException(_BAD_ROUTE_KEY)
            continue
        greedy = name.endswith("+")
        if not _NAME.fullmatch(name.removesuffix("+")) or (greedy and position != len(segments) - 1):
            raise BadRequestException(_BAD_ROUTE_KEY)
        names.append(name.removesuffix("+"))
    if len(set(names)) != len(names):
        raise BadRequestException(_BAD_ROUTE_KEY)


def one_of(what: str, *allowed: str) -> Callable[[str], str]:
    """A check that a value is one of `allowed`. It raises BadRequestException."""

    def check(value: str) -> str:
        if value not in allowed:
            raise BadRequestException(f"Invalid {what} specified. Must be one of [{', '.join(allowed)}]")
        return value

    return check


def function_of(uri: str) -> str:
    """The function's ARN in an integration's URI, which is that ARN itself or its invoke ARN. Raises BadRequestException."""
    function = invoked(uri) or uri
    if not _FUNCTION.fullmatch(function):
        raise BadRequestException("Invalid Lambda function ARN specified in the integration URI")
    return function


def invoked(uri: str) -> str | None:
    """The function's ARN in an invoke ARN, None if it is none."""
    function = function_in(uri)
    return function if function and _FUNCTION.fullmatch(function) else None


def role(arn: str) -> str | None:
    """The ARN of a role that API Gateway is to assume, or `arn:aws:iam::*:user/*` for the caller's own credentials; None for "".

    Whether the caller may pass it is asked before. Raises BadRequestException.
    """
    if arn and arn != CALLER and not _ROLE.fullmatch(arn):
        raise BadRequestException("Invalid ARN specified in the request")
    return arn or None


def integration_of(target: str) -> str:
    """The id in a route's target `integrations/ID`. Raises BadRequestException."""
    kind, _, integration_id = target.partition("/")
    if kind != "integrations" or not integration_id:
        raise BadRequestException(
            "Unexpected or malformed target in route. Correct format should be integrations/<integration_id>."
        )
    return integration_id


def check_stage_name(name: str) -> str:
    """The stage's name, if it is `$default` or made of letters, digits, - and _. Raises BadRequestException."""
    if name != DEFAULT and not STAGE_NAME.fullmatch(name):
        raise BadRequestException("Stage name only allows a-zA-Z0-9_")
    return name


def cors_of(configuration: Mapping[str, Any], before: Cors | None = None) -> Cors | None:
    """A request's CorsConfiguration as a record, an empty one is none; what it does not mention stays as `before`. Raises
    BadRequestException for what browsers refuse."""
    given = {
        "allow_credentials": configuration.get("AllowCredentials"),
        "allow_headers": _tuple(configuration, "AllowHeaders", str.lower),
        "allow_methods": _tuple(configuration, "AllowMethods", str.upper),
        "allow_origins": _tuple(configuration, "AllowOrigins"),
        "expose_headers": _tuple(configuration, "ExposeHeaders", str.lower),
        "max_age": configuration.get("MaxAge"),
    }
    named = {member: value for member, value in given.items() if value is not None}
    cors = msgspec.structs.replace(before or Cors(), **named)
    if cors.allow_credentials and "*" in (cors.allow_origins or ()):
        raise BadRequestException("allow-credentials is not supported if 'allow-origin' is *")
    return None if cors == Cors() else cors


def _tuple(configuration: Mapping[str, Any], member: str, fold: Callable[[str], str] = str) -> tuple[str, ...] | None:
    """The values as AWS keeps them: names of headers in lower case, methods in upper case."""
    values = configuration.get(member)
    if values is None:
        return None
    for value in values:
        if not _HEADER_TEXT.fullmatch(value):
            raise BadRequestException(f"Invalid value specified in {member[0].lower()}{member[1:]}: {value}")
    return tuple(map(fold, values))


def cors_members(cors: Cors) -> dict[str, Any]:
    """A CORS record under the API's member names."""
    return {
        "AllowCredentials": cors.allow_credentials,
        "AllowHeaders": cors.allow_headers,
        "AllowMethods": cors.allow_methods,
        "AllowOrigins": cors.allow_origins,
        "ExposeHeaders": cors.expose_headers,
        "MaxAge": cors.max_age,
    }
