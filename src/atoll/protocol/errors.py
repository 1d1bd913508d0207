"""The one place that turns errors into what travels: code, status, message and members, for each protocol.

A modelled error takes its code and status from its shape; a common one from its class (kernel/errors.py), unless the service has
a name of its own for it (`Facts.common`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from botocore.model import ServiceModel, StructureShape

from atoll.kernel.errors import (
    AccessDenied,
    CommonError,
    MalformedRequest,
    ServiceError,
    UnknownOperation,
    ValidationFailed,
)
from atoll.protocol.facts import Common, Facts
from atoll.protocol.json_values import Writers, wire_name
from atoll.protocol.wire import WireRequest
from atoll.protocol.xml_values import XmlWriters, escaped

_FAULT = "http://webservices.amazon.com/AWSFault/2005-15-09"
"""Namespace of what AWS's query services answer before they know the operation."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """An error's status, its code as the protocol's headers or body give it, and its body: as bytes, or as the `document` that the
    protocol encodes. `content_type` is "" where it is that of every answer of the service."""

    status: int
    code: str
    body: bytes = b""
    content_type: str = ""
    document: Mapping[str, Any] = field(default_factory=dict)


def shape_of(error: ServiceError, model: ServiceModel) -> StructureShape | None:
    """The service's shape of `error`, None for what the model does not know."""
    for code in dict.fromkeys((error.code, type(error).__name__)):
        if code in model.shape_names:
            shape = model.shape_for(code)
            if isinstance(shape, StructureShape) and shape.metadata.get("exception", True):
                return shape
    return None


def status_of(error: ServiceError, shape: StructureShape | None) -> int:
    """The HTTP status that the shape gives, else the error's own."""
    if shape is None or isinstance(error, CommonError):
        return error.status
    return int(shape.metadata.get("error", {}).get("httpStatusCode", error.status))


def query_error(error: ServiceError, model: ServiceModel, request: WireRequest | None) -> list[tuple[str, str]]:
    """The header that tells clients of a service which once spoke the query protocol what the error was called there.

    docs: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait
    """
    asked = request is not None and request.headers.get("x-amzn-query-mode") == "true"
    if not asked or "awsQueryCompatible" not in model.metadata:
        return []
    shape = shape_of(error, model)
    fault = "Sender" if status_of(error, shape) < 500 else "Receiver"
    return [("x-amzn-query-error", f"{_xml_code(error, shape)};{fault}")]


def render_rpc(error: ServiceError, model: ServiceModel, facts: Facts, writers: Writers) -> Rendered:
    """The document `{"__type": …, "message": …}`."""
    shape = shape_of(error, model)
    status = status_of(error, shape)
    if isinstance(error, CommonError) and status < 500 and status != 413:
        status = 400
    code = _code(error, facts)
    namespace = facts.error_namespace
    if isinstance(error, ValidationFailed):
        namespace = facts.validation_namespace
    elif isinstance(error, CommonError):
        namespace = facts.common_namespace
    members = _members(error, shape, writers)
    if facts.capital_message and error.members and "message" in members:
        members["Message"] = members.pop("message")
    return Rendered(status, code, document={"__type": namespace + code, **members})


def render_rest_json(error: ServiceError, model: ServiceModel, facts: Facts, writers: Writers) -> Rendered:
    """`{"message": …}` with the members of the shape; the code travels in the header x-amzn-ErrorType."""
    if isinstance(error, UnknownOperation):  # AWS's HTTP layer answers this one, before any protocol, in XML
        return Rendered(404, error.code, f"<{error.code}/>\n".encode(), "application/xml")
    shape = shape_of(error, model)
    members = _members(error, shape, writers)
    status = status_of(error, shape)
    if shape is not None and "Type" in shape.members and "Type" not in error.members:
        members = {"Type": "User" if status < 500 else "Service", **members}
    return Rendered(status, _code(error, facts), msgspec.json.encode(members), "application/json")


def render_query(
    error: ServiceError, model: ServiceModel, facts: Facts, writers: XmlWriters, namespace: str, request_id: str
) -> Rendered:
    """`<ErrorResponse><Error><Type/><Code/><Message/></Error><RequestId/></ErrorResponse>`."""
    if isinstance(error, UnknownOperation):
        namespace = _FAULT
    code, status, elements = _xml(error, model, facts, writers)
    body = (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>{"Sender" if status < 500 else "Receiver"}</Type>'
        f"{elements}</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Rendered(status, code, body.encode())


def query_document(error: ServiceError, model: ServiceModel, facts: Facts) -> tuple[int, dict[str, str]]:
    """The status, and what a query service says of an error in JSON."""
    code, status, message = _common_xml(error, shape_of(error, model), facts)
    return status, {"Code": code, "Message": message, "Type": "Sender" if status < 500 else "Receiver"}


def render_ec2(
    error: ServiceError, model: ServiceModel, facts: Facts, writers: XmlWriters, request_id: str
) -> Rendered:
    """`<Response><Errors><Error><Code/><Message/></Error></Errors><RequestID/></Response>`."""
    code, status, elements = _xml(error, model, facts, writers)
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>{elements}</Error></Errors>'
        f"<RequestID>{request_id}</RequestID></Response>"
    )
    return Rendered(status, code, body.encode())


def render_s3(error: ServiceError, model: ServiceModel, facts: Facts, request_id: str, host_id: str) -> Rendered:
    """`<Error><Code/><Message/>…<RequestId/><HostId/></Error>`, with whatever members the error has in between."""
    shape = shape_of(error, model)
    code, status, message = error.code, status_of(error, shape), error.message
    members: Mapping[str, Any] = error.members
    if isinstance(error, CommonError) and error.s3 is not None:
        code, message, status, members = error.s3.code, error.s3.message, error.s3.status, error.s3.members
    elif (common := _common(error, facts)) is not None:
        code, status, message = common.code, common.status or status, common.message or message
    elements = "".join(
        f"<{name}>{escaped(value)}</{name}>"
        for name, value in {"Code": code, "Message": message, **members}.items()
        if value is not None
    )
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{elements}<RequestId>{request_id}</RequestId>'
        f"<HostId>{host_id}</HostId></Error>"
    )
    return Rendered(status, code, body.encode())


def _xml(error: ServiceError, model: ServiceModel, facts: Facts, writers: XmlWriters) -> tuple[str, int, str]:
    """The code, the status, and the elements of `<Error>` after its type."""
    shape = shape_of(error, model)
    code, status, message = _common_xml(error, shape, facts)
    text = f"<Message>{escaped(message)}</Message>" if message else ""
    members = ""
    if shape is not None:
        members = writers.members(shape, _in_body(shape))(error.members)
    return code, status, f"<Code>{escaped(code)}</Code>{text}{members}"


def _common_xml(error: ServiceError, shape: StructureShape | None, facts: Facts) -> tuple[str, int, str]:
    """Code, status and message, as the service itself has them."""
    code, status, message = _xml_code(error, shape), status_of(error, shape), error.message
    if (common := _common(error, facts)) is not None:
        return common.code, common.status or status, common.message or message
    return code, status, message


def _common(error: ServiceError, facts: Facts) -> Common | None:
    """What the service calls an error of every service."""
    if not isinstance(error, CommonError):
        return None
    return next((found for kind in type(error).__mro__ if (found := facts.common.get(kind)) is not None), None)


def _xml_code(error: ServiceError, shape: StructureShape | None) -> str:
    if isinstance(error, CommonError):
        return error.xml_code
    return str(shape.metadata.get("error", {}).get("code", error.code)) if shape is not None else error.code


def _code(error: ServiceError, facts: Facts) -> str:
    return facts.validation_code if isinstance(error, ValidationFailed) else error.code


def _in_body(shape: StructureShape) -> list[str]:
    return [name for name, member in shape.members.items() if "location" not in member.serialization]


def _members(error: ServiceError, shape: StructureShape | None, writers: Writers) -> dict[str, Any]:
    """The body's members: the message under the name that the shape gives it, then the shape's further members."""
    key = "Message" if isinstance(error, (AccessDenied, MalformedRequest)) else "message"
    members: dict[str, Any] = {}
    if shape is not None:
        for name, member in shape.members.items():
            if name.lower() == "message":
                key = wire_name(name, member)
        members = writers.members(shape, _in_body(shape))(error.members)
    return {key: error.message, **members} if error.message else members
