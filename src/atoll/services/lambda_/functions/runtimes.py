"""Which runtimes AWS takes, and which of them Atoll can run. docs: Lambda developer guide, "Lambda runtimes"."""

from __future__ import annotations

import re

from atoll.kernel.errors import NotImplementedByAtoll
from atoll.services.lambda_.errors import InvalidParameterValueException

SUPPORTED = (
    "nodejs20.x", "python3.14", "provided.al2023", "python3.12", "python3.13", "nodejs24.x", "nodejs22.x", "java25",
    "python3.10", "python3.11", "java21", "ruby3.3", "ruby3.4", "ruby3.2", "python3.8", "python3.9", "java17",
    "nodejs16.x", "dotnet10", "dotnet8", "java11", "dotnet6", "nodejs18.x", "provided.al2", "java8.al2",
)  # fmt: skip
"""In the order of AWS's own message."""
RETIRED = frozenset(
    {
        "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "go1.x", "java8", "nodejs", "nodejs10.x",
        "nodejs12.x", "nodejs14.x", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "provided",
        "python2.7", "python3.6", "python3.7", "ruby2.5", "ruby2.7",
    }
)  # fmt: skip
EVER = (
    "ruby3.5", "ruby2.6", "dotnetcore1.0", "python3.7", "nodejs8.10", "nasa", "ruby2.7", "python2.7-greengrass",
    "dotnetcore2.0", "python3.8", "java21", "dotnet6", "dotnetcore2.1", "python3.9", "java11", "nodejs6.10", "provided",
    "dotnetcore3.1", "dotnet8", "java25", "java17", "nodejs", "nodejs4.3", "java8.al2", "go1.x", "dotnet10", "nodejs20.x",
    "go1.9", "byol", "nodejs10.x", "provided.al2023", "nodejs22.x", "python3.10", "java8", "nodejs12.x", "python3.11",
    "nodejs24.x", "nodejs8.x", "python3.12", "nodejs14.x", "nodejs8.9", "nodejs26.x", "python3.13", "python3.14",
    "nodejs16.x", "python3.15", "provided.al2", "nodejs4.3-edge", "nodejs18.x", "ruby3.2", "python3.4", "ruby3.3", "ruby3.4",
    "ruby2.5", "python3.6", "python2.7",
)  # fmt: skip
"""What layers may be listed by: all that AWS has, had or tries, in the order of its message (recorded by the LocalStack project)."""
SNAPSHOTS = re.compile(r"java(?!8)\d+|python3\.1[2-9]|dotnet([89]|\d\d)")
"""Those that SnapStart is for. docs: "Lambda SnapStart", "Supported features and limitations"."""
_RUNNABLE = re.compile(r"python3\.\d+|nodejs(18|20|22|24)\.x|provided\..+")


def known(runtime: str) -> bool:
    """Whether AWS has the runtime, or had it: a layer may be for either."""
    return runtime in SUPPORTED or runtime in RETIRED


def check(runtime: str) -> None:
    """Raises InvalidParameterValueException for what AWS does not take, NotImplementedByAtoll for what Atoll cannot run."""
    if runtime in RETIRED:
        raise InvalidParameterValueException(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. "
            "We recommend you use a supported runtime while creating or updating functions."
        )
    if runtime not in SUPPORTED:
        raise InvalidParameterValueException(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"[{', '.join(SUPPORTED)}] or be a valid ARN"
        )
    if not _RUNNABLE.fullmatch(runtime):
        runs = "python3.8 to python3.14, nodejs18.x to nodejs24.x and provided.*"
        raise NotImplementedByAtoll(f"lambda: functions of the runtime {runtime}. Atoll runs {runs}.")
