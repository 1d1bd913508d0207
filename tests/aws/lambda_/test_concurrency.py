"""Reserved and provisioned concurrency, and the account's limit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError

from .conftest import Lambda, package, trust

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
Eventually = Callable[..., Any]
TELL = """
import os, time
def handler(event, context):
    time.sleep(event.get("sleep", 0))
    return [os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], context.function_version]
"""
NONE = {"AllocatedProvisionedConcurrentExecutions": 0, "AvailableProvisionedConcurrentExecutions": 0}


def put(fn: Lambda, qualifier: str, count: int, name: str = "fn") -> dict[str, Any]:
    answer: dict[str, Any] = fn.client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count
    )
    return answer


def shown(fn: Lambda, qualifier: str) -> dict[str, Any]:
    answer: dict[str, Any] = fn.client.get_provisioned_concurrency_config(FunctionName="fn", Qualifier=qualifier)
    return answer


def status(fn: Lambda, qualifier: str) -> Callable[[], str]:
    return lambda: str(shown(fn, qualifier)["Status"])


def test_reserved_concurrency_is_of_the_function_as_a_whole(
    fn: Lambda, aws_error: Error, eventually: Eventually
) -> None:
    c = fn.client
    fn.create(code=TELL, Timeout=20, Publish=True)
    refused = (
        "InvalidParameterValueException",
        "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
        "Please specify either a function name or an unqualified function ARN.",
        400,
    )
    assert aws_error(lambda: c.put_function_concurrency(FunctionName="fn:1", ReservedConcurrentExecutions=1)) == refused
    c.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=1)
    assert c.get_function(FunctionName="fn", Qualifier="1")["Concurrency"] == {"ReservedConcurrentExecutions": 1}

    def invoke(name: str) -> Any:
        try:
            return fn.invoke(name, {"sleep": 4}).raw
        except c.exceptions.TooManyRequestsException as refusal:
            return refusal.response

    with ThreadPoolExecutor(2) as threads:
        refusal, answer = sorted(threads.map(invoke, ("fn:1", "fn")), key=lambda one: "StatusCode" in one)
    assert answer["StatusCode"] == 200
    assert refusal["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert (refusal["Error"]["Message"], refusal["Type"]) == ("Rate Exceeded.", "User")
    assert refusal["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert fn.invoke("fn").error is None


def test_an_invocation_that_nobody_waits_for_counts_until_it_ends(
    fn: Lambda, region: Any, account: str, aws_error: Error
) -> None:
    fn.create(code=TELL, Timeout=20)
    fn.invoke()
    fn.client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=1)
    hasty = boto3.client(
        "lambda", endpoint_url=region.endpoint, region_name="us-east-1", aws_access_key_id=account, aws_secret_access_key="test",
        config=Config(read_timeout=3, retries={"max_attempts": 0}),
    )  # fmt: skip
    with pytest.raises(ReadTimeoutError):
        hasty.invoke(FunctionName="fn", Payload=b'{"sleep": 15}')
    hasty.close()
    assert aws_error(fn.invoke)[0] == "TooManyRequestsException"


def test_provisioned_environments_are_ready_before_they_are_used(
    fn: Lambda, eventually: Eventually, client: Any
) -> None:
    fn.create(code="print('made')\n" + TELL, Timeout=20, Publish=True)
    answer = put(fn, "1", 2)
    assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 202
    modified = answer.pop("LastModified")
    assert answer == {**NONE, "RequestedProvisionedConcurrentExecutions": 2, "Status": "IN_PROGRESS"}
    eventually(status(fn, "1"), lambda value: value == "READY")
    ready = shown(fn, "1")
    del ready["ResponseMetadata"]
    assert ready == {
        "RequestedProvisionedConcurrentExecutions": 2,
        "AllocatedProvisionedConcurrentExecutions": 2,
        "AvailableProvisionedConcurrentExecutions": 2,
        "Status": "READY",
        "LastModified": modified,
    }
    logs = client("logs")

    def lines() -> list[str]:
        streams = logs.describe_log_streams(logGroupName="/aws/lambda/fn")["logStreams"]
        assert all("[1]" in stream["logStreamName"] for stream in streams)
        return [event["message"] for event in logs.filter_log_events(logGroupName="/aws/lambda/fn")["events"]]

    eventually(lines, lambda found: found.count("made\n") == 2)
    assert not any(line.startswith("START") for line in lines())
    assert fn.invoke("fn:1").payload == ["provisioned-concurrency", "1"]
    assert fn.invoke("fn").payload == ["on-demand", "$LATEST"]
    with ThreadPoolExecutor(3) as threads:
        found = [one.payload[0] for one in threads.map(lambda _: fn.invoke("fn:1", {"sleep": 3}), range(3))]
    assert sorted(found) == ["on-demand", "provisioned-concurrency", "provisioned-concurrency"]
    for _ in range(2):
        deleted = fn.client.delete_provisioned_concurrency_config(FunctionName="fn", Qualifier="1")
        assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    eventually(lambda: fn.invoke("fn:1").payload[0], lambda kind: kind == "on-demand")


def test_it_moves_with_its_alias(fn: Lambda, eventually: Eventually, aws_error: Error) -> None:
    c = fn.client
    fn.create(code=TELL, Publish=True)
    c.update_function_code(FunctionName="fn", ZipFile=package("import time\ntime.sleep(0.5)\n" + TELL), Publish=True)
    c.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    before = c.get_function_configuration(FunctionName="fn:1")["RevisionId"]
    put(fn, "live", 1)
    eventually(status(fn, "live"), lambda value: value == "READY")
    assert c.get_function_configuration(FunctionName="fn:1")["RevisionId"] != before
    assert fn.invoke("fn:live").payload == ["provisioned-concurrency", "1"]
    assert fn.invoke("fn:1").payload[0] == "provisioned-concurrency"
    c.update_alias(FunctionName="fn", Name="live", FunctionVersion="2")
    moving = shown(fn, "live")
    assert (moving["Status"], moving["AllocatedProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 1)
    eventually(status(fn, "live"), lambda value: value == "READY")
    assert fn.invoke("fn:live").payload == ["provisioned-concurrency", "2"]
    eventually(lambda: fn.invoke("fn:1").payload[0], lambda kind: kind == "on-demand")
    c.update_alias(FunctionName="fn", Name="live", RoutingConfig={"AdditionalVersionWeights": {"1": 0.5}})
    assert aws_error(lambda: put(fn, "live", 2)) == (
        "InvalidParameterValueException", "Alias with weights can not be used with Provisioned Concurrency", 400,
    )  # fmt: skip
    c.delete_alias(FunctionName="fn", Name="live")
    eventually(lambda: fn.invoke("fn:2").payload[0], lambda kind: kind == "on-demand")


def test_configurations_are_listed(fn: Lambda, account: str) -> None:
    fn.create(Publish=True)
    for name in ("a", "b", "c"):
        fn.client.create_alias(FunctionName="fn", Name=name, FunctionVersion="1")
        put(fn, name, 1)
    listed = fn.client.list_provisioned_concurrency_configs(FunctionName="fn", MaxItems=2)
    arn = f"arn:aws:lambda:us-east-1:{account}:function:fn"
    assert [one["FunctionArn"] for one in listed["ProvisionedConcurrencyConfigs"]] == [f"{arn}:a", f"{arn}:b"]
    assert listed["ProvisionedConcurrencyConfigs"][0]["RequestedProvisionedConcurrentExecutions"] == 1
    rest = fn.client.list_provisioned_concurrency_configs(FunctionName="fn", Marker=listed["NextMarker"])
    assert [one["FunctionArn"] for one in rest["ProvisionedConcurrencyConfigs"]] == [f"{arn}:c"]
    assert "NextMarker" not in rest


def test_errors_of_provisioned_concurrency(fn: Lambda, account: str, aws_error: Error) -> None:
    c = fn.client
    arn = f"arn:aws:lambda:us-east-1:{account}:function:fn"
    invalid, conflict, missing = (
        "InvalidParameterValueException",
        "ResourceConflictException",
        "ResourceNotFoundException",
    )
    delete = c.delete_provisioned_concurrency_config
    for call in (lambda: put(fn, "1", 1), lambda: shown(fn, "1"), lambda: delete(FunctionName="fn", Qualifier="1")):
        assert aws_error(call) == (missing, f"Function not found: {arn}:1", 404)
    for call in (lambda: put(fn, "no", 1), lambda: shown(fn, "no")):
        assert aws_error(call) == (missing, f"Cannot find alias arn: {arn}:no", 404)
    fn.create(Publish=True)
    unpublished = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
    assert aws_error(lambda: put(fn, "$LATEST", 1)) == (invalid, unpublished, 400)
    no_version = (invalid, "The function resource provided must be an alias or a published version.", 400)
    assert aws_error(lambda: shown(fn, "$LATEST")) == no_version
    assert aws_error(lambda: delete(FunctionName="fn", Qualifier="$LATEST")) == no_version
    none = (
        "ProvisionedConcurrencyConfigNotFoundException",
        "No Provisioned Concurrency Config found for this function",
        404,
    )
    assert aws_error(lambda: shown(fn, "1")) == none
    for call in (lambda: put(fn, "9", 1), lambda: shown(fn, "9"), lambda: delete(FunctionName="fn", Qualifier="9")):
        assert aws_error(call) == (missing, f"Function not found: {arn}:9", 404)
    for call in (lambda: put(fn, "no", 1), lambda: shown(fn, "no"), lambda: delete(FunctionName="fn", Qualifier="no")):
        assert aws_error(call) == (missing, f"Cannot find alias arn: {arn}:no", 404)
    assert aws_error(lambda: put(fn, "1", 1001))[1] == (
        "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [1000]."
    )
    assert aws_error(lambda: put(fn, "1", 901))[1] == (
        "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum "
        "value of [100]."
    )
    c.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    put(fn, "1", 1)
    assert aws_error(lambda: put(fn, "live", 1)) == (
        conflict, "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version", 409,
    )  # fmt: skip
    delete(FunctionName="fn", Qualifier="1")
    put(fn, "live", 2)
    assert aws_error(lambda: put(fn, "1", 1)) == (
        conflict,
        "Version is pointed by a Provisioned Concurrency alias",
        409,
    )
    assert (
        aws_error(lambda: c.update_alias(FunctionName="fn", Name="live", FunctionVersion="$LATEST"))[1] == unpublished
    )
    assert aws_error(lambda: c.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=1)) == (
        invalid,
        " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency [2].",
        400,
    )
    c.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=2)
    assert aws_error(lambda: put(fn, "live", 3)) == (
        invalid,
        "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function",
        400,
    )
    assert put(fn, "live", 2)["RequestedProvisionedConcurrentExecutions"] == 2


def test_the_accounts_sum_counts_what_is_provisioned(fn: Lambda, aws_error: Error) -> None:
    for name in ("fn", "g"):
        fn.create(name, "raise ValueError\n", Publish=True)  # so that nothing is started hundreds of times
    put(fn, "1", 500)
    assert aws_error(lambda: put(fn, "1", 401, "g"))[1].endswith("below its minimum value of [100].")
    put(fn, "1", 400, "g")


def test_a_failing_initialization(fn: Lambda, eventually: Eventually) -> None:
    fn.create(code="raise ValueError('no')\n", Publish=True)
    put(fn, "1", 2)
    eventually(status(fn, "1"), lambda value: value == "FAILED")
    failed = shown(fn, "1")
    assert failed["StatusReason"] == "FUNCTION_ERROR_INIT_FAILURE"
    assert failed["AvailableProvisionedConcurrentExecutions"] == 0


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_it_is_there_again_after_a_restart(
    new_region: Callable[..., Any], account: str, how: str, eventually: Eventually
) -> None:
    region = new_region()

    fn = Lambda(region.client("lambda", key=account), _role(region, account))
    fn.create(code=TELL, Publish=True)
    fn.client.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    put(fn, "live", 1)
    getattr(region, how)()
    region.start()
    fn.client = region.client("lambda", key=account)
    eventually(status(fn, "live"), lambda value: value == "READY")
    assert fn.invoke("fn:live").payload == ["provisioned-concurrency", "1"]
    region.atoll("clock", "advance", "3h")
    assert fn.invoke("fn:live").payload == ["provisioned-concurrency", "1"]
    region.atoll("reset", "--yes")
    _role(region, account)
    fn.create(code=TELL, Publish=True)
    assert fn.invoke("fn:1").payload == ["on-demand", "1"]


def _role(region: Any, account: str) -> str:
    iam = region.client("iam", key=account)
    return str(iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"])
