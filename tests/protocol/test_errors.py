"""Errors as AWS sends them: codes, statuses, headers and bodies per protocol."""

from __future__ import annotations

import json
import zlib

import cbor2
import pytest

from atoll.kernel.errors import (
    AccessDenied,
    ExpiredToken,
    InternalFailure,
    InvalidSignature,
    MissingAuthenticationToken,
    NotImplementedByAtoll,
    ServiceError,
    SignatureOutOfDate,
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


class QueueDoesNotExist(ServiceError): ...


class NoSuchInstance(ServiceError):
    code = "InvalidInstanceID.NotFound"


class ResourceNotFound(ServiceError): ...


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


SIGNED_LATE = SignatureOutOfDate("x", request_time=1769860800, server_time=1769864400)
NOT_VALIDATED = "AWS was not able to validate the provided access credentials"


@pytest.mark.parametrize(
    ("raised", "status", "code", "message"),
    [
        (NoSuchInstance("No <i-1>."), 400, "InvalidInstanceID.NotFound", "No &lt;i-1&gt;."),
        (AccessDenied("You may not."), 403, "UnauthorizedOperation", "You may not."),
        (InvalidSignature("x"), 401, "AuthFailure", NOT_VALIDATED),
        (UnrecognizedClient("x"), 401, "AuthFailure", NOT_VALIDATED),
        (ExpiredToken("x"), 400, "RequestExpired", "Request has expired."),
        (SIGNED_LATE, 400, "RequestExpired", "Request has expired."),
        (UnknownOperation("x"), 400, "InvalidAction", "x"),
        (NotImplementedByAtoll("ec2:X"), 501, "NotImplemented", "ec2:X"),
        (InternalFailure("x"), 500, "InternalError", "x"),
    ],
)
def test_ec2(raised: ServiceError, status: int, code: str, message: str) -> None:
    """docs: "Error codes for the Amazon EC2 API"."""
    response = error("ec2", raised)
    assert response.status == status
    assert (
        response.body
        == (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error>'
            "</Errors><RequestID>rid</RequestID></Response>"
        ).encode()
    )


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (AccessDenied("x"), 403, "AccessDenied"),
        (MissingAuthenticationToken("x"), 403, "MissingAuthenticationToken"),
        (InvalidSignature("x"), 403, "SignatureDoesNotMatch"),
        (ExpiredToken("x"), 403, "ExpiredToken"),
        (ValidationFailed("x"), 400, "InvalidInput"),
        (NotImplementedByAtoll("x"), 501, "NotImplemented"),
    ],
)
def test_rest_xml_services_wrap_their_errors(raised: ServiceError, status: int, code: str) -> None:
    response = error("route53", raised)
    fault = "Sender" if status < 500 else "Receiver"
    assert (response.status, response.body) == (
        status,
        f'<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>{fault}</Type><Code>{code}</Code>'
        "<Message>x</Message></Error><RequestId>rid</RequestId></ErrorResponse>".encode(),
    )


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (AccessDenied("x"), 400, "com.amazon.coral.service#AccessDeniedException"),
        (InvalidSignature("x"), 400, "com.amazon.coral.service#InvalidSignatureException"),
        (UnknownOperation("x"), 400, "com.amazon.coral.service#UnknownOperationException"),
        (ResourceNotFound("x"), 404, "ResourceNotFound"),
        (NotImplementedByAtoll("x"), 501, "com.amazon.coral.service#NotImplemented"),
        (InternalFailure("x"), 500, "com.amazon.coral.service#InternalFailure"),
    ],
)
def test_cbor(raised: ServiceError, status: int, code: str) -> None:
    response = error("cloudwatch", raised)
    assert isinstance(response.body, bytes)
    document = {name.lower(): value for name, value in cbor2.loads(response.body).items()}
    assert (response.status, document) == (status, {"__type": code, "message": "x"})
    headers = dict(response.headers)
    assert (headers["smithy-protocol"], headers["Content-Type"]) == ("rpc-v2-cbor", "application/cbor")


def test_clients_that_once_spoke_query_learn_the_old_code() -> None:
    """aws-observed/sqs."""
    missing = QueueDoesNotExist("The specified queue does not exist.")
    asks = WireRequest("POST", "/", "", {"x-amzn-query-mode": "true", "x-amz-target": "AmazonSQS.GetQueueUrl"}, b"{}")
    response = MODELS.codec("sqs").error(missing, "rid", None, asks)
    assert ("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender") in response.headers
    assert json.loads(response.body)["__type"] == "com.amazonaws.sqs#QueueDoesNotExist"
    response = MODELS.codec("cloudwatch").error(InternalFailure("x"), "rid", None, asks)
    assert ("x-amzn-query-error", "InternalFailure;Receiver") in response.headers
    for quiet in (
        MODELS.codec("sqs").error(missing, "rid"),
        MODELS.codec("dynamodb").error(missing, "rid", None, asks),
    ):
        assert "x-amzn-query-error" not in dict(quiet.headers)
