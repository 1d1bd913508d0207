"""The provided.* runtimes: bootstraps of every kind, and AWS's words for those that do not start."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from harness import Harness

from atoll.lambda_runtime import sandbox
from atoll.lambda_runtime.sandbox import Capabilities
from atoll.lambda_runtime.spec import FunctionSpec

pytestmark = pytest.mark.asyncio(loop_scope="module")

Need = Callable[[object, str], None]

SHELL = """#!/bin/sh
set -eu
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
while :; do
  event=$(curl -sS -D /tmp/headers.$$ "$api/invocation/next")
  id=$(sed -n 's/^lambda-runtime-aws-request-id: *\\([^\\r]*\\).*/\\1/ip' /tmp/headers.$$)
  {answer}
done
"""
ECHO = 'curl -sS "$api/invocation/$id/response" -d "$event" >/dev/null'
PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>

static int ask(const char *request, char *answer, size_t size) {
  char *api = getenv("AWS_LAMBDA_RUNTIME_API"), host[64];
  struct sockaddr_in to = {.sin_family = AF_INET};
  strcpy(host, api);
  char *port = strchr(host, ':');
  *port++ = 0;
  to.sin_port = htons(atoi(port));
  inet_pton(AF_INET, host, &to.sin_addr);
  int s = socket(AF_INET, SOCK_STREAM, 0), n = 0, got;
  if (connect(s, (struct sockaddr *)&to, sizeof to)) return -1;
  write(s, request, strlen(request));
  while ((got = read(s, answer + n, size - n - 1)) > 0) n += got;  /* HTTP/1.0: until the other side closes */
  answer[n] = 0;
  close(s);
  return n;
}

int main(void) {
  static char answer[65536], request[65536], id[64];
  for (int count = 1;; count++) {
    if (ask("GET /2018-06-01/runtime/invocation/next HTTP/1.0\r\n\r\n", answer, sizeof answer) < 0) return 9;
    sscanf(strcasestr(answer, "lambda-runtime-aws-request-id:") + 30, "%60s", id);
    char *event = strstr(answer, "\r\n\r\n") + 4, body[4096];
    int length = snprintf(body, sizeof body, "{\"count\":%d,\"event\":%s}", count, event);
    snprintf(request, sizeof request, "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s",
             id, length, body);
    ask(request, answer, sizeof answer);
  }
}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sandbox", "no sandbox"])
async def provided(request: pytest.FixtureRequest) -> AsyncIterator[Harness]:
    """A pool, with isolation and without."""
    harness = Harness()
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "no sandbox":

            async def none() -> Capabilities:
                return Capabilities(False, "none")

            patch.setattr(sandbox, "probe", none)
        async with harness:
            yield harness


def custom(harness: Harness, files: dict[str, str | bytes], mode: int = 0o755, **changes: Any) -> FunctionSpec:
    function = harness.function(files, **{"runtime": "provided.al2023", "handler": "any"} | changes)
    for path in function.code.rglob("*"):
        path.chmod(mode)
    return function


def layers(harness: Harness, files: dict[str, str | bytes]) -> Path:
    directory = harness.function(files).code
    for path in directory.rglob("*"):
        path.chmod(0o755)
    return directory


async def fails(harness: Harness, function: FunctionSpec) -> tuple[dict[str, Any], list[str]]:
    result = await harness.invoke(function, request_id="id")
    assert result.function_error == "Unhandled"
    return json.loads(result.payload), await harness.log(function)


@pytest.mark.parametrize("runtime", ["provided.al2023", "provided.al2"])
async def test_a_shell_script(provided: Harness, need: Need, runtime: str) -> None:
    need(shutil.which("curl"), "curl")
    function = custom(provided, {"bootstrap": SHELL.replace("{answer}", ECHO)}, runtime=runtime)
    for number in range(3):
        assert json.loads((await provided.invoke(function, {"n": number})).payload) == {"n": number}
        await provided.idle(function)
    assert len(provided.environments(function)) == 1


async def test_answers_of_more_than_a_packet(provided: Harness, need: Need) -> None:
    """curl asks first whether it may send them (Expect: 100-continue)."""
    need(shutil.which("curl"), "curl")
    answer = (
        'head -c 3000000 /dev/zero | tr "\\\\0" 7 | curl -sS "$api/invocation/$id/response" --data-binary @- >/dev/null'
    )
    function = custom(provided, {"bootstrap": SHELL.replace("{answer}", answer)})
    assert (await provided.invoke(function)).payload == b"7" * 3_000_000


async def test_a_compiled_program(provided: Harness, need: Need, tmp_path: Path) -> None:
    need(shutil.which("gcc"), "gcc")
    (tmp_path / "main.c").write_text("#define _GNU_SOURCE\n" + PROGRAM)
    subprocess.run(["gcc", "-static", "-o", tmp_path / "main", tmp_path / "main.c"], check=True)  # noqa: ASYNC221
    function = custom(provided, {"bootstrap": (tmp_path / "main").read_bytes()})
    for count in (1, 2):
        assert json.loads((await provided.invoke(function, {"a": 1})).payload) == {"count": count, "event": {"a": 1}}
        await provided.idle(function)


async def test_the_environment(provided: Harness, need: Need) -> None:
    need(shutil.which("curl"), "curl")
    answer = 'env >/tmp/env.$$; curl -sS "$api/invocation/$id/response" --data-binary @/tmp/env.$$ >/dev/null'
    wrapped = {"AWS_LAMBDA_EXEC_WRAPPER": "/nowhere"}
    function = custom(provided, {"bootstrap": SHELL.replace("{answer}", answer)}, environment=wrapped, handler="a.b")
    text = (await provided.invoke(function)).payload.decode()
    found = dict(line.split("=", 1) for line in text.splitlines())
    root, runtime = found["LAMBDA_TASK_ROOT"], found["LAMBDA_RUNTIME_DIR"]
    if provided.pool.capabilities.namespaces:
        assert (root, runtime) == ("/var/task", "/var/runtime")
    assert found["PWD"] == root
    assert found["_HANDLER"] == "a.b"
    assert found["PATH"] == "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"
    assert (
        found["LD_LIBRARY_PATH"]
        == "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
    )
    assert (found["LANG"], found["TZ"]) == ("en_US.UTF-8", ":UTC")
    assert not {"AWS_EXECUTION_ENV", "PYTHONPATH", "LC_CTYPE", "HOME"} & set(found)
    assert found["AWS_LAMBDA_EXEC_WRAPPER"] == "/nowhere"


async def test_nothing_of_atoll_is_seen(harness: Harness, need: Need) -> None:
    need(shutil.which("curl"), "curl")
    answer = '(ls -A / /tmp; cat /proc/self/mountinfo) >/tmp/list; curl -sS "$api/invocation/$id/response" --data-binary @/tmp/list'
    function = custom(harness, {"bootstrap": SHELL.replace("{answer}", answer)})
    listed = (await harness.invoke(function)).payload.decode()
    assert "headers" in listed
    assert ".atoll" not in listed


async def test_the_bootstrap_of_a_layer(provided: Harness, need: Need) -> None:
    need(shutil.which("curl"), "curl")
    layer = layers(provided, {"bootstrap": SHELL.replace("{answer}", ECHO)})
    function = custom(provided, {"other": "1"}, layers=layer)
    assert json.loads((await provided.invoke(function, 5)).payload) == 5
    own = custom(provided, {"bootstrap": SHELL.replace("{answer}", ECHO.replace("$event", "own"))}, layers=layer)
    assert (await provided.invoke(own, 5)).payload == b"own"


async def test_no_bootstrap(provided: Harness) -> None:
    function = custom(provided, {"other": "1"})
    error, log = await fails(provided, function)
    places = "/var/task/bootstrap /opt/bootstrap"
    if not provided.pool.capabilities.namespaces:
        places = f"{function.code.resolve()}/bootstrap"
    text = f"RequestId: id Error: Couldn't find valid bootstrap(s): [{places}]"
    assert error == {"errorType": "Runtime.InvalidEntrypoint", "errorMessage": text}
    assert f"{text}\nRuntime.InvalidEntrypoint\n" in log
    assert sum("INIT_REPORT" in line and "Error Type: Runtime.InvalidEntrypoint" in line for line in log) == 2


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        ("#!/bin/sh\n", 0o644, "permission denied"),
        ("no program", 0o755, "exec format error"),
        (b"\x7fELF" + bytes(200), 0o755, "exec format error"),
        ("#!/no/such/interpreter\n", 0o755, "no such file or directory"),
    ],
    ids=["not executable", "text", "another machine", "no interpreter"],
)
async def test_a_bootstrap_that_does_not_start(provided: Harness, content: str | bytes, mode: int, reason: str) -> None:
    function = custom(provided, {"bootstrap": content}, mode)
    task = "/var/task" if provided.pool.capabilities.namespaces else str(function.code.resolve())
    error, _ = await fails(provided, function)
    assert error == {
        "errorType": "Runtime.InvalidEntrypoint",
        "errorMessage": f"RequestId: id Error: fork/exec {task}/bootstrap: {reason}",
    }


async def test_a_bootstrap_that_ends(provided: Harness) -> None:
    error, _ = await fails(provided, custom(provided, {"bootstrap": "#!/bin/sh\nexit 3\n"}))
    text = "RequestId: id Error: Runtime exited with error: exit status 3"
    assert error == {"errorType": "Runtime.ExitError", "errorMessage": text}


RIC_HANDLER = """
import logging
def handler(event, context):
    print("seen", context.function_name)
    if event == "fail":
        raise ValueError("no good")
    return [event, context.aws_request_id, context.get_remaining_time_in_millis() > 0]
"""


@pytest.fixture(scope="module")
def ric(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """awslambdaric as PyPI has it, for the interpreter that runs the tests."""
    directory = tmp_path_factory.mktemp("ric")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(directory), "awslambdaric==4.2.2"]
    subprocess.run(command, check=True)
    return directory


def with_ric(ric: Path) -> dict[str, str | bytes]:
    files: dict[str, str | bytes] = {
        str(path.relative_to(ric)): path.read_bytes()
        for path in ric.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and "boto" not in str(path)
    }
    return {**files, "app.py": RIC_HANDLER}


async def check_ric(harness: Harness, function: FunctionSpec) -> None:
    for number in (1, 2):
        answer = json.loads((await harness.invoke(function, number, request_id=f"id-{number}")).payload)
        assert answer == [number, f"id-{number}", True]
        await harness.idle(function)
    result = await harness.invoke(function, "fail")
    error = json.loads(result.payload)
    assert (error["errorType"], error["errorMessage"], result.function_error) == ("ValueError", "no good", "Unhandled")
    assert len(harness.environments(function)) == 1
    assert any(f"seen {function.name}" in line for line in await harness.log(function, 3))


async def test_the_official_python_client(provided: Harness, ric: Path, need: Need) -> None:
    """Under provided.al2023 the package brings the interpreter, here through the one that python3.x functions run on."""
    python = sys.executable
    if provided.pool.capabilities.namespaces:
        python = f"/usr/bin/python3.{sys.version_info.minor}"
        need(Path(python).exists(), python)
    bootstrap = f'#!/bin/sh\nexec {python} -m awslambdaric "$_HANDLER"\n'
    await check_ric(provided, custom(provided, {**with_ric(ric), "bootstrap": bootstrap}, handler="app.handler"))


async def test_the_official_python_client_in_a_python_function(provided: Harness, ric: Path) -> None:
    wrapper = '#!/bin/sh\nexec "$1" -m awslambdaric "$_HANDLER"\n'
    root = "/var/task" if provided.pool.capabilities.namespaces else None
    function = custom(provided, {**with_ric(ric), "wrapper": wrapper}, runtime=f"python3.{sys.version_info.minor}",
                      handler="app.handler")  # fmt: skip
    wrapped = {"AWS_LAMBDA_EXEC_WRAPPER": f"{root or function.code.resolve()}/wrapper"}
    await check_ric(provided, dataclasses.replace(function, environment=wrapped))
