"""The environment variables of a function: Lambda's own set, its role's credentials, and the function's own. Nothing of the host.

docs: Lambda developer guide, "Defined runtime environment variables".
"""

from __future__ import annotations

from atoll.lambda_runtime.spec import Credentials, FunctionSpec

SEARCH_PATH = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"
AMAZON_LINUX_2 = frozenset({"python3.8", "python3.9", "python3.10", "python3.11"})
"""Runtimes on Amazon Linux 2. Those on Amazon Linux 2023 lack the locale that LANG names, so that Python sets LC_CTYPE there."""
XRAY_HOST, XRAY_PORT = "127.0.0.1", "2000"
"""Where an X-Ray SDK sends its segments. Nobody listens; AWS's address is link-local, this one keeps them on the machine."""
LIBRARY_PATH = "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"


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
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_ENDPOINT_URL": endpoint,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": SEARCH_PATH,
        "LD_LIBRARY_PATH": LIBRARY_PATH,
        **_of_language(spec.runtime, task_root, runtime_dir),
        "PWD": task_root,
        "SHLVL": "0",
        **spec.environment,
        "_HANDLER": spec.handler,
        "LAMBDA_TASK_ROOT": task_root,
        "LAMBDA_RUNTIME_DIR": runtime_dir,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": f"{XRAY_HOST}:{XRAY_PORT}",
        "_AWS_XRAY_DAEMON_ADDRESS": XRAY_HOST,
        "_AWS_XRAY_DAEMON_PORT": XRAY_PORT,
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
    }


def _of_language(runtime: str, task_root: str, runtime_dir: str) -> dict[str, str]:
    """Where the language looks for modules, and Python's own."""
    if runtime.startswith("nodejs"):
        version = runtime.removeprefix("nodejs").removesuffix(".x")
        layers = f"/opt/nodejs/node{version}/node_modules:/opt/nodejs/node_modules"
        return {"NODE_PATH": f"{layers}:{runtime_dir}/node_modules:{runtime_dir}:{task_root}"}
    return {"PYTHONPATH": runtime_dir, **({} if runtime in AMAZON_LINUX_2 else {"LC_CTYPE": "C.UTF-8"})}
