"""Deployment packages: what is refused, and what reaches the function."""

from __future__ import annotations

import io
import stat
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


def test_source_is_needed(fn: Lambda, aws_error: Error) -> None:
    settings = {"Runtime": "python3.11", "Handler": "app.handler", "Role": fn.role}
    assert aws_error(lambda: fn.client.create_function(FunctionName="x", Code={}, **settings))[1] == (
        "Please provide a source for function code."
    )
    from_s3 = {"S3Bucket": "bucket", "S3Key": "key"}
    assert (
        aws_error(lambda: fn.client.create_function(FunctionName="x", Code=from_s3, **settings))[0] == "NotImplemented"
    )
