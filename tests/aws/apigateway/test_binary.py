"""Binary media types, content handling and compression, as AWS converts bodies."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from typing import Any

PNG = b"\x89PNG\r\n\xff\x00"
BASE64 = base64.b64encode(PNG).decode()


def proxy(rest: Any, function: str, allow: Callable[[str], None]) -> None:
    rest.proxy("/", "POST", function)
    rest.deploy()
    allow(f"{rest.id}/*/*")


def told(answer: dict[str, Any]) -> bytes:
    return json.dumps({"answer": answer}).encode()


def test_bytes_reach_the_function_as_base64(new_rest: Callable[..., Any], function: str, allow: Any) -> None:
    rest = new_rest(binaryMediaTypes=["image/png"])
    proxy(rest, function, allow)
    event = rest("/", "POST", content=PNG, headers={"content-type": "image/png"}).json()
    assert (event["body"], event["isBase64Encoded"]) == (BASE64, True)
    event = rest("/", "POST", content=PNG, headers={"content-type": "image/gif"}).json()
    assert (event["body"], event["isBase64Encoded"]) == (PNG.decode(errors="replace"), False)


def test_base64_answers_are_decoded_for_who_accepts_bytes(
    new_rest: Callable[..., Any], function: str, allow: Any
) -> None:
    rest = new_rest(binaryMediaTypes=["image/png"])
    proxy(rest, function, allow)
    body = told({"body": BASE64, "isBase64Encoded": True, "headers": {"content-type": "image/png"}})
    assert rest("/", "POST", content=body, headers={"accept": "image/png, */*"}).content == PNG
    assert rest("/", "POST", content=body, headers={"accept": "text/html, image/png"}).text == BASE64


def test_every_type_is_binary_for_a_star(new_rest: Callable[..., Any], function: str, allow: Any) -> None:
    rest = new_rest(binaryMediaTypes=["*/*"])
    proxy(rest, function, allow)
    event = rest("/", "POST", content=b"hello").json()
    assert (event["body"], event["isBase64Encoded"]) == ("aGVsbG8=", True)


def test_content_handling_of_responses(new_rest: Callable[..., Any]) -> None:
    rest = new_rest(binaryMediaTypes=["image/png"])
    rest.method("/")
    rest.integrate("/", type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    rest.respond(
        "/",
        contentHandling="CONVERT_TO_BINARY",
        headers={"Content-Type": "'image/png'"},
        responseTemplates={"application/json": BASE64},
    )
    rest.deploy()
    response = rest("/", headers={"accept": "image/png"})
    assert response.headers["content-type"] == "image/png"


def test_answers_are_compressed_for_who_accepts_it(new_rest: Callable[..., Any], http: Any) -> None:
    rest = new_rest(minimumCompressionSize=100)
    rest.mock("/", answer="x" * 200)
    rest.mock("/small", answer="x" * 99)
    rest.deploy()
    with http.stream("GET", rest.url("/"), headers={"accept-encoding": "gzip"}) as response:
        raw = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == b"x" * 200
    assert "content-encoding" not in rest("/", headers={"accept-encoding": "identity"}).headers
    assert "content-encoding" not in rest("/small", headers={"accept-encoding": "gzip"}).headers


def test_compressed_requests_are_unpacked(rest: Any) -> None:
    rest.mock("/", "POST", answer="")
    rest.client.put_integration(
        **rest.at("/", "POST"),
        type="MOCK",
        requestTemplates={"application/json": '{"statusCode": $input.json("$.status")}'},
    )
    rest.respond("/", "POST", responseTemplates={"application/json": "seen"})
    rest.deploy()
    packed = gzip.compress(b'{"status": 200}')
    assert rest("/", "POST", content=packed, headers={"content-encoding": "gzip"}).text == "seen"
    assert rest("/", "POST", content=b"no", headers={"content-encoding": "gzip"}).status_code == 400


def test_large_bodies_are_compressed_and_unpacked_likewise(new_rest: Callable[..., Any], http: Any) -> None:
    rest = new_rest(minimumCompressionSize=100)
    rest.mock("/", "POST", template='{"statusCode": $input.json("$.status")}', answer="x" * 100_000)
    rest.deploy()
    packed = gzip.compress(b'{"status": 200, "text": "' + b"0123456789" * 100_000 + b'"}')
    headers = {"content-encoding": "gzip", "accept-encoding": "gzip"}
    with http.stream("POST", rest.url("/"), headers=headers, content=packed) as response:
        raw = b"".join(response.iter_raw())
    assert (response.status_code, gzip.decompress(raw)) == (200, b"x" * 100_000)
    bad = rest("/", "POST", content=packed[:-9], headers={"content-encoding": "gzip"})
    assert (bad.status_code, bad.json()) == (400, {"message": "Could not decompress request body"})
