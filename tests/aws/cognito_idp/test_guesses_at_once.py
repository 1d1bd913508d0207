"""Guesses that come all at once: no more of them are answered than if they came one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError
from tests.aws.cognito_idp.conftest import PASSWORD
from tests.aws.cognito_idp.tokens import FLOWS, Make, tokens

MANY = 16


def outcomes(call: Callable[[int], Any]) -> Counter[str]:
    """What each of MANY calls at once came to."""

    def one(number: int) -> str:
        try:
            call(number)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "done"

    with ThreadPoolExecutor(MANY) as pool:
        return Counter(pool.map(one, range(MANY)))


def test_the_previous_password(idp: Any, pool: Make, app_client: Make, user: Make, aws_error: Any) -> None:
    here = pool()
    user(here, "ada")
    access = tokens(idp, app_client(here, ExplicitAuthFlows=FLOWS))["AccessToken"]

    def guess(number: int) -> None:
        idp.change_password(
            AccessToken=access, PreviousPassword=f"Wrong-Horse-{number}", ProposedPassword="Another-1-x"
        )

    assert outcomes(guess) == {"NotAuthorizedException": 5, "LimitExceededException": MANY - 5}
    assert aws_error(
        lambda: idp.change_password(AccessToken=access, PreviousPassword=PASSWORD, ProposedPassword="Another-1-x")
    )[:2] == ("LimitExceededException", "Attempt limit exceeded, please try after some time.")


def test_a_refresh_token_that_is_rotated_gives_one_other(idp: Any, pool: Make, app_client: Make, user: Make) -> None:
    here = pool()
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}
    app = app_client(here, ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"], RefreshTokenRotation=rotation)
    user(here, "ada")
    token = tokens(idp, app)["RefreshToken"]
    found = outcomes(lambda _: idp.get_tokens_from_refresh_token(ClientId=app, RefreshToken=token))
    assert found == {"done": 1, "RefreshTokenReuseException": MANY - 1}


def test_the_code_for_a_forgotten_password(idp: Any, pool: Make, app_client: Make, user: Make) -> None:
    here = pool(AutoVerifiedAttributes=["email"])
    app = app_client(here)
    user(here, "ada", email="ada@example.com", email_verified="true")
    idp.forgot_password(ClientId=app, Username="ada")
    found = outcomes(
        lambda number: idp.confirm_forgot_password(
            ClientId=app, Username="ada", ConfirmationCode=f"x{number}", Password="Another-1-x"
        )
    )
    assert found == {"CodeMismatchException": 5, "LimitExceededException": MANY - 5}
