"""Codes: they expire by the region's clock, are taken once, and guesses and requests are limited."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.aws.cognito_idp.conftest import PASSWORD, WEB, advance, code_in, pairs

if TYPE_CHECKING:
    from tests.conftest import Region

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
Make = Callable[..., str]
Mail = Callable[..., list[dict[str, Any]]]
MISMATCH = ("CodeMismatchException", "Invalid verification code provided, please try again.", 400)
EXPIRED = ("ExpiredCodeException", "Invalid code provided, please request a code again.", 400)
LIMIT = ("LimitExceededException", "Attempt limit exceeded, please try after some time.", 400)
NEW = "Another-Horse-8"


@pytest.fixture
def region(own: Region) -> Region:
    """A region whose clock may move."""
    return own


@pytest.fixture
def signed_up(pool: Make, app_client: Make, anyone: Any) -> str:
    """The id of the client by which ada has signed up."""
    client_id = app_client(pool(AutoVerifiedAttributes=["email"]))
    given = pairs(email="ada@example.com")
    anyone.sign_up(ClientId=client_id, Username="ada", Password=PASSWORD, UserAttributes=given)
    return client_id


@pytest.fixture
def forgetful(pool: Make, app_client: Make, user: Make) -> str:
    """The id of a client of ada's, whose e-mail address is verified."""
    pool_id = pool(AutoVerifiedAttributes=["email"])
    user(pool_id, "ada", email="ada@example.com", email_verified="true")
    return app_client(pool_id)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_six_digits(signed_up: str, mail: Mail) -> None:
    assert code_in(mail("ada@example.com")[0]).isdecimal()


def test_a_sign_up_code_counts_for_a_day(
    region: Region, signed_up: str, anyone: Any, mail: Mail, aws_error: Error
) -> None:
    code = code_in(mail()[0])
    advance(region, "24h")
    confirm = {"ClientId": signed_up, "Username": "ada"}
    assert aws_error(lambda: anyone.confirm_sign_up(**confirm, ConfirmationCode=code)) == EXPIRED
    anyone.resend_confirmation_code(**confirm)
    advance(region, "23h")
    anyone.confirm_sign_up(**confirm, ConfirmationCode=code_in(mail()[0]))


def test_a_code_is_replaced_by_the_next(signed_up: str, anyone: Any, mail: Mail, aws_error: Error) -> None:
    first = code_in(mail()[0])
    sent = anyone.resend_confirmation_code(ClientId=signed_up, Username="ada")["CodeDeliveryDetails"]
    assert sent == {"Destination": "a***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}
    second = code_in(mail()[0])
    if first != second:
        confirm = {"ClientId": signed_up, "Username": "ada", "ConfirmationCode": first}
        assert aws_error(lambda: anyone.confirm_sign_up(**confirm)) == MISMATCH
    anyone.confirm_sign_up(ClientId=signed_up, Username="ada", ConfirmationCode=second)


def test_five_wrong_guesses_an_hour(region: Region, signed_up: str, anyone: Any, mail: Mail, aws_error: Error) -> None:
    code = code_in(mail()[0])
    confirm = {"ClientId": signed_up, "Username": "ada"}
    for _ in range(5):
        assert aws_error(lambda: anyone.confirm_sign_up(**confirm, ConfirmationCode=wrong(code))) == MISMATCH
    assert aws_error(lambda: anyone.confirm_sign_up(**confirm, ConfirmationCode=code)) == LIMIT
    anyone.resend_confirmation_code(**confirm)  # a new code does not give new guesses
    code = code_in(mail()[0])
    assert aws_error(lambda: anyone.confirm_sign_up(**confirm, ConfirmationCode=code)) == LIMIT
    advance(region, "61m")
    anyone.confirm_sign_up(**confirm, ConfirmationCode=code)


def test_twenty_requests_an_hour(region: Region, forgetful: str, anyone: Any, aws_error: Error) -> None:
    for _ in range(20):
        anyone.forgot_password(ClientId=forgetful, Username="ada")
    assert aws_error(lambda: anyone.forgot_password(ClientId=forgetful, Username="ada")) == LIMIT
    advance(region, "61m")
    anyone.forgot_password(ClientId=forgetful, Username="ada")


def test_a_code_for_a_new_password_counts_for_an_hour(
    region: Region, forgetful: str, anyone: Any, mail: Mail, aws_error: Error
) -> None:
    anyone.forgot_password(ClientId=forgetful, Username="ada")
    confirm = {"ClientId": forgetful, "Username": "ada", "Password": NEW}
    code = code_in(mail()[0])
    advance(region, "1h")
    assert aws_error(lambda: anyone.confirm_forgot_password(**confirm, ConfirmationCode=code)) == EXPIRED
    anyone.forgot_password(ClientId=forgetful, Username="ada")
    code = code_in(mail()[0])
    anyone.confirm_forgot_password(**confirm, ConfirmationCode=code)
    assert aws_error(lambda: anyone.confirm_forgot_password(**confirm, ConfirmationCode=code)) == EXPIRED


def test_a_temporary_password_expires(
    region: Region, idp: Any, pool: Make, app_client: Make, anyone: Any, aws_error: Error
) -> None:
    pool_id = pool(Policies={"PasswordPolicy": {"MinimumLength": 8, "TemporaryPasswordValidityDays": 3}})
    client_id = app_client(pool_id, ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
    idp.admin_create_user(UserPoolId=pool_id, Username="ada", TemporaryPassword=PASSWORD, MessageAction="SUPPRESS")
    sign_in = {"ClientId": client_id, "AuthFlow": "USER_PASSWORD_AUTH",
               "AuthParameters": {"USERNAME": "ada", "PASSWORD": PASSWORD}}  # fmt: skip
    assert anyone.initiate_auth(**sign_in)["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    advance(region, "3d")
    assert aws_error(lambda: anyone.initiate_auth(**sign_in)) == (
        "NotAuthorizedException",
        "Temporary password has expired and must be reset by an administrator.",
        400,
    )
    idp.admin_create_user(
        UserPoolId=pool_id, Username="ada", TemporaryPassword=PASSWORD, MessageAction="RESEND",
    )  # fmt: skip
    assert anyone.initiate_auth(**sign_in)["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


def test_no_code_or_password_reaches_log_or_trace(
    region: Region, signed_up: str, anyone: Any, mail: Mail, aws_error: Error
) -> None:
    code = code_in(mail()[0])
    aws_error(lambda: anyone.confirm_sign_up(ClientId=signed_up, Username="ada", ConfirmationCode=wrong(code)))
    aws_error(lambda: anyone.sign_up(ClientId=signed_up, Username="ada", Password=PASSWORD))
    anyone.confirm_sign_up(ClientId=signed_up, Username="ada", ConfirmationCode=code)
    kept = region.log.read_text()
    for trace in WEB.get(f"{region.endpoint}/_atoll/trace", params={"limit": "200"}).json()["traces"]:
        kept += WEB.get(f"{region.endpoint}/_atoll/trace/{trace['id']}").text
    for secret in (code, wrong(code), PASSWORD):
        assert f" {secret}" not in kept
        assert f'"{secret}"' not in kept
