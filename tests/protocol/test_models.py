"""Requests find their service and REST paths their operation and labels."""

from __future__ import annotations

import pytest

from atoll.kernel.errors import ServiceError, UnknownOperation
from atoll.protocol.models import Models
from atoll.protocol.wire import WireRequest

MODELS = Models(["dynamodb", "iam", "lambda", "apigatewayv2", "logs", "sts"])


def request(method: str, path: str, query: str = "", target: str = "", body: bytes = b"") -> WireRequest:
    return WireRequest(method, path, query, {"x-amz-target": target} if target else {}, body)


@pytest.mark.parametrize(
    ("sent", "signing_name", "service"),
    [
        (request("POST", "/", target="DynamoDB_20120810.PutItem"), "dynamodb", "dynamodb"),
        (request("POST", "/", target="DynamoDB_20120810.PutItem"), None, "dynamodb"),
        (request("POST", "/", target="DynamoDBStreams_20120810.GetRecords"), "dynamodb", "dynamodbstreams"),
        (request("POST", "/", target="Logs_20140328.Nope"), "logs", "logs"),
        (request("POST", "/", body=b"Action=GetCallerIdentity&Version=2011-06-15"), None, "sts"),
        (request("GET", "/", "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"), None, "sts"),
        (request("GET", "/v2/apis"), "apigateway", "apigatewayv2"),
        (request("GET", "/restapis"), "apigateway", "apigateway"),
        (request("POST", "/", target="AmazonSQS.SendMessage"), "sqs", "sqs"),
        (request("POST", "/", target="AWSEvents.PutRule"), "events", "events"),
        (request("GET", "/x"), "s3", "s3"),
        (request("GET", "/x"), "no-such-service", None),
        (request("GET", "/x"), None, None),
        (request("POST", "/service/GraniteServiceVersion20100801/operation/ListMetrics"), None, "cloudwatch"),
        (WireRequest("GET", "/x", "", {"host": "photos.s3.localhost:4566"}, b""), None, "s3"),
        (WireRequest("GET", "/x", "", {"host": "s3.us-east-1.amazonaws.com"}, b""), None, "s3"),
    ],
)
def test_the_service_of_a_request(sent: WireRequest, signing_name: str | None, service: str | None) -> None:
    assert MODELS.find(sent, signing_name) == service


FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("service", "headers", "query", "protocol"),
    [
        ("cloudwatch", {"smithy-protocol": "rpc-v2-cbor"}, "", "smithy-rpc-v2-cbor"),
        ("cloudwatch", {"x-amz-target": "GraniteServiceVersion20100801.PutMetricData"}, "", "json"),
        ("cloudwatch", FORM, "", "query"),
        ("cloudwatch", {}, "Action=ListMetrics", "query"),
        ("cloudwatch", {}, "", "smithy-rpc-v2-cbor"),
        ("sqs", {"x-amz-target": "AmazonSQS.SendMessage"}, "", "json"),
        ("sqs", FORM, "", "query"),
        ("sqs", {}, "", "json"),
        ("dynamodb", FORM, "", "json"),
        ("ec2", FORM, "", "ec2"),
        ("s3", FORM, "", "rest-xml"),
    ],
)
def test_the_protocol_of_a_request(service: str, headers: dict[str, str], query: str, protocol: str) -> None:
    assert MODELS.codec(service, WireRequest("POST", "/", query, headers, b"")).name == protocol


def test_sqs_still_speaks_query() -> None:
    sent = WireRequest(
        "POST",
        "/123456789012/orders",
        "",
        {**FORM, "host": "sqs.us-east-1.amazonaws.com"},
        b"Action=SendMessage&Version=2012-11-05&MessageBody=hello+world&MessageAttribute.1.Name=n"
        b"&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=v",
    )
    assert MODELS.find(sent, "sqs") == "sqs"
    codec = MODELS.codec("sqs", sent)
    assert codec.operation_of(sent) == "SendMessage"
    assert codec.parse("SendMessage", sent) == {
        "QueueUrl": "http://sqs.us-east-1.amazonaws.com/123456789012/orders",
        "MessageBody": "hello world",
        "MessageAttributes": {"n": {"DataType": "String", "StringValue": "v"}},
    }
    assert codec.serialize(
        "ReceiveMessage", {"Messages": [{"Body": "a", "Attributes": {"SenderId": "x"}}]}, "rid"
    ).body == (
        b'<ReceiveMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><ReceiveMessageResult><Message><Body>a</Body>'
        b"<Attribute><Name>SenderId</Name><Value>x</Value></Attribute></Message></ReceiveMessageResult>"
        b"<ResponseMetadata><RequestId>rid</RequestId></ResponseMetadata></ReceiveMessageResponse>"
    )
    missing = type("QueueDoesNotExist", (ServiceError,), {})("The specified queue does not exist.")
    assert b"<Code>AWS.SimpleQueueService.NonExistentQueue</Code>" in codec.error(missing, "rid").body


ARN = "arn:aws:apigateway:us-east-1::/apis/ID/stages/$default"


@pytest.mark.parametrize(
    "path",
    [
        f"/v2/tags/{ARN}",
        "/v2/tags/arn:aws:apigateway:us-east-1::/apis/ID/stages/%24default",
        "/v2/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapis%2FID%2Fstages%2F%24default",
    ],
)
def test_arns_in_paths_may_hold_raw_slashes(path: str) -> None:
    codec = MODELS.codec("apigatewayv2")
    sent = request("GET", path)
    assert codec.operation_of(sent) == "GetTags"
    assert codec.parse("GetTags", sent) == {"ResourceArn": ARN}


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/2015-03-31/functions", "CreateFunction"),
        ("POST", "/2015-03-31/functions/", "CreateFunction"),
        ("GET", "/2015-03-31/functions/f", "GetFunction"),
        ("GET", "/2015-03-31/functions/a%2Fb", "GetFunction"),
        ("POST", "/2015-03-31/functions/f/invocations", "Invoke"),
        ("GET", "/2015-03-31/functions/f/policy", "GetPolicy"),
    ],
)
def test_lambda_routes(method: str, path: str, operation: str) -> None:
    assert MODELS.codec("lambda").operation_of(request(method, path)) == operation


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/2015-03-31/functions"), ("GET", "/nope"), ("GET", "/2015-03-31/functions/a/b/c")]
)
def test_what_no_route_matches_is_no_operation(method: str, path: str) -> None:
    with pytest.raises(UnknownOperation):
        MODELS.codec("lambda").operation_of(request(method, path))


def test_a_stray_target_decides_nothing_and_is_not_remembered() -> None:
    """REST requests may carry any X-Amz-Target: the next one with the same may be for another service of the same signing name."""
    models = Models(["apigatewayv2", "lambda"])
    assert models.find(request("GET", "/v2/apis", target="a.b"), "apigateway") == "apigatewayv2"
    assert models.find(request("GET", "/restapis", target="a.b"), "apigateway") == "apigateway"
    for n in range(100):
        assert models.find(request("GET", "/2015-03-31/functions/", target=f"Stray.{n}"), "lambda") == "lambda"
    assert not models._by_target
