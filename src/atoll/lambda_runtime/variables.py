"""The environment variables of a function: Lambda's own set, its role's credentials, and the function's own. Nothing of the host.

docs: Lambda developer guide, "Defined runtime environment variables".
"""

from __future__ import annotations

from atoll.lambda_runtime.spec import Credentials, FunctionSpec

LANGUAGE = "/var/lang"
"""Where the runtime's language is installed: not in the operating system's only runtime of Amazon Linux 2."""
SEARCH_PATH = f"{LANGUAGE}/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"
AMAZON_LINUX_2 = frozenset({"python3.8", "python3.9", "python3.10", "python3.11"})
"""Python on Amazon Linux 2. Amazon Linux 2023 lacks the locale that LANG names, so that Python sets LC_CTYPE there."""
XRAY_HOST, XRAY_PORT = "127.0.0.1", "2000"
"""Where an X-Ray SDK sends its segments. Nobody listens; AWS's address is link-local, this one keeps them on the machine."""
LIBRARY_PATH = f"{LANGUAGE}/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"


def variables(
    spec: FunctionSpec,
    credentials: Credentials,
    *,
    stream: str,
    runtime_api: str,
    endpoint: str,
    task_root: str,
    runtime_dir: str,
) -> dict[str, str]:
    """What a function of `spec` finds in its environment before its first invocation."""
    return {
        "AWS_LAMBDA_INITIALIZATION_TYPE": spec.initialization,
        "AWS_ENDPOINT_URL": endpoint,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": SEARCH_PATH,
        "LD_LIBRARY_PATH": LIBRARY_PATH,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": f"{XRAY_HOST}:{XRAY_PORT}",
        **_of_runtime(spec.runtime, task_root, runtime_dir),
        **spec.environment,
        "_HANDLER": spec.handler,
        "LAMBDA_TASK_ROOT": task_root,
        "LAMBDA_RUNTIME_DIR": runtime_dir,
        **({} if spec.runtime.startswith("provided.") else {"AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}"}),
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        **_logging(spec),
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
        "_AWS_XRAY_DAEMON_ADDRESS": XRAY_HOST,
        "_AWS_XRAY_DAEMON_PORT": XRAY_PORT,
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
    }


def _of_runtime(runtime: str, task_root: str, runtime_dir: str) -> dict[str, str]:
    """What differs between runtimes, as AWS was asked (recorded introspections of each)."""
    shell = {"PWD": task_root, "SHLVL": "0"}
    if runtime.startswith("python"):
        locale = {} if runtime in AMAZON_LINUX_2 else {"LC_CTYPE": "C.UTF-8"}
        return {"PYTHONPATH": runtime_dir, **shell, **locale}
    if runtime.startswith("nodejs"):
        version = runtime.removeprefix("nodejs").removesuffix(".x")
        places = (f"/opt/nodejs/node{version}/node_modules", "/opt/nodejs/node_modules", f"{runtime_dir}/node_modules")
        return {"NODE_PATH": ":".join((*places, runtime_dir, task_root)), **shell}
    if runtime == "provided.al2":
        return {
            "PATH": SEARCH_PATH.removeprefix(f"{LANGUAGE}/bin:"),
            "LD_LIBRARY_PATH": LIBRARY_PATH.removeprefix(f"{LANGUAGE}/lib:"),
        }
    return {}


def _logging(spec: FunctionSpec) -> dict[str, str]:
    """What tells runtimes and logging libraries how to log. docs: Lambda developer guide, "Advanced logging controls"."""
    if spec.logging.format != "JSON":
        return {}
    return {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": spec.logging.application_level}
