"""AWS_IAM in front of a running HTTP API: requests signed by botocore, users whose policies decide."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.aws.apigatewayv2.guarded import Guarded
from tests.functions import may

FORBIDDEN = '{"message":"Forbidden"}'


@pytest.fixture
def guarded(api: Any, echo: str, call: Any) -> Guarded:
    made = Guarded(api, echo, call)
    made.route("ANY /pets/{id}", "AWS_IAM")
    return made


@pytest.fixture
def user(client: Callable[..., Any]) -> Callable[..., Credentials]:
    """`user("arn:…")`: the keys of a user who may invoke that."""

    def make(*resources: str, action: str = "execute-api:Invoke") -> Credentials:
        iam, name = client("iam"), f"user{len(resources)}"
        iam.create_user(UserName=name)
        if resources:
            statement = {"Effect": "Allow", "Action": action, "Resource": list(resources)}
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    return make


def signed(
    url: str,
    credentials: Credentials,
    method: str = "GET",
    *,
    service: str = "execute-api",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """The answer to a request that botocore has signed."""
    request = AWSRequest(method, url, headers, data=body)
    SigV4Auth(credentials, service, "us-east-1").add_auth(request)
    return httpx.request(method, url, headers=dict(request.headers.items()), content=body, timeout=30, trust_env=False)


def url_of(guarded: Guarded, path: str) -> str:
    return f"{guarded.call.endpoint}/_aws/execute-api/{guarded.api_id}/$default{path}"


def arn(guarded: Guarded, account: str, rest: str) -> str:
    return f"arn:aws:execute-api:us-east-1:{account}:{guarded.api_id}/{rest}"


def test_a_user_who_may(guarded: Guarded, user: Callable[..., Credentials], account: str) -> None:
    keys = user(arn(guarded, account, "$default/GET/pets/*"))
    response = signed(url_of(guarded, "/pets/7"), keys)
    assert response.status_code == 200
    iam = response.json()["requestContext"]["authorizer"]["iam"]
    assert iam["accessKey"] == keys.access_key
    assert iam["accountId"] == account
    assert iam["userArn"] == f"arn:aws:iam::{account}:user/user1"
    assert iam["cognitoIdentity"] is None
    denied = signed(url_of(guarded, "/pets/7"), keys, "POST", body=b"{}")
    assert (denied.status_code, denied.text) == (403, FORBIDDEN)


def test_the_callers_own_credentials_call_the_function(
    guarded: Guarded, client: Callable[..., Any], user: Callable[..., Credentials], account: str
) -> None:
    """An integration's `arn:aws:iam::*:user/*`: whoever signed the request must be allowed to invoke the function, not API Gateway."""
    keys = user(arn(guarded, account, "$default/GET/pets/*"))
    api, own = guarded.api, {"CredentialsArn": "arn:aws:iam::*:user/*"}
    for integration in api.get_integrations(ApiId=guarded.api_id)["Items"]:
        api.update_integration(ApiId=guarded.api_id, IntegrationId=integration["IntegrationId"], **own)
    assert signed(url_of(guarded, "/pets/7"), keys).status_code == 500
    policy = may("lambda:InvokeFunction")
    client("iam").put_user_policy(UserName="user1", PolicyName="invokes", PolicyDocument=policy)
    assert signed(url_of(guarded, "/pets/7"), keys).status_code == 200


def test_who_may_not(guarded: Guarded, user: Callable[..., Credentials], account: str) -> None:
    """Nobody, a user without a policy, a wrong secret, another service's signature, a body that was changed, another account's root."""
    url, keys = url_of(guarded, "/pets/7"), user()
    wrong = Credentials(keys.access_key, "wrong")
    may = user(arn(guarded, account, "*"))
    request = AWSRequest("POST", url, data=b"{}")
    SigV4Auth(may, "execute-api", "us-east-1").add_auth(request)
    changed = httpx.post(url, headers=dict(request.headers.items()), content=b"[]", trust_env=False)
    for response in (
        httpx.get(url, trust_env=False),
        httpx.get(url, headers={"authorization": "Bearer x"}, trust_env=False),
        httpx.get(url, headers={"authorization": "AWS4-HMAC-SHA256 nonsense"}, trust_env=False),
        signed(url, keys),
        signed(url, wrong),
        signed(url, may, service="lambda"),
        changed,
        signed(url, Credentials("111122223333", "any")),
        signed(url, Credentials("ASIAGONE", "any")),
    ):
        assert (response.status_code, response.text) == (403, FORBIDDEN)
    assert signed(url, may).status_code == 200


def test_other_actions_are_not_enough(guarded: Guarded, user: Callable[..., Credentials], account: str) -> None:
    keys = user(arn(guarded, account, "*"), action="execute-api:ManageConnections")
    assert signed(url_of(guarded, "/pets/7"), keys).status_code == 403


def test_a_path_as_it_was_sent(guarded: Guarded, user: Callable[..., Credentials], account: str) -> None:
    keys = user(arn(guarded, account, "$default/GET/pets/a%20b"))
    response = signed(url_of(guarded, "/pets/a%20b"), keys)
    assert response.status_code == 200
    assert response.json()["pathParameters"] == {"id": "a b"}


def test_a_signature_in_the_query_string(guarded: Guarded, user: Callable[..., Credentials], account: str) -> None:
    request = AWSRequest("GET", url_of(guarded, "/pets/7?a=b"))
    SigV4QueryAuth(user(arn(guarded, account, "*")), "execute-api", "us-east-1", expires=60).add_auth(request)
    assert httpx.get(str(request.url), trust_env=False).status_code == 200
    denied = httpx.get(str(request.url).replace("a=b", "a=c"), trust_env=False)
    assert (denied.status_code, denied.text) == (403, FORBIDDEN)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_fuzzed_signatures_never_reach_the_function(guarded: Guarded, data: st.DataObject) -> None:
    """Never a 500, never an invocation."""
    text = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60)
    scope = st.builds(
        lambda key, rest: f"Credential={key}/{rest}",
        text,
        text | st.just("20260101/us-east-1/execute-api/aws4_request"),
    )
    parts = st.lists(scope | text | st.builds("SignedHeaders={}".format, text) | st.builds("Signature={}".format, text))
    header = text | st.builds(lambda found: ("AWS4-HMAC-SHA256 " + ", ".join(found)).strip(), parts)
    query = st.dictionaries(
        st.sampled_from(
            ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Signature", "X-Amz-SignedHeaders"]
        ),
        text | st.just("AWS4-HMAC-SHA256"),
    )
    headers = data.draw(
        st.dictionaries(st.sampled_from(["authorization", "x-amz-date", "x-amz-security-token"]), header)
    )
    response = httpx.get(url_of(guarded, "/pets/7"), headers=headers, params=data.draw(query), trust_env=False)
    assert (response.status_code, response.text) == (403, FORBIDDEN)
