"""The REST protocol with JSON bodies: members travel in path labels, query string, headers and body.

docs: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape

from atoll.kernel.errors import ServiceError
from atoll.protocol import errors
from atoll.protocol.event_stream import Document
from atoll.protocol.json_values import Readers, Writers, decode
from atoll.protocol.rest import BodyReader, BodyWriter, RestCodec
from atoll.protocol.wire import WireRequest, WireResponse


class RestJsonCodec(RestCodec):
    """REST with JSON bodies: Lambda, API Gateway and their generation."""

    name = "rest-json"
    document_type = "application/json"

    def __init__(self, model: ServiceModel) -> None:
        super().__init__(model)
        self._readers = Readers()
        self._writers = Writers()

    def body_reader(self, operation: OperationModel, shape: StructureShape, members: list[str]) -> BodyReader:
        read = self._readers.members(shape, members)

        def read_body(request: WireRequest, params: dict[str, Any]) -> None:
            if request.body and members:
                params.update(read(decode(request.body)))

        return read_body

    def body_writer(self, operation: OperationModel, shape: StructureShape, members: list[str]) -> BodyWriter:
        return self.documents(shape, members)

    def payload_reader(self, shape: Shape) -> Callable[[bytes], Any]:
        read = self._readers.of(shape)

        def read_document(body: bytes) -> Any:
            value = decode(body)
            return read(value) if value is not None else None

        return read_document

    def payload_writer(self, shape: Shape) -> Callable[[Any], bytes]:
        write = self._writers.of(shape)
        return lambda value: msgspec.json.encode(write(value))

    def documents(self, shape: StructureShape, names: Iterable[str]) -> Document:
        write = self._writers.members(shape, names)
        return lambda value: msgspec.json.encode(write(value))

    def error(
        self, error: ServiceError, request_id: str, operation: str | None = None, request: WireRequest | None = None
    ) -> WireResponse:
        rendered = errors.render_rest_json(error, self.model, self.facts, self._writers)
        headers = [
            ("x-amzn-RequestId", request_id),
            ("Content-Type", rendered.content_type),
            ("x-amzn-ErrorType", rendered.code),
            *self.error_headers(error),
        ]
        return WireResponse(rendered.status, headers, rendered.body)
