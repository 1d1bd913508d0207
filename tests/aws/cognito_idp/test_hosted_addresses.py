"""Where hosted pages answer: by prefix, by a name of one's own, by path, as LocalStack has them; the links of mails; triggers of pages."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from tests.aws.cognito_idp.conftest import PASSWORD, WEB
from tests.aws.cognito_idp.hosted import CALLBACK, OAUTH, Visitor, answer, authorize
from tests.conftest import Region

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0f7d0f2c-0000-4000-8000-000000000000"


def status(region: Region, host: str, path: str, **query: str) -> int:
    return WEB.get(f"{region.endpoint}{path}", params=query, headers={"host": host}).status_code


def test_hosts_of_a_prefix(region: Region, pool: Any, app_client: Any, prefix: Any) -> None:
    pool_id = pool()
    name, query = prefix(pool_id), authorize(app_client(pool_id, **OAUTH))
    for host in (
        f"{name}.auth.us-east-1.amazoncognito.com",
        f"{name}.auth-fips.us-east-1.amazoncognito.com",
        f"{name}.auth.us-east-1.localhost:{region.port}",
        f"{name}.auth.us-east-1.localhost.localstack.cloud",
    ):
        assert status(region, host, "/login", **query) == 200, host
    for host in (
        f"{name}.auth.eu-west-1.amazoncognito.com",
        f"nobody-{name}.auth.us-east-1.localhost",
        f"{name}.auth.us-east-1.evil.example",
        f"{name}.auth.us-east-1.localhost, x",
    ):
        assert status(region, host, "/login", **query) in (403, 404), host


def test_a_domain_of_ones_own(region: Region, idp: Any, pool: Any, app_client: Any, account: str) -> None:
    pool_id = pool()
    query = authorize(app_client(pool_id, **OAUTH))
    name = f"id.a{account}.example.com"
    assert status(region, name, "/login", **query) == 403
    idp.create_user_pool_domain(UserPoolId=pool_id, Domain=name, CustomDomainConfig={"CertificateArn": CERTIFICATE})
    assert status(region, name, "/login", **query) == 200
    assert status(region, f"{name}:{region.port}", "/login", **query) == 200
    assert status(region, region.endpoint.removeprefix("http://"), f"/_aws/cognito-idp/{name}/login", **query) == 200
    assert status(region, name, "/_atoll/status") == 404, "the region itself has other names"
    idp.delete_user_pool_domain(UserPoolId=pool_id, Domain=name)
    assert status(region, name, "/login", **query) == 403


def test_by_path_without_a_domain_as_localstack_has_it(region: Region, pool: Any, app_client: Any, user: Any) -> None:
    pool_id = pool()
    client = app_client(pool_id, **OAUTH)
    user(pool_id, "ada", email="ada@example.com")
    somebody = Visitor(f"{region.endpoint}/_aws/cognito-idp")
    code = answer(somebody.login(client, "ada", PASSWORD))["code"]
    form = {"grant_type": "authorization_code", "client_id": client, "redirect_uri": CALLBACK, "code": code}
    tokens = somebody.post("/oauth2/token", **form).json()
    shown = somebody.http.get(
        f"{somebody.pages}/oauth2/userInfo", headers={"authorization": f"Bearer {tokens['access_token']}"}
    )
    assert shown.json()["email"] == "ada@example.com"
    assert somebody.get("/login", client_id="nobody").status_code == 400
    assert somebody.get("/login").status_code == 400
    somebody.close()


def test_the_link_of_a_mail_confirms_a_sign_up(
    region: Region, pool: Any, app_client: Any, anyone: Any, mail: Any, prefix: Any, idp: Any
) -> None:
    pool_id = pool(
        AutoVerifiedAttributes=["email"], VerificationMessageTemplate={"DefaultEmailOption": "CONFIRM_WITH_LINK"}
    )
    client = app_client(pool_id, **OAUTH)
    prefix(pool_id)
    attributes = [{"Name": "email", "Value": "ada@example.com"}]
    anyone.sign_up(ClientId=client, Username="ada", Password=PASSWORD, UserAttributes=attributes)
    link = re.findall(r'href="([^"]*)"', mail("ada@example.com")[0]["body"])[0].replace("&amp;", "&")
    parts = urlsplit(link)
    wrong = link.replace("confirmation_code=", "confirmation_code=0")
    for url, expected, text in ((wrong, 400, 'role="alert"'), (link, 200, "Your registration has been confirmed!")):
        shown = WEB.get(f"{region.endpoint}{parts.path}?{urlsplit(url).query}", headers={"host": parts.netloc})
        assert (shown.status_code, text in shown.text) == (expected, True), shown.text
    assert idp.admin_get_user(UserPoolId=pool_id, Username="ada")["UserStatus"] == "CONFIRMED"


def test_triggers_of_the_pages(
    idp: Any, pool: Any, app_client: Any, user: Any, visitor: Any, trigger: Any, events: Any
) -> None:
    claims = "{'claimsToAddOrOverride': {'tenant': 'blue'}}"
    tokens = trigger("tokens", f"event['response']['claimsOverrideDetails'] = {claims}")
    before = trigger("before", "if event['userName'] == 'eve': raise Exception('not today')")
    pool_id = pool(LambdaConfig={"PreTokenGeneration": tokens, "PreAuthentication": before})
    client, somebody = app_client(pool_id, **OAUTH), visitor(pool_id)
    user(pool_id, "ada")
    user(pool_id, "eve")
    code = answer(somebody.login(client, "ada", PASSWORD))["code"]
    form = {"grant_type": "authorization_code", "client_id": client, "redirect_uri": CALLBACK, "code": code}
    answered = somebody.post("/oauth2/token", **form).json()
    assert jwt.decode(answered["id_token"], options={"verify_signature": False})["tenant"] == "blue"
    assert events("tokens")[0]["triggerSource"] == "TokenGeneration_HostedAuth"
    somebody.post(
        "/oauth2/token", grant_type="refresh_token", client_id=client, refresh_token=answered["refresh_token"]
    )
    assert events("tokens", 2)[1]["triggerSource"] == "TokenGeneration_RefreshTokens"
    refused = somebody.login(client, "eve", PASSWORD, prompt="login")
    assert "PreAuthentication failed with error not today." in refused.text


@pytest.mark.parametrize("response_type", ["code", "token"])
def test_a_trigger_that_fails_when_tokens_are_made(
    pool: Any, app_client: Any, user: Any, visitor: Any, trigger: Any, response_type: str
) -> None:
    pool_id = pool(LambdaConfig={"PreTokenGeneration": trigger("tokens", "raise Exception('no tokens')")})
    client, somebody = app_client(pool_id, **OAUTH), visitor(pool_id)
    user(pool_id, "ada")
    told = answer(somebody.login(client, "ada", PASSWORD, response_type=response_type))
    if response_type == "code":
        form = {"grant_type": "authorization_code", "client_id": client, "redirect_uri": CALLBACK, "code": told["code"]}
        told = somebody.post("/oauth2/token", **form).json()
    assert "PreTokenGeneration failed with error no tokens." in told["error_description"]


def test_atoll_urls_shows_where_the_pages_are(region: Region, pool: Any, prefix: Any, account: str) -> None:
    name = prefix(pool(PoolName="members"))
    key = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "test"}
    pages = f"{region.endpoint}/_aws/cognito-idp/{name}"
    assert region.atoll("urls", "members", **key).stdout.strip() == pages
    shown = region.atoll("urls", **key).stdout
    assert "members (user pool)" in shown
    assert pages in shown
    assert f"http://{name}.auth.us-east-1.localhost:{region.port}" in shown
    assert WEB.get(f"{pages}/error").status_code == 400
