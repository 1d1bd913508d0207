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


def _lock(failures: int) -> int:
    """The seconds that so many wrong passwords lock for."""
    return 0 if failures < 5 else min(2 ** (failures - 5), 900)


def _fail(own: Any, idp: Any, app: str, aws_error: Error, times: int) -> None:
    """So many wrong passwords in a row, each as soon as the lock of those before is over."""
    for before in range(times):
        advance(own, f"{_lock(before)}s")
        assert _wrong(idp, app, aws_error) == WRONG


# Region time goes on while requests are answered, and a busy machine takes seconds for one: whether a lock holds is asked of long ones.
# tests/unit/cognito_idp/test_lockout.py has the seconds of all.


def test_after_five_wrong_passwords_the_lock_begins_and_doubles(own: Any, idp: Any, app: str, aws_error: Error) -> None:
    _fail(own, idp, app, aws_error, 11)
    for seconds in (64, 128, 256):
        advance(own, f"{seconds - 50}s")
        assert _wrong(idp, app, aws_error) == LOCKED
        assert aws_error(lambda: sign_in(idp, app)) == LOCKED  # the right password as well
        advance(own, "50s")
        assert _wrong(idp, app, aws_error) == WRONG
    for _ in range(10):  # 512 s … 15 min at most
        advance(own, "15m")
        advance(own, "1s")
        assert sign_in(idp, app)["AuthenticationResult"]


def test_the_longest_lock_is_fifteen_minutes(own: Any, idp: Any, app: str, aws_error: Error) -> None:
    _fail(own, idp, app, aws_error, 17)
    advance(own, "850s")
    assert aws_error(lambda: sign_in(idp, app)) == LOCKED
    advance(own, "51s")
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

    def srp(password: str) -> Any:
        return AWSSRP("ada", password, here, app, client=idp).authenticate_user()

    for before in range(12):
        advance(own, f"{_lock(before)}s")
        way = admin if before % 2 else srp
        assert aws_error(lambda: way("Wrong-Horse-1")) == WRONG  # noqa: B023
    advance(own, "70s")  # of the 128 that twelve lock for; six do for 2
    assert aws_error(lambda: admin(PASSWORD)) == LOCKED
    assert aws_error(lambda: srp(PASSWORD)) == LOCKED


def test_the_lock_survives_a_kill(own: Any, idp: Any, app: str, aws_error: Error) -> None:
    _fail(own, idp, app, aws_error, 15)
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

    def alike() -> bool:
        times = [(took("ada"), took("nobody")) for _ in range(4)]
        known, unknown = (min(one) for one in zip(*times, strict=True))
        return 0.5 < unknown / known < 2

    assert any(alike() for _ in range(5))  # a busy machine may slow down either for a while
