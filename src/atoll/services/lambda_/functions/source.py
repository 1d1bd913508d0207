"""Where the content of a function or layer comes from: the request itself, later a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll, RequestTooLarge
from atoll.services.lambda_.errors import InvalidParameterValueException
from atoll.services.lambda_.functions.package import Package
from atoll.services.lambda_.running import Running

MAX_REQUEST = 70_167_211
"""Bytes: the largest package in base 64, and 256 KB for the rest. As AWS answers it."""


async def stored(ctx: Context, code: Mapping[str, Any], member: str) -> Package:
    """Keeps the package that `code`, the request's `member`, gives or names. The caller links its blob.

    Raises InvalidParameterValueException, RequestTooLarge, NotImplementedByAtoll.
    """
    if code.get("ImageUri"):
        raise NotImplementedByAtoll("lambda: container images (ImageUri). Atoll runs functions from zip packages.")
    if code.get("S3Bucket") or code.get("S3Key"):
        content = await _from_bucket(ctx, code)
    elif "ZipFile" in code:
        content = _from_request(ctx, code["ZipFile"])
    else:
        raise InvalidParameterValueException("Please provide a source for function code.")
    running: Running = ctx.runtime
    package = await running.packages.store(content)
    if package.unreadable:
        ctx.warn(
            f"{member}ZipFile",
            f"only its owner may read {package.unreadable}: functions could not on AWS, here they can",
        )
    return package


def _from_request(ctx: Context, content: bytes) -> bytes:
    if len(content) // 3 * 4 > MAX_REQUEST:
        raise RequestTooLarge(f"Request must be smaller than {MAX_REQUEST} bytes for the {ctx.operation} operation")
    return content


async def _from_bucket(_ctx: Context, _code: Mapping[str, Any]) -> bytes:
    """The object at S3Bucket, S3Key and S3ObjectVersion, read as the caller. AWS says of what S3 refuses (InvalidParameterValueException):
    "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist."
    """
    raise NotImplementedByAtoll("lambda: packages from S3 (S3Bucket, S3Key). Send the zip file itself (ZipFile).")
