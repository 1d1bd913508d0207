"""The protocol Smithy RPC v2 with CBOR bodies: the path names the operation. CloudWatch's SDKs speak it first.

docs: https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from botocore.model import OperationModel, ServiceModel, StructureShape

from atoll.kernel.errors import ServiceError, UnknownOperation
from atoll.protocol import errors, event_stream
from atoll.protocol.cbor_values import CborReaders, CborWriters, decode, encode
from atoll.protocol.codec import Codec, Parser, Serializer
from atoll.protocol.event_stream import compile_rpc_stream, stream_member
from atoll.protocol.wire import Body, WireRequest, WireResponse

_PATH = re.compile(r".*/service/([^/]+)/operation/([^/]+)", re.DOTALL)
_CBOR = "application/cbor"


class CborCodec(Codec):
    """Smithy RPC v2 CBOR."""

    name = "smithy-rpc-v2-cbor"

    def __init__(self, model: ServiceModel) -> None:
        super().__init__(model)
        self._readers = CborReaders()
        self._writers = CborWriters()
        self._operations = frozenset(model.operation_names)
        self._service = model.metadata.get("targetPrefix")

    def operation_of(self, request: WireRequest) -> str:
        found = _PATH.fullmatch(request.raw_path)
        asked = request.headers.get("smithy-protocol") == "rpc-v2-cbor"
        if found is None or not asked or found[1] != self._service or found[2] not in self._operations:
            raise UnknownOperation
        return found[2]

    def compile_parser(self, operation: OperationModel) -> Parser:
        shape = operation.input_shape
        if shape is None:
            return lambda request: {}
        read = self._readers.structure(shape)
        return lambda request: read(decode(request.body)) if request.body else {}

    def compile_serializer(self, operation: OperationModel) -> Serializer:
        shape = operation.output_shape
        if shape is None:
            return lambda output, request_id: _respond(200, b"", request_id)
        if stream_member(shape) is not None:
            stream = compile_rpc_stream(shape, self._documents, _CBOR)
            return lambda output, request_id: _respond(200, stream(output), request_id, event_stream.CONTENT_TYPE)
        write = self._writers.structure(shape)
        return lambda output, request_id: _respond(200, encode(write(output)), request_id)

    def error(
        self, error: ServiceError, request_id: str, operation: str | None = None, request: WireRequest | None = None
    ) -> WireResponse:
        rendered = errors.render_rpc(error, self.model, self.facts, self._writers)
        response = _respond(rendered.status, encode(rendered.document), request_id)
        response.headers.extend(errors.query_error(error, self.model, request))
        return response

    def _documents(self, shape: StructureShape, names: Iterable[str]) -> event_stream.Document:
        write = self._writers.members(shape, names)
        return lambda value: encode(write(value))


def _respond(status: int, body: Body, request_id: str, content_type: str = _CBOR) -> WireResponse:
    headers = [("x-amzn-RequestId", request_id), ("smithy-protocol", "rpc-v2-cbor")]
    if body:
        headers.append(("Content-Type", content_type))
    return WireResponse(status, headers, body)
