"""A function's configuration: what is refused in AWS's words, what is shown, and what takes effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config

from .conftest import Lambda, package

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
INVALID = "InvalidParameterValueException"
LEVELS_NEED_JSON = (
    INVALID,
    'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request or change the LogFormat to '
    '"Json" and try again.',
    400,
)
HALF_A_VPC = "SubnetIds and SecurityIds must coexist or be both empty list."


def range_error(member: str, value: object, constraint: str) -> str:
    return f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"


VALIDATION = {
    "timeout": ({"Timeout": 0}, 0, "Member must have value greater than or equal to 1"),
    "timeout ": ({"Timeout": 901}, 901, "Member must have value less than or equal to 900"),
    "memorySize": ({"MemorySize": 127}, 127, "Member must have value greater than or equal to 128"),
    "ephemeralStorage.size": ({"EphemeralStorage": {"Size": 511}}, 511, "Member must have value greater than or equal to 512"),
    "ephemeralStorage.size ": (
        {"EphemeralStorage": {"Size": 10241}}, 10241, "Member must have value less than or equal to 10240",
    ),
    "description": ({"Description": "x" * 257}, "x" * 257, "Member must have length less than or equal to 256"),
    "handler": ({"Handler": "a b"}, "a b", r"Member must satisfy regular expression pattern: [^\s]+"),
    "architectures": (
        {"Architectures": ["x86_64", "arm64"]}, "[x86_64, arm64]", "Member must have length less than or equal to 1",
    ),
    "snapStart.applyOn": (
        {"SnapStart": {"ApplyOn": "invalidOption"}}, "invalidOption",
        "Member must satisfy enum value set: [PublishedVersions, None]",
    ),
    "tracingConfig.mode": (
        {"TracingConfig": {"Mode": "x"}}, "x", "Member must satisfy enum value set: [Active, PassThrough]",
    ),
    "loggingConfig.logFormat": (
        {"LoggingConfig": {"LogFormat": "XML"}}, "XML", "Member must satisfy enum value set: [JSON, Text]",
    ),
}  # fmt: skip
"""By the member that it is about: settings, the value that is wrong, and how."""


@pytest.mark.parametrize("member", VALIDATION)
def test_what_the_shapes_refuse(fn: Lambda, region: Any, account: str, aws_error: Error, member: str) -> None:
    settings, value, constraint = VALIDATION[member]
    unchecked = Config(parameter_validation=False, retries={"max_attempts": 0})  # boto3 would refuse some of it itself
    client = boto3.client(
        "lambda", endpoint_url=region.endpoint, region_name="us-east-1", aws_access_key_id=account,
        aws_secret_access_key="test", config=unchecked,
    )  # fmt: skip
    expected = ("ValidationException", range_error(member.strip(), value, constraint), 400)
    assert aws_error(lambda: Lambda(client, fn.role).create(**settings)) == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"MemorySize": 10241},
            "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 10240",
        ),
        (
            {"SnapStart": {"ApplyOn": "PublishedVersions"}},
            "python3.11 is not supported for SnapStart enabled functions.",
        ),
        ({"VpcConfig": {"SubnetIds": ["subnet-1"]}}, HALF_A_VPC),
        ({"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": ["sg-1"]}}, HALF_A_VPC),
        ({"LoggingConfig": {"ApplicationLogLevel": "INFO"}}, LEVELS_NEED_JSON[1]),
        ({"LoggingConfig": {"LogFormat": "Text", "SystemLogLevel": "WARN"}}, LEVELS_NEED_JSON[1]),
    ],
)
def test_what_the_service_refuses(fn: Lambda, aws_error: Error, settings: dict[str, Any], message: str) -> None:
    assert aws_error(lambda: fn.create(**settings)) == (INVALID, message, 400)


def test_names_of_environment_variables(fn: Lambda, aws_error: Error) -> None:
    """Their values are nobody's business, so the error shows none."""
    for name in ("1bad", "x", "with-hyphen", "_HANDLER"):
        assert aws_error(lambda name=name: fn.create(Environment={"Variables": {name: "secret"}})) == (
            "ValidationException",
            "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy "
            "constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]",
            400,
        )


def test_updates_refuse_the_same(fn: Lambda, aws_error: Error) -> None:
    fn.create()
    change = fn.client.update_function_configuration
    for settings in (
        {"Timeout": 901},
        {"MemorySize": 10241},
        {"SnapStart": {"ApplyOn": "PublishedVersions"}},
        {"VpcConfig": {"SubnetIds": ["subnet-1"]}},
    ):
        made = aws_error(lambda settings=settings: fn.create("other", **settings))
        assert aws_error(lambda settings=settings: change(FunctionName="fn", **settings)) == made
    assert aws_error(lambda: change(FunctionName="fn", LoggingConfig={"SystemLogLevel": "INFO"})) == LEVELS_NEED_JSON


def test_zip_packages_need_a_runtime_and_a_handler(fn: Lambda, aws_error: Error) -> None:
    settings = {"FunctionName": "fn", "Role": fn.role, "Code": {"ZipFile": package()}}
    refused = (
        INVALID,
        "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        400,
    )
    for more in ({}, {"Runtime": "python3.11"}, {"Handler": "app.handler"}, {"Runtime": "provided.al2023"}):
        assert aws_error(lambda more=more: fn.client.create_function(**settings, **more)) == refused


def test_names(fn: Lambda, account: str, aws_error: Error) -> None:
    long = "n" * 64
    arn = f"arn:aws:lambda:us-east-1:{account}:function:{long}"
    assert fn.create(long)["FunctionArn"] == arn
    assert aws_error(lambda: fn.create("n" * 65))[:2] == (
        "ValidationException", range_error("functionName", "n" * 65, "Member must have length less than or equal to 64"),
    )  # fmt: skip
    too_long = "n" * 141
    assert aws_error(lambda: fn.create(too_long))[:2] == (
        "ValidationException", range_error("functionName", too_long, "Member must have length less than or equal to 140"),
    )  # fmt: skip
    assert aws_error(lambda: fn.create(arn))[1] == f"Function already exist: {long}"
    by_arn = f"arn:aws:lambda:us-east-1:{account}:function:by-arn"
    assert fn.create(by_arn)["FunctionName"] == "by-arn"
    assert fn.create(f"{account}:by-part")["FunctionArn"] == by_arn.replace("by-arn", "by-part")
    assert fn.invoke(by_arn, event={"a": 1}).payload == {"a": 1}


def test_log_formats_and_their_levels(fn: Lambda) -> None:
    group = "/aws/lambda/fn"
    assert fn.create()["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": group}

    def change(**settings: str) -> dict[str, Any]:
        answer = fn.client.update_function_configuration(FunctionName="fn", LoggingConfig=settings)
        assert fn.client.get_function_configuration(FunctionName="fn")["LoggingConfig"] == answer["LoggingConfig"]
        return answer["LoggingConfig"]  # type: ignore[no-any-return]

    json = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", "LogGroup": group}
    assert change(LogFormat="JSON") == json
    assert change(ApplicationLogLevel="DEBUG") == json | {"ApplicationLogLevel": "DEBUG"}
    assert change(SystemLogLevel="WARN") == json | {"ApplicationLogLevel": "DEBUG", "SystemLogLevel": "WARN"}
    assert change(LogFormat="Text") == {"LogFormat": "Text", "LogGroup": group}
    assert change(LogFormat="JSON", LogGroup="/own") == json | {"LogGroup": "/own"}


def test_everything_that_is_data_reads_back(fn: Lambda) -> None:
    settings = {
        "Architectures": ["arm64"], "EphemeralStorage": {"Size": 10240}, "KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/k",
        "SnapStart": {"ApplyOn": "PublishedVersions"}, "TracingConfig": {"Mode": "Active"}, "Timeout": 900, "MemorySize": 10240,
        "Runtime": "python3.12", "Description": "all of it",
    }  # fmt: skip
    made = fn.create(**settings, VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}, PackageType="Zip")
    got = fn.client.get_function_configuration(FunctionName="fn")
    for answer in (made, got):
        assert {name: answer[name] for name in settings} == settings | {
            "SnapStart": {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}
        }
        assert answer["VpcConfig"] == {
            "SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"], "VpcId": "", "Ipv6AllowedForDualStack": False,
        }  # fmt: skip
        assert answer["PackageType"] == "Zip"
        assert "MasterArn" not in answer
    emptied = {
        "KMSKeyArn": "",
        "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
        "SnapStart": {"ApplyOn": "None"},
    }
    changed = fn.client.update_function_configuration(FunctionName="fn", **emptied)
    assert "KMSKeyArn" not in changed
    assert changed["VpcConfig"]["SubnetIds"] == []
    assert changed["SnapStart"] == {"ApplyOn": "None", "OptimizationStatus": "Off"}


def test_what_takes_effect_inside(fn: Lambda) -> None:
    code = """
import os, shutil
def handler(event, context):
    return {
        "memory": context.memory_limit_in_mb, "tmp": shutil.disk_usage("/tmp").total >> 20,
        "left": context.get_remaining_time_in_millis(), "own": os.environ.get("OWN"),
    }
"""
    fn.create(
        code=code, Timeout=5, MemorySize=256, EphemeralStorage={"Size": 600}, Environment={"Variables": {"OWN": "1"}}
    )
    first = fn.invoke().payload
    assert (int(first["memory"]), first["own"]) == (256, "1")
    assert 4000 < first["left"] <= 5000
    assert first["tmp"] == 600
    more = {"EphemeralStorage": {"Size": 512}, "Environment": {"Variables": {}}, "Timeout": 60, "MemorySize": 512}
    fn.client.update_function_configuration(FunctionName="fn", **more)
    second = fn.invoke().payload
    assert (int(second["memory"]), second["own"], second["tmp"]) == (512, None, 512)
    assert 59_000 < second["left"] <= 60_000
