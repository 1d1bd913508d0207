"""HTTP_PROXY integrations: the request goes on to an HTTP service as AWS sends it, and its answer comes back."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

UNAVAILABLE = '{"message":"Service Unavailable"}'
Proxy = Callable[..., str]


def headers(asked: Any, name: str) -> list[str]:
    return [value for key, value in asked["headers"] if key == name]


def test_path_variables_and_the_query_are_put_into_the_uri(api_id: str, proxy: Proxy, call: Any) -> None:
    proxy("ANY /pets/{id}/toys/{proxy+}", "/store/{id}?fixed=1&rest={proxy}")
    asked = call(api_id, "/pets/a%20b/toys/c/d?q=1&q=%C3%A4", "POST", content=b"body").json()
    assert asked["method"] == "POST"
    assert asked["path"] == "/store/a%20b?fixed=1&rest=c/d&q=1&q=%C3%A4"
    assert asked["body"] == "body"


def test_a_named_method_goes_before_the_requests(api_id: str, proxy: Proxy, call: Any) -> None:
    proxy("GET /made", "/x", "PUT")
    assert call(api_id, "/made").json()["method"] == "PUT"


def test_stage_variables_in_the_uri(api: Any, api_id: str, proxy: Proxy, call: Any, backend: Any) -> None:
    proxy("GET /var", "http://${stageVariables.host}/${stageVariables.path}")
    api.update_stage(
        ApiId=api_id,
        StageName="$default",
        StageVariables={"host": f"127.0.0.1:{backend.server_port}", "path": "from-stage"},
    )
    assert call(api_id, "/var").json()["path"] == "/from-stage"


def test_headers_say_who_sent_the_request_on(api_id: str, proxy: Proxy, call: Any, backend: Any) -> None:
    proxy("$default", "/")
    sent = {"x-mine": "1", "connection": "close", "te": "trailers", "authorization": "Bearer x", "cookie": "a=1; b=2"}
    asked = call(api_id, headers=sent).json()
    assert headers(asked, "host") == [f"127.0.0.1:{backend.server_port}"]
    assert headers(asked, "via") == ["HTTP/1.1 AmazonAPIGateway"]
    domain = f"{api_id}.execute-api.us-east-1.amazonaws.com"
    assert headers(asked, "forwarded") == [f"by=127.0.0.1;for=127.0.0.1;host={domain};proto=http"]
    assert headers(asked, "x-amzn-trace-id")[0].startswith("Root=1-")
    assert [headers(asked, name) for name in ("x-mine", "authorization", "cookie")] == [
        ["1"],
        ["Bearer x"],
        ["a=1; b=2"],
    ]
    assert headers(asked, "te") == []


def test_the_answer_comes_back_as_it_is(api_id: str, proxy: Proxy, call: Any) -> None:
    proxy("ANY /{proxy+}", "/{proxy}")
    for status in (204, 304, 404, 503):
        answer = call(api_id, f"/status/{status}")
        assert answer.status_code == status
        assert answer.headers["apigw-requestid"]
    assert call(api_id, "/status/404").text == "said so"
    assert call(api_id, "/cookies").headers.get_list("set-cookie") == ["a=1", "b=2"]
    redirect = call(api_id, "/redirect")
    assert (redirect.status_code, redirect.headers["location"]) == (302, "/elsewhere")
    assert len(call(api_id, "/redirect").headers.get_list("date")) == 1
    head = call(api_id, "/x", "HEAD")
    assert (head.status_code, head.content, head.headers["x-backend"]) == (200, b"", "yes")


def test_an_answer_streams(api_id: str, proxy: Proxy, backend: Any, region: Any) -> None:
    proxy("GET /s", "/stream")
    with httpx.stream("GET", f"{region.endpoint}/_aws/execute-api/{api_id}/$default/s", trust_env=False) as answer:
        pieces = answer.iter_raw()
        assert next(pieces) == b"first"
        backend.go.set()
        assert b"".join(pieces) == b"second"


@pytest.mark.parametrize("size", [0, 1 << 20, 3 << 20])
def test_long_answers_are_whole(api_id: str, proxy: Proxy, call: Any, size: int) -> None:
    proxy("GET /{proxy+}", "/{proxy}")
    assert len(call(api_id, f"/big/{size}").content) == size


def test_a_service_that_cannot_be_reached_is_unavailable(api_id: str, proxy: Proxy, call: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    proxy("GET /refused", f"http://127.0.0.1:{port}/")
    proxy("GET /unknown", "http://nowhere.invalid/")
    proxy("GET /gone", "/gone")
    proxy("GET /broken", "/broken")
    for path in ("/refused", "/unknown", "/gone", "/broken"):
        answer = call(api_id, path)
        assert (answer.status_code, answer.text) == (503, UNAVAILABLE)


def test_a_service_that_takes_too_long_is_unavailable(api_id: str, proxy: Proxy, call: Any) -> None:
    proxy("GET /slow", "/slow", TimeoutInMillis=200)
    answer = call(api_id, "/slow")
    assert (answer.status_code, answer.text) == (503, UNAVAILABLE)


def test_an_answer_of_more_than_ten_megabytes_is_refused(api_id: str, proxy: Proxy, call: Any) -> None:
    proxy("GET /{proxy+}", "/{proxy}")
    answer = call(api_id, f"/big/{(10 << 20) + 1}")
    assert (answer.status_code, answer.text) == (503, UNAVAILABLE)


def test_cookies_of_one_client_are_not_sent_for_another(api_id: str, proxy: Proxy, call: Any) -> None:
    proxy("GET /{proxy+}", "/{proxy}")
    call(api_id, "/cookies")
    call.http.cookies.clear()
    assert headers(call(api_id, "/x").json(), "cookie") == []


def test_an_integration_is_no_way_to_the_admin_api(api_id: str, proxy: Proxy, call: Any, region: Any) -> None:
    """Functions may make APIs where their role says so: through one they can do no more than themselves."""
    proxy("ANY /{proxy+}", region.endpoint + "/{proxy}")
    for path, method in (("/_atoll/reset", "POST"), ("/_atoll/status", "GET"), ("/_localstack/health", "GET")):
        answer = call(api_id, path, method, headers={"host": "127.0.0.1"})
        assert (answer.status_code, answer.json()["message"]) == (403, "Functions may not use the admin API.")
    assert httpx.get(f"{region.endpoint}/_atoll/status", trust_env=False).status_code == 200


def test_an_unknown_key_is_not_root_through_an_integration(api_id: str, proxy: Proxy, call: Any, region: Any) -> None:
    proxy("ANY /{proxy+}", region.endpoint + "/{proxy}")
    scope = "Credential=123456789012/20260101/us-east-1/sts/aws4_request"
    signed = {
        "authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
        "x-amz-date": "20260101T000000Z",
    }
    body = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
    answer = call(api_id, "/x", "POST", data=body, headers=signed)
    assert (answer.status_code, "InvalidClientTokenId" in answer.text) == (403, True)


def test_an_api_may_stand_behind_another(api: Any, api_id: str, proxy: Proxy, call: Any, region: Any) -> None:
    proxy("GET /inner", "/seen")
    proxy("GET /outer", f"{region.endpoint}/_aws/execute-api/{api_id}/$default/inner")
    assert call(api_id, "/outer").json()["path"] == "/seen"


def test_tls_is_verified_under_the_configured_name(
    api_id: str, proxy: Proxy, call: Any, tmp_path: Path, need: Callable[[object, str], None]
) -> None:
    need(shutil.which("openssl"), "openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "1",
         "-subj", "/CN=backend.example", "-addext", "subjectAltName=DNS:backend.example"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        asked: list[str] = []
        context.sni_callback = lambda _socket, name, _context: asked.append(name)
        proxy(
            "GET /tls",
            f"https://127.0.0.1:{listener.getsockname()[1]}/",
            TlsConfig={"ServerNameToVerify": "backend.example"},
        )

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, pytest.raises(OSError):
                context.wrap_socket(connection, server_side=True).recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        answer = call(api_id, "/tls")
        thread.join()
    assert (answer.status_code, answer.text) == (503, UNAVAILABLE)  # nobody vouches for the certificate
    assert asked == ["backend.example"]


def test_curl_posts_through(api_id: str, proxy: Proxy, region: Any, need: Callable[[object, str], None]) -> None:
    need(shutil.which("curl"), "curl")
    proxy("POST /x", "/got")
    command = ["curl", "-sS", "--noproxy", "*", "-d", "a=b", f"{region.endpoint}/_aws/execute-api/{api_id}/$default/x"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert '"path": "/got"' in answer
    assert '"body": "a=b"' in answer
