"""Errors as AWS sends them: codes, statuses, headers and bodies per protocol."""

from __future__ import annotations

import json
import zlib

import pytest

from atoll.kernel.errors import (
    AccessDenied,
    InternalFailure,
    NotImplementedByAtoll,
    ServiceError,
    UnknownOperation,
    UnrecognizedClient,
    ValidationFailed,
)
from atoll.protocol.models import Models
from atoll.protocol.wire import WireRequest, WireResponse

MODELS = Models(["dynamodb", "iam", "lambda", "apigatewayv2", "logs", "sts"])


class ResourceNotFoundException(ServiceError): ...


class ConditionalCheckFailedException(ServiceError): ...


class InvalidParameterValueException(ServiceError): ...


class NotFoundException(ServiceError): ...


class NoSuchEntityException(ServiceError): ...


def error(service: str, raised: ServiceError) -> WireResponse:
    return MODELS.codec(service).error(raised, "rid")


def body(service: str, raised: ServiceError) -> dict[str, object]:
    return json.loads(error(service, raised).body)


def test_dynamodb() -> None:
    response = error("dynamodb", ResourceNotFoundException("Requested resource not found"))
    assert response.status == 400
    assert json.loads(response.body) == {
        "__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
        "message": "Requested resource not found",
    }
    assert dict(response.headers) == {
        "x-amzn-RequestId": "rid",
        "Content-Type": "application/x-amz-json-1.0",
        "x-amz-crc32": str(zlib.crc32(response.body)),
    }
    assert body(
        "dynamodb", ConditionalCheckFailedException("The conditional request failed", Item={"a": {"B": b"x"}})
    ) == {
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "Item": {"a": {"B": "eA=="}},
        "Message": "The conditional request failed",
    }


def test_common_errors_of_json_services() -> None:
    assert body("dynamodb", AccessDenied("no")) == {
        "__type": "com.amazon.coral.service#AccessDeniedException",
        "Message": "no",
    }
    assert body("dynamodb", ValidationFailed("bad"))["__type"] == "com.amazon.coral.validate#ValidationException"
    assert body("dynamodb", UnknownOperation()) == {"__type": "com.amazon.coral.service#UnknownOperationException"}
    assert error("dynamodb", UnrecognizedClient("x")).status == 400
    assert error("dynamodb", NotImplementedByAtoll("x")).status == 501
    assert error("dynamodb", InternalFailure("x")).status == 500


def test_logs_have_no_namespace() -> None:
    response = error("logs", ResourceNotFoundException("The specified log group does not exist."))
    assert dict(response.headers)["Content-Type"] == "application/x-amz-json-1.1"
    assert json.loads(response.body) == {
        "__type": "ResourceNotFoundException",
        "message": "The specified log group does not exist.",
    }


def test_lambda_names_the_message_as_each_shape_does() -> None:
    """aws-observed/lambda_."""
    response = error("lambda", ResourceNotFoundException("Function not found: f"))
    assert response.status == 404
    assert ("x-amzn-ErrorType", "ResourceNotFoundException") in response.headers
    assert json.loads(response.body) == {"Type": "User", "Message": "Function not found: f"}
    assert body("lambda", InvalidParameterValueException("x")) == {"Type": "User", "message": "x"}
    assert error("lambda", AccessDenied("no")).status == 403
    assert body("lambda", AccessDenied("no")) == {"Message": "no"}


def test_api_gateway() -> None:
    response = error("apigatewayv2", NotFoundException("Invalid API identifier specified"))
    assert (response.status, json.loads(response.body)) == (404, {"message": "Invalid API identifier specified"})
    assert ("x-amzn-ErrorType", "BadRequestException") in error("apigatewayv2", ValidationFailed("x")).headers


def test_unknown_rest_operations_are_answered_before_any_protocol() -> None:
    response = error("lambda", UnknownOperation())
    assert (response.status, response.body) == (404, b"<UnknownOperationException/>\n")


def test_iam() -> None:
    response = error("iam", NoSuchEntityException("The role with name a<b cannot be found."))
    assert response.status == 404
    assert response.body.decode() == (
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>'
        "<Code>NoSuchEntity</Code><Message>The role with name a&lt;b cannot be found.</Message></Error>"
        "<RequestId>rid</RequestId></ErrorResponse>"
    )
    assert b"<Code>AccessDenied</Code>" in error("iam", AccessDenied("x")).body
    assert b"<Code>ValidationError</Code>" in error("iam", ValidationFailed("x")).body


def test_what_xml_cannot_hold_is_replaced() -> None:
    body = error("iam", ValidationFailed("Value '\x00\x1f' at 'userName'")).body.decode()
    assert "<Message>Value '\ufffd\ufffd' at 'userName'</Message>" in body


def test_an_unknown_action_is_named_with_its_version() -> None:
    request = WireRequest("POST", "/", "", {}, b"Action=Nope&Version=2010-05-08")
    with pytest.raises(UnknownOperation) as caught:
        MODELS.codec("iam").operation_of(request)
    assert caught.value.message == "Could not find operation Nope for version 2010-05-08"
    assert b"<Code>InvalidAction</Code>" in error("iam", caught.value).body
