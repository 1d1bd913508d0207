"""What a supervisor is asked to make: the request for one environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from atoll.lambda_runtime import extensions
from atoll.lambda_runtime.launcher import Launcher
from atoll.lambda_runtime.spec import Credentials, FunctionSpec
from atoll.lambda_runtime.variables import variables


def request(
    spec: FunctionSpec, credentials: Credentials, launcher: Launcher, *, isolated: bool, uid: int | None, stream: str, port: int,
    endpoint: str, programs: Sequence[str], group: str | None,
) -> dict[str, object]:  # fmt: skip
    """`port` is the Runtime API's, `endpoint` the region's; `programs` are the names of external extensions, `group` how to enter the
    control group."""
    code = str(spec.code.resolve())
    layers = str(spec.layers.resolve()) if spec.layers else None
    root, runtime = ("/var/task", "/var/runtime") if isolated else (code, launcher.runtime_dir)
    environment = variables(
        spec, credentials, stream=stream, runtime_api=f"127.0.0.1:{port}", endpoint=endpoint, task_root=root,
        runtime_dir=runtime,
    )  # fmt: skip
    asked: dict[str, Any] = {
        "code": code, "root": root, "uid": uid, "group": group, "layers": layers, "tmp_mb": spec.ephemeral_mb, "environment": environment,
        **launcher.request(spec, root, environment),
    }  # fmt: skip
    if programs:
        asked["extensions"] = {
            "directory": "/opt/extensions" if isolated else f"{layers}/extensions",
            "names": programs,
            "environment": extensions.environment_of(environment),
        }
    return asked
