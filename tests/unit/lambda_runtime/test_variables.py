"""Which variables functions of each runtime find, as AWS answered when it was asked (recorded introspections of the runtimes)."""

from __future__ import annotations

from pathlib import Path

import pytest

from atoll.lambda_runtime.spec import Credentials, FunctionSpec, Logging
from atoll.lambda_runtime.variables import variables

COMMON = {
    "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
    "AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-west-1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f", "AWS_LAMBDA_LOG_STREAM_NAME": "stream", "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR", "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000", "_AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1",
    "_AWS_XRAY_DAEMON_PORT": "2000", "LAMBDA_RUNTIME_DIR": "/var/runtime", "LAMBDA_TASK_ROOT": "/var/task", "LANG": "en_US.UTF-8",
    "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin", "TEST_KEY": "TEST_VAL", "TZ": ":UTC", "_HANDLER": "f.handler",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
}  # fmt: skip
SHELL = {"PWD": "/var/task", "SHLVL": "0"}
PYTHON = {**SHELL, "PYTHONPATH": "/var/runtime"}
NODE = "/opt/nodejs/node{}/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task"


def found(runtime: str, **changes: object) -> dict[str, str]:
    fields = {
        "arn": "arn:aws:lambda:eu-west-1:111111111111:function:f", "name": "f", "version": "$LATEST", "account": "111111111111",
        "region": "eu-west-1", "runtime": runtime, "handler": "f.handler", "code": Path("/code"), "timeout": 3.0,
        "memory_mb": 1024, "ephemeral_mb": 512, "environment": {"TEST_KEY": "TEST_VAL"}, "log_group": "/aws/lambda/f",
        "revision": "1", "role_arn": "arn:aws:iam::111111111111:role/r",
    }  # fmt: skip
    return variables(
        FunctionSpec(**{**fields, **changes}),  # type: ignore[arg-type]
        Credentials("key", "secret", "token", 0.0),
        stream="stream", runtime_api="127.0.0.1:9001", endpoint="http://127.0.0.1:4566", task_root="/var/task",
        runtime_dir="/var/runtime",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("runtime", "own"),
    [
        ("python3.8", {**PYTHON, "AWS_EXECUTION_ENV": "AWS_Lambda_python3.8"}),
        ("python3.11", {**PYTHON, "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11"}),
        ("python3.12", {**PYTHON, "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12", "LC_CTYPE": "C.UTF-8"}),
        ("python3.14", {**PYTHON, "AWS_EXECUTION_ENV": "AWS_Lambda_python3.14", "LC_CTYPE": "C.UTF-8"}),
        ("nodejs20.x", {**SHELL, "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs20.x", "NODE_PATH": NODE.format(20)}),
        ("nodejs24.x", {**SHELL, "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs24.x", "NODE_PATH": NODE.format(24)}),
        ("provided.al2023", {}),
        ("provided.al2", {
            "LD_LIBRARY_PATH": "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
            "PATH": "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        }),
    ],
)  # fmt: skip
def test_the_variables_of_each_runtime(runtime: str, own: dict[str, str]) -> None:
    assert found(runtime) == {**COMMON, **own}


def test_the_functions_own_win_where_they_may() -> None:
    own = {
        "TZ": "Europe/Berlin",
        "PATH": "/mine",
        "PYTHONPATH": "/mine",
        "LANG": "de",
        "AWS_ENDPOINT_URL": "http://mine",
        "AWS_XRAY_CONTEXT_MISSING": "IGNORE_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "10.0.0.1:3000",
    }
    assert found("python3.12", environment=own).items() >= own.items()
    assert found("python3.12", environment={"_HANDLER": "other", "AWS_REGION": "other"})["_HANDLER"] == "f.handler"


def test_how_to_log_is_told_where_the_format_is_json() -> None:
    told = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "TRACE"}
    assert found("nodejs20.x", logging=Logging("JSON", "TRACE")).items() >= told.items()
    assert not told.keys() & found("nodejs20.x").keys()
