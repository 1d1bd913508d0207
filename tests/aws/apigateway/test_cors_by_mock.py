"""CORS as REST APIs do it: OPTIONS answered by a MOCK, and headers in the other answers."""

from __future__ import annotations

from typing import Any


def test_preflights_are_answered_by_a_mock(rest: Any) -> None:
    rest.method("/pets", "OPTIONS")
    rest.integrate("/pets", "OPTIONS", type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    rest.respond(
        "/pets",
        "OPTIONS",
        headers={
            "Access-Control-Allow-Headers": "'Content-Type,Authorization'",
            "Access-Control-Allow-Methods": "'GET,POST'",
            "Access-Control-Allow-Origin": "'*'",
        },
        responseTemplates={"application/json": ""},
    )
    rest.mock("/pets", "POST", answer="made")
    rest.respond("/pets", "POST", headers={"Access-Control-Allow-Origin": "'https://x.example'"})
    rest.deploy()
    asked = {"origin": "https://x.example", "access-control-request-method": "POST"}
    response = rest("/pets", "OPTIONS", headers=asked)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["access-control-allow-methods"] == "GET,POST"
    assert response.headers["access-control-allow-headers"] == "Content-Type,Authorization"
    answered = rest("/pets", "POST", headers={"origin": "https://x.example"})
    assert answered.headers["access-control-allow-origin"] == "https://x.example"


def test_without_one_a_preflight_is_refused(rest: Any) -> None:
    rest.mock("/pets", "POST")
    rest.deploy()
    asked = {"origin": "https://x.example", "access-control-request-method": "POST"}
    response = rest("/pets", "OPTIONS", headers=asked)
    assert (response.status_code, response.text) == (403, '{"message":"Missing Authentication Token"}')
    assert "access-control-allow-origin" not in response.headers
