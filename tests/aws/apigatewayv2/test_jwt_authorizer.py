"""JWT authorizers in front of a running HTTP API, with tokens of a provider made with authlib."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.aws.apigatewayv2.guarded import Guarded
from tests.oidc import Provider, certificate

UNAUTHORIZED, FORBIDDEN = '{"message":"Unauthorized"}', '{"message":"Forbidden"}'


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    made = Provider()
    made.rotate("one")
    yield made
    made.close()


@pytest.fixture
def guarded(api: Any, echo: str, call: Any) -> Guarded:
    return Guarded(api, echo, call)


def jwt_authorizer(guarded: Guarded, provider: Provider, source: str = "$request.header.Authorization") -> str:
    return guarded.authorizer(
        "JWT", IdentitySource=[source], JwtConfiguration={"Issuer": provider.issuer, "Audience": ["app"]}
    )


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_claims_in_the_event(guarded: Guarded, provider: Provider) -> None:
    guarded.route("GET /me", "JWT", jwt_authorizer(guarded, provider))
    response = guarded.get("/me", bearer(provider.token(groups=["a", "b"], verified=True)))
    assert response.status_code == 200
    authorizer = response.json()["requestContext"]["authorizer"]
    assert authorizer["jwt"]["scopes"] is None
    claims = authorizer["jwt"]["claims"]
    assert claims["sub"] == "alice"
    assert claims["groups"] == "[a b]"
    assert claims["verified"] == "true"
    assert claims["exp"].isdecimal()


def test_refusals_say_why(guarded: Guarded, provider: Provider) -> None:
    guarded.route("GET /me", "JWT", jwt_authorizer(guarded, provider))
    assert guarded.refusal("/me") == (401, UNAUTHORIZED, "Bearer")
    for token, text in (
        ("nonsense", "token contains an invalid number of segments"),
        (provider.token(exp=1), "the token has expired"),
        (provider.token(aud="other"), "the token does not have a valid audience"),
        (provider.token(iss="https://other"), "issuer does not match"),
    ):
        challenge = f'Bearer scope="" error="invalid_token" error_description="{text}"'
        assert guarded.refusal("/me", bearer(token)) == (401, UNAUTHORIZED, challenge)
    assert guarded.get("/other").status_code == 200


def test_scopes(guarded: Guarded, provider: Provider) -> None:
    guarded.route("GET /pets", "JWT", jwt_authorizer(guarded, provider), ("read:pets", "write:pets"))
    status, text, challenge = guarded.refusal("/pets", bearer(provider.token(scope="openid")))
    assert (status, text) == (403, FORBIDDEN)
    assert (challenge or "").startswith('Bearer scope="read:pets write:pets" error="insufficient_scope"')
    response = guarded.get("/pets", bearer(provider.token(scope="openid read:pets")))
    assert response.json()["requestContext"]["authorizer"]["jwt"]["scopes"] == ["read:pets"]


def test_identity_source_in_the_query_string(guarded: Guarded, provider: Provider) -> None:
    guarded.route("GET /me", "JWT", jwt_authorizer(guarded, provider, "$request.querystring.token"))
    assert guarded.get(f"/me?token={provider.token()}").status_code == 200
    assert guarded.get("/me", bearer(provider.token())).status_code == 401


def test_kid_rotation(guarded: Guarded, provider: Provider) -> None:
    guarded.route("GET /me", "JWT", jwt_authorizer(guarded, provider))
    assert guarded.get("/me", bearer(provider.token())).status_code == 200
    for algorithm in ("RS384", "RS512", "ES256", "ES384", "ES512"):
        provider.rotate(algorithm, algorithm)
    # A key that was not there is looked for once a second.
    tokens = [bearer(provider.token(key, key)) for key in ("RS384", "RS512", "ES256", "ES384", "ES512")]
    deadline = time.monotonic() + 60
    while guarded.get("/me", tokens[0]).status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [guarded.get("/me", token).status_code for token in tokens] == [200] * 5


def test_expiry_by_region_time(own: Any, provider: Provider) -> None:
    """A token of an hour is good for an hour of the region, wherever its clock is moved to."""
    client, account = own.client("apigatewayv2", key="123456789012"), "123456789012"
    api_id = client.create_api(Name="clock", ProtocolType="HTTP")["ApiId"]
    integration = client.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", PayloadFormatVersion="2.0",
        IntegrationUri=f"arn:aws:lambda:us-east-1:{account}:function:nobody",
    )["IntegrationId"]  # fmt: skip
    authorizer = client.create_authorizer(
        ApiId=api_id, Name="a", AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": provider.issuer, "Audience": ["app"]},
    )["AuthorizerId"]  # fmt: skip
    client.create_route(
        ApiId=api_id, RouteKey="$default", Target=f"integrations/{integration}", AuthorizationType="JWT",
        AuthorizerId=authorizer,
    )  # fmt: skip
    client.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    url, headers = f"{own.endpoint}/_aws/execute-api/{api_id}/$default/", bearer(provider.token())
    # The function is not there: whoever is let in gets a 500.
    assert httpx.get(url, headers=headers, trust_env=False).status_code == 500
    own.atoll("clock", "advance", "61m")
    refused = httpx.get(url, headers=headers, trust_env=False)
    assert refused.status_code == 401
    assert 'error_description="the token has expired"' in refused.headers["www-authenticate"]


def test_an_issuer_over_https(new_region: Any, tmp_path: Path) -> None:
    chain, private = certificate(tmp_path)
    provider = Provider((chain, private))
    provider.rotate("one")
    region = new_region(start=False)
    region.environment["SSL_CERT_FILE"] = str(chain)
    region.start()
    client = region.client("apigatewayv2", key="123456789012")
    api_id = client.create_api(Name="tls", ProtocolType="HTTP", Target="http://127.0.0.1:1/")["ApiId"]
    authorizer = client.create_authorizer(
        ApiId=api_id, Name="a", AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": provider.issuer, "Audience": ["app"]},
    )["AuthorizerId"]  # fmt: skip
    route = client.get_routes(ApiId=api_id)["Items"][0]["RouteId"]
    client.update_route(ApiId=api_id, RouteId=route, AuthorizationType="JWT", AuthorizerId=authorizer)
    url = f"{region.endpoint}/_aws/execute-api/{api_id}/$default/"
    try:
        # Nobody listens where the integration points: whoever is let in gets a 503.
        assert httpx.get(url, headers=bearer(provider.token()), trust_env=False).status_code == 503
        assert httpx.get(url, headers=bearer(provider.token(aud="x")), trust_env=False).status_code == 401
    finally:
        provider.close()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_fuzzed_tokens_never_reach_the_function(guarded: Guarded, provider: Provider, data: st.DataObject) -> None:
    """Never a 500, never an invocation."""
    if not any(route["RouteKey"] == "GET /fuzz" for route in guarded.api.get_routes(ApiId=guarded.api_id)["Items"]):
        guarded.route("GET /fuzz", "JWT", jwt_authorizer(guarded, provider))
    good = provider.token()
    text = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80)
    token = data.draw(
        text
        | st.builds(
            lambda at, c: good[:at] + c + good[at + 1 :], st.integers(0, len(good) - 2), st.sampled_from("._-{ ")
        )
        | st.builds(lambda at: good[:at], st.integers(0, len(good) - 1))
        | st.builds(lambda head: f"{head}.{good.split('.', 1)[1]}", text)
    )
    token = token.strip()  # the client sends no others
    assume(token != good)
    response = guarded.get("/fuzz", {"authorization": token})
    assert response.status_code == 401
    assert json.loads(response.text) == {"message": "Unauthorized"}
    assert response.headers["www-authenticate"].startswith("Bearer")
