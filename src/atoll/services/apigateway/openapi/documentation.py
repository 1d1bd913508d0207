"""Documentation parts in OpenAPI documents: read from `x-amazon-apigateway-documentation`, and written into exports. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-documentation.html,
api-gateway-documenting-api-content-representation.html (inheritance), api-gateway-documenting-api-quick-start-publishing.html (exports)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from atoll.services.apigateway.documentation_records import Version
from atoll.services.apigateway.errors import BadRequestException

EXTENSION = "x-amazon-apigateway-documentation"
MEMBERS = ("type", "path", "method", "statusCode", "name")
_WITHOUT_PATH = ("API", "AUTHORIZER", "MODEL")
_INHERITED = ("PATH_PARAMETER", "QUERY_PARAMETER", "REQUEST_HEADER", "RESPONSE", "RESPONSE_HEADER", "RESPONSE_BODY")
_TYPES = (*_WITHOUT_PATH, "RESOURCE", "METHOD", "REQUEST_BODY", *_INHERITED)
_PARAMETERS = {"path": "PATH_PARAMETER", "query": "QUERY_PARAMETER", "header": "REQUEST_HEADER", "body": "REQUEST_BODY"}
_PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "info": ("description", "termsOfService", "contact", "license"),
    "METHOD": ("description", "summary", "tags", "externalDocs", "deprecated"),
    "MODEL": ("description", "title", "externalDocs"),
    "API": ("tags", "externalDocs"),
    "RESOURCE": (),
}
"""Properties that OpenAPI has for what a part documents, apart from `x-…`; `description` where nothing else is said."""

Found = tuple[dict[str, str], dict[str, Any]]


def read(root: Mapping[str, Any]) -> list[Found]:
    """Location and properties of all parts in a document. Raises BadRequestException."""
    given = root.get(EXTENSION)
    if given is None:
        return []
    parts = given.get("documentationParts") if isinstance(given, Mapping) else None
    if not isinstance(parts, list):
        raise BadRequestException(f"Unable to parse the documentation: {EXTENSION}.documentationParts must be a list")
    return [_part(part) for part in parts]


def _part(part: Any) -> Found:
    location = part.get("location") if isinstance(part, Mapping) else None
    if not isinstance(location, Mapping) or location.get("type") not in _TYPES:
        raise BadRequestException("Unable to parse the documentation: a part has no location with a valid type")
    properties = part.get("properties")
    if not isinstance(properties, Mapping):
        raise BadRequestException("Documentation part properties must be a JSON object")
    members = {member: str(location[member]) for member in MEMBERS if location.get(member) is not None}
    if members["type"] not in _WITHOUT_PATH:
        members.setdefault("path", "/")
    return members, dict(properties)


def write(document: dict[str, Any], version: Version, *, extension: bool) -> None:
    """Puts a documentation version into an exported document: what OpenAPI has properties for into what it documents, and, where
    `extension` says so, all parts as they are."""
    parts = [(part.location, msgspec.json.decode(part.properties)) for part in version.parts]
    whole = _said(parts, "API")
    info = whole.get("info")
    if isinstance(info, dict):
        _add(document["info"], "info", info)
    _add(document, "API", whole)
    for path, item in document["paths"].items():
        _add(item, "RESOURCE", _said(parts, "RESOURCE", path))
        for name, operation in item.items():
            if not name.startswith("x-") or name == "x-amazon-apigateway-any-method":
                method = "ANY" if name.startswith("x-") else name.upper()
                _operation(operation, parts, path, method)
    components = document.get("components", {})
    for name, schema in (document.get("definitions") or components.get("schemas") or {}).items():
        _add(schema, "MODEL", _said(parts, "MODEL", name=name))
    for name, scheme in (document.get("securityDefinitions") or components.get("securitySchemes") or {}).items():
        _add(scheme, "AUTHORIZER", _said(parts, "AUTHORIZER", name=name))
    if extension:
        document[EXTENSION] = {
            "version": version.version,
            "createdDate": datetime.fromtimestamp(version.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "documentationParts": [{"location": location, "properties": properties} for location, properties in parts],
        }


def _operation(operation: dict[str, Any], parts: list[Found], path: str, method: str) -> None:
    _add(operation, "METHOD", _said(parts, "METHOD", path, method))
    for parameter in operation.get("parameters", ()):
        kind = _PARAMETERS.get(parameter["in"], "")
        name = None if kind == "REQUEST_BODY" else parameter["name"]
        _add(parameter, kind, _said(parts, kind, path, method, name=name))
    if "requestBody" in operation:
        _add(operation["requestBody"], "REQUEST_BODY", _said(parts, "REQUEST_BODY", path, method))
    for status, response in operation["responses"].items():
        _add(response, "RESPONSE", _said(parts, "RESPONSE", path, method, status))
        for name, header in response.get("headers", {}).items():
            # Headers of responses share one value each in exports: each gets its own here.
            response["headers"][name] = dict(header)
            _add(
                response["headers"][name],
                "RESPONSE_HEADER",
                _said(parts, "RESPONSE_HEADER", path, method, status, name),
            )


def _said(
    parts: Iterable[Found],
    kind: str,
    path: str | None = None,
    method: str | None = None,
    status: str | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """What the parts say of an entity, the most special of them last."""
    found = [
        (location, properties)
        for location, properties in parts
        if location["type"] == kind
        and _covers(kind, location.get("path", "/"), path)
        and location.get("method", "*") in ("*", method)
        and location.get("statusCode", "*") in ("*", status)
        and (name is None or location.get("name") == name)
    ]
    found.sort(key=lambda one: (len(one[0].get("path", "/")), "method" in one[0], "statusCode" in one[0]))
    return {key: value for _, properties in found for key, value in properties.items()}


def _covers(kind: str, documented: str, path: str | None) -> bool:
    """Whether a part of that path is about an entity of `path`: the same, or one below where entities of its kind inherit."""
    if path is None or path == documented:
        return True
    return kind in _INHERITED and path.startswith(documented.rstrip("/") + "/")


def _add(target: dict[str, Any], kind: str, properties: Mapping[str, Any]) -> None:
    names = _PROPERTIES.get(kind, ("description",))
    target |= {
        name: value
        for name, value in properties.items()
        if name in names or (name.startswith("x-") and not name.startswith("x-amazon-"))
    }
