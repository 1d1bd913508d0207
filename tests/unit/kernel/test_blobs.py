"""Blobs: complete or not there, kept while they are linked or young."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from atoll.kernel import blobs
from atoll.kernel.blobs import GRACE, Blobs
from atoll.kernel.clock import Clock
from atoll.kernel.region import Kernel, open_kernel


@pytest.fixture
async def kernel(tmp_path: Path) -> AsyncIterator[Kernel]:
    kernel = await open_kernel(tmp_path / "data", "process")
    yield kernel
    await kernel.close()


def age(path: Path) -> None:
    then = path.stat().st_mtime - GRACE - 10
    os.utime(path, (then, then))


async def test_a_blob_lies_under_its_digest(kernel: Kernel) -> None:
    contents = [b"", b"one", b"x" * 3_000_000]
    digests = await asyncio.gather(*(kernel.blobs.put(content) for content in contents * 5))
    assert set(digests) == {hashlib.sha256(content).hexdigest() for content in contents}
    assert [await kernel.blobs.get(digest) for digest in digests[:3]] == contents
    assert len([path for path in kernel.directory.blobs.glob("*/*") if path.is_file()]) == 3  # no parts left
    with pytest.raises(FileNotFoundError):
        await kernel.blobs.get("0" * 64)


async def test_collect_keeps_what_is_linked_or_young(kernel: Kernel) -> None:
    linked, shared, loose, young = [await kernel.blobs.put(b"%d" % n) for n in range(4)]
    for digest in (linked, shared, loose):
        age(kernel.blobs.path(digest))
    await kernel.store.transact(lambda tx: [blobs.link(tx, digest, ("owner", 1)) for digest in (linked, shared)])
    await kernel.store.transact(lambda tx: blobs.link(tx, shared, ("owner", 2)))
    await kernel.store.transact(lambda tx: blobs.unlink(tx, shared, ("owner", 1)))
    part = kernel.blobs.path(linked).with_name("interrupted.part")
    part.write_bytes(b"half")
    age(part)
    assert await kernel.blobs.collect(kernel.store) == 2
    assert [kernel.blobs.path(digest).exists() for digest in (linked, shared, loose, young)] == [
        True,
        True,
        False,
        True,
    ]
    await kernel.store.transact(lambda tx: blobs.unlink(tx, shared, ("owner", 2)))
    assert await kernel.blobs.collect(kernel.store) == 1


async def test_a_blob_put_again_during_collection_is_kept(kernel: Kernel) -> None:
    digest = await kernel.blobs.put(b"again")
    age(kernel.blobs.path(digest))
    read = kernel.store.read

    async def read_then_put(fn):  # type: ignore[no-untyped-def]
        found = await read(fn)
        await kernel.blobs.put(b"again")  # its link is committed only after the collector has looked
        return found

    kernel.store.read = read_then_put  # type: ignore[method-assign, assignment]
    assert await kernel.blobs.collect(kernel.store) == 0
    assert await kernel.blobs.get(digest) == b"again"


async def test_under_fsync_content_is_synced_before_its_name_and_its_name_before_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, str]] = []
    fsync, replace = os.fsync, Path.replace

    def spy_fsync(descriptor: int) -> None:
        fsync(descriptor)
        done.append(("sync", next(str(p) for p in known if os.path.samestat(os.fstat(descriptor), p.stat()))))

    def spy_replace(source: Path, target: Path) -> Path:
        assert ("sync", "part") in [(kind, "part" if name.endswith(".part") else name) for kind, name in done]
        done.append(("name", str(target)))
        return replace(source, target)

    directory = tmp_path / "blobs"
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    store = Blobs(directory, Clock(), "fsync")
    path = store.path(hashlib.sha256(b"content").hexdigest())

    class Known:
        def __iter__(self):  # type: ignore[no-untyped-def]
            return iter([*directory.glob("*/*"), path.parent, directory])

    known = Known()
    monkeypatch.setattr(os, "fsync", spy_fsync)
    monkeypatch.setattr(Path, "replace", spy_replace)
    for _ in range(2):  # the second time the blob is there, and perhaps not yet synced by whoever writes it
        done.clear()
        await store.put(b"content")
        assert done[-2:] == [("sync", str(path.parent)), ("sync", str(directory))]
