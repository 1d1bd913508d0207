"""The data directory: one holder, one format, and one clear line where it cannot be used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from atoll.kernel.datadir import DataDir, DataDirError
from atoll.kernel.region import Kernel, open_kernel


async def fill(path: Path) -> None:
    kernel = await open_kernel(path, "process")
    await kernel.store.transact(lambda tx: [tx.set(("000000000000", "", "x", n), b"x" * 2000) for n in range(50)])
    await kernel.close()


async def refusal(path: Path) -> str:
    """The line with which opening fails; the directory is free afterwards."""
    with pytest.raises(DataDirError) as caught:
        await open_kernel(path, "process")
    line = str(caught.value)
    assert "\n" not in line
    assert str(path) in line
    return line


def test_another_process_is_refused(tmp_path: Path) -> None:
    directory = DataDir(tmp_path)
    directory.open()
    program = (
        f"from pathlib import Path; from atoll.kernel.datadir import DataDir; DataDir(Path({str(tmp_path)!r})).open()"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "Another Atoll already serves" in other.stderr.splitlines()[-1]
    directory.close()


async def test_a_second_instance_is_refused(tmp_path: Path) -> None:
    kernel = await open_kernel(tmp_path, "process")
    assert "Another Atoll already serves" in await refusal(tmp_path)
    await kernel.close()
    await (await open_kernel(tmp_path, "process")).close()


async def test_a_newer_format_is_refused_and_left_alone(tmp_path: Path) -> None:
    await fill(tmp_path)
    (tmp_path / "format.json").write_bytes(b'{"format": 99, "atoll": "9.0"}')
    assert "format 99, made by a newer Atoll" in await refusal(tmp_path)
    assert b"99" in (tmp_path / "format.json").read_bytes()


async def test_older_formats_migrate_and_a_crash_in_between_runs_again(tmp_path: Path) -> None:
    await fill(tmp_path)
    steps: list[str] = []

    def first(path: Path) -> None:
        steps.append("first")
        assert path == tmp_path

    def second(path: Path) -> None:
        steps.append("second")
        if steps.count("second") == 1:
            raise KeyboardInterrupt  # the process dies in the middle

    with pytest.raises(KeyboardInterrupt):
        DataDir(tmp_path).open(version=3, migrations={1: first, 2: second})
    again = DataDir(tmp_path)
    again.open(version=3, migrations={1: first, 2: second})
    again.close()
    assert steps == ["first", "second", "second"]
    assert msgspec.json.decode((tmp_path / "format.json").read_bytes())["format"] == 3
    with pytest.raises(DataDirError, match="cannot migrate"):
        DataDir(tmp_path).open(version=5, migrations={})


@pytest.mark.parametrize(
    "content",
    [b"", b'{"format": 1', b"\xff\xfe", b"[]", b'{"format": "x", "atoll": ""}', b'{"format": -1, "atoll": ""}'],
)
async def test_a_damaged_format_is_refused(tmp_path: Path, content: bytes) -> None:
    await fill(tmp_path)
    (tmp_path / "format.json").write_bytes(content)
    assert "format" in await refusal(tmp_path)


async def test_a_store_without_its_format_is_refused(tmp_path: Path) -> None:
    await fill(tmp_path)
    (tmp_path / "format.json").unlink()
    assert "format.json is missing" in await refusal(tmp_path)


async def test_a_damaged_store_is_refused_and_the_directory_is_free_again(tmp_path: Path) -> None:
    await fill(tmp_path)
    good = (tmp_path / "region.db").read_bytes()
    for bad in (b"garbage" * 1000, good[:100] + b"\xff" * (len(good) - 100)):
        (tmp_path / "region.db").write_bytes(bad)
        for leftover in ("region.db-wal", "region.db-shm"):
            (tmp_path / leftover).unlink(missing_ok=True)
        assert "damaged" in await refusal(tmp_path)
    (tmp_path / "region.db").write_bytes(good)
    await (await open_kernel(tmp_path, "process")).close()


async def test_directories_that_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert "Cannot use" in await refusal(file)
    assert "Cannot use" in await refusal(file / "below")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "blobs").write_text("")
    assert "unreadable" in await refusal(tmp_path / "data")
    if os.geteuid() != 0:  # root may write everywhere
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o500)
        assert "Cannot use" in await refusal(locked / "data")


async def test_the_node_keeps_its_name(tmp_path: Path) -> None:
    async def name(kernel: Kernel) -> bytes | None:
        return await kernel.store.read(lambda tx: tx.get(("~", "", "kernel", "node")))

    kernel = await open_kernel(tmp_path, "process")
    first = await name(kernel)
    await kernel.close()
    kernel = await open_kernel(tmp_path, "process")
    assert first == await name(kernel) is not None
    await kernel.close()
