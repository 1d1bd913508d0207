"""What Node.js functions bring with them, unmodified from npm: AWS's Powertools, middy, Express, Hono, the SDK bundled by esbuild."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Lambda, package
from .feeding import feed, grant
from .installed import from_npm, zipped

PACKAGES = {
    "@aws-lambda-powertools/batch": "2.35.0", "@aws-lambda-powertools/idempotency": "2.35.0",
    "@aws-lambda-powertools/logger": "2.36.0", "@aws-lambda-powertools/metrics": "2.36.0",
    "@aws-lambda-powertools/tracer": "2.36.0", "@aws-sdk/client-dynamodb": "3.1169.0", "@aws-sdk/lib-dynamodb": "3.1169.0",
    "@codegenie/serverless-express": "4.17.1", "@middy/core": "6.4.5", "@middy/http-error-handler": "6.4.5",
    "@middy/http-json-body-parser": "6.4.5", "esbuild": "0.28.2", "express": "5.3.0", "hono": "4.13.19",
    "serverless-http": "4.0.0", "source-map-support": "0.5.21",
}  # fmt: skip
BUNDLED = tuple(f"node_modules/{name}" for name in (".", "@aws", "@smithy", "@esbuild", "esbuild", "@types", "hono"))

POWERTOOLS = """
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import { Tracer } from '@aws-lambda-powertools/tracer';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import middy from '@middy/core';

const logger = new Logger({ serviceName: 'shop' });
const metrics = new Metrics({ namespace: 'shop', serviceName: 'shop' });
const tracer = new Tracer({ serviceName: 'shop' });

export const handler = middy(async (event) => {
  metrics.addMetric('Orders', 'Count', 1);
  logger.info('an order', { of: 'Joy' });
  if (event.fail) throw new RangeError('lost');
  return [logger.getLevelName(), tracer.isTracingEnabled()];
})
  .use(injectLambdaContext(logger, { logEvent: true }))
  .use(logMetrics(metrics, { captureColdStartMetric: true }))
  .use(captureLambdaHandler(tracer));
"""
BATCH = """
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { makeIdempotent, IdempotencyConfig } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';

const processor = new BatchProcessor(EventType.DynamoDBStreams);
const client = new DynamoDBClient({});
const failed = [];
const config = new IdempotencyConfig({ eventKeyJmesPath: 'eventID' });
const persistenceStore = new DynamoDBPersistenceLayer({ tableName: 'once', keyAttr: 'id' });

const one = makeIdempotent(async (record) => {
  const { id } = record.dynamodb.NewImage;
  if (id.S === 'bad' && !failed.length) {
    failed.push(id.S);
    throw new Error('not yet');
  }
  await client.send(new PutItemCommand({ TableName: 'seen', Item: { id } }));
  return id.S;
}, { persistenceStore, config });

export const handler = (event, context) => {
  config.registerLambdaContext(context);
  return processPartialResponse(event, one, processor, { context });
};
"""
EXPRESS = """
const express = require('express');
const app = express();
const binarySettings = { contentTypes: ['application/octet-stream'] };
app.use(express.json());
app.get('/items/:id', (req, res) => {
  res.cookie('a', '1').cookie('b', '2').status(201).json({ id: req.params.id, query: req.query, ip: req.ip, host: req.hostname });
});
app.post('/items', (req, res) => res.json(req.body));
app.get('/binary', (req, res) => res.type('application/octet-stream').send(Buffer.from([...Array(256).keys()])));
app.use((req, res) => res.status(404).send('nothing here'));
"""
WRAPPED = {
    "serverless-http": "exports.handler = require('serverless-http')(app, { binary: binarySettings.contentTypes });",
    "serverless-express": "exports.handler = require('@codegenie/serverless-express')({ app, binarySettings });",
}
HONO = """
import { Hono } from 'hono';
import { stream } from 'hono/streaming';
import { streamHandle } from 'hono/aws-lambda';

const app = new Hono();
app.get('/slow', (c) => stream(c, async (to) => {
  c.header('x-kind', 'slow');
  for (const word of ['one ', 'two ', 'three']) {
    await to.write(word);
    await to.sleep(150);
  }
}));
app.get('/cookies', (c) => {
  c.header('set-cookie', 'a=1', { append: true });
  c.header('set-cookie', 'b=2', { append: true });
  return c.text('set', 418);
});
app.get('/nothing', (c) => c.body(null, 204));
app.post('/echo', async (c) => c.body(await c.req.arrayBuffer()));
export const handler = streamHandle(app);
"""
MIDDY = """
import middy from '@middy/core';
import httpErrorHandler from '@middy/http-error-handler';
import httpJsonBodyParser from '@middy/http-json-body-parser';

export const handler = middy()
  .use(httpJsonBodyParser())
  .use(httpErrorHandler())
  .handler(async (event) => ({ statusCode: 200, body: JSON.stringify(Object.keys(event.body)) }));
"""
SDK = """
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand, GetCommand } from '@aws-sdk/lib-dynamodb';

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
export const handler = async ({ id }) => {
  await client.send(new PutCommand({ TableName: 'once', Item: { id, tags: new Set(['x']) } }));
  return [...(await client.send(new GetCommand({ TableName: 'once', Key: { id } }))).Item.tags];
};
"""
MAPPED = """
import 'source-map-support/register';

interface Event { n: number }

export const handler = async (event: Event): Promise<number> => {
  const filler: string[] = [];
  if (filler.length === 0) throw new Error('at its place');
  return event.n;
};
"""


@pytest.fixture(scope="module")
def modules(need: Callable[[object, str], None]) -> Path:
    """A directory whose node_modules has all of them."""
    need(shutil.which("node"), "node")
    found = from_npm(PACKAGES)
    need(found, "the libraries of functions from npm")
    assert found
    return found


@pytest.fixture
def bundle(modules: Path, tmp_path: Path) -> Callable[..., dict[str, bytes]]:
    """Bundles a source file as users do; the files of the package."""

    def make(source: str, *options: str, entry: str = "app.mjs") -> dict[str, bytes]:
        (tmp_path / entry).write_text(source)
        (tmp_path / "node_modules").symlink_to(modules / "node_modules")
        command = ["node_modules/.bin/esbuild", entry, "--bundle", "--platform=node", "--target=node20", "--outdir=out"]
        subprocess.run([*command, "--log-level=error", *options], cwd=tmp_path, check=True)
        return {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    return make


ESM = (
    "--format=esm",
    "--out-extension:.js=.mjs",
    "--banner:js=import { createRequire } from 'module'; const require = createRequire(import.meta.url);",
)


@pytest.fixture
def create(fn: Lambda) -> Callable[..., None]:
    def make(code: bytes, **settings: Any) -> None:
        given = {"Runtime": "nodejs20.x", "Handler": "app.handler", "Timeout": 30, "MemorySize": 512} | settings
        fn.client.create_function(FunctionName="fn", Role=fn.role, Code={"ZipFile": code}, **given)

    return make


def test_logger_metrics_and_tracer(fn: Lambda, create: Callable[..., None], bundle: Callable[..., Any]) -> None:
    variables = {"POWERTOOLS_LOG_LEVEL": "DEBUG", "AWS_XRAY_CONTEXT_MISSING": "IGNORE_ERROR"}
    create(package(bundle(POWERTOOLS, *ESM)), Environment={"Variables": variables}, TracingConfig={"Mode": "Active"})
    first = fn.invoke(event={"id": "c-1"})
    assert (first.payload, first.error) == (["DEBUG", True], None)
    lines = [json.loads(line) for line in first.log.splitlines() if line.startswith("{")]
    order = next(line for line in lines if line.get("message") == "an order")
    assert (order["function_name"], order["function_memory_size"], order["cold_start"]) == ("fn", "512", True)
    assert order["function_request_id"] == first.raw["ResponseMetadata"]["RequestId"]
    assert (order["of"], order["xray_trace_id"][:2]) == ("Joy", "1-")
    metrics = {name for line in lines if "_aws" in line for name in ("Orders", "ColdStart") if name in line}
    assert metrics == {"Orders", "ColdStart"}
    failed = fn.invoke(event={"fail": True})
    assert (failed.error, failed.payload["errorType"], failed.payload["errorMessage"]) == (
        "Unhandled",
        "RangeError",
        "lost",
    )


def test_a_batch_processor_on_a_stream_does_each_record_once(
    client: Callable[..., Any], fn: Lambda, create: Callable[..., None], bundle: Callable[..., Any], eventually: Any
) -> None:
    fed = feed(client, fn)
    fed.table("once", "")
    grant(client, "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:GetItem")
    create(package(bundle(BATCH, "--format=cjs")))
    fed.put("good", "bad", "late")
    fed.connect(FunctionResponseTypes=["ReportBatchItemFailures"], BatchSize=10)
    seen = eventually(lambda: fed.dynamodb.scan(TableName="seen")["Items"], lambda items: len(items) == 3)
    assert {item["id"]["S"] for item in seen} == {"good", "bad", "late"}
    kept = lambda: sorted(item["status"]["S"] for item in fed.dynamodb.scan(TableName="once")["Items"])  # noqa: E731
    eventually(kept, lambda found: found == ["COMPLETED"] * 3)


@pytest.mark.parametrize("wrapper", WRAPPED)
def test_express_behind_a_url(modules: Path, create: Callable[..., None], url: Any, wrapper: str) -> None:
    """Its node_modules goes along as it is."""
    create(zipped(modules, more={"app.js": EXPRESS + WRAPPED[wrapper]}, without=BUNDLED))
    call = url()
    answer = call.request("GET", "/items/a%20b?x=1&y[z]=%C3%A4")
    shown = answer.json()
    assert (answer.status_code, shown["id"], shown["query"]["x"]) == (201, "a b", "1")
    assert shown["host"].endswith(".lambda-url.us-east-1.on.aws")
    assert [line.split(";")[0] for line in answer.headers.get_list("set-cookie")] == ["a=1", "b=2"]
    assert call.request("POST", "/items", json={"n": [1, "☃"]}).json() == {"n": [1, "☃"]}
    assert call.request("GET", "/binary").content == bytes(range(256))
    assert call.request("GET", "/none").status_code == 404


def test_hono_streams(create: Callable[..., None], bundle: Callable[..., Any], url: Any) -> None:
    create(package(bundle(HONO, *ESM)))
    call = url(InvokeMode="RESPONSE_STREAM")
    with call.stream("GET", "/slow") as answer:
        pieces = list(answer.iter_text())
    assert ("".join(pieces), len(pieces) > 1) == ("one two three", True)
    cookies = call.request("GET", "/cookies")
    assert (cookies.status_code, cookies.text, cookies.headers["content-type"]) == (
        418,
        "set",
        "text/plain; charset=UTF-8",
    )
    assert cookies.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert (call.request("GET", "/nothing").status_code, call.request("GET", "/nothing").content) == (204, b"")
    assert call.request("POST", "/echo", content=b"\x00\xff").content == b"\x00\xff"
    assert call.request("GET", "/missing").status_code == 404


def test_middy(create: Callable[..., None], bundle: Callable[..., Any], url: Any) -> None:
    create(package(bundle(MIDDY, "--format=cjs")))
    call = url()
    assert call.request("POST", "/", json={"a": 1}).json() == ["a"]
    bad = call.request("POST", "/", content=b"{", headers={"content-type": "application/json"})
    assert (bad.status_code, bad.text) == (415, "Invalid or malformed JSON was provided")


def test_middy_streams(create: Callable[..., None], bundle: Callable[..., Any], url: Any) -> None:
    source = MIDDY.replace("middy()", "middy({ streamifyResponse: true })")
    long = "body: event.rawPath === '/' ? JSON.stringify(event.body).repeat(200_000) : ''"
    create(package(bundle(source.replace("body: JSON.stringify(Object.keys(event.body))", long), *ESM)))
    call = url(InvokeMode="RESPONSE_STREAM")
    assert call.request("POST", "/", json=["☃"]).text == '["☃"]' * 200_000
    assert call.request("POST", "/nothing", json=[]).text == ""
    bad = call.request("POST", "/", content=b"{", headers={"content-type": "application/json"})
    assert (bad.status_code, bad.text) == (415, "Invalid or malformed JSON was provided")


@pytest.mark.parametrize("options", [ESM, ("--format=cjs", "--minify")], ids=["esm", "cjs"])
def test_the_sdk_in_a_bundle(
    client: Callable[..., Any],
    fn: Lambda,
    create: Callable[..., None],
    bundle: Callable[..., Any],
    options: tuple[str, ...],
) -> None:
    feed(client, fn).table("once", "")
    grant(client, "dynamodb:*")
    create(package(bundle(SDK, *options)))
    assert fn.invoke(event={"id": "a"}).payload == ["x"]


def test_source_maps(fn: Lambda, create: Callable[..., None], bundle: Callable[..., Any]) -> None:
    files = bundle(MAPPED, "--format=cjs", "--sourcemap", "--minify", entry="app.ts")
    create(package(files))
    assert fn.invoke(event={"n": 1}).payload["trace"][1].endswith("app.ts:8:34)")
    node = {"NODE_OPTIONS": "--enable-source-maps"}
    fn.client.update_function_configuration(FunctionName="fn", Environment={"Variables": node})
    assert fn.invoke(event={"n": 1}).payload["trace"][1].endswith("app.ts:8:34)")
