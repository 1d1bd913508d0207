"""CreateAlias, GetAlias, ListAliases, UpdateAlias, DeleteAlias, and what an alias runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Lambda, package

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
WHO = """
TEXT = "{}"
def handler(event, context):
    return [TEXT, context.function_version, context.invoked_function_arn.split(":", 7)[7:]]
"""


def publish(fn: Lambda, text: str) -> str:
    """Gives the function code that answers `text`, and publishes it."""
    fn.client.update_function_code(FunctionName="fn", ZipFile=package(WHO.format(text)))
    return str(fn.client.publish_version(FunctionName="fn")["Version"])


def test_an_alias_runs_the_version_that_it_points_to(fn: Lambda) -> None:
    fn.create(code=WHO.format("one"))
    fn.client.publish_version(FunctionName="fn")
    alias = fn.client.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    arn = alias.pop("AliasArn")
    assert arn.endswith(":function:fn:live")
    assert fn.invoke("fn", Qualifier="live").payload == ["one", "1", ["live"]]
    publish(fn, "two")
    assert fn.invoke(arn).payload == ["one", "1", ["live"]]
    fn.client.update_alias(FunctionName="fn", Name="live", FunctionVersion="2")
    answer = fn.invoke("fn:live")
    assert answer.payload == ["two", "2", ["live"]]
    assert answer.raw["ExecutedVersion"] == "2"
    assert "Version: 2" in answer.log


def test_the_life_of_an_alias(fn: Lambda, account: str) -> None:
    c = fn.client
    fn.create(code=WHO.format("one"), Publish=True)
    publish(fn, "two")
    made = c.create_alias(
        FunctionName="fn", Name="b", FunctionVersion="1", Description="words", RoutingConfig={"AdditionalVersionWeights": {"2": 0.2}}
    )  # fmt: skip
    assert made.pop("ResponseMetadata")["HTTPStatusCode"] == 201
    assert made == {
        "AliasArn": f"arn:aws:lambda:us-east-1:{account}:function:fn:b",
        "Name": "b", "FunctionVersion": "1", "Description": "words", "RevisionId": made["RevisionId"],
        "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.2}},
    }  # fmt: skip
    shown = c.get_alias(FunctionName="fn", Name="b")
    del shown["ResponseMetadata"]
    assert shown == made
    c.create_alias(FunctionName="fn", Name="a", FunctionVersion="2")
    c.create_alias(FunctionName="fn", Name="c", FunctionVersion="$LATEST")

    def names(**request: Any) -> list[str]:
        return [alias["Name"] for alias in c.list_aliases(FunctionName="fn", **request)["Aliases"]]

    assert names() == ["a", "b", "c"]
    assert names(FunctionVersion="1") == ["b"]
    first = c.list_aliases(FunctionName="fn", MaxItems=2)
    assert [alias["Name"] for alias in first["Aliases"]] == ["a", "b"]
    assert names(Marker=first["NextMarker"]) == ["c"]
    same = c.update_alias(FunctionName="fn", Name="b")
    assert same["RevisionId"] != made["RevisionId"]
    assert {**same, "RevisionId": 0, "ResponseMetadata": 0} == {**made, "RevisionId": 0, "ResponseMetadata": 0}
    cleared = c.update_alias(
        FunctionName="fn", Name="b", RoutingConfig={}, Description="", RevisionId=same["RevisionId"]
    )
    assert "RoutingConfig" not in cleared
    assert cleared["Description"] == ""
    assert c.get_function(FunctionName="fn", Qualifier="b")["Configuration"]["FunctionArn"].endswith(":fn:b")
    configuration = c.get_function_configuration(FunctionName="fn:b")
    assert configuration["RevisionId"] == c.get_function_configuration(FunctionName="fn:1")["RevisionId"]
    for _ in range(2):
        assert c.delete_alias(FunctionName="fn", Name="b")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert names() == ["a", "c"]


def test_errors(fn: Lambda, account: str, aws_error: Error) -> None:
    c = fn.client
    arn = f"arn:aws:lambda:us-east-1:{account}:function:fn"

    def create(name: str = "live", version: str = "1", **weights: float) -> Any:
        routing = {"RoutingConfig": {"AdditionalVersionWeights": weights}} if weights else {}
        return c.create_alias(FunctionName="fn", Name=name, FunctionVersion=version, **routing)

    assert aws_error(create) == ("ResourceNotFoundException", f"Function not found: {arn}:1", 404)
    fn.create(Publish=True)
    publish(fn, "two")
    assert aws_error(lambda: create("live", "9")) == ("ResourceNotFoundException", f"Function not found: {arn}:9", 404)
    assert aws_error(lambda: create("17"))[:2] == (
        "ValidationException",
        "1 validation error detected: Value '17' at 'name' failed to satisfy constraint: Member must satisfy regular "
        "expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
    )
    assert aws_error(lambda: create("live", "$LATEST.PUBLISHED"))[2] == 501
    assert aws_error(lambda: create("live", "1", **{"1": 0.5})) == (
        "InvalidParameterValueException",
        "Invalid function version 1. Function version 1 is already included in routing configuration.",
        400,
    )
    with pytest.raises(c.exceptions.InvalidParameterValueException) as two:
        create("live", "$LATEST", **{"1": 0.5})
    text = "$LATEST is not supported for an alias pointing to more than 1 version"
    assert (two.value.response["message"], "Type" in two.value.response) == (text, False)
    assert aws_error(lambda: create("live", "1", **{"2": 0.5, "3": 0.1}))[1] == (
        "Number of items in AdditionalVersionWeights cannot be greater than 1"
    )
    assert aws_error(lambda: create("live", "1", **{"7": 0.5}))[1] == f"Function not found: {arn}:7"
    broken = "1 validation error detected: Value '{}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: "
    assert aws_error(lambda: create("live", "1", **{"2": 2.0})) == (
        "ValidationException",
        broken.format("{2=2.0}")
        + "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, "
        "Member must have value greater than or equal to 0.0, Member must not be null]",
        400,
    )
    assert aws_error(lambda: create("live", "1", **{"$LATEST": 0.5}))[1] == (
        broken.format("{$LATEST=0.5}")
        + "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, "
        "Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+, "
        "Member must not be null]"
    )
    create()
    assert aws_error(create) == ("ResourceConflictException", f"Alias already exists: {arn}:live", 409)
    assert aws_error(lambda: c.get_alias(FunctionName="fn", Name="no")) == (
        "ResourceNotFoundException", f"Cannot find alias arn: {arn}:no", 404,
    )  # fmt: skip
    assert aws_error(lambda: c.update_alias(FunctionName="fn", Name="no")) == (
        "ResourceNotFoundException", f"Alias not found: {arn}:no", 404,
    )  # fmt: skip
    assert aws_error(lambda: c.update_alias(FunctionName="fn", Name="live", RevisionId="stale")) == (
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve "
        "the latest Revision Id",
        412,
    )


def test_versions_that_share_invocations_share_a_role(fn: Lambda, client: Callable[..., Any], aws_error: Error) -> None:
    fn.create(Publish=True)
    trusted = client("iam").get_role(RoleName="fn-role")["Role"]["AssumeRolePolicyDocument"]
    other = client("iam").create_role(RoleName="other", AssumeRolePolicyDocument=json.dumps(trusted))["Role"]["Arn"]
    fn.client.update_function_configuration(FunctionName="fn", Role=other)
    fn.client.publish_version(FunctionName="fn")
    fn.client.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    shift = {"AdditionalVersionWeights": {"2": 0.5}}
    assert aws_error(lambda: fn.client.update_alias(FunctionName="fn", Name="live", RoutingConfig=shift)) == (
        "InvalidParameterValueException", "Specified versions must be associated with the same execution role", 400,
    )  # fmt: skip


def test_weights_share_out_invocations(fn: Lambda) -> None:
    fn.create(code=WHO.format("one"), Publish=True)
    publish(fn, "two")
    fn.client.create_alias(
        FunctionName="fn", Name="live", FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}
    )

    def answers(count: int) -> set[tuple[str, str]]:
        found = [fn.invoke("fn:live") for _ in range(count)]
        assert all(one.payload[2] == ["live"] for one in found)
        assert all(one.raw["ExecutedVersion"] == one.payload[1] for one in found)
        return {(one.payload[0], one.payload[1]) for one in found}

    assert answers(60) == {("one", "1"), ("two", "2")}  # that one never comes: once in 2^59 runs
    for weight, only in ((0.0, {("one", "1")}), (1.0, {("two", "2")})):
        shift = {"AdditionalVersionWeights": {"2": weight}}
        fn.client.update_alias(FunctionName="fn", Name="live", RoutingConfig=shift)
        assert answers(20) == only
