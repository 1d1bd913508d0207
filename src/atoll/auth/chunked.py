"""Bodies in AWS's own chunks (`Content-Encoding: aws-chunked`): taken apart as they arrive, their signatures checked. Pure.

Follows "Transferring Payload in Multiple Chunks" and "Including Trailing Headers" under "Signature Calculations for the
Authorization Header" (S3 API Reference). S3 alone uses these, so the errors are S3's.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from hashlib import sha256

from atoll.auth.sigv4 import Authorization, Fields, SigningKey, mismatch, octets
from atoll.kernel.errors import BadBody

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_WITH_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_WITH_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
KINDS = frozenset({SIGNED, SIGNED_WITH_TRAILER, UNSIGNED_WITH_TRAILER})
"""What x-amz-content-sha256 says of such a body."""

MIN_CHUNK = 8192
"""Bytes of data that every chunk but the last must have."""
MAX_LINE = 1024
"""Bytes of a chunk's header or of a trailer."""

_TRAILER_SIGNATURE = "x-amz-trailer-signature"
_NOTHING = sha256(b"").hexdigest()
_SIZE = re.compile(rb"[0-9a-fA-F]{1,16}")


class ChunkSignatures:
    """The chain of signatures over one body: each signs the one before it, the first that of the request's headers."""

    def __init__(self, authorization: Authorization, timestamp: str, key: SigningKey) -> None:
        self._authorization, self._key = authorization, key
        self._scope = f"{timestamp}\n{authorization.scope}"
        self._previous = authorization.signature

    def check_chunk(self, given: str, data_hash: str) -> None:
        """Raises InvalidSignature unless `given` signs the data of the next chunk."""
        self._check("PAYLOAD", given, f"{_NOTHING}\n{data_hash}")

    def check_trailers(self, given: str, trailers: Iterable[tuple[str, str]]) -> None:
        """Raises InvalidSignature unless `given` signs the trailers."""
        text = "".join(f"{name}:{value}\n" for name, value in sorted(trailers))
        self._check("TRAILER", given, sha256(octets(text)).hexdigest())

    def _check(self, what: str, given: str, hashes: str) -> None:
        text = octets(f"AWS4-HMAC-SHA256-{what}\n{self._scope}\n{self._previous}\n{hashes}")
        expected = self._key.sign(text)
        if not (given.isascii() and hmac.compare_digest(expected, given)):
            raise mismatch(self._authorization._replace(signature=given), text)
        self._previous = expected


class ChunkedBody:
    """Takes one body apart: `feed` it as it arrives, then `finish`. What `feed` returns is worth something only once `finish` has
    returned. Holds no more of the body than a line of it."""

    def __init__(self, kind: str, fields: Fields, signatures: ChunkSignatures | None) -> None:
        """`kind` is one of `KINDS`, `fields` the request's headers; without `signatures` those in the body are not looked at.

        Raises BadBody where the headers do not say how long the data is.
        """
        self._signed = kind != UNSIGNED_WITH_TRAILER
        self._signatures = signatures if self._signed else None
        self._length = _decoded_length(fields)
        names = [name.strip().lower() for name in fields.get("x-amz-trailer", "").split(",")]
        self._announced = {name for name in names if name}
        if kind == SIGNED_WITH_TRAILER:
            self._announced.add(_TRAILER_SIGNATURE)
        self._trailers: dict[str, str] = {}
        self._step = self._header
        self._line = bytearray()
        self._received = self._left = self._number = self._size = 0
        self._signature = ""
        self._hash = sha256()

    def feed(self, data: bytes) -> bytes:
        """The data among the next bytes of the body. Raises BadBody and InvalidSignature."""
        view, at, found = memoryview(data), 0, []
        while at < len(data):
            if self._left:
                piece = view[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                if self._signatures:
                    self._hash.update(piece)
                found.append(piece)
                continue
            end = data.find(b"\n", at, at + MAX_LINE) + 1
            self._line += view[at : end or at + MAX_LINE + 1]
            if len(self._line) > MAX_LINE:
                raise _terminated()
            at = end or len(data)
            if end:
                line = bytes(self._line)
                self._line.clear()
                self._step(line)
        return b"".join(found)

    def finish(self) -> dict[str, str]:
        """The trailers by lower-case name, their signature left out. Raises BadBody where the body is not complete."""
        if self._step == self._trailer:  # the empty line after the last chunk and its trailers may be missing
            self._end()
        if self._step != self._nothing or self._line:
            raise _terminated()
        return self._trailers

    def _header(self, line: bytes) -> None:
        """`size;chunk-signature=signature`"""
        head, _, extension = line.removesuffix(b"\r\n").partition(b";")
        if not line.endswith(b"\r\n") or not _SIZE.fullmatch(head):
            raise _terminated()
        size = int(head, 16)
        if self._number and self._size < MIN_CHUNK and size:
            raise BadBody(
                f"Only the last chunk is allowed to have a size less than {MIN_CHUNK} bytes",
                "InvalidChunkSizeError",
                403,
                {"Chunk": str(self._number), "BadChunkSize": str(self._size)},
            )
        self._number, self._size, self._left = self._number + 1, size, size
        self._received += size
        if self._received > self._length:
            raise self._wrong_length()
        if self._signed:
            name, _, signature = extension.decode("latin-1").partition("=")
            if not signature:
                raise _terminated()
            self._signature = signature if name.strip() == "chunk-signature" else ""
        if size:
            self._step = self._end_of_data
        else:
            self._check_chunk()
            self._step = self._trailer

    def _end_of_data(self, line: bytes) -> None:
        if line != b"\r\n":
            raise _terminated()
        self._check_chunk()
        self._step = self._header

    def _check_chunk(self) -> None:
        if self._signatures:
            self._signatures.check_chunk(self._signature.strip(), self._hash.hexdigest())
            self._hash = sha256()

    def _trailer(self, line: bytes) -> None:
        """`name:value`, or the empty line after the last of them."""
        if line == b"\r\n":
            self._end()
            return
        name, colon, value = line.decode("latin-1").partition(":")
        name = name.strip().lower()
        if not colon or name not in self._announced or name in self._trailers:
            raise _malformed_trailer()
        self._trailers[name] = value.strip()

    def _end(self) -> None:
        self._step = self._nothing
        if self._received != self._length:
            raise self._wrong_length()
        if self._announced - self._trailers.keys():
            raise _terminated() if _TRAILER_SIGNATURE not in self._trailers and self._trailers else _malformed_trailer()
        signature = self._trailers.pop(_TRAILER_SIGNATURE, "")
        if self._signatures and _TRAILER_SIGNATURE in self._announced:
            self._signatures.check_trailers(signature, self._trailers.items())

    def _nothing(self, line: bytes) -> None:
        raise _terminated()

    def _wrong_length(self) -> BadBody:
        return BadBody(
            "You did not provide the number of bytes specified by the Content-Length HTTP header",
            "IncompleteBody",
            s3_members={"NumberBytesExpected": str(self._length), "NumberBytesProvided": str(self._received)},
        )


def _decoded_length(fields: Fields) -> int:
    text = fields.get("x-amz-decoded-content-length", "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise BadBody("You must provide the Content-Length HTTP header.", "MissingContentLength", 411)
    return int(text)


def _terminated() -> BadBody:
    return BadBody("The request body terminated unexpectedly", "IncompleteBody")


def _malformed_trailer() -> BadBody:
    return BadBody(
        "The request contained trailing data that was not well-formed or did not conform to our published schema.",
        "MalformedTrailerError",
    )
