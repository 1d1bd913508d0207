"""A mapping template made from a model's JSON schema: a start for whoever writes one. Pure.

docs: API_GetModelTemplate, whose sample answer has these values; arrays from memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

DEEPEST = 32
"""Schemas within schemas, past which the sample stops."""
_SAMPLES = {"string": '"foo"', "integer": "42", "number": "3.1415", "boolean": "true"}


def sample(schema: str) -> str:
    """The template: the schema's shape filled with sample values, its arrays with a loop over those of the input. A text that is no JSON
    has no shape."""
    try:
        root = msgspec.json.decode(schema)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        root = {}
    return "#set($inputRoot = $input.path('$'))\n" + _value(root, "$inputRoot", 0)


def _value(schema: Any, path: str, depth: int) -> str:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    if depth > DEEPEST:
        return "{}"
    if kind == "array":
        return _array(schema, path, depth)
    if isinstance(kind, str) and kind in _SAMPLES:
        return _SAMPLES[kind]
    return _object(schema, path, depth)


def _object(schema: Any, path: str, depth: int) -> str:
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping) or not properties:
        return "{}"
    inner = "  " * (depth + 1)
    lines = [
        f"{inner}{msgspec.json.encode(name).decode()} : {_value(one, f'{path}.{name}', depth + 1)}"
        for name, one in properties.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n" + "  " * depth + "}"


def _array(schema: Mapping[str, Any], path: str, depth: int) -> str:
    item = _value(schema.get("items", {}), "$elem", depth + 1)
    outer = "  " * depth
    return f"[\n#foreach($elem in {path})\n{outer}  {item}#if($foreach.hasNext),#end\n#end\n{outer}]"
