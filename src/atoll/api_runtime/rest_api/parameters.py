"""What mapping expressions stand for: `method.request.header.X`, `context.requestId`, `stageVariables.X`, `'a literal'`, … Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-parameter-mapping-sources.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from atoll.api_runtime import variables
from atoll.api_runtime.rest_api.call import Call

Values = Sequence[str]
_STEP = re.compile(r"\[(\d{1,9})\]|\.?([^.\[\]]+)")
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def common(call: Call, expression: str) -> Values:
    """The values of an expression that needs no integration's answer; none where there is nothing."""
    if len(expression) > 1 and expression[0] == expression[-1] == "'":
        return (expression[1:-1],)
    if expression.startswith("context."):
        found = variables.value(call.visit, expression.removeprefix("context."))
        return () if found is None else (variables.text(found),)
    if expression.startswith("stageVariables."):
        value = call.visit.variables.get(expression.removeprefix("stageVariables."))
        return () if value is None else (value,)
    if expression.startswith("method.request."):
        return _of_request(call, expression.removeprefix("method.request."))
    return ()


def _of_request(call: Call, place: str) -> Values:
    kind, _, name = place.partition(".")
    match kind:
        case "header":
            return call.values(name)[-1:]
        case "multivalueheader":
            return call.values(name)
        case "querystring":
            return call.query.get(name, ())[-1:]
        case "multivaluequerystring":
            return call.query.get(name, ())
        case "path":
            value = call.visit.parameters.get(name)
            return () if value is None else (value,)
        case "body":
            return of_body(call.body, name)
    return ()


def of_response(headers: Sequence[tuple[str, str]], body: bytes, expression: str) -> Values:
    """The values of an `integration.response.…` expression."""
    kind, _, name = expression.removeprefix("integration.response.").partition(".")
    if kind == "body":
        return of_body(body, name)
    values = [value for given, value in headers if given.lower() == name.lower()]
    return values if kind == "multivalueheader" else values[-1:]


def of_body(body: bytes, path: str) -> Values:
    """A body, or what lies at a path (`a.b[0]`) of one that is JSON."""
    if not path:
        return (body.decode(errors="replace"),)
    try:
        found: Any = msgspec.json.decode(body)
    except _UNREADABLE:
        return ()
    for index, name in _STEP.findall(path):
        if index and isinstance(found, list) and int(index) < len(found):
            found = found[int(index)]
        elif name and isinstance(found, Mapping) and name in found:
            found = found[name]
        else:
            return ()
    return () if found is None else (variables.text(found),)
