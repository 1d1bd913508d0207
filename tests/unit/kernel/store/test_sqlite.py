"""The SQLite engine: the conformance suite at both durability levels and under the verifying engine, and how it fails and checkpoints."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.unit.kernel.store.conformance import EngineConformance
from tests.unit.kernel.store.model import check_against_model
from tests.unit.kernel.store.support import ROOT, Opener, contents, state, write

from atoll.kernel.errors import StoreUnavailable
from atoll.kernel.keys import under
from atoll.kernel.store import sqlite
from atoll.kernel.store.api import Durability, Store, Transaction
from atoll.kernel.store.sqlite import SQLiteStore
from atoll.kernel.store.verify import NotRerunnable


@asynccontextmanager
async def opened(path: Path, **options: Any) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(path, **options)
    try:
        yield store
    finally:
        await store.close()


MODES = {"process": {}, "fsync": {"durability": "fsync"}, "verified": {"verify": True}}


@pytest.mark.parametrize("mode", MODES)
class TestSQLite(EngineConformance):
    @pytest.fixture
    def opener(self, tmp_path: Path, mode: str) -> Opener:
        return lambda: opened(tmp_path / "region.db", **MODES[mode])


@pytest.mark.parametrize("mode", MODES)
def test_the_engine_behaves_as_the_model(tmp_path_factory: pytest.TempPathFactory, mode: str) -> None:
    def fresh() -> Opener:
        path = tmp_path_factory.mktemp("model") / "region.db"

        def opener() -> AbstractAsyncContextManager[Store]:
            return opened(path, **MODES[mode])

        return opener

    check_against_model(fresh)


class FullDisk(apsw.VFS):
    """Answers SQLITE_FULL to writes of the log while `full`, and SQLITE_IOERR_FSYNC to syncs while `broken`."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "")
        self.name = name
        self.full = self.broken = False

    def xOpen(self, name: apsw.URIFilename, flags: list[int]) -> apsw.VFSFile:
        return FullDiskFile(self, name, flags)


class FullDiskFile(apsw.VFSFile):
    def __init__(self, disk: FullDisk, name: apsw.URIFilename, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._disk = disk

    def xWrite(self, data: bytes, offset: int) -> None:
        if self._disk.full:
            raise apsw.FullError("no space left")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        if self._disk.broken:
            raise apsw.IOError("cannot sync")
        super().xSync(flags)


serial = itertools.count()


@pytest.fixture
def disk() -> FullDisk:
    return FullDisk(f"full-disk-{next(serial)}")


@pytest.mark.parametrize("durability", ["process", "fsync"])
async def test_a_failing_commit_fails_its_batch_and_keeps_nothing(
    tmp_path: Path, disk: FullDisk, durability: Durability
) -> None:
    async with opened(tmp_path / "region.db", durability=durability, vfs=disk.name) as store:
        await write(store, {(*ROOT, "kept"): b"1"})
        await store.transact(lambda tx: tx.append((*ROOT, "log"), b"1"))
        watch = store.watch(ROOT)
        waiting = asyncio.ensure_future(watch.wait())
        disk.full = True
        results = await asyncio.gather(*(store.transact(fn) for fn in batch()), return_exceptions=True)
        assert [type(result) for result in results] == [StoreUnavailable] * 4, results
        assert "disk" in str(results[0]).lower() or "space" in str(results[0]).lower()
        assert await store.read(lambda tx: tx.get((*ROOT, "kept"))) == b"1"  # readers go on
        disk.full = False
        assert not waiting.done()
        assert set(await contents(store)) == {(*ROOT, "kept"), (*ROOT, "log", 1)}
        await store.transact(lambda tx: tx.append((*ROOT, "log"), b"2"))
        assert [k[-1] for k, _ in await store.read(lambda tx: list(tx.scan(under((*ROOT, "log")))))] == [1, 2]
        await asyncio.wait_for(waiting, 60)
        after = await contents(store)
    async with opened(tmp_path / "region.db") as store:
        assert await contents(store) == after


async def test_another_process_s_lock_holds_up_writers_only(tmp_path: Path) -> None:
    async with opened(tmp_path / "region.db") as store:
        await write(store, {(*ROOT, 1): b"old"})
        with closing(apsw.Connection(str(tmp_path / "region.db"))) as shell:
            shell.execute("BEGIN IMMEDIATE")
            writing = asyncio.ensure_future(write(store, {(*ROOT, 1): b"new"}))
            for _ in range(5):
                await asyncio.sleep(0)
                assert await contents(store) == {(*ROOT, 1): b"old"}  # the loop was not held
            assert not writing.done()
            shell.execute("ROLLBACK")
            await asyncio.wait_for(writing, 60)
        assert await contents(store) == {(*ROOT, 1): b"new"}


async def test_who_waits_for_a_lock_is_told_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "LOCK_PATIENCE", 0.05)
    async with opened(tmp_path / "region.db") as store:
        with closing(apsw.Connection(str(tmp_path / "region.db"))) as shell:
            shell.execute("BEGIN IMMEDIATE")
            writes = [write(store, {(*ROOT, n): b"new"}) for n in range(3)]
            results = await asyncio.wait_for(asyncio.gather(*writes, return_exceptions=True), 60)
            assert [type(result) for result in results] == [StoreUnavailable] * 3, results
            shell.execute("ROLLBACK")
        await write(store, {(*ROOT, 1): b"later"})
        assert await contents(store) == {(*ROOT, 1): b"later"}


async def test_a_failing_sync_fails_its_batch(tmp_path: Path, disk: FullDisk) -> None:
    async with opened(tmp_path / "region.db", durability="fsync", vfs=disk.name) as store:
        await write(store, {(*ROOT, 1): b"old"})
        disk.broken = True
        with pytest.raises(StoreUnavailable):
            await write(store, {(*ROOT, 1): b"new"})
        assert await contents(store) == {(*ROOT, 1): b"old"}
        disk.broken = False
        await write(store, {(*ROOT, 2): b"new"})
        assert await contents(store) == {(*ROOT, 1): b"old", (*ROOT, 2): b"new"}


def batch() -> list[Any]:
    def throw(tx: Transaction) -> None:
        assert tx.get((*ROOT, "a")) == b"x"
        raise KeyError("it saw what is not committed")

    return [
        lambda tx: tx.set((*ROOT, "a"), b"x"),
        lambda tx: tx.append((*ROOT, "log"), b"never"),
        lambda tx: tx.get((*ROOT, "a")),  # an answer that rests on the batch fails with it
        throw,
    ]


async def test_a_failing_mark_fails_the_batch_and_not_the_store(tmp_path: Path) -> None:
    fail = True

    def mark(tx: Transaction) -> None:
        if fail:
            raise RuntimeError("no mark")

    async with opened(tmp_path / "region.db", before_commit=mark) as store:
        with pytest.raises(StoreUnavailable, match="no mark"):
            await write(store, {(*ROOT, 1): b""})
        fail = False
        await write(store, {(*ROOT, 2): b""})
        assert set(await contents(store)) == {(*ROOT, 2)}


class TestFsync:
    """Under fsync the commit runs beside the loop, so that there is something to observe while it is under way."""

    async def test_answers_and_exceptions_wait_for_the_commit_they_read_from(self, tmp_path: Path) -> None:
        commits = 0

        class Slow(apsw.VFSFile):
            def xSync(self, flags: int) -> None:
                nonlocal commits
                super().xSync(flags)
                if allowed is not None:
                    allowed.wait(5)
                    commits += 1

        class SlowDisk(apsw.VFS):
            def xOpen(self, name: apsw.URIFilename, flags: list[int]) -> apsw.VFSFile:
                return Slow("", name, flags)

        import threading

        allowed: threading.Event | None = None
        name = f"slow-disk-{next(serial)}"
        disk = SlowDisk(name, "")  # noqa: F841  it is registered for as long as it is referenced
        async with opened(tmp_path / "region.db", durability="fsync", vfs=name) as store:
            await write(store, {(*ROOT, "warm"): b""})
            allowed = threading.Event()

            def throw(tx: Transaction) -> None:
                raise KeyError(str(tx.get((*ROOT, 1))))

            writing = asyncio.ensure_future(write(store, {(*ROOT, 1): b"x"}))
            reading = asyncio.ensure_future(store.transact(lambda tx: tx.get((*ROOT, 1))))
            throwing = asyncio.ensure_future(store.transact(throw))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            later = asyncio.ensure_future(store.transact(lambda tx: len(list(tx.scan(under(ROOT))))))
            for _ in range(20):
                await asyncio.sleep(0.001)
                assert await store.read(lambda tx: tx.get((*ROOT, 1))) is None
            assert not any(call.done() for call in (writing, reading, throwing, later))
            allowed.set()
            assert await reading == b"x"
            assert writing.done()
            with pytest.raises(KeyError, match="b'x'"):
                await throwing
            assert await later == 2
            assert commits == 1


class TestVerify:
    """The test engine: every function runs twice."""

    async def test_it_catches_functions_that_cannot_run_again(self, tmp_path: Path) -> None:
        async with opened(tmp_path / "region.db", verify=True) as store:
            draws = itertools.count()

            def sometimes(tx: Transaction) -> None:
                if next(draws) % 2 == 0:
                    raise ValueError("only the first time")

            outside: list[int] = []
            not_rerunnable = [
                lambda tx: tx.set((*ROOT, "draw"), b"%d" % next(draws)),
                lambda tx: tx.append(ROOT, b"%d" % next(draws)),
                lambda tx: next(draws),
                lambda tx: outside.append(1) or len(outside),
                sometimes,
            ]
            for fn in not_rerunnable:
                with pytest.raises(NotRerunnable):
                    await store.transact(fn)
            assert await store.read(state) == []

    async def test_it_keeps_the_effect_of_one_run(self, tmp_path: Path) -> None:
        async with opened(tmp_path / "region.db", verify=True) as store:
            await store.transact(lambda tx: (tx.add((*ROOT, "n"), 1), tx.append((*ROOT, "z"), b"")))
            assert [value for _, value in await store.read(state)] == [b"1", b""]


class TestLog:
    """The write-ahead log stays bounded, and writers never wait for ever."""

    async def test_writers_wait_for_the_checkpointer_at_the_limit(self, tmp_path: Path) -> None:
        path, limit = tmp_path / "region.db", 1 << 20
        async with opened(path, log_limit=limit) as store:
            largest = 0

            async def run(writer: int) -> None:
                nonlocal largest
                for n in range(100):
                    await write(store, {(*ROOT, writer, n): b"x" * 10_000})
                    largest = max(largest, path.with_name("region.db-wal").stat().st_size)

            await asyncio.gather(*(run(writer) for writer in range(8)))
            assert limit < largest < 2 * limit  # 8 MB went through it
            assert len(await contents(store)) == 800

    @pytest.mark.parametrize("durability", ["process", "fsync"])
    async def test_a_long_reader_delays_writers_and_does_not_stop_them(
        self, tmp_path: Path, durability: Durability
    ) -> None:
        path, limit = tmp_path / "region.db", 256 << 10
        async with opened(path, durability=durability, log_limit=limit) as store:
            await write(store, {(*ROOT, "first"): b""})
            shell = sqlite3.connect(path)
            shell.execute("BEGIN")
            assert shell.execute("SELECT count(*) FROM entries").fetchone()[0] >= 1
            async with asyncio.timeout(20):
                for n in range(60):
                    await write(store, {(*ROOT, n): b"x" * 10_000})
            shell.execute("COMMIT")
            shell.close()
            async with asyncio.timeout(20):
                for n in range(60):
                    await write(store, {(*ROOT, n): b"x" * 10_000})
            assert len(await contents(store)) == 61
