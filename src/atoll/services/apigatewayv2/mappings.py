"""What API Gateway accepts as parameter mappings. Pure; raises AWS's errors. Those of HTTP APIs are read by who applies them.

docs: "Transform API requests and responses for HTTP APIs"; "WebSocket API data mapping".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from atoll.api_runtime.http_api.parameters import changes
from atoll.api_runtime.http_api.sources import Malformed, Source, Variable, parse
from atoll.services.apigatewayv2.errors import BadRequestException

_MAPPING, _SELECTION = "Invalid mapping expression specified", "Invalid selection expression specified"
_BODY = r"body(?:[.\[].+)?"
_WEBSOCKET_KEY = re.compile(r"integration\.request\.(?:header|querystring|path)\..+")
_WEBSOCKET_SOURCE = re.compile(
    rf"'.*'|route\.request\.(?:header|querystring|multivaluequerystring|multivalueheader)\..+|route\.request\.{_BODY}"
    r"|(?:context|stageVariables)\..+",
    re.DOTALL,
)
_WEBSOCKET_RESPONSE_KEY = re.compile(r"(?:integration|route)\.response\.header\..+")
_WEBSOCKET_RESPONSE_SOURCE = re.compile(
    rf"'.*'|integration\.response\.(?:header|multivalueheader)\..+|integration\.response\.{_BODY}"
    r"|(?:context|stageVariables)\..+",
    re.DOTALL,
)


def check_request(parameters: Mapping[str, str]) -> None:
    """An HTTP API's request mappings. Raises BadRequestException."""
    _check(parameters, response=False)


def check_response(parameters: Mapping[str, Mapping[str, str]]) -> None:
    """An HTTP API's response mappings, by status code. Raises BadRequestException."""
    for status, mappings in parameters.items():
        if not (status.isascii() and status.isdigit() and len(status) == 3 and 200 <= int(status) <= 599):
            raise _invalid(_MAPPING, f"Status Code {status} is not valid.")
        _check(mappings, response=True)


def check_service(parameters: Mapping[str, str]) -> None:
    """The parameters of an AWS service's action. Raises BadRequestException."""
    for name, text in parameters.items():
        try:
            valid = not text.startswith("{") and _is_of(parse(text), "request")
        except Malformed:
            valid = False
        if not valid:
            raise _invalid(_SELECTION, f"Invalid source: {text} specified for destination: {name}")


def check_websocket_request(parameters: Mapping[str, str]) -> None:
    """A WebSocket API's request mappings. Raises BadRequestException."""
    _check_plain(_WEBSOCKET_KEY, _WEBSOCKET_SOURCE, parameters)


def check_websocket_response(parameters: Mapping[str, str]) -> None:
    """The mappings of a WebSocket API's integration response. Raises BadRequestException."""
    _check_plain(_WEBSOCKET_RESPONSE_KEY, _WEBSOCKET_RESPONSE_SOURCE, parameters)


def _check(parameters: Mapping[str, str], *, response: bool) -> None:
    try:
        read = changes(parameters, response=response)
    except Malformed as error:
        raise _invalid(_MAPPING, str(error)) from error
    for change, (key, text) in zip(read, parameters.items(), strict=True):
        if not _is_of(change.source, "response" if response else "request"):
            raise _invalid(_MAPPING, f"Invalid source: {text} specified for destination: {key}")


def _is_of(source: Source, side: str) -> bool:
    """Whether all that it reads is there: answers are not before they come, requests are gone by then."""
    return all(
        part.kind.startswith((side, "context", "stageVariables")) for part in source.parts if isinstance(part, Variable)
    )


def _check_plain(keys: re.Pattern[str], sources: re.Pattern[str], parameters: Mapping[str, str]) -> None:
    for key, source in parameters.items():
        if not keys.fullmatch(key):
            raise _invalid(_MAPPING, f"Invalid mapping expression parameter specified: {key}")
        if not sources.fullmatch(source):
            raise _invalid(_MAPPING, f"Invalid mapping expression specified: {source}")


def _invalid(kind: str, error: str) -> BadRequestException:
    return BadRequestException(f"{kind}: Validation Result: warnings : [], errors : [{error}]")
