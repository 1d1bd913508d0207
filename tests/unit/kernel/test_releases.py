"""Data directories of every release open with today's Atoll, with all that is in them. tests/data/releases/make.py makes the fixtures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from atoll.kernel import tasks
from atoll.kernel.clock import Clock
from atoll.kernel.keys import under
from atoll.kernel.region import open_kernel

RELEASES = Path(__file__).parents[2] / "data" / "releases"
ROOT = ("111122223333", "us-east-1", "fixture")


@pytest.mark.parametrize(
    "release", sorted(path.name for path in RELEASES.iterdir() if path.is_dir() and path.name[0].isdigit())
)
async def test_a_release_opens_in_full(tmp_path: Path, release: str) -> None:
    directory = tmp_path / "data"
    shutil.copytree(RELEASES / release, directory)
    kernel = await open_kernel(directory, "process")
    try:
        rows = await kernel.store.read(lambda tx: list(tx.scan(under((*ROOT, "keys")))))
        root_value = await kernel.store.read(lambda tx: tx.get((*ROOT, "keys")))
        assert [root_value, *(value for _, value in rows)] == [b"%d" % n for n in range(11)]
        assert [key[4:] for key, _ in rows][-4:] == [(0,), (1 << 70,), (-1.5,), (True,)]
        assert await kernel.store.read(lambda tx: tx.get((*ROOT, "counter"))) == b"-7"
        log = await kernel.store.read(lambda tx: list(tx.scan(under((*ROOT, "log")))))
        assert [value for _, value in log] == [b"first", b"second"]
        (links,) = await kernel.store.read(lambda tx: [key for key, _ in tx.scan(under(("~", "", "blobs")))])
        assert await kernel.blobs.get(str(links[3])) == b"a blob of release " * 100
        ((task_id, task),) = await kernel.store.read(tasks.Tasks._stored)
        assert (task_id, task.kind, task.account, task.state) == (
            "task-1",
            "fixture.task",
            "111122223333",
            {"step": 3, "list": [1, "two", None]},
        )
        assert kernel.clock.now() >= Clock().now() - 1
    finally:
        await kernel.close()
