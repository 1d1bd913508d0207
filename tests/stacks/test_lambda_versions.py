"""A published function, its alias, policy and provisioned concurrency: applied, changed and destroyed by terraform."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.stacks.conftest import Stack

CODE = """
import os
def handler(event, context):
    return [{!r}, os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], context.function_version]
"""


def write(directory: Path, text: str) -> None:
    with zipfile.ZipFile(directory / "app.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), CODE.format(text))


def test_apply_change_and_destroy(stack: Callable[[str], Stack]) -> None:
    functions = stack("lambda-versions")
    write(functions.directory, "one")
    assert "Apply complete! Resources: 5 added, 0 changed, 0 destroyed." in functions.apply().stdout
    client = functions.region.client("lambda")

    def answer() -> list[str]:
        found: list[str] = json.loads(client.invoke(FunctionName="fn:live")["Payload"].read())
        return found

    assert answer() == ["one", "provisioned-concurrency", "1"]
    assert functions.plan_is_empty()
    write(functions.directory, "two")
    functions.apply()
    assert client.get_alias(FunctionName="fn", Name="live")["FunctionVersion"] == "2"
    assert answer()[0] == "two"
    statement = json.loads(client.get_policy(FunctionName="fn", Qualifier="live")["Policy"])["Statement"][0]
    assert statement["Resource"].endswith(":function:fn:live")
    functions.edit("main.tf", "default = {}", 'default = { "1" = 1.0 }')
    functions.apply()
    assert answer()[0] == "one"
    assert functions.plan_is_empty()
    functions.destroy()
    assert client.list_functions()["Functions"] == []
