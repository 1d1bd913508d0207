"""The supervisor: the root of an environment's process tree, and on Linux process 1 of its PID namespace.

It sets the environment up, starts the runtime, and waits: for the runtime's end, which it reports, or for its control socket to
close, which also happens when Atoll is killed. Either way everything dies with it. On its control socket it writes lines:
`pid N` (its own, as the machine counts), `exit N` or `signal N` (the runtime's end), `failed TEXT` (no environment).
"""

import os
import select
import signal
import sys
import traceback


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
    if request.get("ahead"):
        from _atoll import ahead

        ahead.supervise(config, request, descriptors)
        return
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
        start(config, request, descriptors[1], descriptors[2], baseline)
    for descriptor in descriptors[1:]:
        os.close(descriptor)
    wait(control, ended, runtime)
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


def wait(control, ended, runtime):
    """Returns when the runtime has ended, after reporting how, or when the control socket has closed. Reaps orphans meanwhile."""
    while True:
        readable = select.select([control, ended], [], [])[0]
        if control in readable and not os.read(control, 64):
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


def start(config, request, api, log, baseline):
    """In the runtime's process: its own session, its output to the log, its directory; then the runtime. Never returns."""
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
            os.execve(request["program"][0], request["program"], request["environment"])
        from _atoll import bootstrap

        bootstrap.start(request, api, log, baseline, config["executable"])
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
