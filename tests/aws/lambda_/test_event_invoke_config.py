"""Configurations of asynchronous invocation. Shapes and messages as AWS's were recorded (test_lambda_eventinvokeconfig_*)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .conftest import Lambda

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
NOTHING = {"OnSuccess": {}, "OnFailure": {}}


def arn(account: str, name: str = "fn") -> str:
    return f"arn:aws:lambda:us-east-1:{account}:function:{name}"


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    """The configuration; it was changed just now."""
    assert abs(answer.pop("LastModified") - datetime.now(UTC)) < timedelta(hours=24)
    answer.pop("ResponseMetadata", None)
    return answer


def test_its_life(fn: Lambda, account: str, aws_error: Error) -> None:
    fn.create()
    base = {"DestinationConfig": NOTHING, "FunctionArn": f"{arn(account)}:$LATEST"}
    put, update = fn.client.put_function_event_invoke_config, fn.client.update_function_event_invoke_config
    get = fn.client.get_function_event_invoke_config
    assert shown(put(FunctionName="fn", MaximumRetryAttempts=0)) == base | {"MaximumRetryAttempts": 0}
    sixty = base | {"MaximumEventAgeInSeconds": 60}
    assert shown(put(FunctionName="fn", MaximumEventAgeInSeconds=60)) == sixty
    assert shown(update(FunctionName="fn", MaximumEventAgeInSeconds=60)) == sixty
    both = sixty | {"MaximumRetryAttempts": 1}
    assert shown(update(FunctionName="fn", MaximumRetryAttempts=1)) == both
    assert shown(get(FunctionName="fn")) == both
    assert shown(get(FunctionName=arn(account), Qualifier="$LATEST")) == both
    listed = fn.client.list_function_event_invoke_configs(FunctionName="fn")["FunctionEventInvokeConfigs"]
    assert [shown(one) for one in listed] == [both]
    assert "MaximumRetryAttempts" not in put(FunctionName="fn", DestinationConfig={"OnSuccess": {}})
    fn.client.delete_function_event_invoke_config(FunctionName="fn")
    assert fn.client.list_function_event_invoke_configs(FunctionName="fn")["FunctionEventInvokeConfigs"] == []
    missing = (
        "ResourceNotFoundException",
        f"The function {arn(account)}:$LATEST doesn't have an EventInvokeConfig",
        404,
    )
    for call in (get, update, fn.client.delete_function_event_invoke_config):
        more = {"MaximumRetryAttempts": 1} if call == update else {}
        assert aws_error(lambda: call(FunctionName="fn", **more)) == missing  # noqa: B023


def test_it_goes_with_the_function(fn: Lambda, aws_error: Error) -> None:
    fn.create()
    fn.client.put_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=0)
    fn.client.delete_function(FunctionName="fn")
    fn.create()
    assert aws_error(lambda: fn.client.get_function_event_invoke_config(FunctionName="fn"))[2] == 404


def test_what_is_not_there(fn: Lambda, account: str, aws_error: Error) -> None:
    fn.create()
    gone = ("ResourceNotFoundException", "The function doesn't exist.", 404)
    put, get = fn.client.put_function_event_invoke_config, fn.client.get_function_event_invoke_config
    assert aws_error(lambda: put(FunctionName="nobody", MaximumRetryAttempts=0)) == gone
    assert aws_error(lambda: put(FunctionName=arn(account, "nobody"), MaximumRetryAttempts=0)) == gone
    assert aws_error(lambda: put(FunctionName="fn", Qualifier="alias", MaximumRetryAttempts=0)) == gone
    assert (
        aws_error(lambda: fn.client.update_function_event_invoke_config(FunctionName="nobody", MaximumRetryAttempts=0))
        == gone
    )
    assert aws_error(lambda: fn.client.list_function_event_invoke_configs(FunctionName="nobody")) == gone
    for name, qualifier in (("nobody", "$LATEST"), ("fn", "1221")):
        assert aws_error(lambda: get(FunctionName=name, Qualifier=qualifier))[1] == (  # noqa: B023
            f"The function {arn(account, name)}:{qualifier} doesn't have an EventInvokeConfig"
        )
    assert aws_error(lambda: put(FunctionName="fn:1", Qualifier="2", MaximumRetryAttempts=0)) == (
        "InvalidParameterValueException",
        "The derived qualifier from the function name does not match the specified qualifier.",
        400,
    )
    assert aws_error(lambda: put(FunctionName="fn")) == (
        "InvalidParameterValueException",
        "You must specify at least one of error handling or destination setting.",
        400,
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"MaximumRetryAttempts": 3}, "Value '3' at 'maximumRetryAttempts' failed to satisfy constraint: Member must have value "
                                      "less than or equal to 2"),
        ({"MaximumEventAgeInSeconds": 59}, "Value '59' at 'maximumEventAgeInSeconds' failed to satisfy constraint: Member must "
                                           "have value greater than or equal to 60"),
        ({"MaximumEventAgeInSeconds": 21_601}, "Value '21601' at 'maximumEventAgeInSeconds' failed to satisfy constraint: Member "
                                               "must have value less than or equal to 21600"),
    ],
)  # fmt: skip
def test_limits(
    client: Callable[..., Any], fn: Lambda, settings: dict[str, Any], message: str, region: Any, account: str
) -> None:
    """Clients check them before; here they are not asked to."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError

    raw = boto3.client(
        "lambda", endpoint_url=region.endpoint, region_name="us-east-1", aws_access_key_id=account,
        aws_secret_access_key="x", config=Config(parameter_validation=False, retries={"max_attempts": 0}),
    )  # fmt: skip
    fn.create()
    with pytest.raises(ClientError) as caught:
        raw.put_function_event_invoke_config(FunctionName="fn", **settings)
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("ValidationException", f"1 validation error detected: {message}")


def test_destinations(fn: Lambda, client: Callable[..., Any], account: str, aws_error: Error) -> None:
    fn.create()
    fn.create("sink")
    put = fn.client.put_function_event_invoke_config

    def refused(member: str, destination: str) -> str:
        config = {member: {"Destination": destination}}
        code, message, status = aws_error(lambda: put(FunctionName="fn", DestinationConfig=config))
        assert (code, status) == ("InvalidParameterValueException", 400)
        return message

    nobody, sink = arn(account, "doesnotexist"), arn(account, "sink")
    allow = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": f"{arn(account, '*')}"}
    assert refused("OnSuccess", sink) == (
        f"The function's execution role does not have permissions to call InvokeFunction on {sink}"
    )
    queue = f"arn:aws:sqs:us-east-1:{account}:q"
    assert refused("OnFailure", queue) == (
        f"The function's execution role does not have permissions to call SendMessage on {queue}"
    )
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    client("iam").put_role_policy(RoleName="fn-role", PolicyName="more", PolicyDocument=document)
    assert refused("OnSuccess", nobody) == f"The destination ARN {nobody} is invalid."
    assert refused("OnSuccess", arn(account)) == "You can't specify the function as a destination for itself."
    iam = f"arn:aws:iam:us-east-1:{account}:function:fn"
    assert refused("OnSuccess", iam) == (
        f"The provided destination config DestinationConfig(onSuccess=OnSuccess(destination={iam}), onFailure=null) is invalid."
    )
    assert refused("OnSuccess", "arn:aws:s3:::bucket") == (
        "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination=arn:aws:s3:::bucket), onFailure=null) "
        "is invalid."
    )
    answer = put(FunctionName="fn", DestinationConfig={"OnSuccess": {"Destination": sink}})
    assert answer["DestinationConfig"] == {"OnSuccess": {"Destination": sink}, "OnFailure": {}}
    kept = fn.client.update_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=0)
    assert kept["DestinationConfig"] == {"OnSuccess": {"Destination": sink}, "OnFailure": {}}


def test_under_strict_a_queue_is_refused(new_region: Callable[..., Any], account: str, aws_error: Error) -> None:
    from .conftest import trust

    region = new_region("--strict")
    iam = region.client("iam", key=account)
    role = iam.create_role(RoleName="fn-role", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    fn = Lambda(region.client("lambda", key=account), role)
    queue = f"arn:aws:sqs:us-east-1:{account}:q"
    code, message, status = aws_error(lambda: fn.create(DeadLetterConfig={"TargetArn": queue}))
    assert (code, status) == ("NotImplemented", 501)
    assert "Atoll does not honour DeadLetterConfig.TargetArn of lambda:CreateFunction: Atoll has no SQS yet" in message
