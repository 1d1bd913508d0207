"""PreventUserExistenceErrors: what clients learn of users who are not there, or cannot be reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
Make = Callable[..., str]
UNKNOWN = ("UserNotFoundException", "Username/client id combination not found.", 400)


@pytest.fixture
def clients(idp: Any, pool: Make, app_client: Make, user: Make) -> tuple[str, str]:
    """A client that may know who exists, and one that may not; ada has no verified address, eve is disabled."""
    pool_id = pool(AutoVerifiedAttributes=["email"])
    user(pool_id, "ada", email="ada@example.com")
    user(pool_id, "eve", email="eve@example.com", email_verified="true")
    idp.admin_disable_user(UserPoolId=pool_id, Username="eve")
    return app_client(pool_id), app_client(pool_id, PreventUserExistenceErrors="ENABLED")


def test_legacy_clients_are_told(clients: tuple[str, str], anyone: Any, aws_error: Error) -> None:
    ask = {"ClientId": clients[0], "Username": "nobody"}
    assert aws_error(lambda: anyone.forgot_password(**ask)) == UNKNOWN
    assert aws_error(lambda: anyone.resend_confirmation_code(**ask)) == UNKNOWN
    assert aws_error(lambda: anyone.confirm_sign_up(**ask, ConfirmationCode="123456")) == UNKNOWN
    confirm = {**ask, "ConfirmationCode": "123456", "Password": "Correct-Horse-7"}
    assert aws_error(lambda: anyone.confirm_forgot_password(**confirm)) == UNKNOWN


@pytest.mark.parametrize("name", ["nobody", "ada", "eve"])
def test_forgot_password_seems_to_send_a_code(
    clients: tuple[str, str], anyone: Any, mail: Callable[..., Any], name: str
) -> None:
    """For who does not exist, has no verified address, or is disabled."""
    details = anyone.forgot_password(ClientId=clients[1], Username=name)["CodeDeliveryDetails"]
    assert (details["DeliveryMedium"], details["AttributeName"]) == ("EMAIL", "email")
    assert details["Destination"][1:6] == "***@" + details["Destination"][5]
    assert details["Destination"][6:] == "***"
    assert anyone.forgot_password(ClientId=clients[1], Username=name)["CodeDeliveryDetails"] == details
    assert mail() == []


def test_the_simulated_medium_follows_the_name(clients: tuple[str, str], anyone: Any) -> None:
    for name, destination in (("who@knows.example", "w***@k***"), ("+12065550123", "+*******0123")):
        details = anyone.forgot_password(ClientId=clients[1], Username=name)["CodeDeliveryDetails"]
        assert details["Destination"] == destination


@pytest.mark.parametrize("name", ["nobody", "eve"])
def test_other_operations_say_what_they_say_of_wrong_codes(
    clients: tuple[str, str], anyone: Any, aws_error: Error, name: str
) -> None:
    ask = {"ClientId": clients[1], "Username": name}
    assert anyone.resend_confirmation_code(**ask)["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"
    assert aws_error(lambda: anyone.confirm_sign_up(**ask, ConfirmationCode="123456")) == (
        "ExpiredCodeException", "Invalid code provided, please request a code again.", 400,
    )  # fmt: skip
    confirm = {**ask, "ConfirmationCode": "123456", "Password": "Correct-Horse-7"}
    assert aws_error(lambda: anyone.confirm_forgot_password(**confirm)) == (
        "CodeMismatchException", "Invalid verification code provided, please try again.", 400,
    )  # fmt: skip
