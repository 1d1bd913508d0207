"""CORS headers follow the configuration and the origin."""

from __future__ import annotations

from atoll.api_runtime.cors import is_preflight, preflight_headers, response_headers
from atoll.api_runtime.serving import Cors
from atoll.kernel.http import HttpRequest

ORIGIN = "https://app.example.com"
ALL = Cors(
    allow_credentials=True,
    allow_headers=("authorization", "content-type"),
    allow_methods=("GET", "POST"),
    allow_origins=(ORIGIN, "http://*"),
    expose_headers=("x-total",),
    max_age=300,
)


def test_a_preflight_is_told_what_is_allowed() -> None:
    assert preflight_headers(ALL, ORIGIN) == [
        ("access-control-allow-origin", ORIGIN),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "GET,POST"),
        ("access-control-allow-headers", "authorization,content-type"),
        ("access-control-max-age", "300"),
    ]


def test_an_answer_exposes_headers() -> None:
    assert response_headers(ALL, ORIGIN) == [
        ("access-control-allow-origin", ORIGIN),
        ("access-control-allow-credentials", "true"),
        ("access-control-expose-headers", "x-total"),
    ]


def test_another_origin_is_told_nothing() -> None:
    assert preflight_headers(ALL, "https://evil.example.com") == []
    assert response_headers(ALL, "https://app.example.com.evil.com") == []


def test_a_scheme_can_be_allowed_whole_and_so_can_everything() -> None:
    assert response_headers(ALL, "http://any.where")[0] == ("access-control-allow-origin", "http://any.where")
    assert response_headers(Cors(allow_origins=("*",)), ORIGIN) == [("access-control-allow-origin", "*")]


def test_only_a_browsers_question_is_a_preflight() -> None:
    asked = [("origin", ORIGIN), ("access-control-request-method", "PUT")]
    assert is_preflight(HttpRequest("OPTIONS", "/", "", asked, b""))
    assert not is_preflight(HttpRequest("OPTIONS", "/", "", asked[:1], b""))
    assert not is_preflight(HttpRequest("GET", "/", "", asked, b""))
