"""The zygote: a small single-threaded process that forks one environment after another from a warm interpreter.

    zygote.main(control)     once per interpreter: enters the sandbox's root, where there is one, and starts over in it
    zygote.serve(config)     inside: preloads the SDK, then answers requests until its control socket closes

On its control socket (`messages`) comes the configuration first, then one request per environment, with three descriptors: the
environment's control socket, its Runtime API connection, and its log. The command line holds none of it, because functions can read
that.
"""

import gc
import importlib
import json
import os
import signal
import socket
import sys

from _atoll import messages, processes

PRELOAD = (
    "asyncio", "base64", "boto3", "boto3.s3.inject", "boto3.session", "botocore.client", "botocore.endpoint", "botocore.httpsession",
    "botocore.loaders", "botocore.regions", "botocore.session", "collections", "concurrent.futures", "contextlib", "csv", "dataclasses",
    "datetime", "decimal", "email.mime.text", "enum", "functools", "hashlib", "hmac", "http.client", "itertools", "logging", "math",
    "random", "s3transfer.manager", "secrets", "ssl", "string", "tempfile", "threading", "typing", "urllib.request", "uuid",
)  # fmt: skip
"""What functions commonly import. `bootstrap.forget_shadowed` takes back what a function's own package also contains."""


def main(control):
    """Enters the sandbox's root and starts over in it; without namespaces it only starts over. `control` is a descriptor."""
    config = messages.receive(socket.socket(fileno=os.dup(control)))[0]
    if config["namespaces"]:
        from _atoll import namespaces

        namespaces.enter_root(config["root"], config["places"], config["links"], config["hidden"])
    code = "import sys; sys.path.insert(0, %r); from _atoll import zygote; zygote.serve(%d, %d)" % (
        config["modules"],
        control,
        hand_over(config),
    )
    os.set_inheritable(control, True)
    arguments = [config["executable"], "-s", "-c", code]
    os.execve(config["executable"], arguments, config["environment"])


def hand_over(config):
    """A descriptor from which the program that this process becomes can read the configuration."""
    reader, writer = os.pipe()
    os.write(writer, json.dumps(config).encode())  # fits a pipe's buffer
    os.close(writer)
    os.set_inheritable(reader, True)
    return reader


def serve(control, config):
    """Preloads, says so, and forks an environment per request. Takes descriptors; never returns."""
    with open(config, "rb") as file:
        config = json.load(file)
    control = socket.socket(fileno=control)
    baseline = preload(config["preload"], config["pycache"], config["namespaces"])
    fork = os.fork
    if config["namespaces"]:
        from _atoll.namespaces import fork
    wakeup, writer = processes.watch_children()
    messages.send(control, {"ready": True})
    while True:
        readable = processes.readable(control, wakeup)
        if wakeup in readable:
            os.read(wakeup, 4096)
            for _ in processes.ended():
                pass
        if control in readable:
            request, descriptors = messages.receive(control)
            if request is None:
                leave(config)
            try:
                pid = fork()
            except OSError as error:
                pid = -1
                os.write(descriptors[0], ("failed %s\n" % error).encode())
            if pid == 0:
                control.close()
                processes.begin_child(wakeup, writer)
                become(config, request, descriptors, baseline)
            for descriptor in descriptors:
                os.close(descriptor)


def leave(config):
    """Atoll is gone. Waits for the end of what it left, which is near, and removes the control groups of that. Never returns."""
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass
    if config["groups"]:
        groups = config["groups"]
        if config["namespaces"]:
            from _atoll.namespaces import HOST

            groups = HOST + groups
        for path, _, _ in os.walk(groups, topdown=False):
            try:
                os.rmdir(path)
            except OSError:  # another zygote's environments are still ending: it will see to them
                pass
    os._exit(0)


def become(config, request, descriptors, baseline):
    """In the forked child: becomes the supervisor of one environment. Never returns."""
    from _atoll import supervisor

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # which process 1 does not hear from what it started
    try:
        supervisor.supervise(config, request, descriptors, baseline)
    except BaseException as error:
        os.write(descriptors[0], ("failed %s\n" % (str(error) or repr(error))).encode())
    finally:
        os._exit(1)


def preload(functions, pycache, namespaces):
    """Imports what environments need, and where `functions` run in this interpreter, what these commonly need. Returns the modules
    that a runtime has anyway, which no function can shadow."""
    if functions:
        from _atoll import bootstrap  # noqa: F401
    baseline = frozenset(sys.modules)
    sys.pycache_prefix = pycache
    for name in (
        (PRELOAD if functions else ())
        + ("_atoll.supervisor", "_atoll.ahead")
        + (("_atoll.namespaces",) if namespaces else ())
    ):
        importlib.import_module(name)
    sys.pycache_prefix = None
    if functions:
        from _atoll import sdk

        sdk.preload()
    gc.collect()
    gc.freeze()
    return baseline
