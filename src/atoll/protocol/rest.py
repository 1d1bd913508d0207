"""What the REST protocols share: routes, and the members that travel in labels, query strings, headers and the status.

Bodies are each protocol's own (`rest_json.py`). docs: https://smithy.io/2.0/spec/http-bindings.html
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from botocore.model import MapShape, OperationModel, ServiceModel, Shape, StructureShape

from atoll.kernel.errors import UnknownOperation
from atoll.protocol.codec import Codec, Parser, Serializer
from atoll.protocol.form_values import decode_form
from atoll.protocol.http_values import decode_label, header_reader, header_writer, query_reader
from atoll.protocol.routing import Router
from atoll.protocol.scalars import read_text
from atoll.protocol.wire import WireRequest, WireResponse


class Parts(NamedTuple):
    """A request taken apart: labels and query decoded."""

    labels: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]


Binding = Callable[[Parts, dict[str, Any]], None]
"""Takes one member out of a request and puts it into the input."""
BodyReader = Callable[[WireRequest, dict[str, Any]], None]
HeaderWriter = Callable[[Mapping[str, Any], list[tuple[str, str]]], None]
BodyWriter = Callable[[Mapping[str, Any]], tuple[str, bytes]]
"""From an output to the Content-Type ("" for an empty body) and the body."""


class RestCodec(Codec):
    """A REST protocol without its bodies."""

    def __init__(self, model: ServiceModel) -> None:
        super().__init__(model)
        self._router = Router(model)

    @abstractmethod
    def body_reader(self, shape: StructureShape, members: list[str], payload: str | None) -> BodyReader:
        """Reads the body into `members`, or into the member `payload` alone."""

    @abstractmethod
    def body_writer(self, shape: StructureShape | None, members: list[str], payload: str | None) -> BodyWriter:
        """Writes `members`, or the member `payload` alone."""

    def operation_of(self, request: WireRequest) -> str:
        found = self._router.match(request.method, request.raw_path, _query(request))
        if found is None:
            raise UnknownOperation
        return found[0].operation

    def compile_parser(self, operation: OperationModel) -> Parser:
        shape = operation.input_shape
        if shape is None:
            return lambda request: {}
        bindings = [b for name, member in shape.members.items() if (b := _binding(name, member))]
        read_body = self.body_reader(shape, *_body_of(shape))

        def parse(request: WireRequest) -> dict[str, Any]:
            query = _query(request)
            found = self._router.match(request.method, request.raw_path, query)
            if found is None:
                raise UnknownOperation
            labels = {name: decode_label(raw) for name, raw in zip(found[0].labels, found[1], strict=True)}
            parts = Parts(labels, query, request.headers)
            params: dict[str, Any] = {}
            for bind in bindings:
                bind(parts, params)
            read_body(request, params)
            return params

        return parse

    def compile_serializer(self, operation: OperationModel) -> Serializer:
        shape = operation.output_shape
        default_status = int(operation.http.get("responseCode", 200))
        members = shape.members.items() if shape is not None else ()
        writers = [w for name, member in members if (w := _header_binding(name, member))]
        status_member = next((n for n, m in members if m.serialization.get("location") == "statusCode"), "")
        write_body = self.body_writer(shape, *(_body_of(shape) if shape is not None else ([], None)))

        def serialize(output: Mapping[str, Any], request_id: str) -> WireResponse:
            headers = [("x-amzn-RequestId", request_id)]
            for write in writers:
                write(output, headers)
            status = output.get(status_member) or default_status
            content_type, body = write_body(output)
            if status == 204:
                return WireResponse(status, headers, b"")
            if content_type:
                headers.append(("Content-Type", content_type))
            return WireResponse(status, headers, body)

        return serialize


def _body_of(shape: StructureShape) -> tuple[list[str], str | None]:
    """The names of the members that travel in the body, and of the one that is the body."""
    payload = shape.serialization.get("payload")
    return [n for n, m in shape.members.items() if "location" not in m.serialization and n != payload], payload


def _query(request: WireRequest) -> dict[str, list[str]]:
    query: dict[str, list[str]] = {}
    if request.query_string:
        for name, value in decode_form(request.query_string):
            query.setdefault(name, []).append(value)
    return query


def _binding(name: str, shape: Shape) -> Binding | None:
    """How an input member outside the body is found, None for one in the body."""
    key = shape.serialization.get("name", name)
    match shape.serialization.get("location"):
        case "uri":
            return _label_binding(name, key, read_text(shape))
        case "querystring" if isinstance(shape, MapShape):
            return _query_map_binding(name, query_reader(shape.value))
        case "querystring":
            return _query_binding(name, key, query_reader(shape))
        case "header":
            return _header_in_binding(name, key.lower(), header_reader(shape))
        case "headers":
            return _prefix_binding(name, key.lower())
    return None


def _label_binding(name: str, key: str, read: Callable[[str], Any]) -> Binding:
    def bind(parts: Parts, params: dict[str, Any]) -> None:
        params[name] = read(parts.labels[key])

    return bind


def _query_binding(name: str, key: str, read: Callable[[list[str]], Any]) -> Binding:
    def bind(parts: Parts, params: dict[str, Any]) -> None:
        if (values := parts.query.get(key)) is not None:
            params[name] = read(values)

    return bind


def _query_map_binding(name: str, read: Callable[[list[str]], Any]) -> Binding:
    """A map of the whole query string, also of what other members take from it (Smithy's httpQueryParams)."""

    def bind(parts: Parts, params: dict[str, Any]) -> None:
        if parts.query:
            params[name] = {key: read(values) for key, values in parts.query.items()}

    return bind


def _header_in_binding(name: str, key: str, read: Callable[[str], Any]) -> Binding:
    def bind(parts: Parts, params: dict[str, Any]) -> None:
        if (text := parts.headers.get(key)) is not None:
            params[name] = read(text)

    return bind


def _prefix_binding(name: str, prefix: str) -> Binding:
    def bind(parts: Parts, params: dict[str, Any]) -> None:
        found = {key[len(prefix) :]: value for key, value in parts.headers.items() if key.startswith(prefix)}
        if found:
            params[name] = found

    return bind


def _header_binding(name: str, shape: Shape) -> HeaderWriter | None:
    """How an output member becomes headers, None for one that does not."""
    key = shape.serialization.get("name", name)
    match shape.serialization.get("location"):
        case "header":
            write = header_writer(shape)

            def one(output: Mapping[str, Any], headers: list[tuple[str, str]]) -> None:
                if (value := output.get(name)) is not None and value != []:
                    headers.append((key, write(value)))

            return one
        case "headers":

            def all_with_prefix(output: Mapping[str, Any], headers: list[tuple[str, str]]) -> None:
                headers.extend((key + suffix, value) for suffix, value in (output.get(name) or {}).items())

            return all_with_prefix
    return None
