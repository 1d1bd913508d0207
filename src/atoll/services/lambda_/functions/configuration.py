"""A function's configuration: what may be asked for, and how it is shown. Pure but for `report`, which tells the caller.

docs: API_FunctionConfiguration; shapes and messages as AWS answered (recorded by the LocalStack project).
"""

from __future__ import annotations

import base64
import hashlib
import platform
from collections.abc import Mapping
from typing import Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.lambda_runtime.spec import Logging
from atoll.services.lambda_.errors import InvalidParameterValueException, violated
from atoll.services.lambda_.functions import runtimes
from atoll.services.lambda_.moments import moment
from atoll.services.lambda_.names import Target
from atoll.services.lambda_.store import Version

MAX_ENVIRONMENT = 4096
MAX_TIMEOUT, MAX_MEMORY = 900, 10_240
RESERVED = frozenset(
    {
        "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)  # fmt: skip
"""docs: Lambda developer guide, "Defined runtime environment variables", those marked as reserved."""
UNENCRYPTED = "Atoll does not encrypt packages"
NOT_HONOURED = {
    "VpcConfig.SubnetIds": "functions run in this machine's network",
    "VpcConfig.SecurityGroupIds": "functions run in this machine's network",
    "KMSKeyArn": "Atoll does not encrypt environment variables",
}
REFUSED = {
    "FileSystemConfigs": "file systems",
    "ImageConfig": "container images",
    "CapacityProviderConfig": "capacity providers",
    "DurableConfig": "durable functions",
    "TenancyConfig": "tenant isolation",
    "PublishTo": "capacity providers",
}
LEVELS = frozenset({"ApplicationLogLevel", "SystemLogLevel"})
_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def refuse(request: Mapping[str, Any]) -> None:
    """Raises NotImplementedByAtoll for what cannot be done at all."""
    for member, what in REFUSED.items():
        if request.get(member):
            raise NotImplementedByAtoll(f"lambda: {what} ({member}).")


def check(request: Mapping[str, Any]) -> None:
    """Raises InvalidParameterValueException and ValidationFailed for what the model's shapes allow and the service does not."""
    if runtime := request.get("Runtime"):
        runtimes.check(runtime)
    if (timeout := request.get("Timeout", 0)) > MAX_TIMEOUT:
        raise violated("timeout", timeout, f"have value less than or equal to {MAX_TIMEOUT}")
    if request.get("MemorySize", 0) > MAX_MEMORY:
        raise InvalidParameterValueException(
            f"'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to {MAX_MEMORY}"
        )
    variables = request.get("Environment", {}).get("Variables", {})
    measured = msgspec.json.encode(variables)
    if len(measured) > MAX_ENVIRONMENT:
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {measured.decode()}"
        )
    if taken := [name for name in variables if name in RESERVED]:
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(taken)}"
        )


def report(ctx: Context, request: Mapping[str, Any]) -> None:
    """Says what of the request has no effect here."""
    if request.get("TracingConfig", {}).get("Mode") == "Active":
        ctx.warn("TracingConfig.Mode", "Atoll does not send traces to X-Ray")
    if request.get("SnapStart", {}).get("ApplyOn") == "PublishedVersions":
        ctx.warn("SnapStart.ApplyOn", "Atoll starts functions without snapshots")
    machine = _MACHINES.get(platform.machine(), platform.machine())
    for architecture in request.get("Architectures", ()):
        if architecture != machine:
            ctx.warn("Architectures", f"functions run on this machine's {machine}")


def changed(version: Version, request: Mapping[str, Any]) -> Version:
    """The version with what the request sets; what it does not mention stays. Raises InvalidParameterValueException for what does
    not go together."""
    changes: dict[str, Any] = {}
    for member, name in (
        ("Role", "role"),
        ("Runtime", "runtime"),
        ("Handler", "handler"),
        ("Description", "description"),
        ("Timeout", "timeout"),
        ("MemorySize", "memory"),
        ("KMSKeyArn", "kms_key"),
    ):
        if member in request:
            changes[name] = request[member]
    for member, part, name in (
        ("EphemeralStorage", "Size", "ephemeral"),
        ("TracingConfig", "Mode", "tracing"),
        ("SnapStart", "ApplyOn", "snap_start"),
        ("DeadLetterConfig", "TargetArn", "dead_letter"),
    ):
        if part in request.get(member, {}):
            changes[name] = request[member][part]
    if "Environment" in request:
        changes["environment"] = dict(request["Environment"].get("Variables", {}))
    if "Architectures" in request:
        changes["architecture"] = request["Architectures"][0]
    if "LoggingConfig" in request:
        changes["logging"] = _logging_changed(version.logging, request["LoggingConfig"])
    if "VpcConfig" in request:
        changes["vpc"] = _vpc_changed(version.vpc or {}, request["VpcConfig"])
    after = msgspec.structs.replace(version, **changes)
    if after.snap_start == "PublishedVersions" and not runtimes.SNAPSHOTS.fullmatch(after.runtime):
        raise InvalidParameterValueException(f"{after.runtime} is not supported for SnapStart enabled functions.")
    if after.runtime != version.runtime and version.runtime_updates == "Manual":
        raise InvalidParameterValueException(
            "Cannot change runtime identifier when runtime management configuration is set to 'Manual'. "
            "Change the runtime management configuration to 'Auto' or 'FunctionUpdate', then retry."
        )
    return after


def _vpc_changed(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    after = {**before, **given}
    if bool(after.get("SubnetIds")) != bool(after.get("SecurityGroupIds")):
        raise InvalidParameterValueException("SubnetIds and SecurityIds must coexist or be both empty list.")
    return after


def _logging_changed(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Levels belong to JSON: text cannot be given any, and turning to text forgets them."""
    after = {**before, **given}
    if after.get("LogFormat", "Text") == "JSON":
        return after
    if given.keys() & LEVELS:
        raise InvalidParameterValueException(
            'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request or change the '
            'LogFormat to "Json" and try again.'
        )
    return {member: value for member, value in after.items() if member not in LEVELS}


def log_group(target: Target, version: Version) -> str:
    """The log group that the function writes to."""
    return str(version.logging.get("LogGroup") or f"/aws/lambda/{target.name}")


def log_settings(version: Version) -> Logging:
    """How the function's log looks."""
    given = version.logging
    return Logging(
        given.get("LogFormat", "Text"), given.get("ApplicationLogLevel", "INFO"), given.get("SystemLogLevel", "INFO")
    )


def described(target: Target, version: Version, *, state: Mapping[str, str] | None = None) -> dict[str, Any]:
    """FunctionConfiguration. `state` gives the members that tell of its State and LastUpdateStatus."""
    output: dict[str, Any] = {
        "FunctionName": target.name,
        "FunctionArn": target.qualified_arn,
        "Runtime": version.runtime,
        "Role": version.role,
        "Handler": version.handler,
        "CodeSize": version.code_size,
        "Description": version.description,
        "Timeout": version.timeout,
        "MemorySize": version.memory,
        "LastModified": moment(version.modified),
        "CodeSha256": base64_digest(version.code),
        "Version": version.version,
        "TracingConfig": {"Mode": version.tracing},
        "RevisionId": version.revision,
        "PackageType": "Zip",
        "Architectures": [version.architecture],
        "EphemeralStorage": {"Size": version.ephemeral},
        "SnapStart": {"ApplyOn": version.snap_start, "OptimizationStatus": "Off"},
        "LoggingConfig": _logging(target, version),
        "Environment": {"Variables": version.environment} if version.environment is not None else None,
        "KMSKeyArn": version.kms_key or None,
        "DeadLetterConfig": {"TargetArn": version.dead_letter} if version.dead_letter else None,
        "VpcConfig": _vpc(version.vpc) if version.vpc is not None else None,
        "Layers": [{"Arn": layer.arn, "CodeSize": layer.size} for layer in version.layers] or None,
    }
    if state is not None:
        output |= state
        output["RuntimeVersionConfig"] = {
            "RuntimeVersionArn": version.runtime_version or runtime_version(target.region, version.runtime)
        }
    return output


SETTLED = {"State": "Active", "LastUpdateStatus": "Successful"}
CREATING = {"State": "Pending", "StateReason": "The function is being created.", "StateReasonCode": "Creating"}
UPDATING = {
    "State": "Active",
    "LastUpdateStatus": "InProgress",
    "LastUpdateStatusReason": "The function is being created.",
    "LastUpdateStatusReasonCode": "Creating",
}


def _logging(target: Target, version: Version) -> dict[str, Any]:
    levels = log_settings(version)
    shown = {"LogFormat": levels.format, "LogGroup": log_group(target, version)}
    if levels.format == "JSON":
        shown |= {"ApplicationLogLevel": levels.application_level, "SystemLogLevel": levels.system_level}
    return shown


def _vpc(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "SubnetIds": given.get("SubnetIds", []),
        "SecurityGroupIds": given.get("SecurityGroupIds", []),
        "VpcId": "",
        "Ipv6AllowedForDualStack": given.get("Ipv6AllowedForDualStack", False),
    }


def runtime_version(region: str, runtime: str) -> str:
    """The ARN of the one version of a runtime that there is."""
    return f"arn:aws:lambda:{region}::runtime:{hashlib.sha256(runtime.encode()).hexdigest()}"


def base64_digest(digest: str) -> str:
    """A digest in hex as CodeSha256 has it."""
    return base64.b64encode(bytes.fromhex(digest)).decode()
