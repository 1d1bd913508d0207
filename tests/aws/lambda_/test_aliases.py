"""CreateAlias, GetAlias, ListAliases, UpdateAlias, DeleteAlias, and what an alias runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
