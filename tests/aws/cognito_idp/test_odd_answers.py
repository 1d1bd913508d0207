"""What a client or an owner of user pools can write where nobody does: an answer of AWS's, never a 500."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pyotp
import pytest
from tests.aws.cognito_idp.conftest import PASSWORD
from tests.aws.cognito_idp.hosted import OAUTH, authorize
from tests.aws.cognito_idp.test_sign_in_fuzz import STRANGE, call
from tests.aws.cognito_idp.tokens import FLOWS, Make, respond, sign_in, tokens


@pytest.fixture
def asked(idp: Any, pool: Make, app_client: Make, user: Make) -> tuple[str, str, str]:
    """A client, the session of a sign-in that waits for the code of an authenticator, and its seed."""
    here = pool()
    idp.set_user_pool_mfa_config(
        UserPoolId=here, MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration={"Enabled": True}
    )
    app = app_client(here, ExplicitAuthFlows=FLOWS)
    user(here, "ada")
    access = tokens(idp, app)["AccessToken"]
    seed = idp.associate_software_token(AccessToken=access)["SecretCode"]
    idp.verify_software_token(AccessToken=access, UserCode=pyotp.TOTP(seed).now())
    idp.set_user_mfa_preference(AccessToken=access, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True})
    return app, sign_in(idp, app)["Session"], seed


def test_a_code_of_any_text_is_a_wrong_code(region: Any, idp: Any, asked: tuple[str, str, str]) -> None:
    app, session, _ = asked
    for code in ("١٢٣٤٥٦", "１２３４５６", "é", "\x00", *(text for text in STRANGE if isinstance(text, str))):
        answer = call(
            region,
            "RespondToAuthChallenge",
            {
                "ClientId": app,
                "ChallengeName": "SOFTWARE_TOKEN_MFA",
                "Session": session,
                "ChallengeResponses": {"USERNAME": "ada", "SOFTWARE_TOKEN_MFA_CODE": code},
            },
        )
        assert answer.status_code == 400, (code, answer.text)


def test_authenticators_are_not_guessed_in_one_session(idp: Any, asked: tuple[str, str, str], aws_error: Any) -> None:
    """Nor does the right code help after ten wrong ones."""
    app, session, seed = asked
    for _ in range(10):
        aws_error(lambda: respond(idp, app, "SOFTWARE_TOKEN_MFA", session, SOFTWARE_TOKEN_MFA_CODE="wrong"))
    assert aws_error(
        lambda: respond(idp, app, "SOFTWARE_TOKEN_MFA", session, SOFTWARE_TOKEN_MFA_CODE=pyotp.TOTP(seed).now())
    ) == ("NotAuthorizedException", "Invalid session for the user, session can only be used once.", 400)


def test_addresses_that_no_header_can_say_are_quoted(pool: Make, app_client: Make, user: Make, visitor: Any) -> None:
    address = "http://localhost/ł/ü?x=é"
    here = pool()
    app = app_client(here, **{**OAUTH, "CallbackURLs": [address], "LogoutURLs": [address]})
    user(here, "ada")
    somebody = visitor(here)
    quoted = quote(address, safe=":/?=")
    refused = somebody.get("/oauth2/authorize", **authorize(app, redirect_uri=address, scope="none"))
    assert refused.headers["location"].startswith(f"{quoted}&error_description=invalid_scope")
    done = somebody.login(app, "ada", PASSWORD, redirect_uri=address)
    assert done.headers["location"].startswith(f"{quoted}&code=")
    assert somebody.get("/logout", client_id=app, logout_uri=address).headers["location"] == quoted
