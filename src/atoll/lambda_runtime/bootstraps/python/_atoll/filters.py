"""Linux: which system calls a function is refused, beside what it has no privilege for; and which sockets, beside those it cannot name.

Of sockets it has those of Lambda's own: no AF_VSOCK, which leads out of a virtual machine, and nothing that only the kernel's depths know.

docs: seccomp(2), user_namespaces(7), keyrings(7), landlock(7); the kernel's include/uapi/linux/audit.h, filter.h, landlock.h.
"""

import ctypes
import errno
import os
import struct

NAMESPACES = 0x7E020000  # clone's flags CLONE_NEW*: in namespaces of its own a function would have capabilities again
ANYWHERE = {
    "clone3": 435, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "mount_setattr": 442,
    "io_uring_setup": 425, "pidfd_getfd": 438,
}  # fmt: skip
MACHINES = {
    # machine: (its AUDIT_ARCH, the number from which another calling convention begins, clone, socket, what is refused)
    "x86_64": (0xC000003E, 0x40000000, 56, 41, {
        "unshare": 272, "setns": 308, "mount": 165, "umount2": 166, "pivot_root": 155, "keyctl": 250, "add_key": 248, "request_key": 249,
        "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "open_by_handle_at": 304, "syslog": 103,
    }),
    "aarch64": (0xC00000B7, 0xFFFFFFFF, 220, 198, {
        "unshare": 97, "setns": 268, "mount": 40, "umount2": 39, "pivot_root": 41, "keyctl": 219, "add_key": 217, "request_key": 218,
        "bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "open_by_handle_at": 265, "syslog": 116,
    }),
}  # fmt: skip
# AF_UNIX, AF_INET, AF_INET6, and AF_NETLINK, of which C libraries learn the machine's addresses.
FAMILIES = 1, 2, 10, 16
LOAD, EQUAL, AT_LEAST, ANY_OF, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # BPF's instructions
NUMBER, MACHINE, FIRST_ARGUMENT = 0, 4, 16  # where seccomp_data has them, on machines that put low bytes first
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF, SCOPE_ABSTRACT_UNIX_SOCKET = 444, 446, 1


class Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def program(machine):
    """The filter as BPF, empty for a machine that is not known."""
    if machine not in MACHINES:
        return b""
    arch, foreign, clone, socket, refused = MACHINES[machine]
    numbers = [number for name, number in sorted({**refused, **ANYWHERE}.items()) if name != "clone3"]
    # Jumps count the instructions to pass over, or name one of the ends.
    steps = [(LOAD, 0, 0, MACHINE), (EQUAL, 0, "refuse", arch), (LOAD, 0, 0, NUMBER), (AT_LEAST, "refuse", 0, foreign)]
    # clone3's flags are out of reach; whoever is told that it is not there uses clone.
    steps.append((EQUAL, "not there", 0, ANYWHERE["clone3"]))
    steps += [(EQUAL, "refuse", 0, number) for number in numbers]
    steps += [(EQUAL, 0, 2, clone), (LOAD, 0, 0, FIRST_ARGUMENT), (ANY_OF, "refuse", "allow", NAMESPACES)]
    steps += [(EQUAL, 0, "allow", socket), (LOAD, 0, 0, FIRST_ARGUMENT)]
    steps += [(EQUAL, "allow", 0, family) for family in FAMILIES]
    ends = {
        "no family": REFUSE | errno.EAFNOSUPPORT, "allow": ALLOW, "refuse": REFUSE | errno.EPERM, "not there": REFUSE | errno.ENOSYS,
    }  # fmt: skip
    places = {name: len(steps) + at for at, name in enumerate(ends)}
    steps += [(RETURN, 0, 0, value) for value in ends.values()]
    return b"".join(
        struct.pack("HBBI", code, *(places[to] - at - 1 if to in places else to for to in (if_so, if_not)), value)
        for at, (code, if_so, if_not, value) in enumerate(steps)
    )


PROGRAM = program(os.uname().machine)


def refuse_calls(libc):
    """For this process and all that it starts. It must have PR_SET_NO_NEW_PRIVS. Returns what prctl does."""
    if not PROGRAM:
        return 0
    return libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(Program(len(PROGRAM) // 8, PROGRAM)), 0, 0)


def keep_to_own_sockets(libc):
    """No abstract Unix sockets but those of this process and what it starts: these are not files, and no namespace here hides them. Where
    the kernel cannot do it (before 6.12, or without Landlock) they stay within reach."""
    attributes = struct.pack("QQQ", 0, 0, SCOPE_ABSTRACT_UNIX_SOCKET)
    rules = libc.syscall(LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules >= 0:
        libc.syscall(LANDLOCK_RESTRICT_SELF, rules, 0)
        os.close(rules)
