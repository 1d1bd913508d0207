"""Brute force is locked out as AWS does: by the region's clock, and across a kill."""

from __future__ import annotations

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
    advance(own, "899s")
    assert aws_error(lambda: sign_in(idp, app)) == LOCKED
    advance(own, "2s")
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
