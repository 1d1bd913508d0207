"""The REST protocol with JSON bodies: members travel in path labels, query string, headers and body.

docs: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from botocore.model import ServiceModel, Shape, StructureShape

from atoll.kernel.errors import MalformedRequest, ServiceError
from atoll.protocol import errors
from atoll.protocol.json_values import Readers, Writers, decode
from atoll.protocol.rest import BodyReader, BodyWriter, RestCodec
from atoll.protocol.wire import WireRequest, WireResponse

_JSON = "application/json"


class RestJsonCodec(RestCodec):
    """REST with JSON bodies: Lambda, API Gateway and their generation."""

    name = "rest-json"

    def __init__(self, model: ServiceModel) -> None:
        super().__init__(model)
        self._readers = Readers()
        self._writers = Writers()

    def body_reader(self, shape: StructureShape, members: list[str], payload: str | None) -> BodyReader:
        if payload is not None:
            return self._payload_reader(payload, shape.members[payload])
        read = self._readers.members(shape, members)

        def read_body(request: WireRequest, params: dict[str, Any]) -> None:
            if request.body and members:
                params.update(read(decode(request.body)))

        return read_body

    def body_writer(self, shape: StructureShape | None, members: list[str], payload: str | None) -> BodyWriter:
        if shape is None or (payload is None and not members):
            return lambda output: ("", b"")
        if payload is not None:
            return self._payload_writer(payload, shape.members[payload])
        write = self._writers.members(shape, members)
        return lambda output: (_JSON, msgspec.json.encode(write(output)))

    def error(self, error: ServiceError, request_id: str, operation: str | None = None) -> WireResponse:
        rendered = errors.render_rest_json(error, self.model, self.facts, self._writers)
        headers = [
            ("x-amzn-RequestId", request_id),
            ("Content-Type", rendered.content_type),
            ("x-amzn-ErrorType", rendered.code),
        ]
        return WireResponse(rendered.status, headers, rendered.body)

    def _payload_reader(self, name: str, shape: Shape) -> BodyReader:
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
        read = self._readers.of(shape)

        def read_document(request: WireRequest, params: dict[str, Any]) -> None:
            if request.body and (value := decode(request.body)) is not None:
                params[name] = read(value)

        return read_document

    def _payload_writer(self, name: str, shape: Shape) -> BodyWriter:
        if shape.type_name == "blob":
            content_type = self.facts.blob_content_type
            return lambda output: (content_type, bytes(output.get(name) or b""))
        if shape.type_name == "string":
            return lambda output: ("text/plain", str(output.get(name) or "").encode())
        write = self._writers.of(shape)

        def write_document(output: Mapping[str, Any]) -> tuple[str, bytes]:
            value = output.get(name)
            return (_JSON, msgspec.json.encode(write(value))) if value is not None else ("", b"")

        return write_document
