"""What API Gateway accepts as parameter mappings. Pure; raises AWS's errors.

docs: "Transform API requests and responses for HTTP APIs"; "WebSocket API data mapping".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from atoll.services.apigatewayv2.errors import BadRequestException

_MAPPING, _SELECTION = "Invalid mapping expression specified", "Invalid selection expression specified"
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_KEY = re.compile(
    rf"(?:append|overwrite|remove):(?:header\.(?P<header>{_NAME})|querystring\..+)|overwrite:path"
)
_RESPONSE_KEY = re.compile(rf"(?:append|overwrite|remove):header\.(?P<header>{_NAME})|overwrite:statuscode")
_BODY = r"body(?:[.\[].+)?"
_SOURCES = {
    "Request": re.compile(
        rf"request\.(?:header\..+|querystring\..+|path(?:\..+)?|{_BODY})|(?:context|stageVariables)\..+"
    ),
    "Response": re.compile(rf"response\.(?:header\..+|{_BODY})|(?:context|stageVariables)\..+"),
}
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_RESERVED = frozenset(
    (
        "authorization", "connection", "content-encoding", "content-length", "content-location", "forwarded", "keep-alive", "origin",
        "proxy-authenticate", "proxy-authorization", "te", "trailers", "transfer-encoding", "upgrade", "x-forwarded-for",
        "x-forwarded-host", "x-forwarded-proto", "via",
    )
)  # fmt: skip
_RESERVED_PREFIXES = ("access-control-", "apigw-", "x-amz-", "x-amzn-")
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
    _check("Request", _REQUEST_KEY, parameters)


def check_response(parameters: Mapping[str, Mapping[str, str]]) -> None:
    """An HTTP API's response mappings, by status code. Raises BadRequestException."""
    for status, mappings in parameters.items():
        if not (status.isascii() and status.isdigit() and len(status) == 3 and 200 <= int(status) <= 599):
            raise _invalid(_MAPPING, f"Status Code {status} is not valid.")
        _check("Response", _RESPONSE_KEY, mappings)
        code = mappings.get("overwrite:statuscode")
        if code is not None and code.isdigit() and not (len(code) == 3 and 200 <= int(code) <= 599):
            raise _invalid(_MAPPING, f"Status Code {code} is not valid.")


def check_service(parameters: Mapping[str, str]) -> None:
    """The parameters of an AWS service's action. Raises BadRequestException."""
    for name, source in parameters.items():
        if not _is_source("Request", source):
            raise _invalid(_SELECTION, f"Invalid source: {source} specified for destination: {name}")


def check_websocket_request(parameters: Mapping[str, str]) -> None:
    """A WebSocket API's request mappings. Raises BadRequestException."""
    _check_plain(_WEBSOCKET_KEY, _WEBSOCKET_SOURCE, parameters)


def check_websocket_response(parameters: Mapping[str, str]) -> None:
    """The mappings of a WebSocket API's integration response. Raises BadRequestException."""
    _check_plain(_WEBSOCKET_RESPONSE_KEY, _WEBSOCKET_RESPONSE_SOURCE, parameters)


def _check(side: str, keys: re.Pattern[str], parameters: Mapping[str, str]) -> None:
    for key, source in parameters.items():
        found = keys.fullmatch(key)
        if found is None:
            raise _invalid(_MAPPING, f"Invalid {side} Actioned Parameter destination specified: {key}")
        if (header := found["header"]) is not None and _is_reserved(header):
            raise _invalid(_MAPPING, f"Operations on header {header} are restricted")
        if not key.startswith("remove:") and not _is_source(side, source):
            raise _invalid(_MAPPING, f"Invalid source: {source} specified for destination: {key}")


def _check_plain(keys: re.Pattern[str], sources: re.Pattern[str], parameters: Mapping[str, str]) -> None:
    for key, source in parameters.items():
        if not keys.fullmatch(key):
            raise _invalid(_MAPPING, f"Invalid mapping expression parameter specified: {key}")
        if not sources.fullmatch(source):
            raise _invalid(_MAPPING, f"Invalid mapping expression specified: {source}")


def _is_source(side: str, source: str) -> bool:
    """Whether it is a variable, or text with variables in braces."""
    pattern = _SOURCES[side]
    if source.startswith("$") and not source.startswith("${"):
        return source in ("$request.body", "$response.body") or pattern.fullmatch(source[1:]) is not None
    return all(pattern.fullmatch(variable) for variable in _VARIABLE.findall(source)) and not (
        source.startswith("{") and source.endswith("}")
    )


def _is_reserved(header: str) -> bool:
    return header.lower() in _RESERVED or header.lower().startswith(_RESERVED_PREFIXES)


def _invalid(kind: str, error: str) -> BadRequestException:
    return BadRequestException(f"{kind}: Validation Result: warnings : [], errors : [{error}]")
