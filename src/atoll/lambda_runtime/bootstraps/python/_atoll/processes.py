"""The processes that zygotes and supervisors fork: how one hears that they have ended, what becomes of one at its start, how it ends."""

import os
import select
import signal


def readable(*sources):
    """Those of the sources (sockets, descriptors) that have something to read, as soon as one has.

    Not by select(), which takes no descriptor above 1,023: ours have the numbers that they have in the region, where each of its
    connections is one.
    """
    poll = select.poll()
    found = {source if isinstance(source, int) else source.fileno(): source for source in sources}
    for descriptor in found:
        poll.register(descriptor, select.POLLIN)
    return [found[descriptor] for descriptor, _ in poll.poll()]


def watch_children():
    """A pipe that turns readable when a child has ended: its two descriptors."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer)
    return reader, writer


def begin_child(*descriptors):
    """In a child of who watches its children: as if nobody had, with these descriptors closed."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for descriptor in descriptors:
        os.close(descriptor)


def detach(log):
    """A session of its own, nothing to read, and its output to the log."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(null)


def ended():
    """Reaps every child that has ended, orphans that were adopted too: their process ids and statuses."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, status


def line(status):
    """What the control socket is told of the runtime's end."""
    if os.WIFSIGNALED(status):
        return b"signal %d\n" % os.WTERMSIG(status)
    return b"exit %d\n" % os.WEXITSTATUS(status)


def kill(pid, number=signal.SIGKILL):
    """Signals a process, or of a negative number the group; it may be gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
