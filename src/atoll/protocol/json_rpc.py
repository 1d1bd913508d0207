"""The protocols AWS JSON 1.0 and 1.1: `X-Amz-Target` names the operation, bodies are JSON documents.

docs: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from botocore.model import OperationModel, ServiceModel, StructureShape

from atoll.kernel.errors import ServiceError, UnknownOperation
from atoll.protocol import errors, event_stream
from atoll.protocol.codec import Codec, Parser, Serializer
from atoll.protocol.event_stream import Document, compile_rpc_stream, stream_member
from atoll.protocol.json_types import Decoder, checked_decoder, typed_decoder
from atoll.protocol.json_values import Readers, Writers, decode, needs_writer
from atoll.protocol.wire import WireRequest, WireResponse


class JsonCodec(Codec):
    """AWS JSON 1.0 or 1.1, as the model says."""

    name = "json"
    syntax = staticmethod(decode)

    def __init__(self, model: ServiceModel) -> None:
        super().__init__(model)
        self._readers = Readers()
        self._writers = Writers()
        self._content_type = f"application/x-amz-json-{model.metadata.get('jsonVersion', '1.0')}"
        prefix = model.metadata.get("targetPrefix", "")
        self._by_target = {f"{prefix}.{operation}": operation for operation in model.operation_names}
        self._checked: dict[str, Decoder | None] = {}

    def operation_of(self, request: WireRequest) -> str:
        operation = self._by_target.get(request.headers.get("x-amz-target", ""))
        if operation is None:
            raise UnknownOperation
        return operation

    def checked(self, operation: str, request: WireRequest) -> dict[str, Any] | None:
        if operation not in self._checked:
            shape = self.model.operation_model(operation).input_shape
            self._checked[operation] = None if shape is None else checked_decoder(shape, self.facts)
        decode = self._checked[operation]
        if decode is None or not request.body:
            return None
        try:
            return decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def compile_parser(self, operation: OperationModel) -> Parser:
        shape = operation.input_shape
        if shape is None:
            return lambda request: {}
        read = self._readers.structure(shape)
        decode_typed = typed_decoder(shape)

        def parse(request: WireRequest) -> dict[str, Any]:
            if not request.body:
                return {}
            if decode_typed is not None:
                try:
                    return decode_typed(request.body)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    pass  # a null, or something wrong that the reader says in AWS's words
            return read(decode(request.body))  # type: ignore[no-any-return]

        return parse

    def compile_serializer(self, operation: OperationModel) -> Serializer:
        shape = operation.output_shape
        if shape is None:
            return lambda output, request_id: self.respond(200, b"{}", request_id)
        if stream_member(shape) is not None:
            stream = compile_rpc_stream(shape, self._documents, self._content_type)
            return lambda output, request_id: WireResponse(
                200, [("x-amzn-RequestId", request_id), ("Content-Type", event_stream.CONTENT_TYPE)], stream(output)
            )
        write = self._writers.structure(shape)
        plain = not needs_writer(shape)

        def serialize(output: Mapping[str, Any], request_id: str) -> WireResponse:
            if plain:
                body = msgspec.json.encode({name: value for name, value in output.items() if value is not None})
                if b"null" not in body:  # no None further down (nor NaN, which msgspec writes as null) to care for
                    return self.respond(200, body, request_id)
            return self.respond(200, msgspec.json.encode(write(output)), request_id)

        return serialize

    def error(
        self, error: ServiceError, request_id: str, operation: str | None = None, request: WireRequest | None = None
    ) -> WireResponse:
        rendered = errors.render_rpc(error, self.model, self.facts, self._writers)
        response = self.respond(rendered.status, msgspec.json.encode(rendered.document), request_id)
        response.headers.extend(errors.query_error(error, self.model, request))
        return response

    def _documents(self, shape: StructureShape, names: Iterable[str]) -> Document:
        write = self._writers.members(shape, names)
        return lambda value: msgspec.json.encode(write(value))

    def respond(self, status: int, body: bytes, request_id: str) -> WireResponse:
        """A response with the headers that every answer of this service carries."""
        headers = [("x-amzn-RequestId", request_id), ("Content-Type", self._content_type)]
        if self.facts.crc32:
            headers.append(("x-amz-crc32", str(binascii.crc32(body))))
        return WireResponse(status, headers, body)
