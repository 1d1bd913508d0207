"""A function on layers with everything that hangs on it: applied, planned again, changed in place, destroyed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.stacks.conftest import Stack

APP = """
import os
import library
def handler(event, context):
    return [library.NAME, os.environ["STEP"], os.path.exists("/opt/tool"), int(context.memory_limit_in_mb)]
"""


def pack(stack: Stack, name: str, files: Mapping[str, str]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path), content)
    (stack.directory / name).write_bytes(buffer.getvalue())


def invoke(client: Any) -> Any:
    answer = client.invoke(FunctionName="layered")
    return json.loads(answer["Payload"].read())


def test_a_function_on_layers(stack: Callable[[str], Stack]) -> None:
    layered = stack("layered-function")
    pack(layered, "app.zip", {"app.py": APP})
    pack(layered, "tools.zip", {"tool": ""})
    for step in ("0", "1"):
        pack(layered, f"library{step}.zip", {"python/library.py": f"NAME = 'library {step}'\n"})
    c = layered.region.client("lambda")

    assert "Apply complete! Resources: 10 added, 0 changed, 0 destroyed." in layered.apply().stdout
    assert invoke(c) == ["library 0", "0", True, 256]
    settings = c.get_function_configuration(FunctionName="layered")
    assert settings["LoggingConfig"] == {
        "LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "SystemLogLevel": "WARN", "LogGroup": "/own/layered",
    }  # fmt: skip
    assert c.get_runtime_management_config(FunctionName="layered")["UpdateRuntimeOn"] == "FunctionUpdate"
    assert c.get_function_recursion_config(FunctionName="layered")["RecursiveLoop"] == "Allow"
    assert layered.plan_is_empty()

    layered.edit("main.tf", "step = 0", "step = 1")
    changed = layered.apply().stdout
    assert "Apply complete! Resources: 2 added, 4 changed, 2 destroyed." in changed  # the layer and its permission anew
    assert invoke(c) == ["library 1", "1", False, 512]
    settings = c.get_function_configuration(FunctionName="layered")
    assert settings["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/own/layered"}
    assert [layer["Arn"].split(":", 6)[6] for layer in settings["Layers"]] == ["library:2"]
    assert layered.plan_is_empty()

    layered.destroy()
    for listed in (
        c.list_functions()["Functions"],
        c.list_layers()["Layers"],
        c.list_code_signing_configs()["CodeSigningConfigs"],
    ):
        assert listed == []
    assert c.get_account_settings()["AccountUsage"] == {"TotalCodeSize": 0, "FunctionCount": 0}
