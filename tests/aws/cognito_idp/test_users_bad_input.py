"""Bad input to the operations of users: a clear error each time, never a failure of the region's own; nothing is lost."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.aws.cognito_idp.conftest import PASSWORD, WEB, code_in, pairs

if TYPE_CHECKING:
    from tests.conftest import Region

Make = Callable[..., str]
OPERATIONS = {
    "SignUp": ("Username", "Password", "SecretHash", "UserAttributes", "ValidationData", "ClientMetadata"),
    "ConfirmSignUp": ("Username", "ConfirmationCode", "ForceAliasCreation", "ClientMetadata", "SecretHash"),
    "ResendConfirmationCode": ("Username", "ClientMetadata", "SecretHash"),
    "ForgotPassword": ("Username", "ClientMetadata", "SecretHash"),
    "ConfirmForgotPassword": ("Username", "ConfirmationCode", "Password", "ClientMetadata"),
    "GetUser": ("AccessToken",),
    "ChangePassword": ("AccessToken", "PreviousPassword", "ProposedPassword"),
    "UpdateUserAttributes": ("AccessToken", "UserAttributes"),
    "VerifyUserAttribute": ("AccessToken", "AttributeName", "Code"),
    "DeleteUser": ("AccessToken",),
}
TEXTS = ["", " ", "ada", "a" * 129, "a" * 100_000, "ada\u0000", "\ud800", "é̀‮", "' OR 1=1 --", "../..", "{{7*7}}", "123456",
         "١٢٣٤٥٦", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "ada@example.com", "+1", "🙂" * 64]  # fmt: skip
ODD = [None, True, 7, -1e308, [], {}, [[]], [{}], [{"Name": "email"}], [{"Value": "x"}], [{"Name": 1, "Value": 2}], {"a": None},
       {"a": {"b": []}}, [{"Name": "email", "Value": "\u0000"}], [{"Name": "custom:\ud800", "Value": "x"}]]  # fmt: skip


def ask(region: Region, operation: str, body: dict[str, Any]) -> httpx.Response:
    headers = {
        "x-amz-target": f"AWSCognitoIdentityProviderService.{operation}",
        "content-type": "application/x-amz-json-1.1",
    }
    return WEB.post(region.endpoint, headers=headers, content=json.dumps(body))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_odd_members_are_refused_clearly(region: Region, pool: Make, app_client: Make, operation: str) -> None:
    client_id = app_client(pool(AliasAttributes=["email"], AutoVerifiedAttributes=["email"]))
    draw = random.Random(operation)
    for _ in range(60):
        body: dict[str, Any] = {name: draw.choice(TEXTS + ODD) for name in OPERATIONS[operation] if draw.random() < 0.9}
        if "AccessToken" not in OPERATIONS[operation]:
            body["ClientId"] = client_id if draw.random() < 0.9 else draw.choice(TEXTS + ODD)
        answer = ask(region, operation, body)
        assert answer.status_code in (200, 400, 413), (body, answer.text)
        if answer.status_code != 200:
            assert answer.json()["__type"], body


def test_two_at_once_make_one_user(region: Region, idp: Any, pool: Make, app_client: Make) -> None:
    pool_id = pool()
    body = {"ClientId": app_client(pool_id), "Username": "ada", "Password": PASSWORD}
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: ask(region, "SignUp", body), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    assert len(idp.list_users(UserPoolId=pool_id)["Users"]) == 1


def test_many_guesses_at_once_are_limited(
    region: Region, pool: Make, app_client: Make, anyone: Any, mail: Callable[..., Any]
) -> None:
    client_id = app_client(pool(AutoVerifiedAttributes=["email"]))
    anyone.sign_up(ClientId=client_id, Username="ada", Password=PASSWORD, UserAttributes=pairs(email="ada@example.com"))
    right = code_in(mail()[0])
    wrong = [f"{number:06d}" for number in range(21) if f"{number:06d}" != right][:20]
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(
                lambda code: ask(
                    region, "ConfirmSignUp", {"ClientId": client_id, "Username": "ada", "ConfirmationCode": code}
                ),
                wrong,
            )
        )
    kinds = [answer.json()["__type"].rpartition("#")[2] for answer in answers]
    assert kinds.count("CodeMismatchException") == 5
    assert kinds.count("LimitExceededException") == 15
