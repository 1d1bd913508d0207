"""What a REST API answers to what it refuses: AWS's own words, and its owner's."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from atoll.api_runtime.refused import Reason, Refused
from atoll.api_runtime.rest_api.gateway_responses import KINDS, gateway_response
from atoll.api_runtime.rest_api.records import GatewayResponse
from atoll.kernel.http import HttpResponse

VALUES = {
    "context.error.messageString": '"Forbidden"', "context.requestId": "R", "'*'": "*", "method.request.header.X": "seen",
    "stageVariables.color": "blue",
}  # fmt: skip


def values(name: str) -> Sequence[str]:
    return (VALUES[name],) if name in VALUES else ()


def answer(refused: Refused, accept: str | None = None, **own: GatewayResponse) -> HttpResponse:
    return gateway_response(refused, own, values, accept)


@pytest.mark.parametrize(
    ("reason", "status", "error", "body"),
    [
        ("MISSING_AUTHENTICATION_TOKEN", 403, "MissingAuthenticationTokenException", b'{"message":"Missing Authentication Token"}'),
        ("INVALID_API_KEY", 403, "ForbiddenException", b'{"message":"Forbidden"}'),
        ("THROTTLED", 429, "TooManyRequestsException", b'{"message":"Too Many Requests"}'),
        ("QUOTA_EXCEEDED", 429, "LimitExceededException", b'{"message":"Limit Exceeded"}'),
        ("UNAUTHORIZED", 401, "UnauthorizedException", b'{"message":"Unauthorized"}'),
        ("ACCESS_DENIED", 403, "AccessDeniedException", b'{"Message":"User is not authorized to access this resource"}'),
        ("BAD_REQUEST_BODY", 400, "BadRequestException", b'{"message": "Invalid request body"}'),
        ("UNSUPPORTED_MEDIA_TYPE", 415, "BadRequestException", b'{"message": "Unsupported Media Type"}'),
        ("INTEGRATION_TIMEOUT", 504, "InternalServerErrorException", b'{"message": "Endpoint request timed out"}'),
        ("API_CONFIGURATION_ERROR", 500, "InternalServerErrorException", b'{"message": "Internal server error"}'),
        ("AUTHORIZER_CONFIGURATION_ERROR", 500, "AuthorizerConfigurationException", b'{"message":null}'),
        ("REQUEST_TOO_LARGE", 413, "BadRequestException", b'{"message": "Request Too Long"}'),
    ],
)  # fmt: skip
def test_the_usual_answers(reason: Reason, status: int, error: str, body: bytes) -> None:
    response = answer(Refused(reason))
    assert (response.status, response.body) == (status, body)
    assert dict(response.headers) == {"content-type": "application/json", "x-amzn-errortype": error}


def test_there_is_one_for_every_reason() -> None:
    assert set(KINDS) == set(Reason.__args__)


def test_parameters_and_templates_of_the_owner() -> None:
    own = GatewayResponse(
        "INVALID_API_KEY",
        "404",
        {
            "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
            "gatewayresponse.header.X": "method.request.header.X",
        },
        {
            "application/json": '{"m":$context.error.messageString,"r":"$context.requestId","v":"${stageVariables.color}$none"}'
        },
    )
    response = answer(Refused("INVALID_API_KEY"), INVALID_API_KEY=own)
    assert response.status == 404
    assert response.body == b'{"m":"Forbidden","r":"R","v":"blue$none"}'
    headers = dict(response.headers)
    assert (headers["access-control-allow-origin"], headers["x"]) == ("*", "seen")
    assert headers["x-amzn-errortype"] == "ForbiddenException"


def test_default_4xx_and_5xx_stand_in_for_what_has_none() -> None:
    default = {
        "DEFAULT_4XX": GatewayResponse("DEFAULT_4XX", "418", {"gatewayresponse.header.a": "'*'"}),
        "DEFAULT_5XX": GatewayResponse("DEFAULT_5XX", None, {"gatewayresponse.header.b": "'*'"}),
    }
    client, server = answer(Refused("THROTTLED"), **default), answer(Refused("INTEGRATION_TIMEOUT"), **default)
    assert (client.status, client.body, dict(client.headers)["a"]) == (418, b'{"message":"Too Many Requests"}', "*")
    assert (server.status, dict(server.headers)["b"]) == (504, "*")
    special = GatewayResponse("THROTTLED", "420")
    assert answer(Refused("THROTTLED"), **default, THROTTLED=special).status == 420


def test_the_template_is_the_one_that_the_client_accepts() -> None:
    own = GatewayResponse("THROTTLED", templates={"application/xml": "<slow/>", "application/json": "{}"})
    assert answer(Refused("THROTTLED"), "application/xml, */*", THROTTLED=own).body == b"<slow/>"
    assert answer(Refused("THROTTLED"), "text/html", THROTTLED=own).body == b"{}"


def test_a_value_cannot_begin_another_header() -> None:
    VALUES["context.evil"] = "a\r\nset-cookie: x"
    own = GatewayResponse("THROTTLED", parameters={"gatewayresponse.header.x": "context.evil"})
    assert dict(answer(Refused("THROTTLED"), THROTTLED=own).headers)["x"] == "aset-cookie: x"
