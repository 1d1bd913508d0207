"""The supervisor: the root of an environment's process tree, and on Linux process 1 of its PID namespace.

It sets the environment up, starts the runtime, and waits: for the runtime's end, which it reports, or for its control socket to
close, which also happens when Atoll is killed. Either way everything dies with it. On its control socket it writes lines:
`pid N` (its own, as the machine counts), `exit N` or `signal N` (the runtime's end), `entrypoint TEXT` (its program does not start),
`failed TEXT` (no environment). With extensions there is more to it: see `extensions`.
"""

import os
import signal
import sys
import traceback

from _atoll import extensions, processes, programs


def supervise(config, request, descriptors, baseline):
    """Turns this process into an environment. Returns after the environment has ended."""
    control = descriptors[0]
    join(request.get("group"), config["namespaces"])
    if config["namespaces"]:
        from _atoll import namespaces

        os.write(control, b"pid %s\n" % os.readlink(namespaces.HOST + "/proc/self").encode())
        namespaces.unshare(namespaces.CLONE_NEWCGROUP)
        namespaces.enter_processes()
    else:
        os.write(control, b"pid %d\n" % os.getpid())
    if request.get("ahead"):
        from _atoll import ahead

        ahead.supervise(config, request, descriptors)
        return
    settle(config, request, request["uid"])
    ended, wakeup = processes.watch_children()

    def fork(child, *arguments):
        pid = os.fork()
        if pid == 0:
            processes.begin_child(ended, wakeup)
            child(config, request, descriptors, *arguments)
        return pid

    if "extensions" in request:
        extensions.attend(control, ended, request["extensions"]["names"], fork, lambda: fork(start, baseline))
        return
    runtime = fork(start, baseline)
    for descriptor in descriptors[1:]:
        os.close(descriptor)
    wait(control, ended, runtime)


def join(group, namespaces, pids=(0,)):
    """Enters the environment's control group, with all that this process will start. `group` is the file to say so in, None without
    one; `pids` are the processes that enter, 0 this one."""
    if group:
        if namespaces:
            from _atoll.namespaces import HOST

            group = HOST + group
        for pid in pids:
            with open(group, "w") as file:
                file.write(str(pid))


def settle(config, request, uid):
    """Gives the environment its files, and gives up every privilege, as the last that it does with any."""
    if config["namespaces"]:
        from _atoll import namespaces

        if uid is not None:
            namespaces.name_user(uid)
        namespaces.enter_environment(request["code"], request["layers"], request["tmp_mb"], config["left"])
        namespaces.confine(uid)


def wait(control, ended, runtime):
    """Until the runtime has ended, which is reported, or the control socket has closed. Reaps orphans meanwhile."""
    while not told(control, ended, runtime):
        pass
    processes.kill(-runtime)  # without a PID namespace nothing else would end the runtime's children


def told(control, ended, runtime):
    """Waits for something to happen, and says whether it was the last."""
    readable = processes.readable(control, ended)
    if control in readable:
        if not os.read(control, 64):
            return True
        os.kill(runtime, signal.SIGTERM)  # the only message: internal extensions may still do something
    if ended in readable:
        os.read(ended, 4096)
        for pid, status in processes.ended():
            if pid == runtime:
                os.write(control, processes.line(status))
                return True
    return False


def enter_program(request, control):
    """Becomes the runtime's program. Does not return."""
    if "bootstraps" in request:
        programs.bootstrap(request["bootstraps"], request["environment"], control)
    else:
        programs.execute(request["program"], request["environment"], control)
    raise SystemExit(1)


def start(config, request, descriptors, baseline):
    """In the runtime's process: its own session, its output to the log, its directory; then the runtime. Never returns."""
    control, api, log = descriptors
    status = 1
    try:
        processes.detach(log)
        os.chdir(request["root"])
        if request["program"] is not None:
            enter_program(request, control)
        os.close(control)
        if config["namespaces"]:
            from _atoll import namespaces

            namespaces.dumpable(True)  # not before: extensions are there already, and may trace whoever is
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
