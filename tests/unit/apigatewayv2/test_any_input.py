"""Whatever a request holds, API Gateway takes it or says why not: nothing else is raised."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from atoll.api_runtime.templates.sample import sample
from atoll.services.apigatewayv2 import api_rules, authorizer_rules, mappings, route_rules, rules, stage_rules, store
from atoll.services.apigatewayv2.errors import BadRequestException

KINDS = some.sampled_from(("HTTP", "WEBSOCKET"))
WORDS = some.sampled_from(
    (
        "append:", "overwrite:", "remove:", "header.", "querystring.", "path", "statuscode", "$request.", "${request.", "body", "[0]",
        "..", "}", "$context.", "integration.request.header.", "route.request.", "'", "arn:aws:", "http://", "[", "GET /", "{a+}", "$",
    )
)  # fmt: skip
TEXT = some.lists(WORDS | some.text(max_size=5), max_size=6).map("".join)
TEXTS = some.dictionaries(TEXT, TEXT, max_size=4)
JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(
        some.sampled_from(("type", "properties", "items", "a")) | some.text(max_size=4), inner, max_size=4
    ),
    max_leaves=20,
)  # fmt: skip


@given(TEXTS, some.dictionaries(TEXT | some.sampled_from(("200", "599", "²00")), TEXTS, max_size=3))
def test_parameter_mappings(parameters: dict[str, str], responses: dict[str, dict[str, str]]) -> None:
    for check in (
        mappings.check_request,
        mappings.check_service,
        mappings.check_websocket_request,
        mappings.check_websocket_response,
    ):
        with suppress(BadRequestException):
            check(parameters)
    with suppress(BadRequestException):
        mappings.check_response(responses)


@given(KINDS, TEXT, TEXTS)
def test_keys_expressions_and_settings(kind: Any, text: str, texts: dict[str, str]) -> None:
    for check in (
        lambda: rules.check_route_key(kind, text),
        lambda: rules.function_of(text),
        lambda: rules.integration_of(text),
        lambda: rules.role(text),
        lambda: rules.check_stage_name(text),
        lambda: api_rules.check_selection(kind, text),
        lambda: stage_rules.merged_variables({}, texts),
        lambda: stage_rules.merged_log(None, texts | {"Format": text, "DestinationArn": text}),
        lambda: route_rules.asked(kind, store.Route("r", ""), {"RouteKey": text, "AuthorizationType": text}),
    ):
        with suppress(BadRequestException):
            check()


@given(KINDS, some.sampled_from(("JWT", "REQUEST")), TEXT, some.lists(TEXT, max_size=3), some.integers())
def test_authorizers(kind: Any, of: Any, text: str, sources: list[str], ttl: int) -> None:
    request = {
        "Name": text,
        "IdentitySource": sources,
        "JwtConfiguration": {"Issuer": text, "Audience": sources},
        "AuthorizerUri": text,
        "AuthorizerResultTtlInSeconds": ttl,
        "AuthorizerPayloadFormatVersion": text,
    }
    for member in request:
        with suppress(BadRequestException):
            given_ = {name: value for name, value in request.items() if name != member}
            authorizer_rules.asked(kind, store.Authorizer("a", "", of), given_)


@given(some.dictionaries(some.text(max_size=4) | some.sampled_from(("type", "properties", "items")), JSON))
def test_templates_of_models(schema: dict[str, Any]) -> None:
    assert sample(json.dumps(schema)).startswith("#set($inputRoot = $input.path('$'))\n")
