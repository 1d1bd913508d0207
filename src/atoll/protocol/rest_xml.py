"""The REST protocol with XML bodies: CloudFront, Route 53, S3 Control; S3 itself is `s3.py`.

docs: https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from botocore.model import OperationModel, ServiceModel, Shape, StructureShape

from atoll.kernel.errors import MalformedRequest, ServiceError
from atoll.protocol import errors
from atoll.protocol.event_stream import Document
from atoll.protocol.rest import BodyReader, BodyWriter, RestCodec
from atoll.protocol.wire import WireRequest, WireResponse
from atoll.protocol.xml_readers import XmlReaders, parse_xml
from atoll.protocol.xml_values import XmlWriters, attributes_writer, member_tag, namespace_attribute

XML = "application/xml"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


class RestXmlCodec(RestCodec):
    """REST with XML bodies."""

    name = "rest-xml"
    document_type = XML

    def __init__(self, model: ServiceModel) -> None:
        super().__init__(model)
        self._readers = XmlReaders()
        self.writers = XmlWriters(self.facts.xml_timestamps)
        namespace = self.facts.xml_namespace or _namespace(model)
        self.namespace = namespace if isinstance(namespace, str) else str(namespace["uri"])

    def body_reader(self, operation: OperationModel, shape: StructureShape, members: list[str]) -> BodyReader:
        read = self._readers.members(shape, members)

        def read_body(request: WireRequest, params: dict[str, Any]) -> None:
            if request.body and members:
                params.update(read(parse_xml(request.body)))

        return read_body

    def body_writer(self, operation: OperationModel, shape: StructureShape, members: list[str]) -> BodyWriter:
        write = self.writers.members(shape, members)
        tag = self.facts.xml_roots.get(operation.name) or shape.serialization.get("name") or f"{operation.name}Result"
        start = DECLARATION + f"<{tag}{namespace_attribute(shape.serialization.get('xmlNamespace') or self.namespace)}"
        attributes = attributes_writer(shape)
        return lambda output: f"{start}{attributes(output)}>{write(output)}</{tag}>".encode()

    def payload_reader(self, shape: Shape) -> Callable[[bytes], Any]:
        read = self._readers.of(shape)
        tags = {_root(shape), shape.name, self.model.shape_for(shape.name).serialization.get("name")}

        def read_document(body: bytes) -> Any:
            root = parse_xml(body)
            if root.name not in tags:
                raise MalformedRequest(f"The root element may not be {root.name[:100]}")
            return read(root)

        return read_document

    def payload_writer(self, shape: Shape) -> Callable[[Any], bytes]:
        write = self.writers.of(shape)
        tag = _root(shape)
        namespace = namespace_attribute(shape.serialization.get("xmlNamespace") or self.namespace)
        start, cut = f"<{tag}{namespace}", len(tag) + 1
        return lambda value: (DECLARATION + start + write(value, tag)[cut:]).encode()

    def documents(self, shape: StructureShape, names: Iterable[str]) -> Document:
        write = self.writers.members(shape, names)
        tag = _root(shape)
        return lambda value: f"<{tag}>{write(value)}</{tag}>".encode()

    def error(
        self, error: ServiceError, request_id: str, operation: str | None = None, request: WireRequest | None = None
    ) -> WireResponse:
        rendered = errors.render_query(error, self.model, self.facts, self.writers, self.namespace, request_id)
        headers = [("x-amzn-RequestId", request_id), *self.error_headers(error), ("Content-Type", "text/xml")]
        return WireResponse(rendered.status, headers, rendered.body)


def _root(shape: Shape) -> str:
    """The element of a document that is one value."""
    return member_tag(shape.name, shape)


def _namespace(model: ServiceModel) -> Any:
    """The namespace of a service's documents: that of the first input that names one."""
    inputs = (model.operation_model(name).input_shape for name in model.operation_names)
    return next((found for shape in inputs if shape and (found := shape.serialization.get("xmlNamespace"))), "")
