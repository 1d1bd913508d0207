"""S3: REST with XML bodies, and what nobody else does: buckets in host names, keys that are any text, errors without a wrapper.

docs: "Virtual hosting of general purpose buckets", "Error responses" of the S3 user guide and API reference.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from botocore.model import OperationModel, StructureShape

from atoll.kernel.errors import ServiceError, UnknownOperation
from atoll.kernel.http import host_name
from atoll.protocol import errors
from atoll.protocol.codec import Serializer
from atoll.protocol.rest import BodyWriter
from atoll.protocol.rest_xml import DECLARATION, XML, RestXmlCodec
from atoll.protocol.wire import WireRequest, WireResponse
from atoll.protocol.xml_values import escaped

_ENDPOINT = r"s3(?:-[a-z0-9-]+)?(?:\.dualstack)?(?:\.[a-z]{2,4}(?:-[a-z]+)+-\d+)?"
_AT_ENDPOINT = re.compile(rf"(?:(.+)\.)?{_ENDPOINT}\.(?:amazonaws\.com(?:\.cn)?|localhost(?:\.localstack\.cloud)?)")
_AT_LOCALHOST = re.compile(r"(.+)\.localhost")


def bucket_of_host(host: str) -> str | None:
    """The bucket that a Host header names (`bucket.s3.us-east-1.amazonaws.com`, `bucket.localhost:4566`), None for S3's endpoint
    itself and for every other host."""
    name = host_name(host)
    found = _AT_ENDPOINT.fullmatch(name) or _AT_LOCALHOST.fullmatch(name)
    return found[1] if found is not None else None


class S3Codec(RestXmlCodec):
    """S3's REST with XML."""

    request_id_header = "x-amz-request-id"

    def path_of(self, request: WireRequest) -> str:
        bucket = bucket_of_host(request.headers.get("host", ""))
        return request.raw_path if bucket is None else f"/{bucket}{request.raw_path}"

    def operation_of(self, request: WireRequest) -> str:
        if "x-amz-account-id" in request.headers and request.raw_path.startswith("/v20180820/"):
            raise UnknownOperation  # S3 Control's, which signs as S3 does
        operation = super().operation_of(request)
        if operation == "ListBuckets" and request.headers.get("host", "").startswith("s3express-control."):
            return "ListDirectoryBuckets"
        return operation

    def compile_serializer(self, operation: OperationModel) -> Serializer:
        serialize = super().compile_serializer(operation)

        def serialize_identified(output: Mapping[str, Any], request_id: str) -> WireResponse:
            response = serialize(output, request_id)
            response.headers.insert(0, ("x-amz-id-2", host_id(request_id)))
            return response

        return serialize_identified

    def body_writer(self, operation: OperationModel, shape: StructureShape, members: list[str]) -> BodyWriter:
        if operation.name != "GetBucketLocation":
            return super().body_writer(operation, shape, members)
        start = f'{DECLARATION}<LocationConstraint xmlns="{self.namespace}"'

        def write(output: Mapping[str, Any]) -> bytes:
            place = output.get("LocationConstraint")
            return (f"{start}>{escaped(place)}</LocationConstraint>" if place else f"{start}/>").encode()

        return write

    def error(
        self, error: ServiceError, request_id: str, operation: str | None = None, request: WireRequest | None = None
    ) -> WireResponse:
        rendered = errors.render_s3(error, self.model, self.facts, request_id, host_id(request_id))
        headers = [("x-amz-request-id", request_id), ("x-amz-id-2", host_id(request_id))]
        if rendered.status == 304:
            return WireResponse(304, headers, b"")
        headers.append(("Content-Type", XML))
        bodiless = request is not None and request.method == "HEAD"
        return WireResponse(rendered.status, headers, b"" if bodiless else rendered.body)


def host_id(request_id: str) -> str:
    """The second id of an answer, which on AWS tells its support which machine gave it."""
    return base64.b64encode(request_id.encode()).decode()
