"""Reading OpenAPI documents (Swagger 2.0 and OpenAPI 3.0, JSON or YAML) as imports of APIs need them. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/import-api-aws-console.html, "Set the OpenAPI basePath property"
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from atoll.api_runtime.documents import NO_JSON
from atoll.kernel.turns import at_once

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
ANY_METHOD = "x-amazon-apigateway-any-method"
BasePath = Literal["ignore", "prepend", "split"]
MOST_VALUES = 500_000
"""Of a document, aliases counted as often as they are used: a small YAML file can stand for more than fits into memory."""
DEEPEST = 100
_VARIABLE = re.compile(r"\{(\w+)\}")
_HIDING = re.compile(rb'\\[^"\\/bfnrt]')
"""Escapes of JSON and YAML that can stand for a letter, or for the end of a line within a word."""
_RESTS = 3
"""How deep a document's values lie that are read without a rest: operations of a path, schemas of OpenAPI 3."""


class InvalidDocument(Exception):
    """The text is no OpenAPI document."""


class Operation(NamedTuple):
    """One method of a path. `path` has the base path in front where that is asked for; `method` is upper-case, ANY for all; `parameters`
    are the path's and the operation's, resolved, the operation's last."""

    path: str
    method: str
    members: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]


class Document(NamedTuple):
    """A document, as plain values."""

    root: Mapping[str, Any]

    @property
    def is_3(self) -> bool:
        """Whether this is OpenAPI 3; Swagger 2.0 else."""
        return "openapi" in self.root

    @property
    def info(self) -> Mapping[str, Any]:
        """Title, version, description."""
        return mapping(self.root.get("info"))

    def resolve(self, value: Any) -> Any:
        """What a `{"$ref": "#/…"}` stands for; other values are what they are. Raises InvalidDocument where nothing is there."""
        for _ in range(DEEPEST):
            reference = value.get("$ref") if isinstance(value, Mapping) else None
            if not isinstance(reference, str):
                return value
            value = self._at(reference)
        raise InvalidDocument("References go in a circle")

    def _at(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            raise InvalidDocument(f"Reference {reference} is not within the document")
        found: Any = self.root
        for step in reference[2:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or name not in found:
                raise InvalidDocument(f"Reference {reference} leads nowhere")
            found = found[name]
        return found

    def section(self, swagger: str, component: str) -> Mapping[str, Any]:
        """A section by its name in Swagger 2.0, or in the `components` of OpenAPI 3 (`definitions`, `schemas`)."""
        if self.is_3:
            return mapping(mapping(self.root.get("components")).get(component))
        return mapping(self.root.get(swagger))

    def operations(self, basepath: BasePath) -> Iterator[Operation]:
        """All methods of all paths."""
        prefix = self._prefix(basepath)
        for path, item in mapping(self.root.get("paths")).items():
            item = mapping(self.resolve(item))
            shared = self._parameters(item)
            for name in (*METHODS, ANY_METHOD):
                if name in item:
                    members = mapping(self.resolve(item[name]))
                    own = self._parameters(members)
                    method = "ANY" if name == ANY_METHOD else name.upper()
                    yield Operation(
                        prefix + path if path != "/" or not prefix else prefix, method, members, shared + own
                    )

    def _parameters(self, members: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
        given = members.get("parameters")
        return tuple(mapping(self.resolve(one)) for one in given) if isinstance(given, list) else ()

    def _prefix(self, basepath: BasePath) -> str:
        base = "" if basepath == "ignore" else self.base_path()
        if basepath == "split":
            base = "/" + "/".join(base.split("/")[2:])
        return base.rstrip("/")

    def base_path(self) -> str:
        """The base path, "" without one: of OpenAPI 3 the first `basePath` variable of a server, else the path of its URL."""
        if not self.is_3:
            base = str(self.root.get("basePath") or "")
        else:
            servers = [mapping(server) for server in self.root.get("servers") or () if isinstance(server, Mapping)]
            named = [mapping(server.get("variables")).get("basePath") for server in servers]
            defaults = [mapping(variable).get("default") for variable in named if variable is not None]
            base = str(defaults[0]) if defaults else _path(_filled(servers[0])) if servers else ""
        base = base.strip("/")
        return f"/{base}" if base else ""


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError as error:
        raise InvalidDocument(f"The URL {url} of a server is none") from error


def _filled(server: Mapping[str, Any]) -> str:
    """A server's URL with the defaults of its variables."""
    variables = mapping(server.get("variables"))
    return _VARIABLE.sub(
        lambda found: str(mapping(variables.get(found[1])).get("default", "")), str(server.get("url") or "")
    )


def read(text: bytes) -> Document:
    """The document. Raises InvalidDocument."""
    return at_once(reading(text))


def reading(text: bytes) -> Generator[None, None, Document]:
    """As `read`, with rests."""
    root = yield from _parsing(text)
    if not isinstance(root, Mapping) or not (_is(root.get("swagger"), "2.0") or _is(root.get("openapi"), "3.")):
        raise InvalidDocument("Neither Swagger 2.0 nor OpenAPI 3")
    return Document(root)


def parsed(text: bytes) -> Any:
    """JSON or YAML as plain values, whatever they say. Raises InvalidDocument."""
    return at_once(_parsing(text))


def _parsing(text: bytes) -> Generator[None, None, Any]:
    try:
        found = msgspec.json.decode(text)
    except NO_JSON:
        found = _yaml(text)
    yield
    try:
        return (yield from _plain_with_rests(found, [0], 0))
    except ValueError as error:  # a name of more digits than Python writes down
        raise InvalidDocument("Neither JSON nor YAML") from error


def _is(version: Any, prefix: str) -> bool:
    return str(version).startswith(prefix)


def roles(text: Any) -> list[str]:
    """The roles that a document's integrations and authorizers name, for whoever imports it must be allowed to pass them on."""
    if not (isinstance(text, bytes) and _may_name(text, "redentials")):
        return []
    try:
        return list(_roles(read(text).root))
    except InvalidDocument:
        return []  # nothing will come of it


def mentions(text: Any, name: str) -> bool:
    """Whether a document has a member of this name at its top."""
    try:
        return isinstance(text, bytes) and _may_name(text, name) and name in read(text).root
    except InvalidDocument:
        return False  # nothing will come of it


def _may_name(text: bytes, part: str) -> bool:
    """Whether a document can have a member whose name has this part, which is told at once: it is there in its own letters, or there are
    escapes, of which each could be one of them."""
    return part.encode() in text or _HIDING.search(text) is not None


def _roles(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from (
            value[name] for name in ("credentials", "authorizerCredentials") if isinstance(value.get(name), str)
        )
        value = value.values()
    elif not isinstance(value, list):
        return
    for one in value:
        yield from _roles(one)


def _yaml(text: bytes) -> Any:
    import yaml  # few documents are YAML

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(text.decode(), Loader=loader)  # noqa: S506  # it is a safe loader
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise InvalidDocument("Neither JSON nor YAML") from error


def _plain_with_rests(value: Any, counted: list[int], depth: int) -> Generator[None, None, Any]:
    """As `_plain`."""
    if depth == _RESTS or not isinstance(value, dict):
        yield
        return _plain(value, counted, depth)
    _count(counted, depth)
    plain = {}
    for name, one in value.items():
        plain[_name(name)] = yield from _plain_with_rests(one, counted, depth + 1)
    return plain


def _plain(value: Any, counted: list[int], depth: int) -> Any:
    """The value as JSON would have it: names are text, dates as they were written. Raises InvalidDocument for one that is too large."""
    _count(counted, depth)
    if isinstance(value, dict):
        return {_name(name): _plain(one, counted, depth + 1) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, counted, depth + 1) for one in value]
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)


def _count(counted: list[int], depth: int) -> None:
    counted[0] += 1
    if counted[0] > MOST_VALUES or depth > DEEPEST:
        raise InvalidDocument("The document is too large")


def _name(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}
