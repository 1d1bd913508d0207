"""JWT authorizers: discovery, keys that rotate, claims by the clock, scopes, and AWS's `WWW-Authenticate` texts."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.oidc import Provider, certificate
from tests.unit.api_runtime.authorize.support import Region, refusal

from atoll.api_runtime import serving
from atoll.api_runtime.authorize import discovery
from atoll.api_runtime.authorize.jwt import JwtAuthorizers, all_shown, check_claims, shown
from atoll.api_runtime.integrate.http_client import HttpClient
from atoll.api_runtime.visit import Caller
from atoll.auth import issuers as issuers_module
from atoll.auth.web_tokens import Invalid
from atoll.kernel.connection import Outgoing


@pytest.fixture(scope="module")
def shared() -> Iterator[Provider]:
    provider = Provider()
    provider.rotate("one")
    provider.first = provider.keys["one"]  # type: ignore[attr-defined]
    yield provider
    provider.close()


@pytest.fixture
def provider(shared: Provider) -> Provider:
    shared.asked.clear()
    shared.down, shared.delay, shared.extra = False, 0.0, []
    shared.keys = {"one": shared.first}  # type: ignore[attr-defined]
    return shared


def issuers_of(region: Region) -> issuers_module.Issuers:
    return issuers_module.Issuers(region.clock, discovery.Discovery(HttpClient(Outgoing())))  # type: ignore[arg-type]


class Api:
    """An HTTP API whose route has a JWT authorizer."""

    def __init__(self, issuer: str, source: str = "$request.header.Authorization", **options: Any) -> None:
        self.region = Region()
        self.region.clock.time = time.time() + 60  # tokens are made later than this, by real time
        issuers = issuers_of(self.region)
        if "resolver" in options:
            issuers.resolve(options.pop("resolver"))
        self.authorizers = JwtAuthorizers(self.region.clock, issuers, strict=options.pop("strict", False))  # type: ignore[arg-type]
        self.authorizer = serving.Authorizer(
            "a", "jwt", "JWT", identity=(source,), issuer=issuer, audience=options.pop("audience", ("app",))
        )

    async def admit(self, token: str | None = None, *scopes: str, query: str = "") -> Caller:
        headers = [] if token is None else [("authorization", token)]
        self.visit = self.region.visit(kind="HTTP", headers=headers, query=query)
        return await self.authorizers.admit(self.visit, self.authorizer, scopes)

    async def challenge(self, token: str | None, *scopes: str) -> str:
        """The WWW-Authenticate header of the refusal."""
        refused = await refusal(self.admit(token, *scopes))
        assert refused.reason == ("ACCESS_DENIED" if "insufficient" in refused.headers[0][1] else "UNAUTHORIZED")
        assert refused.headers[0][0] == "www-authenticate"
        return refused.headers[0][1]


def invalid(text: str) -> str:
    return f'Bearer scope="" error="invalid_token" error_description="{text}"'


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"])
async def test_signing_methods(provider: Provider, algorithm: str) -> None:
    provider.rotate("key", algorithm)
    caller = await Api(provider.issuer).admit("Bearer " + provider.token("key", algorithm))
    assert caller.kind == "JWT"
    assert caller.context["sub"] == "alice"
    assert caller.scopes is None


async def test_strict_keeps_to_the_methods_that_aws_takes(provider: Provider) -> None:
    provider.rotate("key", "ES256")
    api = Api(provider.issuer, strict=True)
    assert await api.challenge(provider.token("key", "ES256")) == invalid("signing method ES256 is invalid")


async def test_no_token(provider: Provider) -> None:
    api = Api(provider.issuer)
    assert await api.challenge(None) == "Bearer"
    assert api.visit.authorizer.error == "missing: token not provided"


@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer "])
async def test_with_and_without_bearer(provider: Provider, prefix: str) -> None:
    assert (await Api(provider.issuer).admit(prefix + provider.token())).context["aud"] == "app"


async def test_identity_source_in_the_query_string(provider: Provider) -> None:
    api = Api(provider.issuer, "$request.querystring.token")
    assert (await api.admit(query=f"a=b&token={provider.token()}")).kind == "JWT"
    assert (await refusal(api.admit(provider.token()))).headers == (("www-authenticate", "Bearer"),)


@pytest.mark.parametrize(
    ("claims", "text"),
    [
        ({"exp": 1}, "the token has expired"),
        ({"exp": None}, "the token has expired"),
        ({"exp": "tomorrow"}, "the token does not have a valid exp"),
        ({"exp": True}, "the token does not have a valid exp"),
        ({"nbf": 4_000_000_000}, "the token is not valid yet"),
        ({"iat": 4_000_000_000}, "the token was issued in the future"),
        ({"iss": "https://other"}, "issuer does not match"),
        ({"iss": None}, "issuer does not match"),
        ({"aud": "other"}, "the token does not have a valid audience"),
        ({"aud": ["other"]}, "the token does not have a valid audience"),
        ({"aud": None}, "the token does not have a valid audience"),
        ({"aud": "other", "client_id": "app"}, "the token does not have a valid audience"),
        ({"aud": {"app": 1}}, "the token does not have a valid audience"),
    ],
)
async def test_claims_that_are_refused(provider: Provider, claims: dict[str, Any], text: str) -> None:
    api = Api(provider.issuer)
    assert await api.challenge(provider.token(**claims)) == invalid(text)
    assert api.visit.authorizer.error == f"invalid_token: {text}"


async def test_audience_or_else_client_id(provider: Provider) -> None:
    assert await Api(provider.issuer).admit(provider.token(aud=["x", "app"]))
    assert await Api(provider.issuer).admit(provider.token(aud=None, client_id="app"))
    assert await Api(provider.issuer).admit(provider.token(aud="app", client_id="other"))


async def test_expiry_by_region_time(provider: Provider) -> None:
    api, token = Api(provider.issuer), provider.token()
    await api.admit(token)
    api.region.clock.time += 3601
    assert await api.challenge(token) == invalid("the token has expired")


@pytest.mark.parametrize(
    ("token", "text"),
    [
        ("nonsense", "token contains an invalid number of segments"),
        ("a.b", "token contains an invalid number of segments"),
        ("a.b.c.d.e", "token contains an invalid number of segments"),
        ("%.b.c", "illegal base64 data at input byte 0"),
        ("aaaaa.b.c", "illegal base64 data at input byte 4"),
        ("bnVsbA.bnVsbA.", "the token is malformed"),
    ],
)
async def test_what_is_no_token(provider: Provider, token: str, text: str) -> None:
    assert await Api(provider.issuer).challenge(token) == invalid(text)
    assert not provider.asked


def segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("alg", "text"),
    [
        ("none", "signing method none is invalid"),
        ("HS256", "signing method HS256 is invalid"),
        ("PS256", "signing method PS256 is invalid"),
        ("None", "signing method (alg) is unavailable."),
        ('x"\r\nset-cookie: a=b', "signing method (alg) is unavailable."),
        (None, "signing method (alg) is unspecified."),
        (["RS256"], "signing method (alg) is unspecified."),
    ],
)
async def test_signing_methods_that_are_refused(provider: Provider, alg: Any, text: str) -> None:
    """Whatever the header says: an unsigned token, and one whose secret is the public key, stay outside."""
    claims = provider.token().split(".")[1]
    for signature in ("", "AAAA"):
        token = f"{segment({'alg': alg, 'kid': 'one'})}.{claims}.{signature}"
        assert await Api(provider.issuer).challenge(token) == invalid(text)


async def test_a_signature_of_somebody_else(provider: Provider) -> None:
    """Another key's signature, other claims, no signature, and a method of another family under a good key's id."""
    head, claims, signature = provider.token().split(".")
    _, _, others = provider.token(sub="mallory").split(".")
    api = Api(provider.issuer)
    wrong = invalid("crypto/rsa: verification error")
    assert await api.challenge(f"{head}.{claims}.{others}") == wrong
    assert await api.challenge(f"{head}.{provider.token(sub='mallory').split('.')[1]}.{signature}") == wrong
    assert await api.challenge(f"{head}.{claims}.") == wrong
    swapped = segment({"alg": "ES256", "kid": "one"})
    assert await api.challenge(f"{swapped}.{claims}.{signature}") == invalid("the token does not have a valid key ID")


async def test_kid_rotation(provider: Provider) -> None:
    """A key that is new is looked for at once, but not again and again."""
    api = Api(provider.issuer)
    await api.admit(provider.token())
    await api.admit(provider.token())
    assert len(provider.asked) == 2
    provider.rotate("two")
    api.region.clock.real += 2
    await api.admit(provider.token("two"))
    await api.admit(provider.token("one"))
    assert len(provider.asked) == 4
    _head, claims, signature = provider.token().split(".")
    for _ in range(10):
        unknown = f"{segment({'alg': 'RS256', 'kid': 'none'})}.{claims}.{signature}"
        assert await api.challenge(unknown) == invalid("the token does not have a valid key ID")
    assert len(provider.asked) == 4
    assert await api.challenge(f"{segment({'alg': 'RS256'})}.{claims}.{signature}") == invalid(
        "the token does not have a valid key ID"
    )


async def test_a_key_that_its_issuer_withdrew_is_kept_for_two_hours(provider: Provider) -> None:
    api = Api(provider.issuer)
    token = provider.token(exp=int(time.time()) + 86_400)
    await api.admit(token)
    provider.rotate("two")
    del provider.keys["one"]
    api.region.clock.time += 7199
    await api.admit(token)
    api.region.clock.time += 2
    assert await api.challenge(token) == invalid("the token does not have a valid key ID")


async def test_requests_at_once_look_for_keys_once(provider: Provider) -> None:
    provider.delay = 0.1
    api = Api(provider.issuer)
    await asyncio.gather(*(api.admit(provider.token()) for _ in range(20)))
    assert provider.asked == ["/pool/.well-known/openid-configuration", "/pool/keys"]


async def test_an_issuer_that_does_not_answer(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Down, too slow, away: refused, and let in again as soon as it answers."""
    text = invalid("OIDC discovery endpoint communication error")
    api = Api(provider.issuer)
    provider.down = True
    assert await api.challenge(provider.token()) == text
    provider.down, provider.delay = False, 0.5
    monkeypatch.setattr(discovery, "TIMEOUT", 0.1)
    assert await api.challenge(provider.token()) == text
    provider.delay = 0
    monkeypatch.setattr(discovery, "TIMEOUT", 5)
    assert await api.admit(provider.token())
    gone = Api("http://localhost:1/pool")
    assert await gone.challenge(provider.token()) == text


async def test_keys_in_hand_outlast_an_issuer_that_is_down(provider: Provider) -> None:
    api = Api(provider.issuer)
    await api.admit(provider.token())
    provider.down = True
    head, claims, signature = provider.token().split(".")
    unknown = f"{segment({'alg': 'RS256', 'kid': 'new'})}.{claims}.{signature}"
    api.region.clock.real += 2
    assert await api.challenge(unknown) == invalid("the token does not have a valid key ID")
    assert await api.admit(f"{head}.{claims}.{signature}")


@pytest.mark.parametrize(
    "issuer",
    ["http://issuer.example", "http://169.254.169.254/", "ftp://localhost/", "file:///etc/passwd", "", "http://[::"],
)
async def test_issuers_elsewhere_are_asked_over_https_only(provider: Provider, issuer: str) -> None:
    assert await Api(issuer).challenge(provider.token()) == invalid("OIDC discovery endpoint communication error")


def test_where_an_issuers_keys_may_lie() -> None:
    may = discovery.may_ask
    assert may("https://keys.example/x", "https://issuer.example")
    assert may("https://keys.example/x", "http://localhost:1")
    assert may("http://127.0.0.1:2/x", "http://localhost:1")
    assert not may("http://127.0.0.1:2/x", "https://issuer.example")
    assert not may("http://keys.example/x", "http://localhost:1")


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"null",
        b'{"keys":1}',
        b'{"keys":[1,{"kid":2},{"kid":"one","kty":"RSA","n":"!","e":"AQAB"}]}',
        b"[" * 9000,
    ],
)
async def test_key_sets_that_are_none(document: bytes) -> None:
    async def resolver(_issuer: str) -> bytes:
        return document

    token = f"{segment({'alg': 'RS256', 'kid': 'one'})}.{segment({'iss': 'i'})}.AAAA"
    assert (await Api("i", resolver=resolver).challenge(token)).startswith('Bearer scope="" error="invalid_token"')


async def test_keys_of_many_issuers_are_not_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuers_module, "MOST_ISSUERS", 10)
    asked: list[str] = []

    async def download(issuer: str) -> bytes:
        asked.append(issuer)
        return b'{"keys":[]}'

    keys = issuers_module.Issuers(Region().clock, download)
    for issuer in (*map(str, range(30)), *map(str, range(20, 30))):
        assert await keys.find(issuer, "one", "RS256") is None
    assert asked == [str(n) for n in range(30)]
    assert len(keys._known) == 10
    keys.resolve(download)
    for issuer in map(str, range(30)):
        assert await keys.find(issuer, "one", "RS256") is None
    assert len(keys._own) == 10


async def test_keys_that_verify_nothing(provider: Provider) -> None:
    """For encryption, of a secret, for another method: not used, whatever their id says."""
    token, public = provider.token(), provider.keys["one"].as_dict(is_private=False)
    provider.keys = {}
    provider.extra = [
        {**public, "use": "enc"},
        {**public, "use": "sig", "alg": "RS512"},
        {"kty": "oct", "kid": "one", "k": "c2VjcmV0", "alg": "HS256"},
    ]
    assert await Api(provider.issuer).challenge(token) == invalid("the token does not have a valid key ID")


async def test_issuers_of_this_region_resolve_internally(provider: Provider) -> None:
    asked: list[str] = []

    async def resolver(issuer: str) -> bytes | None:
        asked.append(issuer)
        return json.dumps(provider.document("/keys")).encode() if issuer.startswith("https://cognito-idp") else None

    pool = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_A"
    assert await Api(pool, resolver=resolver).admit(provider.token(iss=pool))
    assert not provider.asked
    assert await Api(provider.issuer, resolver=resolver).admit(provider.token())
    assert asked == [pool, provider.issuer]


@pytest.mark.parametrize(
    "claims",
    [
        {"scope": "openid read:pets"},
        {"scp": "read:pets"},
        {"scp": ["read:pets", 1]},
        {"scope": "x", "scp": ["read:pets"]},
    ],
)
async def test_a_scope_that_the_route_asks_for(provider: Provider, claims: dict[str, Any]) -> None:
    caller = await Api(provider.issuer).admit(provider.token(**claims), "write:pets", "read:pets")
    assert caller.scopes == ("read:pets",)


@pytest.mark.parametrize("claims", [{}, {"scope": "read"}, {"scope": ""}, {"scp": 5}, {"scope": {"read:pets": 1}}])
async def test_a_scope_is_missing(provider: Provider, claims: dict[str, Any]) -> None:
    api = Api(provider.issuer)
    challenge = await api.challenge(provider.token(**claims), "read:pets", "write:pets")
    assert challenge.startswith('Bearer scope="read:pets write:pets" error="insufficient_scope" error_description="')
    assert (api.visit.authorizer.error or "").startswith("insufficient_scope: ")


async def test_claims_as_events_show_them(provider: Provider) -> None:
    claims = {"groups": ["a", "b"], "auth_time": 1_700_000_000, "verified": True, "address": {"b": None, "a": "x"}}
    caller = await Api(provider.issuer).admit(provider.token(**claims))
    assert {name: caller.context[name] for name in claims} == {
        "groups": "[a b]", "auth_time": "1700000000", "verified": "true", "address": "map[a:x b:<nil>]",
    }  # fmt: skip


def test_claims_that_nest_too_deep_to_be_shown_are_refused() -> None:
    claim: Any = "x"
    for _ in range(5000):
        claim = [claim]
    with pytest.raises(Invalid, match="the token is malformed"):
        all_shown({"claim": claim})


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["iss", "aud", "exp", "nbf", "iat", "client_id"]), json_values))
def test_no_claims_but_the_right_ones_are_valid(claims: dict[str, Any]) -> None:
    authorizer = serving.Authorizer("a", "a", "JWT", issuer="https://issuer", audience=("app",))
    with pytest.raises(Invalid):
        check_claims(claims, authorizer, 1_700_000_000.0)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(json_values)
def test_every_claim_is_shown_as_text(value: Any) -> None:
    assert isinstance(shown(value), str)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(data=st.data())
async def test_fuzzed_tokens_are_refused_and_nothing_else(shared: Provider, data: st.DataObject) -> None:
    """Whatever is sent, but the token itself: a refusal with a header that can be sent, and no other error."""
    good = shared.token()
    parts = good.split(".")
    header = st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "crit", "jku", "jwk", "x5u"]), json_values | st.just("RS256")
    )
    token = data.draw(
        st.text()
        | st.text(alphabet='abc.=-_ {}"\0', max_size=60)
        | header.map(lambda h: f"{segment(h)}.{parts[1]}.{parts[2]}")
        | st.builds(lambda at, c: good[:at] + c + good[at + 1 :], st.integers(0, len(good) - 2), st.characters())
        | st.builds(lambda t: f"{parts[0]}.{parts[1]}.{t}", st.text())
    )
    if token.removeprefix("Bearer ").strip() == good:
        return
    refused = await refusal(Api(shared.issuer).admit(token))
    assert refused.reason == "UNAUTHORIZED"
    assert "\n" not in refused.headers[0][1]
    refused.headers[0][1].encode("latin-1")


async def test_issuers_over_https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its certificate must be vouched for."""
    chain, private = certificate(tmp_path)
    provider = Provider((chain, private))
    try:
        provider.rotate("one")
        token = provider.token()
        text = invalid("OIDC discovery endpoint communication error")
        assert await Api(provider.issuer).challenge(token) == text
        monkeypatch.setenv("SSL_CERT_FILE", str(chain))
        assert (await Api(provider.issuer).admit(token)).kind == "JWT"
    finally:
        provider.close()
