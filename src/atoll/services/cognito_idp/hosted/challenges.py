"""POST /challenge: what a sign-in asks for after the password: codes, which factor, a new password, setting up an authenticator.

The pages drive the same flow as InitiateAuth; its Session travels in a hidden field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from atoll.kernel.context import Principal
from atoll.kernel.errors import ServiceError
from atoll.kernel.http import HttpResponse
from atoll.services.cognito_idp.hosted import fields
from atoll.services.cognito_idp.hosted.authorization import Authorization
from atoll.services.cognito_idp.hosted.authorize import signed_in
from atoll.services.cognito_idp.hosted.forgot import UNEQUAL
from atoll.services.cognito_idp.hosted.pages import page, qr_code
from atoll.services.cognito_idp.hosted.visit import Visit
from atoll.services.cognito_idp.signin import flow
from atoll.services.cognito_idp.signin.flow import Asked, Signed

_CODES = {"SMS_MFA": "SMS_MFA_CODE", "EMAIL_OTP": "EMAIL_OTP_CODE", "SOFTWARE_TOKEN_MFA": "SOFTWARE_TOKEN_MFA_CODE"}
"""What a code's answer is called, by challenge."""
_FACTORS = {
    "SMS_MFA": "Text message", "EMAIL_OTP": "Email message", "SOFTWARE_TOKEN_MFA": "Authenticator app",
}  # fmt: skip
_SHOWN = ("CODE_DELIVERY_DESTINATION", "MFAS_CAN_CHOOSE", "MFAS_CAN_SETUP", "requiredAttributes")
_UNKNOWN = "This sign-in asks for something that the hosted pages cannot show"
"""On AWS too: custom challenges are for applications that sign in by the API."""


async def show(
    visit: Visit, asked: Authorization, step: Asked, username: str, error: str = "", wrong: str = ""
) -> HttpResponse:
    """The page for what the sign-in asks for next."""
    texts = _texts(step)
    if texts is None:
        return page(visit, "message", status=400, heading="Sign in", error=f"{_UNKNOWN}: {step.challenge}.")
    heading, lead, button = texts
    session, secret = step.session, ""
    if step.challenge == "MFA_SETUP":
        session, secret = await _authenticator_secret(visit, session)
    return page(
        visit, "challenge", returns_to=asked.redirect_uri, challenge=step.challenge, session=session, username=username,
        secret=secret, qr=qr_code(_enrolment(visit, username, secret)) if secret else "", heading=heading, lead=lead,
        button=button, error=error, choices=_choices(step), attributes=_missing(visit, step),
        password_hint=fields.password_hint(visit.pool), asks=_carried(step),
        wrong=wrong,
    )  # fmt: skip


async def submit(visit: Visit, asked: Authorization) -> HttpResponse:
    """Takes the answer; goes on to the next question, or back to the application."""
    form = visit.form
    challenge, session, username = form.get("challenge", ""), form.get("session", ""), form.get("username", "")
    again = Asked(challenge, session, _shown_before(form))
    if challenge == "NEW_PASSWORD_REQUIRED" and form.get("password") != form.get("confirmPassword"):
        return await show(visit, asked, again, username, UNEQUAL, "confirmPassword")
    try:
        step = await _answered(visit, asked, challenge, session)
    except ServiceError as error:
        missing = [one.name for one in _missing(visit, again)]
        return await show(visit, asked, again, username, error.message, fields.wrong(error, missing))
    if isinstance(step, Signed):
        return await signed_in(visit, asked, step.user)
    return await show(visit, asked, step, username)


async def _answered(visit: Visit, asked: Authorization, challenge: str, session: str) -> Asked | Signed:
    """The flow's next step. Raises its ServiceErrors."""
    form = visit.form
    answers: dict[str, str] = {}
    code = form.get("code", "").strip()
    if challenge in _CODES:
        answers[_CODES[challenge]] = code
    elif challenge == "SELECT_MFA_TYPE":
        answers["ANSWER"] = form.get("answer", "")
    elif challenge == "NEW_PASSWORD_REQUIRED":
        answers["NEW_PASSWORD"] = form.get("password", "")
        answers |= {f"userAttributes.{name}": value for name, value in fields.given(form).items()}
    elif challenge == "MFA_SETUP":
        verified = await _call(visit, "VerifySoftwareToken", {"Session": session, "UserCode": code})
        session = verified["Session"]
    return await flow.answer(visit.ctx, visit.pool, asked.client, challenge, session, answers, {}, hosted=True)


async def _authenticator_secret(visit: Visit, session: str) -> tuple[str, str]:
    """The next session and the seed for the authenticator: the one that the page showed already, where its code was wrong."""
    if shown := visit.form.get("secret"):
        return session, shown
    begun = await _call(visit, "AssociateSoftwareToken", {"Session": session})
    return begun["Session"], begun["SecretCode"]


async def _call(visit: Visit, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
    output: Mapping[str, Any] = await visit.ctx.call("cognito-idp", operation, request, principal=Principal.anonymous())
    return output


def _texts(step: Asked) -> tuple[str, str, str] | None:
    """Heading, first sentence and button."""
    challenge, sent_to = step.challenge, step.parameters.get("CODE_DELIVERY_DESTINATION", "")
    if challenge in ("SMS_MFA", "EMAIL_OTP"):
        return "Enter your code", f"We have sent a code to {sent_to or 'you'}.", "Sign in"
    if challenge == "SOFTWARE_TOKEN_MFA":
        return "Enter your code", "Open your authenticator app and enter the code that it shows.", "Sign in"
    if challenge == "SELECT_MFA_TYPE":
        return "Choose a second factor", "How do you want to confirm that it is you?", "Continue"
    if challenge == "NEW_PASSWORD_REQUIRED":
        return "Change your password", "You signed in with a password that somebody else chose.", "Change password"
    if challenge == "MFA_SETUP" and "SOFTWARE_TOKEN_MFA" in _listed(step, "MFAS_CAN_SETUP"):
        return "Set up an authenticator app", "Scan the code with the app, then enter what the app shows.", "Continue"
    return None


def _choices(step: Asked) -> dict[str, str]:
    return {name: _FACTORS.get(name, name) for name in _listed(step, "MFAS_CAN_CHOOSE")}


def _missing(visit: Visit, step: Asked) -> list[fields.Field]:
    names = [name.removeprefix("userAttributes.") for name in _listed(step, "requiredAttributes")]
    return fields.fields(names, visit.form)


def _listed(step: Asked, name: str) -> list[str]:
    """A challenge's parameter that is a list, as JSON text."""
    try:
        return msgspec.json.decode(step.parameters.get(name, "[]"), type=list[str])
    except msgspec.DecodeError:
        return []


def _carried(step: Asked) -> str:
    """What the page must know to be shown again when the answer was wrong: it holds no secret."""
    return msgspec.json.encode({name: step.parameters[name] for name in _SHOWN if name in step.parameters}).decode()


def _shown_before(form: Mapping[str, str]) -> dict[str, str]:
    try:
        return msgspec.json.decode(form.get("asks", "{}"), type=dict[str, str])
    except msgspec.DecodeError:
        return {}


def _enrolment(visit: Visit, username: str, secret: str) -> str:
    """What the QR code says. https://github.com/google/google-authenticator/wiki/Key-Uri-Format"""
    name = visit.pool.name
    return f"otpauth://totp/{quote(name)}:{quote(username)}?secret={secret}&issuer={quote(name)}"
