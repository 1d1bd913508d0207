"""CreateFunction, Get, List, Update, Delete: shapes and errors as recorded from AWS (aws-observed/lambda_)."""

from __future__ import annotations

import base64
import hashlib
import re
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import ECHO, Lambda, package, trust

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
ACCESS_POINT = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-0123456789abcdef0"
ROLE_REFUSED = "The role defined for the function cannot be assumed by Lambda."


def test_a_created_function_is_pending_and_then_active(fn: Lambda, account: str, role: str) -> None:
    arn = f"arn:aws:lambda:us-east-1:{account}:function:fn"
    code = package()
    made = fn.create(Timeout=5, MemorySize=256, Environment={"Variables": {"AB": "1"}}, Tags={"env": "test"})
    made.pop("ResponseMetadata")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", made.pop("LastModified"))
    revision = made.pop("RevisionId")
    runtime = made.pop("RuntimeVersionConfig")["RuntimeVersionArn"]
    assert runtime.startswith("arn:aws:lambda:us-east-1::runtime:")
    assert made == {
        "FunctionName": "fn", "FunctionArn": arn, "Runtime": "python3.11", "Role": role, "Handler": "app.handler",
        "CodeSize": len(code), "Description": "", "Timeout": 5, "MemorySize": 256, "Version": "$LATEST",
        "CodeSha256": base64.b64encode(hashlib.sha256(code).digest()).decode(),
        "Environment": {"Variables": {"AB": "1"}}, "TracingConfig": {"Mode": "PassThrough"}, "PackageType": "Zip",
        "State": "Pending", "StateReason": "The function is being created.", "StateReasonCode": "Creating",
        "Architectures": ["x86_64"], "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/fn"},
    }  # fmt: skip
    got = fn.client.get_function(FunctionName="fn")
    assert got["Tags"] == {"env": "test"}
    settings = got["Configuration"]
    assert (settings["State"], settings["LastUpdateStatus"]) == ("Active", "Successful")
    assert "StateReason" not in settings
    assert settings["RevisionId"] != revision
    assert fn.client.get_function_configuration(FunctionName=arn)["RevisionId"] == settings["RevisionId"]
    assert got["Code"]["RepositoryType"] == "S3"


def test_the_package_can_be_fetched_from_its_location(fn: Lambda, region: Any) -> None:
    fn.create()
    location = fn.client.get_function(FunctionName="fn")["Code"]["Location"]
    with urllib.request.urlopen(location) as answer:
        assert answer.read() == package()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(location[:-1] + ("0" if location[-1] != "0" else "1"))
    assert refused.value.code == 403


@pytest.mark.parametrize(
    "form",
    ["fn", "{account}:fn", "{account}:function:fn", "function:fn", "arn:aws:lambda:us-east-1:{account}:function:fn"],
)
def test_functions_go_by_name_partial_arn_and_arn(fn: Lambda, account: str, form: str) -> None:
    fn.create()
    found = fn.client.get_function_configuration(FunctionName=form.format(account=account))
    assert found["FunctionArn"] == f"arn:aws:lambda:us-east-1:{account}:function:fn"


def test_a_qualifier_shows_in_the_arn(fn: Lambda, account: str) -> None:
    fn.create()
    arn = f"arn:aws:lambda:us-east-1:{account}:function:fn:$LATEST"
    assert fn.client.get_function_configuration(FunctionName="fn", Qualifier="$LATEST")["FunctionArn"] == arn
    assert fn.client.get_function_configuration(FunctionName="fn:$LATEST")["FunctionArn"] == arn


def test_what_is_not_there(fn: Lambda, account: str, aws_error: Error) -> None:
    arn = f"arn:aws:lambda:us-east-1:{account}:function"
    fn.create()
    c = fn.client
    not_found = ("ResourceNotFoundException", f"Function not found: {arn}:nope", 404)
    assert aws_error(lambda: c.get_function(FunctionName="nope")) == not_found
    assert aws_error(lambda: c.get_function_configuration(FunctionName="nope")) == not_found
    assert aws_error(lambda: c.delete_function(FunctionName="nope")) == not_found
    assert aws_error(lambda: c.list_versions_by_function(FunctionName="nope")) == not_found
    assert aws_error(lambda: c.update_function_configuration(FunctionName="nope")) == not_found
    assert aws_error(lambda: c.update_function_code(FunctionName="nope", ZipFile=package())) == not_found
    assert aws_error(lambda: c.get_function_code_signing_config(FunctionName="nope")) == not_found
    assert (
        aws_error(lambda: c.get_function(FunctionName="fn", Qualifier="1221"))[1]
        == f"Function not found: {arn}:fn:1221"
    )
    assert aws_error(lambda: c.invoke(FunctionName="nope"))[1] == f"Function not found: {arn}:nope:$LATEST"
    mismatch = "The derived qualifier from the function name does not match the specified qualifier."
    assert aws_error(lambda: c.get_function(FunctionName="fn:1", Qualifier="$LATEST")) == (
        "InvalidParameterValueException", mismatch, 400,
    )  # fmt: skip
    assert aws_error(lambda: fn.create("other:$LATEST"))[0] == "InvalidParameterValueException"
    elsewhere = arn.replace("us-east-1", "eu-west-1")
    assert aws_error(lambda: c.get_function(FunctionName=f"{elsewhere}:fn"))[0] == "ResourceNotFoundException"
    assert aws_error(lambda: c.delete_function(FunctionName="fn", Qualifier="$LATEST"))[1] == (
        "$LATEST version cannot be deleted without deleting the function."
    )


def test_names_are_taken_once(fn: Lambda, aws_error: Error) -> None:
    fn.create()
    assert aws_error(fn.create) == ("ResourceConflictException", "Function already exist: fn", 409)


def test_lambda_must_be_able_to_assume_the_role(
    fn: Lambda, client: Callable[..., Any], account: str, aws_error: Error
) -> None:
    other = client("iam").create_role(RoleName="ec2", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))["Role"][
        "Arn"
    ]
    refused = ("InvalidParameterValueException", ROLE_REFUSED, 400)
    assert aws_error(lambda: fn.create(Role=other)) == refused
    assert aws_error(lambda: fn.create(Role=f"arn:aws:iam::{account}:role/nobody")) == refused
    fn.create()
    assert aws_error(lambda: fn.client.update_function_configuration(FunctionName="fn", Role=other)) == refused


def test_parameters_that_lambda_refuses(fn: Lambda, aws_error: Error) -> None:
    assert aws_error(lambda: fn.create(Runtime="non-existent-runtime"))[:2] == (
        "InvalidParameterValueException",
        "Value non-existent-runtime at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
        "[nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, java25, python3.10, "
        "python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, nodejs16.x, dotnet10, dotnet8, "
        "java11, dotnet6, nodejs18.x, provided.al2, java8.al2] or be a valid ARN",
    )
    assert aws_error(lambda: fn.create(Runtime="python3.7"))[1].startswith(
        "The runtime parameter of python3.7 is no longer supported for creating or updating AWS Lambda functions."
    )
    assert aws_error(lambda: fn.create(Role="r1"))[:2] == (
        "ValidationException",
        "1 validation error detected: Value 'r1' at 'role' failed to satisfy constraint: Member must satisfy regular "
        r"expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
    )
    large = aws_error(lambda: fn.create(Environment={"Variables": {"LARGE_VAR": "x" * 4096}}))
    assert large[0] == "InvalidParameterValueException"
    assert large[1] == (
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        'exceeded the 4KB limit. String measured: {"LARGE_VAR":"' + "x" * 4096 + '"}'
    )
    assert (
        "Reserved keys used in this request: AWS_REGION"
        in (aws_error(lambda: fn.create(Environment={"Variables": {"AWS_REGION": "x"}}))[1])
    )
    tags = {f"k{i}": "v" for i in range(51)}
    assert aws_error(lambda: fn.create(Tags=tags))[1] == "Number of tags exceeds resource tag limit."
    assert aws_error(lambda: fn.create(Timeout=901))[2] == 400
    assert aws_error(lambda: fn.create("n" * 65))[2] == 400


@pytest.mark.parametrize(
    "settings",
    [
        {"Runtime": "java21"},
        {"PublishTo": "LATEST_PUBLISHED"},
        {"FileSystemConfigs": [{"Arn": ACCESS_POINT, "LocalMountPath": "/mnt/x"}]},
        {"PackageType": "Image"},
    ],
)  # fmt: skip
def test_what_atoll_cannot_do_is_refused(fn: Lambda, aws_error: Error, settings: dict[str, Any]) -> None:
    code, message, status = aws_error(lambda: fn.create(**settings))
    assert (code, status) == ("NotImplemented", 501)
    assert message.startswith("lambda: ")


def test_what_has_no_effect_is_reported(fn: Lambda, region: Any) -> None:
    fn.create(TracingConfig={"Mode": "Active"}, KMSKeyArn="arn:aws:kms:us-east-1:123456789012:key/k")
    with urllib.request.urlopen(f"{region.endpoint}/_atoll/unsupported") as answer:
        text = answer.read().decode()
    assert "TracingConfig.Mode" in text
    assert "KMSKeyArn" in text
    assert fn.client.get_function_configuration(FunctionName="fn")["TracingConfig"] == {"Mode": "Active"}


def test_functions_are_listed_in_pages(fn: Lambda) -> None:
    for number in range(3):
        fn.create(f"fn{number}")
    first = fn.client.list_functions(MaxItems=2)
    assert [one["FunctionName"] for one in first["Functions"]] == ["fn0", "fn1"]
    assert "State" not in first["Functions"][0]
    second = fn.client.list_functions(Marker=first["NextMarker"])
    assert [one["FunctionName"] for one in second["Functions"]] == ["fn2"]
    assert "NextMarker" not in second
    versions = fn.client.list_versions_by_function(FunctionName="fn0")["Versions"]
    assert [one["FunctionArn"].split(":")[-1] for one in versions] == ["$LATEST"]


def test_update_configuration_changes_what_it_names(fn: Lambda) -> None:
    fn.create(Description="first", Environment={"Variables": {"AB": "1"}})
    updated = fn.client.update_function_configuration(FunctionName="fn", Timeout=10)
    assert updated["Timeout"] == 10
    assert updated["LastUpdateStatus"] == "InProgress"
    assert updated["LastUpdateStatusReasonCode"] == "Creating"
    found = fn.client.get_function_configuration(FunctionName="fn")
    assert (found["Description"], found["Environment"]) == ("first", {"Variables": {"AB": "1"}})
    assert found["LastUpdateStatus"] == "Successful"
    fn.client.update_function_configuration(FunctionName="fn", Environment={})
    assert fn.client.get_function_configuration(FunctionName="fn")["Environment"] == {"Variables": {}}


def test_revisions_guard_updates(fn: Lambda, aws_error: Error) -> None:
    fn.create()
    revision = fn.client.get_function_configuration(FunctionName="fn")["RevisionId"]
    fn.client.update_function_configuration(FunctionName="fn", Timeout=4, RevisionId=revision)
    stale = (
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve "
        "the latest Revision Id",
        412,
    )
    c = fn.client
    assert (
        aws_error(lambda: c.update_function_configuration(FunctionName="fn", Timeout=5, RevisionId=revision)) == stale
    )
    assert aws_error(lambda: c.update_function_code(FunctionName="fn", ZipFile=package(), RevisionId=revision)) == stale


def test_updated_code_runs_at_once(fn: Lambda) -> None:
    fn.create(code="def handler(event, context):\n    return 1\n")
    assert fn.invoke().payload == 1
    new = package("def handler(event, context):\n    return 2\n")
    dry = fn.client.update_function_code(FunctionName="fn", ZipFile=new, DryRun=True)
    assert fn.invoke().payload == 1
    updated = fn.client.update_function_code(FunctionName="fn", ZipFile=new)
    assert updated["CodeSha256"] == dry["CodeSha256"] == base64.b64encode(hashlib.sha256(new).digest()).decode()
    assert fn.invoke().payload == 2
    fn.client.update_function_configuration(FunctionName="fn", Environment={"Variables": {"XY": "y"}})
    fn.client.update_function_code(
        FunctionName="fn", ZipFile=package("import os\ndef handler(event, context):\n    return os.environ['XY']\n")
    )
    assert fn.invoke().payload == "y"


def test_a_deleted_function_is_gone_and_can_be_made_again(fn: Lambda, aws_error: Error) -> None:
    fn.create(code="def handler(event, context):\n    return 'old'\n")
    fn.client.add_permission(
        FunctionName="fn", StatementId="s", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    assert fn.invoke().payload == "old"
    assert fn.client.delete_function(FunctionName="fn")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert aws_error(lambda: fn.client.get_function(FunctionName="fn"))[2] == 404
    fn.create(code="def handler(event, context):\n    return 'new'\n")
    assert fn.invoke().payload == "new"
    assert aws_error(lambda: fn.client.get_policy(FunctionName="fn"))[2] == 404


def test_account_settings_count_functions(fn: Lambda) -> None:
    fn.create()
    settings = fn.client.get_account_settings()
    assert settings["AccountLimit"] == {
        "TotalCodeSize": 80530636800, "CodeSizeUnzipped": 262144000, "CodeSizeZipped": 52428800,
        "ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000,
    }  # fmt: skip
    assert settings["AccountUsage"] == {"TotalCodeSize": len(package()), "FunctionCount": 1}
    fn.client.delete_function(FunctionName="fn")
    assert fn.client.get_account_settings()["AccountUsage"] == {"TotalCodeSize": 0, "FunctionCount": 0}


def test_code_signing_is_nobodys(fn: Lambda) -> None:
    fn.create()
    assert "CodeSigningConfigArn" not in fn.client.get_function_code_signing_config(FunctionName="fn")


def test_deprecated_python_runs(fn: Lambda) -> None:
    fn.create(Runtime="python3.9", code=ECHO)
    assert fn.invoke(event={"a": 1}).payload == {"a": 1}


def test_tags(fn: Lambda, account: str, aws_error: Error) -> None:
    arn = fn.create(Tags={"a": "1"})["FunctionArn"]
    c = fn.client
    c.tag_resource(Resource=arn, Tags={"b": "2", "a": "x"})
    assert c.list_tags(Resource=arn)["Tags"] == {"a": "x", "b": "2"}
    c.untag_resource(Resource=arn, TagKeys=["a", "zz"])
    assert c.list_tags(Resource=arn)["Tags"] == {"b": "2"}
    assert aws_error(lambda: c.tag_resource(Resource=arn + ":$LATEST", Tags={"a": "b"}))[:2] == (
        "InvalidParameterValueException",
        "Tags on function aliases and versions are not supported. Please specify a function ARN.",
    )
    assert aws_error(lambda: c.tag_resource(Resource=arn, Tags={}))[1] == (
        "An error occurred and the request cannot be processed."
    )
    assert aws_error(lambda: c.tag_resource(Resource=arn, Tags={f"k{i}": "" for i in range(50)}))[1] == (
        "Number of tags exceeds resource tag limit."
    )
    assert aws_error(lambda: c.list_tags(Resource=arn + "x"))[:2] == (
        "ResourceNotFoundException", f"Function not found: {arn}x",
    )  # fmt: skip


def test_another_account_finds_nothing_it_may_touch(fn: Lambda, region: Any, aws_error: Error) -> None:
    arn = fn.create()["FunctionArn"]
    stranger = region.client("lambda", key="999988887777")
    for call in (
        lambda: stranger.get_function(FunctionName=arn),
        lambda: stranger.delete_function(FunctionName=arn),
        lambda: stranger.invoke(FunctionName=arn),
        lambda: stranger.update_function_code(FunctionName=arn, ZipFile=package()),
        lambda: stranger.tag_resource(Resource=arn, Tags={"a": "b"}),
    ):
        assert aws_error(call)[0] == "AccessDeniedException"
