"""/signup, /confirm, /resendcode and /confirmUser: new users, who are signed in once they have confirmed their sign-up."""

from __future__ import annotations

from atoll.kernel.errors import ServiceError
from atoll.kernel.http import HttpResponse
from atoll.services.cognito_idp.hosted import fields, sessions
from atoll.services.cognito_idp.hosted.authorization import Authorization
from atoll.services.cognito_idp.hosted.authorize import signed_in
from atoll.services.cognito_idp.hosted.operations import call, destination
from atoll.services.cognito_idp.hosted.pages import page
from atoll.services.cognito_idp.hosted.visit import Visit, redirect
from atoll.services.cognito_idp.store import Pool
from atoll.services.cognito_idp.users.find import find_by_name
from atoll.services.cognito_idp.users.usernames import named

CLOSED = "SignUp is not permitted for this user pool"
CONFIRMED = "Your registration has been confirmed!"


def may_sign_up(pool: Pool) -> bool:
    """Whether people may make users of the pool by themselves."""
    return not pool.settings.get("AdminCreateUserConfig", {}).get("AllowAdminCreateUserOnly")


async def show(visit: Visit, asked: Authorization, error: ServiceError | None = None) -> HttpResponse:
    """The page where people sign up."""
    if not may_sign_up(visit.pool):
        return page(visit, "message", status=400, heading="Sign up", error=CLOSED)
    attributes = fields.attributes(visit.pool, visit.form)
    return page(
        visit, "signup", returns_to=asked.redirect_uri, client=asked.client, error=error.message if error else "",
        username=visit.form.get("username", ""), username_label=fields.username_label(visit.pool, new=True),
        username_type=fields.username_type(visit.pool), attributes=attributes,
        password_hint=fields.password_hint(visit.pool),
        wrong=fields.wrong(error, [one.name for one in attributes]) if error else "",
    )  # fmt: skip


async def submit(visit: Visit, asked: Authorization) -> HttpResponse:
    """Makes the user; asks for the code that was sent, or goes on where a trigger confirmed the user."""
    username = visit.form.get("username", "")
    try:
        _, implied = named(visit.pool, username, "")  # the form does not ask again for an attribute that is the name
        given = implied | fields.given(visit.form)
        attributes = [{"Name": name, "Value": value} for name, value in given.items()]
        output = await call(
            visit, asked, "SignUp", username, Password=visit.form.get("password", ""), UserAttributes=attributes
        )
    except ServiceError as error:
        return await show(visit, asked, error)
    token = await sessions.begin(visit, output["UserSub"], "confirm")
    if output.get("UserConfirmed"):
        return await _confirmed(visit, asked, username, token)
    return ask_for_code(visit, asked, username, token, destination=destination(output))


async def unconfirmed(visit: Visit, asked: Authorization, username: str) -> HttpResponse:
    """Somebody has given the right password before confirming the sign-up: asks for the code."""
    ctx, pool = visit.ctx, visit.pool
    user = await ctx.store.read(lambda tx: find_by_name(tx, ctx, pool, username))
    token = await sessions.begin(visit, user.sub, "confirm") if user else ""
    return ask_for_code(visit, asked, username, token)


def ask_for_code(
    visit: Visit,
    asked: Authorization,
    username: str,
    token: str,
    *,
    destination: str = "",
    error: str = "",
    note: str = "",
) -> HttpResponse:
    """The page that asks for the code. Its `token` says that the browser is the one that gave the password."""
    return page(
        visit, "confirm", returns_to=asked.redirect_uri, username=username, token=token, destination=destination,
        username_label=fields.username_label(visit.pool), error=error, note=note,
    )  # fmt: skip


async def show_confirm(visit: Visit, asked: Authorization) -> HttpResponse:
    """The page that asks for the code, for whoever comes back to it later."""
    return ask_for_code(visit, asked, visit.query.get("username", ""), "")


async def confirm(visit: Visit, asked: Authorization) -> HttpResponse:
    """Checks the code."""
    username, token = visit.form.get("username", ""), visit.form.get("token", "")
    try:
        await call(visit, asked, "ConfirmSignUp", username, ConfirmationCode=visit.form.get("code", "").strip())
    except ServiceError as error:
        return ask_for_code(visit, asked, username, token, error=error.message)
    return await _confirmed(visit, asked, username, token)


async def resend(visit: Visit, asked: Authorization) -> HttpResponse:
    """Sends another code."""
    username, token = visit.form.get("username", ""), visit.form.get("token", "")
    try:
        output = await call(visit, asked, "ResendConfirmationCode", username)
    except ServiceError as error:
        return ask_for_code(visit, asked, username, token, error=error.message)
    return ask_for_code(visit, asked, username, token, destination=destination(output), note="A new code was sent.")


async def confirm_by_link(visit: Visit) -> HttpResponse:
    """GET /confirmUser: the link of a mail, in pools that send links."""
    query = visit.query
    client = await visit.client(query.get("client_id", ""))
    if client is None:
        return page(visit, "message", status=400, heading="Confirm your account", error="Client does not exist")
    asked = Authorization(client, "", "code", (), None, None, "")
    try:
        code = query.get("confirmation_code", "")
        await call(visit, asked, "ConfirmSignUp", query.get("user_name", ""), ConfirmationCode=code)
    except ServiceError as error:
        return page(visit, "message", status=400, heading="Confirm your account", error=error.message)
    return page(visit, "message", heading="Confirm your account", note=CONFIRMED)


async def _confirmed(visit: Visit, asked: Authorization, username: str, token: str) -> HttpResponse:
    """Signs the new user in, where the browser gave the password and no second factor is asked for."""
    user = await sessions.taken(visit, token, username)
    if user is None or user.status != "CONFIRMED" or user.mfa or visit.pool.mfa_configuration == "ON":
        return redirect(visit.link("/login", visit.query))
    return await signed_in(visit, asked, user)
