"""Checksums over a request's body: what its headers announce, and whether the body keeps it. Pure.

For operations with `httpChecksum` in their model, which are S3's, so the errors are S3's. Follows "Checking object integrity in Amazon
S3" (S3 User Guide) and the texts that S3 answers. An operation whose checksum headers speak of an object instead of the body (such as
CompleteMultipartUpload) is none of these.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from atoll.kernel.errors import BadBody, NotImplementedByAtoll

SIZES: Mapping[str, int] = {"CRC32": 4, "CRC32C": 4, "CRC64NVME": 8, "SHA1": 20, "SHA256": 32, "SHA512": 64, "MD5": 16}
"""The algorithms, and how many bytes each yields."""
NOT_CALCULATED = frozenset({"XXHASH3", "XXHASH64", "XXHASH128"})
"""What S3 has besides."""

_PREFIX = "x-amz-checksum-"
_ABOUT_CHECKSUMS = frozenset({"x-amz-checksum-algorithm", "x-amz-checksum-mode", "x-amz-checksum-type"})


@dataclass(frozen=True, slots=True)
class Announced:
    """What the headers say. `algorithm` is its name in upper case; `value` its base64, None where it comes in a trailer; `md5` the
    base64 of Content-MD5."""

    algorithm: str | None = None
    value: str | None = None
    md5: str | None = None

    def check(self, body: bytes, trailers: Mapping[str, str]) -> str | None:
        """The base64 of the announced checksum, None where there is none, if the body has it.

        `body` is the data itself, taken out of its chunks; `trailers` came after it, by lower-case name. Raises BadBody.
        """
        if self.md5 is not None:
            calculated = checksum("MD5", body)
            if calculated != self.md5:
                members = {"ExpectedDigest": self.md5, "CalculatedDigest": calculated}
                message = "The Content-MD5 you specified did not match what we received."
                raise BadBody(message, "BadDigest", s3_members=members)
        if self.algorithm is None:
            return None
        value = self.value
        if value is None:
            header = _PREFIX + self.algorithm.lower()
            value = trailers.get(header, "")
            if not _is_base64(value, SIZES[self.algorithm]):
                raise BadBody(f"Value for {header} trailing header is invalid.")
        if value != checksum(self.algorithm, body):
            raise BadBody(f"The {self.algorithm} you specified did not match the calculated checksum.", "BadDigest")
        return value


def announced(fields: Mapping[str, str]) -> Announced:
    """What the headers (by lower-case name) say of the body. Raises BadBody where they cannot be read or contradict each other,
    NotImplementedByAtoll for an algorithm of S3's that is none of `SIZES`."""
    md5 = fields.get("content-md5")
    if md5 is not None and not _is_base64(md5 := md5.strip(), 16):
        message = "The Content-MD5 you specified was invalid."
        raise BadBody(message, "InvalidDigest", s3_members={"Content-MD5": md5})
    headers = [name for name in fields if name.startswith(_PREFIX) and name not in _ABOUT_CHECKSUMS]
    trailers = [name.strip().lower() for name in fields.get("x-amz-trailer", "").split(",") if name.strip()]
    for name in headers + trailers:
        if _algorithm(name) in NOT_CALCULATED:
            raise NotImplementedByAtoll(f"Atoll does not calculate this checksum ({_algorithm(name)}).")
    if len(headers) > 1:
        raise BadBody("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
    if any(_algorithm(name) not in SIZES for name in trailers):
        raise BadBody("The value specified in the x-amz-trailer header is not supported")
    if len(headers) + len(trailers) > 1:
        raise BadBody("Expecting a single x-amz-checksum- header")
    algorithm = next((_algorithm(name) for name in headers + trailers), None)
    if algorithm is not None and algorithm not in SIZES:
        raise BadBody("The algorithm type you specified in x-amz-checksum- header is invalid.")
    _check_sdk_algorithm(fields.get("x-amz-sdk-checksum-algorithm"), algorithm)
    value = fields[headers[0]].strip() if headers else None
    if algorithm is not None and value is not None and not _is_base64(value, SIZES[algorithm]):
        raise BadBody(f"Value for {headers[0]} header is invalid.")
    return Announced(algorithm, value, md5)


def checksum(algorithm: str, data: bytes) -> str:
    """The base64 of one of `SIZES`."""
    return _text(_CALCULATED[algorithm](data))


def _check_sdk_algorithm(named: str | None, algorithm: str | None) -> None:
    if named is None:
        return
    if named.upper() not in SIZES:
        raise BadBody(
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
            "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"
        )
    if algorithm is None:
        raise BadBody(
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found."
        )
    if named.upper() != algorithm:
        raise BadBody("Value for x-amz-sdk-checksum-algorithm header is invalid.")


def _algorithm(name: str) -> str:
    return name.removeprefix(_PREFIX).upper() if name.startswith(_PREFIX) else ""


def _is_base64(text: str, size: int) -> bool:
    """Whether it is the one way in which `size` bytes are written."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return len(data) == size and _text(data) == text


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


@lru_cache(maxsize=4)
def _crc(model: str) -> Callable[[bytes], int]:
    from anycrc import Model  # loaded with the first request that needs it

    calculate: Callable[[bytes], int] = Model(model).calc
    return calculate


_CALCULATED: Mapping[str, Callable[[bytes], bytes]] = {
    "CRC32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "CRC32C": lambda data: _crc("CRC32-ISCSI")(data).to_bytes(4, "big"),
    "CRC64NVME": lambda data: _crc("CRC64-NVME")(data).to_bytes(8, "big"),
    "SHA1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "SHA256": lambda data: hashlib.sha256(data).digest(),
    "SHA512": lambda data: hashlib.sha512(data).digest(),
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
}
