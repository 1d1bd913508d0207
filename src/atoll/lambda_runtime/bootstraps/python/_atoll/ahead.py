"""The supervisor of a runtime that is started before it is known for whom.

The runtime's program is confined from its first instruction. It runs Atoll's own code until it hears of its function: the request that
tells of it comes on the supervisor's control socket, and only when the environment is set up for it does the runtime get
{environment, root}, as JSON, on a pipe.
"""

import json
import os
import socket

from _atoll import messages, processes, supervisor


def supervise(config, request, descriptors):
    """As `supervisor.supervise`. `request` has the program and the user; the program's last arguments are the descriptors of the Runtime
    API's connection and of the pipe."""
    control, api, log = descriptors
    hear, go = os.pipe()
    ended, wakeup = processes.watch_children()
    runtime = os.fork()
    if runtime == 0:
        processes.begin_child(control, ended, wakeup, go)
        begin(config, request, api, hear, log)
    for descriptor in (api, log, hear):
        os.close(descriptor)
    if control in processes.readable(control, ended) and not assign(config, control, request["uid"], runtime, go):
        processes.kill(-runtime)
    else:
        supervisor.wait(control, ended, runtime)


def begin(config, request, api, hear, log):
    """In the runtime's process: confined, its own session, its output to the log; then the program. Never returns."""
    try:
        if config["namespaces"]:
            from _atoll import namespaces

            namespaces.confine(request["uid"])
        processes.detach(log)
        for descriptor in (api, hear):
            os.set_inheritable(descriptor, True)
        program = [*request["program"], str(api), str(hear)]
        os.execve(program[0], program, request["environment"])
    except OSError as error:
        os.write(log, ("%s\n" % error).encode())
    finally:
        os._exit(1)


def assign(config, control, uid, runtime, go):
    """Takes the request that the runtime waits for, and tells it. Returns whether there was one: else Atoll is gone."""
    with socket.socket(fileno=os.dup(control)) as connection:
        request = messages.receive(connection)[0]
    if request is None:
        return False
    supervisor.join(request["group"], config["namespaces"], (0, runtime))
    supervisor.settle(config, request, uid)
    try:
        with open(go, "wb") as pipe:
            pipe.write(json.dumps({"environment": request["environment"], "root": request["root"]}).encode())
    except BrokenPipeError:  # the runtime has ended meanwhile, which `wait` reports
        pass
    return True
