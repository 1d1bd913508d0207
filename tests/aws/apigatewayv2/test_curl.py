"""curl as a client of HTTP APIs: what it does by itself with HTTP/1.1, and what functions and backends see of it."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Curl = Callable[..., str]


@pytest.fixture
def url(region: Any, echo: str) -> str:
    """The API by its host, which curl resolves by itself."""
    return f"http://{echo}.execute-api.localhost:{region.port}"


@pytest.fixture
def curl(need: Callable[[object, str], None]) -> Curl:
    """`curl("-T", file, url)`: what curl writes. It fails where curl does."""
    need(shutil.which("curl"), "curl")

    def run(*arguments: str | Path) -> str:
        command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "60", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    return run


def test_an_upload_from_a_file(curl: Curl, url: str, tmp_path: Path) -> None:
    """`-T` sends PUT without a content type; a file of over a megabyte waits for 100 Continue first."""
    small = tmp_path / "small.bin"
    small.write_bytes(bytes(range(256)))
    event = json.loads(curl("-T", small, f"{url}/files/"))  # curl puts the file's name after the slash
    assert (event["requestContext"]["http"]["method"], event["rawPath"]) == ("PUT", "/files/small.bin")
    assert event["isBase64Encoded"]
    assert base64.b64decode(event["body"]) == small.read_bytes()
    large = tmp_path / "large.txt"
    large.write_text('"' + "x" * 1_100_000 + '"')  # the function reads JSON
    event = json.loads(curl("-T", large, "-H", "Content-Type: text/plain", "-H", "Expect: 100-continue", f"{url}/"))
    assert event["body"] == large.read_text()
    assert "expect" not in event["headers"]


def test_an_upload_of_unknown_length_is_chunked(curl: Curl, url: str, tmp_path: Path) -> None:
    """`-T -` reads until the end; functions see a body of known length."""
    source = tmp_path / "source"
    source.write_text('{"n": "☃"}')
    with source.open("rb") as file:
        command = ["curl", "-sS", "--noproxy", "*", "-T", "-", "-H", "content-type: application/json", f"{url}/"]
        answer = subprocess.run(command, stdin=file, capture_output=True, check=True, timeout=60).stdout
    event = json.loads(answer)
    assert event["body"] == '{"n": "☃"}'
    assert "transfer-encoding" not in event["headers"]
    assert event["headers"]["content-length"] == str(source.stat().st_size)


def test_head_has_headers_and_no_body(curl: Curl, url: str) -> None:
    lines = curl("--head", f"{url}/").splitlines()
    assert lines[0] == "HTTP/1.1 200 OK"
    assert any(line.lower().startswith("apigw-requestid: ") for line in lines)


def test_an_offer_of_http_2_is_not_taken_up(curl: Curl, url: str) -> None:
    """`--http2` offers h2c by Upgrade: the answer is HTTP/1.1, and whole."""
    assert curl("--http2", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", f"{url}/") == "1.1 200"
    sent = curl("--http2", "-d", "a=1", f"{url}/")
    assert base64.b64decode(json.loads(sent)["body"]) == b"a=1"


def test_compressed_is_left_to_the_function(curl: Curl, url: str) -> None:
    """HTTP APIs compress nothing; what a function compressed itself arrives, and curl unpacks it."""
    event = json.loads(curl("--compressed", f"{url}/"))
    assert "gzip" in event["headers"]["accept-encoding"]
    packed = base64.b64encode(gzip.compress(b"unpacked")).decode()
    answer = {"statusCode": 200, "headers": {"content-encoding": "gzip"}, "body": packed, "isBase64Encoded": True}
    sent = json.dumps({"answer": answer})
    assert curl("--compressed", "-H", "content-type: application/json", "-d", sent, f"{url}/") == "unpacked"


def test_queries_and_headers_with_several_values(curl: Curl, url: str) -> None:
    values = ("-G", "--data-urlencode", "q=a b", "--data-urlencode", "q=ä&c")
    event = json.loads(curl(*values, "-H", "x-many: 1", "-H", "x-many: 2", "-b", "a=1; b=2", f"{url}/find"))
    assert event["rawQueryString"] == "q=a+b&q=%c3%a4%26c"  # as it was sent
    assert event["queryStringParameters"] == {"q": "a b,ä&c"}
    assert event["headers"]["x-many"] == "1,2"
    assert event["cookies"] == ["a=1", "b=2"]


def test_a_connection_serves_one_request_after_the_other(curl: Curl, url: str) -> None:
    """Two URLs in one command: the second goes over the connection of the first."""
    written = ("-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n")
    failing = ("-H", "content-type: application/json", "-d", '{"raise": "x"}', f"{url}/")
    assert curl(*written, *failing, "--next", "-sS", *written, f"{url}/").splitlines() == ["500 1", "200 0"]
