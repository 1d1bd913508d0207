"""Bodies: CRC32, CRC32C, CRC64NVME, SHA1 and SHA256 checksums and Content-MD5, in headers and in trailers.

Values are the algorithms' published check values, of "123456789".
"""

from __future__ import annotations

import base64
import contextlib

import boto3
import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st

from atoll.kernel.errors import BadBody, NotImplementedByAtoll
from atoll.protocol.bodies.checksums import NOT_CALCULATED, SIZES, announced, checksum

BODY = b"123456789"
MD5 = "JfnnlDI7RTiF9RgfG2JNCw=="
CHECKS = {
    "CRC32": "cbf43926",
    "CRC32C": "e3069283",
    "CRC64NVME": "ae8b14860a799888",
    "SHA1": "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    "SHA256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
    "SHA512": (
        "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274a"
        "d27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85"
    ),
    "MD5": "25f9e794323b453885f5181f1b624d0b",
}
VALUES = {name: base64.b64encode(bytes.fromhex(value)).decode() for name, value in CHECKS.items()}
ALGORITHMS = pytest.mark.parametrize("algorithm", CHECKS)


def header(algorithm: str) -> str:
    return f"x-amz-checksum-{algorithm.lower()}"


def refused(fields: dict[str, str], body: bytes = BODY, trailers: dict[str, str] | None = None) -> tuple[str, str]:
    with pytest.raises(BadBody) as caught:
        announced(fields).check(body, trailers or {})
    assert caught.value.s3 is not None
    assert caught.value.s3.status == 400
    return caught.value.s3.code, caught.value.s3.message


def test_no_algorithm_is_forgotten() -> None:
    assert dict(SIZES) == {name: len(value) // 2 for name, value in CHECKS.items()}
    service = boto3.client("s3", region_name="us-east-1").meta.service_model
    assert SIZES.keys() | NOT_CALCULATED == set(service.shape_for("ChecksumAlgorithm").enum)
    for algorithm in NOT_CALCULATED:
        with pytest.raises(NotImplementedByAtoll, match=algorithm):
            announced({header(algorithm): "AAAA"})


@ALGORITHMS
class TestChecksum:
    def test_its_check_value(self, algorithm: str) -> None:
        assert checksum(algorithm, BODY) == VALUES[algorithm]

    def test_in_a_header(self, algorithm: str) -> None:
        fields = {header(algorithm): VALUES[algorithm], "x-amz-sdk-checksum-algorithm": algorithm, "content-md5": MD5}
        assert announced(fields).check(BODY, {}) == VALUES[algorithm]

    def test_in_a_trailer(self, algorithm: str) -> None:
        fields = {"x-amz-trailer": header(algorithm), "x-amz-sdk-checksum-algorithm": algorithm}
        assert announced(fields).check(BODY, {header(algorithm): VALUES[algorithm]}) == VALUES[algorithm]

    def test_of_another_body(self, algorithm: str) -> None:
        expected = "BadDigest", f"The {algorithm} you specified did not match the calculated checksum."
        assert refused({header(algorithm): VALUES[algorithm]}, b"987654321") == expected
        trailers = {header(algorithm): VALUES[algorithm]}
        assert refused({"x-amz-trailer": header(algorithm)}, b"987654321", trailers) == expected

    def test_that_is_none(self, algorithm: str) -> None:
        value, name = VALUES[algorithm], header(algorithm)
        # The same bytes, but for bits of the last character that stand for none.
        no_canonical_end = value.rstrip("=")[:-1] + chr(ord(value.rstrip("=")[-1]) + 1) + "=" * value.count("=")
        for wrong in (
            CHECKS[algorithm],
            value[:-4],
            value.rstrip("="),
            f"{value[:4]}^{value[4:]}",
            "",
            "\u00fc",
            no_canonical_end,
        ):
            assert refused({name: wrong}) == ("InvalidRequest", f"Value for {name} header is invalid.")
            expected = "InvalidRequest", f"Value for {name} trailing header is invalid."
            assert refused({"x-amz-trailer": name}, BODY, {name: wrong}) == expected


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {header("CRC32"): VALUES["CRC32"], header("SHA1"): VALUES["SHA1"]},
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        ),
        (
            {header("CRC32"): VALUES["CRC32"], "x-amz-trailer": header("CRC32C")},
            "Expecting a single x-amz-checksum- header",
        ),
        ({"x-amz-trailer": "x-amz-meta-a"}, "The value specified in the x-amz-trailer header is not supported"),
        ({header("MD4"): "AAAA"}, "The algorithm type you specified in x-amz-checksum- header is invalid."),
        (
            {"x-amz-sdk-checksum-algorithm": "CRC32"},
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
        ),
        (
            {"x-amz-sdk-checksum-algorithm": "MD4", header("CRC32"): VALUES["CRC32"]},
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
            "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
        ),
        (
            {"x-amz-sdk-checksum-algorithm": "SHA1", header("CRC32"): VALUES["CRC32"]},
            "Value for x-amz-sdk-checksum-algorithm header is invalid.",
        ),
    ],
)
def test_headers_that_contradict_each_other(fields: dict[str, str], message: str) -> None:
    assert refused(fields) == ("InvalidRequest", message)


def test_headers_about_checksums_are_none() -> None:
    fields = {
        "x-amz-checksum-mode": "ENABLED",
        "x-amz-checksum-algorithm": "CRC32",
        "x-amz-checksum-type": "FULL_OBJECT",
    }
    assert announced(fields).check(BODY, {}) is None


class TestContentMd5:
    def test_of_the_body(self) -> None:
        assert announced({"content-md5": MD5}).check(BODY, {}) is None

    def test_of_another_body(self) -> None:
        with pytest.raises(BadBody) as caught:
            announced({"content-md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}).check(BODY, {})
        assert caught.value.s3 is not None
        assert caught.value.s3.code == "BadDigest"
        assert caught.value.s3.message == "The Content-MD5 you specified did not match what we received."
        assert caught.value.s3.members == {"ExpectedDigest": "1B2M2Y8AsgTpgAmY7PhCfg==", "CalculatedDigest": MD5}

    @pytest.mark.parametrize("value", ["not base64!", "YWJyYWNhZGFicmE=", "25f9e794323b453885f5181f1b624d0b", ""])
    def test_that_is_none(self, value: str) -> None:
        with pytest.raises(BadBody) as caught:
            announced({"content-md5": value})
        assert caught.value.s3 is not None
        assert caught.value.s3.code == "InvalidDigest"
        assert caught.value.s3.message == "The Content-MD5 you specified was invalid."
        assert caught.value.s3.members == {"Content-MD5": value}


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
@pytest.mark.parametrize("body", [b"", BODY, b"x" * 100_000])
def test_what_botocore_sends(algorithm: str, body: bytes) -> None:
    sent: list[AWSRequest] = []
    client = boto3.client(
        "s3", region_name="us-east-1", endpoint_url="http://127.0.0.1:1", aws_access_key_id="AKID", aws_secret_access_key="s",
        config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip

    def stop(request: AWSRequest, **_more: object) -> None:
        sent.append(request)
        raise InterruptedError

    client.meta.events.register("before-send.s3", stop)
    with pytest.raises(InterruptedError):
        client.put_object(Bucket="b", Key="k", Body=body, ChecksumAlgorithm=algorithm)
    headers = {
        name.lower(): value if isinstance(value, str) else value.decode() for name, value in sent[0].headers.items()
    }
    assert announced(headers).check(body, {}) == checksum(algorithm, body)


NAMES = [
    *map(header, CHECKS),
    "content-md5",
    "x-amz-trailer",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-checksum-type",
    "x-amz-checksum-",
]
TEXTS = st.text() | st.sampled_from([*VALUES.values(), *map(header, CHECKS), *CHECKS, MD5, ""])


@given(st.dictionaries(st.sampled_from(NAMES), TEXTS), st.dictionaries(st.sampled_from(NAMES), TEXTS))
def test_any_headers_and_trailers_are_taken_or_refused(fields: dict[str, str], trailers: dict[str, str]) -> None:
    with contextlib.suppress(BadBody):
        found = announced(fields)
        value = found.check(BODY, trailers)
        assert value == (VALUES[found.algorithm] if found.algorithm else None)
