"""GET and POST /login: name and password. What else a user is asked for: `challenges.py`."""

from __future__ import annotations

from atoll.kernel.errors import ServiceError
from atoll.kernel.http import HttpResponse
from atoll.services.cognito_idp.errors import PasswordResetRequiredException, UserNotConfirmedException
from atoll.services.cognito_idp.hosted import challenges, forgot, sign_up
from atoll.services.cognito_idp.hosted.authorization import Authorization
from atoll.services.cognito_idp.hosted.authorize import signed_in
from atoll.services.cognito_idp.hosted.fields import username_label
from atoll.services.cognito_idp.hosted.pages import page
from atoll.services.cognito_idp.hosted.visit import Visit
from atoll.services.cognito_idp.signin import flow


async def show(visit: Visit, asked: Authorization, error: str = "", note: str = "") -> HttpResponse:
    """The page where people sign in."""
    return page(
        visit, "login", returns_to=asked.redirect_uri, client=asked.client, error=error, note=note,
        username=visit.form.get("username") or visit.query.get("login_hint", ""),
        username_label=username_label(visit.pool), may_sign_up=sign_up.may_sign_up(visit.pool),
    )  # fmt: skip


async def submit(visit: Visit, asked: Authorization) -> HttpResponse:
    """Checks the password; goes on to what else is asked for, or back to the application."""
    username, password = visit.form.get("username", ""), visit.form.get("password", "")
    if not username or not password:
        return await show(visit, asked, "Enter your name and your password.")
    parameters = {"USERNAME": username, "PASSWORD": password}
    try:
        step = await flow.begin(visit.ctx, visit.pool, asked.client, flow.HOSTED, parameters, {})
    except UserNotConfirmedException:
        return await sign_up.unconfirmed(visit, asked, username)
    except PasswordResetRequiredException:
        return await forgot.send(visit, asked)
    except ServiceError as error:
        return await show(visit, asked, error.message)
    if isinstance(step, flow.Signed):
        return await signed_in(visit, asked, step.user)
    return await challenges.show(visit, asked, step, username)
