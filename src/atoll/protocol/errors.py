"""The one place that turns errors into bytes: code, status, message and members, for each protocol.

A modelled error takes its code and status from its shape; a common one from its class (kernel/errors.py).
"""

from __future__ import annotations

from dataclasses import dataclass
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
from atoll.protocol.facts import Facts
from atoll.protocol.json_values import Writers, wire_name
from atoll.protocol.xml_values import XmlWriters, escaped

_FAULT = "http://webservices.amazon.com/AWSFault/2005-15-09"
"""Namespace of what AWS's query services answer before they know the operation."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """An error's status, its code as the protocol's headers or body give it, and its body; `content_type` is "" where it is
    that of every answer of the service."""

    status: int
    code: str
    body: bytes
    content_type: str = ""


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


def render_json_rpc(error: ServiceError, model: ServiceModel, facts: Facts, writers: Writers) -> Rendered:
    """`{"__type": …, "message": …}`."""
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
    return Rendered(status, code, msgspec.json.encode({"__type": namespace + code, **members}))


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
    error: ServiceError, model: ServiceModel, writers: XmlWriters, namespace: str, request_id: str
) -> Rendered:
    """`<ErrorResponse><Error><Type/><Code/><Message/></Error><RequestId/></ErrorResponse>`."""
    shape = shape_of(error, model)
    status = status_of(error, shape)
    code = error.xml_code if isinstance(error, CommonError) else error.code
    if shape is not None and not isinstance(error, CommonError):
        code = shape.metadata.get("error", {}).get("code", code)
    if isinstance(error, UnknownOperation):
        namespace = _FAULT
    message = f"<Message>{escaped(error.message)}</Message>" if error.message else ""
    members = writers.contents(shape)(error.members) if shape is not None else ""
    body = (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>{"Sender" if status < 500 else "Receiver"}</Type>'
        f"<Code>{escaped(code)}</Code>{message}{members}</Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Rendered(status, code, body.encode())


def _code(error: ServiceError, facts: Facts) -> str:
    return facts.validation_code if isinstance(error, ValidationFailed) else error.code


def _members(error: ServiceError, shape: StructureShape | None, writers: Writers) -> dict[str, Any]:
    """The body's members: the message under the name that the shape gives it, then the shape's further members."""
    key = "Message" if isinstance(error, (AccessDenied, MalformedRequest)) else "message"
    members: dict[str, Any] = {}
    if shape is not None:
        for name, member in shape.members.items():
            if name.lower() == "message":
                key = wire_name(name, member)
        members = writers.structure(shape)(error.members)
    return {key: error.message, **members} if error.message else members
