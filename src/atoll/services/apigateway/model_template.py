"""A sample mapping template made from a model's JSON schema. Pure. docs: API_GetModelTemplate"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

DEEPEST = 20
"""Schemas within schemas, past which the sample stops."""


def template(schema: str) -> str:
    """The template: `$inputRoot` walked as the schema is. A schema that is no JSON gives the input as it is."""
    try:
        root = msgspec.json.decode(schema)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        root = {}
    return f"#set($inputRoot = $input.path('$'))\n{_value(root, '$inputRoot', 0)}"


def _value(schema: Any, path: str, depth: int) -> str:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    if kind == "object" or (kind is None and isinstance(schema, Mapping) and "properties" in schema):
        return _object(schema, path, depth)
    if kind == "array":
        return _array(schema, path, depth)
    return f'"{path}"' if kind in ("string", None) else path


def _object(schema: Mapping[str, Any], path: str, depth: int) -> str:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not properties or depth >= DEEPEST:
        return "{ }"
    indent = "  " * (depth + 1)
    lines = [
        f"{indent}{msgspec.json.encode(name).decode()} : {_value(one, f'{path}.{name}', depth + 1)}"
        for name, one in properties.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n" + "  " * depth + "}"


def _array(schema: Mapping[str, Any], path: str, depth: int) -> str:
    if depth >= DEEPEST:
        return "[ ]"
    item = _value(schema.get("items", {}), "$elem", depth + 1)
    indent = "  " * depth
    return f"[\n{indent}#foreach($elem in {path})\n{indent}  {item}#if($foreach.hasNext),#end\n{indent}#end\n{indent}]"
