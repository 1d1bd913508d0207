"""Models: JSON schemas (draft 4), and what is wrong with a body, in the words of AWS's validator (a Java one). Pure.

Imported on first use: jsonschema takes a while.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft4Validator, FormatChecker  # type: ignore[import-untyped]
from jsonschema.exceptions import SchemaError, ValidationError  # type: ignore[import-untyped]
from jsonschema.validators import extend  # type: ignore[import-untyped]
from referencing import Registry, Resource
from referencing.exceptions import NoSuchResource, Unresolvable
from referencing.jsonschema import DRAFT4

from atoll.api_runtime.patterns import BadPattern, compiled

SECONDS = 0.002
"""For a pattern to be looked for in a text."""
MOST_ERRORS = 20
"""How many errors are told of one body."""
_HOST = "https://apigateway.amazonaws.com/restapis/"
_FORMATS = FormatChecker(("email", "ipv4", "ipv6"))


def validator(name: str, models: Mapping[str, str]) -> Draft4Validator | None:
    """What checks bodies against a model, of schemas by name; None for one whose schema cannot be read, which no body is of. Other models
    are referred to as `https://apigateway.amazonaws.com/restapis/{api}/models/{name}`."""

    def retrieve(uri: str) -> Resource[Any]:
        address = uri.partition("#")[0]
        model = models.get(address.rpartition("/models/")[2]) if address.startswith(_HOST) else None
        if model is None:
            raise NoSuchResource(uri)
        return DRAFT4.create_resource(json.loads(model))

    try:
        schema = json.loads(models[name])
        Draft4Validator.check_schema(schema)
    except (ValueError, RecursionError, SchemaError):
        return None
    registry: Registry[Any] = Registry(retrieve=retrieve)  # type: ignore[call-arg]  # attrs makes it
    return _Checks(schema, registry=registry, format_checker=_FORMATS)


def _found(pattern: str, text: str) -> bool:
    """Whether a pattern is found. One that takes too long, or is wrong, is not."""
    try:
        return compiled(pattern).search(text, timeout=SECONDS) is not None
    except (TimeoutError, BadPattern):
        return False


def _pattern(_checks: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _found(pattern, instance):
        yield ValidationError("")


def _pattern_properties(checks: Any, patterns: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    for pattern, below in patterns.items():
        for name, value in instance.items() if isinstance(instance, Mapping) else ():
            if _found(pattern, name):
                yield from checks.descend(value, below, path=name, schema_path=pattern)


_Checks = extend(Draft4Validator, {"pattern": _pattern, "patternProperties": _pattern_properties})


def errors(checks: Draft4Validator | None, body: Any) -> list[str]:
    """What is wrong with a body, nothing for one that is of its model."""
    if checks is None:
        return ["Invalid model schema"]
    try:
        found = []
        for error in checks.iter_errors(body):
            found.append(_WORDS.get(str(error.validator), _other)(error))
            if len(found) == MOST_ERRORS:
                break
    except (Unresolvable, RecursionError) as error:
        return [f"Invalid model schema: {type(error).__name__}"]
    return list(dict.fromkeys(found))


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


_KINDS: Mapping[type, str] = {
    bool: "boolean",
    str: "string",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
}


def _kind(value: Any) -> str:
    return "null" if value is None else _KINDS[type(value)]


def _type(error: ValidationError) -> str:
    allowed = [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
    if "number" in allowed:  # an integer is a number
        allowed = {*allowed, "integer"}
    return (
        f"instance type ({_kind(error.instance)}) does not match any allowed primitive type "
        f"(allowed: {_json(sorted(allowed))})"
    )


def _required(error: ValidationError) -> str:
    missing = sorted(name for name in error.validator_value if name not in error.instance)
    return f"object has missing required properties ({_json(missing)})"


def _additional(error: ValidationError) -> str:
    known, patterns = error.schema.get("properties", {}), error.schema.get("patternProperties", {})
    extra = sorted(
        name for name in error.instance if name not in known and not any(_found(pattern, name) for pattern in patterns)
    )
    return f"object instance has properties which are not allowed by the schema: {_json(extra)}"


def _bound(error: ValidationError) -> str:
    limit, low = error.validator_value, error.validator == "minimum"
    which, way = ("lower", "minimum") if low else ("greater", "maximum")
    if error.schema.get(f"exclusive{way.capitalize()}") and error.instance == limit:
        way = "greater than the required minimum" if low else "lower than the required maximum"
        return f"numeric instance is not strictly {way} {_json(limit)}"
    return (
        f"numeric instance is {which} than the required {way} ({way}: {_json(limit)}, found: {_json(error.instance)})"
    )


def _length(error: ValidationError) -> str:
    which, limit = ("short", "required minimum") if error.validator == "minLength" else ("long", "maximum allowed")
    return f"string {_json(error.instance)} is too {which} (length: {len(error.instance)}, {limit}: {error.validator_value})"


def _items(error: ValidationError) -> str:
    which, limit = ("short", "at least") if error.validator == "minItems" else ("long", "at most")
    return (
        f"array is too {which}: must have {limit} {error.validator_value} elements "
        f"but instance has {len(error.instance)} elements"
    )


def _properties(error: ValidationError) -> str:
    which, limit = ("few", "at least") if error.validator == "minProperties" else ("many", "at most")
    return f"object has too {which} properties (found {len(error.instance)} but schema requires {limit} {error.validator_value})"


def _matched(error: ValidationError) -> int:
    """How many of the schemas match."""
    return len(error.validator_value) - len({child.schema_path[0] for child in error.context or ()})


def _other(error: ValidationError) -> str:
    return str(error.message)


_WORDS: Mapping[str, Callable[[ValidationError], str]] = {
    "type": _type,
    "required": _required,
    "additionalProperties": _additional,
    "minimum": _bound,
    "maximum": _bound,
    "minLength": _length,
    "maxLength": _length,
    "minItems": _items,
    "maxItems": _items,
    "minProperties": _properties,
    "maxProperties": _properties,
    "enum": lambda error: (
        f"instance value ({_json(error.instance)}) not found in enum (possible values: {_json(error.validator_value)})"
    ),
    "pattern": lambda error: (
        f"ECMA 262 regex {_json(error.validator_value)} does not match input string {_json(error.instance)}"
    ),
    "format": lambda error: f"string {_json(error.instance)} is not a valid {error.validator_value} address",
    "multipleOf": lambda error: (
        f"remainder of division is not zero ({_json(error.instance)} / {_json(error.validator_value)})"
    ),
    "uniqueItems": lambda _error: "array must not contain duplicate elements",
    "anyOf": lambda error: f"instance failed to match at least one required schema among {len(error.validator_value)}",
    "oneOf": lambda error: (
        f"instance failed to match exactly one schema (matched {_matched(error)} out of {len(error.validator_value)})"
    ),
    "not": lambda _error: "instance matched a schema which it should not have",
}
