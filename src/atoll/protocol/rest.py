"""What the REST protocols share: routes, and the members that travel in labels, query strings, headers and the status.

Documents are each protocol's own (`rest_json.py`, `rest_xml.py`). docs: https://smithy.io/2.0/spec/http-bindings.html
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, ClassVar, NamedTuple

from botocore.model import MapShape, OperationModel, ServiceModel, Shape, StructureShape

from atoll.kernel.errors import MalformedArgument, MalformedRequest, ServiceError, UnknownOperation
from atoll.protocol import event_stream
from atoll.protocol.codec import Codec, Parser, Serializer
from atoll.protocol.errors import shape_of
from atoll.protocol.event_stream import Document, compile_events
from atoll.protocol.form_values import decode_form
from atoll.protocol.http_values import decode_label, header_reader, header_writer, query_reader
from atoll.protocol.routing import Route, Router
from atoll.protocol.scalars import read_text
from atoll.protocol.wire import Body, WireRequest, WireResponse


class Parts(NamedTuple):
    """A request taken apart: labels and query decoded."""

    labels: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]


Binding = Callable[[Parts, dict[str, Any]], None]
"""Takes one member out of a request and puts it into the input."""
BodyReader = Callable[[WireRequest, dict[str, Any]], None]
HeaderWriter = Callable[[Mapping[str, Any], list[tuple[str, str]]], None]
BodyWriter = Callable[[Mapping[str, Any]], Body]
"""From an output to the body."""


class RestCodec(Codec):
    """A REST protocol without its documents."""

    document_type: ClassVar[str]
    """The Content-Type of its documents."""
    request_id_header: ClassVar[str] = "x-amzn-RequestId"

    def __init__(self, model: ServiceModel) -> None:
        super().__init__(model)
        self._router = Router(model)

    @abstractmethod
    def body_reader(self, operation: OperationModel, shape: StructureShape, members: list[str]) -> BodyReader:
        """Reads a document into `members` of the input."""

    @abstractmethod
    def body_writer(self, operation: OperationModel, shape: StructureShape, members: list[str]) -> BodyWriter:
        """Writes `members` of the output as a document."""

    @abstractmethod
    def payload_reader(self, shape: Shape) -> Callable[[bytes], Any]:
        """Reads a document that is one value, None where it is null."""

    @abstractmethod
    def payload_writer(self, shape: Shape) -> Callable[[Any], bytes]:
        """Writes one value as a document."""

    @abstractmethod
    def documents(self, shape: StructureShape, names: Iterable[str]) -> Document:
        """Writes members of a structure as the payload of an event."""

    def path_of(self, request: WireRequest) -> str:
        """The undecoded path that routes match."""
        return request.raw_path

    def operation_of(self, request: WireRequest) -> str:
        return self._match(request, _query(request))[0].operation

    def _match(self, request: WireRequest, query: Mapping[str, list[str]]) -> tuple[Route, list[str]]:
        found = self._router.match(request.method, self.path_of(request), query, request.headers)
        if found is None:
            raise UnknownOperation
        return found

    def compile_parser(self, operation: OperationModel) -> Parser:
        shape = operation.input_shape
        if shape is None:
            return lambda request: {}
        bindings = [b for name, member in shape.members.items() if (b := _binding(name, member))]
        members, payload = _body_of(shape)
        if payload is not None:
            read_body = self._payload_reader(payload, shape.members[payload])
        else:
            read_body = self.body_reader(operation, shape, members)

        def parse(request: WireRequest) -> dict[str, Any]:
            query = _query(request)
            route, values = self._match(request, query)
            params: dict[str, Any] = {}
            try:
                labels = {name: decode_label(raw) for name, raw in zip(route.labels, values, strict=True)}
                parts = Parts(labels, query, request.headers)
                for bind in bindings:
                    bind(parts, params)
            except MalformedRequest as error:
                raise MalformedArgument(error.message) from error
            read_body(request, params)
            return params

        return parse

    def compile_serializer(self, operation: OperationModel) -> Serializer:
        shape = operation.output_shape
        default_status = int(operation.http.get("responseCode", 200))
        members = shape.members.items() if shape is not None else ()
        writers = [w for name, member in members if (w := _header_binding(name, member))]
        status_member = next((n for n, m in members if m.serialization.get("location") == "statusCode"), "")
        content_type, write_body = self._output_writer(operation)
        request_id_header = self.request_id_header

        def serialize(output: Mapping[str, Any], request_id: str) -> WireResponse:
            headers = [(request_id_header, request_id)]
            for write in writers:
                write(output, headers)
            status = output.get(status_member) or default_status
            if status == 204:
                return WireResponse(status, headers, b"")
            body = write_body(output)
            if content_type and body and all(name.lower() != "content-type" for name, _ in headers):
                headers.append(("Content-Type", content_type))
            return WireResponse(status, headers, body)

        return serialize

    def error_headers(self, error: ServiceError) -> list[tuple[str, str]]:
        """The members of an error that travel in headers."""
        headers: list[tuple[str, str]] = []
        shape = shape_of(error, self.model)
        for name, member in shape.members.items() if shape is not None else ():
            if (write := _header_binding(name, member)) is not None:
                write(error.members, headers)
        return headers

    def _payload_reader(self, name: str, shape: Shape) -> BodyReader:
        """Reads the body into the one member that it is."""
        if shape.type_name == "blob":

            def read_blob(request: WireRequest, params: dict[str, Any]) -> None:
                if request.body or shape.serialization.get("streaming"):
                    params[name] = request.body

            return read_blob
        if shape.type_name == "string":

            def read_string(request: WireRequest, params: dict[str, Any]) -> None:
                try:
                    params[name] = request.body.decode()
                except UnicodeDecodeError as error:
                    raise MalformedRequest("The body is not valid UTF-8") from error

            return read_string
        read = self.payload_reader(shape)

        def read_document(request: WireRequest, params: dict[str, Any]) -> None:
            if request.body and (value := read(request.body)) is not None:
                params[name] = value

        return read_document

    def _output_writer(self, operation: OperationModel) -> tuple[str, BodyWriter]:
        """The Content-Type of an operation's bodies that are not empty, and what writes them."""
        shape = operation.output_shape
        members, name = _body_of(shape, of_output=True) if shape is not None else ([], None)
        if shape is None or (name is None and not members):
            return "", lambda output: b""
        if name is None:
            return self.document_type, self.body_writer(operation, shape, members)
        payload = shape.members[name]
        if payload.serialization.get("eventstream"):
            write_events = compile_events(payload, self.documents, self.document_type)
            return event_stream.CONTENT_TYPE, lambda output: write_events(output[name])
        if payload.type_name == "blob":
            return self.facts.blob_content_type, lambda output: _blob(output.get(name))
        if payload.type_name == "string":
            return "text/plain", lambda output: str(output.get(name) or "").encode()
        write = self.payload_writer(payload)
        return self.document_type, lambda output: write(value) if (value := output.get(name)) is not None else b""


def _blob(value: Any) -> Body:
    """A blob's bytes, or the pieces of one that streams."""
    return value if isinstance(value, AsyncIterator) else bytes(value or b"")


def _body_of(shape: StructureShape, *, of_output: bool = False) -> tuple[list[str], str | None]:
    """The names of the members that travel in the body, and of the one that is the body. Places that only a request has are the body
    in an output."""
    payload = shape.serialization.get("payload")
    elsewhere = _OF_OUTPUTS if of_output else _OF_INPUTS
    names = [n for n, m in shape.members.items() if m.serialization.get("location") not in elsewhere and n != payload]
    return names, payload


_OF_INPUTS = ("uri", "querystring", "header", "headers")
_OF_OUTPUTS = ("statusCode", "header", "headers")


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
