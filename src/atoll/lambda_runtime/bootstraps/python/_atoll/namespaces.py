"""Linux namespaces through libc: no process to start, nothing to install. Used by the zygote and the supervisor only.

The zygote builds the root file system once (`enter_root`) and stays in it, with the machine's own at /.host; each environment
copies that view, adds its code, /tmp and /proc (`enter_environment`), lets go of /.host, and gives up every privilege (`confine`).
docs: namespaces(7), user_namespaces(7), mount_namespaces(7), pivot_root(2), capabilities(7).
"""

import ctypes
import os
import resource
import signal

from _atoll import filters

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID = (
    0x20000,
    0x4000000,
    0x8000000,
    0x10000000,
    0x20000000,
)
CLONE_NEWCGROUP = 0x2000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE, MS_SLAVE = (
    1,
    2,
    4,
    32,
    4096,
    16384,
    1 << 18,
    1 << 19,
)
MNT_DETACH = 2
PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 4, 24, 36, 38
CAPABILITY_VERSION_3 = 0x20080522
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
# What a mount keeps when it is made read-only: in a user namespace the kernel refuses to clear these.
KEPT = {
    os.ST_NOSUID: MS_NOSUID,
    os.ST_NODEV: MS_NODEV,
    os.ST_NOEXEC: 8,
    os.ST_NOATIME: 1024,
    os.ST_NODIRATIME: 2048,
    os.ST_RELATIME: 1 << 21,
}

UID, GID = 993, 990
USER = "sbx_user1051"
PASSWD = "root:x:0:0:root:/root:/sbin/nologin\n%s:x:%d:%d::/tmp:/sbin/nologin\n"
HOST = "/.host"
SYSTEM = ("usr", "lib", "lib32", "lib64", "libx32", "bin", "sbin", "nix/store")
ETC = (
    "alternatives", "ca-certificates", "ca-certificates.conf", "crypto-policies", "gai.conf", "host.conf", "hosts", "ld.so.cache",
    "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types", "nsswitch.conf", "pki", "protocols", "resolv.conf", "services", "ssl",
)  # fmt: skip
DEVICES = ("null", "zero", "full", "random", "urandom")
PROCESSES, OPEN_FILES = 1024, 1024  # docs: Lambda quotas, "File descriptors", "Execution processes/threads"

libc = ctypes.CDLL(None, use_errno=True)


def enter_root(root, places, links, hidden):
    """Moves this process into a root file system of its own, with the machine's under /.host.

    `root` is an empty directory to build on; `places` maps paths inside to files and directories of the machine, `links` to what
    they are symbolic links to; `hidden` are directories of the machine that must not be seen through the others.
    """
    privileged = os.geteuid() == 0
    uid, gid = os.getuid(), os.getgid()
    unshare(CLONE_NEWNS | (0 if privileged else CLONE_NEWUSER))
    if not privileged:
        map_user(
            "0 %d 1" % uid, "0 %d 1" % gid
        )  # as root there, for others lose their capabilities when they start a program
    mount(None, "/", None, MS_REC | MS_SLAVE)
    mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "size=4m,mode=755")
    system(root)
    etc(root)
    devices(root)
    # The loader remembers for a process's whole life which directories of LD_LIBRARY_PATH were missing when it started.
    for directory in ("proc", "tmp", "opt/lib", "opt/python", "var/task/lib", "var/runtime/lib"):
        os.makedirs(os.path.join(root, directory), exist_ok=True)
    for target, source in places.items():
        place(source, root + target)
    for name, target in links.items():
        os.symlink(target, root + name)
    hide(root, places, hidden)
    os.makedirs(root + HOST)
    check(libc.syscall(PIVOT_ROOT[os.uname().machine], root.encode(), (root + HOST).encode()), "pivot_root")
    os.chdir("/")
    mount(None, "/", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
    check(libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def system(root):
    """The machine's programs and libraries, read-only; /lib and its like are often links into /usr."""
    for name in SYSTEM:
        source, target = os.path.join("/", name), os.path.join(root, name)
        if os.path.islink(source):
            os.symlink(os.readlink(source), target)
        elif os.path.isdir(source):
            os.makedirs(target)
            bind(source, target)


def etc(root):
    """What name resolution, the loader and TLS read, and a user for the function to be."""
    directory = os.path.join(root, "etc")
    os.mkdir(directory)
    for name in ETC:
        if os.path.exists(os.path.join("/etc", name)):
            place(os.path.join("/etc", name), os.path.join(directory, name))
    with open(os.path.join(directory, "passwd"), "w") as file:
        file.write(PASSWD % (USER, UID, GID))
    with open(os.path.join(directory, "group"), "w") as file:
        file.write("root:x:0:\n%s:x:%d:\n" % (USER, GID))


def devices(root):
    """Five harmless devices. There is no /dev/shm, as on Lambda."""
    directory = os.path.join(root, "dev")
    os.mkdir(directory)
    for name in DEVICES:
        place(os.path.join("/dev", name), os.path.join(directory, name), read_only=False)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink("/proc/self/fd/%d" % number, os.path.join(directory, name))
    os.symlink("/proc/self/fd", os.path.join(directory, "fd"))


def hide(root, places, hidden):
    """Covers each hidden directory wherever the mounts so far would show it."""
    for path in hidden:
        inside = [root + path]
        for target, source in places.items():
            if path.startswith(source.rstrip("/") + "/"):
                inside.append(os.path.join(root + target, os.path.relpath(path, source)))
        for target in inside:
            if os.path.isdir(target) and not os.path.islink(target):
                mount("tmpfs", target, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "size=4k,mode=755")


def enter_processes():
    """As process 1 of a new PID namespace: its own /proc, and mounts that nobody else sees from now on."""
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | 8)


def enter_environment(code, layers, tmp_mb, left):
    """After `enter_processes`: the function's code at /var/task, its layers at /opt (None: it has none), its own /tmp, and nothing of
    the machine. `left` are places of the zygote's own that environments do not see."""
    bind(HOST + code, "/var/task")
    if layers:
        bind(HOST + layers, "/opt")
    for path in left:
        check(libc.umount2(path.encode(), MNT_DETACH), "umount %s" % path)
    mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=%dm,nr_inodes=%d,mode=1777" % (tmp_mb, tmp_mb * 256))
    check(libc.umount2(HOST.encode(), MNT_DETACH), "umount")
    libc.sethostname(b"lambda", 6)


def name_user(uid):
    """Before `enter_environment`: gives the user that the environment will have a name and a home, for `etc` knows another's only."""
    file = "/tmp/passwd"
    mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=4k,mode=755")
    with open(file, "w") as text:
        text.write(PASSWD % (USER, uid, uid))
    bind(file, "/etc/passwd")
    check(libc.umount2(b"/tmp", MNT_DETACH), "umount /tmp")


def confine(uid):
    """Gives up every privilege for good, and sets limits. `uid` is the user to become where this process is root, else None.

    An ordinary user's environment gets a user namespace of its own, so that its processes are counted apart from its neighbours'.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if uid is None:
        unshare(CLONE_NEWUSER)
        map_user("%d 0 1" % UID, "%d 0 1" % GID)
    for limit, value in ((resource.RLIMIT_NPROC, PROCESSES), (resource.RLIMIT_NOFILE, OPEN_FILES)):
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))
    capability = 0
    while libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
        capability += 1
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    check(libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    filters.keep_to_own_sockets(libc)
    check(filters.refuse_calls(libc), "prctl")
    dumpable(False)


def dumpable(value):
    """Whether others of the same user may look into this process: not the supervisor, but the function, for its memory is watched."""
    check(libc.prctl(PR_SET_DUMPABLE, int(value), 0, 0, 0), "prctl")


def map_user(uids, gids):
    for name, text in (("setgroups", "deny"), ("uid_map", uids), ("gid_map", gids)):
        with open("/proc/self/" + name, "w") as file:
            file.write(text)


def place(source, target, read_only=True):
    """Binds a file or a directory to a path that does not exist yet."""
    source = os.path.realpath(source)
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    bind(source, target, read_only)


def bind(source, target, read_only=True):
    mount(source, target, None, MS_BIND | MS_REC)
    if read_only:
        present = os.statvfs(target).f_flag
        kept = sum(flag for shown, flag in KEPT.items() if present & shown)
        mount(None, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


def mount(source, target, kind, flags, data=None):
    arguments = [value.encode() if value is not None else None for value in (source, target, kind, data)]
    source, target, kind, data = arguments
    check(libc.mount(source, target, kind, ctypes.c_ulong(flags), data), "mount %s" % target.decode())


def fork():
    """As os.fork, into namespaces of its own, in which the child is process 1; its control group is still to come.

    What Python and its modules do after a fork is left out: it makes 0.7 MB of the zygote's memory the child's own. So it is only for a
    process with one thread, and until a fork of Python's own makes up for it: the supervisor's, of the function's process.
    """
    own = ctypes.PyDLL(None, use_errno=True)  # which does not let go of Python's lock
    spaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS
    if os.uname().machine in filters.MACHINES:
        clone = filters.MACHINES[os.uname().machine][2]
        return check(own.syscall(clone, spaces | signal.SIGCHLD, None, None, None, None), "clone")
    pid = check(own.fork(), "fork")
    if pid == 0:
        unshare(spaces)
        if check(own.fork(), "fork"):
            os._exit(0)
    return pid


def unshare(flags):
    check(libc.unshare(flags), "unshare")


def check(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (what, os.strerror(number)))
    return result
