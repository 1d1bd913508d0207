"""The Node.js runtime towards functions: handlers, context, environment, errors, logs, streams, as AWS's own behaves."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from harness import Harness, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
NODE20, NODE24 = "nodejs20.x", "nodejs24.x"
ECHO = "exports.handler = async (event) => event;"


@pytest.fixture(autouse=True)
def node(need: Callable[[object, str], None]) -> None:
    need(shutil.which("node"), "node")


def js(harness: Harness, source: str | dict[str, str | bytes], **changes: Any) -> Any:
    """A function from the text of lambda.js, or files."""
    return harness.function(
        {"lambda.js": source} if isinstance(source, str) else source, **({"runtime": NODE20} | changes)
    )


async def run(harness: Harness, source: str | dict[str, str | bytes], event: Any = None, **changes: Any) -> Any:
    """What a new function answers."""
    result = await harness.invoke(js(harness, source, **changes), event)
    assert result.function_error is None, result.payload
    return json.loads(result.payload)


async def failure(harness: Harness, source: str | dict[str, str | bytes], **changes: Any) -> dict[str, Any]:
    """The error payload of a new function."""
    result = await harness.invoke(js(harness, source, **changes))
    assert result.function_error == "Unhandled"
    payload: dict[str, Any] = json.loads(result.payload)
    return payload


@pytest.mark.parametrize(
    ("files", "handler"),
    [
        ({"lambda.js": ECHO}, "lambda.handler"),
        ({"lambda.cjs": ECHO}, "lambda.handler"),
        ({"lambda.mjs": "export const handler = async (event) => event;"}, "lambda.handler"),
        ({"package.json": '{"type": "module"}', "lambda.js": "export const handler = async (e) => e;"}, "lambda.handler"),
        ({"lambda.mjs": "const f = await Promise.resolve(async (e) => e);\nexport const handler = f;"}, "lambda.handler"),
        ({"src/handlers/a.js": "exports.b = {handler: async (event) => event};"}, "src/handlers/a.b.handler"),
        ({"package.json": '{"type": "module"}', "src/package.json": "{}", "src/x.js": ECHO}, "src/x.handler"),
        ({"node_modules/lib/index.js": ECHO}, "lib.handler"),
    ],
)  # fmt: skip
async def test_handlers_are_found(harness: Harness, files: dict[str, str | bytes], handler: str) -> None:
    assert await run(harness, files, {"a": [1, "ü", None]}, handler=handler) == {"a": [1, "ü", None]}


@pytest.mark.parametrize(
    ("source", "answers"),
    [
        ("exports.handler = (e, c, callback) => setTimeout(() => callback(null, 'later'), 20);", "later"),
        ("exports.handler = (e, c, callback) => { callback(null, 'first'); callback(null, 'second'); };", "first"),
        ("exports.handler = (e, context) => context.succeed('done');", "done"),
        ("exports.handler = (e, context) => context.done(null, 'done');", "done"),
        ("exports.handler = () => 'ignored';", None),
        ("exports.handler = async () => undefined;", None),
        ("exports.handler = () => ({ then: (resolve) => resolve('thenable') });", "thenable"),
    ],
)
async def test_the_ways_to_answer_up_to_nodejs22(harness: Harness, source: str, answers: object) -> None:
    assert await run(harness, source) == answers


async def test_a_callback_waits_for_the_event_loop_unless_told_not_to(harness: Harness) -> None:
    source = """
        let ticks = 0;
        exports.handler = (wait, context, callback) => {
          context.callbackWaitsForEmptyEventLoop = wait;
          setTimeout(() => ticks++, 60);
          const answer = { get ticks() { return ticks; } };
          callback(null, answer);
        };"""
    assert await run(harness, source, event=True) == {"ticks": 1}
    assert await run(harness, source, event=False) == {"ticks": 0}


async def test_nodejs24_answers_what_is_returned_and_refuses_callbacks(harness: Harness) -> None:
    assert await run(harness, "exports.handler = () => 'value';", runtime=NODE24) == "value"
    assert await run(harness, "exports.handler = (e, c) => Object.keys(c).includes('done');", runtime=NODE24) is False
    refused = await failure(harness, "exports.handler = (e, c, callback) => callback(null, 1);", runtime=NODE24)
    assert refused["errorType"] == "Runtime.CallbackHandlerDeprecated"
    assert refused["errorMessage"] == (
        "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify "
        "this function to use a supported handler signature to use Node.js 24 or later. For more information see "
        "https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html."
    )


async def test_the_context(harness: Harness) -> None:
    source = """
        exports.handler = async (event, context) =>
          ({ ...context, left: context.getRemainingTimeInMillis(), waits: context.callbackWaitsForEmptyEventLoop });"""
    function = js(harness, source)
    found = json.loads((await harness.invoke(function, request_id="r1", client_context='{"custom": {"a": 1}}')).payload)
    assert 9000 < found.pop("left") <= 10000
    await until(lambda: function.log_group in harness.events)  # they are written a moment later
    assert found.pop("logStreamName") in harness.events[function.log_group]
    assert found == {
        "callbackWaitsForEmptyEventLoop": True, "waits": True, "functionVersion": "$LATEST", "functionName": function.name,
        "memoryLimitInMB": "256", "logGroupName": function.log_group, "clientContext": {"custom": {"a": 1}},
        "invokedFunctionArn": function.arn, "awsRequestId": "r1",
    }  # fmt: skip


async def test_the_environment_is_as_on_aws(harness: Harness) -> None:
    source = "exports.handler = async () => ({ ...process.env, cwd: process.cwd(), argv: process.argv });"
    found = await run(harness, source, environment={"OWN": "1"})
    assert found["cwd"] == found["PWD"] == found["LAMBDA_TASK_ROOT"] == "/var/task"
    assert found["argv"] == ["/var/lang/bin/node", "/var/runtime/index.mjs"]
    assert found["AWS_EXECUTION_ENV"] == "AWS_Lambda_nodejs20.x"
    assert found["NODE_PATH"] == (
        "/opt/nodejs/node20/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task"
    )
    assert found["_X_AMZN_TRACE_ID"].startswith("Root=1-5759e988-")
    assert set(found) - {"cwd", "argv"} == {
        "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "LANG", "LD_LIBRARY_PATH",
        "NODE_PATH", "OWN", "PATH", "PWD", "SHLVL", "TZ", "_AWS_XRAY_DAEMON_ADDRESS", "_AWS_XRAY_DAEMON_PORT", "_HANDLER",
        "_X_AMZN_TRACE_ID",
    }  # fmt: skip


async def test_variables_that_count_at_the_start_of_a_process(harness: Harness) -> None:
    source = (
        "exports.handler = async () => [process.execArgv, require('v8').getHeapStatistics().heap_size_limit / 2 ** 20];"
    )
    _, limit = await run(harness, source, environment={"NODE_OPTIONS": "--max-old-space-size=64"})
    assert limit < 200
    wrapped = {
        "lambda.js": "exports.handler = async () => process.env.WRAPPED;",
        "wrap": '#!/bin/sh\nexport WRAPPED=yes\nexec "$@"\n',
    }
    function = js(harness, wrapped, environment={"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrap"})
    (function.code / "wrap").chmod(0o755)
    assert json.loads((await harness.invoke(function)).payload) == "yes"


async def test_zone_home_and_modules(harness: Harness) -> None:
    source = {
        "lambda.js": "const lib = require('lib');\nexports.handler = async () => [new Date(0).getHours(), require('os').homedir(), lib];",
        "lib.js": "module.exports = 'by NODE_PATH';",
    }
    assert await run(harness, source, environment={"TZ": "Asia/Tokyo"}) == [9, "/tmp", "by NODE_PATH"]


async def test_layers_are_found_by_both_kinds_of_modules(harness: Harness) -> None:
    layers = harness.function(
        {
            "nodejs/node_modules/shared/index.js": "module.exports = 'shared';",
            "nodejs/node20/node_modules/versioned/index.js": "module.exports = 'versioned';",
        }
    ).code
    common = "exports.handler = async () => [require('shared'), require('versioned')];"
    module = "import a from 'shared';\nimport b from 'versioned';\nexport const handler = async () => [a, b];"
    for files in ({"lambda.js": common}, {"lambda.mjs": module}):
        assert await run(harness, files, layers=layers) == ["shared", "versioned"]


@pytest.mark.parametrize(
    ("source", "handler", "kind", "message"),
    [
        ("exports.handler = async () => { throw new TypeError('no'); };", "lambda.handler", "TypeError", "no"),
        ("exports.handler = (e, c, callback) => callback('text');", "lambda.handler", "string", "text"),
        ("exports.handler = (e, c) => c.fail();", "lambda.handler", "string", "handled"),
        ("exports.handler = async () => { const a = {}; a.a = a; return a; };", "lambda.handler", "Error",
         "Unable to stringify response body"),
        ("exports.handler = async () => 1n;", "lambda.handler", "Error", "Unable to stringify response body"),
        ("throw new RangeError('at start');", "lambda.handler", "RangeError", "at start"),
        ("exports.handler = async (", "lambda.handler", "Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected end of input"),
        (ECHO, "lambda.other", "Runtime.HandlerNotFound", "lambda.other is undefined or not exported"),
        ("exports.handler = 5;", "lambda.handler", "Runtime.HandlerNotFound", "lambda.handler is not a function"),
        (ECHO, "lambda", "Runtime.MalformedHandlerName", "Bad handler"),
        (ECHO, "../lambda.handler", "Runtime.MalformedHandlerName",
         "'../lambda.handler' is not a valid handler name. Use absolute paths when specifying root directories in handler names."),
        (ECHO, "none.handler", "Runtime.ImportModuleError", "Error: Cannot find module 'none'\nRequire stack:\n- /var/runtime/index.mjs"),
        ("require('./missing');", "lambda.handler", "Runtime.ImportModuleError",
         "Error: Cannot find module './missing'\nRequire stack:\n- /var/task/lambda.js\n- /var/runtime/index.mjs"),
        ("exports.handler = async () => { Promise.reject(new Error('lost')); await new Promise((r) => setTimeout(r, 500)); };",
         "lambda.handler", "Runtime.UnhandledPromiseRejection", "Error: lost"),
        ("exports.handler = async () => { setTimeout(() => { throw new Error('late'); }); await new Promise((r) => setTimeout(r, 500)); };",
         "lambda.handler", "Error", "late"),
        ("exports.handler = () => new Promise(() => {});\nObject.setPrototypeOf(exports.handler, (async () => {}).constructor.prototype);",
         "lambda.handler", "Runtime.NodeJsExit",
         "The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never "
         "settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes"),
    ],
)  # fmt: skip
async def test_errors(harness: Harness, source: str, handler: str, kind: str, message: str) -> None:
    payload = await failure(harness, source, handler=handler)
    assert (payload["errorType"], payload["errorMessage"], set(payload)) == (
        kind,
        message,
        {"errorType", "errorMessage", "trace"},
    )
    if kind != "string":
        assert payload["trace"][0].startswith(f"{kind}: {message.splitlines()[0]}")


async def test_nodejs24_names_what_cannot_be_written(harness: Harness) -> None:
    payload = await failure(harness, "exports.handler = async () => 1n;", runtime=NODE24)
    assert (payload["errorType"], payload["errorMessage"]) == (
        "Runtime.JSONStringifyError",
        "Unable to stringify response body",
    )


async def test_an_exit_ends_the_environment(harness: Harness) -> None:
    function = js(
        harness, "let n = 0;\nexports.handler = async (event) => { if (event) process.exit(event); return ++n; };"
    )
    assert json.loads((await harness.invoke(function)).payload) == 1
    ended = await harness.invoke(function, 3, request_id="r1")
    assert json.loads(ended.payload) == {
        "errorType": "Runtime.ExitError", "errorMessage": "RequestId: r1 Error: Runtime exited with error: exit status 3",
    }  # fmt: skip
    assert json.loads((await harness.invoke(function)).payload) == 1


async def test_after_an_uncaught_exception_the_process_is_another(harness: Harness) -> None:
    source = """
        let n = 0;
        exports.handler = async (event) => {
          if (event) { setTimeout(() => { throw new Error('x'); }); await new Promise((r) => setTimeout(r, 500)); }
          return ++n;
        };"""
    function = js(harness, source)
    assert json.loads((await harness.invoke(function)).payload) == 1
    assert json.loads((await harness.invoke(function, 1)).payload)["errorMessage"] == "x"
    assert json.loads((await harness.invoke(function)).payload) == 1


async def test_log_lines(harness: Harness) -> None:
    source = """
        console.log('at start');
        exports.handler = async () => {
          console.log('two\\nlines', { a: 1 });
          console.debug('d'); console.warn('w'); console.error(new Error('e').message); console.trace('t');
          process.stdout.write('plain\\n');
          throw new Error('no');
        };"""
    function = js(harness, source)
    await harness.invoke(function, request_id="r1")
    messages = [re.sub(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "NOW", text) for text in await harness.log(function)]
    start = messages.index("START RequestId: r1 Version: $LATEST\n")
    assert "NOW\tundefined\tINFO\tat start\n" in messages[:start]
    assert messages[start + 1 : start + 7] == [
        "NOW\tr1\tINFO\ttwo\nlines { a: 1 }\n", "NOW\tr1\tDEBUG\td\n", "NOW\tr1\tWARN\tw\n", "NOW\tr1\tERROR\te\n",
        "NOW\tr1\tTRACE\tt\n", "plain\n",
    ]  # fmt: skip
    heading, _, details = messages[start + 7].partition("\t{")
    assert heading == "NOW\tr1\tERROR\tInvoke Error "
    assert list(json.loads("{" + details)) == ["errorType", "errorMessage", "stack"]


async def test_json_logs_and_their_level(harness: Harness) -> None:
    source = """
        exports.handler = async () => {
          console.log('hidden'); console.warn('text %s', 'x'); console.error({ a: 1 }); console.error('why', new TypeError('t'));
          throw new RangeError('no');
        };"""
    settings = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "WARN"}
    function = js(harness, source, environment=settings)
    await harness.invoke(function, request_id="r1")
    records = [json.loads(text) for text in await harness.log(function) if text.startswith("{")]
    assert [(each["level"], each["requestId"], each["message"]) for each in records[:2]] == [
        ("WARN", "r1", "text x"), ("ERROR", "r1", {"a": 1}),
    ]  # fmt: skip
    assert records[2]["message"].startswith("why TypeError: t\n")
    assert (records[2]["errorType"], records[2]["errorMessage"]) == ("TypeError", "t")
    assert list(records[3]["message"]) == ["errorType", "errorMessage", "stackTrace"]
    assert len(records) == 4


async def test_callbacks_are_discouraged_at_start(harness: Harness) -> None:
    function = js(harness, "exports.handler = (event, context, callback) => callback(null, 1);", runtime="nodejs22.x")
    await harness.invoke(function)
    assert any(
        "\tWARN\tAWS Lambda plans to remove support for callback-based" in text for text in await harness.log(function)
    )


async def test_a_stream_is_answered(harness: Harness) -> None:
    source = """
        const { pipeline } = require('node:stream/promises');
        const { Readable } = require('node:stream');
        exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
          stream.setContentType('text/plain');
          stream.write('begin ');
          await pipeline(Readable.from([context.awsRequestId, ' ', Buffer.alloc(70000, 'x')]), stream);
        });"""
    function = js(harness, source)
    for request_id in ("r1", "r2"):
        result = await harness.invoke(function, request_id=request_id)
        assert (result.function_error, result.payload) == (None, f"begin {request_id} ".encode() + b"x" * 70000)


async def test_a_stream_with_status_and_headers(harness: Harness) -> None:
    source = """
        exports.handler = awslambda.streamifyResponse(async (event, stream) => {
          stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { a: 'b' } });
          stream.write('body');
          stream.end();
        });"""
    result = await harness.invoke(js(harness, source))
    assert result.payload == b'{"statusCode":201,"headers":{"a":"b"}}' + bytes(8) + b"body"


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ("async () => { throw new TypeError('before'); }", "TypeError", "before"),
        ("async () => {}", "string", "Response stream is not finished."),
        ("() => 1", "string", "Streaming does not support non-async handlers."),
    ],
)
async def test_a_stream_that_fails_before_it_begins(harness: Harness, body: str, kind: str, message: str) -> None:
    payload = await failure(harness, f"exports.handler = awslambda.streamifyResponse({body});")
    assert (payload["errorType"], payload["errorMessage"]) == (kind, message)


async def test_an_answer_that_is_too_large(harness: Harness) -> None:
    function = js(harness, "exports.handler = async (n) => 'x'.repeat(n);")
    result = await harness.invoke(function, 7_000_000)
    assert json.loads(result.payload)["errorType"] == "Function.ResponseSizeTooLarge"
    assert (
        b"\nLAMBDA_RUNTIME Failed to post handler success response. Http response code: 413.\nEND RequestId: "
        in result.log_tail
    )
    assert len((await harness.invoke(function, 5_000_000)).payload) == 5_000_002
    assert len(harness.environments(function)) == 1


async def test_a_missing_sdk_is_explained(harness: Harness) -> None:
    for files in (
        {"lambda.js": "require('@aws-sdk/client-s3');"},
        {"lambda.mjs": "import '@aws-sdk/client-s3';"},
    ):
        function = js(harness, files)
        await harness.invoke(function)
        hint = (
            "Atoll: the AWS SDK for JavaScript is not installed on this machine: run `atoll runtimes install nodejs`.\n"
        )
        assert any(text.endswith(hint) for text in await harness.log(function))
