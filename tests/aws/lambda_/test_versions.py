"""PublishVersion, Publish, ListVersionsByFunction, and DeleteFunction of one version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Lambda, package

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
SAYS = "def handler(event, context):\n    return [{!r}, context.function_version, context.invoked_function_arn]\n"


def numbers(fn: Lambda) -> list[str]:
    return [version["Version"] for version in fn.client.list_versions_by_function(FunctionName="fn")["Versions"]]


def change(fn: Lambda, text: str, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = fn.client.update_function_code(
        FunctionName="fn", ZipFile=package(SAYS.format(text)), **more
    )
    return answer


def test_a_version_is_a_copy_that_never_changes(fn: Lambda) -> None:
    arn = fn.create(code=SAYS.format("one"), Description="latest", Timeout=5)["FunctionArn"]
    before = fn.client.get_function_configuration(FunctionName="fn")
    version = fn.client.publish_version(FunctionName="fn", Description="first")
    assert version["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (version["Version"], version["FunctionArn"]) == ("1", f"{arn}:1")
    assert (version["Description"], version["State"], version["LastUpdateStatus"]) == ("first", "Active", "Successful")
    after = fn.client.get_function_configuration(FunctionName="fn")
    assert len({before["RevisionId"], version["RevisionId"], after["RevisionId"]}) == 3
    assert after["Description"] == "latest"
    change(fn, "two")
    fn.client.update_function_configuration(FunctionName="fn", Timeout=7)
    kept = fn.client.get_function(FunctionName="fn", Qualifier="1")["Configuration"]
    assert (kept["Timeout"], kept["RevisionId"]) == (5, version["RevisionId"])
    assert fn.invoke("fn:1").payload == ["one", "1", f"{arn}:1"]
    assert fn.invoke("fn").payload == ["two", "$LATEST", arn]
    assert fn.invoke("fn", Qualifier="$LATEST").payload == ["two", "$LATEST", f"{arn}:$LATEST"]
    assert fn.client.publish_version(FunctionName="fn")["Version"] == "2"
    answer = fn.invoke("fn", Qualifier="2")
    assert answer.payload == ["two", "2", f"{arn}:2"]
    assert answer.raw["ExecutedVersion"] == "2"
    assert "Version: 2" in answer.log


def test_what_has_not_changed_is_published_once(fn: Lambda) -> None:
    fn.create()
    first = fn.client.publish_version(FunctionName="fn")
    latest = fn.client.get_function_configuration(FunctionName="fn")["RevisionId"]
    again = fn.client.publish_version(FunctionName="fn", Description="other words")
    assert {**again, "ResponseMetadata": 0} == {**first, "ResponseMetadata": 0}
    assert fn.client.get_function_configuration(FunctionName="fn")["RevisionId"] == latest
    fn.client.update_function_configuration(FunctionName="fn", Description="new")
    assert fn.client.publish_version(FunctionName="fn")["Version"] == "2"


def test_preconditions(fn: Lambda, aws_error: Error) -> None:
    digest = fn.create()["CodeSha256"]
    assert aws_error(lambda: fn.client.publish_version(FunctionName="fn", CodeSha256="wrong")) == (
        "InvalidParameterValueException",
        f"CodeSHA256 (wrong) is different from current CodeSHA256 in $LATEST ({digest}). "
        "Please try again with the CodeSHA256 in $LATEST.",
        400,
    )
    assert aws_error(lambda: fn.client.publish_version(FunctionName="fn", RevisionId="stale")) == (
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve "
        "the latest Revision Id",
        412,
    )
    revision = fn.client.get_function_configuration(FunctionName="fn")["RevisionId"]
    assert fn.client.publish_version(FunctionName="fn", CodeSha256=digest, RevisionId=revision)["Version"] == "1"
    assert aws_error(lambda: fn.client.publish_version(FunctionName="fn", PublishTo="LATEST_PUBLISHED"))[2] == 501


def test_publishing_with_a_change(fn: Lambda) -> None:
    created = fn.create(code=SAYS.format("one"), Publish=True)
    assert (created["Version"], created["State"], created["StateReasonCode"]) == ("1", "Pending", "Creating")
    assert created["FunctionArn"].endswith(":function:fn")
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    changed = change(fn, "two", Publish=True)
    assert (changed["Version"], changed["State"], changed["StateReason"]) == (
        "2",
        "Pending",
        "The function is being created.",
    )
    assert changed["FunctionArn"].endswith(":function:fn:2")
    assert "LastUpdateStatus" not in changed
    assert [fn.invoke(name).payload[0] for name in ("fn:1", "fn:2", "fn")] == ["one", "two", "two"]


def test_versions_are_listed_by_number_in_pages(fn: Lambda) -> None:
    fn.create()
    for number in range(11):
        fn.client.update_function_configuration(FunctionName="fn", Description=str(number))
        fn.client.publish_version(FunctionName="fn")
    wanted = ["$LATEST", *map(str, range(1, 12))]
    assert numbers(fn) == wanted
    pages = fn.client.get_paginator("list_versions_by_function").paginate(
        FunctionName="fn", PaginationConfig={"PageSize": 5}
    )
    found = [[version["Version"] for version in page["Versions"]] for page in pages]
    assert [len(page) for page in found] == [5, 5, 2]
    assert [number for page in found for number in page] == wanted
    listed = fn.client.list_functions(FunctionVersion="ALL", MaxItems=7)
    rest = fn.client.list_functions(FunctionVersion="ALL", Marker=listed["NextMarker"])
    assert [one["Version"] for one in listed["Functions"] + rest["Functions"]] == wanted
    assert listed["Functions"][0]["FunctionArn"].endswith(":fn:$LATEST")
    assert listed["Functions"][1]["FunctionArn"].endswith(":fn:1")
    assert [one["Version"] for one in fn.client.list_functions()["Functions"]] == ["$LATEST"]


def test_deleting_one_version(fn: Lambda, account: str, aws_error: Error) -> None:
    c = fn.client
    missing = f"Function not found: arn:aws:lambda:us-east-1:{account}:function:fn"
    assert aws_error(lambda: c.delete_function(FunctionName="fn:7")) == ("ResourceNotFoundException", missing, 404)
    fn.create(Publish=True)
    size = c.get_account_settings()["AccountUsage"]["TotalCodeSize"]
    c.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    refused = "Unable to delete version because the following aliases reference it: [live]"
    assert aws_error(lambda: c.delete_function(FunctionName="fn", Qualifier="1")) == (
        "ResourceConflictException",
        refused,
        409,
    )
    assert aws_error(lambda: c.delete_function(FunctionName="fn", Qualifier="live")) == (
        "InvalidParameterValueException", "Deletion of aliases is not currently supported.", 400,
    )  # fmt: skip
    assert aws_error(lambda: c.delete_function(FunctionName="fn", Qualifier="$LATEST")) == (
        "InvalidParameterValueException", "$LATEST version cannot be deleted without deleting the function.", 400,
    )  # fmt: skip
    c.delete_alias(FunctionName="fn", Name="live")
    assert fn.invoke("fn:1").error is None
    assert c.delete_function(FunctionName="fn", Qualifier="1")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert c.delete_function(FunctionName="fn", Qualifier="99")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert numbers(fn) == ["$LATEST"]
    assert aws_error(lambda: c.invoke(FunctionName="fn:1")) == ("ResourceNotFoundException", f"{missing}:1", 404)
    assert c.get_account_settings()["AccountUsage"]["TotalCodeSize"] == size / 2
    assert c.publish_version(FunctionName="fn")["Version"] == "2"  # a number is never given twice
    c.delete_function(FunctionName="fn")
    assert c.get_account_settings()["AccountUsage"] == {"TotalCodeSize": 0, "FunctionCount": 0}
    fn.create()
    assert numbers(fn) == ["$LATEST"]


@pytest.mark.parametrize("qualifier", ["1", "01", "live", "$LATEST.PUBLISHED"])
def test_what_is_not_there(fn: Lambda, account: str, aws_error: Error, qualifier: str) -> None:
    fn.create()
    missing = f"Function not found: arn:aws:lambda:us-east-1:{account}:function:fn:{qualifier}"
    for call in (fn.client.get_function, fn.client.get_function_configuration, fn.client.invoke):
        assert aws_error(lambda call=call: call(FunctionName="fn", Qualifier=qualifier)) == (
            "ResourceNotFoundException",
            missing,
            404,
        )
