"""The supervisor: the root of an environment's process tree, and on Linux process 1 of its PID namespace.

It sets the environment up, starts the runtime, and waits: for the runtime's end, which it reports, or for its control socket to
close, which also happens when Atoll is killed. Either way everything dies with it. On its control socket it writes lines:
`pid N` (its own, as the machine counts), `exit N` or `signal N` (the runtime's end), `failed TEXT` (no environment).

Where the request says that it `waits`, the runtime is started before it is known for whom, confined from its first instruction. The
request that tells comes on the control socket; only when the environment is set up for it does the runtime hear of it, on a pipe.
"""

import json
import os
import select
import signal
import socket
import sys
import traceback

from _atoll import zygote


def supervise(config, request, descriptors, baseline):
    """Turns this process into an environment. Returns after the environment has ended."""
    control = descriptors[0]
    if config["namespaces"]:
        from _atoll import namespaces

        namespaces.unshare(
            namespaces.CLONE_NEWNS | namespaces.CLONE_NEWPID | namespaces.CLONE_NEWIPC | namespaces.CLONE_NEWUTS
        )
        if os.fork():
            os._exit(0)
        os.write(control, b"pid %s\n" % os.readlink(namespaces.HOST + "/proc/self").encode())
        namespaces.enter_processes()
    else:
        os.write(control, b"pid %d\n" % os.getpid())
    go = None
    if request.get("waits"):
        hear, go = os.pipe()
    else:
        settle(config, request, request["uid"])
    ended, wakeup = os.pipe()
    os.set_blocking(wakeup, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakeup)
    runtime = os.fork()
    if runtime == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in (control, ended, wakeup):
            os.close(descriptor)
        inherited = [descriptors[1]]
        if go is not None:
            os.close(go)
            inherited.append(hear)
            if config["namespaces"]:
                namespaces.confine(request["uid"])
        start(config, request, inherited, descriptors[2], baseline)
    for descriptor in descriptors[1:] if go is None else [*descriptors[1:], hear]:
        os.close(descriptor)
    wait(control, ended, runtime, None if go is None else lambda: assign(config, control, request["uid"], go))
    try:
        os.killpg(runtime, signal.SIGKILL)  # without a PID namespace nothing else would end the runtime's children
    except ProcessLookupError:
        pass


def settle(config, request, uid):
    """Gives the environment its files, and gives up every privilege, as the last that it does with any."""
    if config["namespaces"]:
        from _atoll import namespaces

        if uid is not None:
            namespaces.name_user(uid)
        namespaces.enter_environment(request["code"], request["layers"], request["tmp_mb"], config["left"])
        namespaces.confine(uid)


def assign(config, control, uid, go):
    """Takes the request that the runtime waits for, and tells it. Returns whether there was one: else Atoll is gone."""
    with socket.socket(fileno=os.dup(control)) as connection:
        request = zygote.receive(connection)[0]
    if request is None:
        return False
    settle(config, request, uid)
    try:
        with open(go, "wb") as pipe:
            pipe.write(json.dumps({"environment": request["environment"], "root": request["root"]}).encode())
    except BrokenPipeError:  # the runtime has ended meanwhile, which `wait` reports
        pass
    return True


def wait(control, ended, runtime, assign):
    """Returns when the runtime has ended, after reporting how, or when the control socket has closed. Reaps orphans meanwhile.

    `assign` is called when the control socket has something to say for the first time; None where it has not.
    """
    while True:
        readable = select.select([control, ended], [], [])[0]
        if control in readable:
            if assign is not None:
                if not assign():
                    return
                assign = None
            elif not os.read(control, 64):
                return
        if ended not in readable:
            continue
        os.read(ended, 4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == runtime:
                report = (
                    b"signal %d\n" % os.WTERMSIG(status)
                    if os.WIFSIGNALED(status)
                    else b"exit %d\n" % os.WEXITSTATUS(status)
                )
                os.write(control, report)
                return
            if pid == 0:
                break


def start(config, request, inherited, log, baseline):
    """In the runtime's process: its own session, its output to the log, its directory; then the runtime. Never returns.

    `inherited` are the descriptors of the Runtime API's connection and, where it waits, of the pipe on which it hears of its function.
    """
    if config["namespaces"]:
        from _atoll import namespaces

        namespaces.dumpable(True)
    status = 1
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.close(null)
        os.chdir(request["root"])
        if request["program"]:
            program = request["program"]
            if request.get("inherits"):
                program = [*program, *map(str, inherited)]
                for descriptor in inherited:
                    os.set_inheritable(descriptor, True)
            os.execve(program[0], program, request["environment"])
        from _atoll import bootstrap

        bootstrap.start(request, inherited[0], log, baseline, config["executable"])
        status = 0
    except SystemExit as error:
        status = error.code
        if status is not None and not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit((status or 0) & 0xFF)
