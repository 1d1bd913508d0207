"""What a function must not reach. Each runs where Atoll is root and where it is an ordinary user."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

DRIVER = Path(__file__).parent / "driver.py"
ORDINARY = "65534"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has namespaces")


@pytest.fixture(params=["root", "ordinary user"])
def user(request: pytest.FixtureRequest) -> str:
    if os.geteuid() != 0:
        if request.param == "root":
            pytest.skip("these tests run as an ordinary user")
        return ""
    return ORDINARY if request.param == "ordinary user" else ""


async def run(user: str, *jobs: tuple[str | dict[str, str], Any, dict[str, Any]]) -> list[Any]:
    """The results of functions run by a pool of `user`: [payload, function error, log tail] each."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, DRIVER, user,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "ATOLL_TEST_SECRET": "do-not-tell"},
    )  # fmt: skip
    out, err = await process.communicate(json.dumps(jobs).encode())
    assert process.returncode == 0, err.decode()
    results: list[Any] = json.loads(out)
    missing = results.pop()
    assert missing == "", "no namespaces here"
    return results


async def answer(user: str, source: str | dict[str, str], event: Any = None, **changes: Any) -> Any:
    ((payload, error, tail),) = await run(user, (source, event, changes))
    assert error is None, (payload, tail)
    return payload


async def test_files(user: str) -> None:
    source = """
import os
def writable(path):
    try:
        open(os.path.join(path, "probe"), "w").close()
        return True
    except OSError:
        return False
def handler(event, context):
    everywhere = [d for d, _, _ in os.walk("/") if not d.startswith("/proc")]
    return {
        "top": sorted(os.listdir("/")),
        "host": os.listdir("/.host"),
        "task": os.listdir("/var/task"),
        "etc": sorted(os.listdir("/etc")),
        "seen": [path for path in event if os.path.exists(path)],
        "writable": [d for d in everywhere if writable(d)],
        "dev": sorted(os.listdir("/dev")),
        "packages": [os.path.join(d, "lambda.py") for d, _, names in os.walk("/") if "lambda.py" in names],
    }
"""
    forbidden = [
        "/root",
        "/home",
        "/work",
        "/etc/shadow",
        "/sys",
        "/boot",
        str(Path.cwd()),
        str(Path(__file__)),
        sys.prefix,
    ]
    forbidden += [str(Path(sys.base_prefix).parent)] if not sys.base_prefix.startswith("/usr") else []
    other: tuple[str, Any, dict[str, Any]] = ("def handler(event, context): return 'the other function'", None, {})
    _, ((found, _, _)) = await run(user, other, (source, forbidden, {}))
    assert found["packages"] == ["/var/task/lambda.py"]
    assert found["seen"] == []
    system = {"bin", "lib", "lib32", "lib64", "libx32", "nix", "sbin", "usr"}
    assert set(found["top"]) - system == {".host", "dev", "etc", "opt", "proc", "tmp", "var"}
    assert found["host"] == []
    assert found["task"] == ["lambda.py"]
    assert found["writable"] == ["/tmp"]
    assert found["dev"] == ["fd", "full", "null", "random", "stderr", "stdin", "stdout", "urandom", "zero"]


async def test_processes(user: str) -> None:
    source = """
import os, signal
def handler(event, context):
    pids = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    refused = []
    for pid in event:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError as error:
            refused.append(type(error).__name__)
    try:
        os.kill(1, signal.SIGKILL)
    except PermissionError:
        pass
    return [pids, os.getpid(), refused, os.getsid(0) == os.getpid()]
"""
    host = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        found = await answer(user, source, [host.pid, os.getpid(), os.getppid()])
        assert host.returncode is None
    finally:
        host.kill()
        await host.wait()
    assert found == [[1, 2], 2, ["ProcessLookupError"] * 3, True]


async def test_privileges(user: str) -> None:
    source = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def attempt(call):
    try:
        return call()
    except OSError:
        return "refused"
def handler(event, context):
    status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
    return {
        "caps": {status[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16},
        "new privileges": status["NoNewPrivs"],
        "uid is not root": os.getuid() != 0,
        "mount": libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None),
        "umount": libc.umount2(b"/var/task", 2),
        "remount": libc.mount(None, b"/var/task", None, 32 | 4096, None),
        "chroot": attempt(lambda: os.chroot("/tmp")),
        "setuid": attempt(lambda: os.setuid(0)),
        "core pattern": attempt(lambda: open("/proc/sys/kernel/core_pattern", "w").close()),
        "sysrq": attempt(lambda: open("/proc/sysrq-trigger", "w").close()),
        "init's memory": attempt(lambda: open("/proc/1/mem", "rb").close()),
        "init's environment": attempt(lambda: open("/proc/1/environ", "rb").read().decode()),
        "trace init": libc.ptrace(16, 1, None, None),
    }
"""
    assert await answer(user, source) == {
        "caps": True,
        "new privileges": "1",
        "uid is not root": True,
        "mount": -1,
        "umount": -1,
        "remount": -1,
        "chroot": "refused",
        "setuid": "refused",
        "core pattern": "refused",
        "sysrq": "refused",
        "init's memory": "refused",
        "init's environment": "refused",
        "trace init": -1,
    }


async def test_the_hosts_environment_and_command_lines(user: str) -> None:
    source = """
import os
def handler(event, context):
    found = dict(os.environ)
    raw = "".join(open(f"/proc/{pid}/{name}").read() for pid in ("self", 2) for name in ("environ", "cmdline"))
    return [str(found), raw, open("/proc/1/cmdline").read()]
"""
    for text in await answer(user, source):
        assert "do-not-tell" not in text
        assert str(Path(__file__).parents[3]) not in text


async def test_size_of_tmp_and_its_privacy(user: str) -> None:
    source = """
import os
def handler(event, context):
    before = os.listdir("/tmp")
    try:
        with open("/tmp/fill", "wb") as file:
            for _ in range(2048):
                file.write(b"x" * (1 << 20))
    except OSError as error:
        return [before, error.strerror, os.path.getsize("/tmp/fill") >> 20]
"""
    results = await run(user, (source, None, {"ephemeral_mb": 64}), (source, None, {"ephemeral_mb": 32}))
    assert [payload for payload, _, _ in results] == [
        [[], "No space left on device", 64],
        [[], "No space left on device", 32],
    ]


async def test_the_disk_cannot_be_filled(user: str) -> None:
    """/tmp takes so many bytes and so many files; nothing else takes any."""
    source = """
import os
def attempt(path):
    try:
        with open(path, "ab") as file:
            file.write(b"x")
        return "written"
    except OSError as error:
        return error.strerror
def handler(event, context):
    count = 0
    try:
        while True:
            os.mkdir(f"/tmp/{count}")
            count += 1
    except OSError as error:
        full = error.strerror
    places = ["/var/task/lambda.py", "/var/task/new", "/opt/new", "/var/runtime/new", "/var/lang/new", "/new", "/etc/passwd", "/dev/new",
              "/usr/new", "/.host/new", "/dev/shm/new", "/proc/new"]
    return [count, full, sorted({attempt(path) for path in places})]
"""
    count, full, refused = await answer(user, source, ephemeral_mb=16, timeout=60.0)
    assert full == "No space left on device"
    assert 4000 < count <= 16 * 256
    assert "written" not in refused
    assert set(refused) <= {"Read-only file system", "No such file or directory", "Permission denied"}


async def test_system_calls_that_are_refused(user: str) -> None:
    """No namespaces in which it would have privileges again, no keyrings that are Atoll's, too, no way around the C library."""
    source = """
import ctypes, errno, os, platform, subprocess, threading
from _atoll import filters
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    result = libc.syscall(number, *arguments)
    return errno.errorcode[ctypes.get_errno()] if result < 0 else result
def handler(event, context):
    _, foreign, clone, _, refused = filters.MACHINES[platform.machine()]
    answers = {name: call(number, 0, 0, 0, 0, 0) for name, number in {**filters.ANYWHERE, **refused}.items()}
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    return {
        "not there": [name for name, answer in answers.items() if answer == "ENOSYS"],
        "let through": [name for name, answer in answers.items() if answer not in ("EPERM", "ENOSYS")],
        "user namespace": call(clone, 0x10000011, 0, 0, 0, 0),
        "by another convention": call(foreign + 39) if foreign < 1 << 31 else "EPERM",
        "a child": subprocess.run(["/bin/sh", "-c", "echo alive"], capture_output=True, text=True).stdout,
    }
"""
    assert await answer(user, source) == {
        "not there": ["clone3"],
        "let through": [],
        "user namespace": "EPERM",
        "by another convention": "EPERM",
        "a child": "alive\n",
    }


async def test_sockets_that_there_are(user: str) -> None:
    """A function gets no further than the network: not to what runs a virtual machine, nor at what of the kernel nobody needs."""
    source = """
import errno, socket
def made(family, kind):
    try:
        socket.socket(family, kind).close()
        return "made"
    except OSError as error:
        return errno.errorcode[error.errno]
def handler(event, context):
    return {str(family): [made(family, kind) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET)]
            for family in range(1, 46)}
"""
    found = await answer(user, source)
    assert all("made" in found[str(int(family))] for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_NETLINK))
    others = {number: answers for number, answers in found.items() if int(number) not in (1, 2, 10, 16)}
    assert all(answers == ["EAFNOSUPPORT"] * 3 for answers in others.values()), others


async def test_limits_cannot_be_raised(user: str) -> None:
    source = """
import os, resource
def handler(event, context):
    found = {}
    for name in ("NPROC", "NOFILE", "CORE"):
        limit = getattr(resource, "RLIMIT_" + name)
        soft, hard = resource.getrlimit(limit)
        try:
            resource.setrlimit(limit, (hard + 1, hard + 1))
            found[name] = "raised"
        except (OSError, ValueError):
            found[name] = [soft, hard]
    opened = []
    try:
        while True:
            opened.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as error:
        reason = error.strerror
    for descriptor in opened:
        os.close(descriptor)
    return [found, reason, 900 < len(opened) < 1024, os.path.exists("/dev/shm")]
"""
    limits = {"NPROC": [1024, 1024], "NOFILE": [1024, 1024], "CORE": [0, 0]}
    assert await answer(user, source) == [limits, "Too many open files", True, False]


async def test_programs_that_give_privileges_give_none(user: str) -> None:
    """A set-user-id program starts as whoever calls it."""
    source = """
import os, stat, subprocess
def handler(event, context):
    found = [path for directory in ("/usr/bin", "/usr/sbin") for name in os.listdir(directory)
             if os.path.isfile(path := os.path.join(directory, name)) and os.stat(path).st_mode & stat.S_ISUID]
    os.makedirs("/tmp/bin")
    with open("/bin/sh", "rb") as shell, open("/tmp/bin/sh", "wb") as copy:
        copy.write(shell.read())
    os.chmod("/tmp/bin/sh", 0o6755)
    uids = subprocess.run(["/tmp/bin/sh", "-p", "-c", "while read -r l; do case $l in Uid*) echo $l; esac; done < /proc/self/status"],
                          capture_output=True, text=True).stdout.split()[1:]
    su = [subprocess.run([path, "-c", "id -u"], capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
          for path in found if path.endswith("/su")]
    return [set(uids) == {str(os.getuid())}, su]
"""
    own, su = await answer(user, source)
    assert own is True
    assert not any(su)


async def test_other_programs_sockets(user: str) -> None:
    """Abstract Unix sockets have no file that could be hidden; Landlock keeps functions to their own. Ports cannot be taken over."""
    source = """
import os, socket
def attempt(call):
    try:
        call()
        return "let in"
    except OSError as error:
        return error.strerror
def handler(event, context):
    own = socket.socket(socket.AF_UNIX)
    own.bind("\\0of the function")
    own.listen()
    port = int(os.environ["AWS_LAMBDA_RUNTIME_API"].rsplit(":", 1)[1])
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return [
        attempt(lambda: socket.socket(socket.AF_UNIX).connect("\\0of the function")),
        attempt(lambda: socket.socket(socket.AF_UNIX).connect("\\0" + event)),
        attempt(lambda: taken.bind(("127.0.0.1", port))),
    ]
"""
    name = f"atoll-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as host:
        host.bind(f"\0{name}")
        host.listen()
        own, others, port = await answer(user, source, name)
    assert own == "let in"
    assert others == ("Operation not permitted" if landlock() >= 6 else "let in")
    assert port == "Address already in use"


def landlock() -> int:
    """The version of the kernel's Landlock, negative without it."""
    return int(ctypes.CDLL(None).syscall(444, None, 0, 1))


BASH = r"""#!/bin/bash
IFS=: read -r host port <<< "$AWS_LAMBDA_RUNTIME_API"
while exec 3<>"/dev/tcp/$host/$port"; do
    printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: runtime\r\n\r\n' >&3
    while read -r -u 3 name value && [ "$name" != $'\r' ] && [ -n "$name" ]; do
        case "${name,,}" in lambda-runtime-aws-request-id:) id=${value%$'\r'};; esac
    done
    found=$(handler 2>&1 | tr '\n"\\' ';..')
    printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: runtime\r\nContent-Length: %d\r\n\r\n"%s"' \
        "$id" $((${#found} + 2)) "$found" >&3
    read -r -u 3 _
    exec 3>&-
done
"""


async def test_escapes_of_another_program(user: str) -> None:
    """A shell, started by the supervisor rather than forked from the zygote, is kept in the same way."""
    handler = r"""handler() {
    for path in HIDDEN; do [ -e "$path" ] && echo "sees $path"; done
    for path in / /var/task /opt /var/runtime /etc /usr /dev /.host; do (: > "$path/new") 2>/dev/null && echo "writes $path"; done
    for pid in /proc/[0-9]*; do case ${pid#/proc/} in 1) ;; *) tr '\0' '\n' < "$pid/environ" | grep do-not-tell;; esac; done
    (tr '\0' '\n' < /proc/1/environ) 2>/dev/null && echo "reads init's environment"
    kill -9 1 2>/dev/null && [ ! -d /proc/1 ] && echo "ended init"
    kill -9 HOST 2>/dev/null && echo "signalled the host"
    unshare -Ur true 2>/dev/null && echo "made a user namespace"
    mount -t tmpfs none /tmp 2>/dev/null && echo "mounted"
    ulimit -u 100000 2>/dev/null && echo "raised a limit"
    grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr -s '\t ' ' '
    ls /.host /sys /.atoll/lang /.atoll/modules/_atoll 2>/dev/null | grep -v ':$' | tr -d '\n'
}
"""
    hidden = ["/root", "/home", "/work", "/etc/shadow", "/sys", "/boot", str(Path.cwd()), sys.prefix]
    handler = handler.replace("HIDDEN", " ".join(hidden)).replace("HOST", str(os.getpid()))
    shebang, rest = BASH.split("\n", 1)
    files = {"bootstrap": f"{shebang}\n{handler}{rest}"}
    found = await answer(user, files, runtime="provided.al2023", handler="any")  # type: ignore[arg-type]
    none = "0" * 16
    assert [line for line in found.split(";") if line] == [
        f"CapEff: {none}", f"CapBnd: {none}", "NoNewPrivs: 1", "Seccomp: 2",
    ]  # fmt: skip


async def test_a_fork_bomb_stays_inside(user: str) -> None:
    source = """
import os, time
def handler(event, context):
    children = 0
    try:
        while True:
            if os.fork() == 0:
                time.sleep(100)
                os._exit(0)
            children += 1
    except OSError:
        return children
"""
    bomb, fine = await run(
        user, (source, None, {"timeout": 30.0, "memory_mb": 3008}), ("def handler(e, c): return 1", None, {})
    )
    assert bomb[1] is not None or 900 < bomb[0] <= 1024
    assert fine[0] == 1


async def test_a_neighbours_runtime_api(user: str) -> None:
    """A function that knows its neighbour's port is not let in; its own it may use."""
    holder = """
import os
def handler(event, context):
    return os.environ["AWS_LAMBDA_RUNTIME_API"]
"""
    intruder = """
import http.client, os
def status(port):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("POST", "/2018-06-01/runtime/invocation/x/response", "1")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
def handler(event, context):
    own = int(os.environ["AWS_LAMBDA_RUNTIME_API"].rsplit(":", 1)[1])
    others = []
    for line in open("/proc/net/tcp").read().splitlines()[1:]:
        address, state = line.split()[1], line.split()[3]
        port = int(address.split(":")[1], 16)
        if state == "0A" and address.startswith("0100007F") and port in range(own - 200, own + 200) and port != own:
            others.append(port)
    return [status(own), own, others, [status(port) for port in others]]
"""
    keeper, other = await run(user, (holder, None, {}), (intruder, None, {}))
    neighbour = int(keeper[0].rsplit(":", 1)[1])
    own_status, own, others, statuses = other[0]
    assert own_status == 400  # let in: it is just not the id of an invocation
    assert own != neighbour
    if neighbour in others:
        assert statuses[others.index(neighbour)] in ("BrokenPipeError", "ConnectionResetError", "RemoteDisconnected")


async def test_a_custom_runtime(user: str) -> None:
    bootstrap = """#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
curl -s -D /tmp/headers $api/next >/dev/null
id=$(sed -n 's/^lambda-runtime-aws-request-id: *\\([^\\r]*\\).*/\\1/ip' /tmp/headers)
list() { ls -A $1 | sed 's/.*/"&"/' | paste -sd,; }
curl -s $api/$id/response -d "{\\"root\\": [$(list /)], \\"tmp\\": [$(list /tmp)], \\"mounts\\": $(grep -c atoll /proc/self/mountinfo)}"
"""
    found = await answer(user, {"bootstrap": bootstrap}, runtime="provided.al2023")
    assert ".atoll" not in found["root"]
    assert (found["tmp"], found["mounts"]) == (["headers"], 1)  # the code, which lies in the pool's directory
