"""App clients: their settings, secrets and checks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.aws.cognito_idp.conftest import WEB

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]


@pytest.fixture
def pool_id(pool: Callable[..., str]) -> str:
    return pool()


def shown(idp: Any, pool_id: str, client_id: str) -> dict[str, Any]:
    found: dict[str, Any] = idp.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)["UserPoolClient"]
    return found


def test_a_client_has_aws_defaults(idp: Any, pool_id: str) -> None:
    made = idp.create_user_pool_client(UserPoolId=pool_id, ClientName="app")["UserPoolClient"]
    assert shown(idp, pool_id, made["ClientId"]) == made
    assert re.fullmatch(r"[a-z0-9]{26}", made.pop("ClientId"))
    assert made.pop("CreationDate") == made.pop("LastModifiedDate")
    assert made == {
        "UserPoolId": pool_id,
        "ClientName": "app",
        "RefreshTokenValidity": 30,
        "TokenValidityUnits": {},
        "AllowedOAuthFlowsUserPoolClient": False,
        "EnableTokenRevocation": True,
        "EnablePropagateAdditionalUserContextData": False,
        "AuthSessionValidity": 3,
    }


def test_a_client_with_all_settings_shows_them(idp: Any, pool_id: str, app_client: Callable[..., str]) -> None:
    settings = {
        "ClientName": "all",
        "RefreshTokenValidity": 90,
        "AccessTokenValidity": 10,
        "IdTokenValidity": 10,
        "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "days"},
        "ReadAttributes": ["email", "name"],
        "WriteAttributes": ["name"],
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"],
        "SupportedIdentityProviders": ["COGNITO"],
        "CallbackURLs": ["https://app.example.com/in", "http://localhost:3000", "myapp://in", "http://127.0.0.1/"],
        "LogoutURLs": ["https://app.example.com/out"],
        "DefaultRedirectURI": "https://app.example.com/in",
        "AllowedOAuthFlows": ["code", "implicit"],
        "AllowedOAuthScopes": ["openid", "email", "aws.cognito.signin.user.admin"],
        "AllowedOAuthFlowsUserPoolClient": True,
        "PreventUserExistenceErrors": "ENABLED",
        "EnableTokenRevocation": False,
        "AuthSessionValidity": 15,
        "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
    }
    found = shown(idp, pool_id, app_client(pool_id, **settings))
    assert settings.items() <= found.items()
    assert "ClientSecret" not in found


def test_an_update_replaces_settings_and_keeps_the_secret(
    idp: Any, pool_id: str, app_client: Callable[..., str]
) -> None:
    client_id = app_client(
        pool_id,
        GenerateSecret=True,
        AccessTokenValidity=2,
        ExplicitAuthFlows=["ADMIN_NO_SRP_AUTH"],
        ReadAttributes=["email"],
    )
    secret = shown(idp, pool_id, client_id)["ClientSecret"]
    changed = idp.update_user_pool_client(UserPoolId=pool_id, ClientId=client_id, AuthSessionValidity=5)
    found = shown(idp, pool_id, client_id)
    assert found == changed["UserPoolClient"]
    assert (found["ClientName"], found["ClientSecret"], found["AuthSessionValidity"]) == ("app", secret, 5)
    assert not {"AccessTokenValidity", "ExplicitAuthFlows", "ReadAttributes"} & found.keys()
    assert found["LastModifiedDate"] > found["CreationDate"]


@pytest.mark.parametrize(
    ("settings", "units"),
    [
        ({"AccessTokenValidity": 25}, {}),
        ({"AccessTokenValidity": 4}, {"AccessToken": "minutes"}),
        ({"AccessTokenValidity": 299}, {"AccessToken": "seconds"}),
        ({"IdTokenValidity": 2}, {"IdToken": "days"}),
        ({"RefreshTokenValidity": 3651}, {}),
        ({"RefreshTokenValidity": 59}, {"RefreshToken": "minutes"}),
        ({"RefreshTokenValidity": 36500}, {"RefreshToken": "days"}),
        ({"RefreshTokenValidity": 60, "AccessTokenValidity": 2}, {"RefreshToken": "minutes"}),
    ],
)
def test_token_validity_has_limits(
    idp: Any, pool_id: str, aws_error: Error, settings: dict[str, int], units: dict[str, str]
) -> None:
    refused = aws_error(
        lambda: idp.create_user_pool_client(UserPoolId=pool_id, ClientName="app", TokenValidityUnits=units, **settings)
    )
    assert refused == ("InvalidParameterException", "Invalid range for token validity.", 400)


def test_token_validity_at_its_limits_is_taken(pool_id: str, app_client: Callable[..., str]) -> None:
    least = {"AccessToken": "minutes", "IdToken": "seconds", "RefreshToken": "minutes"}
    assert app_client(
        pool_id, AccessTokenValidity=5, IdTokenValidity=300, RefreshTokenValidity=60, TokenValidityUnits=least
    )
    assert app_client(pool_id, AccessTokenValidity=24, IdTokenValidity=24, RefreshTokenValidity=3650)
    minutes = {"AccessToken": "days", "IdToken": "days", "RefreshToken": "minutes"}
    assert app_client(
        pool_id, AccessTokenValidity=1, IdTokenValidity=1, RefreshTokenValidity=36500, TokenValidityUnits=minutes
    )


def test_token_validity_cannot_exceed_the_refresh_tokens(
    idp: Any, pool_id: str, app_client: Callable[..., str]
) -> None:
    client_id = app_client(pool_id, RefreshTokenValidity=2, TokenValidityUnits={"RefreshToken": "hours"})
    assert shown(idp, pool_id, client_id)["RefreshTokenValidity"] == 2


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        (
            {"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]},
            "InvalidParameterException",
            "REFRESH_TOKEN_AUTH should always be allowed.",
        ),
        (
            {"AllowedOAuthFlowsUserPoolClient": True},
            "InvalidOAuthFlowException",
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.",
        ),
        (
            {"AllowedOAuthFlows": ["client_credentials"]},
            "InvalidOAuthFlowException",
            "client_credentials flow can not be selected if client does not have a client secret.",
        ),
        (
            {"AllowedOAuthFlows": ["client_credentials", "code"], "GenerateSecret": True},
            "InvalidOAuthFlowException",
            "client_credentials flow can not be selected along with code flow or implicit flow.",
        ),
        (
            {"AllowedOAuthScopes": ["openid", "Cognito"]},
            "ScopeDoesNotExistException",
            "Invalid scope requested: Cognito",
        ),
        (
            {"CallbackURLs": ["http://localhost.com/"]},
            "InvalidParameterException",
            "http://localhost.com/ cannot use the HTTP protocol.",
        ),
        (
            {"WriteAttributes": ["custom:nothing"]},
            "InvalidParameterException",
            "Invalid write attributes specified while creating a client",
        ),
        (
            {"WriteAttributes": ["email_verified"]},
            "InvalidParameterException",
            "Invalid write attributes specified while creating a client",
        ),
        (
            {"ReadAttributes": ["custom:nothing"]},
            "InvalidParameterException",
            "Invalid read attributes specified while creating a client",
        ),
        (
            {"SupportedIdentityProviders": ["COGNITO", "Google"]},
            "InvalidParameterException",
            "The provider Google does not exist for User Pool {pool}.",
        ),
    ],
)
def test_settings_that_do_not_fit_together_are_refused_in_aws_words(
    idp: Any, pool_id: str, aws_error: Error, settings: dict[str, Any], code: str, message: str
) -> None:
    refused = aws_error(lambda: idp.create_user_pool_client(UserPoolId=pool_id, ClientName="app", **settings))
    assert refused == (code, message.format(pool=pool_id), 400)


@pytest.mark.parametrize(
    "settings",
    [
        {"ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]},
        {"ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"], "RefreshTokenRotation": {"Feature": "ENABLED"}},
        {"CallbackURLs": ["/relative"]},
        {"CallbackURLs": ["https://a.example.com/#x"]},
        {"CallbackURLs": ["http://[::1"]},
        {"LogoutURLs": ["http://example.com"]},
        {"CallbackURLs": ["https://a.example.com"], "DefaultRedirectURI": "https://b.example.com"},
        {"EnablePropagateAdditionalUserContextData": True},
    ],
)
def test_settings_that_cannot_be_are_refused(
    idp: Any, pool_id: str, aws_error: Error, settings: dict[str, Any]
) -> None:
    refused = aws_error(lambda: idp.create_user_pool_client(UserPoolId=pool_id, ClientName="app", **settings))
    assert refused[::2] == ("InvalidParameterException", 400)


def test_legacy_names_of_flows_are_kept(idp: Any, pool_id: str, app_client: Callable[..., str]) -> None:
    names = ["ADMIN_NO_SRP_AUTH", "USER_PASSWORD_AUTH"]
    assert shown(idp, pool_id, app_client(pool_id, ExplicitAuthFlows=names))["ExplicitAuthFlows"] == names


def test_required_attributes_must_be_writable(pool: Callable[..., str], idp: Any, aws_error: Error) -> None:
    pool_id = pool(Schema=[{"Name": "email", "AttributeDataType": "String", "Required": True, "Mutable": True}])
    refused = aws_error(
        lambda: idp.create_user_pool_client(UserPoolId=pool_id, ClientName="app", WriteAttributes=["name"])
    )
    assert refused[1] == "Invalid write attributes specified while creating a client"
    client_id = idp.create_user_pool_client(UserPoolId=pool_id, ClientName="app")["UserPoolClient"]["ClientId"]
    refused = aws_error(
        lambda: idp.update_user_pool_client(UserPoolId=pool_id, ClientId=client_id, WriteAttributes=["name"])
    )
    assert refused[1] == "Invalid write attributes specified while updating a client"


def test_scopes_of_resource_servers_can_be_allowed(idp: Any, pool_id: str, app_client: Callable[..., str]) -> None:
    idp.create_resource_server(
        UserPoolId=pool_id,
        Identifier="https://api.example.com",
        Name="api",
        Scopes=[{"ScopeName": "read", "ScopeDescription": "reads"}],
    )
    scopes = ["https://api.example.com/read"]
    client_id = app_client(
        pool_id, GenerateSecret=True, AllowedOAuthFlows=["client_credentials"], AllowedOAuthScopes=scopes
    )
    assert shown(idp, pool_id, client_id)["AllowedOAuthScopes"] == scopes


def test_rotation_has_no_grace_unless_it_says_so(idp: Any, pool_id: str, app_client: Callable[..., str]) -> None:
    found = shown(idp, pool_id, app_client(pool_id, RefreshTokenRotation={"Feature": "ENABLED"}))
    assert found["RefreshTokenRotation"] == {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}


def test_a_clients_secret_is_replaced_by_a_second_one(
    idp: Any, pool_id: str, app_client: Callable[..., str], aws_error: Error
) -> None:
    client_id = app_client(pool_id, GenerateSecret=True)
    first = shown(idp, pool_id, client_id)["ClientSecret"]
    assert re.fullmatch(r"[a-z0-9]{52}", first)
    names = {"UserPoolId": pool_id, "ClientId": client_id}
    second = idp.add_user_pool_client_secret(**names)["ClientSecretDescriptor"]
    assert second["ClientSecretId"].startswith(f"{client_id}--")
    assert second["ClientSecretValue"] != first
    assert aws_error(lambda: idp.add_user_pool_client_secret(**names))[0] == "LimitExceededException"
    listed = idp.list_user_pool_client_secrets(**names)["ClientSecrets"]
    assert listed[1]["ClientSecretId"] == second["ClientSecretId"]
    assert all("ClientSecretValue" not in one for one in listed)
    idp.delete_user_pool_client_secret(**names, ClientSecretId=listed[0]["ClientSecretId"])
    assert shown(idp, pool_id, client_id)["ClientSecret"] == second["ClientSecretValue"]
    assert (
        aws_error(lambda: idp.delete_user_pool_client_secret(**names, ClientSecretId=second["ClientSecretId"]))[0]
        == "InvalidParameterException"
    )
    assert (
        aws_error(lambda: idp.delete_user_pool_client_secret(**names, ClientSecretId=f"{client_id}--1"))[0]
        == "ResourceNotFoundException"
    )


def test_a_given_secret_is_not_told_again(idp: Any, pool_id: str, app_client: Callable[..., str]) -> None:
    client_id = app_client(pool_id, ClientSecret="s" * 30)
    added = idp.add_user_pool_client_secret(UserPoolId=pool_id, ClientId=client_id, ClientSecret="t" * 30)
    assert added["ClientSecretDescriptor"].keys() == {"ClientSecretId", "ClientSecretCreateDate"}


def test_clients_are_listed_in_pages(idp: Any, pool_id: str, app_client: Callable[..., str]) -> None:
    made = {app_client(pool_id, ClientName=f"c{number}") for number in range(5)}
    pages = list(
        idp.get_paginator("list_user_pool_clients").paginate(UserPoolId=pool_id, PaginationConfig={"PageSize": 2})
    )
    assert [len(page["UserPoolClients"]) for page in pages] == [2, 2, 1]
    listed = [one for page in pages for one in page["UserPoolClients"]]
    assert {one["ClientId"] for one in listed} == made
    assert all(one.keys() == {"ClientId", "ClientName", "UserPoolId"} for one in listed)


def test_a_deleted_client_is_gone(idp: Any, pool_id: str, app_client: Callable[..., str], aws_error: Error) -> None:
    client_id = app_client(pool_id)
    idp.delete_user_pool_client(UserPoolId=pool_id, ClientId=client_id)
    gone = ("ResourceNotFoundException", f"User pool client {client_id} does not exist.", 400)
    assert aws_error(lambda: shown(idp, pool_id, client_id)) == gone
    assert aws_error(lambda: idp.update_user_pool_client(UserPoolId=pool_id, ClientId=client_id)) == gone
    assert aws_error(lambda: idp.delete_user_pool_client(UserPoolId=pool_id, ClientId=client_id)) == gone


def test_a_clients_secret_reaches_no_log_and_no_trace(
    idp: Any, pool_id: str, region: Any, app_client: Callable[..., str], aws_error: Error
) -> None:
    given = "Given0Client0Secret0Value"
    client_id = app_client(pool_id, ClientSecret=given + "one")
    names = {"UserPoolId": pool_id, "ClientId": client_id}
    answers = [
        idp.describe_user_pool_client(**names),
        idp.add_user_pool_client_secret(**names, ClientSecret=given + "two"),
        idp.list_user_pool_client_secrets(**names),
    ]
    refused = aws_error(lambda: idp.add_user_pool_client_secret(**names, ClientSecret=given + "!"))
    assert refused[::2] == ("InvalidParameterException", 400)
    assert given not in refused[1]
    for answer in answers:
        trace = WEB.get(f"{region.endpoint}/_atoll/trace/{answer['ResponseMetadata']['RequestId']}")
        assert trace.status_code == 200
        assert given not in trace.text
    assert given not in WEB.get(f"{region.endpoint}/_atoll/trace").text
    assert given not in region.log.read_text()
