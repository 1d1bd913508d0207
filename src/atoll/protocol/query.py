"""The AWS query protocol: a form names the operation in `Action`, answers are XML.

docs: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.model import OperationModel, ServiceModel

from atoll.kernel.errors import MalformedRequest, ServiceError, UnknownOperation
from atoll.protocol import errors
from atoll.protocol.codec import Codec, Parser, Serializer
from atoll.protocol.form_values import FormReaders, decode_form, tree_of
from atoll.protocol.wire import WireRequest, WireResponse
from atoll.protocol.xml_values import XmlWriters


class QueryCodec(Codec):
    """AWS query: IAM, STS and their generation."""

    name = "query"
    form_readers: ClassVar[type[FormReaders]] = FormReaders

    def __init__(self, model: ServiceModel) -> None:
        super().__init__(model)
        self._readers = self.form_readers()
        self.writers = XmlWriters(self.facts.xml_timestamps)
        self._operations = frozenset(model.operation_names)
        host = model.metadata.get("endpointPrefix", model.service_name)
        self.namespace = model.metadata.get("xmlNamespace") or f"http://{host}.amazonaws.com/doc/{model.api_version}/"

    def operation_of(self, request: WireRequest) -> str:
        form = dict(_pairs(request))
        operation = form.get("Action", "")
        if operation not in self._operations:
            version = form.get("Version", "NO_VERSION_SPECIFIED")
            raise UnknownOperation(
                f"Could not find operation {operation or 'NO_ACTION_SPECIFIED'} for version {version}"
            )
        return operation

    def compile_parser(self, operation: OperationModel) -> Parser:
        shape = operation.input_shape
        if shape is None:
            return lambda request: {}
        read = self._readers.structure(shape)
        queue_url = self.facts.queue_url
        if queue_url not in shape.members:
            return lambda request: read(tree_of(_pairs(request)))

        def parse(request: WireRequest) -> dict[str, Any]:
            params = read(tree_of(_pairs(request)))
            if queue_url not in params and request.raw_path.strip("/"):
                params[queue_url] = f"http://{request.headers.get('host', '')}{request.raw_path}"
            return params  # type: ignore[no-any-return]

        return parse

    def compile_serializer(self, operation: OperationModel) -> Serializer:
        tag = f"{operation.name}Response"
        shape = operation.output_shape
        write = self.writers.contents(shape) if shape is not None else None
        wrapper = shape.serialization.get("resultWrapper") if shape is not None else None
        start, end = (f"<{wrapper}>", f"</{wrapper}>") if wrapper else ("", "")

        def serialize(output: Mapping[str, Any], request_id: str) -> WireResponse:
            result = f"{start}{write(output)}{end}" if write is not None else ""
            body = (
                f'<{tag} xmlns="{self.namespace}">{result}'
                f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{tag}>"
            )
            return respond(200, body.encode(), request_id)

        return serialize

    def error(
        self, error: ServiceError, request_id: str, operation: str | None = None, request: WireRequest | None = None
    ) -> WireResponse:
        rendered = errors.render_query(error, self.model, self.facts, self.writers, self.namespace, request_id)
        return respond(rendered.status, rendered.body, request_id)


def _pairs(request: WireRequest) -> list[tuple[str, str]]:
    """The parameters: of the query string, then of the body."""
    try:
        body = request.body.decode()
    except UnicodeDecodeError as error:
        raise MalformedRequest("The request is not valid UTF-8") from error
    return decode_form(request.query_string) + decode_form(body)


def respond(status: int, body: bytes, request_id: str, content_type: str = "text/xml") -> WireResponse:
    """A response with the headers that every answer of a query service carries."""
    return WireResponse(status, [("x-amzn-RequestId", request_id), ("Content-Type", content_type)], body)
