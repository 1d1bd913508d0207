"""Cross-origin requests to REST APIs as a real browser makes them: CORS by MOCK OPTIONS, and by gateway responses for what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.browser import FETCH, REFUSED

if TYPE_CHECKING:
    from playwright.sync_api import Page

ORIGIN = "Access-Control-Allow-Origin"
SENT = {"method": "PUT", "headers": {"content-type": "application/json"}, "body": '{"name": "Rex"}'}


@pytest.fixture
def pets(rest: Any, region: Any, site: str) -> str:
    """The URL, as browsers reach it, of a resource whose PUT lets one site read its answer, and that has no OPTIONS yet."""
    rest.mock("/pets", "PUT", answer='{"made": 1}')
    rest.respond(
        "/pets",
        "PUT",
        headers={ORIGIN: f"'{site}'", "Access-Control-Expose-Headers": "'x-count'", "x-count": "'7'"},
        responseTemplates={"application/json": '{"made": 1}'},
    )
    rest.deploy()
    return f"http://{rest.id}.execute-api.localhost:{region.port}/dev/pets"


def preflights(rest: Any, origin: str, headers: str = "content-type") -> None:
    """OPTIONS by a MOCK, as the console's "Enable CORS" makes it."""
    rest.method("/pets", "OPTIONS")
    rest.integrate("/pets", "OPTIONS", type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    allowed = {"Origin": origin, "Methods": "OPTIONS,PUT", "Headers": headers}
    named = {f"Access-Control-Allow-{name}": f"'{value}'" for name, value in allowed.items()}
    rest.respond("/pets", "OPTIONS", headers=named, responseTemplates={"application/json": ""})
    rest.deploy()


def test_cors_by_mock_options(page: Page, rest: Any, pets: str, site: str) -> None:
    """Without OPTIONS the browser does not even send; with it, it sends and reads."""
    assert page.evaluate(FETCH, [pets, SENT]) == REFUSED
    preflights(rest, site)
    assert page.evaluate(FETCH, [pets, SENT]) == {"status": 200, "body": {"made": 1}, "header": "7"}


def test_what_the_mock_does_not_allow(page: Page, rest: Any, pets: str, site: str) -> None:
    preflights(rest, site, headers="x-other")
    assert page.evaluate(FETCH, [pets, SENT]) == REFUSED
    assert page.evaluate(FETCH, [pets, {"method": "DELETE"}]) == REFUSED


def test_an_origin_that_is_not_allowed(page: Page, rest: Any, pets: str) -> None:
    preflights(rest, "https://elsewhere.example")
    assert page.evaluate(FETCH, [pets, SENT]) == REFUSED


def test_a_refusal_is_read_where_its_gateway_response_has_the_header(page: Page, rest: Any, pets: str) -> None:
    """As AWS's guide has it for DEFAULT_4XX: without, the page's script sees a failed request and no 403."""
    elsewhere = f"{pets}/elsewhere"
    assert page.evaluate(FETCH, [elsewhere, {}]) == REFUSED
    rest.client.put_gateway_response(
        restApiId=rest.id,
        responseType="DEFAULT_4XX",
        responseParameters={f"gatewayresponse.header.{ORIGIN}": "'*'"},
    )
    rest.deploy()
    answer = page.evaluate(FETCH, [elsewhere, {}])
    assert (answer["status"], answer["body"]) == (403, json.loads('{"message":"Missing Authentication Token"}'))
