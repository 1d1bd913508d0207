"""Brute force is locked out as AWS does: by the region's clock, and across a kill."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pycognito.aws_srp import AWSSRP
from tests.aws.cognito_idp.conftest import PASSWORD
from tests.aws.cognito_idp.tokens import FLOWS, Error, Make, advance, sign_in

WRONG = ("NotAuthorizedException", "Incorrect username or password.", 400)
LOCKED = ("NotAuthorizedException", "Password attempts exceeded", 400)


@pytest.fixture
def idp(own: Any, account: str) -> Any:
    return own.client("cognito-idp", key=account)


@pytest.fixture
def here(pool: Make, user: Make) -> str:
    made = pool()
    user(made, "ada")
    return made


@pytest.fixture
def app(here: str, app_client: Make) -> str:
    return app_client(here, ExplicitAuthFlows=[*FLOWS, "ALLOW_USER_SRP_AUTH"])


def _wrong(idp: Any, app: str, aws_error: Error) -> tuple[str, str, int]:
    return aws_error(lambda: sign_in(idp, app, password="Wrong-Horse-1"))


def test_after_five_wrong_passwords_the_lock_begins_and_doubles(own: Any, idp: Any, app: str, aws_error: Error) -> None:
    for _ in range(5):
        assert _wrong(idp, app, aws_error) == WRONG
    for seconds in (1, 2, 4, 8):
        assert _wrong(idp, app, aws_error) == LOCKED
        assert aws_error(lambda: sign_in(idp, app)) == LOCKED  # the right password as well
        advance(own, f"{seconds}s")
        assert _wrong(idp, app, aws_error) == WRONG
    for _ in range(10):  # 16 s … 15 min at most
        advance(own, "15m")
        advance(own, "1s")
        assert sign_in(idp, app)["AuthenticationResult"]


def test_the_longest_lock_is_fifteen_minutes(own: Any, idp: Any, app: str, aws_error: Error) -> None:
    for number in range(16):
        assert _wrong(idp, app, aws_error) == WRONG
        advance(own, f"{min(2 ** max(number - 4, 0), 900)}s")
    assert _wrong(idp, app, aws_error) == WRONG
    advance(own, "870s")  # region time goes on while requests are answered: a busy machine takes seconds for one
    assert aws_error(lambda: sign_in(idp, app)) == LOCKED
    advance(own, "31s")
    assert sign_in(idp, app)["AuthenticationResult"]


def test_the_right_password_after_the_lock_begins_anew(own: Any, idp: Any, app: str, aws_error: Error) -> None:
    for _ in range(5):
        _wrong(idp, app, aws_error)
    advance(own, "2s")
    assert sign_in(idp, app)["AuthenticationResult"]
    for _ in range(4):
        assert _wrong(idp, app, aws_error) == WRONG
    assert sign_in(idp, app)["AuthenticationResult"]


def test_srp_and_administrators_count_as_well(own: Any, idp: Any, here: str, app: str, aws_error: Error) -> None:
    def admin(password: str) -> Any:
        asked = {"USERNAME": "ada", "PASSWORD": password}
        return idp.admin_initiate_auth(
            UserPoolId=here, ClientId=app, AuthFlow="ADMIN_USER_PASSWORD_AUTH", AuthParameters=asked
        )

    for _ in range(3):
        srp = AWSSRP("ada", "Wrong-Horse-1", here, app, client=idp)
        assert aws_error(lambda srp=srp: srp.authenticate_user()) == WRONG  # type: ignore[misc]
    for _ in range(2):
        assert aws_error(lambda: admin("Wrong-Horse-1")) == WRONG
    assert aws_error(lambda: admin(PASSWORD)) == LOCKED
    srp = AWSSRP("ada", PASSWORD, here, app, client=idp)
    assert aws_error(lambda: srp.authenticate_user()) == LOCKED


def test_the_lock_survives_a_kill(own: Any, idp: Any, app: str, aws_error: Error) -> None:
    for number in range(12):
        assert _wrong(idp, app, aws_error) == WRONG
        if number < 11:
            advance(own, f"{2 ** max(number - 4, 0)}s")
    own.kill()
    own.start()
    assert aws_error(lambda: sign_in(idp, app)) == LOCKED


def test_many_guesses_at_once_come_to_no_more_than_one_after_the_other(
    own: Any, account: str, idp: Any, app: str, aws_error: Error
) -> None:
    clients = [own.client("cognito-idp", key=account) for _ in range(4)]

    def guess(number: int) -> tuple[str, str, int]:
        one = clients[number % 4]
        return aws_error(lambda: sign_in(one, app, password=f"Wrong-Horse-{number}"))

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(guess, range(16)))
    assert {answer[1] for answer in answers} == {WRONG[1], LOCKED[1]}
    assert answers.count(WRONG) <= 8  # five, and one for each second that has passed meanwhile


def test_an_unknown_user_takes_as_long_as_a_known_one(idp: Any, here: str, app_client: Make, aws_error: Error) -> None:
    """The fastest of a few tries each: both pay for a password's hash."""
    hiding = app_client(here, ExplicitAuthFlows=FLOWS, PreventUserExistenceErrors="ENABLED")

    def took(name: str) -> float:
        begun = time.monotonic()
        assert aws_error(lambda: sign_in(idp, hiding, name, "Wrong-Horse-1")) == WRONG
        return time.monotonic() - begun

    times = [(took("ada"), took("nobody")) for _ in range(4)]
    known, unknown = (min(one) for one in zip(*times, strict=True))
    assert 0.5 < unknown / known < 2
