"""The AWS query protocol with answers in JSON, for requests that accept `application/json`: API Gateway's are such.

Observed on AWS: every member of a structure is there, null where it has no value, in the order of their names; timestamps are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from botocore.model import OperationModel, ServiceModel, StructureShape

from atoll.kernel.errors import ServiceError
from atoll.protocol import errors
from atoll.protocol.codec import Serializer
from atoll.protocol.json_values import Writer, Writers
from atoll.protocol.query import QueryCodec, respond
from atoll.protocol.wire import WireRequest, WireResponse

ACCEPTED = "application/json"


class _WithNulls(Writers):
    def structure(self, shape: StructureShape) -> Writer:
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        members: list[tuple[str, Writer]] = []

        def write(value: Mapping[str, Any]) -> dict[str, Any]:
            return {name: None if (item := value.get(name)) is None else writer(item) for name, writer in members}

        self._structures[shape.name] = write
        members.extend((name, self.of(shape.members[name])) for name in sorted(shape.members))
        return write


class QueryJsonCodec(QueryCodec):
    """AWS query, answered in JSON."""

    def __init__(self, model: ServiceModel) -> None:
        super().__init__(model)
        self._json = _WithNulls()

    def compile_serializer(self, operation: OperationModel) -> Serializer:
        shape = operation.output_shape
        write = self._json.structure(shape) if shape is not None else None
        wrapper = shape.serialization.get("resultWrapper") if shape is not None else None

        def serialize(output: Mapping[str, Any], request_id: str) -> WireResponse:
            answer: dict[str, Any] = {"ResponseMetadata": {"RequestId": request_id}}
            if write is not None:
                answer |= {wrapper: write(output)} if wrapper else write(output)
            return _respond(200, {f"{operation.name}Response": dict(sorted(answer.items()))}, request_id)

        return serialize

    def error(
        self, error: ServiceError, request_id: str, operation: str | None = None, request: WireRequest | None = None
    ) -> WireResponse:
        status, found = errors.query_document(error, self.model, self.facts)
        return _respond(status, {"Error": found, "RequestId": request_id}, request_id)


def _respond(status: int, document: Mapping[str, Any], request_id: str) -> WireResponse:
    return respond(status, msgspec.json.encode(document), request_id, ACCEPTED)
