"""A stage's cache in front of a running REST API: what is kept, for whom, for how long, and who may have it made anew.

The API's integrations answer with the id of the request that reached them: who gets another request's id was answered from the cache.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.credentials import Credentials
from tests.aws.apigatewayv2.test_iam_authorization import signed
from tests.functions import may

WARNING = "199 Cache-control headers were ignored because the caller was unauthorized."
ID = "$context.requestId"
RENEW = {"cache-control": "max-age=0"}


def stage(rest: Any, **values: str) -> dict[str, Any]:
    """Sets what the keywords say: `__` is a slash of the path, `all__` the settings of all methods."""
    operations = [
        {"op": "replace", "path": "/" + name.replace("all__", "*/*/").replace("__", "/"), "value": value}
        for name, value in values.items()
    ]
    found: dict[str, Any] = rest.client.update_stage(restApiId=rest.id, stageName="dev", patchOperations=operations)
    return found


def patch(rest: Any, path: str, value: str) -> None:
    operation = {"op": "replace", "path": path, "value": value}
    rest.client.update_stage(restApiId=rest.id, stageName="dev", patchOperations=[operation])


@pytest.fixture
def cached(rest: Any) -> Any:
    """An API with GET and POST /pets whose stage caches."""
    for method in ("GET", "POST"):
        rest.mock("/pets", method, answer=ID)
    rest.deploy(cacheClusterEnabled=True, cacheClusterSize="0.5")
    stage(rest, all__caching__enabled="true")
    return rest


def kept(rest: Any, path: str = "/pets", method: str = "GET", **options: Any) -> bool:
    """Whether two requests one after the other get one answer."""
    return rest(path, method, **options).text == rest(path, method, **options).text


def test_get_methods_are_cached_and_others_are_not(cached: Any) -> None:
    first, second = cached("/pets"), cached("/pets")
    assert first.text == first.headers["x-amzn-requestid"]
    assert (second.status_code, second.text) == (200, first.text)
    assert second.headers["content-type"] == first.headers["content-type"]
    assert second.headers["x-amzn-requestid"] != first.headers["x-amzn-requestid"]
    assert not kept(cached, method="POST")


def test_nothing_is_cached_without_a_cache_cluster_or_its_setting(rest: Any) -> None:
    rest.mock("/pets", answer=ID)
    rest.deploy()
    stage(rest, all__caching__enabled="true")
    assert not kept(rest)
    assert stage(rest, cacheClusterEnabled="true", all__caching__enabled="false")["cacheClusterStatus"] == "AVAILABLE"
    assert not kept(rest)
    stage(rest, all__caching__enabled="true")
    assert kept(rest)


def test_overrides_of_methods(cached: Any) -> None:
    patch(cached, "/~1pets/POST/caching/enabled", "true")
    assert kept(cached, method="POST")
    assert cached("/pets", "POST").text != cached("/pets").text
    patch(cached, "/~1pets/GET/caching/enabled", "false")
    assert not kept(cached)


def test_answers_last_as_long_as_their_ttl_by_the_regions_clock(own: Any, rest_in: Callable[..., Any]) -> None:
    def advance(seconds: int) -> None:
        httpx.post(f"{own.endpoint}/_atoll/clock", json={"advance": seconds}, trust_env=False).raise_for_status()

    rest = rest_in(own)
    rest.mock("/pets", answer=ID)
    rest.deploy(cacheClusterEnabled=True)
    stage(rest, all__caching__enabled="true")
    first = rest("/pets").text
    advance(240)
    assert rest("/pets").text == first
    advance(60)  # 300 seconds are the default
    second = rest("/pets").text
    assert second != first
    patch(rest, "/*/*/caching/ttlInSeconds", "3600")
    advance(300)
    third = rest("/pets").text
    assert third != second  # it was kept for as long as the setting said then
    advance(3000)
    assert rest("/pets").text == third
    patch(rest, "/*/*/caching/ttlInSeconds", "0")
    assert not kept(rest)


def test_cache_key_parameters(rest: Any) -> None:
    named = ["method.request.path.id", "method.request.querystring.q", "method.request.header.X-Kind"]
    rest.method("/pets/{id}", requestParameters=dict.fromkeys(named, False))
    rest.integrate(
        "/pets/{id}", type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'},
        cacheKeyParameters=named,
    )  # fmt: skip
    rest.respond("/pets/{id}", responseTemplates={"application/json": ID})
    rest.deploy(cacheClusterEnabled=True)
    stage(rest, all__caching__enabled="true")
    first = rest("/pets/1?q=a", headers={"x-kind": "cat"}).text
    assert rest("/pets/1?q=a&other=1", headers={"X-KIND": "cat"}).text == first
    others = [
        rest("/pets/2?q=a", headers={"x-kind": "cat"}).text,
        rest("/pets/1?q=b", headers={"x-kind": "cat"}).text,
        rest("/pets/1?q=a&q=b", headers={"x-kind": "cat"}).text,
        rest("/pets/1", headers={"x-kind": "cat"}).text,
        rest("/pets/1?q=a", headers={"x-kind": "dog"}).text,
        rest("/pets/1?q=a").text,
    ]
    assert len({first, *others}) == 7


def test_without_key_parameters_one_answer_is_for_all_paths_and_queries(rest: Any) -> None:
    rest.mock("/pets/{id}", answer=ID)
    rest.deploy(cacheClusterEnabled=True)
    stage(rest, all__caching__enabled="true")
    assert rest("/pets/1").text == rest("/pets/2?q=1").text


def test_resources_share_a_cache_namespace(rest: Any) -> None:
    for path in ("/cats", "/dogs", "/birds"):
        rest.mock(path, answer=ID)
    for path in ("/cats", "/dogs"):
        rest.client.update_integration(
            **rest.at(path, "GET"), patchOperations=[{"op": "replace", "path": "/cacheNamespace", "value": "pets"}]
        )
    rest.deploy(cacheClusterEnabled=True)
    stage(rest, all__caching__enabled="true")
    first = rest("/cats").text
    assert rest("/dogs").text == first
    assert rest("/birds").text != first


def test_who_signed_and_may_invalidate_renews_an_answer(cached: Any, client: Callable[..., Any], account: str) -> None:
    cached.client.update_method(
        **cached.at("/pets", "GET"),
        patchOperations=[{"op": "replace", "path": "/authorizationType", "value": "AWS_IAM"}],
    )
    cached.deploy()
    stage(cached, all__caching__unauthorizedCacheControlHeaderStrategy="FAIL_WITH_403")
    iam = client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    iam.put_user_policy(UserName="ann", PolicyName="may", PolicyDocument=may("execute-api:Invoke"))
    first = signed(cached.url("/pets"), ann).text
    assert signed(cached.url("/pets"), ann).text == first
    denied = signed(cached.url("/pets"), ann, headers=RENEW)
    arn = f"arn:aws:execute-api:us-east-1:********{account[-4:]}:{cached.id}/dev/GET/pets"
    assert (denied.status_code, denied.json()) == (
        403,
        {
            "Message": f"User: arn:aws:iam::{account}:user/ann is not authorized to perform: execute-api:InvalidateCache "
            f"on resource: {arn} because no identity-based policy allows the execute-api:InvalidateCache action"
        },
    )
    iam.put_user_policy(UserName="ann", PolicyName="may", PolicyDocument=may("execute-api:*"))
    renewed = signed(cached.url("/pets"), ann, headers=RENEW)
    assert (renewed.status_code, renewed.text == first) == (200, False)
    assert signed(cached.url("/pets"), ann).text == renewed.text


def test_what_becomes_of_cache_control_from_others(cached: Any) -> None:
    first = cached("/pets").text
    ignored = cached("/pets", headers=RENEW)
    assert (ignored.text, ignored.headers["warning"]) == (first, WARNING)
    assert "warning" not in cached("/pets").headers
    stage(cached, all__caching__unauthorizedCacheControlHeaderStrategy="SUCCEED_WITHOUT_RESPONSE_HEADER")
    ignored = cached("/pets", headers=RENEW)
    assert (ignored.text, "warning" in ignored.headers) == (first, False)
    stage(cached, all__caching__unauthorizedCacheControlHeaderStrategy="FAIL_WITH_403")
    denied = cached("/pets", headers=RENEW)
    assert (denied.status_code, denied.headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
    assert cached("/pets", headers={"cache-control": "no-cache"}).text == first
    stage(cached, all__caching__requireAuthorizationForCacheControl="false")
    renewed = cached("/pets", headers={"cache-control": "no-transform, Max-Age=0"})
    assert renewed.text != first
    assert cached("/pets").text == renewed.text


def test_flush_stage_cache_and_a_cache_of_another_size_begin_empty(cached: Any) -> None:
    first = cached("/pets").text
    flushed = cached.client.flush_stage_cache(restApiId=cached.id, stageName="dev")
    assert flushed["ResponseMetadata"]["HTTPStatusCode"] == 202
    second = cached("/pets").text
    assert second != first
    cached.deploy()
    assert cached("/pets").text == second  # a deployment leaves it alone
    assert stage(cached, cacheClusterSize="1.6")["cacheClusterSize"] == "1.6"
    third = cached("/pets").text
    assert third != second
    off = stage(cached, cacheClusterEnabled="false")
    assert off["cacheClusterStatus"] == "NOT_AVAILABLE"
    assert not kept(cached)
    stage(cached, cacheClusterEnabled="true")
    assert cached("/pets").text != third


def test_authorizers_and_api_keys_come_before_the_cache(cached: Any) -> None:
    assert kept(cached)
    cached.client.update_method(
        **cached.at("/pets", "GET"), patchOperations=[{"op": "replace", "path": "/apiKeyRequired", "value": "true"}]
    )
    cached.deploy()
    assert cached("/pets").json() == {"message": "Forbidden"}


def test_errors_of_the_backend_are_cached_and_gateway_responses_are_not(
    rest: Any, function: str, allow: Callable[[str], None]
) -> None:
    rest.proxy("/broken", "GET", function)
    rest.mock("/missing", template='{"statusCode": 404}')
    rest.respond("/missing", status="404", selectionPattern="404", responseTemplates={"application/json": ID})
    rest.deploy(cacheClusterEnabled=True)
    stage(rest, all__caching__enabled="true")
    assert rest("/broken").status_code == 500  # API Gateway may not call the function
    allow(f"{rest.id}/*/GET/broken")
    answered = rest("/broken")
    assert answered.status_code == 200
    assert rest("/broken").text == answered.text
    assert rest("/missing").status_code == 404
    assert kept(rest, "/missing")


def test_a_canary_uses_the_stages_cache_only_where_it_says_so(cached: Any) -> None:
    canary = {"percentTraffic": 100.0, "useStageCache": False}
    cached.deploy(canarySettings=canary)
    assert not kept(cached)
    patch(cached, "/canarySettings/useStageCache", "true")
    assert kept(cached)


def test_settings_that_caches_do_not_have(cached: Any, aws_error: Any) -> None:
    for value in ("-1", "3601"):
        code, message, _ = aws_error(lambda value=value: patch(cached, "/*/*/caching/ttlInSeconds", value))
        assert (code, value in message) == ("BadRequestException", True)
    assert aws_error(lambda: patch(cached, "/cacheClusterSize", "2"))[0] == "BadRequestException"
    assert aws_error(lambda: patch(cached, "/*/*/caching/unauthorizedCacheControlHeaderStrategy", "X"))[0] == (
        "BadRequestException"
    )
    assert aws_error(lambda: cached.client.flush_stage_cache(restApiId=cached.id, stageName="none")) == (
        "NotFoundException", "Invalid stage identifier specified", 404,
    )  # fmt: skip


def test_who_may_flush(cached: Any, client: Callable[..., Any], region: Any, aws_error: Any) -> None:
    iam = client("iam")
    iam.create_user(UserName="joe")
    key = iam.create_access_key(UserName="joe")["AccessKey"]
    joe = region.client("apigateway", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    place = {"restApiId": cached.id, "stageName": "dev"}
    assert aws_error(lambda: joe.flush_stage_cache(**place))[0] == "AccessDeniedException"
    data = f"arn:aws:apigateway:us-east-1::/restapis/{cached.id}/stages/dev/cache/data"
    iam.put_user_policy(UserName="joe", PolicyName="may", PolicyDocument=may("apigateway:DELETE", resource=data))
    joe.flush_stage_cache(**place)


def test_traces_say_what_came_from_the_cache(own: Any, rest_in: Callable[..., Any]) -> None:
    rest = rest_in(own)
    rest.mock("/pets", answer=ID)
    rest.deploy(cacheClusterEnabled=True)
    stage(rest, all__caching__enabled="true")
    ids = [rest("/pets").headers["x-amzn-requestid"] for _ in range(2)]
    traces = f"{own.endpoint}/_atoll/trace"
    found = {}
    for trace in httpx.get(traces, trust_env=False).json()["traces"]:
        said = httpx.get(f"{traces}/{trace['id']}", trust_env=False).json()["attributes"]
        if said.get("request_id") in ids:
            found[said["request_id"]] = said["cache"]
    assert found == dict(zip(ids, ("miss", "hit"), strict=True))


def test_curl_sees_the_cache(cached: Any) -> None:
    def curl(*options: str) -> tuple[str, str]:
        command = ["curl", "-si", *options, cached.url("/pets")]
        head, _, body = subprocess.run(command, capture_output=True, text=True, check=True).stdout.partition("\n\n")
        return head, body

    first = curl()[1]
    assert curl()[1] == first
    head, body = curl("-H", "Cache-Control: max-age=0")
    assert (f"warning: {WARNING}" in head.lower().replace(WARNING.lower(), WARNING), body) == (True, first)
