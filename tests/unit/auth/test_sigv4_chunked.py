"""Signatures and bodies in chunks: aws-chunked with signed chunks and trailers.

The first two bodies are AWS's own worked examples ("Example Calculations: PUT Object" of "Transferring Payload in Multiple Chunks" and
of "Including Trailing Headers", S3 API Reference); others were written by restic (tests/data/chunked) and by botocore.
"""

from __future__ import annotations

import base64
import io
import json
import time
import zlib
from itertools import pairwise
from pathlib import Path

import pytest
from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum
from hypothesis import given
from hypothesis import strategies as st

from atoll.auth import chunked, sigv4
from atoll.auth.claims import check_scope_and_date, payload_claim
from atoll.kernel.errors import BadBody, CommonError

from .signed import in_s3

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TIMESTAMP = "20130524T000000Z"
CRC32C = "x-amz-checksum-crc32c"
CRC32 = "x-amz-checksum-crc32"
DATA = b"a" * 66560
INCOMPLETE = (400, "IncompleteBody", "The request body terminated unexpectedly", {})
MALFORMED_TRAILER = (
    400,
    "MalformedTrailerError",
    "The request contained trailing data that was not well-formed or did not conform to our published schema.",
    {},
)


def example(
    kind: str, seed: str, chunks: list[str], trailers: bytes, **more: str
) -> tuple[sigv4.Authorization, dict[str, str], bytes]:
    """One of AWS's worked examples: 65 KB of "a" in chunks of 64 KB, 1 KB and nothing, signed by `chunks`."""
    fields = {
        "host": "s3.amazonaws.com",
        "x-amz-date": TIMESTAMP,
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "x-amz-content-sha256": kind,
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": "66560",
        "content-length": "66824",
    } | {name.replace("_", "-"): value for name, value in more.items()}
    if more:
        del fields["content-length"]
    authorization = sigv4.Authorization(
        "AKIAIOSFODNN7EXAMPLE", "20130524", "us-east-1", "s3", tuple(sorted(fields)), seed
    )
    pieces = [DATA[:65536], DATA[65536:], b""]
    lines = [
        b"%x;chunk-signature=%s\r\n" % (len(piece), signature.encode())
        for piece, signature in zip(pieces, chunks, strict=True)
    ]
    body = lines[0] + pieces[0] + b"\r\n" + lines[1] + pieces[1] + b"\r\n" + lines[2] + trailers + b"\r\n"
    return authorization, fields, body


SIGNED = example(
    chunked.SIGNED,
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    [
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ],
    b"",
)
TRAILING = example(
    chunked.SIGNED_WITH_TRAILER,
    "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    [
        "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
        "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
        "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    ],
    b"x-amz-checksum-crc32c:sOO8/Q==\r\n"
    b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n",
    x_amz_trailer=CRC32C,
)


def open_signed(authorization: sigv4.Authorization, fields: dict[str, str]) -> chunked.ChunkedBody:
    timestamp = check_scope_and_date(authorization, fields, 1369353600.0, service="s3", region="us-east-1")
    kind = payload_claim(authorization, fields)
    assert kind is not None
    sigv4.verify_signature(
        authorization,
        secret=SECRET,
        method="PUT",
        raw_path="/examplebucket/chunkObject.txt",
        query_string="",
        fields=fields,
        payload=kind,
        timestamp=timestamp,
        signing_keys=sigv4.SigningKeys(),
    )
    key = sigv4.SigningKeys().get(SECRET, authorization)
    return chunked.ChunkedBody(kind, fields, chunked.ChunkSignatures(authorization, timestamp, key))


def decoded(body: chunked.ChunkedBody, text: bytes, step: int = 1 << 20) -> tuple[bytes, dict[str, str]]:
    data = b"".join(body.feed(text[at : at + step]) for at in range(0, len(text), step))
    return data, body.finish()


def refused(body: chunked.ChunkedBody, text: bytes) -> tuple[int, str, str, dict[str, str]]:
    with pytest.raises(CommonError) as caught:
        decoded(body, text)
    return in_s3(caught.value)


@pytest.mark.parametrize("step", [1, 7, 1000, 65536, 1 << 20])
def test_the_worked_example(step: int) -> None:
    authorization, fields, body = SIGNED
    assert len(body) == 66824
    assert decoded(open_signed(authorization, fields), body, step) == (DATA, {})


@pytest.mark.parametrize("step", [1, 7, 1000, 65536, 1 << 20])
def test_the_worked_example_with_a_trailer(step: int) -> None:
    authorization, fields, body = TRAILING
    assert decoded(open_signed(authorization, fields), body, step) == (DATA, {CRC32C: "sOO8/Q=="})


def test_what_restic_wrote() -> None:
    recorded = json.loads((Path(__file__).parents[2] / "data" / "chunked" / "restic.json").read_text())
    fields = {name.lower(): value for name, value in recorded["headers"]}
    authorization = sigv4.parse_authorization(fields["authorization"])
    key = sigv4.SigningKeys().get(SECRET, authorization)
    sigv4.verify_signature(
        authorization,
        secret=SECRET,
        method="PUT",
        raw_path=recorded["target"],
        query_string="",
        fields=fields,
        payload=chunked.SIGNED,
        timestamp=fields["x-amz-date"],
        signing_keys=sigv4.SigningKeys(),
    )
    signatures = chunked.ChunkSignatures(authorization, fields["x-amz-date"], key)
    data, trailers = decoded(
        chunked.ChunkedBody(chunked.SIGNED, fields, signatures), base64.b64decode(recorded["body"])
    )
    assert len(data) == int(fields["x-amz-decoded-content-length"])
    assert trailers == {}


@pytest.mark.parametrize("sent", [SIGNED, TRAILING], ids=["chunks", "trailer"])
@pytest.mark.parametrize("mark", [b"chunk-signature=", b"\r\naaa", b"400;chunk-signature=", b"0;chunk-signature="])
def test_one_changed_byte_of_data_or_of_any_signature_is_found(
    sent: tuple[sigv4.Authorization, dict[str, str], bytes], mark: bytes
) -> None:
    authorization, fields, body = sent
    at = body.index(mark) + len(mark) - (1 if mark.endswith(b"a") else 0)
    other = b"1" if body[at : at + 1] != b"1" else b"2"
    status, code, _message, members = refused(open_signed(authorization, fields), body[:at] + other + body[at + 1 :])
    assert (status, code) == (403, "SignatureDoesNotMatch")
    assert members["StringToSign"].startswith(
        f"AWS4-HMAC-SHA256-PAYLOAD\n{TIMESTAMP}\n20130524/us-east-1/s3/aws4_request\n"
    )


@pytest.mark.parametrize("old", [b"sOO8/Q==", b"d81f82fc"])
def test_a_changed_trailer_is_found(old: bytes) -> None:
    authorization, fields, body = TRAILING
    changed = body.replace(old, old[::-1])
    _status, code, _message, members = refused(open_signed(authorization, fields), changed)
    assert code == "SignatureDoesNotMatch"
    assert members["StringToSign"].startswith(f"AWS4-HMAC-SHA256-TRAILER\n{TIMESTAMP}\n")


def test_chunks_must_come_in_their_order() -> None:
    chunks = [b"%x;chunk-signature=" % size for size in (65536, 1024)]
    authorization, fields, body = SIGNED
    second = body.index(chunks[1])
    end = body.index(b"0;chunk-signature=b6c6")
    swapped = body[second:end] + body[:second] + body[end:]
    assert refused(open_signed(authorization, fields), swapped)[1] == "SignatureDoesNotMatch"


def unsigned(length: int, trailer: str = "", **more: str) -> chunked.ChunkedBody:
    fields = {"x-amz-decoded-content-length": str(length), "x-amz-trailer": trailer} | more
    return chunked.ChunkedBody(chunked.UNSIGNED_WITH_TRAILER, fields, None)


def written(*pieces: bytes, trailers: bytes = b"") -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + trailers + b"\r\n"


@pytest.mark.parametrize("size", [0, 1, 8192, 100_000])
def test_what_botocore_writes(size: int) -> None:
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    wrapper = AwsChunkedWrapper(io.BytesIO(data), Crc32Checksum, checksum_name=CRC32, chunk_size=16384)
    checksum = base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()
    assert decoded(unsigned(size, CRC32), wrapper.read(), 1000) == (data, {CRC32: checksum})


def test_a_trailer_may_end_the_body_and_may_be_spaced() -> None:
    body = written(b"data", trailers=b"X-Amz-Checksum-CRC32 : rfnzYw== \r\n")
    assert decoded(unsigned(4, CRC32), body) == (b"data", {CRC32: "rfnzYw=="})
    assert decoded(unsigned(4, CRC32), body.removesuffix(b"\r\n")) == (b"data", {CRC32: "rfnzYw=="})


class TestRefused:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"4",
            b"4\r\nda",
            b"4\r\ndata",
            b"4\r\ndata\r\n",
            b"4\r\ndata\r\n0",
            b"4\r\ndata0\r\n\r\n",
            b"4\ndata\r\n0\r\n\r\n",
            b"x\r\ndata\r\n0\r\n\r\n",
            b"-4\r\ndata\r\n0\r\n\r\n",
            b"0x4\r\ndata\r\n0\r\n\r\n",
            b"+4\r\ndata\r\n0\r\n\r\n",
            b"4_0\r\ndata\r\n0\r\n\r\n",
            b"\r\n",
            b"4\r\ndata\r\n0\r\n\r\n\r\n",
            b"4\r\ndata\r\n0\r\n\r\nmore",
            b"0" * 2000,
            b"4;" + b"x" * 2000 + b"\r\ndata\r\n0\r\n\r\n",
        ],
    )
    def test_what_is_no_chunk_or_not_complete(self, body: bytes) -> None:
        assert refused(unsigned(4), body) == INCOMPLETE

    @pytest.mark.parametrize("length", [3, 5])
    def test_another_length_than_announced(self, length: int) -> None:
        message = "You did not provide the number of bytes specified by the Content-Length HTTP header"
        members = {"NumberBytesExpected": str(length), "NumberBytesProvided": "4"}
        assert refused(unsigned(length), written(b"data")) == (400, "IncompleteBody", message, members)

    def test_a_huge_chunk_is_refused_before_it_comes(self) -> None:
        with pytest.raises(BadBody):
            unsigned(4).feed(b"ffffffffffffffff\r\n")

    @pytest.mark.parametrize("length", ["", "x", "-1", "\u0664", "9" * 30])
    def test_no_length(self, length: str) -> None:
        with pytest.raises(BadBody) as caught:
            chunked.ChunkedBody(chunked.SIGNED, {"x-amz-decoded-content-length": length}, None)
        message = "You must provide the Content-Length HTTP header."
        assert in_s3(caught.value) == (411, "MissingContentLength", message, {})

    def test_small_chunks(self) -> None:
        message = "Only the last chunk is allowed to have a size less than 8192 bytes"
        members = {"Chunk": "2", "BadChunkSize": "8191"}
        body = written(b"a" * 8192, b"b" * 8191, b"c")
        assert refused(unsigned(16384), body) == (403, "InvalidChunkSizeError", message, members)
        assert decoded(unsigned(8193), written(b"a" * 8192, b"c"))[0] == b"a" * 8192 + b"c"

    @pytest.mark.parametrize(
        "trailers",
        [
            b"",
            b"x-amz-checksum-sha1:x\r\n",
            b"no colon\r\n",
            CRC32.encode() + b":x\r\nother:y\r\n",
            2 * (CRC32.encode() + b":x\r\n"),
        ],
    )
    def test_trailers_that_are_not_those_announced(self, trailers: bytes) -> None:
        assert refused(unsigned(4, CRC32), written(b"data", trailers=trailers)) == MALFORMED_TRAILER

    def test_trailers_that_nobody_announced(self) -> None:
        body = written(b"data", trailers=CRC32.encode() + b":rfnzYw==\r\n")
        assert refused(unsigned(4), body) == MALFORMED_TRAILER

    def test_a_signed_trailer_without_its_signature(self) -> None:
        authorization, fields, body = TRAILING
        at = body.index(b"x-amz-trailer-signature")
        assert refused(open_signed(authorization, fields), body[:at] + b"\r\n") == INCOMPLETE

    @pytest.mark.parametrize("extension", [b"", b";chunk-signature="])
    def test_a_chunk_without_a_signature(self, extension: bytes) -> None:
        authorization, fields, _body = SIGNED
        body = b"10400%s\r\n" % extension + DATA
        assert refused(open_signed(authorization, fields), body) == INCOMPLETE


@given(
    st.binary(max_size=300)
    | st.lists(st.sampled_from([b"4", b"\r\n", b"data", b"0", b";", b":", b"\n", CRC32.encode()])).map(b"".join)
)
def test_any_body_is_taken_or_refused(body: bytes) -> None:
    for step in (1, 1000):
        try:
            data, _trailers = decoded(unsigned(4, CRC32), body, step)
        except BadBody:
            continue
        assert len(data) == 4


@given(st.binary(max_size=40_000), st.lists(st.integers(8192, 40_000)), st.integers(1, 5000))
def test_any_division_into_chunks_and_packets_yields_the_data(data: bytes, cuts: list[int], step: int) -> None:
    pieces, at = [], 0
    for cut in cuts:
        if at + cut < len(data):
            pieces.append(data[at : at + cut])
            at += cut
    if data[at:]:
        pieces.append(data[at:])
    assert decoded(unsigned(len(data)), written(*pieces), step) == (data, {})


def test_time_is_linear_in_the_body_and_little_is_held() -> None:
    def seconds(size: int) -> float:
        body, start = unsigned(size), time.process_time()
        text = written(*[b"a" * 8192] * (size // 8192))
        for at in range(0, len(text), 100):
            body.feed(text[at : at + 100])
            assert len(body._line) <= chunked.MAX_LINE
        body.finish()
        return time.process_time() - start

    times = [min(seconds(size) for _ in range(3)) for size in (1 << 18, 1 << 19, 1 << 20)]
    assert all(after < 4 * before for before, after in pairwise(times))
