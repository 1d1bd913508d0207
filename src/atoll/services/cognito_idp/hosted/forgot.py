"""/forgotPassword and /confirmForgotPassword: a code, and a new password."""

from __future__ import annotations

from atoll.kernel.errors import ServiceError
from atoll.kernel.http import HttpResponse
from atoll.services.cognito_idp.hosted import fields
from atoll.services.cognito_idp.hosted.authorization import Authorization
from atoll.services.cognito_idp.hosted.operations import call, destination
from atoll.services.cognito_idp.hosted.pages import page
from atoll.services.cognito_idp.hosted.visit import Visit, redirect

UNEQUAL = "The passwords are not the same."


async def show(visit: Visit, asked: Authorization, error: str = "") -> HttpResponse:
    """The page that asks who forgot the password."""
    return page(
        visit, "forgot_password", returns_to=asked.redirect_uri, error=error, username=visit.form.get("username", ""),
        username_label=fields.username_label(visit.pool),
    )  # fmt: skip


async def send(visit: Visit, asked: Authorization) -> HttpResponse:
    """Sends a code, and asks for it. What is said of users that are not there is ForgotPassword's to decide."""
    username = visit.form.get("username", "")
    try:
        output = await call(visit, asked, "ForgotPassword", username)
    except ServiceError as error:
        return await show(visit, asked, error.message)
    return ask_for_code(visit, asked, username, destination=destination(output))


def ask_for_code(
    visit: Visit, asked: Authorization, username: str, *, destination: str = "", error: str = "", wrong: str = ""
) -> HttpResponse:
    """The page that asks for the code and the new password."""
    return page(
        visit, "confirm_forgot_password", returns_to=asked.redirect_uri, username=username, destination=destination,
        error=error, username_label=fields.username_label(visit.pool), password_hint=fields.password_hint(visit.pool),
        wrong=wrong,
    )  # fmt: skip


async def show_confirm(visit: Visit, asked: Authorization) -> HttpResponse:
    """The page that asks for the code, for whoever comes back to it later."""
    return ask_for_code(visit, asked, visit.query.get("username", ""))


async def confirm(visit: Visit, asked: Authorization) -> HttpResponse:
    """Sets the new password; the user signs in with it."""
    form = visit.form
    username, password = form.get("username", ""), form.get("password", "")
    if password != form.get("confirmPassword", ""):
        return ask_for_code(visit, asked, username, error=UNEQUAL, wrong="confirmPassword")
    try:
        await call(
            visit, asked, "ConfirmForgotPassword", username,
            ConfirmationCode=form.get("code", "").strip(), Password=password,
        )  # fmt: skip
    except ServiceError as error:
        return ask_for_code(visit, asked, username, error=error.message, wrong=fields.wrong(error))
    return redirect(visit.link("/login", visit.query))
