"""What lies unpacked under the data directory: made whole or not at all, laid over each other, swept; and what an account may keep."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from atoll.kernel.region import Kernel, open_kernel
from atoll.kernel.store.api import counter
from atoll.services.lambda_.errors import CodeStorageExceededException, InvalidParameterValueException
from atoll.services.lambda_.functions import code_storage
from atoll.services.lambda_.functions.package import Packages
from atoll.services.lambda_.functions.unzip import unpack
from atoll.services.lambda_.layers.overlay import Overlays, lay_over

USAGE = ("123456789012", "us-east-1", "lambda", "usage", "bytes")


@pytest.fixture
async def kernel(tmp_path: Path) -> AsyncIterator[Kernel]:
    kernel = await open_kernel(tmp_path / "data", "process")
    yield kernel
    await kernel.close()


def zipped(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tree(directory: Path) -> dict[str, str]:
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}


async def test_layers_are_linked_together_and_swept_with_their_list(kernel: Kernel, tmp_path: Path) -> None:
    packages = Packages(tmp_path / "code", kernel.blobs)
    overlays = Overlays(tmp_path / "layers", kernel.blobs, packages)
    packages.unpacked.sweep(starting=True)
    overlays.unpacked.sweep(starting=True)
    low = await packages.store(zipped({"a": "low", "b": "low"}))
    high = await packages.store(zipped({"b": "high"}))
    digest = await overlays.store([low.digest, high.digest])
    directory = await overlays.directory(digest)
    assert tree(directory) == {"a": "low", "b": "high"}
    assert (directory / "a").samefile(packages.unpacked.path(low.digest) / "a")
    assert await overlays.store([high.digest, low.digest]) != digest

    overlays.unpacked.sweep()
    assert directory.exists()
    kernel.blobs.path(digest).unlink()
    (tmp_path / "layers" / "half.part").mkdir()
    overlays.unpacked.sweep()
    assert not directory.exists()
    assert (tmp_path / "layers" / "half.part").exists(), "another start may be at it"
    overlays.unpacked.sweep(starting=True)
    assert not (tmp_path / "layers" / "half.part").exists()
    assert tree(packages.unpacked.path(low.digest)) == {"a": "low", "b": "low"}


async def test_a_broken_archive_leaves_nothing(kernel: Kernel, tmp_path: Path) -> None:
    packages = Packages(tmp_path / "code", kernel.blobs)
    packages.unpacked.sweep(starting=True)
    with pytest.raises(InvalidParameterValueException):
        await packages.store(zipped({"fine": "x", "a": "y", "a/b": "z"}))
    assert list((tmp_path / "code").iterdir()) == []


def test_everything_may_replace_everything(tmp_path: Path) -> None:
    """Files, directories and links, each over each."""
    for low in ("file", "directory", "link"):
        for high in ("file", "directory", "link"):
            base = tmp_path / f"{low}-{high}"
            for name, kind in (("low", low), ("high", high)):
                layer = base / name
                (layer / "real").mkdir(parents=True)
                (layer / "real" / name).write_text(name)
                if kind == "file":
                    (layer / "it").write_text(name)
                elif kind == "directory":
                    (layer / "it").mkdir()
                    (layer / "it" / f"own {name}").write_text(name)
                else:
                    (layer / "it").symlink_to("real")
            into = base / "into"
            into.mkdir()
            lay_over(base / "low", into)
            lay_over(base / "high", into)
            it = into / "it"
            assert it.is_symlink() == (high == "link")
            if high == "file":
                assert it.read_text() == "high"
            elif high == "directory":
                both = {"own low", "own high"} if low == "directory" else {"own high"}
                assert {path.name for path in it.iterdir()} == both
            assert {path.name for path in (into / "real").iterdir()} == {"low", "high"}
            assert {path.name for path in (base / "low" / "real").iterdir()} == {"low"}, (
                "a layer itself stays as it was"
            )


def test_the_umask_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "z").write_bytes(zipped({"dir/inner/file": "x"}))
    (tmp_path / "into").mkdir()
    before = os.umask(0o077)
    try:
        unpack(tmp_path / "z", tmp_path / "into")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "into").rglob("*")}
    assert modes == {"dir": 0o755, "inner": 0o755, "file": 0o644}


async def test_an_account_keeps_75_gb_of_code(kernel: Kernel) -> None:
    async def charge(size: int) -> None:
        await kernel.store.transact(lambda tx: code_storage.charge(tx, USAGE, size))

    await charge(75 << 30)
    await charge(-10)
    with pytest.raises(CodeStorageExceededException, match=r"^Code storage limit exceeded\.$"):
        await charge(11)
    await charge(10)
    assert await kernel.store.read(lambda tx: counter(tx.get(USAGE))) == 75 << 30
