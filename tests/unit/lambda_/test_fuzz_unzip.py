"""Archives of any shape, and damaged ones: AWS's error or a usable directory, and never anything outside it."""

from __future__ import annotations

import io
import os
import shutil
import stat
import struct
import tempfile
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from atoll.services.lambda_.errors import InvalidParameterValueException
from atoll.services.lambda_.functions.unzip import contents, unpack
from atoll.services.lambda_.layers.overlay import lay_over

PART = st.sampled_from(["a", "b", "c", "..", ".", "", "é", "x" * 300, "\0", "\\", "C:", " ", "\u202e", "con"])
NAMES = st.lists(PART, min_size=1, max_size=5).map("/".join)
KINDS = st.sampled_from(
    [stat.S_IFREG, stat.S_IFLNK, stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK, 0]
)
CONTENTS = st.one_of(NAMES.map(str.encode), st.binary(max_size=40), st.just(b"x" * 70000))
ENTRIES = st.lists(
    st.tuples(NAMES, KINDS, st.integers(0, 0o7777), CONTENTS, st.sampled_from([0, 8, 12, 14])), max_size=8
)
DAMAGE = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=4)


def archive(entries: list[tuple[str, int, int, bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as opened:
        warnings.simplefilter("ignore")  # of two entries with a name
        for name, kind, mode, content, compression in entries:
            entry = zipfile.ZipInfo("x")
            entry.filename = name
            entry.external_attr = (kind | mode) << 16
            entry.compress_type = compression
            opened.writestr(entry, content)
    return buffer.getvalue()


def unpacked(content: bytes, name: str, parent: Path) -> Path | None:
    """The directory that comes of an archive; None where it is refused as AWS does."""
    packed, into = parent / f"{name}.zip", parent / name
    packed.write_bytes(content)
    into.mkdir()
    try:
        unpack(packed, into)
        contents(packed)
    except InvalidParameterValueException:
        shutil.rmtree(into)
        return None
    return into


def check(into: Path) -> None:
    """Everything in it can be read by everybody and leads to nothing outside; it can be removed."""
    for directory, folders, files in os.walk(into):
        assert Path(directory).stat().st_mode & 0o7777 == 0o755
        for name in [*folders, *files]:
            path = Path(directory, name)
            assert path.resolve().is_relative_to(into.resolve())
            if not path.is_symlink() and path.is_file():
                assert path.stat().st_mode & 0o7022 == 0
                assert path.stat().st_mode & 0o444 == 0o444
            else:
                assert path.is_symlink() or path.is_dir(), "no devices, no pipes"


@given(ENTRIES, DAMAGE, st.floats(0, 1))
@settings(max_examples=300, deadline=None)
@example([("a", 0, 0o644, b"x" * 70000, 14)], [(0.5, 0)], 1.0)
def test_any_archive(
    entries: list[tuple[str, int, int, bytes, int]], damage: list[tuple[float, int]], kept: float
) -> None:
    content = bytearray(archive(entries))
    for place, byte in damage:
        content[int(place * (len(content) - 1))] = byte
    with tempfile.TemporaryDirectory() as directory:
        parent = Path(directory)
        into = unpacked(bytes(content[: int(len(content) * kept) if kept < 0.3 else len(content)]), "into", parent)
        if into is not None:
            check(into)
        assert {path.name for path in parent.iterdir()} <= {"into", "into.zip"}


@given(ENTRIES, ENTRIES)
@settings(max_examples=100, deadline=None)
def test_any_layers_lie_over_each_other(
    low: list[tuple[str, int, int, bytes, int]], high: list[tuple[str, int, int, bytes, int]]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        parent = Path(directory)
        layers = [unpacked(archive(entries), name, parent) for name, entries in (("low", low), ("high", high))]
        (parent / "both").mkdir()
        before = {path for path in parent.rglob("*") if "both" not in path.parts}
        for layer in layers:
            if layer is not None:
                lay_over(layer, parent / "both")
        assert {path for path in parent.rglob("*") if "both" not in path.parts} == before
        if layers[1] is not None:
            for path in layers[1].rglob("*"):
                assert os.path.lexists(parent / "both" / path.relative_to(layers[1]))


@pytest.mark.parametrize(
    "compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED], ids=["bzip2", "LZMA", "deflate"]
)
def test_damaged_in_the_middle(tmp_path: Path, compression: int) -> None:
    content = bytearray(archive([("a", stat.S_IFREG, 0o644, os.urandom(4096), compression)]))
    content[60:2000] = b"\xff" * 1940
    assert unpacked(bytes(content), "into", tmp_path) is None


def test_an_entry_beyond_every_file(tmp_path: Path) -> None:
    """Its offset, in a ZIP64 field, is more than a file can have."""
    content = archive([("a", stat.S_IFREG, 0o644, b"x", 0)])
    at = content.index(b"PK\x01\x02")
    extra = struct.pack("<HHQ", 1, 8, (1 << 64) - 1)
    entry = bytearray(content[at : at + 47])
    entry[30:32], entry[42:46] = struct.pack("<H", len(extra)), b"\xff" * 4
    end = bytearray(content[at + 47 :])
    end[12:16] = struct.pack("<L", len(entry) + len(extra))
    assert unpacked(content[:at] + bytes(entry) + extra + bytes(end), "into", tmp_path) is None
