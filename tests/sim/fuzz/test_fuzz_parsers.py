"""Every parser under a fuzzer's bytes: a little in each run of the tests, by coverage in `make soak`; and how its time grows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[3]
ATHERIS = "atheris>=3"
"""It has wheels for Linux, and instruments what it imports: it runs in an environment of its own."""
SECONDS = int(os.environ.get("ATOLL_FUZZ_SECONDS", "180"))
"""How long each target is fuzzed in a soak."""


@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_break_a_parser(name: str) -> None:
    target = TARGETS[name]
    for seed in target.seeds:
        target.run(seed)

    @settings(max_examples=100, deadline=None, database=None)
    @given(st.sampled_from(target.seeds), st.integers(0, 400), st.binary(max_size=12), st.integers(0, 9))
    def one(seed: bytes, at: int, piece: bytes, cut: int) -> None:
        at %= len(seed)
        target.run(seed[:at] + piece + seed[at + cut :])

    one()


@pytest.fixture(scope="session")
def fuzzer(need: Callable[[object, str], None]) -> Path:
    """A Python that has atheris, made once under .cache."""
    folder = ROOT / ".cache" / f"fuzz-{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / "bin" / "python"
    folder.parent.mkdir(exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            install = [str(python), "-m", "pip", "install", "--quiet", "--only-binary", ":all:", ATHERIS]
            need(subprocess.run(install, check=False).returncode == 0, f"a wheel of {ATHERIS}")
            (folder / "ready").touch()
    return python


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 300)
@pytest.mark.parametrize("name", TARGETS)
def test_no_input_found_by_coverage_breaks_a_parser(name: str, fuzzer: Path) -> None:
    corpus = ROOT / ".cache" / "corpus" / name.replace(" ", "-")
    limits = [f"-max_total_time={SECONDS}", "-max_len=4096", "-timeout=10", "-rss_limit_mb=2048"]
    paths = [str(ROOT / "src"), *(path for path in sys.path if path.endswith("site-packages"))]
    found = subprocess.run(
        [str(fuzzer), str(Path(__file__).with_name("run.py")), name, str(corpus), *limits],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert found.returncode == 0, found.stderr[-5000:]


GROWING: dict[str, tuple[str, int, Callable[[int], bytes]]] = {
    "members of a map": ("json", 20_000, lambda n: b'\x00{"Item":{%b}}' % b",".join(b'"%d":{"N":"1"}' % i for i in range(n))),
    "broken constraints": ("json", 20_000, lambda n: b'\x02{"AttributeDefinitions":[%b]}' % b",".join([b"{}"] * n)),
    "escapes": ("json", 200_000, lambda n: b'\x00{"TableName":"%b"}' % (b"\\u00e4" * n)),
    "digits": ("json", 200_000, lambda n: b'\x00{"Item":{"a":{"N":%b}}}' % (b"9" * n)),
    "JSON's depth": ("json", 200_000, lambda n: b"\x00" + b'{"a":' * n),
    "CBOR's depth": ("cbor", 200_000, lambda n: b"\x00" + b"\x81" * n),
    "CBOR's indefinite strings": ("cbor", 50_000, lambda n: b"\x00\xa1\x69Namespace\x7f" + b"\x61a" * n + b"\xff"),
    "elements": ("xml", 10_000, lambda n: b"\x00<Delete>" + b"<Object><Key>a</Key></Object>" * n + b"</Delete>"),
    "attributes": ("xml", 5_000, lambda n: b"\x00<Delete " + b"".join(b'a%d="" ' % i for i in range(n)) + b"/>"),
    "pieces of text": ("xml", 50_000, lambda n: b"\x00<Delete><Object><Key>" + b"&amp;<b/>" * n + b"</Key></Object></Delete>"),
    "pairs": ("form", 10_000, lambda n: b"\x00" + b"a&" * n),
    "list indexes": ("form", 10_000, lambda n: b"\x00" + b"&".join(b"Tags.member.%d.Key=a" % i for i in range(n))),
    "a deep name": ("form", 50_000, lambda n: b"\x00Tags" + b".member.1" * n + b"=a"),
    "slashes": ("routes", 5_000, lambda n: b"\x02" + b"a/" * n),
    "percent signs": ("routes", 5_000, lambda n: b"\x00" + b"%41" * n),
    "chunks": ("chunked", 10_000, lambda n: b"\x00" + b"0;chunk-signature=a\r\n\r\n" * n),
    "one byte after the other": ("chunked", 10_000, lambda n: b"\x02" + b"\n" * n),
    "signed headers": ("signatures", 5_000, lambda n: b"AWS4-HMAC-SHA256 Credential=a/20260101/b/s3/aws4_request, SignedHeaders="
                       + b";".join([b"a"] * n) + b", Signature=0\n\n20260101T000000Z\nUNSIGNED-PAYLOAD\n"),
    "query parameters": ("signatures", 5_000, lambda n: b"\n" + b"a&" * n + b"X-Amz-Credential=a\n\n\n"),
    "a path of dots": ("signatures", 5_000, lambda n: TARGETS["signatures"].seeds[3].replace(b"\n\n", b"\n\n" + b"../a/" * n)),
    "statements": ("policies", 500, lambda n: b'\x00{"Version":"2012-10-17","Statement":[%b]}' % b",".join(
        b'{"Sid":"a%d","Effect":"Allow","Action":"s3:*","Resource":"*"}' % i for i in range(n))),
    "wildcards": ("conditions", 2_000, lambda n: b"\x00" + b"*a" * n + b"b\n" + b"a" * 20_000),
    "variables": ("conditions", 20_000, lambda n: b"\x80" + b"${" * n + b"\na"),
    "operators": ("expressions", 200, lambda n: b" AND ".join([b"a=b"] * n)),
    "parentheses": ("expressions", 1_000, lambda n: b"(" * n + b"a=b"),
    "actions": ("expressions", 150, lambda n: b"REMOVE " + b",".join(b"a%d" % i for i in range(n)) + b" SET"),
    "sections": ("expressions", 100, lambda n: b"REMOVE a " * n),
    "digits of a number": ("expressions", 20_000, lambda n: b"0" * n + b"1"),
    "conditions of a statement": ("statements", 60, lambda n: b"SELECT * FROM tab WHERE " + b" AND ".join([b"pk='x'"] * n)),
    "ORs of a statement": ("statements", 60, lambda n: b"SELECT * FROM tab WHERE " + b"(sk=1 OR " * n + b"n=1" + b")" * n),
    "brackets of a statement": ("statements", 1_500, lambda n: b"SELECT * FROM tab WHERE a=" + b"[" * n + b"1" + b"]" * n),
    "members of a statement": ("statements", 150, lambda n: b"INSERT INTO tab VALUE {%b}" % b",".join(b"'a%d':1" % i for i in range(n))),
    "open comments": ("statements", 1_000, lambda n: b"/*" * n),
    "statements of a table's policy": ("resource policies", 30, lambda n: TARGETS["resource policies"].seeds[0][:-2].replace(
        b'"Sid":"a",', b"") + b',{"Effect":"Deny","Principal":"*","Action":"dynamodb:*","Resource":"*"}' * n + b"]}"),
    "terms": ("filter patterns", 100, lambda n: b"a " * n),
    "segments of a route": ("route keys", 200, lambda n: b"GET /" + b"/".join(b"{a%d}" % i for i in range(n)) + b"\n" + b"a/" * n),
    "an origin": ("hosts", 20_000, lambda n: b"a" * n + b".localhost\nhttp://" + b"a." * n + b"\n"),
    "a date": ("timestamps", 20_000, lambda n: b"Thu, " + b"(" * n),
    "headers": ("returned", 2_000, lambda n: b'{"statusCode":200,"headers":{%b}}' % b",".join(b'"a%d":"b"' % i for i in range(n))),
}  # fmt: skip
"""By what grows: the target, a first size, and the input of a size."""


def _seconds(name: str, data: bytes) -> float:
    """The least of some runs: what else the machine does only adds to it."""
    least = float("inf")
    for _ in range(5):
        began = time.process_time()
        TARGETS[name].run(data)
        least = min(least, time.process_time() - began)
    return least


@pytest.mark.parametrize("what", GROWING)
def test_time_grows_no_faster_than_the_input(what: str) -> None:
    name, size, make = GROWING[what]
    TARGETS[name].run(make(1))
    once, fourfold = _seconds(name, make(size)), _seconds(name, make(4 * size))
    assert fourfold < 9 * once + 0.01, f"{once * 1000:.1f} ms, then {fourfold * 1000:.1f} ms"  # 16 times if quadratic
