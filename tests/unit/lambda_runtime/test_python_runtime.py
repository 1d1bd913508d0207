"""What a Python function sees and how its answers and exceptions look, as on AWS."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from harness import RUNTIME, Harness

pytestmark = pytest.mark.asyncio(loop_scope="module")

RAISE = "def handler(event, context):\n    raise ValueError('x')\n"


async def test_event_in_answer_out(harness: Harness) -> None:
    echo = harness.function("def handler(event, context):\n    return event\n")
    events: tuple[Any, ...] = ({"a": [1, 2.5, None, True, "ü"]}, None, [], "text", 0)
    for event in events:
        result = await harness.invoke(echo, event)
        assert (json.loads(result.payload), result.function_error) == (event, None)
    assert result.executed_version == "$LATEST"


@pytest.mark.parametrize(
    ("value", "payload"),
    [
        ("None", b"null"),
        ("{'a': (1, 2)}", b'{"a": [1, 2]}'),
        ("'\\u00fc'", b'"\\u00fc"'),
        ("Decimal('1.10')", b"1.10"),
        ("{'n': [Decimal('3'), 'Decimal']}", b'{"n": [3, "Decimal"]}'),
        ("float('nan')", b"NaN"),
        ("b'raw'", b"raw"),
        ("collections.namedtuple('Point', 'x y')(1, [b'caf\\xc3\\xa9'])", b'{"x": 1, "y": ["caf\\u00e9"]}'),
        ("[Decimal('1E+2'), Decimal('NaN'), Decimal('-Infinity')]", b"[1E+2, NaN, -Infinity]"),
        ("{1: 10**30, None: float('inf'), True: -0.0}", b'{"1": -0.0, "null": Infinity}'),
        ("'\\ud800'", b'"\\ud800"'),
    ],
)
async def test_values_become_json_as_lambdas_runtime_writes_them(harness: Harness, value: str, payload: bytes) -> None:
    function = harness.function(
        f"import collections\nfrom decimal import Decimal\ndef handler(event, context):\n    return {value}\n"
    )
    assert (await harness.invoke(function)).payload == payload


async def test_context(harness: Harness) -> None:
    source = """
def handler(event, context):
    names = ("aws_request_id function_name function_version invoked_function_arn log_group_name log_stream_name memory_limit_in_mb")
    found = {name: getattr(context, name) for name in names.split()}
    found["left"] = context.get_remaining_time_in_millis()
    found["custom"] = context.client_context.custom if context.client_context else None
    found["identity"] = context.identity.cognito_identity_id
    found["repr"] = repr(context)
    return found
"""
    function = harness.function(source, timeout=5.0)
    result = await harness.invoke(function, request_id="the-id", client_context='{"custom":\n{"k": "v"}}')
    found = json.loads(result.payload)
    assert found.pop("repr").startswith("LambdaContext([aws_request_id=the-id,log_group_name=/aws/lambda/")
    assert 4000 < found.pop("left") <= 5000
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", found["log_stream_name"])
    assert found == {
        "aws_request_id": "the-id",
        "function_name": function.name,
        "function_version": "$LATEST",
        "invoked_function_arn": function.arn,
        "log_group_name": function.log_group,
        "log_stream_name": harness.environments(function)[0].log_stream,
        "memory_limit_in_mb": "256",
        "custom": {"k": "v"},
        "identity": None,
    }
    assert json.loads((await harness.invoke(function)).payload)["custom"] is None


async def test_environment_is_awss_set_and_nothing_of_the_host(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATOLL_TEST_SECRET", "do-not-tell")
    source = "import os\ndef handler(event, context):\n    return [dict(os.environ), os.getcwd(), open('/proc/self/environ').read()]\n"
    function = harness.function(source, environment={"TEST_KEY": "TEST_VAL"})
    found, cwd, raw = json.loads((await harness.invoke(function)).payload)
    assert cwd == "/var/task"
    assert "do-not-tell" not in raw
    assert re.fullmatch(r"127\.0\.0\.1:\d+", found.pop("AWS_LAMBDA_RUNTIME_API"))
    assert found.pop("AWS_LAMBDA_LOG_STREAM_NAME")
    assert found == {
        "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{RUNTIME}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_REGION": "eu-west-1",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LANG": "en_US.UTF-8",
        "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
        "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        "PWD": "/var/task",
        "PYTHONPATH": "/var/runtime",
        "SHLVL": "0",
        "TEST_KEY": "TEST_VAL",
        "TZ": ":UTC",
        "_AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1",
        "_AWS_XRAY_DAEMON_PORT": "2000",
        "_HANDLER": "lambda.handler",
        "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0",
    }


@pytest.mark.parametrize(
    ("handler", "path"),
    [
        ("lambda.handler", "lambda.py"),
        ("a/b/c.handler", "a/b/c.py"),
        ("pkg.mod.handler", "pkg/mod.py"),
        ("x-y.handler", "x-y.py"),
    ],
)
async def test_handlers_are_found_as_aws_finds_them(harness: Harness, handler: str, path: str) -> None:
    files: dict[str, str | bytes] = {path: "def handler(event, context):\n    return __file__\n"}
    result = await harness.invoke(harness.function(files, handler=handler))
    assert json.loads(result.payload) == f"/var/task/{path}"


INIT_ERRORS: list[tuple[str, str, dict[str, Any]]] = [
    ("lambda.handler", "import nothing_there", {
        "errorType": "Runtime.ImportModuleError",
        "errorMessage": "Unable to import module 'lambda': No module named 'nothing_there'", "stackTrace": [],
    }),
    ("missing.handler", "", {
        "errorType": "Runtime.ImportModuleError",
        "errorMessage": "Unable to import module 'missing': No module named 'missing'", "stackTrace": [],
    }),
    ("lambda.other", "", {
        "errorType": "Runtime.HandlerNotFound", "errorMessage": "Handler 'other' missing on module 'lambda'", "stackTrace": [],
    }),
    ("lambda", "", {
        "errorType": "Runtime.MalformedHandlerName",
        "errorMessage": "Bad handler 'lambda': not enough values to unpack (expected 2, got 1)", "stackTrace": [],
    }),
    ("lambda.handler", "def handler(:\n", {
        "errorType": "Runtime.UserCodeSyntaxError",
        "errorMessage": "Syntax error in module 'lambda': invalid syntax (lambda.py, line 1)",
        "stackTrace": ['  File "/var/task/lambda.py" Line 1\n    def handler(:\n'],
    }),
]  # fmt: skip


@pytest.mark.parametrize(("handler", "source", "error"), INIT_ERRORS, ids=lambda value: str(value)[:20])
async def test_errors_of_initialization(harness: Harness, handler: str, source: str, error: dict[str, Any]) -> None:
    result = await harness.invoke(harness.function(source, handler=handler))
    assert result.function_error == "Unhandled"
    assert json.loads(result.payload) == {**error, "requestId": ""}
    assert (
        f"[ERROR] {error['errorType']}: {error['errorMessage']}\nTraceback (most recent call last):".encode()
        in result.log_tail
    )


async def test_an_exception_while_importing(harness: Harness) -> None:
    function = harness.function("raise Exception('Runtime startup fails')")
    result = await harness.invoke(function)
    error = json.loads(result.payload)
    frames = error.pop("stackTrace")
    assert error == {"errorMessage": "Runtime startup fails", "errorType": "Exception", "requestId": ""}
    assert re.match(r'  File "/var/lang/lib/python3.11/importlib/__init__.py", line \d+, in import_module\n', frames[0])
    assert (
        frames[-1]
        == "  File \"/var/task/lambda.py\", line 1, in <module>\n    raise Exception('Runtime startup fails')\n"
    )
    messages = await harness.log(function)
    kinds = "INIT_START [WARNING] [ERROR] INIT_REPORT [WARNING] [ERROR] INIT_REPORT START END REPORT"
    assert [text.split()[0] for text in messages] == kinds.split(" ")
    assert re.match(r"\[WARNING\]\t\S{24}\t\tLAMBDA_WARNING: Unhandled exception\. .*\.html\r\n$", messages[1])
    assert messages[3].endswith(" ms\tPhase: init\tStatus: error\tError Type: Exception\n")
    assert messages[6].endswith(" ms\tPhase: invoke\tStatus: error\tError Type: Exception\n")


async def test_an_exception_of_the_handler(harness: Harness) -> None:
    function = harness.function(RAISE)
    result = await harness.invoke(function, request_id="the-id")
    assert result.function_error == "Unhandled"
    assert json.loads(result.payload) == {
        "errorMessage": "x",
        "errorType": "ValueError",
        "requestId": "the-id",
        "stackTrace": ["  File \"/var/task/lambda.py\", line 2, in handler\n    raise ValueError('x')\n"],
    }
    event = (
        "[ERROR] ValueError: x\nTraceback (most recent call last):\n"
        '\u00a0\u00a0File "/var/task/lambda.py", line 2, in handler\n'
        "\u00a0\u00a0\u00a0\u00a0raise ValueError('x')"
    )
    assert event in await harness.log(function)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("object()", "Object of type object is not JSON serializable"),
        ("{1}", "Object of type set is not JSON serializable"),
        ("{(1, 2): 3}", "keys must be str, int, float, bool or None, not tuple"),
        ("[b'\\xff']", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        ("LOOP", "Circular reference detected"),
        ("later()", "Object of type coroutine is not JSON serializable"),
    ],
)
async def test_an_answer_that_is_no_json(harness: Harness, value: str, complaint: str) -> None:
    source = f"""
from decimal import Decimal
LOOP = []
LOOP.append(LOOP)
async def later(): pass
def handler(event, context):
    return {value}
"""
    result = await harness.invoke(harness.function(source), request_id="i")
    assert json.loads(result.payload) == {
        "errorMessage": f"Unable to marshal response: {complaint}",
        "errorType": "Runtime.MarshalError",
        "requestId": "i",
        "stackTrace": [],
    }


async def test_an_asynchronous_handler_is_never_awaited(harness: Harness) -> None:
    function = harness.function("async def handler(event, context):\n    pass\n")
    assert json.loads((await harness.invoke(function)).payload)["errorType"] == "Runtime.MarshalError"
    assert any(
        "RuntimeWarning: coroutine 'handler' was never awaited\n" in text for text in await harness.log(function)
    )


async def test_text_that_cannot_be_sent_ends_the_runtime(harness: Harness) -> None:
    """Since Python 3.12 nothing is escaped."""
    function = harness.function("def handler(event, context):\n    return '\\ud800'\n", runtime="python3.12")
    result = await harness.invoke(function, request_id="i")
    assert json.loads(result.payload)["errorMessage"] == "RequestId: i Error: Runtime exited with error: exit status 1"
    assert b"UnicodeEncodeError: 'utf-8' codec can't encode character '\\ud800' in position 1" in result.log_tail


HANDLERS = [
    ("functools.partial(lambda a, event, context: [a, event], 1)", [1, 5]),
    ("operator.itemgetter", "Runtime.MarshalError"),
    ("7", "TypeError"),
    ("lambda event: None", "TypeError"),
]


@pytest.mark.parametrize(("handler", "answer"), HANDLERS)
async def test_handlers_of_all_kinds(harness: Harness, handler: str, answer: Any) -> None:
    found = await harness.run(f"import functools, operator\nhandler = {handler}\n", 5)
    assert (found["errorType"] if isinstance(found, dict) else found) == answer


@pytest.mark.parametrize(
    ("statement", "code", "last"),
    [
        ("sys.exit('bye')", "exit status 1", "bye\n"),
        ("atexit.register(print, 'at exit'); sys.exit(3)", "exit status 3", "at exit\n"),
        ("threading.Timer(0.2, print, ['from a thread']).start(); sys.exit(3)", "exit status 3", "from a thread\n"),
        ("raise Odd('x')", "exit status 1", "lambda.Odd: x\n"),
        ("raise KeyboardInterrupt", "signal: interrupt", "KeyboardInterrupt\n"),
    ],
)
async def test_the_runtime_ends_as_a_program_does(harness: Harness, statement: str, code: str, last: str) -> None:
    source = f"""
import atexit, sys, threading
class Odd(BaseException): pass
def handler(event, context):
    {statement}
"""
    function = harness.function(source)
    result = await harness.invoke(function, request_id="i")
    assert json.loads(result.payload)["errorMessage"] == f"RequestId: i Error: Runtime exited with error: {code}"
    messages = await harness.log(function)
    assert messages[-4] == last


async def test_what_persists_within_an_environment(harness: Harness) -> None:
    source = """
import os, threading
seen = []
def handler(event, context):
    if event is None:
        os.environ["KEPT"] = "yes"
        os.environ["TZ"] = "Europe/Berlin"
        open("/tmp/file", "w").write("kept")
        threading.Timer(0.05, seen.append, ["thread"]).start()
        return
    import time
    while not seen: time.sleep(0.01)
    return [os.environ["KEPT"], open("/tmp/file").read(), seen, os.read(0, 5).decode()]
"""
    function = harness.function(source)
    await harness.invoke(function)
    assert json.loads((await harness.invoke(function, 1)).payload) == ["yes", "kept", ["thread"], ""]


async def test_the_context_in_full(harness: Harness) -> None:
    source = """
import logging
def handler(event, context):
    context.log("no end"); context.log(5); context.log("end\\n")
    logging.getLogger().handlers.clear()
    context.log("printed\\n")
    client = context.client_context
    return [repr(client), context.w3c(), repr(context.identity), context.tenant_id]
"""
    function = harness.function(source)
    given = {"client": {"installation_id": "i", "x": 1}, "env": {"e": "f"}, "w3c": {"traceparent": "t", "other": "o"}}
    result = await harness.invoke(function, client_context=json.dumps(given))
    assert json.loads(result.payload) == [
        "ClientContext([custom=None,env={'e': 'f'},client=Client([installation_id=i,app_title=None,app_version_name=None,"
        "app_version_code=None,app_package_name=None])])",
        {"traceparent": "t"},
        "CognitoIdentity([cognito_identity_id=None,cognito_identity_pool_id=None])",
        None,
    ]
    assert (await harness.log(function))[2:-2] == ["no end", "5", "end\n", "printed\n"]


async def test_a_client_context_that_is_no_json(harness: Harness) -> None:
    result = await harness.invoke(harness.function("def handler(event, context): pass"), client_context="{")
    error = json.loads(result.payload)
    assert error["errorType"] == "Runtime.LambdaContextUnmarshalError"
    assert error["errorMessage"].startswith("Unable to parse Client Context JSON: ")


async def test_output_that_is_no_text(harness: Harness) -> None:
    """Up to Python 3.11 the output is strict; the locale of Amazon Linux 2023 lets bytes through."""
    source = "def handler(event, context):\n    print('\\udcff')\n"
    assert (await harness.run(source))["errorType"] == "UnicodeEncodeError"
    assert await harness.run(source, runtime="python3.12") is None


async def test_basic_config_does_nothing_and_levels_can_be_set(harness: Harness) -> None:
    source = """
import logging
logging.basicConfig(level=logging.DEBUG, format="mine")
logging.getLogger("quiet").info("not heard")
logging.getLogger("loud").setLevel(logging.INFO)
def handler(event, context):
    logging.getLogger("loud").info("heard")
    logging.getLogger().handlers[0].setFormatter(logging.Formatter("mine: %(message)s of %(aws_request_id)s"))
    logging.warning("formatted")
"""
    function = harness.function(source)
    await harness.invoke(function, request_id="i")
    messages = (await harness.log(function))[2:-2]
    assert messages[0].startswith("[INFO]\t")
    assert messages[0].endswith("\ti\theard\n")
    assert messages[1:] == ["mine: formatted of i"]


async def test_a_wrapper_starts_the_runtime(harness: Harness) -> None:
    wrapper = '#!/bin/sh\nexport FROM_WRAPPER="$1"\nexec "$@"\n'
    source = "import os\ndef handler(event, context):\n    return os.environ['FROM_WRAPPER']\n"
    function = harness.function(
        {"lambda.py": source, "wrapper": wrapper}, environment={"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"}
    )
    (function.code / "wrapper").chmod(0o755)
    assert json.loads((await harness.invoke(function)).payload) == f"/var/lang/bin/{RUNTIME}"


async def test_log_lines(harness: Harness) -> None:
    source = """
import logging, os, subprocess, sys
logging.getLogger().setLevel(logging.INFO)
def handler(event, context):
    print("printed\\ntwice")
    logging.info("two\\nlines %s", "here")
    print("to stderr", file=sys.stderr)
    subprocess.run(["sh", "-c", "echo from a child"])
    os.write(1, b"no newline")
"""
    function = harness.function(source)
    result = await harness.invoke(function, request_id="the-id")
    messages = await harness.log(function)
    assert messages[1:4] == ["START RequestId: the-id Version: $LATEST\n", "printed\n", "twice\n"]
    assert re.fullmatch(r"\[INFO\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\tthe-id\ttwo\nlines here\n", messages[4])
    assert messages[5:9] == ["to stderr\n", "from a child\n", "no newline", "END RequestId: the-id\n"]
    assert re.fullmatch(
        r"REPORT RequestId: the-id\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB\t"
        r"Max Memory Used: \d+ MB\tInit Duration: \d+\.\d\d ms\t\n",
        messages[9],
    )
    assert result.log_tail.decode() == "".join(messages[1:])
    (events,) = harness.events[function.log_group].values()
    assert all(abs(event.timestamp / 1000 - harness.clock.wall()) < 60 for event in events)


async def test_the_log_tail_is_the_last_4_kb(harness: Harness) -> None:
    result = await harness.invoke(
        harness.function("def handler(event, context):\n    for n in range(2000): print('line', n)\n")
    )
    assert len(result.log_tail) == 4096
    assert b"line 1999\nEND RequestId: " in result.log_tail


async def test_a_package_of_the_functions_own_wins_over_the_preloaded_one(harness: Harness) -> None:
    files: dict[str, str | bytes] = {
        "lambda.py": "import urllib3, boto3, csv\ndef handler(event, context):\n    return [urllib3.MINE, boto3.MINE, csv.MINE]\n",
        "urllib3/__init__.py": "MINE = 1",
        "boto3.py": "MINE = 2",
        "csv.py": "MINE = 3",
    }
    assert json.loads((await harness.invoke(harness.function(files))).payload) == [1, 2, 3]


async def test_boto3_is_there_and_nothing_else_of_atolls(harness: Harness) -> None:
    source = """
import importlib, boto3
def missing(name):
    try:
        importlib.import_module(name)
    except ImportError:
        return True
def handler(event, context):
    client = boto3.client("dynamodb")
    others = ("uvicorn", "msgspec", "apsw", "atoll", "pytest", "pip")
    return [boto3.__file__, client.meta.endpoint_url, [name for name in others if not missing(name)]]
"""
    assert await harness.run(source) == ["/var/runtime/boto3/__init__.py", "http://127.0.0.1:4566", []]


async def test_a_function_that_configures_the_interpreter_gets_one_of_its_own(harness: Harness) -> None:
    source = "import sys, os, boto3\ndef handler(event, context):\n    return [sys.flags.optimize, sys.path[0], os.environ['PYTHONPATH']]\n"
    environment = {"PYTHONOPTIMIZE": "2", "PYTHONPATH": "/var/runtime:/var/task/lib"}
    assert await harness.run(source, environment=environment) == [2, "/var/task", "/var/runtime:/var/task/lib"]


async def test_one_environment_serves_one_invocation_after_another(harness: Harness) -> None:
    function = harness.function("n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n\n")
    assert [json.loads((await harness.invoke(function)).payload) for _ in range(5)] == [1, 2, 3, 4, 5]
    (info,) = harness.environments(function)
    assert (info.state, info.invocations, info.function) == ("idle", 5, function.arn)
