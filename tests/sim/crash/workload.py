"""What the crash test's writers write, and what must hold of it after any crash. Shared by the writing process and its judge."""

from __future__ import annotations

import hashlib
from typing import Any

from atoll.kernel import blobs, tasks
from atoll.kernel.keys import Key, under
from atoll.kernel.region import Kernel
from atoll.kernel.store.api import Reader, Transaction, counter

WRITERS = 8
KEPT = 20
"""Each writer's last transactions whose items are kept; the one before them is cleared by the next."""
ROOT: Key = ("111122223333", "us-east-1", "crash")
TASK_KIND, TASK_STEPS = "crash.steps", 3


class Refused(Exception):
    """Leaves a transaction that must leave nothing."""


class Violation(AssertionError):
    """A promise of the store was broken."""


def require(holds: object, what: str) -> None:
    if not holds:
        raise Violation(what)


def blob_content(writer: int, n: int) -> bytes:
    return b"%d:%d;" % (writer, n) * 500


def apply(tx: Transaction, writer: int, n: int, digest: str) -> None:
    """Transaction `n` of `writer`: items that must agree, counters, a log entry, now and then a task or a blob."""
    require(
        int(tx.get((*ROOT, "last", writer)) or b"-1") == n - 1, f"writer {writer} does not see its transaction {n - 1}"
    )
    items = 2 + (writer + n) % 4
    for item in range(items):
        tx.set((*ROOT, "item", writer, n, item), b"%d:%d:%d " % (writer, n, items) * 20)
    old = (*ROOT, "item", writer, n - KEPT)
    tx.add((*ROOT, "items"), items - len(list(tx.scan(under(old)))))
    tx.clear_range(under(old))
    tx.set((*ROOT, "last", writer), b"%d" % n)
    tx.set((*ROOT, "register"), b"%d" % (int(tx.get((*ROOT, "register")) or b"0") + 1))
    tx.add((*ROOT, "count", writer), 1)
    tx.append((*ROOT, "log", writer), b"%d" % n)
    tx.append((*ROOT, "log", "all"), b"%d:%d" % (writer, n))
    if digest:
        blobs.link(tx, digest, (*ROOT, "blob", writer, n))
        tx.set((*ROOT, "blob", writer, n), digest.encode())
    if n % 25 == 7:
        tasks.start(
            tx, f"crash-{writer}-{n}", TASK_KIND, "111122223333", "us-east-1", {"id": f"{writer}-{n}", "step": 0}
        )
        tx.set((*ROOT, "started", f"{writer}-{n}"), b"")


def refuse(tx: Transaction, writer: int) -> None:
    """Writes much and leaves nothing."""
    tx.set((*ROOT, "refused", writer), b"")
    tx.clear_range(under((*ROOT, "item")))
    tx.add((*ROOT, "items"), 1000)
    tx.append((*ROOT, "log", "all"), b"refused")
    raise Refused


async def task_step(ctx: Any, state: dict[str, Any]) -> dict[str, Any] | None:
    """A step that may run twice: it counts only what it finds undone."""
    name, step = state["id"], state["step"]

    def work(tx: Transaction) -> None:
        if tx.get((*ROOT, "step", name, step)) is None:
            tx.set((*ROOT, "step", name, step), b"")
            tx.add((*ROOT, "steps"), 1)

    await ctx.store.transact(work)
    return {"id": name, "step": step + 1} if step + 1 < TASK_STEPS else None


async def check(kernel: Kernel, acknowledged: dict[int, int], lives: int) -> dict[int, int]:
    """Raises Violation unless all that was acknowledged (the last transaction of each writer) is there, whole, and nothing half.

    Returns the last transaction of each writer that is there. `lives` is how often the writers were killed since that was last known.
    """
    found = await kernel.store.read(_check)
    for writer, n in acknowledged.items():
        # A writer sends one transaction at a time: in each of its lives at most one may be there that it was not told of.
        last = found["last"].get(writer, -1)
        require(n <= last <= n + lives, f"writer {writer}: {n} was acknowledged, {last} is there")
    for (writer, n), digest in found["blobs"].items():
        try:
            content = await kernel.blobs.get(digest)
        except FileNotFoundError:
            raise Violation(f"the blob of {writer}:{n} is lost") from None
        require(content == blob_content(writer, n), f"the blob of {writer}:{n} is torn")
        require(hashlib.sha256(content).hexdigest() == digest, "a blob lies under a wrong name")
    last_of: dict[int, int] = found["last"]
    return last_of


def _check(tx: Reader) -> dict[str, Any]:
    rows = list(tx.scan(under(ROOT)))

    def part(name: str) -> dict[Key, bytes]:
        return {key[len(ROOT) + 1 :]: value for key, value in rows if key[len(ROOT)] == name}

    last = {int(str(key[0])): int(value) for key, value in part("last").items()}
    items = part("item")
    expected = {
        (writer, n, item): b"%d:%d:%d " % (writer, n, 2 + (writer + n) % 4) * 20
        for writer, latest in last.items()
        for n in range(max(0, latest - KEPT + 1), latest + 1)
        for item in range(2 + (writer + n) % 4)
    }
    require(items == expected, f"half a transaction: {set(items) ^ set(expected) or 'values differ'}")
    total = sum(n + 1 for n in last.values())
    require(counter(tx.get((*ROOT, "items"))) == len(items), "the counter of items differs from the items there are")
    require(counter(tx.get((*ROOT, "register"))) == total, "the register lost an update")
    require(not part("refused"), "a throwing function left something")
    log = part("log")
    for writer, latest in last.items():
        require(counter(tx.get((*ROOT, "count", writer))) == latest + 1, f"writer {writer}: its counter differs")
        own = [int(value) for key, value in log.items() if key[0] == writer]
        require(own == list(range(latest + 1)), f"writer {writer}: its log is not in order")
        both = [value for key, value in log.items() if key[0] == "all" and value.startswith(b"%d:" % writer)]
        require(
            both == [b"%d:%d" % (writer, n) for n in own], f"writer {writer}: the common log is not in commit order"
        )
    require(sum(key[0] == "all" for key in log) == total, "the common log has something else")
    started, steps = {key[0] for key in part("started")}, part("step")
    require({key[0] for key in steps} <= started, "a step of a task that was never started")
    require(counter(tx.get((*ROOT, "steps"))) == len(steps), "a task's step had its effect twice or not at all")
    pending = {str(key[-1]).removeprefix("crash-") for key, _ in tx.scan(under(tasks.PREFIX))}
    for name in started:
        done = sum(key[0] == name for key in steps)
        require(name in pending or done == TASK_STEPS, f"task {name} ended after {done} steps")
    return {"last": last, "pending": pending, "blobs": {key: value.decode() for key, value in part("blob").items()}}


async def pending_tasks(kernel: Kernel) -> int:
    return await kernel.store.read(lambda tx: len(list(tx.scan(under(tasks.PREFIX)))))
