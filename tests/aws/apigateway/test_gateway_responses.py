"""Gateway responses: what an API's owner lets clients hear of refusals, on the wire."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def made(rest: Any) -> Any:
    """An API with GET /pets."""
    rest.mock("/pets", answer="ok")
    return rest


def put(rest: Any, kind: str, **members: Any) -> None:
    rest.client.put_gateway_response(restApiId=rest.id, responseType=kind, **members)


def test_unknown_routes_and_methods(made: Any) -> None:
    made.deploy()
    for response in (made("/nope"), made("/pets", "DELETE"), made("/")):
        assert (response.status_code, response.text) == (403, '{"message":"Missing Authentication Token"}')
        assert response.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
        assert response.headers["content-type"] == "application/json"
        assert len(response.headers["x-amzn-requestid"]) == 36
        assert response.headers["x-amz-apigw-id"]


def test_tokens_sent_to_unknown_routes_are_taken_for_signatures(made: Any) -> None:
    made.deploy()
    response = made("/nope", headers={"authorization": "Bearer abc"})
    assert (response.status_code, response.headers["x-amzn-errortype"]) == (403, "IncompleteSignatureException")
    text = "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '"
    assert response.json()["message"].startswith(text)
    response = made("/nope", headers={"authorization": "abc"})
    assert response.headers["x-amzn-errortype"] == "IncompleteSignatureException"
    assert response.json()["message"].startswith("Authorization header requires 'Credential' parameter. ")
    assert made("/pets", headers={"authorization": "Bearer abc"}).status_code == 200


def test_an_unknown_stage_is_forbidden(made: Any) -> None:
    made.deploy()
    response = made("/pets", stage="prod")
    assert (response.status_code, response.text) == (403, '{"message":"Forbidden"}')
    assert response.headers["x-amzn-errortype"] == "ForbiddenException"


def test_a_status_of_its_own_headers_and_a_template(made: Any) -> None:
    put(
        made,
        "MISSING_AUTHENTICATION_TOKEN",
        statusCode="404",
        responseParameters={
            "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
            "gatewayresponse.header.X-Path": "context.path",
            "gatewayresponse.header.X-Query": "method.request.querystring.q",
        },
        responseTemplates={
            "application/json": '{"message":$context.error.messageString,"type":"$context.error.responseType",'
            '"id":"$context.requestId","color":"$stageVariables.color"}'
        },
    )
    made.deploy(variables={"color": "blue"})
    response = made("/nope?q=1")
    assert response.status_code == 404
    assert response.json() == {
        "message": "Missing Authentication Token",
        "type": "MISSING_AUTHENTICATION_TOKEN",
        "id": response.headers["x-amzn-requestid"],
        "color": "blue",
    }
    assert response.headers["access-control-allow-origin"] == "*"
    assert (response.headers["x-path"], response.headers["x-query"]) == ("/dev/nope", "1")


def test_default_4xx_and_5xx(made: Any) -> None:
    made.mock("/broken", template="no status")
    put(made, "DEFAULT_4XX", responseParameters={"gatewayresponse.header.x-kind": "'4xx'"})
    put(made, "DEFAULT_5XX", statusCode="503", responseParameters={"gatewayresponse.header.x-kind": "'5xx'"})
    made.deploy()
    client, server = made("/nope"), made("/broken")
    assert (client.status_code, client.headers["x-kind"]) == (403, "4xx")
    assert (server.status_code, server.headers["x-kind"]) == (503, "5xx")
    assert server.json() == {"message": "Internal server error"}


def test_they_take_a_deployment(made: Any) -> None:
    made.deploy()
    put(made, "DEFAULT_4XX", statusCode="418")
    assert made("/nope").status_code == 403
    made.deploy()
    assert made("/nope").status_code == 418
