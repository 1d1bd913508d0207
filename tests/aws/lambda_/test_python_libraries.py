"""What Python functions bring with them, unmodified from PyPI: AWS's Powertools, Mangum with Starlette, the X-Ray SDK, requests."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .conftest import Lambda
from .feeding import feed, grant
from .installed import PYTHON, from_pypi, zipped

LIBRARIES = (
    "aws-lambda-powertools==3.20.0", "jmespath==1.1.0", "typing_extensions==4.16.0", "pydantic==2.14.4",
    "pydantic_core==2.50.5", "annotated_types==0.8.0", "typing-inspection==0.4.5", "mangum==0.19.0", "starlette==0.48.0",
    "anyio==4.16.0", "idna==3.20", "requests==2.32.5", "certifi==2026.10.19.post1", "charset-normalizer==3.5.3",
    "aws-xray-sdk==2.14.0", "wrapt==2.5.2",
)  # fmt: skip

LOGGING = """
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

logger, metrics, tracer = Logger(service="shop"), Metrics(namespace="shop", service="shop"), Tracer()

@logger.inject_lambda_context(log_event=True, correlation_id_path="id")
@metrics.log_metrics(capture_cold_start_metric=True)
@tracer.capture_lambda_handler
def handler(event, context):
    metrics.add_metric(name="Orders", unit=MetricUnit.Count, value=1)
    logger.info("an order", extra={"of": "Joy"})
    if event.get("fail"):
        raise KeyError("lost")
    return logger.level
"""
RESOLVER = """
from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from pydantic import BaseModel

app = LambdaFunctionUrlResolver(enable_validation=True)

class Order(BaseModel):
    name: str
    count: int = 1

@app.get("/orders/<name>")
def get(name: str, verbose: bool = False) -> dict:
    if name == "none":
        raise NotFoundError("no such order")
    return {"name": name, "verbose": verbose, "ip": app.current_event.request_context.http.source_ip}

@app.post("/orders")
def post(order: Order) -> Order:
    return order

@app.get("/image")
def image():
    return Response(200, "image/png", b"\\x89PNG\\x00\\xff", cookies=[])

def handler(event, context):
    return app.resolve(event, context)
"""
PARSER = """
from aws_lambda_powertools.utilities.parser import event_parser, models

@event_parser(model=models.LambdaFunctionUrlModel)
def handler(event, context):
    http = event.requestContext.http
    return {"statusCode": 201, "cookies": event.cookies, "headers": {"content-type": "application/json"},
            "body": '{"path": "%s", "ip": "%s", "iam": %s}' % (
                event.rawPath, http.sourceIp.network_address, "null" if event.requestContext.authorizer is None else "true")}
"""
IDEMPOTENT = """
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent
import uuid

store = DynamoDBPersistenceLayer(table_name="once")

@idempotent(persistence_store=store, config=IdempotencyConfig(event_key_jmespath="order", expires_after_seconds=60))
def handler(event, context):
    if event.get("fail"):
        raise ValueError("not this time")
    return {"payment": str(uuid.uuid4())}
"""
BATCH = """
import boto3
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.parser.models import DynamoDBStreamModel

processor = BatchProcessor(event_type=EventType.DynamoDBStreams)
table = boto3.client("dynamodb")
FIRST = []

def one(record):
    name = record.dynamodb.new_image["id"]
    if name == "bad" and not FIRST:
        FIRST.append(name)
        raise ValueError("not yet")
    table.put_item(TableName="seen", Item={"id": {"S": name}, "source": {"S": record.event_source_arn}})

def handler(event, context):
    DynamoDBStreamModel.model_validate(event)
    return process_partial_response(event=event, record_handler=one, processor=processor, context=context)
"""
ASGI = """
from mangum import Mangum
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

async def show(request):
    answer = JSONResponse({
        "path": request.url.path, "query": dict(request.query_params), "cookies": request.cookies,
        "client": request.client.host, "body": (await request.body()).hex(), "arn": request.scope["aws.context"].invoked_function_arn,
    })
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer

async def binary(request):
    return Response(bytes(range(256)), media_type="application/octet-stream")

app = Starlette(routes=[Route("/show/{rest:path}", show, methods=["GET", "PUT"]), Route("/binary", binary)])
handler = Mangum(app, lifespan="auto")
"""
XRAY = """
import boto3, requests
from aws_xray_sdk.core import patch_all, xray_recorder
patch_all()

def handler(event, context):
    with xray_recorder.in_subsegment("work") as segment:
        segment.put_annotation("user", "Joy")
        found = boto3.client("sts").get_caller_identity()["Account"]
        status = requests.get(event["endpoint"] + "/_atoll/nothing", timeout=60).status_code
    return [found, status]
"""


@pytest.fixture
def layer(fn: Lambda, need: Callable[[object, str], None]) -> str:
    """A layer with all of them, as `pip install --target python` makes it."""
    directory = from_pypi(LIBRARIES)
    need(directory, "the libraries of functions from PyPI")
    assert directory
    made = fn.client.publish_layer_version(LayerName="libraries", Content={"ZipFile": zipped(directory, "python/")})
    return str(made["LayerVersionArn"])


@pytest.fixture
def create(fn: Lambda, layer: str) -> Callable[..., None]:
    def make(source: str, **settings: Any) -> None:
        fn.create(code=source, **{"Runtime": PYTHON, "Layers": [layer], "Timeout": 30, "MemorySize": 512} | settings)

    return make


def test_logger_metrics_and_tracer(fn: Lambda, create: Callable[..., None]) -> None:
    create(LOGGING, Environment={"Variables": {"POWERTOOLS_LOG_LEVEL": "DEBUG", "POWERTOOLS_LOGGER_LOG_EVENT": "true"}})
    first = fn.invoke(event={"id": "c-1"})
    assert (first.payload, first.error) == (logging.DEBUG, None)
    lines = [json.loads(line) for line in first.log.splitlines() if line.startswith("{")]
    order = next(line for line in lines if line.get("message") == "an order")
    assert (order["function_name"], order["function_memory_size"], order["cold_start"]) == ("fn", "512", True)
    assert (order["correlation_id"], order["of"]) == ("c-1", "Joy")
    assert order["function_request_id"] == first.raw["ResponseMetadata"]["RequestId"]
    assert order["xray_trace_id"].startswith("1-")
    metrics = {name for line in lines if "_aws" in line for name in ("Orders", "ColdStart") if name in line}
    assert metrics == {"Orders", "ColdStart"}
    failed = fn.invoke(event={"id": "c-2", "fail": True})
    assert (failed.error, failed.payload["errorType"], failed.payload["errorMessage"]) == (
        "Unhandled",
        "KeyError",
        "'lost'",
    )


def test_json_logs_of_powertools_and_of_lambda_agree(fn: Lambda, create: Callable[..., None]) -> None:
    """Under Lambda's own log controls Powertools takes the level from AWS_LAMBDA_LOG_LEVEL."""
    create(LOGGING, LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "WARN"})
    answer = fn.invoke(event={"id": "c-1"})
    assert answer.payload == logging.WARNING
    assert '"message":"an order"' not in answer.log


def test_a_resolver_of_a_function_url(create: Callable[..., None], url: Callable[..., httpx.Client]) -> None:
    create(RESOLVER)
    call = url()
    assert call.request("GET", "/orders/tea?verbose=true").json() == {"name": "tea", "verbose": True, "ip": "127.0.0.1"}
    assert call.request("POST", "/orders", json={"name": "tea"}).json() == {"name": "tea", "count": 1}
    assert call.request("POST", "/orders", json={"count": "x"}).status_code == 422
    missing = call.request("GET", "/orders/none")
    assert (missing.status_code, missing.json()) == (404, {"statusCode": 404, "message": "no such order"})
    image = call.request("GET", "/image")
    assert (image.headers["content-type"], image.content) == ("image/png", b"\x89PNG\x00\xff")


def test_the_parser_takes_our_events(create: Callable[..., None], url: Callable[..., httpx.Client]) -> None:
    create(PARSER)
    call = url()
    answer = call.request("GET", "/a%20b/c?q=1&q=2", headers={"cookie": "x=1; y=2"})
    assert (answer.status_code, answer.json()) == (201, {"path": "/a%20b/c", "ip": "127.0.0.1", "iam": None})
    assert answer.headers.get_list("set-cookie") == ["x=1", "y=2"]


def test_the_parser_takes_the_event_of_a_caller_who_signed(
    create: Callable[..., None], url: Callable[..., httpx.Client], fn: Lambda, account: str
) -> None:
    create(PARSER)
    call = url()
    fn.client.update_function_url_config(FunctionName="fn", AuthType="AWS_IAM")
    assert call.get("/").status_code == 403
    request = AWSRequest("GET", f"http://{call.headers['host']}/a")
    SigV4Auth(Credentials(account, "test"), "lambda", "us-east-1").add_auth(request)
    assert call.get("/a", headers=dict(request.headers)).json() == {"path": "/a", "ip": "127.0.0.1", "iam": True}


def test_a_resolver_of_an_http_api(
    client: Callable[..., Any], create: Callable[..., None], fn: Lambda, region: Any
) -> None:
    create(RESOLVER.replace("LambdaFunctionUrlResolver", "APIGatewayHttpResolver"))
    arn = fn.client.get_function(FunctionName="fn")["Configuration"]["FunctionArn"]
    api = client("apigatewayv2").create_api(Name="orders", ProtocolType="HTTP", Target=arn)["ApiId"]
    fn.client.add_permission(
        FunctionName="fn", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    base = f"{region.endpoint}/_aws/execute-api/{api}/%24default"
    with httpx.Client(base_url=base, trust_env=False, timeout=30) as call:
        assert call.get("/orders/tea").json() == {"name": "tea", "verbose": False, "ip": "127.0.0.1"}
        assert call.post("/orders", json={"name": "☃"}).json() == {"name": "☃", "count": 1}
        assert call.get("/orders/none").status_code == 404
        assert call.get("/image").content == b"\x89PNG\x00\xff"


def test_idempotency(client: Callable[..., Any], fn: Lambda, create: Callable[..., None]) -> None:
    client("dynamodb").create_table(
        TableName="once", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    grant(client, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
    create(IDEMPOTENT)
    first = fn.invoke(event={"order": 1, "try": 1})
    assert set(first.payload) == {"payment"}
    assert fn.invoke(event={"order": 1, "try": 2}).payload == first.payload
    assert fn.invoke(event={"order": 2, "fail": True}).payload["errorType"] == "ValueError"
    assert fn.invoke(event={"order": 2}).payload not in (None, first.payload)
    kept = client("dynamodb").scan(TableName="once")["Items"]
    assert [item["status"]["S"] for item in kept] == ["COMPLETED"] * 2


def test_a_batch_processor_on_a_stream(
    client: Callable[..., Any], fn: Lambda, create: Callable[..., None], eventually: Callable[..., Any]
) -> None:
    fed = feed(client, fn)
    create(BATCH)
    fed.put("good", "bad", "late")
    fed.connect(FunctionResponseTypes=["ReportBatchItemFailures"], BatchSize=10)
    seen = eventually(lambda: fed.dynamodb.scan(TableName="seen")["Items"], lambda items: len(items) == 3)
    assert {item["id"]["S"] for item in seen} == {"good", "bad", "late"}
    assert {item["source"]["S"] for item in seen} == {fed.stream}


def test_an_asgi_application_behind_a_url(create: Callable[..., None], url: Callable[..., httpx.Client]) -> None:
    create(ASGI)
    call = url()
    answer = call.request("PUT", "/show/a%20b?x=1&y=%C3%A4", content=b"\x00\xff", headers={"cookie": "c=3; d=4"})
    shown = answer.json()
    assert (shown["path"], shown["query"], shown["cookies"]) == (
        "/show/a b",
        {"x": "1", "y": "ä"},
        {"c": "3", "d": "4"},
    )
    assert (shown["client"], shown["body"], shown["arn"][-3:]) == ("127.0.0.1", "00ff", ":fn")
    assert [line.split(";")[0] for line in answer.headers.get_list("set-cookie")] == ["a=1", "b=2"]
    assert call.request("GET", "/binary").content == bytes(range(256))
    assert call.request("GET", "/none").status_code == 404


def test_x_ray_has_nobody_to_tell(fn: Lambda, account: str, region: Any, create: Callable[..., None]) -> None:
    create(XRAY, TracingConfig={"Mode": "Active"})
    assert fn.invoke(event={"endpoint": region.endpoint}).payload == [account, 403]
