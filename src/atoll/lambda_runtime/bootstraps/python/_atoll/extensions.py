"""The supervisor of an environment with external extensions.

It starts these, and the runtime when Atoll says so; the end of none ends it. On its control socket it writes, beside `exit N` or
`signal N` of the runtime, `extension [NAME, REASON]` (JSON) of one that has ended or did not start, and reads messages as the zygote
does: {"do": "start"} the runtime, {"do": "terminate"} it, {"do": "kill"} it or the extension of that "name".
"""

import json
import os
import signal
import socket

from _atoll import messages, processes, programs


def attend(control, ended, names, fork, start):
    """Returns when the control socket has closed, and every process was told to end. `fork(child, …)` forks, `start()` the runtime."""
    running = {fork(become, name): name for name in names}
    connection = socket.socket(fileno=control)
    while True:
        readable = processes.readable(connection, ended)
        if ended in readable:
            os.read(ended, 4096)
            reap(connection, running)
        if connection in readable:
            message = messages.receive(connection)[0]
            if message is None:
                break
            if message["do"] == "start":
                running[start()] = None
            else:
                number = signal.SIGTERM if message["do"] == "terminate" else signal.SIGKILL
                send(running, message.get("name"), number)
    for pid in running:
        processes.kill(-pid)


def become(_config, request, descriptors, name):
    """In a process of its own: the extension. Never returns."""
    control, _, log = descriptors
    asked = request["extensions"]
    path = os.path.join(asked["directory"], name)
    try:
        processes.detach(log)
        os.chdir("/")
        os.set_inheritable(control, False)
        os.execve(path, [path], asked["environment"])
    except OSError as error:
        say(control, name, programs.reason(path, error))
    finally:
        os._exit(1)


def reap(connection, running):
    """Tells of whoever has ended; orphans have no name."""
    for pid, status in processes.ended():
        if pid not in running:
            continue
        name = running.pop(pid)
        if name is None:
            connection.sendall(processes.line(status))
        else:
            say(connection.fileno(), name, reason(status))
        processes.kill(-pid)  # what it leaves behind


def reason(status):
    """Why an extension has ended, as AWS's own supervisor puts it."""
    if os.WIFSIGNALED(status):
        return "signal: %s" % signal.strsignal(os.WTERMSIG(status)).lower()
    code = os.WEXITSTATUS(status)
    return "exit status %d" % code if code else "exit code 0"


def say(control, name, reason):
    os.write(control, b"extension %s\n" % json.dumps([name, reason]).encode())


def send(running, name, number):
    for pid, other in running.items():
        if other == name:
            processes.kill(-pid if number == signal.SIGKILL else pid, number)
