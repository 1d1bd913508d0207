"""The EC2 query protocol: forms of flat lists in, XML without a result wrapper out.

docs: https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.model import OperationModel

from atoll.kernel.errors import ServiceError
from atoll.protocol import errors
from atoll.protocol.codec import Serializer
from atoll.protocol.form_values import Ec2FormReaders
from atoll.protocol.query import QueryCodec, respond
from atoll.protocol.wire import WireRequest, WireResponse

_CONTENT_TYPE = "text/xml;charset=UTF-8"


class Ec2Codec(QueryCodec):
    """EC2's dialect of the query protocol."""

    name = "ec2"
    form_readers = Ec2FormReaders

    def compile_serializer(self, operation: OperationModel) -> Serializer:
        tag = f"{operation.name}Response"
        shape = operation.output_shape
        write = self.writers.contents(shape) if shape is not None else None

        def serialize(output: Mapping[str, Any], request_id: str) -> WireResponse:
            body = (
                f'<?xml version="1.0" encoding="UTF-8"?>\n<{tag} xmlns="{self.namespace}"><requestId>{request_id}</requestId>'
                f"{write(output) if write is not None else ''}</{tag}>"
            )
            return respond(200, body.encode(), request_id, _CONTENT_TYPE)

        return serialize

    def error(
        self, error: ServiceError, request_id: str, operation: str | None = None, request: WireRequest | None = None
    ) -> WireResponse:
        rendered = errors.render_ec2(error, self.model, self.facts, self.writers, request_id)
        return respond(rendered.status, rendered.body, request_id, _CONTENT_TYPE)
