"""Mapping expressions of REST APIs as their owners write them: which are valid. Pure; raises AWS's errors.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from atoll.api_runtime.rest_api import records
from atoll.services.apigateway.errors import BadRequestException

_NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_METHOD_REQUEST = re.compile(rf"method\.request\.(?:querystring|header|path)\.({_NAME})")
_METHOD_RESPONSE = re.compile(rf"method\.response\.header\.{_NAME}")
_INTEGRATION_REQUEST = re.compile(rf"integration\.request\.(?:querystring|header|path)\.{_NAME}")
_MULTIVALUE = re.compile(rf"method\.request\.multivalue(?P<place>querystring|header)\.(?P<name>{_NAME})")
_BODY = re.compile(r"(?:method\.request|integration\.response)\.body(?:\..+|\[.+)?", re.DOTALL)
_INTEGRATION_RESPONSE = re.compile(rf"integration\.response\.(?:multivalue)?header\.{_NAME}")
_FREE = re.compile(r"context\.[A-Za-z0-9_.\-]+|stageVariables\.[A-Za-z0-9_]+|'[^']*'", re.DOTALL)
_CONTENT_TYPE = re.compile(r"\$default|[\w!#$&^.+*-]+/[\w!#$&^.+*-]+(?:\s*;.*)?", re.ASCII)


def _invalid(text: str) -> BadRequestException:
    return BadRequestException(
        f"Invalid mapping expression specified: Validation Result: warnings : [], errors : [{text}]"
    )


def check_request_parameters(names: Iterable[str]) -> None:
    """The parameters that a method declares."""
    seen: set[str] = set()
    for name in names:
        found = _METHOD_REQUEST.fullmatch(name)
        if found is None:
            raise _invalid(f"Invalid mapping expression specified: {name}")
        if found[1] in seen:
            raise BadRequestException("Parameter names must be unique across querystring, header and path")
        seen.add(found[1])


def check_response_parameters(names: Iterable[str]) -> None:
    """The headers that a method response declares."""
    for name in names:
        if not _METHOD_RESPONSE.fullmatch(name):
            raise _invalid(f"Invalid mapping expression specified: {name}")


def check_integration_request(parameters: Mapping[str, str], method: records.Method) -> None:
    """What an integration's request is given: from the method's declared parameters, the body, the context, or literals."""
    for target, source in parameters.items():
        if not _INTEGRATION_REQUEST.fullmatch(target):
            raise _invalid(f"Invalid mapping expression specified: {target}")
        if _FREE.fullmatch(source) or (_BODY.fullmatch(source) and source.startswith("method.")):
            continue
        multivalue = _MULTIVALUE.fullmatch(source)
        declared = f"method.request.{multivalue['place']}.{multivalue['name']}" if multivalue else source
        if multivalue is None and not _METHOD_REQUEST.fullmatch(source):
            raise _invalid(f"Invalid mapping expression specified: {source}")
        if declared not in method.parameters:
            raise _invalid(f"Invalid mapping expression parameter specified: {source}")


def check_integration_response(parameters: Mapping[str, str], response: records.MethodResponse | None) -> None:
    """What a method's response is given: headers that it declares, from the integration's response, the context, or literals. It need
    not be there yet where it is given none."""
    if response is None:
        if parameters:
            raise _invalid("No method response exists for method.")
        return
    for target, source in parameters.items():
        if not _METHOD_RESPONSE.fullmatch(target):
            raise _invalid(f"Invalid mapping expression specified: {target}")
        if target not in response.parameters:
            raise _invalid(f"Invalid mapping expression parameter specified: {target}")
        taken = _INTEGRATION_RESPONSE.fullmatch(source) or (
            _BODY.fullmatch(source) and source.startswith("integration.")
        )
        if not taken and not _FREE.fullmatch(source):
            raise _invalid(f"Invalid mapping expression specified: {source}")


def check_content_types(types: Iterable[str]) -> None:
    """The content types that templates are for."""
    for content_type in types:
        if not _CONTENT_TYPE.fullmatch(content_type):
            raise BadRequestException(
                f"Validation Result: warnings : [], errors : [Invalid content type specified: {content_type}]"
            )
