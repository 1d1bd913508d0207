"""Deployment packages: what is refused, and what reaches the function."""

from __future__ import annotations

import io
import os
import stat
import threading
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import ECHO, Lambda

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
BROKEN = "Could not unzip uploaded file. Please check your file, then try to upload again."


def archive(*entries: tuple[str, int, bytes]) -> bytes:
    """A zip file of (name, mode, content)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, mode, content in entries:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            made.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def link(name: str, destination: str) -> tuple[str, int, bytes]:
    return name, stat.S_IFLNK | 0o777, destination.encode()


def encrypted(content: bytes) -> bytes:
    """The archive with the bit that says so in each header."""
    return patched(content, 6, 8, lambda flags: flags | 1)


def compressed_by(content: bytes, method: int) -> bytes:
    """The archive with another compression method in each header."""
    return patched(content, 8, 10, lambda _: method)


def lying(content: bytes, size: int) -> bytes:
    """The archive whose headers say that each file is `size` bytes long."""
    for offset in (0, 2):  # the 32 bits of the uncompressed size, low half first
        half = size >> (8 * offset) & 0xFFFF
        content = patched(content, 22 + offset, 24 + offset, lambda _, half=half: half)
    return content


def patched(content: bytes, local: int, central: int, change: Callable[[int], int]) -> bytes:
    """The archive with 16 bits changed at these offsets of its local and central headers."""
    made = bytearray(content)
    for signature, offset in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        at = made.find(signature)
        while at >= 0:
            field = slice(at + offset, at + offset + 2)
            made[field] = change(int.from_bytes(made[field], "little")).to_bytes(2, "little")
            at = made.find(signature, at + 4)
    return bytes(made)


FILE = stat.S_IFREG | 0o644
APP = ("app.py", FILE, ECHO.encode())
GOOD = archive(APP)


@pytest.mark.parametrize(
    "content",
    [
        b"this is no zip file",
        GOOD[:-30],
        GOOD[:40] + b"\xff\xff\xff" + GOOD[43:],
        archive(("../evil.py", FILE, b"x"), APP),
        archive(("a/../../evil.py", FILE, b"x"), APP),
        archive(("/etc/evil", FILE, b"x"), APP),
        archive(link("out", "/etc"), APP),
        archive(link("out", "../.."), APP),
        archive(link("dir/up", ".."), link("dir/out", "up/../.."), APP),
        archive(link("a", "."), ("a/b", FILE, b"x"), APP),
        archive(("a", FILE, b"x"), ("a/b", FILE, b"y")),
        archive(("n" * 300, FILE, b"x")),
        archive(("deep/" * 500 + "x", FILE, b"x")),
        archive(link("out", "/var/task/app.py"), APP),
        archive(link("empty", ""), APP),
        archive(link("long", "x" * 4096), APP),
        archive(link("a", "b"), link("b", "a"), APP),
        archive(*(link(f"l{n}", f"l{n + 1}") for n in range(60)), ("l60", FILE, b"x"), APP),
        archive(
            link("up", "dir/.."), link("dir", "a/b"), link("a/b/out", "../../up/../.."), ("a/b/x", FILE, b"x"), APP
        ),
        encrypted(GOOD),
        compressed_by(GOOD, 99),
    ],
)
def test_bad_archives_are_refused(fn: Lambda, aws_error: Error, content: bytes) -> None:
    settings = {"Runtime": "python3.11", "Handler": "app.handler", "Role": fn.role, "Code": {"ZipFile": content}}
    refused = ("InvalidParameterValueException", BROKEN, 400)
    assert aws_error(lambda: fn.client.create_function(FunctionName="fn", **settings)) == refused
    fn.create()
    assert aws_error(lambda: fn.client.update_function_code(FunctionName="fn", ZipFile=content)) == refused
    assert fn.invoke(event={"still": "there"}).payload == {"still": "there"}


def test_an_archive_without_files_is_refused(fn: Lambda, aws_error: Error) -> None:
    fn.create()
    for content in (b"", archive()):
        code, message, _ = aws_error(
            lambda content=content: fn.client.update_function_code(FunctionName="fn", ZipFile=content)
        )
        assert (code, message) == ("InvalidParameterValueException", "Uploaded file must be a non-empty zip")


def test_sizes(fn: Lambda, aws_error: Error) -> None:
    fn.create()
    bomb = archive(*((f"f{i}", FILE, bytes(27 << 20)) for i in range(10)))
    assert aws_error(lambda: fn.client.update_function_code(FunctionName="fn", ZipFile=bomb)) == (
        "InvalidParameterValueException", "Unzipped size must be smaller than 262144000 bytes", 400,
    )  # fmt: skip
    large = bytes(52_428_801)
    assert aws_error(lambda: fn.client.update_function_code(FunctionName="fn", ZipFile=large)) == (
        "RequestEntityTooLargeException", "Zipped size must be smaller than 52428800 bytes", 413,
    )  # fmt: skip
    larger = bytes(52_625_412)  # in base 64 as many bytes as AWS takes, and more
    settings = {"Runtime": "python3.11", "Handler": "app.handler", "Role": fn.role, "Code": {"ZipFile": larger}}
    assert aws_error(lambda: fn.client.create_function(FunctionName="x", **settings)) == (
        "RequestEntityTooLargeException", "Request must be smaller than 70167211 bytes for the CreateFunction operation", 413,
    )  # fmt: skip


def test_modes_and_links_inside_survive(fn: Lambda) -> None:
    code = b"""
import os
def handler(event, context):
    return [oct(os.stat(name).st_mode & 0o777) for name in ("tool", "secret")] + [open("linked/data").read()]
"""
    content = archive(
        ("app.py", FILE, code), ("tool", stat.S_IFREG | 0o755, b"#!/bin/sh\n"), ("secret", stat.S_IFREG | 0o600, b"s"),
        ("real/data", FILE, b"inside"), link("linked", "real"),
    )  # fmt: skip
    fn.create()
    fn.client.update_function_code(FunctionName="fn", ZipFile=content)
    assert fn.invoke().payload == ["0o755", "0o644", "inside"]


def test_headers_that_lie_about_sizes(fn: Lambda, aws_error: Error) -> None:
    """More than the limit is believed and refused; less than there is breaks the file's checksum."""
    fn.create()
    bomb = archive(("app.py", FILE, bytes(1 << 20)))
    for size, message in ((1 << 31, "Unzipped size must be smaller than 262144000 bytes"), (10, BROKEN)):
        content = lying(bomb, size)
        update = lambda content=content: fn.client.update_function_code(FunctionName="fn", ZipFile=content)  # noqa: E731
        assert aws_error(update)[:2] == ("InvalidParameterValueException", message)
    assert fn.invoke(event={"still": "there"}).payload == {"still": "there"}


def test_more_entries_than_a_disk_takes_are_refused(fn: Lambda, aws_error: Error) -> None:
    fn.create()
    many = archive(*((f"{n:x}", FILE, b"") for n in range(150_001)))
    update = fn.client.update_function_code
    assert aws_error(lambda: update(FunctionName="fn", ZipFile=many))[:2] == ("InvalidParameterValueException", BROKEN)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_odd_archives_that_are_sound(fn: Lambda) -> None:
    """Directories with modes of their own, names in any script and case, an archive inside, a name twice, links through links."""
    code = """
import os
NAMES = ("shut/in", "\u00e9\u6587.txt", "Case", "case", "twice", "one/two/data")
def handler(event, context):
    return [open(name).read() for name in NAMES], os.path.exists("inner.zip")
"""
    made = archive(
        ("shut/", stat.S_IFDIR | 0o000, b""), ("shut/in", stat.S_IFREG | 0o200, b"in"), ("./", stat.S_IFDIR | 0o755, b""),
        ("\u00e9\u6587.txt", FILE, b"unicode"), ("Case", FILE, b"upper"), ("case", FILE, b"lower"),
        ("inner.zip", FILE, GOOD), ("twice", stat.S_IFREG | 0o400, b"first"), ("twice", FILE, b"second"),
        ("real/data", FILE, b"linked"), link("one", "real"), link("real/two", "../loop"), link("loop", "./real/../real"),
        ("./app.py", stat.S_IFREG | 0o4777, code.encode()),
    )  # fmt: skip
    fn.create()
    fn.client.update_function_code(FunctionName="fn", ZipFile=made)
    assert fn.invoke().payload == [["in", "unicode", "upper", "lower", "second", "linked"], True]


def test_what_only_its_owner_may_read_is_readable(fn: Lambda, logged: Any) -> None:
    """On AWS the function could not read it. Here it can, and the log says so."""
    hidden = archive(("app.py", stat.S_IFREG | 0o600, b"def handler(event, context):\n    return 'ran'\n"))
    fn.create()
    fn.client.update_function_code(FunctionName="fn", ZipFile=hidden)
    assert fn.invoke().payload == "ran"
    logged("only its owner may read app.py in this package: a function could not on AWS")


def test_the_region_answers_while_a_large_package_unzips(fn: Lambda) -> None:
    """50 MB zipped and 240 MB unzipped take seconds; others wait for milliseconds."""
    noise = os.urandom(1 << 20)
    files = [(f"data/{n}", FILE, noise if n < 49 else bytes(1 << 20)) for n in range(240)]
    large = archive(APP, *files)
    fn.create()
    update = threading.Thread(target=lambda: fn.client.update_function_code(FunctionName="fn", ZipFile=large))
    waited, began = [], time.monotonic()
    update.start()
    while update.is_alive():
        asked = time.monotonic()
        fn.client.get_account_settings()
        waited.append(time.monotonic() - asked)
    took = time.monotonic() - began
    assert fn.client.get_function(FunctionName="fn")["Configuration"]["CodeSize"] == len(large)
    assert len(waited) > 20
    assert max(waited) < took / 3, (
        "a share of the time, for the machine may be busy: it is seconds if the loop waits for the zip"
    )


def test_source_is_needed(fn: Lambda, aws_error: Error) -> None:
    settings = {"Runtime": "python3.11", "Handler": "app.handler", "Role": fn.role}
    assert aws_error(lambda: fn.client.create_function(FunctionName="x", Code={}, **settings))[1] == (
        "Please provide a source for function code."
    )
    from_s3 = {"S3Bucket": "bucket", "S3Key": "key"}
    assert (
        aws_error(lambda: fn.client.create_function(FunctionName="x", Code=from_s3, **settings))[0] == "NotImplemented"
    )
    image = {"ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/r:latest"}
    of_images = dict(settings, PackageType="Image", Code=image)
    assert aws_error(lambda: fn.client.create_function(FunctionName="x", **of_images))[:2] == (
        "NotImplemented", "lambda: container images (PackageType Image). Atoll runs functions from zip packages.",
    )  # fmt: skip
    fn.create()
    assert aws_error(lambda: fn.client.update_function_code(FunctionName="fn", **image))[:2] == (
        "InvalidParameterValueException", "Please don't provide ImageUri when updating a function with packageType Zip.",
    )  # fmt: skip
