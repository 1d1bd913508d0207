"""When runtimes are updated, and what becomes of recursive loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .conftest import Lambda

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]


def test_runtime_updates(fn: Lambda, account: str, aws_error: Error) -> None:
    c = fn.client
    runtime = fn.create()["RuntimeVersionConfig"]["RuntimeVersionArn"]
    arn = f"arn:aws:lambda:us-east-1:{account}:function:fn"

    def shown(**named: Any) -> dict[str, Any]:
        got = c.get_runtime_management_config(FunctionName="fn", **named)
        got.pop("ResponseMetadata")
        return got  # type: ignore[no-any-return]

    assert shown() == {"UpdateRuntimeOn": "Auto", "FunctionArn": arn}
    assert shown(Qualifier="$LATEST")["FunctionArn"] == f"{arn}:$LATEST"
    put = c.put_runtime_management_config
    put(FunctionName="fn", UpdateRuntimeOn="FunctionUpdate")
    assert shown() == {"UpdateRuntimeOn": "FunctionUpdate", "FunctionArn": arn}
    answer = put(FunctionName="fn", UpdateRuntimeOn="Manual", RuntimeVersionArn=runtime)
    assert answer["RuntimeVersionArn"] == runtime
    assert shown() == {"UpdateRuntimeOn": "Manual", "FunctionArn": arn, "RuntimeVersionArn": runtime}
    settings = c.get_function_configuration(FunctionName="fn")
    assert settings["RuntimeVersionConfig"] == {"RuntimeVersionArn": runtime}
    change = c.update_function_configuration
    assert aws_error(lambda: change(FunctionName="fn", Runtime="python3.12")) == (
        "InvalidParameterValueException",
        "Cannot change runtime identifier when runtime management configuration is set to 'Manual'. Change the runtime "
        "management configuration to 'Auto' or 'FunctionUpdate', then retry.",
        400,
    )
    change(FunctionName="fn", Runtime="python3.11", Timeout=9)
    put(FunctionName="fn", UpdateRuntimeOn="Auto")
    change(FunctionName="fn", Runtime="python3.12")
    assert shown() == {"UpdateRuntimeOn": "Auto", "FunctionArn": arn}


def test_what_runtime_updates_refuse(fn: Lambda, account: str, aws_error: Error) -> None:
    c = fn.client
    runtime = fn.create()["RuntimeVersionConfig"]["RuntimeVersionArn"]
    put = c.put_runtime_management_config
    assert aws_error(lambda: put(FunctionName="fn", UpdateRuntimeOn="Manual"))[0] == "InvalidParameterValueException"
    both = {"UpdateRuntimeOn": "Auto", "RuntimeVersionArn": runtime}
    assert aws_error(lambda: put(FunctionName="fn", **both))[0] == "InvalidParameterValueException"
    assert aws_error(lambda: put(FunctionName="fn", UpdateRuntimeOn="Never"))[0] == "ValidationException"
    missing = (
        "ResourceNotFoundException",
        f"Function not found: arn:aws:lambda:us-east-1:{account}:function:none",
        404,
    )
    assert aws_error(lambda: put(FunctionName="none", UpdateRuntimeOn="Auto")) == missing
    assert aws_error(lambda: c.get_runtime_management_config(FunctionName="none")) == missing


def test_recursive_loops(fn: Lambda, account: str, aws_error: Error) -> None:
    c = fn.client
    fn.create()
    assert c.get_function_recursion_config(FunctionName="fn")["RecursiveLoop"] == "Terminate"
    for wanted in ("Allow", "Terminate"):
        assert c.put_function_recursion_config(FunctionName="fn", RecursiveLoop=wanted)["RecursiveLoop"] == wanted
        assert c.get_function_recursion_config(FunctionName="fn")["RecursiveLoop"] == wanted
    assert aws_error(lambda: c.put_function_recursion_config(FunctionName="fn", RecursiveLoop="InvalidValue")) == (
        "ValidationException",
        "1 validation error detected: Value 'InvalidValue' at 'recursiveLoop' failed to satisfy constraint: "
        "Member must satisfy enum value set: [Terminate, Allow]",
        400,
    )
    missing = (
        "ResourceNotFoundException",
        f"Function not found: arn:aws:lambda:us-east-1:{account}:function:none",
        404,
    )
    assert aws_error(lambda: c.get_function_recursion_config(FunctionName="none")) == missing
    assert aws_error(lambda: c.put_function_recursion_config(FunctionName="none", RecursiveLoop="Allow")) == missing
